import HTTPModel
import PayloadCodecs
import Testing

@testable import Wavetank

@Suite("The name server of a network with nothing but an emulator (DESIGN §13)")
struct NameServerTests {
  private static func query(
    _ name: String, type: UInt8 = 1, flags: [UInt8] = [1, 0], number: [UInt8] = [0xAB, 0xCD]
  ) -> [UInt8] {
    let labels = name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    return number + flags + [0, 1, 0, 0, 0, 0, 0, 0] + labels + [0, 0, type, 0, 1]
  }

  private static func server(_ intercepted: String...) -> NameServer {
    var configuration = Configuration()
    for text in intercepted { _ = configuration.intercept(text) }
    return NameServer(
      configuration, hostName: "Ship",
      addresses: [[127, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]])
  }

  private static func answer(_ query: [UInt8], _ server: NameServer = server()) -> [UInt8]? {
    NameMessage(query)?.answered(by: server.answer)
  }

  @Test(
    "Vendors' names, those of --intercept and the machine's own are loopback, in any letter case",
    arguments: [
      "api.steamship.com", "API.Steamship.COM", "ada.steamship.run", "a.b.steamship.run",
      "api.scramjet.cloud", "api.app.shipyardapp.com", "localhost", "blue.tenant.localhost",
      "ship", "own.example", "deep.wild.example",
    ])
  func served(name: String) throws {
    let server = Self.server("own.example=steamship", "*.wild.example=shipyard")
    let query = Self.query(name)
    let answer = try #require(Self.answer(query, server))
    let expected: [UInt8] =
      [0xAB, 0xCD, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + query[12...]
      + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1]
    #expect(answer == expected, "RFC 1035 §4")
    #expect(server.unserved.isEmpty)
  }

  @Test("All other names are refused at once, and remembered once, in their order")
  func refused() throws {
    let server = Self.server("*.wild.example=shipyard")
    for name in ["bank.example", "steamship.com.evil.example", "bank.example", "wild.example"] {
      let answer = try #require(Self.answer(Self.query(name), server))
      #expect(answer[3] & 0x0F == 3 && answer[7] == 0, "NXDOMAIN for \(name)")
    }
    _ = Self.answer(Self.query("1.0.0.127.in-addr.arpa", type: 12), server)
    #expect(server.unserved == ["bank.example", "steamship.com.evil.example", "wild.example"])
    for number in 0..<1000 { _ = Self.answer(Self.query("n\(number).example"), server) }
    #expect(server.unserved.count == 100)
  }

  @Test("Each kind gets its own: A, AAAA, all, and nothing of a name that is there")
  func kinds() throws {
    for (type, count) in [(1, 1), (28, 1), (255, 2), (65, 0), (15, 0), (16, 0)] as [(UInt8, UInt8)]
    {
      let answer = try #require(Self.answer(Self.query("api.steamship.com", type: type)))
      #expect(answer[3] & 0x0F == 0 && answer[7] == count, "type \(type)")
    }
    let six = try #require(Self.answer(Self.query("localhost", type: 28)))
    #expect(Array(six.suffix(18)) == [0, 16] + Array(repeating: 0, count: 15) + [1])
  }

  @Test("What is no question gets none; a question that cannot be read is told so")
  func malformed() throws {
    let query = Self.query("api.steamship.com")
    for length in 0..<12 { #expect(NameMessage(Array(query[..<length])) == nil) }
    for length in 12..<query.count {
      let answer = try #require(Self.answer(Array(query[..<length])))
      #expect(answer.count == 12 && answer[3] & 0x0F == 1, "format error, cut at \(length)")
    }
    #expect(Self.answer(Self.query("a.example", flags: [0x81, 0x80])) == nil, "an answer")
    let status = try #require(Self.answer(Self.query("a.example", flags: [0x10, 0])))
    #expect(status[3] & 0x0F == 4, "another operation")
    // A reference to itself.
    let loop = Array(query[..<12]) + [0xC0, 12, 0, 1, 0, 1]
    #expect(try #require(Self.answer(loop))[3] & 0x0F == 1)
    let others = Array(query[..<12]) + [1, 0xFF, 0, 0, 1, 0, 1]
    #expect(try #require(Self.answer(others))[3] & 0x0F == 3, "bytes that are no text")
  }
}
