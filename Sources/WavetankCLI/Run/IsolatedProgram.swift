import CProcess
import Glibc
import Wavetank

/// The user's program where it sees no network but one in which there is the emulator alone, on the
/// ports that it would have out there, and a name server that knows the vendors' names.
///
/// In everything else it is as without: its user, terminal, signals, files, processes.
struct IsolatedProgram {
  let child: ChildProcess
  let names: NameServer
  private let files: IsolatedFiles

  /// What the program is told of the emulator's place.
  static let baseURL = "http://127.0.0.1:7070"
  /// EX_UNAVAILABLE of sysexits.h.
  static let unavailableStatus: Int32 = 69

  private static let ports: [UInt16] = [443, 80, 7070]
  private static let namePort: UInt16 = 53
  /// What there is room for beside our own.
  private static let furtherMax = Int(WAVETANK_SOCKETS_MAX) - 10
  private static let loopback: UInt32 = 0x7F00_0001

  /// One of the sockets that are open in the program's network.
  private enum Place { case server, names, nameConnections }

  init(
    _ command: [String], environment: ProgramEnvironment, configuration: Configuration,
    serve: (_ socket: Int32, NameServer) -> Void
  ) throws(ChildProcess.Failure) {
    let hostName = Self.hostName()
    files = try IsolatedFiles(
      hostName: hostName, passed: configuration.passedThrough,
      certificates: environment.certificates)
    do throws(ChildProcess.Failure) {
      let wanted = Self.wanted(configuration)
      let order = Order(command, environment.block, files.covers, wanted.map(\.socket))
      var awaiting = wavetank_awaiting()
      let id = try order.start(&awaiting)
      let sockets = Self.descriptors(awaiting, count: wanted.count)
      let hasIPv6 = zip(wanted, sockets).contains { $0.socket.is_v6 != 0 && $1 >= 0 }
      let six: [UInt8] = Array(repeating: 0, count: 15) + [1]
      names = NameServer(
        configuration, hostName: hostName, addresses: [[127, 0, 0, 1]] + (hasIPv6 ? [six] : []))
      for (wanted, socket) in zip(wanted, sockets) where socket >= 0 {
        switch wanted.place {
        case .server: serve(socket, names)
        case .names: names.serve(datagrams: socket)
        case .nameConnections: names.serve(connections: socket)
        }
      }
      if awaiting.watch >= 0 { names.note(packets: awaiting.watch) }
      let result = wavetank_begin(id, awaiting.control)
      guard result == 0 else {
        names.stop()
        throw ChildProcess.Failure(program: command[0], errno: -result)
      }
      child = ChildProcess(id)
    } catch {
      files.remove()
      throw error
    }
  }

  /// After the program's end.
  func end() {
    names.stop()
    files.remove()
  }

  /// Hosts that are let through have addresses of their own, all of loopback, and may have ports.
  private static func wanted(
    _ configuration: Configuration
  ) -> [(place: Place, socket: wavetank_socket)] {
    let passed = configuration.passedThrough
    let address: UInt32 = passed.isEmpty ? loopback : 0
    let further = Set(passed.compactMap(\.port)).subtracting(ports + [namePort]).sorted()
    return [UInt8(0), 1].flatMap { family -> [(place: Place, socket: wavetank_socket)] in
      func socket(_ port: UInt16, _ isStream: UInt8, _ address: UInt32) -> wavetank_socket {
        wavetank_socket(address: address, port: port, is_stream: isStream, is_v6: family)
      }
      let served = ports + (family == 0 ? further.prefix(furtherMax) : [])
      return served.map { (Place.server, socket($0, 1, address)) } + [
        (.names, socket(namePort, 0, loopback)), (.nameConnections, socket(namePort, 1, loopback)),
      ]
    }
  }

  private static func descriptors(_ awaiting: wavetank_awaiting, count: Int) -> [Int32] {
    // SAFETY: as many numbers as the structure says, all set.
    unsafe withUnsafeBytes(of: awaiting.descriptors) { bytes in
      unsafe Array(bytes.bindMemory(to: Int32.self).prefix(count))
    }
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    // SAFETY: the last byte stays a NUL.
    _ = unsafe gethostname(&name, name.count - 1)
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return bytes.isEmpty ? "localhost" : String(decoding: bytes, as: UTF8.self)
  }
}

/// What is asked of the kernel.
private struct Order {
  private let command: [String]
  private let environment: [String]
  private let covers: [(source: String, target: String)]
  private let sockets: [wavetank_socket]

  init(
    _ command: [String], _ environment: [String], _ covers: [(source: String, target: String)],
    _ sockets: [wavetank_socket]
  ) {
    (self.command, self.environment) = (command, environment)
    (self.covers, self.sockets) = (covers, sockets)
  }

  /// Root needs no users of its own, unless it is none of this machine.
  func start(_ awaiting: inout wavetank_awaiting) throws(ChildProcess.Failure) -> pid_t {
    var result: Int32 = -EPERM
    if geteuid() == 0 { result = start(&awaiting, isolation: 0) }
    if result == -EPERM {
      result = start(&awaiting, isolation: Int32(WAVETANK_OWN_USERS))
    }
    guard result > 0 else { throw Self.refusal(stage: awaiting.stage, errno: -result) }
    return result
  }

  private func start(_ awaiting: inout wavetank_awaiting, isolation: Int32) -> Int32 {
    let paths = covers.flatMap { [$0.source, $0.target] }
    // SAFETY: all texts and the sockets live for the call, which returns when the child has them.
    return unsafe ChildProcess.withCStrings(command) { arguments in
      unsafe ChildProcess.withCStrings(environment) { environment in
        unsafe ChildProcess.withCStrings(paths) { paths in
          unsafe sockets.withUnsafeBufferPointer { sockets in
            unsafe paths.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: 1) { paths in
              var order = unsafe wavetank_isolated()
              unsafe order.arguments = UnsafePointer(arguments)
              unsafe order.environment = UnsafePointer(environment)
              unsafe order.isolation = isolation
              unsafe order.user = geteuid()
              unsafe order.group = getegid()
              unsafe order.covers = UnsafePointer(paths)
              unsafe order.sockets = sockets.baseAddress
              unsafe order.socket_count = Int32(clamping: sockets.count)
              return unsafe wavetank_isolate(&order, &awaiting)
            }
          }
        }
      }
    }
  }

  private static func refusal(stage: Int32, errno code: Int32) -> ChildProcess.Failure {
    let what =
      switch Int(stage) {
      case WAVETANK_STAGE_IDENTITY: "its user in a namespace"
      case WAVETANK_STAGE_NETWORK: "its loopback"
      case WAVETANK_STAGE_FILES: "its files"
      default: "namespaces"
      }
    // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
    let reason = unsafe String(cString: strerror(code))
    return ChildProcess.Failure(
      status: IsolatedProgram.unavailableStatus,
      description:
        "this machine gives a program no network of its own (\(what): \(reason)), so nothing was run: allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0; in a container a security profile that permits unshare and mount), or leave --isolated out"
    )
  }
}
