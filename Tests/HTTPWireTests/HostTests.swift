import HTTPModel
import Testing

@testable import HTTPWire

/// What is a host with or without a port, and what is none.
@Suite("Host and port")
struct HostTests {
  static let good = [
    "a", "a.", "a.b-c_d~e", "localhost:7070", "127.0.0.1:7070", "999.999.999.999", "1.2.3.4.5",
    "a:", "a:0", "a:80", "a:00080", "a:65535", "a:00000000000000000000000000065535",
    "blue.tenant.localhost:1", "x!$&'()*+;=", "%41", "a%c3%a4.b", "%25:80",
    "[::]", "[::1]", "[::1]:7070", "[::1]:", "[1::]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]",
    "[::2:3:4:5:6:7:8]", "[1:2::7:8]", "[fe80::ABCD]", "[::ffff:127.0.0.1]:80",
    "[1:2:3:4:5:6:255.255.255.255]", "[v1.a]", "[vF0.a:b!]:80", "[V1.~]",
  ]

  static let bad = [
    // Ports.
    ":", ":80", "a:b", "a:8o", "a:65536", "a:99999999999999999999", "a:-1", "a:+1", "a:0x50",
    "a:80:80", "a::80", "a:80:", "a: 80", "a:８0",
    // Brackets.
    "[", "]", "[]", "[]:80", "[::1", "::1]", "::1", "[::1]a", "[::1]:a", "[::1]:65536", "[::1]80",
    "a[::1]", "[a]", "a]", "a[", "[[::1]]", "[::1]]", "[::1][::1]", "[127.0.0.1]", "[::1]:80:80",
    // Addresses.
    "[:]", "[:::]", "[1:2]", "[1:]", "[:1]", "[1::2::3]", "[12345::]", "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7]", "[1:2:3:4::5:6:7:8]", "[::g]", "[::1.2.3]", "[::1.2.3.256]", "[::1.2.3.04]",
    "[::1.2.3.4:5]", "[::1.2.3.4.5]", "[fe80::1%25lo]", "[fe80::1%lo]", "[v.a]", "[v1]", "[v1.]",
    "[vg.a]", "[v1.[]", "[ ::1]",
    // Escapes.
    "%", "a%", "a%4", "a%4:80", "a%zz", "a%g1", "%%41", "a%4g",
    // Other characters.
    "a/b", "a?b", "a#b", "b@a", "a,b", "a b", "a\tb", "a\\b", "a\"b", "a<b", "a|b", "a^b", "ä",
  ]

  private static func parses(_ text: String) -> HostAndPort? {
    let bytes = Array(text.utf8)
    return HostAndPort(bytes.span, 0..<bytes.count)
  }

  @Test("A Host field of the grammar is taken (RFC 9110 §7.2)", arguments: good + [""])
  func goodField(_ host: String) {
    let trace = MachineTrace.of(Array("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8))
    #expect(trace.first == "request GET / http11", "\(trace)")
  }

  @Test("A Host field that names no host is 400, in HTTP/1.0 too (RFC 9112 §3.2)", arguments: bad)
  func badField(_ host: String) {
    for version in ["1.1", "1.0"] {
      let trace = MachineTrace.of(
        Array("GET / HTTP/\(version)\r\nHost: \(host)\r\n\r\nGET / HTTP/1.1\r\n".utf8))
      #expect(trace.count == 1 && trace[0].hasPrefix("failed invalidHost 400"), "\(trace)")
    }
  }

  @Test("An absolute form needs a host of the grammar (RFC 9112 §3.2.2)", arguments: bad + [""])
  func badAuthority(_ host: String) {
    for scheme in ["http", "HTTPS"] {
      for path in ["/x", ""] {
        let trace = MachineTrace.of(
          Array("GET \(scheme)://\(host)\(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        if trace.first?.hasPrefix("request") == true {
          // What ends an authority is none of it: the rest of "a/b" is a path.
          #expect(host.hasPrefix("a/") || host.hasPrefix("a?"), "\(trace)")
        } else {
          #expect(trace.count == 1 && trace[0].contains(" 400 at "), "\(trace)")
        }
      }
    }
  }

  @Test("An absolute form with a good host is taken", arguments: good)
  func goodAuthority(_ host: String) {
    let trace = MachineTrace.of(Array("GET http://\(host)/x HTTP/1.1\r\nHost: b\r\n\r\n".utf8))
    #expect(trace.first == "request GET http://\(host)/x http11", "\(trace)")
  }

  @Test("CONNECT to what is no host with a port is 400 (RFC 9110 §9.3.6)", arguments: bad + good)
  func connect(_ target: String) {
    let trace = MachineTrace.of(Array("CONNECT \(target) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
    let hasPort = Self.parses(target).map { $0.portNumber > 0 } ?? false
    #expect(
      trace.first?.hasPrefix(
        hasPort && Self.good.contains(target) ? "tunnel to " : "failed ")
        == true, "\(trace)")
    if !hasPort { #expect(trace.first?.contains(" 400 at ") == true, "\(trace)") }
  }

  @Test("Whatever the bytes, parts that are found lie in order within them")
  func anyBytes() {
    let alphabet = Array("a1:[]%.v:4f ,/".utf8)
    var state: UInt64 = 17
    for _ in 0..<20_000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int(state >> 60) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(alphabet[Int(state >> 33) % alphabet.count])
      }
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      guard let found = HostAndPort(bytes.span, 0..<bytes.count) else { continue }
      #expect(found.host.lowerBound == 0)
      #expect((found.port?.upperBound ?? found.host.upperBound) == bytes.count)
      #expect((0...65_535).contains(found.portNumber))
      if let port = found.port { #expect(port.lowerBound == found.host.upperBound + 1) }
    }
  }
}
