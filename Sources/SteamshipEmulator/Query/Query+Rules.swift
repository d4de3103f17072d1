import EmulatorKernel
import PayloadCodecs

/// `tag/query`, `block/query`, `file/query`: what comes back are the tags that match, or the blocks or
/// files that have one. Scope: the request's workspace. No paging.
extension SteamshipState {
  private mutating func query(
    _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> (ShipQL, Key<Workspace>) {
    let query = try ShipQLParser.parse(job.arguments.requiredString("tagFilterQuery"))
    return (query, try workspace(of: job.caller, &step))
  }

  /// `POST tag/query`, in order of creation.
  mutating func queryTags(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let (query, workspace) = try query(job, &step)
    let found: [Key<Tag>] =
      switch query {
      case .all:
        workspaces.read(workspace, { $0.tagIndex.all.keys })?.filter { tags.contains($0) } ?? []
      case .matching(let expression): try matchingTags(expression, workspace)
      }
    return tagsReply(found)
  }

  /// `POST block/query`: by file, then by index. File tags make no block match.
  mutating func queryBlocks(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let (query, workspace) = try query(job, &step)
    let found: [Key<Block>]
    switch query {
    case .all:
      found = (workspaces.read(workspace, { $0.files.keys }) ?? []).flatMap {
        files.read($0, { $0.blocks }) ?? []
      }
    case .matching(let expression):
      // By file, then as they stand in it.
      found = try matchingTags(expression, workspace).distinct { tags.read($0, { $0.block }) }
        .map { (file: blocks.read($0) { $0.file.serial } ?? 0, block: $0) }
        .sorted { ($0.file, $0.block) < ($1.file, $1.block) }
        .map(\.block)
    }
    return blocksReply(found, step.blobs)
  }

  /// `POST file/query`, in order of creation.
  mutating func queryFiles(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let (query, workspace) = try query(job, &step)
    let found: [Key<File>] =
      switch query {
      case .all: (workspaces.read(workspace, { $0.files.keys }) ?? []).filter { files.contains($0) }
      case .matching(let expression):
        try matchingTags(expression, workspace).distinct { tags.read($0, { $0.file }) }
      }
    return filesReply(found, step.blobs)
  }

  /// Tags of one workspace that satisfy an expression.
  func matchingTags(
    _ expression: ShipQL.Expression, _ workspace: Key<Workspace>
  ) throws(SteamshipError) -> [Key<Tag>] {
    var evaluator = QueryEvaluator(self, workspace)
    return try evaluator.tags(matching: expression)
  }
}

extension [Key<Tag>] {
  /// What tags belong to, each once, in order of creation.
  func distinct<Record>(_ owner: (Key<Tag>) -> Key<Record>?) -> [Key<Record>] {
    var all: [Key<Record>] = []
    all.reserveCapacity(count)
    for tag in self {
      // Most come in order.
      if let key = owner(tag), key != all.last { all.append(key) }
    }
    if !zip(all, all.dropFirst()).allSatisfy(<) { all = Set(all).sorted() }
    return all
  }
}
