import EmulatorKernel
import HTTPModel
import HTTPTransport
import PayloadCodecs
import TLSLayer
import Testing

@testable import Wavetank

@Suite("Where calls to the outside may go")
struct OutboundTargetTests {
  static let ours: UInt16 = 7070

  static func refusal(_ url: String) -> OutboundRefusal? {
    let own = OwnPlaces()
    own.insert(ours)
    do {
      _ = try OutboundTarget(url, own: own)
      return nil
    } catch {
      return error
    }
  }

  /// Every spelling of this machine that somebody might try. Those that are neither a numeric address by
  /// POSIX `inet_pton` nor a name lead nowhere.
  static let ourselves = [
    "127.0.0.1", "localhost", "LOCALHOST", "blue.tenant.localhost", "Blue.LocalHost", "127.0.0.2",
    "127.255.255.254", "0.0.0.0", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]", "[::ffff:0.0.0.0]",
  ]
  static let nowhere = [
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "0", "00.0.0.0",
    "127.0.0.1.", "localhost.", "127.0.0.1%00", "[::1%25lo]", "[::1%lo]", "①②⑦.0.0.1",
    "127。0。0。1", "[::ffff:7f.1]",
    "ｌｏｃａｌｈｏｓｔ", "%6c%6f%63alhost", "127.0.0.1\\",
  ]

  @Test("We are never a target, however we are spelled", arguments: ourselves)
  func itself(_ host: String) {
    #expect(Self.refusal("http://\(host):7070/_wavetank/tenants") == .ourselves)
    #expect(Self.refusal("HTTP://\(host):7070/") == .ourselves)
    #expect(Self.refusal("http://\(host):07070/x") == .ourselves)
    #expect(Self.refusal("https://\(host):7070/") == .ourselves)
    #expect(Self.refusal("http://\(host):7071/") == nil, "a neighbour's port is a neighbour")
  }

  @Test("What is neither a numeric address nor a name leads nowhere", arguments: nowhere)
  func spelledOddly(_ host: String) {
    #expect(Self.refusal("http://\(host):7070/") != nil)
    #expect(Self.refusal("http://\(host):7071/") != nil)
  }

  @Test("Every address that this machine has is ours at our port")
  func interfaces() throws {
    let own = try #require(NumericAddress(host: "127.77.1.2"))
    #expect(own.isOfThisMachine)
    // TEST-NET-1: nobody's.
    #expect(try #require(NumericAddress(host: "192.0.2.1")).isOfThisMachine == false)
    #expect(try #require(NumericAddress(host: "2001:db8::1")).isOfThisMachine == false)
    #expect(Self.refusal("http://192.0.2.1:7070/") == nil)
  }

  @Test(
    "An address of many machines is told from one of one",
    arguments: [
      ("224.0.0.1", true), ("239.255.255.255", true), ("255.255.255.255", true),
      ("[ff02::1]", true), ("223.255.255.255", false), ("240.0.0.1", false), ("0.0.0.0", false),
      ("[fe80::1]", false), ("::", false),
    ])
  func many(_ host: String, _ isOfMany: Bool) throws {
    #expect(try #require(NumericAddress(host: host)).isOfMany == isOfMany)
  }

  static let never = [
    "169.254.169.254", "169.254.0.1", "[::ffff:169.254.169.254]", "[fe80::1]", "[febf::1]",
    "[fec0::1]", "100.100.100.200", "168.63.129.16", "192.0.0.192", "[fd00:ec2::254]",
    "[fd20:ce::254]", "[64:ff9b::169.254.169.254]", "[::169.254.169.254]", "[2002:a9fe:a9fe::1]",
    "[::ffff:0:169.254.169.254]", "224.0.0.1", "255.255.255.255", "[ff02::1]",
  ]

  @Test("Links, groups and clouds' metadata are never called", arguments: never)
  func forbidden(_ host: String) {
    for port in [80, 7070, 9999] {
      guard case .forbidden = Self.refusal("http://\(host):\(port)/latest/meta-data") else {
        Issue.record("\(host):\(port) is called")
        continue
      }
    }
  }

  static let malformed = [
    "ftp://127.0.0.1/", "//127.0.0.1/", "127.0.0.1:80", "http://",
    "http:///x",
    "http://user@127.0.0.1/", "http://user:word@192.0.2.1/", "http://192.0.2.1@127.0.0.1:7070/",
    "http://127.0.0.1:+7070/", "http://127.0.0.1:0/", "http://127.0.0.1:65536/",
    "http://127.0.0.1:-1/", "http://127.0.0.1: 7070/", "file:///etc/passwd", "gopher://127.0.0.1/",
  ]

  static let names: [(String, OutboundRefusal?)] = [
    ("127.0.0.1", .ourselves), ("0.0.0.0", .ourselves), ("::1", .ourselves),
    ("169.254.169.254", .forbidden("169.254.169.254", "an address of the link")),
    ("192.0.2.1", nil), ("2001:db8::1", nil),
  ]

  @Test("A name is judged by what it leads to, all of it", arguments: names)
  func lookedUp(_ address: String, _ expected: OutboundRefusal?) throws {
    let own = OwnPlaces()
    own.insert(Self.ours)
    for name in ["localtest.me", "127.0.0.1.nip.io", "metadata.google.internal", "a_b.example"] {
      var target = try OutboundTarget("https://\(name):7070/x", own: own)
      #expect(target.addresses.isEmpty && target.isSecure && target.host == name)
      let found = try ["192.0.2.9", address].map { try #require(NumericAddress(host: $0)) }
      var refusal: OutboundRefusal?
      do { try target.lead(to: found, own: own) } catch { refusal = error }
      #expect(refusal == expected)
      #expect(target.addresses == (expected == nil ? found : []))
    }
  }

  @Test("Those in whose place we answer are never called")
  func stoodFor() {
    let own = OwnPlaces()
    own.insert(hosts: ["api.vendor.example", "*.vendor.run"])
    for host in ["api.vendor.example", "API.Vendor.example", "ada.vendor.run"] {
      #expect(throws: OutboundRefusal.stoodFor(host)) {
        try OutboundTarget("https://\(host)/x", own: own)
      }
    }
    #expect(throws: Never.self) { try OutboundTarget("https://vendor.example/", own: own) }
  }

  @Test("https is at port 443 where none is said, http at 80")
  func ports() throws {
    let own = OwnPlaces()
    #expect(try OutboundTarget("https://192.0.2.1/", own: own).port == 443)
    #expect(try OutboundTarget("HTTP://192.0.2.1/", own: own).port == 80)
  }

  @Test("Only http URLs without a user are taken", arguments: malformed)
  func urls(_ url: String) { #expect(Self.refusal(url) != nil) }

  @Test("A URL cannot put anything into the request but its own target (RFC 9112 §3)")
  func injection() throws {
    let own = OwnPlaces()
    let url = "http://192.0.2.1/a b\r\nX-Evil: 1\u{0}?q=ä#part"
    let target = try OutboundTarget(url, own: own)
    #expect(target.target == "/a%20b%0D%0AX-Evil:%201%00?q=%C3%A4")
    #expect(target.authority == "192.0.2.1")
    #expect(try OutboundTarget("http://192.0.2.1?x=1", own: own).target == "/?x=1")
    #expect(try OutboundTarget("http://[::1]:99/%2e%2e/", own: own).authority == "[::1]:99")
  }
}

@Suite("Calls to the outside, over sockets")
struct OutboundCallsTests {
  /// Makes an instance that leads to `url` and calls it.
  private func invoke(_ sea: Sea, _ url: String, _ path: String = "scenario/rules") async throws
    -> Sea.Reply
  {
    _ = try await sea.post(
      "/api/v1/package/instance/create",
      [
        "packageHandle": "hello-world", "handle": "one", "localDevelopmentURL": .string(url),
      ])
    return try await sea.post("/apps/default/one/\(path)", ["name": "evil", "error": 500])
  }

  @Test("A forwarded call reaches no control API: not ours, and not a neighbour's (DESIGN §9)")
  func controlAPI() async throws {
    let (sea, neighbour) = (try await Sea(), try await Sea())
    for url in ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "x.localhost"] {
      let own = try await invoke(sea, "http://\(url):\(sea.emulator.port)/_wavetank")
      #expect(own.status == 502)
      #expect(own.text.contains("Wavetank itself"))
      _ = try await sea.post("/_wavetank/reset")
    }
    let other = try await invoke(sea, "http://127.0.0.1:\(neighbour.emulator.port)/_wavetank")
    #expect(other.status == 403)
    let rules = try await neighbour.send(.get, "/_wavetank/scenario/rules")
    #expect(rules.json["rules"] == [])
    await sea.stop()
    await neighbour.stop()
  }

  @Test(
    "Over https a place is reached whose certificate is trusted, and no other",
    .enabled(if: TLSLibrary.lack == nil))
  func secure() async throws {
    let near = try await Sea()
    let (friend, stranger) = (try await Sea(certificatesOf: near), try await Sea())
    // Both have a CA by then.
    for sea in [near, stranger] {
      _ = try? sea.secureStatus("/orgs")
    }
    let url = "https://localhost:\(near.emulator.port)"
    let good = try await invoke(friend, url, "orgs")
    #expect(good.status == 200 || good.status == 405 || good.status == 404, "\(good.text)")
    #expect(try await near.control(.get, "/journal").json["total"]?.intValue ?? 0 > 0)
    let bad = try await invoke(stranger, url, "orgs")
    #expect(bad.status == 502)
    #expect(
      bad.text.contains("its certificate is refused: unable to get local issuer"), "\(bad.text)")
    for sea in [near, friend, stranger] { await sea.stop() }
  }

  @Test("A URL is fetched from no Wavetank's control API, and a redirection is not followed")
  func fetching() async throws {
    let (sea, neighbour) = (try await Sea(), try await Sea())
    let file = try await sea.post("/api/v1/file/create", ["type": "none"])
    func fetch(_ url: String) async throws -> Sea.Reply {
      try await sea.post(
        "/api/v1/block/create",
        [
          "fileId": file.json["data"]?["file"]?["id"] ?? .null, "uploadType": "url",
          "url": .string(url),
        ])
    }
    let near = "http://127.0.0.1:\(neighbour.emulator.port)"
    #expect(
      try await fetch("http://127.0.0.1:\(sea.emulator.port)/_wavetank/tenants").status == 400)
    let refused = try await fetch("\(near)/_wavetank/tenants")
    #expect(refused.status == 400)
    #expect(refused.text.contains("403"))
    _ = try await neighbour.send(
      .post, "/_wavetank/scenario/rules",
      body: JSON.object([
        "name": "away",
        "respond": [
          "status": 302,
          "header": [
            "Location": .string("http://127.0.0.1:\(sea.emulator.port)/_wavetank/tenants")
          ],
        ],
      ]).serialized())
    let moved = try await fetch("\(near)/orgs")
    #expect(moved.status == 400)
    #expect(moved.text.contains("302"))
    await sea.stop()
    await neighbour.stop()
  }
}
