import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// `POST task/status`: what clients ask most, so it has a way of its own. A task's answer is rendered
/// once for each of its states and then handed out as it is, read under the lock.
extension SteamshipService {
  /// The short way: a plain question for a task that has ended and was shown before. Nil: take the
  /// long one. Does without a JSON tree and without what only a change would need to know.
  func finishedTaskStatus(_ call: Call, in world: World<State>) -> Response? {
    guard let number = PlainTaskQuestion.number(in: call.content), let credential = call.credential,
      case .accepted = call.credentialVerdict
    else { return nil }
    let bytes = world.read { state in state.rendering(of: number, shownTo: credential) }
    return bytes.map { SteamshipWire.json($0) }
  }

  func taskStatus(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    let arguments = try Self.arguments(of: call)
    var id = try arguments.name("taskId")
    if id == nil { id = try arguments.name("id") }
    guard let id else { throw SteamshipError.invalid("The field \"taskId\" is missing.") }
    let credential = identity.credential
    let rendered = world.read { state in state.look(atTask: id, credential: credential) }
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
      let bytes = try world.mutate { (state, step) throws(SteamshipError) -> [UInt8] in
        state.codeOrigin.value = codeOrigin(in: world.tenant)
        // How often a client looks, and by which way, shifts the ids of nothing else.
        let caller = try state.caller(identity, named: .text(""), &step)
        let key = try state.ownTask(id: id, caller)
        if countsPoll { state.countPoll(of: key, &step) }
        return state.renderTask(key, for: identity.credential)
      }
      return SteamshipWire.json(bytes)
    } catch {
      return error.response
    }
  }
}

/// `{"taskId": "…"}` and nothing else: what the SDK asks with, recognised by its bytes.
enum PlainTaskQuestion {
  private static let name = Array("\"taskId\"".utf8)

  /// Nil for anything that is not quite that: the JSON parser then has the say.
  static func number(in content: [UInt8]) -> TaskNumber? {
    let bytes = content.span
    var index = 0
    guard take(UInt8(ascii: "{"), bytes, &index) else { return nil }
    skipSpace(bytes, &index)
    guard bytes.count - index > name.count else { return nil }
    for byte in name.span.indices where bytes[index + byte] != name[byte] { return nil }
    index += name.count
    guard take(UInt8(ascii: ":"), bytes, &index), take(UInt8(ascii: "\""), bytes, &index),
      bytes.count - index > TaskNumber.length,
      let number = TaskNumber(bytes.extracting(index..<index + TaskNumber.length))
    else { return nil }
    index += TaskNumber.length
    guard bytes[index] == UInt8(ascii: "\"") else { return nil }
    index += 1
    guard take(UInt8(ascii: "}"), bytes, &index) else { return nil }
    skipSpace(bytes, &index)
    return index == bytes.count ? number : nil
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
}

/// A task's id as a number: a table of many is searched without a look at texts that lie elsewhere.
struct TaskNumber: Hashable, Sendable {
  private let high, low: UInt64

  /// How many characters an id has.
  static let length = 36

  /// In any case, as ids are looked up. Nil for a text of another form: such a task has no number.
  init?(_ id: Span<UInt8>) {
    guard let words = UUIDText.read(id) else { return nil }
    (high, low) = words
  }

  init?(_ id: String) { self.init(id.utf8Span.span) }

  /// As the key of a table, by one step.
  func _rawHashValue(seed: Int) -> Int { RawSpan.hash(high, low, seed: seed) }
}

extension TaskNumber: Weighed {
  var heapBytes: Int { 0 }
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
  /// The rendered answer of a task that has ended, to who was shown it before.
  borrowing func rendering(of number: TaskNumber, shownTo credential: String) -> [UInt8]? {
    renderings.value?.read(number) { rendering in
      // Whom a key stands for never changes, so it need not be looked up each time.
      let isKnown =
        rendering.credential?.isExactly(credential) == true
        || userByCredential[credential] == rendering.user
      return isKnown ? rendering.bytes : nil
    } ?? nil
  }

  borrowing func look(atTask id: String, credential: String?) -> Look {
    guard let credential else { return .unrendered }
    if let bytes = TaskNumber(id).flatMap({ rendering(of: $0, shownTo: credential) }) {
      return .final(bytes)
    }
    guard let user = userByCredential[credential], let key = tasks.key(id: id),
      tasks.read(key, { $0.user == user && !$0.state.isTerminal }) == true
    else { return .unrendered }
    return .unfinished(key)
  }

  /// Answers above this are rendered anew each time rather than kept twice.
  static let keptRenderingMax = 16 * 1024

  mutating func renderTask(_ key: Key<EngineTask>, for credential: String?) -> [UInt8] {
    let bytes = taskEnvelope(key)
    if bytes.count <= Self.keptRenderingMax,
      let (id, user) = tasks.read(key, { $0.state.isTerminal ? ($0.id, $0.user) : nil }),
      let number = TaskNumber(id)
    {
      if renderings.value == nil { renderings.value = WeighedDictionary() }
      // A key of deployed code stands for a user only as long as its instance is there.
      let ownKey = credential.flatMap { userByCredential[$0] == user ? $0 : nil }
      renderings.value?[number] = TaskRendering(user: user, credential: ownKey, bytes: bytes)
    }
    return bytes
  }

  mutating func forgetRendering(of key: Key<EngineTask>) {
    guard renderings.value?.isEmpty == false, let id = tasks.read(key, { $0.id }),
      let number = TaskNumber(id)
    else { return }
    renderings.value?[number] = nil
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
