import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

@Suite("Tasks")
struct TaskTests {
  @Test("A background call waits, runs and succeeds on the tenant's clock (contract §4)")
  func proceeds() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let id = try await harness.noop()
    var states: [String] = []
    for _ in 0..<8 {
      states.append(try await harness.taskState(id)["state"]?.stringValue ?? "")
      harness.advance(.milliseconds(100))
    }
    #expect(states.first == "waiting")
    #expect(states.contains("running"))
    #expect(states.last == "succeeded")
    #expect(states == states.sorted { rank($0) < rank($1) })
  }

  private func rank(_ state: String) -> Int {
    ["waiting", "running", "succeeded"].firstIndex(of: state) ?? 9
  }

  @Test("With the clock that skips, a look finds the task finished (DESIGN §4)")
  func skips() async throws {
    let harness = try ServiceHarness(SteamshipService(), mode: .skip)
    let start = harness.now
    let id = try await harness.noop()
    #expect(try await harness.taskState(id)["state"] == "succeeded")
    #expect(harness.now == start + .milliseconds(500))
  }

  @Test("One look at the last of a long chain goes through all of it, and through no other task")
  func skipsChains() async throws {
    let harness = try ServiceHarness(SteamshipService(), mode: .skip)
    let start = harness.now
    var last = try await harness.noop()
    for _ in 1..<50 {
      last = try await harness.noop([("X-Task-Dependency", last)])
    }
    let other = try await harness.noop([("X-Task-Run-After", "2040-01-01T00:00:00Z")])
    #expect(try await harness.taskState(last)["state"] == "succeeded")
    #expect(harness.now == start + .milliseconds(50 * 500))
    let get = try await harness.data("task.get", ["id": .string(other)])
    #expect(get["task"]?["state"] == "succeeded")
    #expect(harness.now.iso8601() == "2040-01-01T00:00:00Z")
  }

  @Test("Stages that end by looks take as many looks, and those that end by a signal none")
  func skipsToLooks() async throws {
    let behaviors: JSON = [
      [
        "when": ["operation": "steamship.task.noop"],
        "timeline": [
          ["state": "waiting", "for": "5s"], ["state": "running", "polls": 2],
          ["state": "running", "for": "20s"], ["state": "running", "signal": "go"],
          ["state": "succeeded"],
        ],
      ]
    ]
    let harness = try ServiceHarness(SteamshipService(), behaviors: behaviors, mode: .skip)
    let start = harness.now
    let id = try await harness.noop()
    for (seconds, _) in [(5, 1), (25, 2), (25, 3)] {
      #expect(try await harness.taskState(id)["state"] == "running")
      #expect(harness.now == start + .seconds(seconds))
    }
    harness.world.mutate { state, step in _ = state.signal("go", &step) }
    #expect(try await harness.taskState(id)["state"] == "succeeded")
    #expect(harness.now == start + .seconds(25))
  }

  @Test("A finished task answers the same bytes again and again, and new ones once it is changed")
  func renderingIsKept() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let id = try await harness.noop()
    harness.advance(.seconds(5))
    let first = try await harness.send("task.status", ["taskId": .string(id)]).body
    #expect(try await harness.send("task.status", ["taskId": .string(id)]).body == first)
    let lower = JSON.string(id.lowercased())
    #expect(try await harness.send("task.status", ["taskId": lower]).body == first)
    _ = try await harness.data(
      "task.update", ["taskId": .string(id), "statusMessage": "seen", "output": "{\"a\": 1}"])
    let json = try await harness.json("task.status", ["taskId": .string(id)])
    #expect(json["status"]?["statusMessage"] == "seen")
    #expect(json["data"] == ["a": 1])
  }

  @Test("A task that an update makes succeed has an output, whatever became of it before")
  func updatedToSuccess() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let id = try await harness.noop([("X-Task-Run-After", "2099-01-01T00:00:00+00:00")])
    for state in ["failed", "succeeded"] {
      _ = try await harness.data("task.update", ["taskId": .string(id), "state": .string(state)])
    }
    let json = try await harness.json("task.status", ["taskId": .string(id)])
    #expect(json["status"]?["output"] == "{}" && json["data"] == [:])
  }

  @Test("How often a task is looked at leaves the ids of what comes after it as they are")
  func looksDrawNothing() async throws {
    var answers: [JSON] = []
    for looks in [(0, 0), (1, 1), (3, 0), (0, 4), (3, 4)] {
      let harness = try ServiceHarness(SteamshipService())
      let id = try await harness.noop()
      for _ in 0..<looks.0 { _ = try await harness.taskState(id) }
      harness.advance(.seconds(5))
      for _ in 0..<looks.1 { _ = try await harness.taskState(id) }
      let next = try await harness.noop()
      answers.append(try await harness.json("task.status", ["taskId": .string(next)]))
    }
    #expect(Set(answers.map { $0["status"]?["requestId"]?.text }).count == 1)
    #expect(answers[0]["status"]?["requestId"]?.stringValue?.utf8.count == 36)
  }

  static let asked = "0A1B2C3D-4E5F-4A6B-8C7D-9E8F00112233"
  static let questions: [(String, Bool)] = [
    (#"{"taskId":"ID"}"#, true), (#" { "taskId" : "ID" } "#, true),
    (#"{"taskId": "ID", "x": 1}"#, false), (#"{"x": 1, "taskId": "ID"}"#, false),
    (#"{"taskId": ""}"#, false), (#"{"taskId": "ID\u0041"}"#, false), (#"{"taskId": 3}"#, false),
    (#"{"taskId": "ID"}}"#, false), (#"{"taskId": "ID""#, false), (#"{"taskId""#, false),
    ("", false), ("{", false), (#"{"taskID": "ID"}"#, false), (#"{"taskId": "IDA"}"#, false),
    (#"{"taskId": "A-1"}"#, false), (#"{"taskId": "ID}"#, false), (#"{"taskId":"ID"#, false),
  ]

  @Test("The short way takes only the plainest question", arguments: questions)
  func shortWay(_ question: String, _ isPlain: Bool) {
    for id in [Self.asked, Self.asked.lowercased()] {
      let content = question.replacing("ID", with: id, maxReplacements: 1)
      let number = PlainTaskQuestion.number(in: Array(content.utf8))
      #expect(number == (isPlain ? TaskNumber(id) : nil))
      for cut in 0..<content.utf8.count where isPlain {
        let prefix = Array(content.utf8.prefix(cut))
        #expect(PlainTaskQuestion.number(in: prefix) == nil || prefix.last == UInt8(ascii: "}"))
      }
    }
  }

  @Test("A task's number is its id in any case; a text of another form has none")
  func taskNumber() {
    let id = Self.asked
    #expect(TaskNumber(id) != nil && TaskNumber(id) == TaskNumber(id.lowercased()))
    #expect(TaskNumber(id) != TaskNumber(String(id.dropLast()) + "4"))
    for other in ["", "A-1", String(id.dropLast()), id + "0", String(id.dropLast()) + "g"] {
      #expect(TaskNumber(other) == nil)
    }
  }

  @Test("The short way shows nothing to somebody else's key, or to none")
  func shortWayIsGuarded() async throws {
    var harness = try ServiceHarness(SteamshipService())
    let id = try await harness.noop()
    harness.advance(.seconds(5))
    for _ in 0..<2 { _ = try await harness.taskState(id) }
    harness.key = "other"
    #expect(try await harness.send("task.status", ["taskId": .string(id)]).status == 404)
    harness.key = ""
    #expect(try await harness.send("task.status", ["taskId": .string(id)]).status == 401)
  }

  @Test("The key of deployed code sees a finished task as long as its instance is there")
  func shortWayOfCode() async throws {
    var harness = try ServiceHarness(SteamshipService())
    let own = harness.key
    let id = try await harness.noop()
    let made = try await harness.data(
      "package.instance.create", ["packageHandle": "hello-world", "handle": "hw"])
    let instance = try #require(made["packageInstance"]?["id"]?.stringValue)
    harness.advance(.seconds(5))
    for status in [200, 401] {
      harness.key = CodeKey.make(tenant: "default", instanceID: instance)
      for _ in 0..<3 {
        #expect(try await harness.send("task.status", ["taskId": .string(id)]).status == status)
      }
      harness.key = own
      if status == 401 { break }
      _ = try await harness.data("package.instance.delete", ["id": .string(instance)])
    }
    #expect(try await harness.taskState(id)["state"] == "succeeded")
  }

  @Test("Output that is no JSON is shown as text alone, so that the answer stays JSON")
  func plainOutput() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let id = try await harness.noop()
    harness.advance(.seconds(5))
    _ = try await harness.data("task.update", ["taskId": .string(id), "output": "not { json"])
    let json = try await harness.json("task.status", ["taskId": .string(id)])
    #expect(json["status"]?["output"] == "not { json")
    #expect(json["data"] == nil)
  }

  @Test("Retries that a client has counted to the end of numbers are counted no further")
  func boundedRetries() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let id = try await harness.noop()
    _ = try await harness.data("task.update", ["taskId": .string(id), "retries": .integer(.max)])
    let status = harness.world.mutate { state, step in
      let key = state.tasks.key(id: id)
      return state.noteProgress([:], of: key, &step)
    }
    #expect(status["retries"] == .integer(.max))
  }

  @Test("A long chain of tasks ends in order, and a failure runs through all of it")
  func chains() async throws {
    let harness = try ServiceHarness(SteamshipService())
    var ids = [try await harness.noop()]
    for _ in 0..<200 {
      ids.append(try await harness.noop([("X-Task-Dependency", ids[ids.count - 1])]))
    }
    harness.advance(.seconds(3600))
    #expect(try await harness.taskState(ids[200])["state"] == "succeeded")
    let bad = try await harness.json(
      "task.alwaysFail", [:], fields: [("X-Task-Background", "true")])
    var last = bad["status"]?["taskId"]?.stringValue ?? ""
    for _ in 0..<200 { last = try await harness.noop([("X-Task-Dependency", last)]) }
    harness.advance(.seconds(2))
    #expect(try await harness.taskState(last)["state"] == "failed")
    #expect(try await harness.taskState(last)["statusCode"] == "DependencyFailed")
  }

  @Test("A chain that a scenario lets end at once does not recurse")
  func immediateChains() async throws {
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        [
          "when": ["operation": "steamship.task.noop"],
          "timeline": [["state": "waiting", "signal": "go"]],
        ]
      ])
    var id = try await harness.noop()
    for _ in 0..<5000 { id = try await harness.noop([("X-Task-Dependency", id)]) }
    try harness.emit(["signal": "go"])
    harness.advance(.seconds(1))
    let state = try await harness.taskState(id)["state"]
    #expect(state == "waiting", "each of them waits for a signal of its own time")
  }

  @Test("A timeline moves by time, by looks and by signals, and says its messages (DESIGN §7)")
  func timelines() async throws {
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        [
          "when": ["operation": "steamship.task.*"],
          "timeline": [
            ["state": "waiting", "for": "2s"],
            ["state": "running", "polls": 3, "message": "epoch 1"],
            ["state": "running", "signal": "go", "message": "almost"],
            [
              "state": "failed", "message": "out of memory", "code": "OOM",
              "suggestion": "Buy some.",
            ],
          ],
        ]
      ])
    let id = try await harness.noop()
    #expect(try await harness.taskState(id)["state"] == "waiting")
    harness.advance(.seconds(2))
    for _ in 0..<2 {
      let state = try await harness.taskState(id)
      #expect(state["state"] == "running")
      #expect(state["statusMessage"] == "epoch 1")
    }
    #expect(try await harness.taskState(id)["statusMessage"] == "almost")
    harness.advance(.seconds(1000))
    #expect(try await harness.taskState(id)["statusMessage"] == "almost")
    try harness.emit(["signal": "go"])
    let end = try await harness.taskState(id)
    #expect(end["state"] == "failed")
    #expect(end["statusMessage"] == "out of memory")
    #expect(end["statusCode"] == "OOM")
    #expect(end["statusSuggestion"] == "Buy some.")
  }

  @Test(
    "Deleting a workspace deletes its waiting tasks and keeps its finished ones (contract §8)",
    arguments: [false, true])
  func workspaceDeletion(inBackground: Bool) async throws {
    var harness = try ServiceHarness(SteamshipService())
    let workspace = try await harness.data("workspace.create", ["handle": "w"])
    harness.workspaceID = workspace["workspace"]?["id"]?.stringValue
    var kept = [try await harness.noop()]
    harness.advance(.seconds(5))
    let waiting = try await harness.noop([("X-Task-Run-After", "2040-01-01T00:00:00Z")])
    let dependent = try await harness.noop([("X-Task-Dependency", waiting)])
    let deletion = try await harness.json(
      "workspace.delete", ["id": JSON(harness.workspaceID)],
      fields: inBackground ? [("X-Task-Background", "true")] : [])
    if inBackground { kept.append(deletion["status"]?["taskId"]?.stringValue ?? "") }
    harness.advance(.seconds(5))
    for id in kept { #expect(try await harness.taskState(id)["state"] == "succeeded") }
    for id in [waiting, dependent] {
      #expect(try await harness.send("task.status", ["taskId": .string(id)]).status == 404)
    }
  }

  @Test("The first answers of a backgrounded job carry its work's result as text and as data")
  func results() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let made = try await harness.json(
      "workspace.create", ["handle": "late"], fields: [("X-Task-Background", "true")])
    let id = made["status"]?["taskId"]?.stringValue ?? ""
    #expect(made["data"] == nil)
    harness.advance(.seconds(5))
    let json = try await harness.json("task.status", ["taskId": .string(id)])
    #expect(json["data"]?["workspace"]?["handle"] == "late")
    #expect(try JSON(parsing: json["status"]?["output"]?.stringValue ?? "") == json["data"])
  }
}
