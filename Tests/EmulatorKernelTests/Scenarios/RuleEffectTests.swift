import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("What a rule does (DESIGN §7)")
struct RuleEffectTests {
  @Test("An error has the API's own form, a message and fields of its own")
  func error() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "name": "down",
        "error": [
          "status": 503, "message": "closed for {{request.method}}", "header": ["Retry-After": "9"],
        ],
      ])
    let reply = await harness.peer.send(.get, "/ships")
    #expect(reply.status == 503)
    #expect(reply.text.contains("harborError"))
    #expect(reply.field("retry-after") == "9")
    #expect(reply.field("x-wavetank-rule") == "down")
    #expect(harness.live.journal.entry(1)?.rules == ["down"])
  }

  @Test("respond answers in place of the service, also for a path of no operation")
  func respond() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "match": ["path": "/extra/{id}"],
        "respond": [
          "status": 201, "header": ["X-A": ["1", "2"]],
          "json": ["id": "{{path.id}}", "n": 1, "list": ["{{request.query.q}}", true]],
        ],
      ])
    let reply = await harness.peer.send(.get, "/extra/42?q=hi")
    #expect(reply.status == 201)
    #expect(reply.text == #"{"id":"42","n":1,"list":["hi",true]}"#)
    #expect(reply.response.fields.all("x-a") == ["1", "2"])
    #expect(reply.field("content-type") == "application/json")
    #expect(await harness.peer.send(.get, "/ships").text == "[]")
  }

  static let contents: [(JSON, String, String?)] = [
    (["text": "hi {{tenant}}"], "hi default", "text/plain; charset=utf-8"),
    (["base64": "aGVsbG8="], "hello", "application/octet-stream"),
    (["status": 204], "", nil),
    (["json": nil], "null", "application/json"),
    (["text": "a,b", "header": ["Content-Type": "text/csv"]], "a,b", "text/csv"),
  ]

  @Test("respond with text, bytes or nothing", arguments: contents)
  func respondContent(_ effect: JSON, _ text: String, _ type: String?) async throws {
    let harness = try ScenarioHarness(rule: ["respond": effect])
    // What does not change is made once.
    for _ in 0..<3 {
      let reply = await harness.peer.send(.get, "/ships")
      #expect(reply.text == text)
      #expect(reply.field("content-type") == type)
      #expect(reply.response.fields.all("x-wavetank-rule").count == 1)
    }
  }

  static let changing: [(effect: JSON, told: [String])] = [
    (["text": "n {{count}}"], ["n 1", "n 2"]),
    (["json": ["a": [["b": "{{count}}"]]]], [#"{"a":[{"b":"1"}]}"#, #"{"a":[{"b":"2"}]}"#]),
    (["text": "n", "header": ["X-N": ["same", "{{count}}"]]], ["n1", "n2"]),
    (["text": "n", "reason": "No {{count}}"], ["nNo 1", "nNo 2"]),
  ]

  @Test("respond is made anew where anything in it is filled in", arguments: changing)
  func respondChanging(_ effect: JSON, _ told: [String]) async throws {
    let harness = try ScenarioHarness(rule: ["respond": effect])
    for wanted in told {
      let reply = await harness.peer.send(.get, "/ships")
      let (number, reason) = (reply.response.fields.all("x-n").last, reply.response.status.reason)
      #expect(reply.text + (number ?? "") + (reason == "OK" ? "" : reason) == wanted)
    }
  }

  @Test("Steps of a sequence have answers of their own, also where none changes")
  func respondInTurns() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "sequence": [["respond": ["text": "a"]], ["respond": ["text": "b"]]], "end": "loop",
      ])
    for wanted in ["a", "b", "a", "b"] {
      #expect(await harness.peer.send(.get, "/ships").text == wanted)
    }
  }

  @Test("Templates take from request, variables, clock and count")
  func templates() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "match": ["operation": "harbor.door.knock"],
        "respond": [
          "json": [
            "whole": "{{request.json./deep}}", "part": "<{{request.json./deep/0}}>",
            "missing": "<{{request.json./gone}}>", "field": "{{request.header.x-a}}",
            "var": "{{vars.n}}", "in": "{{ vars.deep./k }}", "now": "{{now}}", "count": "{{count}}",
            "path": "{{request.path}}", "door": "{{path.ship}}", "op": "{{operation}}",
            "text": "{{request.text}}",
          ]
        ],
      ], variables: ["n": 5, "deep": ["k": "v"]])
    let body = #"{"deep":[1,2]}"#
    _ = await harness.peer.send(.post, "/doors/d", ["X-A": "b"], body: body)
    let reply = await harness.peer.send(.post, "/doors/d", ["X-A": "b"], body: body)
    let expected: JSON = [
      "whole": [1, 2], "part": "<1>", "missing": "<>", "field": "b", "var": 5, "in": "v",
      "now": "1970-01-01T00:16:40.000Z", "count": "2", "path": "/doors/d", "door": "d",
      "op": "harbor.door.knock", "text": .string(body),
    ]
    #expect(try JSON(parsing: reply.text) == expected)
  }

  @Test("{{id}} is a fresh UUID, the same in every run")
  func ids() async throws {
    var runs: [[String]] = []
    for _ in 0..<2 {
      let harness = try ScenarioHarness(rule: ["respond": ["text": "{{id}} {{id}}"]])
      var texts: [String] = []
      for _ in 0..<2 { texts.append(await harness.peer.send(.get, "/ships").text) }
      runs.append(texts)
    }
    #expect(runs[0] == runs[1])
    let ids = runs[0].flatMap { $0.split(separator: " ").map(String.init) }
    #expect(Set(ids).count == 4)
    #expect(ids.allSatisfy(UUIDText.isUUID))
  }

  @Test("patch changes status, fields and JSON of the service's answer (RFC 7396)")
  func patch() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "match": ["operation": "harbor.door.knock"],
        "patch": [
          "status": 202, "header": ["X-New": "1", "Content-Type": nil],
          "json": ["ship": nil, "added": ["a": 1]],
        ],
      ])
    let reply = await harness.peer.send(.post, "/doors/d", body: "")
    #expect(reply.status == 202)
    #expect(reply.field("x-new") == "1")
    #expect(reply.field("content-type") == nil, "taken away, JSON or not")
    #expect(try JSON(parsing: reply.text) == ["operation": "harbor.door.knock", "added": ["a": 1]])
  }

  @Test("after: the service does its work, then the answer is lost")
  func after() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "match": ["operation": "harbor.ship.create"], "times": 1, "after": true, "fault": "reset",
      ])
    let lost = await harness.peer.send(.post, "/ships", body: #"{"name":"a"}"#)
    #expect(lost.response.delivery.fault == .reset(afterBytes: 0))
    #expect(await harness.peer.send(.get, "/ships").text == #"["a"]"#)
    let before = try ScenarioHarness(
      rule: ["match": ["operation": "harbor.ship.create"], "times": 1, "fault": "reset"])
    _ = await before.peer.send(.post, "/ships", body: #"{"name":"a"}"#)
    #expect(await before.peer.send(.get, "/ships").text == "[]")
  }

  @Test("after with an error: the work is done, the answer says it was not")
  func afterError() async throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["operation": "harbor.ship.create"], "after": true, "error": 500])
    #expect(await harness.peer.send(.post, "/ships", body: #"{"name":"a"}"#).status == 500)
    #expect(await harness.peer.send(.get, "/ships").text == #"["a"]"#)
  }

  static let faults: [(JSON, TransportFault)] = [
    ("reset", .reset(afterBytes: 0)), (["reset": ["afterBytes": 5]], .reset(afterBytes: 5)),
    ("empty", .empty), ("truncate", .truncate(afterBytes: nil)),
    (["truncate": ["afterBytes": 3]], .truncate(afterBytes: 3)),
    (["truncate": ["afterBytes": "1KiB"]], .truncate(afterBytes: 1024)),
    ("stall", .stall(afterBytes: nil)), (["stall": ["afterBytes": 0]], .stall(afterBytes: 0)),
    (["stall": true], .stall(afterBytes: nil)),
    (["throttle": ["bytesPerSecond": "10KB"]], .throttle(bytesPerSecond: 10_000)),
    ("dribble", .dribble(bytes: 1, pause: .milliseconds(50))),
    (["dribble": ["bytes": 4, "pause": "1s"]], .dribble(bytes: 4, pause: .seconds(1))),
    (["corrupt": ["chunk": true]], .corrupt(.chunkFraming)),
    ("refuse", .refuse(for: .seconds(1))), (["refuse": ["for": "2s"]], .refuse(for: .seconds(2))),
    (["refuse": ["for": "1m"]], .refuse(for: .seconds(60))),
  ]

  @Test("Every fault goes down to the transport as a value", arguments: faults)
  func fault(_ effect: JSON, _ expected: TransportFault) async throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["operation": "harbor.ship.list"], "fault": effect])
    let reply = await harness.peer.send(.get, "/ships")
    #expect(reply.response.delivery.fault == expected)
  }

  @Test("Flipped bytes have their places from the seed")
  func corrupt() async throws {
    let harness = try ScenarioHarness(rule: ["fault": ["corrupt": ["bytes": 3]]])
    var seeds: [UInt64] = []
    for _ in 0..<2 {
      let reply = await harness.peer.send(.get, "/ships")
      guard case .corrupt(.flippedBytes(3, let seed)) = reply.response.delivery.fault else {
        Issue.record("another fault")
        return
      }
      seeds.append(seed)
    }
    #expect(seeds[0] != seeds[1])
  }

  @Test("Delays are values for the transport, before the head or at each piece")
  func delays() async throws {
    let fixed = try ScenarioHarness(rule: ["delay": "250ms"])
    #expect(await fixed.peer.send(.get, "/ships").response.delivery.delay == .milliseconds(250))
    let each = try ScenarioHarness(rule: ["delay": ["fixed": "5ms", "at": "each"]])
    let delivery = await each.peer.send(.get, "/ships").response.delivery
    #expect(delivery.delay == .zero)
    #expect((0..<2).map { delivery.piecePause?($0) } == [.milliseconds(5), .milliseconds(5)])
  }

  @Test("A delay at each piece is drawn for each piece, the same in every run")
  func pieceDraws() async throws {
    let rule: JSON = ["delay": ["uniform": ["min": "1ms", "max": "90ms"], "at": "each"]]
    var runs: [[Duration]] = []
    for _ in 0..<2 {
      let harness = try ScenarioHarness(rule: rule)
      for _ in 0..<2 {
        let delivery = await harness.peer.send(.get, "/ships").response.delivery
        runs.append((0..<50).compactMap { delivery.piecePause?($0) })
      }
    }
    #expect(Set(runs[0]).count > 45)
    #expect(runs[0].allSatisfy { $0 >= .milliseconds(1) && $0 <= .milliseconds(90) })
    #expect(runs[0] == runs[2] && runs[1] == runs[3])
    #expect(runs[0] != runs[1])
  }

  @Test("Delays that add up to more than time has are cut")
  func endlessDelays() async throws {
    let rules = (0..<8).map { number -> JSON in
      ["name": .string("r\(number)"), "delay": "876000h", "continue": true]
    }
    let harness = try ScenarioHarness(["wavetank": 1, "rules": .array(rules)])
    let delivery = await harness.peer.send(.get, "/ships").response.delivery
    #expect(delivery.delay == EngineLimits.delayMax)
  }

  @Test("Delay distributions: bounds, middle and the same draws in every run")
  func distributions() throws {
    for (json, least, most, middle) in [
      (["uniform": ["min": "10ms", "max": "20ms"]], 10.0, 20.0, 15.0),
      (["normal": ["mean": "100ms", "sigma": "10ms"]], 0, 200, 100),
      (["normal": ["mean": "10ms", "sigma": "100ms"]], 0, 1000, 10),
      (["lognormal": ["median": "80ms", "sigma": 0.5]], 0, 3000, 80),
      (["lognormal": ["median": "80ms", "sigma": 0.5], "max": "100ms"], 0, 100, 80),
    ] as [(JSON, Double, Double, Double)] {
      let delay = try ScenarioReader.read(json, DelayEffect.form.read)
      var random = SeededRandom(key: 7)
      var again = SeededRandom(key: 7)
      let drawn = (0..<4001).map { _ in delay.draw(&random).inSeconds * 1000 }
      #expect(drawn == (0..<4001).map { _ in delay.draw(&again).inSeconds * 1000 })
      #expect(drawn.allSatisfy { $0 >= least && $0 <= most })
      let median = drawn.sorted()[2000]
      #expect(abs(median - middle) < middle * 0.35, "\(json.text): \(median)")
    }
  }

  @Test("Own exponential and logarithm agree with each other and with known values")
  func mathematics() {
    for x in stride(from: -20.0, through: 20.0, by: 0.37) {
      #expect(abs(Exponential.log(Exponential.of(x)) - x) < 1e-12)
    }
    #expect(abs(Exponential.of(1) - 2.718281828459045) < 1e-14)
    #expect(abs(Exponential.log(10) - 2.302585092994046) < 1e-14)
  }

  @Test("The first rule that fires ends the search, unless it says continue")
  func continues() async throws {
    for (goesOn, status, delay) in [(true, 503, 30), (false, 200, 10)] as [(JSON, Int, Int)] {
      let harness = try ScenarioHarness([
        "wavetank": 1,
        "rules": [
          ["name": "slow", "delay": "10ms", "continue": goesOn],
          ["name": "slower", "delay": "20ms", "error": 503],
        ],
      ])
      let reply = await harness.peer.send(.get, "/ships")
      #expect(reply.status == status)
      #expect(reply.response.delivery.delay == .milliseconds(delay))
      #expect(reply.field("x-wavetank-rule") == (goesOn == true ? "slow, slower" : "slow"))
    }
  }

  @Test("A rule that does not fire falls through to the next and at last to the service")
  func fallThrough() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["name": "first", "times": 1, "error": 500], ["name": "second", "times": 1, "error": 502],
      ],
    ])
    #expect(await harness.statuses(3) == [500, 502, 200])
  }

  @Test("A rule may look at the content, and the service still gets it")
  func content() async throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["body": ["json": ["name": "bad"]]], "error": 422])
    #expect(await harness.peer.send(.post, "/ships", body: #"{"name":"bad"}"#).status == 422)
    #expect(await harness.peer.send(.post, "/ships", body: #"{"name":"good"}"#).status == 201)
    #expect(await harness.peer.send(.get, "/ships").text == #"["good"]"#)
  }

  @Test("A rule strikes streamed operations too")
  func streamed() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "match": ["operation": "harbor.cargo.put"], "times": 1, "per": "resource", "error": 507,
      ])
    #expect(await harness.peer.send(.put, "/ships/a/cargo", body: "x").status == 507)
    #expect(await harness.peer.send(.put, "/ships/a/cargo", body: "x").status == 204)
    #expect(await harness.peer.send(.put, "/ships/b/cargo", body: "x").status == 507)
  }

  @Test("emit makes things happen: time passes, keys expire, rules change each other")
  func emit() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "variables": ["phase": "a"],
      "rules": [
        [
          "name": "bang", "match": ["path": "/ships/bang"],
          "respond": ["text": "ok"],
          "emit": [
            ["advance": "5s"], ["expireKey": ["key": "k", "status": 403]],
            ["setVariables": ["phase": "b"]], ["enableRule": "off"], ["trigger": "handler"],
          ],
        ],
        ["name": "off", "enabled": false, "error": 418],
        [
          "name": "handler", "enabled": false, "set": ["handled": "yes"], "emit": ["advance": "1s"],
        ],
      ],
    ])
    #expect(await harness.statuses(1) == [200])
    #expect(await harness.peer.send(.get, "/ships/bang").text == "ok")
    #expect(harness.live.tenant.clock.now == VirtualInstant(seconds: 1_006))
    #expect(harness.live.tenant.keys.verdict(on: "k") == .refused(status: 403))
    let engine = try harness.engine()
    #expect(engine.variables["phase"] == "b")
    #expect(engine.variables["handled"] == "yes")
    #expect(await harness.statuses(1) == [418])
  }
}
