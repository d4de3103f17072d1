import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing

@testable import ScramjetEmulator

/// Rules that recordings of the published hub 1.0.1 showed; the flows themselves are played by the
/// conformance runs.
@Suite("What hub 1.0.1 was seen to do")
struct RecordedRulesTests {
  // MARK: Packages

  private static let prefix = "<SequencePackageJSON> decoder failed at key "
  static let manifests: [(manifest: JSONObject, error: String?)] = [
    (["main": "i", "engines": []], nil),
    (["main": "i", "scramjet": []], nil),
    (["main": "i", "scramjet": ["config": nil]], nil),
    (
      ["main": "i", "engines": "node"], "\"engines\" with error: \"node\" is not a valid dictionary"
    ),
    (
      ["main": "i", "engines": ["node": 5, "python3": 6]],
      "\"engines\" with error: <EnginesDecoder> dictionary decoder failed at key \"node\" with error: 5 is not a valid string"
    ),
    (
      ["main": "i", "scramjet": 5],
      "\"scramjet\" with error: 5 is not a valid ScramjetSectionDecoder"
    ),
    (
      ["main": "i", "scramjet": ["config": ["ports": ["8080/tcp", "x/udp"]]]],
      "\"scramjet\" with error: <ScramjetSectionDecoder> decoder failed at key \"config\" with error: <ConfigDecoder> decoder failed at key \"ports\" with error: <PortsDecoder> decoder failed at index \"1\" with error: Invalid port format"
    ),
    (
      ["main": "i", "keywords": ["a", 7]],
      "\"keywords\" with error: <keywordsDecoder> decoder failed at index \"1\" with error: 7 is not a valid string"
    ),
    (
      ["main": "i", "engines": 1, "author": 2],
      "\"engines\" with error: 1 is not a valid dictionary"
    ),
    (["name": 2, "main": 3], "\"name\" with error: 2 is not a valid string"),
  ]

  @Test(
    "A manifest is refused in the decoder's own words, the first mistake first",
    arguments: 0..<manifests.count)
  func manifest(_ index: Int) {
    let (manifest, expected) = Self.manifests[index]
    let found: String?
    do throws(SequencePackage.Refusal) {
      _ = try SequencePackage(manifest: manifest, byteCount: 1, hasPath: { _ in true })
      found = nil
    } catch { found = error.error.stringValue }
    #expect(found == expected.map { Self.prefix + $0 })
  }

  static let mains: [(main: String, files: Set<String>, engines: JSONObject, isFound: Bool)] = [
    ("index.js", ["index.js"], [:], true), ("index", ["index.js"], [:], true),
    ("./index", ["index.js"], [:], true), ("dist", ["dist/index.js"], [:], false),
    ("index.mjs", ["index.mjs"], [:], false), ("index.cjs", ["index.cjs"], [:], false),
    ("index.ts", ["index.ts"], [:], false), ("main.py", ["main.py"], ["python3": "3"], true),
    ("main.py", [], ["python3": "3"], false),
  ]

  @Test(
    "The JavaScript runner looks for the main file's name with .js behind it",
    arguments: 0..<mains.count)
  func main(_ index: Int) throws {
    let (main, files, engines, isFound) = Self.mains[index]
    let package = try SequencePackage(
      manifest: ["main": .string(main), "engines": .object(engines)], byteCount: 1,
      hasPath: files.contains)
    #expect(package.hasMain == isFound)
  }

  @Test("A package of two engines is taken, and not started")
  func twoEngines() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let upload = try await harness.send(
      .post, "\(ScramjetDemo.hub)/sequence", [("Content-Type", "application/octet-stream")],
      body: try ServiceHarness.package(["main": "i.js", "engines": ["node": "*", "python3": "3"]]))
    let id = try #require(upload.json["id"]?.stringValue)
    let reply = try await harness.post("\(ScramjetDemo.hub)/sequence/\(id)/start", [:])
    #expect(reply.status == 400)
    #expect(reply.error == "Multiple engines provided in configuration")
  }

  // MARK: Start, stop, kill

  @Test(
    "Args of any type are taken and shown as they came, a falsy instanceId is none",
    arguments: ["x", 5, true, ["a": 1], "", 0, nil, [1]] as [JSON])
  func arguments(value: JSON) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever", ["args": value, "instanceId": ""])
    #expect(try await harness.send(.get, instance).json["args"] == value)
  }

  @Test(
    "An explicit null is no default",
    arguments: [
      ("_stop", "timeout"), ("_stop", "canCallKeepalive"), ("_kill", "removeImmediately"),
    ])
  func nulls(operation: String, member: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever")
    let reply = try await harness.post("\(instance)/\(operation)", .object([member: .null]))
    #expect(reply.status == 400)
    #expect(reply.error == .string("Invalid \(member) format"))
  }

  @Test(
    "What is JSON is not given to whoever takes none (contract §1.6)",
    arguments: ["", "/health", "/event/e", "/once/e", "/once"])
  func accept(_ path: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever")
    let reply = try await harness.send(.get, instance + path, [("Accept", "text/plain")])
    #expect(reply.status == 415)
  }

  @Test("Blanks are no JSON")
  func blank() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever")
    let reply = try await harness.send(
      .post, "\(instance)/_kill", [("Content-Type", "application/json")], body: [0x20, 0x20])
    #expect(reply.status == 400)
  }

  @Test("A sequence is kept by what runs and for 15 s after its end, not for the extension")
  func delete() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: "forever")
    let sequence = try #require(
      try await harness.send(.get, instance).json["sequence"]?["id"]?.stringValue)
    let path = "\(ScramjetDemo.hub)/sequence/\(sequence)"
    #expect(try await harness.delete(path).status == 409)
    _ = try await harness.post("\(instance)/_kill", [:])
    harness.advance(.seconds(10))
    #expect(try await harness.delete(path).status == 409)
    harness.advance(.seconds(6))
    let archive = try ServiceHarness.package(["name": "x", "main": "index.js"])
    let put = try await harness.send(
      .put, path, [("Content-Type", "application/octet-stream")], body: archive)
    #expect(put.status == 409)
    #expect(try await harness.delete(path).status == 200)
    #expect(try await harness.send(.get, instance).status == 200)
  }

  // MARK: Instances' programs

  /// Python's process adapter shows every end as 213.
  @Test(
    "Every ended Python process is shown as failed with 213",
    arguments: ["_kill", "throws", "returns"])
  func python(way: String) async throws {
    let harness = try ServiceHarness(ScramjetService())
    let emulator: JSON =
      way == "throws"
      ? ["behaviour": "crash"]
      : way == "returns" ? ["behaviour": "value", "value": "x"] : "forever"
    let upload = try await harness.send(
      .post, "\(ScramjetDemo.hub)/sequence", [("Content-Type", "application/octet-stream")],
      body: try ServiceHarness.package([
        "main": "index.js", "engines": ["python3": "3.9"], "emulator": emulator,
      ]))
    let sequence = try #require(upload.json["id"]?.stringValue)
    let started = try await harness.post("\(ScramjetDemo.hub)/sequence/\(sequence)/start", [:])
    let instance = "\(ScramjetDemo.hub)/instance/\(try #require(started.json["id"]?.stringValue))"
    if way == "_kill" { _ = try await harness.post("\(instance)/_kill", [:]) }
    harness.advance(.seconds(2))
    let json = try await harness.send(.get, instance).json
    #expect(json["status"] == "errored")
    #expect(json["terminated"] == ["exitcode": 213, "reason": "Runner failed"])
  }

  @Test(
    "Lines that are blank or no JSON are left out of x-ndjson, whatever the pieces",
    arguments: [1, 3, 100])
  func jsonLines(size: Int) {
    var lane = InputQueue()
    let bytes = Array("{\"a\":1}\n\n  \nnot json\n5\n\"end\"".utf8)
    var start = 0
    while start < bytes.count {
      lane.append(Array(bytes[start..<min(bytes.count, start + size)]))
      start += size
    }
    lane.end()
    var pieces: [String] = []
    let demand = InputQueue.Demand(
      pieces: true, lines: false, keepsNewlines: false, pieceForm: .jsonLine)
    while case .piece(let piece)? = lane.take(demand) {
      pieces.append(String(decoding: piece, as: UTF8.self))
    }
    #expect(pieces == ["{\"a\":1}\n", "5\n", "\"end\"\n"])
  }

  @Test("A line of three megabytes is one line")
  func longLine() {
    var lane = InputQueue()
    for _ in 0..<48 { lane.append(Array(repeating: UInt8(ascii: "x"), count: 64 * 1024)) }
    lane.append([UInt8(ascii: "\n")])
    let demand = InputQueue.Demand(pieces: false, lines: true, keepsNewlines: false)
    #expect(lane.take(demand) == .line(Array(repeating: UInt8(ascii: "x"), count: 3 << 20)))
  }

  @Test("A function that returns nothing outputs undefined in JavaScript")
  func undefined() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(emulator: ["behaviour": "sink"])
    try await harness.give(instance, "data")
    #expect(try await harness.send(.get, "\(instance)/output").text == "undefined")
  }

  @Test("The flood says so when stdout is full for the first time")
  func flood() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let instance = try await harness.start(
      emulator: ["behaviour": "flood", "kilobytes": 256, "emit": "full", "message": "now"])
    let reply = try await harness.send(.get, "\(instance)/event/full")
    #expect(reply.json == "now")
  }

  // MARK: Hubs

  @Test("A crash ends every connection through the hub: log, audit, topics")
  func crash() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let paths = ["log", "audit", "topic/news"].map { "\(ScramjetDemo.hub)/\($0)" }
    let open = await withTaskGroup(of: Response.self) { group in
      for path in paths { group.addTask { await harness.answer(.get, path) } }
      var found: [Response] = []
      for await response in group { found.append(response) }
      return found
    }
    #expect(open.count == 3)
    #expect(try harness.live.emit(["crashHub": "sth-0"]))
    for response in open {
      guard let producer = response.body.producer else { continue }
      // It comes back only because the stream ends.
      _ = try await BodyWriter.collect(producer)
    }
  }

  @Test("The audit tells start, connection, the process's end and removal in the hub's order")
  func audit() async throws {
    let harness = try ServiceHarness(ScramjetService())
    let response = await harness.answer(.get, "\(ScramjetDemo.hub)/audit")
    let instance = try await harness.start(emulator: "forever")
    _ = try await harness.send(.get, "\(ScramjetDemo.hub)/instances")
    _ = try await harness.post("\(instance)/_kill", [:])
    harness.advance(.seconds(300))
    #expect(try harness.live.emit(["crashHub": "sth-0"]))
    guard let producer = response.body.producer else { return }
    let text = String(decoding: try await BodyWriter.collect(producer), as: UTF8.self)
    let lines = try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
    #expect(lines.allSatisfy { $0["objectId"] != "" })
    let beats = lines.filter { $0["opCode"] == 13010 || $0["opCode"] == 13012 }
    #expect(!beats.isEmpty && beats.allSatisfy { $0["opState"] == "ACTIVE" })
    let id = instance.split(separator: "/").last.map { JSON.string(String($0)) }
    let life = lines.filter { $0["objectId"] == id && $0["opState"] == "" }
    #expect(life.compactMap { $0["opCode"]?.intValue } == [4, 0, 3, 2])
  }

  @Test(
    "Paths of instances in other letters and with a slash at the end, ids as they were written",
    arguments: ["/health/", "/HEALTH", "/Health/", "/"])
  func paths(end: String) async throws {
    let harness = try ServiceHarness(ScramjetService(), isStrict: true)
    let instance = try await harness.start(emulator: "forever")
    #expect(try await harness.send(.get, instance + end).status == 200)
    #expect(try await harness.send(.get, "\(instance)/nowhere\(end)").status == 404)
    #expect(try await harness.send(.get, "\(instance)//health").status == 404)
    let unknown = try await harness.send(.get, "\(ScramjetDemo.hub)/sequence/a%20b")
    #expect(unknown.error == "Sequence a%20b not found")
  }
}
