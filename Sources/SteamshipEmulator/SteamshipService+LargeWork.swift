package import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Which requests may hold a loop for too long, told from counts alone: a record takes about ten
/// microseconds to make, to write out or to remove.
extension SteamshipService {
  /// How far a request of an operation may reach.
  private enum Reach: Sendable {
    /// A handful of records, however many there are.
    case few
    /// A file with its blocks and tags.
    case file
    /// A block with its tags.
    case block
    /// What a query finds.
    case query
    /// Whatever there is.
    case everything

    init(_ operation: String) {
      switch operation.dropFirst("steamship.".count) {
      case "file.get", "file.update", "file.delete", "file.clear": self = .file
      case "block.get", "block.update", "block.delete": self = .block
      case "tag.query", "block.query": self = .query
      case "tag.delete", "task.comment.delete", "task.get": self = .few
      case "file.import", "file.query", "account.usage", "account.usageSummary",
        "usage.aggregate":
        self = .everything
      case let name where name.hasPrefix("plugin.instance.") || name.hasPrefix("embeddingIndex."):
        self = .everything
      case let name where name.hasSuffix(".list") || name.hasSuffix(".delete"):
        self = .everything
      case let name where name.hasPrefix("plugin.version."): self = .everything
      default: self = .few
      }
    }
  }

  private static let reaches = SteamshipRoutes.all.map { Reach($0.operation.name) }

  /// Some milliseconds.
  static let recordsOnLoopMax = 400
  /// While no more is stored, texts are short.
  private static let storedBytesMax: UInt64 = 16 << 20
  /// So much text takes as long to write out as a record.
  fileprivate static let bytesPerRecord = 8 << 10

  package func mayTakeLong(_ call: Call, in world: World<State>) -> Bool {
    let reach = Self.reaches[call.operationIndex]
    if case .few = reach { return false }
    let storesMuch = world.blobs.budget.bytesUsed > Self.storedBytesMax
    return world.box.read { state in
      guard storesMuch || state.recordCount > Self.recordsOnLoopMax else { return false }
      // What is wrong with the content is told soon.
      guard let arguments = try? Self.arguments(call.content) else { return false }
      let count: Int? =
        switch reach {
        case .few: 0
        case .file:
          arguments["id"]?.stringValue.flatMap { state.files.key(id: $0) }.map {
            state.recordCount(ofFile: $0)
          }
        case .block:
          arguments["id"]?.stringValue.flatMap { state.blocks.key(id: $0) }.map {
            state.blocks.read($0) { $0.tags.keys.count + $0.content.count / Self.bytesPerRecord }
              ?? 0
          }
        case .query: storesMuch ? nil : state.candidateCount(call, arguments)
        case .everything: nil
        }
      return count ?? .max > Self.recordsOnLoopMax
    }
  }
}

extension SteamshipState {
  var recordCount: Int {
    workspaces.count + invocables.count + versions.count + instances.count + tasks.count
      + comments.count + files.count + blocks.count + tags.count + indices.count + indexItems.count
  }

  /// At least that many, if they are more than a loop deals with.
  fileprivate func recordCount(ofFile key: Key<File>) -> Int {
    guard let file = files[key] else { return 0 }
    var count = file.blocks.count + file.tags.keys.count
    for block in file.blocks {
      guard count <= SteamshipService.recordsOnLoopMax else { break }
      count +=
        blocks.read(block) {
          $0.tags.keys.count + $0.content.count / SteamshipService.bytesPerRecord
        }
        ?? 0
    }
    return count
  }

  /// How many conditions a query looks at if no relation multiplies them; nil: it cannot be told.
  fileprivate func candidateCount(_ call: Call, _ arguments: Arguments) -> Int? {
    guard let text = arguments["tagFilterQuery"]?.stringValue,
      let query = try? ShipQLParser.parse(text),
      let identity = try? Identity(call, needsKey: true)
    else { return 0 }
    guard case .matching(let expression) = query, let workspace = knownWorkspace(of: identity)
    else { return nil }
    return QueryEvaluator(self, workspace).candidateCount(expression).map {
      $0 * (1 + text.utf8.count / 32)
    }
  }

  private func knownWorkspace(of identity: Identity) -> Key<Workspace>? {
    guard let credential = identity.credential, let user = userByCredential[credential] else {
      return nil
    }
    return switch identity.workspace {
    case .id(let id): workspaces.key(id: id)
    case .handle(let handle): users[user]?.workspaceByHandle[handle]
    case .unnamed: users[user]?.workspaceByHandle[Workspace.defaultHandle]
    }
  }
}
