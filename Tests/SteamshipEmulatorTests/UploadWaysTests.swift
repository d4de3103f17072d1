import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import SteamshipEmulator

@Suite(
  "An upload that has come as a whole is answered at once, with the same bytes as one that streams")
struct UploadWaysTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var path = "file/create"
    var type = "multipart/form-data; boundary=x7q"
    let content: [UInt8]
    var status = 200
    var testDescription: String { name }
  }

  private static func form(_ parts: (name: String, content: String)...) -> [UInt8] {
    let text = parts.map { name, content in
      "--x7q\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"\(name)\"\r\n\r\n"
        + "\(content)\r\n"
    }
    return Array((text.joined() + "--x7q--\r\n").utf8)
  }

  static let cases = [
    Case(
      name: "JSON", type: "application/json",
      content: Array(#"{"handle": "a", "blocks": [{"text": "Ahoy"}]}"#.utf8)),
    Case(name: "nothing", type: "application/json", content: []),
    Case(name: "no JSON", type: "application/json", content: Array("{".utf8), status: 400),
    Case(name: "a form", content: form(("handle", "a"), ("file", "Ahoy"), ("uploadType", "file"))),
    Case(
      name: "a form with lists",
      content: form(("file", "# Ahoy"), ("tags[0][kind]", "k"), ("tags[0][value][n]", "1"))),
    Case(
      name: "a form whose names do not fit", content: form(("tags", "a"), ("tags[0]", "b")),
      status: 400),
    Case(name: "two files", content: form(("file", "a"), ("file", "b")), status: 400),
    Case(
      name: "a form that ends too early", content: form(("handle", "a")).dropLast(4), status: 400),
    Case(
      name: "no boundary", type: "multipart/form-data", content: form(("handle", "a")), status: 400),
    Case(
      name: "a version without its package", path: "package/version/create",
      content: form(("packageId", "none"), ("handle", "1.0"), ("file", "no archive")), status: 404),
  ]

  /// Takes from every answer the way that needs the whole content.
  private struct Streaming: Responder {
    let base: any Responder

    func respond(to request: Request, exchange: inout Exchange) -> Answer {
      let answer = base.respond(to: request, exchange: &exchange)
      guard case .atOnce(_, orLater: let work) = answer else { return answer }
      return .later(work)
    }

    func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
      base.exchangeEnded(exchange, outcome: outcome)
    }
  }

  @Test("Both ways", arguments: cases)
  func ways(_ one: Case) async throws {
    let request = TestClient.request(
      .post, "/api/v1/\(one.path)",
      Fields(["Authorization": "Bearer any", "Content-Type": one.type]), one.content)
    let (whole, streamed) = (
      try ServiceHarness(SteamshipService()), try ServiceHarness(SteamshipService())
    )
    var exchange = Exchange(connectionID: 1, sequenceNumber: 1, peer: .none)
    let way = try ServiceHarness(SteamshipService()).pipeline.respond(
      to: request, exchange: &exchange)
    guard case .atOnce(let work, orLater: _) = way else {
      Issue.record("\(one) waits")
      return
    }
    #expect(work(one.content) != nil)
    let answers = (
      await TestClient(whole.pipeline).send(request, one.content),
      await TestClient(Streaming(base: streamed.pipeline)).send(request, one.content)
    )
    #expect(answers.0.status == one.status, "\(answers.0.text)")
    #expect(answers.1.status == one.status && answers.1.text == answers.0.text)
    #expect(whole.storedBytes == streamed.storedBytes)
    #expect(whole.state == streamed.state)
  }

  @Test("A signed URL takes what has come, unless it does not hold")
  func signed() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let made = try await harness.data(
      "workspace.createSignedUrl",
      ["bucket": "userData", "filepath": "a b.txt", "operation": "Write"])
    let url = try #require(made["signedUrl"]?.stringValue)
    let target = String(url.dropFirst("http://127.0.0.1:7070".utf8.count))
    for (target, status) in [(target, 200), (target + "0", 403)] {
      for content in [Array("Ahoy".utf8), []] {
        let request = TestClient.request(.put, target, Fields(), content)
        let whole = await TestClient(harness.pipeline).send(request, content)
        let stored = harness.storedBytes
        let streamed = await TestClient(Streaming(base: harness.pipeline)).send(request, content)
        #expect(whole.status == status && streamed.status == status, "\(whole.text)")
        #expect(whole.text == streamed.text && harness.storedBytes == stored)
      }
    }
  }
}
