import CodeRuntime
import Foundation
import PayloadCodecs
import Testing

@Suite("Sequences in processes", .timeLimit(.minutes(15)), .serialized)
struct SequenceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var rule: String
    var language = SequenceProcess.Language.javaScript
    var code: String
    var input: (type: String, text: String)?
    var output: String
    var end: ProcessEnd
    var testDescription: String { rule }
  }

  static let cases = [
    Case(
      rule: "A result that is a primitive is its text", code: "module.exports = () => 42",
      output: "42", end: .exited(0)),
    Case(
      rule: "No result is undefined", code: "module.exports = () => {}", output: "undefined",
      end: .exited(0)),
    Case(
      rule: "A generator's items are JSON lines",
      code: "module.exports = function* () { yield 'a'; yield {n: 1} }",
      output: "\"a\"\n{\"n\":1}\n", end: .exited(0)),
    Case(
      rule: "Text input that is mapped stays text",
      code: "module.exports = (input, end) => input.map(x => 'Hello ' + x + end)",
      input: ("text/plain", "Ada"), output: "Hello Ada!", end: .exited(0)),
    Case(
      rule: "ndjson input is objects",
      code:
        "module.exports = async function* (input) { for await (const x of input) yield x.n + 1 }",
      input: ("application/x-ndjson", "{\"n\":1}\n{\"n\":2}\n"), output: "2\n3\n", end: .exited(0)),
    Case(
      rule: "What Node streams goes out as it is",
      code: "module.exports = () => require('stream').Readable.from(['a', 'b'])", output: "ab",
      end: .exited(0)),
    Case(
      rule: "null is nothing", code: "module.exports = () => null", output: "", end: .exited(0)),
    Case(
      rule: "A line that is no JSON is left out",
      code: "module.exports = (input) => input",
      input: ("application/x-ndjson", "{\"n\":1}\n{\n\n2"), output: "{\"n\":1}\n2\n",
      end: .exited(0)),
    Case(
      rule: "A throw is exit code 23", code: "module.exports = () => { throw new Error('x') }",
      output: "", end: .exited(23)),
    Case(
      rule: "A falsy result before the last function is exit code 23",
      code: "module.exports = [() => null, () => 1]", output: "", end: .exited(23)),
    Case(
      rule: "An empty array is exit code 22", code: "module.exports = []", output: "",
      end: .exited(22)),
    Case(
      rule: "A file that cannot be loaded is exit code 22", code: "module.exports = (", output: "",
      end: .exited(22)),
    Case(
      rule: "What nobody catches is exit code 101",
      code: "module.exports = () => new Promise(() => setTimeout(() => { throw 1 }, 1))",
      output: "", end: .exited(101)),
    Case(
      rule: "The heap is three quarters of what a process may take",
      code:
        "module.exports = () => require('v8').getHeapStatistics().heap_size_limit >= 384 * 2 ** 20",
      output: "true", end: .exited(0)),
    Case(
      rule: "Python reads text by lines", language: .python,
      code:
        "async def run(context, input, end):\n  async for x in input:\n    yield x.strip() + end",
      input: ("text/plain", "a\nb\n"), output: "a!b!", end: .exited(0)),
    Case(
      rule: "Python's exceptions are exit code 1", language: .python,
      code: "def run(context, input, end):\n  raise Exception()", output: "", end: .exited(1)),
  ]

  @Test("An instance's output and end", arguments: cases)
  func runs(_ sample: Case) async throws {
    let world = try CodeWorld()
    let process = try await start(sample.language, sample.code, world)
    if let (type, text) = sample.input {
      await process.setInputType(type)
      _ = await process.write(Array(text.utf8), to: .input)
      process.endWriting(to: .input)
    }
    // One that is through stays until its time is over.
    let listening = Task {
      while let saying = await process.nextSaying() {
        if case .completed = saying { await process.leave() }
      }
    }
    var output: [UInt8] = []
    while let bytes = await process.read(.output) { output += bytes }
    #expect(String(decoding: output, as: UTF8.self) == sample.output)
    #expect(await process.ended() == sample.end)
    await listening.value
    process.close()
  }

  @Test("Events go both ways, a stop runs its handlers, a kill ends with 138")
  func events() async throws {
    let world = try CodeWorld()
    let process = try await start(
      .javaScript,
      """
      module.exports = function () {
        this.on("in", (message) => this.emit("out", message.n + 1));
        this.addStopHandler(() => this.keepAlive(500));
        return new Promise(() => {});
      }
      """, world)
    while let saying = await process.nextSaying() {
      if case .topics = saying { break }
    }
    await process.send(event: "in", message: ["n": 1])
    await process.stop(timeoutMilliseconds: 100, canCallKeepAlive: true)
    var heard: [String] = []
    listening: while let saying = await process.nextSaying() {
      switch saying {
      case .event(let name, let message): heard.append("\(name) \(message?.text ?? "")")
      case .keepAlive(let milliseconds): heard.append("alive \(milliseconds)")
      case .stopped:
        heard.append("stopped")
        break listening
      default: break
      }
    }
    #expect(heard == ["out 2", "alive 500", "stopped"])
    await process.askToGo()
    #expect(await process.ended() == .exited(138))
    process.close()
  }

  private func start(
    _ language: SequenceProcess.Language, _ code: String, _ world: CodeWorld
  ) async throws -> SequenceProcess {
    let isPython = if case .python = language { true } else { false }
    let name = isPython ? "main.py" : "index.js"
    let folder = try world.folder([name: code])
    let process = try await SequenceProcess.launch(language, world.launcher, world.store)
    _ = await process.begin(
      SequenceProcess.Order(
        language: language, folder: folder, main: name,
        start: [
          "args": ["!"], "appConfig": [:], "instanceId": "I", "exitTimeout": 50,
          "hub": "http://127.0.0.1:9/api/v1", "space": "http://127.0.0.1:9/api/v1",
        ]))
    return process
  }
}
