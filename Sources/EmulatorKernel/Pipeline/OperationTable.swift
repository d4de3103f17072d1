import Dispatch
package import HTTPModel
import PayloadCodecs
import Synchronization

/// All operations of all services, counted through, and the tables that find them.
package struct OperationTable: Sendable {
  /// A class, since each request takes its own out of the table and on its way: one reference to count,
  /// not one for each text of the operation.
  package final class Entry: Sendable {
    package let operation: Operation
    /// Which service, in the order given to the pipeline.
    package let serviceIndex: Int
    /// Where its endpoint stands in that service's table.
    let endpointIndex: Int
    /// What a request to it that names nothing is found to be: the same each time, and so made once.
    let plainResolution: Resolution

    init(_ operation: Operation, index: Int, serviceIndex: Int, endpointIndex: Int) {
      self.operation = operation
      self.serviceIndex = serviceIndex
      self.endpointIndex = endpointIndex
      plainResolution = Resolution(
        kind: .operation, operationIndex: index, serviceIndex: serviceIndex)
    }
  }

  enum Match: Sendable {
    case found(Int, PathParameters)
    /// The path is known, the method is not.
    case methodNotAllowed([Method])
    case notFound
  }

  /// Those for paths with slashes too many, then those of lenient operations: asked for what has no exact
  /// path, and made when the first such request comes.
  private final class FurtherTables: Sendable {
    let slashed: RouteTable
    let lenient: RouteTable

    init(_ entries: [Entry], service: Int?) {
      var slashed = RouteTable(skipsEmptySegments: true)
      var lenient = RouteTable(foldsCase: true, skipsEmptySegments: true)
      for (index, entry) in entries.enumerated()
      where !entry.operation.isClaimed && (service ?? entry.serviceIndex) == entry.serviceIndex {
        for route in entry.operation.routes {
          switch entry.operation.path {
          case .exact: break
          case .skippingEmptySegments: slashed.insert(route.method, route.template, index)
          case .lenient: lenient.insert(route.method, route.template, index)
          }
        }
      }
      (self.slashed, self.lenient) = (slashed, lenient)
    }
  }

  /// The tables of all services, or of one.
  private final class Tables: Sendable {
    let plain: PlainPaths
    let exact: RouteTable
    private let entries: [Entry]
    private let service: Int?
    private let made = Mutex<FurtherTables?>(nil)

    /// - Parameter service: nil: all of them.
    init(_ entries: [Entry], service: Int?) {
      var exact = RouteTable()
      var routes: [(method: Method, template: PathTemplate, value: Int)] = []
      for (index, entry) in entries.enumerated()
      where !entry.operation.isClaimed && (service ?? entry.serviceIndex) == entry.serviceIndex {
        for route in entry.operation.routes {
          exact.insert(route.method, route.template, index)
          routes.append((route.method, route.template, index))
        }
      }
      plain = PlainPaths(routes)
      (self.exact, self.entries, self.service) = (exact, entries, service)
    }

    func keep() {
      Lasting.keep(self)
      Lasting.keep(plain)
    }

    var further: FurtherTables {
      made.withLock { made in
        if let made { return made }
        let tables = FurtherTables(entries, service: service)
        made = tables
        return tables
      }
    }
  }

  /// Tables that are made when they are first needed, or before: see `makeTables`. Those of one service with
  /// the first request to its vendor's hosts.
  private final class TablesPlace: Sendable {
    private let made = OnceReference<Tables>()
    private let isKept = Mutex(false)

    func tables(_ entries: [Entry], _ service: Int?) -> Tables {
      if let known = made.load() { return known }
      return isKept.withLock { isKept in
        if let known = made.load() { return known }
        let tables = Tables(entries, service: service)
        if isKept { tables.keep() }
        return made.storeIfNil(tables)
      }
    }

    /// What is made later is kept as well.
    func keep() {
      Lasting.keep(self)
      isKept.withLock { isKept in
        isKept = true
        made.load()?.keep()
      }
    }
  }

  package let entries: [Entry]
  package let serviceNames: [String]
  /// Hides what the services' secrets are in whatever is told of an exchange.
  package let mask: CredentialMask
  private let indexByName: TextMap<Int>
  private let all = TablesPlace()
  private let byService: [TablesPlace]
  private let hostNames: [(pattern: HostPattern, serviceIndex: Int)]
  private let nearestIndex = NearestOperationIndexBox()

  package init(
    _ services: [any EmulatedService], furtherHosts: [(pattern: String, service: String)] = []
  ) {
    var entries: [Entry] = []
    var hostNames: [(HostPattern, Int)] = []
    for (serviceIndex, service) in services.enumerated() {
      for (endpointIndex, operation) in service.operations.enumerated() {
        entries.append(
          Entry(
            operation, index: entries.count, serviceIndex: serviceIndex,
            endpointIndex: endpointIndex))
      }
      hostNames += service.hostNames.map { (HostPattern($0), serviceIndex) }
    }
    for (pattern, name) in furtherHosts {
      guard let index = services.firstIndex(where: { $0.name == name }) else { continue }
      hostNames.append((HostPattern(pattern), index))
    }
    self.entries = entries
    byService = services.map { _ in TablesPlace() }
    self.hostNames = hostNames
    serviceNames = services.map(\.name)
    mask = CredentialMask(services.flatMap { $0.keyFields + $0.secretFields })
    indexByName = TextMap(
      entries.enumerated().map { ($1.operation.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Makes the tables of all services, on another core: for a server that listens already. Whoever asks
  /// before they are made waits for them.
  package func makeTables() {
    DispatchQueue.global(qos: .userInitiated).async { [all, entries] in
      _ = all.tables(entries, nil)
    }
  }

  /// See `Lasting`.
  func keep() {
    Lasting.keep(entries)
    Lasting.keep(serviceNames)
    for entry in entries {
      Lasting.keep(entry)
      Lasting.keep(entry.plainResolution)
    }
    all.keep()
    for place in byService { place.keep() }
  }

  package func index(named name: String) -> Int? { indexByName[name] }

  /// For a request of no operation. Where there are no operations at all, the first service has it.
  package func nearest(to request: Request) -> NearestOperation {
    nearestIndex.index(of: self).find(request) ?? NearestOperation(serviceIndex: 0, hint: nil)
  }

  private func tables(_ service: Int?) -> Tables {
    (service.map { byService[$0] } ?? all).tables(entries, service)
  }

  /// The operation whose path that is to the letter, parameters none; nil: `match` may find one.
  /// - Parameter service: nil: any.
  func plainMatch(_ method: Method, _ target: RequestTarget, service: Int?) -> Entry? {
    tables(service).plain.find(method, target.bytes, target.pathRange).map { entries[$0] }
  }

  /// What a request is found to be by its method and path alone; nil: no operation.
  /// - Parameter service: nil: any.
  func resolution(
    of method: Method, _ target: RequestTarget, service: Int?
  ) -> Resolution? {
    plainMatch(method, target, service: service)?.plainResolution
      ?? resolution(match(method, target, service: service))
  }

  func resolution(_ match: Match) -> Resolution? {
    guard case .found(let index, let parameters) = match else { return nil }
    return Resolution(
      kind: .operation, operationIndex: index, parameters: parameters,
      serviceIndex: entries[index].serviceIndex)
  }

  /// - Parameter service: nil: any.
  func match(_ method: Method, _ target: RequestTarget, service: Int?) -> Match {
    let tables = tables(service)
    var allowed: [Method] = []
    if let found = tables.exact.find(method, target, &allowed) { return found }
    let further = tables.further
    // A long path is nearly always found to be none of these by how it begins.
    let isLong = target.pathRange.count > 512
    if isLong || target.hasDoubledSlash,
      let found = further.slashed.find(
        method, target, &allowed, if: !isLong || target.hasDoubledSlash)
    {
      return found
    }
    if let found = further.lenient.find(method, target, &allowed) { return found }
    return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed)
  }

  /// The service that has the path, though not for this method.
  func serviceWithPath(of request: Request) -> Int? {
    byService.indices.first { service in
      guard case .methodNotAllowed = match(request.method, request.target, service: service) else {
        return false
      }
      return true
    }
  }

  /// The service whose listener or vendor's host a request came to; nil for most.
  /// - Parameter host: as `Addressee` has it.
  func service(meantBy request: Request, host: [UInt8]?) -> Int? {
    if let listener = request.arrival?.listener, let service = service(ofListener: listener) {
      return service
    }
    guard let host else { return nil }
    return service(ofHost: host[...])
  }

  /// The service whose own listener that is; nil for the listeners of all.
  func service(ofListener name: String?) -> Int? {
    name.flatMap { name in serviceNames.firstIndex { $0 == name } }
  }

  /// The service whose vendor owns that host name; nil for most hosts. A longer pattern wins.
  /// - Parameter host: lower case, without port.
  package func service(ofHost host: ArraySlice<UInt8>) -> Int? {
    var best: (length: Int, service: Int)?
    for (pattern, service) in hostNames
    where pattern.length > best?.length ?? 0 && pattern.matches(host) {
      best = (pattern.length, service)
    }
    return best?.service
  }
}

extension RouteTable {
  /// - Parameters:
  ///   - allowed: gets the methods that the path takes instead.
  ///   - isMeant: whether what is found counts.
  fileprivate func find(
    _ method: Method, _ target: RequestTarget, _ allowed: inout [Method],
    if isMeant: @autoclosure () -> Bool = true
  ) -> OperationTable.Match? {
    switch match(method, target) {
    case .found(let index, let parameters): return isMeant() ? .found(index, parameters) : nil
    case .methodNotAllowed(let methods):
      guard isMeant() else { return nil }
      allowed += methods.filter { !allowed.contains($0) }
      return nil
    case .notFound: return nil
    }
  }
}

/// The index of the nearest operations, made when the first path of none comes: a start that meets
/// none does not pay for it.
private final class NearestOperationIndexBox: Sendable {
  private let made = Mutex<NearestOperationIndex?>(nil)

  func index(of table: OperationTable) -> NearestOperationIndex {
    made.withLock { made in
      if let made { return made }
      let index = NearestOperationIndex(table)
      made = index
      return index
    }
  }
}
