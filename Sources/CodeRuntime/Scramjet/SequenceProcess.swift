import Dispatch
package import PayloadCodecs
import Synchronization

/// The process of one instance of a sequence: its streams, and what it says of itself.
///
/// **Isolation**: one reader for each stream, one writer for each.
package final class SequenceProcess: Sendable {
  package enum Language: Sendable { case javaScript, python }

  /// What a sequence is started with.
  package struct Order: Sendable {
    package var language: Language
    /// The unpacked package.
    package var folder: String
    /// The package's `main`.
    package var main: String
    /// `args`, `appConfig`, `instanceId`, `exitTimeout` and `rate` (ms), `hub` and `space` (base URLs),
    /// `token`.
    package var start: JSONObject

    package init(language: Language, folder: String = "", main: String, start: JSONObject) {
      (self.language, self.folder, self.main, self.start) = (language, folder, main, start)
    }
  }

  /// What a sequence says of itself.
  package enum Saying: Sendable {
    /// Its runner is there.
    case hello
    /// The topic it reads, or writes, as far as it has one.
    case topics(JSONObject)
    case health(JSONObject)
    /// - isRunners: the runner's own line, not the sequence's.
    case log(level: String, message: JSON, data: [JSON], isRunners: Bool)
    case event(name: String, message: JSON?)
    case keepAlive(milliseconds: Int)
    case stopped(error: String?)
    /// Its function is through, and all that it gave has been written.
    case completed(timeoutMilliseconds: Int)
    /// It has nothing more to do at once, after what it was asked with that number.
    case idle(number: Int)
    /// Its runner ends the process with that code. A process that ends without was ended by others.
    case leaving(code: Int)
  }

  package enum Stream: Sendable { case input, stdin }
  package enum Source: Sendable { case output, stdout, stderr }

  private let control: Descriptor
  private let standardInput: Descriptor
  private let standardOutput: Descriptor
  private let standardError: Descriptor
  private let input: Descriptor
  private let output: Descriptor
  private let child: ChildProcess
  private let remaining = SayingBuffer()
  private let isCutOff = Atomic<Bool>(false)

  private init(
    _ child: ChildProcess, control: Descriptor, standard: [Descriptor], input: Descriptor,
    output: Descriptor
  ) {
    self.child = child
    self.control = control
    (standardInput, standardOutput, standardError) = (standard[0], standard[1], standard[2])
    self.input = input
    self.output = output
  }

  /// Starts a process that waits for its sequence.
  package static func launch(
    _ language: Language, _ launcher: Launcher, _ store: CodeStore
  ) async throws(CodeError) -> SequenceProcess {
    var ours: [Descriptor] = []
    var theirs: [ChildEnd] = []
    for _ in 0..<6 {
      let (our, their) = try Descriptor.pair()
      ours.append(our)
      theirs.append(their)
    }
    let user = ChildIdentity.ofItsOwn()
    let home = try store.makeHome(of: user)
    let settings = launcher.settings
    // Below what the kernel allows: the engine then says so itself, with a trace.
    let heapMegabytes = max(64, (settings.memoryBytes / 4 * 3) >> 20)
    let (program, arguments) =
      switch language {
      case .javaScript:
        (settings.node, ["--max-old-space-size=\(heapMegabytes)", store.javaScriptRunner])
      case .python: (settings.python, ["-u", store.pythonRunner])
      }
    let child: ChildProcess
    do throws(CodeError) {
      child = try await launcher.start(
        program, arguments,
        environment: ["HOME": home, "TMPDIR": home, "PYTHONDONTWRITEBYTECODE": "1"],
        folder: home, descriptors: theirs, user: user)
    } catch {
      store.remove(home)
      throw error
    }
    Task {
      _ = await child.ended()
      store.remove(home)
    }
    return SequenceProcess(
      child, control: ours[3], standard: Array(ours[0..<3]), input: ours[4], output: ours[5])
  }

  /// Hands its sequence over. False: it is gone.
  package func begin(_ order: Order) async -> Bool {
    var start = order.start
    start["folder"] = .string(order.folder)
    start["main"] = .string(order.main)
    return await tell("start", start)
  }

  package var hasEnded: Bool { child.hasEnded }

  /// The process's number on this machine.
  package var pid: Int { Int(child.pid) }

  // MARK: To the sequence

  /// False: it hears nothing any more.
  @discardableResult
  private func tell(_ kind: String, _ content: JSONObject) async -> Bool {
    let line: JSON = [.string(kind), .object(content)]
    return await control.write(line.serialized() + [UInt8(ascii: "\n")])
  }

  /// Of what type its input is: it gets none before.
  package func setInputType(_ type: String) async {
    await tell("input", ["contentType": .string(type)])
  }

  /// - Parameter message: nil: there is none.
  package func send(event name: String, message: JSON?) async {
    var content: JSONObject = ["eventName": .string(name)]
    if let message { content["message"] = message }
    await tell("event", content)
  }

  package func stop(timeoutMilliseconds: Int, canCallKeepAlive: Bool) async {
    await tell(
      "stop",
      ["timeout": .integer(timeoutMilliseconds), "canCallKeepalive": .bool(canCallKeepAlive)])
  }

  /// Lets its kill handlers run; `end` is for what does not go then.
  package func askToGo() async { await tell("kill", [:]) }

  /// Its time is over: it ends as one that is through.
  package func leave() async { await tell("leave", [:]) }

  /// Asks it to say `idle` with that number once it has done what it has been given.
  package func askForIdle(number: Int) async { await tell("work", ["number": .integer(number)]) }

  package func setRate(milliseconds: Int) async {
    await tell("rate", ["milliseconds": .integer(milliseconds)])
  }

  /// False: it reads no more.
  package func write(_ bytes: [UInt8], to stream: Stream) async -> Bool {
    await descriptor(of: stream).write(bytes)
  }

  package func endWriting(to stream: Stream) { descriptor(of: stream).endWriting() }

  private func descriptor(of stream: Stream) -> Descriptor {
    switch stream {
    case .input: input
    case .stdin: standardInput
    }
  }

  // MARK: From the sequence

  /// Nil: it has ended. Nobody reads ahead: what is not asked for holds the sequence.
  package func read(_ source: Source) async -> [UInt8]? {
    let descriptor =
      switch source {
      case .output: output
      case .stdout: standardOutput
      case .stderr: standardError
      }
    guard let bytes = await descriptor.read() else { return nil }
    guard bytes.count < bytes.capacity / 2 else { return bytes }
    // It is kept until somebody reads it: not with all the room that it was read into.
    var fitting: [UInt8] = []
    fitting.reserveCapacity(bytes.count)
    fitting += bytes
    return fitting
  }

  /// The next thing that it says; nil: it says no more. What is none of ours is left out.
  package func nextSaying() async -> Saying? {
    while true {
      if let line = remaining.nextLine() {
        if let saying = Saying(line) { return saying }
        continue
      }
      guard let bytes = await control.read(), remaining.append(bytes) else { return nil }
    }
  }

  /// Waits until its process has ended.
  package func ended() async -> ProcessEnd { await child.ended() }

  /// Ends its process and all that it has started, at once.
  package func end() { child.kill() }

  /// The same, with the server: that is no end of its instance's own.
  func endWithServer() {
    isCutOff.store(true, ordering: .releasing)
    end()
  }

  /// Whether the server's end has ended it.
  package var endedWithServer: Bool { isCutOff.load(ordering: .acquiring) }

  /// Lets it stand still with all that it has started, or go on.
  package func hold(_ isHeld: Bool) { child.hold(isHeld) }

  /// The same, unless it ends by itself before.
  package func end(after pause: Duration) { Self.later(pause) { [weak self] in self?.end() } }

  /// Lets its streams go later, whoever else holds them then.
  package func close(after pause: Duration) { Self.later(pause) { [weak self] in self?.close() } }

  private static func later(_ pause: Duration, _ body: @escaping @Sendable () -> Void) {
    let (seconds, attoseconds) = pause.components
    let milliseconds = Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: body)
  }

  /// Lets its streams go.
  package func close() {
    child.kill()
    for descriptor in [control, standardInput, standardOutput, standardError, input, output] {
      descriptor.close()
    }
  }
}

extension SequenceProcess.Saying {
  /// Nil: what no runner of ours says. The code can write there too.
  fileprivate init?(_ line: [UInt8]) {
    guard let pair = (try? JSON(parsing: line))?.arrayValue, pair.count == 2,
      let kind = pair[0].stringValue, let content = pair[1].objectValue
    else { return nil }
    switch kind {
    case "hello": self = .hello
    case "pang": self = .topics(content)
    case "health": self = .health(content)
    case "log":
      self = .log(
        level: content["level"]?.stringValue ?? "INFO", message: content["msg"] ?? "",
        data: content["data"]?.arrayValue ?? [], isRunners: content["from"] == "Runner")
    case "event":
      guard let name = content["eventName"]?.stringValue else { return nil }
      self = .event(name: name, message: content["message"])
    case "idle": self = .idle(number: content["number"]?.intValue ?? 0)
    case "leaving": self = .leaving(code: content["code"]?.intValue ?? 0)
    case "alive": self = .keepAlive(milliseconds: content["keepAlive"]?.intValue ?? 0)
    case "stopped": self = .stopped(error: content["error"]?.stringValue)
    case "completed": self = .completed(timeoutMilliseconds: content["timeout"]?.intValue ?? 0)
    default: return nil
    }
  }
}
