package import HTTPModel
import PayloadCodecs
import Synchronization

/// The listeners that services have for themselves, and what tenants want of them.
///
/// A listener is there for all tenants: who comes names none before he is taken. So what a scenario says
/// of one holds for everybody who comes there; of what several tenants want the hardest holds, until each
/// of them has taken it back, was reset, got another scenario, or is gone.
///
/// **Isolation**: from any thread. States are put in force under the lock, in the order in which they are
/// wanted: some system calls each, which wait for nobody.
package final class ServiceListeners: Sendable {
  /// One that a service has.
  package struct View: Sendable {
    package var service: String
    /// 0: there is none yet.
    package var port: UInt16
    package var state: ListenerState
    /// What is wanted, by tenants' names.
    package var wanted: [(tenant: String, state: ListenerState)]
  }

  private struct Wish {
    var tenant: String
    var state: ListenerState
  }

  private struct Held {
    var control: (any ListenerControl)?
    /// By service, then by the number of the tenant's life.
    var wishes: TextMap<[UInt32: Wish]> = [:]

    func state(of service: String) -> ListenerState {
      wishes[service]?.values.map(\.state).max { $0.severity < $1.severity } ?? .open
    }
  }

  /// Services with a port of their own.
  private let names: [String]
  private let held = Mutex(Held())
  /// Lets tenants that want nothing skip the lock.
  private let isAsked = Atomic<Bool>(false)

  package init(names: [String] = []) { self.names = names }

  /// There are listeners from now on; what was wanted before holds at once.
  package func connect(_ control: any ListenerControl) {
    held.withLock { held in
      held.control = control
      for name in names where held.wishes[name] != nil {
        _ = control.set(held.state(of: name), of: name)
      }
    }
  }

  package func has(_ service: String) -> Bool { names.contains(service) }

  /// - Returns: why it cannot be.
  func want(_ state: ListenerState, of service: String, by live: LiveTenant) -> String? {
    let services = service == "*" ? names : names.filter { $0 == service }
    guard !services.isEmpty else {
      return service == "*"
        ? "no service has a port of its own: start the server with --port SERVICE=N"
        : "\"\(service)\" has no port of its own that could be taken from it: start the server with "
          + "--port \(service)=N"
    }
    isAsked.store(true, ordering: .sequentiallyConsistent)
    return held.withLock { held in
      // What comes too late would never be taken back.
      guard !live.isGone.load(ordering: .sequentiallyConsistent) else { return nil }
      var problem: String?
      for service in services {
        held.wishes[service, default: [:]][live.id] =
          state == .open ? nil : Wish(tenant: live.name, state: state)
        problem = held.control?.set(held.state(of: service), of: service) ?? problem
      }
      return problem
    }
  }

  /// What a tenant wanted holds no more.
  func forget(_ live: LiveTenant) {
    guard isAsked.load(ordering: .sequentiallyConsistent) else { return }
    held.withLock { held in
      for name in names where held.wishes[name]?.removeValue(forKey: live.id) != nil {
        _ = held.control?.set(held.state(of: name), of: name)
      }
    }
  }

  /// All of them, in the order of the flags.
  package var views: [View] {
    held.withLock { held in
      names.map { name in
        View(
          service: name, port: held.control?.port(of: name) ?? 0, state: held.state(of: name),
          wanted: (held.wishes[name] ?? [:]).values.map { ($0.tenant, $0.state) }
            .sorted { $0.tenant < $1.tenant })
      }
    }
  }
}

/// Whoever has the sockets.
package protocol ListenerControl: AnyObject, Sendable {
  func port(of service: String) -> UInt16?
  /// It holds for whoever connects once this has returned.
  /// - Returns: why it does not.
  func set(_ state: ListenerState, of service: String) -> String?
}

extension Pipeline {
  /// Services without a port of their own whose listener the scenario of the default tenant does
  /// something to.
  package var servicesWithoutListeners: [String] {
    let emitted = tenants.default.rules?.scenario.emitted ?? []
    let names = emitted.compactMap { $0.event["listener"]?["service"]?.stringValue }
    return TextSet(names).filter {
      $0 != "*" && !listeners.has($0) && !JSON.string($0).holdsTemplate
    }.sorted()
  }
}
