import HTTPModel
import HTTPTransport
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

  /// As TCP sends it first (RFC 9293 §3.1), without options.
  private static func packet(to address: [UInt8], port: UInt16, flags: UInt8 = 0x02) -> [UInt8] {
    let source = [UInt8](repeating: 1, count: address.count)
    let head: [UInt8] =
      address.count == 4
      ? [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0] : [0x60, 0, 0, 0, 0, 20, 6, 64]
    let segment: [UInt8] =
      [0x9C, 0x40, UInt8(port >> 8), UInt8(port & 0xFF)] + [0, 0, 0, 1, 0, 0, 0, 0]
      + [0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]
    return head + source + address + segment
  }

  private static let address6: [UInt8] =
    [0x20, 1, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [7]

  @Test("Addresses outside are noted once, with their ports, by the first segment (RFC 9293 §3.5)")
  func refusedAddresses() {
    let server = Self.server()
    for _ in 0..<2 {
      server.note(packet: Self.packet(to: [192, 0, 2, 1], port: 443))
      server.note(packet: Self.packet(to: Self.address6, port: 5432))
    }
    for flags in [0x12, 0x10, 0x04, 0x11] as [UInt8] {
      server.note(packet: Self.packet(to: [192, 0, 2, 9], port: 443, flags: flags))
    }
    server.note(packet: Self.packet(to: [127, 0, 0, 5], port: 443))
    server.note(packet: Self.packet(to: Array(repeating: 0, count: 15) + [1], port: 443))
    let whole = Self.packet(to: [192, 0, 2, 2], port: 80)
    for length in 0..<33 { server.note(packet: Array(whole[..<length])) }
    // Shorter than its head says, longer than any head is, and of no version.
    for first in [0x41, 0x4F, 0x15, 0xF5] as [UInt8] {
      server.note(packet: [first] + whole[1...])
    }
    #expect(server.unserved == ["192.0.2.1:443", "[2001:db8::7]:5432"])
  }

  @Test("An address is nobody's, unless it is loopback or let through")
  func places() throws {
    var configuration = Configuration()
    for text in ["10.1.2.3:5432", "*.db.example"] {
      let isTaken = configuration.passThrough(text)
      #expect(isTaken)
    }
    let server = NameServer(configuration, hostName: "ship", addresses: [[127, 0, 0, 1]])
    func place(_ host: String, _ port: UInt16) throws -> AdoptedPlace {
      server.place(at: try #require(NumericAddress(host: host)), port: port)
    }
    #expect(try place("127.0.0.1", 443) == .here)
    #expect(try place("::1", 443) == .here)
    #expect(try place("192.0.2.1", 443) == .nowhere)
    #expect(try place("10.1.2.3", 443) == .nowhere)
    #expect(try place("10.1.2.3", 5432) == .elsewhere(RelayTarget(host: "10.1.2.3", port: 5432)))
    server.note(packet: Self.packet(to: [10, 1, 2, 3], port: 5432))
    #expect(server.unserved.isEmpty)
    let answer = server.answer(NameQuestion(name: "a.db.example", type: 1))
    #expect(answer == .addresses([[127, 64, 0, 0]]))
    #expect(
      try place("127.64.0.0", 5432) == .elsewhere(RelayTarget(host: "a.db.example", port: 5432)))
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
