import HTTPModel
import HTTPWire
import Testing

/// Lines are passed over in blocks once they are long, and eight bytes at a time before: what may not stand
/// in one is found wherever it stands.
@Suite("Long lines of a head")
struct LongLineTests {
  private static let length = 420

  private static func failure(_ head: [UInt8]) -> HTTPParseError? {
    var parser = HeadParser(.request)
    do throws(HTTPParseError) {
      _ = try parser.parse(head.span, limits: WireLimits())
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "A control character in a target is refused where it stands",
    arguments: [UInt8]([0x00, 0x01, 0x08, 0x0A, 0x1F, 0x7F]))
  func target(_ byte: UInt8) {
    let start = Array("GET /".utf8)
    for place in 0..<Self.length {
      var target = [UInt8](repeating: 0x61, count: Self.length)
      target[place] = byte
      let failure = Self.failure(start + target + Array(" HTTP/1.1\r\n\r\n".utf8))
      #expect(failure?.offset == start.count + place, "\(place)")
    }
  }

  @Test("A space ends a target, and what follows is no version", arguments: [UInt8]([0x20, 0x09]))
  func space(_ byte: UInt8) {
    let start = Array("GET /".utf8)
    for place in 0..<Self.length {
      var target = [UInt8](repeating: 0xFF, count: Self.length)
      target[place] = byte
      #expect(Self.failure(start + target + Array(" HTTP/1.1\r\n\r\n".utf8)) != nil, "\(place)")
    }
  }

  @Test("A byte that no name may have is found wherever it stands (RFC 9110 §5.6.2)")
  func name() {
    let start = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8)
    let others = Set("!#$%&'*+.^_`|~0123456789".utf8)
    for length in [1, 7, 8, 9, 17] {
      for place in 0..<length {
        for byte in UInt8(0x21)...0xFF where byte != 0x3A && byte != 0x7F {
          var name = Array("Content-LengthS-Z".utf8.prefix(length))
          name[place] = byte
          let isLetter = byte < 0x80 && (0x61...0x7A).contains(byte | 0x20)
          let isToken = isLetter || byte == 0x2D || others.contains(byte)
          let failure = Self.failure(start + name + Array(": b\r\n\r\n".utf8))
          #expect((failure == nil) == isToken, "\(byte) at \(place) of \(length)")
          if !isToken { #expect(failure?.offset == start.count + place) }
        }
      }
    }
  }

  @Test("Tabs may stand in a field's value, others may not")
  func value() {
    let start = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
    for place in 0..<Self.length {
      var value = [UInt8](repeating: 0x80, count: Self.length)
      value[place] = 0x09
      #expect(Self.failure(start + value + Array("\r\n\r\n".utf8)) == nil, "\(place)")
      value[place] = 0x07
      #expect(Self.failure(start + value + Array("\r\n\r\n".utf8))?.offset == start.count + place)
    }
  }

  @Test("A query begins at the first question mark, wherever it stands, however the head comes")
  func question() throws {
    for place in 0..<Self.length {
      var path = [UInt8](repeating: 0x61, count: Self.length)
      path[place] = 0x3F
      if place % 3 == 0 { path[Self.length - 1] = 0x3F }
      let head = Array("GET /".utf8) + path + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
      for cut in [0, 100, 5 + place, 6 + place, head.count - 1] {
        var machine = ConnectionMachine(.server, limits: WireLimits())
        var spares = HeadSpares()
        var position = 0
        _ = machine.next(head.span.extracting(0..<cut), &position, spares: &spares)
        guard case .request(let request) = machine.next(head.span, &position, spares: &spares)
        else {
          Issue.record("no request: \(place), \(cut)")
          continue
        }
        #expect(request.target.bytes == [0x2F] + path)
        #expect(request.target.pathRange == 0..<place + 1, "\(place), \(cut)")
        #expect(request.target.queryRange == place + 2..<Self.length + 1, "\(place), \(cut)")
      }
    }
  }
}
