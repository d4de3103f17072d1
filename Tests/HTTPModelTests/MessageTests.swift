import HTTPModel
import Testing

@Suite("Methods, statuses and heads (RFC 9110)") struct MessageTests {
  @Test("A method is its token, letter by letter (§9.1)")
  func methods() {
    let known: [Method] = [
      .get, .head, .post, .put, .delete, .options, .patch, .connect, .trace,
    ]
    for method in known {
      #expect(Method(method.name) == method)
      #expect(Method(method.name.lowercased()) == .other(method.name.lowercased()))
      #expect("\(method)" == method.name)
    }
    #expect(Method("PURGE").name == "PURGE")
    #expect(Method("") == .other(""))
  }

  @Test("1xx, 204 and 304 never have content (§6.4.1)")
  func content() {
    for code in 100...999 {
      let forbids = code < 200 || code == 204 || code == 304
      #expect(Status(code).forbidsContent == forbids)
      #expect(Status(code).isError == (code >= 400))
    }
  }

  @Test("A status has three digits, whatever is asked for", arguments: [Int.min, -1, 0, 99, 100])
  func lowest(code: Int) { #expect(Status(code).code == 100) }

  @Test("A status has no four digits", arguments: [999, 1000, Int.max])
  func highest(code: Int) { #expect(Status(code).code == 999) }

  @Test(
    "The registered phrase goes out unless a contract demands another (§15)",
    arguments: [
      (200, "OK"), (404, "Not Found"), (413, "Content Too Large"), (422, "Unprocessable Content"),
      (299, "Unknown"),
    ])
  func phrases(code: Int, phrase: String) {
    #expect(Status(code).reason == phrase)
    #expect(Status(code, "Of my own").reason == "Of my own")
    #expect(Status(code) != Status(code, "Of my own"))
  }

  @Test("Content is there when the framing says so (RFC 9112 §6.3)")
  func framing() {
    var request = Request(.post, "/")
    #expect(!request.hasContent)
    for (framing, has) in [(BodyFraming.length(0), false), (.length(1), true), (.chunked, true)] {
      request.framing = framing
      #expect(request.hasContent == has)
    }
  }

  @Test(
    "100-continue is an expectation of HTTP/1.1 alone, in any letter case (§10.1.1)",
    arguments: [
      ("100-continue", true), ("100-Continue", true), ("100", false), ("100-continue2", false),
      ("", false),
    ])
  func expectation(value: String, expects: Bool) {
    var request = Request(.post, "/", fields: Fields(["Expect": value]))
    #expect(request.expectsContinue == expects)
    request.version = .http10
    #expect(!request.expectsContinue)
    #expect(!Request(.post, "/").expectsContinue)
  }

  @Test("The host of an absolute target goes before the field (RFC 9112 §3.2.2)")
  func host() {
    let fields: Fields = Fields(["Host": "field:1", "host": "second"])
    #expect(Request(.get, "/a", fields: fields).host == "field:1")
    #expect(Request(.get, "http://target:2/a", fields: fields).host == "target:2")
    #expect(Request(.get, "/a").host == nil)
  }

  @Test("A body's length is known beforehand, except of a stream without one")
  func lengths() {
    let bodies: [(Response.Body, UInt64?)] = [
      (.empty, 0), (.bytes([]), 0), (.bytes([1, 2]), 2), (.chunks([[1], [], [2, 3]]), 3),
      (.stream(length: 7, { _ in }), 7), (.stream(length: nil, { _ in }), nil),
    ]
    for (body, length) in bodies { #expect(body.length == length) }
  }

  @Test("A delivery is plain until something is asked of it")
  func delivery() {
    #expect(Delivery().isPlain)
    let changes: [(inout Delivery) -> Void] = [
      { $0.delay = .milliseconds(1) }, { $0.piecePause = { _ in .zero } }, { $0.fault = .empty },
      { $0.closesConnection = true },
    ]
    for change in changes {
      var delivery = Delivery()
      change(&delivery)
      #expect(!delivery.isPlain)
    }
  }
}
