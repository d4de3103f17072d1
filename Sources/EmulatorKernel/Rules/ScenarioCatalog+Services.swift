import Determinism
import HTTPModel
import PayloadCodecs
import Scenarios

extension ScenarioCatalog {
  package init(services: [any EmulatedService]) {
    self.init(services.map { Service($0) })
  }
}

extension ScenarioCatalog.Service {
  /// A service as it is: its sections are checked by making a world of them.
  package init(_ service: some EmulatedService) {
    self.init(
      name: service.name, operations: service.operations.map(ScenarioCatalog.Operation.init),
      events: service.events, sections: service.sections, check: { service.problems(with: $0) },
      unknownNames: { service.unknownNames($0, $1) })
  }
}

extension ScenarioCatalog.Operation {
  init(_ operation: Operation) {
    self.init(
      name: operation.name, methods: operation.routes.map(\.method.name),
      parameters: operation.routes.flatMap(\.template.parameterNames),
      isStreamed: operation.content == .streamed)
  }
}

extension EmulatedService {
  /// What is wrong with a scenario's sections for this service, as pointers from the document's
  /// root. Where something is, each section is tried alone first, so that a problem is put in the right one.
  package func problems(with seed: WorldSeed) -> [ScenarioProblem] {
    if problems(making: seed).isEmpty { return [] }
    let parts: [(prefix: String, seed: WorldSeed)] = [
      ("/given/\(name)", WorldSeed(given: seed.given, isStrict: seed.isStrict)),
      ("/behaviors/\(name)", WorldSeed(behaviors: seed.behaviors, isStrict: seed.isStrict)),
      ("", seed),
    ]
    var found: [ScenarioProblem] = []
    for part in parts {
      let isTogether = part.prefix.isEmpty
      if isTogether ? !found.isEmpty : part.seed.given == nil && part.seed.behaviors == nil {
        continue
      }
      found += problems(making: part.seed).map { problem in
        let isRooted =
          problem.pointer.hasPrefix("/given/\(name)")
          || problem.pointer.hasPrefix("/behaviors/\(name)")
        return isRooted ? problem : ScenarioProblem(part.prefix + problem.pointer, problem.message)
      }
    }
    return found
  }

  /// What events and behaviors name that the world of a scenario does not have.
  fileprivate func unknownNames(
    _ seed: WorldSeed, _ emitted: [(place: String, event: JSON)]
  ) -> [String] {
    guard !emitted.isEmpty || seed.behaviors != nil else { return [] }
    var step = StepContext<State.WakeKey>(
      now: VirtualInstant(seconds: 0), ids: IDSource(seed: 0, tenant: "check"),
      blobs: BlobStore(budget: MemoryBudget()))
    guard let state = try? makeState(seed, &step) else { return [] }
    return unknownNames(in: state, emitted: emitted)
  }

  private func problems(making seed: WorldSeed) -> [ScenarioProblem] {
    var step = StepContext<State.WakeKey>(
      now: VirtualInstant(seconds: 0), ids: IDSource(seed: 0, tenant: "check"),
      blobs: BlobStore(budget: MemoryBudget()))
    do {
      _ = try makeState(seed, &step)
      return []
    } catch {
      return error.problems
    }
  }
}
