import CProcess
import PayloadCodecs

/// A process that has the SDK of one interpreter imported, and forks workers: they begin in some
/// milliseconds in place of half a second.
final class Zygote: Sendable {
  private let channel: Descriptor
  private let child: ChildProcess
  /// Whether each worker is a user of its own. Else all are who the zygote is.
  private let givesUsers: Bool

  private init(_ channel: Descriptor, _ child: ChildProcess, givesUsers: Bool) {
    (self.channel, self.child, self.givesUsers) = (channel, child, givesUsers)
  }

  /// Who its next worker is.
  var user: UInt32 { givesUsers ? ChildIdentity.ofItsOwn() : ChildIdentity.user }

  static func start(
    python: String, _ launcher: Launcher, _ store: CodeStore
  ) async throws(CodeError) -> Zygote {
    let (channel, theirs) = try Descriptor.pair(keepsBounds: true)
    let (complaints, complained) = try Descriptor.pair()
    let errors = OutputTail()
    let reader = OutputReader(complaints) { errors.append($0) }
    var limits = ChildLimits()
    // Its workers have bounds of their own; together they may be many.
    limits.processes = 4096
    let nothing = try ChildEnd.nothing()
    let givesUsers = await launcher.mapsUsers()
    let child = try await launcher.start(
      python, ["-u", store.steamshipRunner, "zygote"] + (givesUsers ? ["users"] : []),
      environment: ["HOME": store.emptyHome], folder: store.emptyHome,
      descriptors: [nothing, nothing, complained, theirs], limits: limits, mapsUsers: givesUsers)
    if let hello = await channel.read(), !hello.isEmpty {
      return Zygote(channel, child, givesUsers: givesUsers)
    }
    child.kill()
    _ = await child.ended()
    reader.pull()
    let lines = errors.lines(12)
    guard lines.contains("No module named") else { throw .notStarted(python, reason: lines) }
    throw .noSDK("\(python) has no Steamship SDK (pip install steamship):\n\(lines)")
  }

  /// Asks for a worker. It speaks for itself through the first of its descriptors: channel, output,
  /// errors.
  func fork(
    folder: String, home: String, as user: UInt32, _ ends: [ChildEnd], dataBytes: Int
  ) throws(CodeError) {
    let bounds = ChildLimits()
    let order: JSON = [
      // By its number in the zygote's namespace.
      "user": givesUsers ? .integer(Int(user - ChildIdentity.user)) : .null,
      "folder": .string(folder), "home": .string(home),
      "processes": .integer(bounds.processes),
      "limits": [
        "DATA": .integer(dataBytes), "FSIZE": .integer(bounds.fileBytes),
        "NOFILE": .integer(bounds.openFiles),
      ],
    ]
    let content = order.serialized()
    // SAFETY: both buffers live for the call and are as long as it is told.
    let sent = unsafe content.withUnsafeBytes { bytes in
      unsafe ends.map(\.number).withUnsafeBufferPointer { descriptors in
        channel.call {
          unsafe Int(
            wavetank_send_descriptors(
              $0, bytes.baseAddress, bytes.count, descriptors.baseAddress,
              Int32(clamping: descriptors.count)))
        }.result
      }
    }
    ends.forEach { $0.close() }
    guard sent == 0 else {
      throw .notStarted("a worker", reason: Spawner.message(Int32(clamping: -sent)))
    }
  }

  var hasEnded: Bool { child.hasEnded }

  /// Ends it and all that it has forked, and waits until they are gone.
  func end() async {
    channel.close()
    child.kill()
    _ = await child.ended()
  }
}
