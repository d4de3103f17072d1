package import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Which requests may hold a loop for too long, judged by counts alone: a record takes about a
/// microsecond to write out, and a few to make or to remove.
extension SteamshipHandler {
  /// How far a request of an operation may reach.
  enum Reach: Sendable {
    /// A handful of records, however many there are.
    case few
    /// A file with its blocks and tags.
    case file
    /// Whatever one of these fields names; a handful of records without them.
    case named([String])
    /// A block with its tags.
    case block
    /// A workspace with all that is in it.
    case workspace
    /// What a query finds.
    case query
    /// So many records at most, none of which has a long text.
    case most(@Sendable (borrowing SteamshipState) -> Int)
    /// Any of the files, with blocks and tags.
    case files
    /// All of these for each element of a list in the request.
    case each(String, @Sendable (borrowing SteamshipState) -> Extent)
    /// A page of these, all of which may be looked at.
    case page(@Sendable (borrowing SteamshipState) -> Extent)
    /// Whatever there is.
    case everything
  }

  /// How many records a request may reach, and about how much memory they take: no answer has more text.
  struct Extent {
    var count: Int
    var bytes: Int
  }
}

extension Table {
  var extent: SteamshipHandler.Extent { SteamshipHandler.Extent(count: count, bytes: heapBytes) }
}

extension SteamshipService {
  /// Some milliseconds.
  static let recordsOnLoopMax = 1500
  /// While no more is stored, texts are short.
  static let storedBytesMax = 16 << 20
  /// So much text takes as long to write out as a record.
  fileprivate static let bytesPerRecord = 2 << 10
  /// So many records are looked at in the time that one takes to be written.
  private static let looksPerRecord = 16

  package func mayTakeLong(
    _ call: Call, at endpoint: Endpoint<SteamshipService>, in world: World<State>
  ) -> Bool {
    if case .few = endpoint.handler.reach { return false }
    let reach = endpoint.handler.reach
    return world.box.read { state in
      // A task that takes time does its work when that has passed, unless a behaviour says otherwise.
      if case .task(.some, _, _) = endpoint.handler.work, state.script.behaviors.isEmpty {
        return false
      }
      let most = state.extent(within: reach, of: call, world.blobs.budget)
      let storesMuch = most.bytes > Self.storedBytesMax
      guard storesMuch || most.count > Self.recordsOnLoopMax else { return false }
      // Malformed content is refused soon.
      guard let arguments = try? Self.arguments(of: call) else { return false }
      let count: Int? =
        switch reach {
        case .few: 0
        // One that is not there is refused soon.
        case .file:
          arguments["id"]?.stringValue.map { id in
            state.files.key(id: id).map { state.recordCount(ofFile: $0) } ?? 0
          }
        case .named(let fields): fields.contains { arguments[$0] != nil } ? nil : 0
        case .workspace:
          arguments["id"]?.stringValue.flatMap { state.workspaces.key(id: $0) }.map {
            state.recordCount(ofWorkspace: $0)
          }
        case .block:
          arguments["id"]?.stringValue.flatMap { state.blocks.key(id: $0) }.map {
            state.blocks.read($0) { $0.tags.keys.count + $0.content.count / Self.bytesPerRecord }
              ?? 0
          }
        case .query: storesMuch ? nil : state.candidateCount(call, endpoint.right, arguments)
        case .each(let list, let extent):
          storesMuch ? nil : extent(state).count * (arguments[list]?.arrayValue?.count ?? 1)
        case .page: storesMuch ? nil : Self.recordCount(ofPage: arguments, most.count)
        case .most, .files: storesMuch ? nil : most.count
        case .everything: nil
        }
      return count ?? .max > Self.recordsOnLoopMax
    }
  }

  private static func recordCount(ofPage arguments: Arguments, _ count: Int) -> Int {
    let size = arguments["pageSize"]?.intValue ?? arguments["size"]?.intValue
    return count / looksPerRecord + min(count, size ?? Page<File>.sizeByDefault)
  }
}

extension SteamshipState {
  var recordCount: Int {
    workspaces.count + invocables.count + versions.count + instances.count + tasks.count
      + comments.count + files.count + blocks.count + tags.count + indices.count + indexItems.count
  }

  /// At most that much, whatever else the request says.
  fileprivate func extent(
    within reach: SteamshipHandler.Reach, of call: Call, _ budget: MemoryBudget
  ) -> SteamshipHandler.Extent {
    let count: Int
    switch reach {
    case .page(let extent): return extent(self)
    case .each(_, let extent):
      // An element takes three bytes at least: `"",`.
      var most = extent(self)
      most.count *= 1 + call.content.count / 3
      return most
    // None of them has a long text.
    case .most(let count): return SteamshipHandler.Extent(count: count(self), bytes: 0)
    case .few: count = 0
    case .file: count = blocks.count + tags.count
    case .files: count = files.count + blocks.count + tags.count
    case .block: count = tags.count
    case .named, .workspace, .query, .everything: count = recordCount
    }
    return SteamshipHandler.Extent(count: count, bytes: Int(clamping: budget.bytesUsed))
  }

  /// The same of a workspace, and of all signed URLs' contents, which are looked through.
  fileprivate func recordCount(ofWorkspace key: Key<Workspace>) -> Int {
    guard let workspace = workspaces[key] else { return 0 }
    var count =
      workspace.tasks.keys.count + workspace.packageInstances.keys.count
      + workspace.pluginInstances.keys.count + storedObjects.count
    for index in workspace.indices.keys {
      count += 1 + (indices.read(index, { $0.items.keys.count }) ?? 0)
    }
    for file in workspace.files.keys {
      guard count <= SteamshipService.recordsOnLoopMax else { break }
      count += 1 + recordCount(ofFile: file)
    }
    return count
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

  /// How many conditions a query looks at if no relation multiplies them; nil: that is unknown.
  fileprivate func candidateCount(
    _ call: Call, _ right: SteamshipRight?, _ arguments: Arguments
  ) -> Int? {
    guard let text = arguments["tagFilterQuery"]?.stringValue,
      let query = try? ShipQLParser.parse(text),
      let identity = try? Identity(call, needs: right)
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
    return knownWorkspace(identity.workspace, of: user)
  }
}
