import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// `POST task/status`: what clients ask most, so it has a way of its own. A task's answer is rendered
/// once for each of its states and then handed out as it is, read under the lock.
extension SteamshipService {
  /// The short way: a plain question for a task that has ended and was shown before. Nil: take the
  /// long one. Does without a JSON tree and without what only a change would need to know.
  func finishedTaskStatus(_ call: Call, in world: World<State>) -> Response? {
    guard let id = PlainTaskQuestion.id(in: call.content),
      case .accepted = call.credentialVerdict
    else { return nil }
    let look = world.read { state in state.renderedTask(id: id, credential: call.credential) }
    guard case .final(let bytes) = look else { return nil }
    return SteamshipWire.json(bytes)
  }

  func taskStatus(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    let arguments = try Self.arguments(call.content)
    var id = try arguments.name("taskId")
    if id == nil { id = try arguments.name("id") }
    guard let id else { throw SteamshipError.invalid("The field \"taskId\" is missing.") }
    let credential = identity.credential
    let rendered = world.read { state in state.renderedTask(id: id, credential: credential) }
    switch rendered {
    case .final(let bytes): return .now(SteamshipWire.json(bytes))
    case .unfinished(let key) where world.isSkipping:
      return .later { _ in
        await world.look(atTask: key)
        world.mutate { state, step in state.countPoll(of: key, &step) }
        // The look may have been the one that a stage waited for.
        await world.look(atTask: key)
        return show(id, call, identity, in: world, countsPoll: false)
      }
    case .unfinished, .unrendered: return .now(show(id, call, identity, in: world))
    }
  }

  /// What a client sees of a task that may not have ended.
  private func show(
    _ id: String, _ call: Call, _ identity: Identity, in world: World<State>,
    countsPoll: Bool = true
  ) -> Response {
    do throws(SteamshipError) {
      let shown = try world.mutate { (state, step) throws(SteamshipError) -> Shown in
        state.codeOrigin.value = codeOrigin(in: world.tenant)
        let caller = try state.caller(identity, &step)
        let key = try state.ownTask(id: id, caller)
        if countsPoll { state.countPoll(of: key, &step) }
        // A task that came back with a snapshot is worked on by no one outside.
        let isLeftAlone =
          state.tasks.read(key, \.isAtOutsideStage) == true
          && state.tasks.read(key, \.worker.value) == nil
        return Shown(
          bytes: state.renderTask(key, for: identity.credential), leftAlone: isLeftAlone ? key : nil
        )
      }
      if let key = shown.leftAlone {
        workOutside(on: key, authorization: call.request.fields["authorization"], in: world)
      }
      return SteamshipWire.json(shown.bytes)
    } catch {
      return error.response
    }
  }

  private struct Shown: Sendable {
    var bytes: [UInt8]
    var leftAlone: Key<EngineTask>?
  }
}

/// `{"taskId": "…"}` and nothing else: what the SDK asks with, recognised by its bytes.
enum PlainTaskQuestion {
  private static let name = Array("\"taskId\"".utf8)

  /// Nil for anything that is not quite that: the JSON parser then has the say.
  static func id(in content: [UInt8]) -> String? {
    let bytes = content.span
    var index = 0
    guard take(UInt8(ascii: "{"), bytes, &index) else { return nil }
    skipSpace(bytes, &index)
    guard bytes.count - index > name.count else { return nil }
    for byte in name.span.indices where bytes[index + byte] != name[byte] { return nil }
    index += name.count
    guard take(UInt8(ascii: ":"), bytes, &index), take(UInt8(ascii: "\""), bytes, &index) else {
      return nil
    }
    let start = index
    while index < bytes.count, isPlain(bytes[index]) { index += 1 }
    let end = index
    guard end > start, take(UInt8(ascii: "\""), bytes, &index),
      take(UInt8(ascii: "}"), bytes, &index)
    else { return nil }
    skipSpace(bytes, &index)
    guard index == bytes.count else { return nil }
    return String(decoding: content[start..<end], as: UTF8.self)
  }

  private static func skipSpace(_ bytes: Span<UInt8>, _ index: inout Int) {
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x0A { index += 1 }
  }

  private static func take(_ byte: UInt8, _ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
    skipSpace(bytes, &index)
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  /// Letters, digits and hyphens: nothing that would need unescaping.
  private static func isPlain(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-")
  }
}

/// What a first look at a task finds.
enum Look: Sendable {
  /// It has ended, and this is what it answers.
  case final([UInt8])
  case unfinished(Key<EngineTask>)
  /// Ended but never shown, or not known under this key.
  case unrendered
}

extension SteamshipState {
  /// The rendered answer of a task that has ended.
  borrowing func renderedTask(id: String, credential: String?) -> Look {
    guard let credential else { return .unrendered }
    let rendering = renderings.value?[id]
    // Whom a key stands for never changes, so it need not be looked up each time.
    if let rendering, rendering.credential?.isExactly(credential) == true {
      return .final(rendering.bytes)
    }
    guard let user = userByCredential[credential] else { return .unrendered }
    if let rendering { return rendering.user == user ? .final(rendering.bytes) : .unrendered }
    guard let key = tasks.key(id: id),
      tasks.read(key, { $0.user == user && !$0.state.isTerminal }) == true
    else { return .unrendered }
    return .unfinished(key)
  }

  /// Answers above this are rendered anew each time rather than kept twice.
  static let keptRenderingMax = 16 * 1024

  mutating func renderTask(_ key: Key<EngineTask>, for credential: String?) -> [UInt8] {
    let bytes = taskEnvelope(key)
    if bytes.count <= Self.keptRenderingMax,
      let (id, user) = tasks.read(key, { $0.state.isTerminal ? ($0.id, $0.user) : nil })
    {
      if renderings.value == nil { renderings.value = WeighedDictionary() }
      // A key of deployed code stands for a user only as long as its instance is there.
      let ownKey = credential.flatMap { userByCredential[$0] == user ? $0 : nil }
      renderings.value?[id] = TaskRendering(user: user, credential: ownKey, bytes: bytes)
    }
    return bytes
  }

  mutating func forgetRendering(of key: Key<EngineTask>) {
    guard renderings.value?.isEmpty == false, let id = tasks.read(key, \.id) else { return }
    renderings.value?[id] = nil
  }
}

/// What `task/status` answers for a task that has ended.
struct TaskRendering: Sendable, Weighed {
  var user: Key<User>
  /// The user's key by which it was first shown; nil where it was by one of deployed code.
  var credential: String?
  var bytes: [UInt8]

  var heapBytes: Int { bytes.spineBytes + credential.heapBytes }
}
