import Glibc

/// Starts processes as isolated as this machine allows.
package actor Launcher {
  let settings: CodeSettings
  private let address: ServerAddress
  private let folder: String?
  private let spawner = Spawner()
  private var possible: Isolation?
  private var canMapUsers: Bool?

  /// - Parameter folder: where code is unpacked.
  package init(
    _ settings: CodeSettings, _ address: ServerAddress = ServerAddress(), folder: String? = nil
  ) {
    self.settings = settings
    self.address = address
    self.folder = folder
  }

  /// What is wanted of isolation, as far as the kernel gives it: found out once.
  private func isolation() async -> Isolation {
    if let possible { return possible }
    var wanted: Isolation = settings.network == .all ? [.processes] : [.processes, .network]
    if geteuid() != 0 { wanted.insert(.users) }
    for tried in [wanted, wanted.subtracting(.network), []] {
      let order = ChildOrder(
        program: "/bin/sh", arguments: ["sh", "-c", ":"], environment: [], folder: "/",
        descriptors: [], limits: ChildLimits(), isolation: tried)
      if let (pid, _) = try? await spawner.start(order) {
        _ = await ChildProcess(pid: pid).ended()
        possible = tried
        return tried
      }
    }
    return []
  }

  /// Whether a process can start others as users of their own: where the server is root and the kernel
  /// gives out namespaces for users. Found out once.
  func mapsUsers() async -> Bool {
    if let canMapUsers { return canMapUsers }
    guard geteuid() == 0 else { return false }
    let order = ChildOrder(
      program: "/bin/sh", arguments: ["sh", "-c", ":"], environment: [], folder: "/",
      descriptors: [], limits: ChildLimits(), isolation: await isolation().union(.users),
      userCount: ChildIdentity.all)
    var can = false
    if let (pid, _) = try? await spawner.start(order) {
      can = await ChildProcess(pid: pid).ended() == .exited(0)
    }
    canMapUsers = can
    return can
  }

  /// Whether the kernel keeps code away from the network, where that is wanted.
  package func keepsNetworkAway() async -> Bool {
    settings.network == .all ? true : await isolation().contains(.network)
  }

  /// Starts a program. The ends of its descriptors are the child's alone from then on.
  /// - Parameters:
  ///   - reachesAll: for what must fetch from outside, such as an installation.
  ///   - user: who it is where the server is root.
  ///   - mapsUsers: it is the first of all users that code can be (`mapsUsers()`).
  func start(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    folder: String, descriptors: [ChildEnd], limits: ChildLimits? = nil, reachesAll: Bool = false,
    user: UInt32 = ChildIdentity.user, mapsUsers: Bool = false
  ) async throws(CodeError) -> ChildProcess {
    let paths = try ProgramSearch.find(program)
    var isolation = await isolation()
    if reachesAll { isolation.remove(.network) }
    if mapsUsers { isolation.insert(.users) }
    var standard = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]
    standard.merge(environment) { $1 }
    var order = ChildOrder(
      program: "", arguments: [],
      environment: standard.map { "\($0)=\($1)" }.sorted(), folder: folder,
      descriptors: descriptors,
      limits: limits ?? ChildLimits(dataBytes: settings.memoryBytes), isolation: isolation,
      port: settings.network == .wavetank ? address.port : 0, user: user,
      userCount: mapsUsers ? ChildIdentity.all : 0)
    var failure: CodeError?
    for path in paths {
      (order.program, order.arguments) = (path, [path] + arguments)
      var reason: CodeError?
      // Where the kernel lets nobody show anything it may be needless.
      let shown = shown(to: path, isolation)
      for steps in shown.isEmpty ? [shown] : [shown, []] {
        order.shown = steps
        do throws(CodeError) {
          return started(try await spawner.start(order), descriptors)
        } catch {
          reason = explained(error, path)
        }
      }
      failure = failure ?? reason
    }
    throw failure ?? .notStarted(program, reason: "there is no such program")
  }

  private func started(
    _ child: (pid: Int32, listener: Int32?), _ descriptors: [ChildEnd]
  ) -> ChildProcess {
    let process = ChildProcess(pid: child.pid)
    descriptors.forEach { $0.close() }
    if let listener = child.listener { serve(listener, until: process) }
    return process
  }

  /// Why a child that is not root may not start what root could.
  private func explained(_ error: CodeError, _ path: String) -> CodeError {
    guard geteuid() == 0, case .notStarted(let name, let reason) = error,
      reason == Spawner.message(EACCES), let closed = ShownPlaces.closedFolder(on: path)
    else { return error }
    return .notStarted(
      name, reason: "\(reason): code runs as a user of its own, to whom \(closed) is closed")
  }

  /// What of the folders that root has for itself a program needs to see.
  private func shown(to path: String, _ isolation: Isolation) -> [ShownPlaces.Step] {
    guard geteuid() == 0, isolation.contains(.processes) else { return [] }
    // An environment leads back to the interpreter that it was made by.
    let interpreters = (try? ProgramSearch.find(settings.python)) ?? []
    return ShownPlaces(programs: [path] + interpreters, folders: folder.map { [$0] } ?? []).steps
  }

  private func serve(_ listener: Int32, until child: ChildProcess) {
    guard let end = address.serve(listener) else {
      _ = close(listener)
      return
    }
    Task {
      _ = await child.ended()
      end()
    }
  }
}
