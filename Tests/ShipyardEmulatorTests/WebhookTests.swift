import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import ShipyardEmulator

@Suite("Webhooks (Shipyard, Webhook Triggers)")
struct WebhookTests {
  @Test("201 without a key, the trigger's members without log; headers and body are kept")
  func accepted() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .post, ShipyardDemo.webhookPath, key: nil,
      [
        ("content-type", "application/json"), ("User-Agent", "curl/7.88.1"), ("ACCEPT", "*/*"),
        ("X-Two", "1"), ("x-two", "2"),
      ], text: #"{"order": 7}"#)
    #expect(reply.status == 201)
    #expect(reply.json.objectValue?.keys == ["request", "data"])
    let run = try #require(reply.json["data"]?["fleet_run_id"]?.stringValue)
    #expect(try await harness.row(of: run)["Trigger"] == "Webhook")
    #expect(
      try harness.described(run)["webhookParameters"] == [
        "headers": [
          "Accept": ["*/*"], "Content-Length": ["12"], "Content-Type": ["application/json"],
          "User-Agent": ["curl/7.88.1"], "X-Two": ["1", "2"],
        ],
        "body": ["order": 7],
      ])
    let variables = try harness.environment(of: "Extract", in: run)
    let log = variables["SHIPYARD_LOG_ID"] ?? ""
    #expect(
      variables["SHIPYARD_WEBHOOK_HEADERS_FILE"] == "/home/shipyard/\(log).webhook_headers")
    #expect(variables["SHIPYARD_WEBHOOK_BODY_FILE"] == "/home/shipyard/\(log).webhook_body")
    #expect(variables["order"] == nil)
  }

  @Test("What a webhook brought is part of a snapshot")
  func snapshot() async throws {
    let harness = try ServiceHarness(ShipyardService())
    _ = try await harness.send(
      .post, ShipyardDemo.webhookPath, key: nil,
      [("x-two", "1"), ("X-One", "ü"), ("X-TWO", "2")], text: #"{"order": 7}"#)
    let text = harness.live.slots[0].hold { (try? StateEncoder.encode($0.state)) ?? .null }
    let state = try SnapshotJSON.decode(ShipyardState.self, from: text.serialized(), path: "x")
    let delivery = try #require(state.runs[state.runs.startIndex].input?.webhook)
    #expect(delivery.fields.map(\.name) == ["Content-Length", "X-One", "X-Two"])
    #expect(delivery.fields.map(\.values) == [["12"], ["ü"], ["1", "2"]])
    #expect(try StateEncoder.encode(state) == text)
    #expect(state.heapBytes == state.recountedHeapBytes)
  }

  @Test(
    "Any body with any type is taken; what is no JSON is kept as text",
    arguments: [
      ("", nil), ("plain", "plain"), ("a=b&c=d", "a=b&c=d"), ("{", "{"),
    ] as [(String, String?)])
  func anyBody(body: String, kept: String?) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger(ShipyardDemo.webhookPath, body)
    #expect(try harness.described(run)["webhookParameters"]?["body"]?.stringValue == kept)
    let hasFile =
      try harness.environment(of: "Extract", in: run)["SHIPYARD_WEBHOOK_BODY_FILE"] != nil
    #expect(hasFile == (kept != nil))
  }

  @Test(
    "A malformed or retired URL is 400",
    arguments: [
      "/44444444-4444-4444-8444-444444444444/wrong", "/44444444-4444-4444-8444-444444444444",
      "/44444444-4444-4444-8444-444444444444/demo-webhook-token/more",
      "/44444444-4444-4444-8444-44444444444/demo-webhook-token",
      "/44444444-4444-4444-8444-444444444445/demo-webhook-token",
      "/44444444-4444-4444-8444-444444444444/DEMO-webhook-token",
      "http://webhooks.app.shipyardapp.com/", "http://webhooks.app.shipyardapp.com/hello/world",
    ])
  func malformed(path: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(.post, path, key: nil)
    #expect(reply.status == 400)
    #expect(reply.isFailureForm)
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.isEmpty)
  }

  @Test("Another verb on a webhook is 405, other two-segment paths are none of ours")
  func otherPaths() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(.get, ShipyardDemo.webhookPath, key: nil)
    #expect(reply.status == 405)
    #expect(reply.field("Allow") == "POST")
    #expect(try await harness.send(.post, "/hello/world", key: nil).status == 404)
    #expect(
      try await harness.send(.post, "//44444444-4444-4444-8444-444444444444//demo-webhook-token")
        .status == 201)
  }

  @Test("A replaced URL stops working, the new one works; a removed one is gone")
  func replaced() async throws {
    let harness = try ServiceHarness(ShipyardService())
    try harness.emit(["replaceWebhook": "Nightly"])
    func path() -> String? {
      harness.state["organizations"]?[0]?["projects"]?[0]?["fleets"]?[0]?["webhook"]?.stringValue
    }
    let new = try #require(path())
    #expect(new != ShipyardDemo.webhookPath)
    #expect(new.utf8.count == 70)
    #expect(try await harness.send(.post, ShipyardDemo.webhookPath, key: nil).status == 400)
    #expect(try await harness.send(.post, new, key: nil).status == 201)
    try harness.emit([
      "replaceWebhook": [
        "fleet": "Nightly", "id": "55555555-5555-4555-8555-555555555555", "token": "t",
      ]
    ])
    #expect(
      try await harness.send(.post, "/55555555-5555-4555-8555-555555555555/t", key: nil).status
        == 201)
    try harness.emit(["removeWebhook": "Nightly"])
    #expect(path() == nil)
    #expect(
      try await harness.send(.post, "/55555555-5555-4555-8555-555555555555/t", key: nil).status
        == 400)
  }
}
