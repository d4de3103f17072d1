import EmulatorKernel
import HTTPModel
import HTTPTransport
import PayloadCodecs

/// The listeners of services with a port of their own, as the kernel sees them.
final class ServicePorts: ListenerControl {
  private let listeners: [NamedListener]
  private let log: ServerLog?

  init(_ server: HTTPServer, _ log: ServerLog?) {
    (listeners, self.log) = (server.named, log)
  }

  func port(of service: String) -> UInt16? { listeners.first { $0.name == service }?.port }

  func set(_ state: ListenerState, of service: String) -> String? {
    guard let listener = listeners.first(where: { $0.name == service }), listener.state != state
    else { return nil }
    do {
      try listener.set(state)
      log?.tell(.info, "the port of \(service), \(listener.port): \(state.rawValue)")
      return nil
    } catch {
      let problem = "the port of \(service), \(listener.port), is not \(state.rawValue): \(error)"
      log?.tell(.error, problem)
      return problem
    }
  }
}

extension Configuration {
  /// Gives a service a port of its own: `scramjet=7071`, 0 for a free one. False for what is no such
  /// text, and for a service that has one.
  public mutating func giveOwnPort(_ text: String) -> Bool {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let port = Int(parts[1]).flatMap(UInt16.init(exactly:)),
      Emulator.serviceNames.contains(parts[0]),
      !servicePorts.contains(where: { $0.service == parts[0] })
    else { return false }
    servicePorts.append((parts[0], port))
    return true
  }

  /// A port that is asked for twice; nil: none.
  public var repeatedPort: UInt16? {
    let all = [port] + furtherPorts + servicePorts.map(\.port)
    return all.indices.first { all[$0] != 0 && all[..<$0].contains(all[$0]) }.map { all[$0] }
  }
}

extension Emulator {
  /// Services that a scenario does something to whose port they do not have.
  static func tellMissingPorts(_ pipeline: Pipeline, _ tell: (Notice) -> Void) {
    for service in pipeline.servicesWithoutListeners {
      tell(
        Notice(
          text:
            "What the scenario does to the listener of \(service) will not happen: it has no port "
            + "of its own. Give it one with --port \(service)=N.", isProblem: true))
    }
  }
}
