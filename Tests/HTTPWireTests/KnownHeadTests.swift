import HTTPModel
import TestSupport
import Testing

@testable import HTTPWire

/// A head that came before is not read again. What is told of it, and what follows it, is the same all the
/// same; and nothing but the very same bytes is taken for it.
@Suite("Heads that come again")
struct KnownHeadTests {
  private static let target = "/api/v1/" + String(repeating: "t", count: 40)
  private static let messages = [
    "GET \(target) HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
    "HEAD \(target) HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET \(target) HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET \(target)?q=1#f HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "POST \(target) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n",
    "GET /" + String(repeating: "%41", count: 5000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /" + String(repeating: "a", count: 200) + " HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  ].map { Array($0.utf8) }

  @Test("What is told of a message is the same each time it comes", arguments: messages)
  func again(_ message: [UInt8]) {
    let once = MachineTrace.of(message, endsInput: false)
    #expect(once.first?.hasPrefix("request") == true)
    let thrice = once + once + once
    #expect(MachineTrace.of(message + message + message, endsInput: false) == thrice)
    guard message.count < 300 else { return }
    for cut in 0...3 * message.count {
      #expect(
        MachineTrace.of(message + message + message, cutAt: [cut], endsInput: false) == thrice)
    }
  }

  @Test("Messages take turns, and each is told as it is")
  func turns() {
    let all = Self.messages.flatMap { $0 }
    let told = Self.messages.flatMap { MachineTrace.of($0, endsInput: false) }
    #expect(MachineTrace.of(all + all + all, endsInput: false) == told + told + told)
  }

  @Test("A head that differs in one byte is another, wherever that stands")
  func differing() {
    let message = Self.messages[0]
    let once = MachineTrace.of(message, endsInput: false)
    for place in message.indices {
      for byte in [UInt8]([0x00, 0x0A, 0x20, 0x3A, 0x62]) where message[place] != byte {
        var other = message
        other[place] = byte
        #expect(
          MachineTrace.of(message + other, endsInput: false)
            == once + MachineTrace.of(other, endsInput: false), "\(place) \(byte)")
      }
    }
    // One that goes on where the known one ends.
    let longer = Array(message.dropLast(2)) + Array("Z: z\r\n\r\n".utf8)
    #expect(
      MachineTrace.of(message + longer, endsInput: false)
        == once + MachineTrace.of(longer, endsInput: false))
  }

  private static func read(
    _ bytes: [UInt8], _ spares: inout HeadSpares, _ limits: WireLimits = WireLimits()
  ) -> Request? {
    var machine = ConnectionMachine(.server, limits: limits)
    var position = 0
    guard case .request(let request) = machine.next(bytes.span, &position, spares: &spares) else {
      return nil
    }
    return request
  }

  @Test("What one server allows, another refuses that has narrower limits")
  func limits() {
    var spares = HeadSpares()
    let message = Self.messages[0]
    var narrow = WireLimits()
    narrow.fieldLinesMax = 1
    for _ in 0..<3 {
      #expect(Self.read(message, &spares) != nil)
      #expect(Self.read(message, &spares, narrow) == nil)
    }
  }

  private final class Finding: Sendable {}

  @Test("What is noted of a head is noted of one way on which it comes, whatever came before")
  func arrivals() throws {
    // Two of each kind: connections make them anew, and what they say is the same.
    let ways = [0, 1].flatMap { _ in
      [
        nil, Arrival(isSecure: false, listener: "steamship"), Arrival(isSecure: true),
        Arrival(isSecure: false, listener: "scramjet"),
        Arrival(isSecure: true, tunnelHost: "a.example"),
        Arrival(isSecure: true, tunnelHost: "a.example", proxyUser: "tenant"),
      ]
    }
    var spares = HeadSpares()
    var findings: [Int: Finding] = [:]
    var random = SeededNoise(18)
    var (again, noted) = (0, 0)
    for turn in 0..<400 {
      // Each comes several times in a row, then others in any order.
      let way = turn < 40 ? turn / 4 % ways.count : Int.random(in: ways.indices, using: &random)
      let message = Self.messages[turn % 7 == 0 ? 8 : 0]
      var machine = ConnectionMachine(.server)
      var position = 0
      guard case .request(var request) = machine.next(message.span, &position, spares: &spares)
      else { throw TestFailure() }
      let hasCome = request.comesAgain
      spares.note(ways[way], of: &request)
      #expect(request.came(by: ways[way]))
      #expect(request.arrival?.listener == ways[way]?.listener)
      #expect(request.arrival?.proxyUser == ways[way]?.proxyUser)
      let kind = (message.count << 8) + way % 6
      if let found = request.findings {
        noted += 1
        #expect(findings[kind] === found as AnyObject)
      } else if request.comesAgain {
        let finding = Finding()
        findings[kind] = finding
        request.note(finding)
      }
      again += hasCome ? 1 : 0
      spares.reclaim(request)
    }
    #expect(again > 0 && noted > 0)
  }

  private struct TestFailure: Error {}

  @Test("A request that was kept stays what it was, whatever comes into its place")
  func kept() {
    var spares = HeadSpares()
    var kept: [Request] = []
    for round in 0..<3 {
      for index in 0..<40 {
        let text = "GET \(Self.target)/\(index) HTTP/1.1\r\nHost: a\(index)\r\n\r\n"
        guard let request = Self.read(Array(text.utf8), &spares) else {
          Issue.record("not a request")
          return
        }
        if round == 0 { kept.append(request) }
        spares.reclaim(request)
      }
    }
    for (index, request) in kept.enumerated() {
      #expect(request.target.text == "\(Self.target)/\(index)")
      #expect(request.fields["host"] == "a\(index)")
    }
  }

  // MARK: Heads of answers

  /// What answers say by one machine for each request, and what they say by the other way, which knows none.
  private struct Answers {
    var known = KnownAnswerHead()

    mutating func heads(
      _ request: String, _ status: Status, _ fields: Fields, length: UInt64?, closes: Bool = false,
      date: String = "Date: D\r\n"
    ) -> (String, ResponsePlan, plain: (String, ResponsePlan)) {
      let bytes = Array(request.utf8)
      var spares = HeadSpares()
      var machine = ConnectionMachine(.server)
      var other = ConnectionMachine(.server)
      var (position, otherPosition) = (0, 0)
      _ = machine.next(bytes.span, &position, spares: &spares)
      _ = other.next(bytes.span, &otherPosition, spares: &spares)
      var (out, plain): ([UInt8], [UInt8]) = ([1], [])
      let plan = machine.writeResponseHead(
        status, fields, contentLength: length, closes: closes, date: Array(date.utf8),
        known: &known, into: &out)
      let plainPlan = other.writeResponseHead(
        status, fields, contentLength: length, closes: closes, date: Array(date.utf8), into: &plain)
      #expect(machine.isPersistent == other.isPersistent)
      return (
        String(decoding: out.dropFirst(), as: UTF8.self), plan,
        (String(decoding: plain, as: UTF8.self), plainPlan)
      )
    }
  }

  @Test("The head of an answer that comes again says what it would say anew")
  func answers() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let requests = [
      get, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ]
    let one = Fields(["A": "1", "B": "2"])
    var fewer = one
    fewer.remove("A")
    let closing = Fields(["A": "1", "Connection": "close"])
    var answers = Answers()
    for _ in 0..<3 {
      for fields in [one, fewer, closing, Fields()] {
        for status in [Status.ok, .notFound, .noContent, Status(200, "Fine")] {
          for request in requests + [get, get] {
            for length in [0, 5, 5, nil] as [UInt64?] {
              for (closes, date) in [(false, "Date: D\r\n"), (false, "Date: E\r\n"), (true, "")] {
                for _ in 0..<2 {
                  let (head, plan, plain) = answers.heads(
                    request, status, fields, length: length, closes: closes, date: date)
                  #expect(head == plain.0 && plan == plain.1)
                }
              }
            }
          }
        }
      }
    }
  }

  @Test("Fields that were changed since are other fields")
  func changed() {
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    var answers = Answers()
    var fields = Fields(["A": "1"])
    for index in 0..<200 {
      for _ in 0..<3 {
        let (head, _, plain) = answers.heads(get, .ok, fields, length: 2)
        #expect(head == plain.0)
      }
      fields.set("A", "\(index % 7)")
    }
  }
}
