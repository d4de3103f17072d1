package import EmulatorKernel
import PayloadCodecs

/// What was to be done outside when a world was taken into a snapshot: nobody does it any more.
extension SteamshipService {
  /// Servers outside are called anew, and so is code, once the server listens: somebody may wait for
  /// what comes of it without ever looking at the task itself.
  package func resume(_ world: World<State>) {
    let (tasks, instances) = world.read { ($0.tasksWorkedOnOutside, $0.instancesToldByCode) }
    guard !(tasks.isEmpty && instances.isEmpty), let use = TenantUse(of: world.tenant) else {
      return
    }
    Task {
      defer { withExtendedLifetime(use) {} }
      await code?.isReachable()
      for (task, authorization) in tasks {
        workOutside(on: task, authorization: authorization, in: world)
      }
      guard !instances.isEmpty else { return }
      let (told, requestID) = world.mutate { state, step in
        state.codeOrigin.value = codeOrigin(in: world.tenant)
        return (
          state.takeUpInitialisation(of: instances), step.ids.uuid("steamship.request", .upper)
        )
      }
      for instance in told { initialise(instance, for: nil, requestID: requestID, in: world) }
    }
  }
}

extension SteamshipState {
  /// Tasks that somebody outside works on, now or later, with what their users send as `Authorization`.
  fileprivate var tasksWorkedOnOutside: [(task: Key<EngineTask>, authorization: String?)] {
    tasks.keys.compactMap { key in
      let user = tasks.read(key) { task in
        !task.state.isTerminal && task.timeline.stages.contains { $0.end == .outside }
          ? task.user : nil
      }
      guard let user = user ?? nil else { return nil }
      let credential = userByCredential.first { $0.value == user }?.key
      return (key, credential.map { "Bearer \($0.text)" })
    }
  }

  /// Instances of which only their code can say that they are ready.
  fileprivate var instancesToldByCode: [Key<InvocableInstance>] {
    instances.keys.filter { key in
      guard let instance = instances[key], instance.initStatus == .initializing else {
        return false
      }
      let handle = invocables.read(instance.invocable) { $0.handle }
      return handle.flatMap { script.package($0)?.initDuration } == nil
    }
  }

  /// Those of them whose code is to be told anew; the others need nothing, since no code runs.
  fileprivate mutating func takeUpInitialisation(
    of waiting: [Key<InvocableInstance>]
  ) -> [Key<InvocableInstance>] {
    let told = waiting.filter { runsCode($0) }
    for key in waiting where !told.contains(key) {
      instances.update(key) { $0.initStatus = .notNeeded }
    }
    return told
  }
}
