import HTTPModel
import TestSupport
import Testing

@testable import HTTPWire

@Suite("Heads as they are written")
struct SerializerTests {
  private static let date = Array("Date: D\r\n".utf8)

  private static func machine(_ request: String) -> ConnectionMachine {
    var machine = ConnectionMachine(.server)
    var spares = HeadSpares()
    var position = 0
    let bytes = Array(request.utf8)
    _ = machine.next(bytes.span, &position, spares: &spares)
    return machine
  }

  private static func head(
    _ request: String, _ status: Status, _ fields: Fields = Fields(), length: UInt64?,
    closes: Bool = false
  ) -> (String, ResponsePlan) {
    var machine = machine(request)
    var out: [UInt8] = []
    let plan = machine.writeResponseHead(
      status, fields, contentLength: length, closes: closes, date: date, into: &out)
    return (String(decoding: out, as: UTF8.self), plan)
  }

  private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test("The responder's fields, then Date and framing; its own framing fields are left out")
  func fields() {
    let fields = Fields([
      "Content-Type": "text/plain", "Content-Length": "99", "transfer-encoding": "gzip", "X": "y",
    ])
    let (head, plan) = Self.head(Self.get, .ok, fields, length: 5)
    #expect(
      head
        == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: y\r\nDate: D\r\nContent-Length: 5\r\n\r\n"
    )
    #expect(plan == ResponsePlan(framing: .length(5), closes: false, sendsContent: true))
  }

  /// Fields that do not lie in their buffer as they go out, or do so in parts.
  private static let layouts: [(what: String, fields: Fields)] = {
    var cases: [(String, Fields)] = []
    let three: Fields = Fields(["A": "1", "B": "", "C": "3"])
    for name in ["A", "B", "C"] {
      var fields = three
      fields.remove(name)
      cases.append(("without \(name)", fields))
      fields.append(name, "new")
      cases.append(("\(name) anew", fields))
      fields.append(three, number: 17)
      cases.append(("and numbered", fields))
      var joined = Fields()
      joined.append(fields)
      joined.append(three, number: 8)
      cases.append(("joined", joined))
    }
    for line in ["X:y", "X: y", "X:\ty", "X:  y", "X: y ", "X:y\r\nZ: 1\t", "X: \r\nZ: "] {
      var machine = ConnectionMachine(.server)
      var (spares, position) = (HeadSpares(), 0)
      let head = Array("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n".utf8)
      if case .request(let request) = machine.next(head.span, &position, spares: &spares) {
        cases.append((line, request.fields))
      }
    }
    return cases
  }()

  @Test(
    "However fields lie in memory, each goes out as name, colon, space, value",
    arguments: layouts)
  func buffers(what: String, fields: Fields) {
    let lines = fields.pairs.map { "\($0.name): \($0.value)\r\n" }.joined()
    let (head, _) = Self.head(Self.get, .ok, fields, length: 0)
    #expect(head == "HTTP/1.1 200 OK\r\n\(lines)Date: D\r\nContent-Length: 0\r\n\r\n", "\(what)")
  }

  @Test("A Host is looked at anew where it is not the one before")
  func hosts() {
    var spares = HeadSpares()
    let hosts = ["a", "a", "a:80", "a/b", "a:80", "", "a:80:81", "a:80", "a:8 ", "a:8", "b:8"]
    let heard = hosts.map { host -> Bool in
      var machine = ConnectionMachine(.server)
      var position = 0
      let head = Array("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8)
      if case .request = machine.next(head.span, &position, spares: &spares) { return true }
      return false
    }
    #expect(heard == hosts.map { !["a/b", "a:80:81"].contains($0) })
  }

  @Test("A responder's own Date stands (its tenant's clock may be another)")
  func ownDate() {
    let (head, _) = Self.head(Self.get, .created, Fields(["date": "then"]), length: 0)
    #expect(head == "HTTP/1.1 201 Created\r\ndate: then\r\nContent-Length: 0\r\n\r\n")
  }

  @Test("A responder's Connection: close is taken as a wish")
  func ownClose() {
    let (head, plan) = Self.head(Self.get, .ok, Fields(["Connection": "close"]), length: 0)
    #expect(head == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    #expect(plan.closes)
  }

  @Test("Keep-Alive comes with the Connection that names it, and not with one that closes")
  func keepAlive() {
    let fields = Fields(["Keep-Alive": "timeout=5"])
    let start = "HTTP/1.1 200 OK\r\n"
    let rest = "Date: D\r\nContent-Length: 0\r\nConnection: "
    let (kept, _) = Self.head(Self.get, .ok, fields, length: 0)
    #expect(kept == start + "Keep-Alive: timeout=5\r\n" + rest + "keep-alive\r\n\r\n")
    let (closed, _) = Self.head(Self.get, .ok, fields, length: 0, closes: true)
    #expect(closed == start + rest + "close\r\n\r\n")
  }

  @Test("A reason phrase cannot end its line")
  func reasonPhrase() {
    let (head, _) = Self.head(
      Self.get, Status(299, "a\r\nX-Evil: 1"), length: 0)
    #expect(head.hasPrefix("HTTP/1.1 299 a  X-Evil: 1\r\n"))
  }

  @Test(
    "The chunk size is written in hexadecimal",
    arguments: [
      (1, "1"), (15, "f"), (16, "10"), (255, "ff"), (4096, "1000"), (1_048_576, "100000"),
    ])
  func chunkSize(_ count: Int, _ text: String) {
    var out: [UInt8] = []
    HeadSerializer.appendChunkSize(count, to: &out)
    #expect(String(decoding: out, as: UTF8.self) == text + "\r\n")
  }

  @Test("parse ∘ serialize is identity for request heads", arguments: 0..<50)
  func requestRoundTrip(_ seed: Int) {
    var noise = SeededNoise(UInt64(seed))
    var fields = Fields()
    fields.append("Host", "h")
    for index in 0..<Int.random(in: 0...30, using: &noise) {
      let value = String(
        (0..<Int.random(in: 0...40, using: &noise)).map { _ in
          Character(UnicodeScalar(UInt8.random(in: 0x21...0x7E, using: &noise)))
        })
      fields.append("X-\(index)", value)
    }
    var client = ConnectionMachine(.client)
    var out: [UInt8] = []
    client.writeRequestHead(.put, target: "/a?\(seed)", fields, framing: .length(3), into: &out)
    var server = ConnectionMachine(.server)
    var spares = HeadSpares()
    var position = 0
    guard case .request(let request) = server.next(out.span, &position, spares: &spares) else {
      Issue.record("not a request")
      return
    }
    #expect(request.method == .put && request.target.text == "/a?\(seed)")
    #expect(request.framing == .length(3))
    let expected = fields.pairs + [("Content-Length", "3")]
    #expect(request.fields.pairs.elementsEqual(expected) { $0 == $1 })
  }

  @Test("Spare memory never leaks one request into the next")
  func spares() {
    var spares = HeadSpares()
    var machine = ConnectionMachine(.server)
    var kept: [Request] = []
    for index in 0..<20 {
      let bytes = Array(
        "GET /\(String(repeating: "p", count: index)) HTTP/1.1\r\nHost: a\(index)\r\nX: \(index)\r\n\r\n"
          .utf8)
      var position = 0
      guard case .request(let request) = machine.next(bytes.span, &position, spares: &spares) else {
        Issue.record("not a request")
        return
      }
      if index % 3 == 0 { kept.append(request) }
      spares.reclaim(request)
      machine.finishExchange()
    }
    for (place, request) in kept.enumerated() {
      let index = place * 3
      #expect(request.target.text == "/" + String(repeating: "p", count: index))
      #expect(request.fields["host"] == "a\(index)" && request.fields["x"] == "\(index)")
    }
  }
}
