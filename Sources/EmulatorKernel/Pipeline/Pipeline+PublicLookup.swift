import HTTPModel
import PayloadCodecs

/// Public things that are asked for by their id alone: a client builds such a URL from its base, and
/// whoever gets it sends no key, so nothing says which tenant is meant.
///
/// The default tenant wins; then, of the others, the one in which the id was made, by its mark; then the
/// first by name, since a snapshot may have brought the same id to several. Tenants in memory are all
/// looked into; those that wait in their files only where the id bears their mark. What is not public
/// is passed over as if it were not there, and where nobody has it the default tenant says so.
///
/// **Cost**: off the loop; a look-up for each tenant in memory, and reading at most `filesMax` files.
extension Pipeline {
  private static let filesMax = 4

  /// Nil: the default tenant answers, whoever else is there.
  func lookUpPublicly(
    _ addressed: AddressedRequest, _ resolution: Resolution, _ tag: inout UInt64
  ) -> Answer? {
    guard let index = resolution.operationIndex else { return nil }
    let entry = operations.entries[index]
    guard entry.operation.isFoundByID, tenants.hasOthers,
      services[entry.serviceIndex].credential(of: addressed.request) == nil
    else { return nil }
    let find = { @Sendable in
      Result<LiveTenant, ScenarioProblems>.success(
        await Offload.run { self.holder(entry, resolution.parameters) })
    }
    return proceed(addressed, inTenantFoundBy: find, &tag)
  }

  /// A use of it has begun.
  private func holder(_ entry: OperationTable.Entry, _ parameters: PathParameters) -> LiveTenant {
    func shows(_ live: LiveTenant) -> Bool {
      live.slots[entry.serviceIndex].showsToEverybody(
        parameters, endpointIndex: entry.endpointIndex)
    }
    func used(_ live: LiveTenant?) -> LiveTenant? {
      guard let live else { return nil }
      if shows(live) {
        tenants.touch(live)
        return live
      }
      live.tenant.uses.end()
      return nil
    }
    if let home = used(tenants.useDefault()) { return home }
    let mark = entry.operation.resourceParameter.flatMap { parameters[$0] }
      .flatMap(TenantMark.init(ofID:))
    let marked = mark.map { tenants.names(marked: $0) } ?? []
    for name in marked {
      if let here = used(tenants.holdIfHere(name)) { return here }
    }
    for live in tenants.all where live.id != 0 && !marked.contains(live.name) {
      if let here = used(tenants.holdIfHere(live.name)) { return here }
    }
    for name in marked.filter({ tenants.find($0) == nil }).prefix(Self.filesMax) {
      if let loaded = used(try? tenants.use(name)) { return loaded }
    }
    return tenants.useDefault()
  }
}
