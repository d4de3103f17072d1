import ControlPlane
package import EmulatorKernel
import Glibc
import HTTPModel
import HTTPTransport
import HTTPWire
import PayloadCodecs
import TLSLayer

/// A running Wavetank: engine, kernel, services and control plane put together.
///
/// ```swift
/// let emulator = try await Emulator.start(Configuration())
/// print(emulator.baseURL)          // http://127.0.0.1:7070
/// await emulator.stop()
/// ```
public final class Emulator: Sendable {
  private let server: HTTPServer
  package let pipeline: Pipeline
  private let store: WorldStore?
  private let watcher: ScenarioWatcher?
  private let code: RunningCode?
  private let demos: DemoTheatre
  private let tellNotice: @Sendable (Notice) -> Void

  private init(
    server: HTTPServer, pipeline: Pipeline, store: WorldStore?, watcher: ScenarioWatcher?,
    code: RunningCode?, demos: DemoTheatre, tellNotice: @escaping @Sendable (Notice) -> Void
  ) {
    self.server = server
    self.pipeline = pipeline
    self.store = store
    self.watcher = watcher
    self.code = code
    self.demos = demos
    self.tellNotice = tellNotice
  }

  public static let version = "0.1.0"

  public var port: UInt16 { server.port }

  /// Where one service alone is.
  public var servicePorts: [(service: String, port: UInt16)] {
    server.named.map { ($0.name, $0.port) }
  }

  /// Scheme, host and port, without a slash at the end. Listening on every address, it is the
  /// loopback one: that is where clients on this machine are sent.
  public var baseURL: String { Self.baseURL(of: server) }

  private static func baseURL(of server: HTTPServer) -> String {
    let host = ownHost(of: server)
    return "http://\(host.contains(":") ? "[\(host)]" : host):\(server.port)"
  }

  /// Where somebody on this machine finds it.
  private static func ownHost(of server: HTTPServer) -> String {
    ["0.0.0.0", "::", ""].contains(server.host) ? "127.0.0.1" : server.host
  }

  /// Loads everything, then binds: a port that accepts is a server that is ready.
  ///
  /// - Errors: `StartError`.
  public static func start(
    _ configuration: Configuration = Configuration()
  ) async throws(StartError) -> Emulator {
    let log = configuration.log?.start()
    var configuration = configuration
    configuration.onNotice = { [onNotice = configuration.onNotice] notice in
      onNotice(notice)
      log?.tell(notice)
    }
    do {
      return try await start(configuration, log)
    } catch {
      log?.flush(within: .seconds(1))
      throw error
    }
  }

  private static func start(
    _ configuration: Configuration, _ log: ServerLog?
  ) async throws(StartError) -> Emulator {
    let own = OwnPlaces()
    let ports = [configuration.port] + configuration.furtherPorts
    for port in ports + configuration.servicePorts.map(\.port) where port > 0 { own.insert(port) }
    var code: RunningCode?
    if let options = configuration.code { code = try RunningCode(options) }
    let pipeline = try makePipeline(configuration, own, code, log)
    own.insert(
      hosts: pipeline.services.flatMap(\.hostNames) + configuration.intercepted.map(\.pattern))
    if let lack = TLSLibrary.lack, pipeline.hasTLSFaults {
      configuration.onNotice(
        Notice(text: "The scenario's faults of TLS will not strike: \(lack).", isProblem: true))
    }
    tellMissingPorts(pipeline, configuration.onNotice)
    let store = try makeStore(configuration, pipeline)
    let engine = EngineMetrics()
    let authority = ServedAuthority(configuration)
    let demos = DemoTheatre()
    let trimming = MemoryTrimming()
    let admin = AdminResponder(
      pipeline: pipeline,
      options: AdminOptions(
        token: configuration.controlToken, version: version,
        moreMetrics: { engine.write(into: &$0) },
        onWorldDropped: { trimming.soon() },
        authority: { authority.certificate() }, demo: demos, peers: peers(configuration, own)))
    let server: HTTPServer
    do {
      server = try HTTPServer.start(
        configuration: serverConfiguration(configuration, pipeline, authority),
        responder: responder(configuration, admin, store))
    } catch {
      let hosts = [configuration.host] + configuration.furtherHosts
      throw StartError(
        error, host: error.host ?? hosts.joined(separator: " or "),
        port: error.port ?? configuration.port)
    }
    pipeline.operations.makeTables()
    for port in [server.port] + server.named.map(\.port) { own.insert(port) }
    pipeline.listeners.connect(ServicePorts(server, log))
    demos.open(
      DemoPlayer.Place(host: ownHost(of: server), port: server.port, pipeline.tenants))
    code?.serve(server, at: baseURL(of: server))
    if let notice = await code?.notice() { configuration.onNotice(notice) }
    engine.observe(server)
    store?.start(every: configuration.saveInterval)
    let isWatching = configuration.watchesScenarios && !configuration.scenarios.isEmpty
    let watcher = isWatching ? ScenarioWatcher(configuration, pipeline) : nil
    watcher?.start()
    log?.tell(.info, started(configuration, at: baseURL(of: server)))
    return Emulator(
      server: server, pipeline: pipeline, store: store, watcher: watcher, code: code, demos: demos,
      tellNotice: configuration.onNotice)
  }

  /// What was loaded, for the log.
  private static func started(_ configuration: Configuration, at url: String) -> String {
    let scenarios = configuration.scenarios
    return "listening on \(url), "
      + (scenarios.isEmpty
        ? "the built-in world" : "scenario \(scenarios.joined(separator: " + "))")
  }

  private static func responder(
    _ configuration: Configuration, _ admin: AdminResponder, _ store: WorldStore?
  ) -> any Responder {
    guard configuration.isDurable, let store else { return admin }
    return DurableResponder(admin, store)
  }

  private static func makePipeline(
    _ configuration: Configuration, _ own: OwnPlaces, _ code: RunningCode?, _ log: ServerLog?
  ) throws(StartError) -> Pipeline {
    let services = services(configuration, own, code: code)
    let blueprint = try blueprint(configuration)
    var kernel = PipelineConfiguration.serving(blueprint)
    kernel.storageLimit = memoryBytes(configuration)
    // Two thousand always, as ever: whoever has less memory than that needs says so.
    func roomy(_ bytes: UInt64) -> Int {
      min(configuration.tenantsMax, max(2_000, Int(clamping: kernel.storageLimit / bytes)))
    }
    kernel.tenantLimit = roomy(10 << 10)
    kernel.tenantsKept = min(10_000, roomy(80 << 10))
    kernel.journalLimits = JournalLimits(
      entries: configuration.journalEntriesMax, bytes: configuration.journalBytesMax)
    kernel.furtherHosts = configuration.intercepted
    kernel.isWholeProcess = configuration.isWholeProcess
    kernel.log = log
    kernel.streamedBytesMax = configuration.uploadBytesMax
    kernel.listeners = ServiceListeners(names: configuration.servicePorts.map(\.service))
    do {
      return try Pipeline(services: services, configuration: kernel)
    } catch {
      throw .scenario(error.problems.map(\.text))
    }
  }

  /// Makes what every emulator of this process needs of its services, once: for a thread that has nothing
  /// else to do while another one starts an emulator, which waits where it comes first.
  package static func makeTables() {
    for service in services(Configuration()) { _ = endpointCount(of: service) }
  }

  private static func endpointCount<Service: EmulatedService>(of service: Service) -> Int {
    service.endpoints.count
  }

  /// Worlds of an earlier run are in force before the first request comes.
  private static func makeStore(
    _ configuration: Configuration, _ pipeline: Pipeline
  ) throws(StartError) -> WorldStore? {
    guard let directory = configuration.dataDirectory else { return nil }
    do {
      let store = try WorldStore(
        directory: directory, pipeline: pipeline, keepsChanges: configuration.isDurable
      ) { report in
        configuration.onNotice(Notice(text: report.text, isProblem: report.isProblem))
      }
      store.restoreAll()
      return store
    } catch {
      throw .data(directory: directory, reason: "\(error)")
    }
  }

  /// What the scenarios make of a tenant; without any, the built-in world.
  private static func blueprint(
    _ configuration: Configuration
  ) throws(StartError) -> TenantBlueprint {
    guard !configuration.scenarios.isEmpty else {
      return TenantBlueprint(
        seed: configuration.seed ?? 0, clock: .init(configuration.clockMode ?? .real),
        isStrict: configuration.isStrict)
    }
    let loader = Scenarios.loader(for: configuration)
    do {
      return TenantBlueprint(
        try loader.load(configuration.scenarios), catalog: loader.catalog,
        isStrict: configuration.isStrict, seed: configuration.seed,
        clockMode: configuration.clockMode)
    } catch {
      throw .scenario(error.problems.map(\.text))
    }
  }

  private static func memoryBytes(_ configuration: Configuration) -> UInt64 {
    configuration.memoryBytesMax
      ?? MemoryLimits.now().budget(threads: configuration.threads > 0 ? configuration.threads : 8)
  }

  private static func serverConfiguration(
    _ configuration: Configuration, _ pipeline: Pipeline, _ authority: ServedAuthority
  ) -> ServerConfiguration {
    var server = ServerConfiguration()
    server.memory = pipeline.tenants.budget
    // A connection costs the process and the kernel memory, idle or not.
    let affordable = Int(clamping: pipeline.tenants.budget.limit) / connectionBytes
    server.connectionsMax = min(server.connectionsMax, max(leastConnections, affordable))
    server.host = configuration.host
    server.furtherHosts = configuration.furtherHosts
    server.listensOnLoopback6 = configuration.listensOnLoopback6
    server.port = configuration.port
    server.furtherPorts = configuration.furtherPorts
    server.namedPorts = configuration.servicePorts.map { ($0.service, $0.port) }
    server.loopCount = configuration.threads > 0 ? configuration.threads : nil
    server.clock = configuration.loopClock
    server.limits.contentBytesMax = configuration.uploadBytesMax
    let log = pipeline.log
    server.onRefusal = { peer, status, reason in
      log?.tell(.warn, "refused \(peer.host), \(status.code): \(reason)")
    }
    let onDistrust = configuration.onDistrust
    server.onBrokenHandshake = { peer, host, failure in
      if failure.isDistrust { onDistrust(host ?? peer.host) }
      let hint =
        failure.isDistrust
        ? "; it does not trust the CA, or not for that host: see “wavetank ca”" : ""
      log?.tell(
        .warn,
        "no TLS with \(peer.host) for \(host ?? "no host by name"): \(failure.description)\(hint)")
    }
    let tunnels = TunnelPolicy(pipeline.operations, passed: configuration.passedThrough)
    server.tunnels = { tunnels.answer($0) }
    server.tlsFault = { pipeline.fault(for: $0) }
    server.makeSecureContext = { () throws(TLSError) in try authority.context() }
    return server
  }

  /// Serves, for a tenant, what comes to a socket that listens, be it in another network; the
  /// emulator's from then on.
  /// - Parameter names: knows which addresses stand for hosts that are let through.
  package func serve(_ socket: Int32, tenant: String, names: NameServer) {
    server.adopt(socket, user: tenant == Tenant.defaultName ? nil : tenant) { address, port in
      names.place(at: address, port: port)
    }
  }

  private static let connectionBytes = 16 * 1024
  private static let leastConnections = 256

  /// Stops accepting, finishes what is in flight, ends streams, closes everything.
  public func stop(within grace: Duration = .seconds(5)) async {
    demos.close()
    await server.stop(grace: grace)
    await code?.stop()
    store?.stop()
    pipeline.log?.tell(.info, "stopped")
    pipeline.log?.flush(within: .seconds(1))
  }

  /// The scenario that `startDemo` wants to be in force.
  public static let demoScenario = DemoStory.scenario

  /// Clients of all services play the demo's story in the default tenant from now on, and go on when
  /// it is told.
  ///
  /// - Returns: why it does not begin.
  public func startDemo(seed: UInt64? = nil) async -> String? {
    do {
      try demos.begin(Tenant.defaultName, seed: seed, goesOn: true)
      return nil
    } catch {
      return error.text
    }
  }

  /// Tells the user something as what happens inside is told.
  public func tell(_ notice: Notice) { tellNotice(notice) }

  /// After `stop`: whether the last changes of some world could not be saved; which and why is in
  /// the notices.
  public var hasUnsavedWorlds: Bool { store?.hasLost ?? false }
}

/// Why the emulator could not start, in a sentence for people.
public enum StartError: Error, Sendable, CustomStringConvertible {
  case portInUse(host: String, port: UInt16)
  case cannotListen(host: String, port: UInt16, reason: String)
  /// Every problem with the scenario, each with its place.
  case scenario([String])
  /// The directory for worlds cannot be used.
  case data(directory: String, reason: String)
  /// What runs code has no place to work in.
  case code(String)
  /// Whom to trust cannot be read.
  case authorities(String)

  init(_ error: SystemError, host: String, port: UInt16) {
    self =
      error.isAddressInUse
      ? .portInUse(host: host, port: port)
      : .cannotListen(host: host, port: port, reason: Self.reason(error))
  }

  /// What happened, and what to do about it where that is known.
  private static func reason(_ error: SystemError) -> String {
    switch error.code {
    case EADDRNOTAVAIL:
      "this machine has no such address. Give one of its own with --host H (0.0.0.0 is all of them)."
    case EINVAL:
      "this is no address. Give one in numbers with --host H, such as 127.0.0.1."
    case EACCES:
      "ports below 1024 need privileges. Choose another with --port N."
    case EMFILE, ENFILE:
      "too few files may be open at once. Raise the limit (ulimit -n 1024)."
    default: "\(error)"
    }
  }

  public var description: String {
    switch self {
    case .portInUse(let host, let port):
      "port \(port) on \(host) is in use by another program. Stop it, or choose a port with --port N (0 picks a free one)."
    case .cannotListen(let host, let port, let reason):
      "cannot listen on \(host) port \(port): \(reason)"
    case .data(let directory, let reason):
      "cannot keep worlds in \(directory): \(reason). Give a directory that can be written with --data DIR."
    case .code(let reason):
      "code cannot be run: \(reason) Give a directory that can be written with --code-dir DIR."
    case .authorities(let reason):
      "\(reason). Give the certificates of those to trust with --upstream-ca FILE."
    case .scenario(let problems):
      "the scenario was refused:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
  }
}
