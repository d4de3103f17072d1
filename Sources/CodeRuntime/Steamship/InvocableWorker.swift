import Dispatch
import PayloadCodecs
import Synchronization

/// A process that has loaded one program and answers its requests, one after the other.
final class InvocableWorker: Sendable {
  /// Answers up to this are taken. The SDK puts plugins' answers of more than 4 MB into a bucket.
  private static let answerBytesMax = 64 << 20

  private let channel: Descriptor
  private let child: ChildProcess
  /// What it complained of.
  private let errors: OutputTail
  private let readers: [OutputReader]
  private let home: String
  /// Where goes what it prints.
  let print: Printing

  private init(
    _ channel: Descriptor, _ child: ChildProcess, _ errors: OutputTail, _ print: Printing,
    _ readers: [OutputReader], home: String
  ) {
    (self.channel, self.child, self.errors, self.home) = (channel, child, errors, home)
    (self.print, self.readers) = (print, readers)
  }

  var hasEnded: Bool { child.hasEnded }

  /// Waits until its process has ended.
  func ended() async { _ = await child.ended() }

  /// Starts one, and waits until it says that it is there.
  /// - Parameter print: gets what the code prints.
  static func start(
    _ program: InvocableProgram, _ launcher: Launcher, _ zygote: Zygote?, _ store: CodeStore,
    print: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(CodeError) -> InvocableWorker {
    let user = zygote?.user ?? ChildIdentity.ofItsOwn()
    let home = try store.makeHome(of: user)
    let (channel, theirs) = try Descriptor.pair()
    let (output, printed) = try Descriptor.pair()
    let (complaints, complained) = try Descriptor.pair()
    let errors = OutputTail()
    let printing = Printing()
    printing.direct(to: print)
    let readers = [
      OutputReader(output) { printing.take($0) },
      OutputReader(complaints) { bytes in
        errors.append(bytes)
        printing.take(bytes)
      },
    ]
    do throws(CodeError) {
      let direct: ChildProcess?
      if let zygote {
        direct = nil
        try zygote.fork(
          folder: program.folder, home: home, as: user, [theirs, printed, complained],
          dataBytes: launcher.settings.memoryBytes)
      } else {
        direct = try await launcher.start(
          program.python, ["-u", store.steamshipRunner, "worker", program.folder],
          environment: ["HOME": home, "TMPDIR": home], folder: program.folder,
          descriptors: [try ChildEnd.nothing(), printed, complained, theirs], user: user)
      }
      let watch = DispatchWorkItem { @Sendable in channel.close() }
      DispatchQueue.global().asyncAfter(
        deadline: .now() + launcher.settings.timeout.inSeconds, execute: watch)
      defer { watch.cancel() }
      guard case .value(let hello) = await receive(channel), let pid = hello["pid"]?.intValue
      else {
        direct?.kill()
        let end = await direct?.ended() ?? .gone
        readers.forEach { $0.pull() }
        throw .ended(end, errors: errors.complaints(40))
      }
      let child = direct ?? ChildProcess(pid: Int32(clamping: pid), isOurs: false)
      if let problem = hello["error"]?.stringValue { throw .noSDK(problem) }
      return InvocableWorker(channel, child, errors, printing, readers, home: home)
    } catch {
      channel.close()
      store.remove(home)
      throw error
    }
  }

  /// Sends a request and waits for its answer. After any failure the worker is of no use.
  func call(_ event: JSON, timeout: Duration) async throws(CodeError) -> JSON {
    let content = event.serialized()
    // What it said in an earlier call explains nothing of this one.
    errors.clear()
    let overdue = CancelFlag()
    let watch = DispatchWorkItem { @Sendable [child] in
      _ = overdue.set()
      child.kill()
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + timeout.inSeconds, execute: watch)
    defer { watch.cancel() }
    let length = UInt32(content.count).bigEndian
    let head = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    var told: ProcessEnd?
    var frame = Frame.end
    if await channel.write(head + content) {
      frame = await Self.receive(channel)
      if case .value(let answer) = frame {
        // Before the answer is anybody's: what was printed for it.
        readers.forEach { $0.pull() }
        told = Self.end(answer["ended"])
        if told == nil { return answer }
      }
    }
    child.kill()
    let end = await child.ended()
    readers.forEach { $0.pull() }
    if overdue.isSet { throw .timedOut(seconds: Int(exactly: timeout.inSeconds.rounded()) ?? 0) }
    if case .bad(let reason) = frame { throw .badAnswer(reason) }
    throw .ended(told ?? end, errors: errors.complaints(40))
  }

  private enum Frame {
    case value(JSON)
    case end
    case bad(String)
  }

  /// How a worker of the zygote's has ended: who watches over it says so.
  private static func end(_ value: JSON?) -> ProcessEnd? {
    if let code = value?["exit"]?.intValue { return .exited(code) }
    return value?["signal"]?.intValue.map { .killed(signal: $0) }
  }

  /// Ends its process; whoever waits for its answer lets the rest go.
  func kill() { child.kill() }

  /// Ends it. What it leaves in its home goes too.
  func end(_ store: CodeStore) {
    channel.close()
    child.kill()
    store.remove(home)
  }

  /// A frame: four bytes of length, a JSON value.
  private static func receive(_ channel: Descriptor) async -> Frame {
    guard let head = await channel.read(exactly: 4) else { return .end }
    let length = head.reduce(0) { $0 << 8 | Int($1) }
    guard length <= answerBytesMax else {
      return .bad(
        "it is larger than \(answerBytesMax >> 20) MiB, or something else has written to its channel"
      )
    }
    guard let content = await channel.read(exactly: length) else { return .end }
    do {
      return .value(try JSON(parsing: content))
    } catch {
      return .bad("it is no JSON (\(error.description))")
    }
  }
}

/// Where goes what a worker prints: to whoever has a call with it.
final class Printing: Sendable {
  private struct Destination {
    var take: (@Sendable ([UInt8]) -> Void)?
  }
  private let destination = Mutex(Destination())

  /// - Parameter take: nil: nobody has a call; it is thrown away.
  func direct(to take: (@Sendable ([UInt8]) -> Void)?) { destination.withLock { $0.take = take } }

  func take(_ bytes: [UInt8]) { destination.withLock { $0.take }?(bytes) }
}

extension Duration {
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
