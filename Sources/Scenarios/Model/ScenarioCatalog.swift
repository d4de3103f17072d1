package import PayloadCodecs

/// What exists in this emulator: what the names in a scenario are checked against.
package struct ScenarioCatalog: Sendable {
  /// What rules must know of an operation.
  package struct Operation: Sendable {
    package var name: String
    /// The methods of its routes.
    package var methods: [String]
    /// The parameters of its paths.
    package var parameters: [String]
    /// Its content streams past, so no rule can see it.
    package var isStreamed: Bool

    package init(
      name: String, methods: [String], parameters: [String] = [], isStreamed: Bool = false
    ) {
      self.name = name
      self.methods = methods
      self.parameters = parameters
      self.isStreamed = isStreamed
    }
  }

  package struct Service: Sendable {
    /// The service's parts of `given` and `behaviors`.
    package struct Sections: Sendable {
      package var given: Form<Void>
      package var behaviors: Form<Void>

      package init(given: Form<Void>, behaviors: Form<Void>) {
        self.given = given
        self.behaviors = behaviors
      }
    }

    package var name: String
    package var operations: [Operation]
    /// The events that its `emit` knows; nil: not known beforehand, so not checked.
    package var events: [ServiceEvent]?
    /// What the service's sections look like; nil: anything.
    package var sections: Sections?
    /// What the service finds wrong with its parts of `given` and `behaviors`.
    package var check: @Sendable (WorldSeed) -> [ScenarioProblem]
    /// What events and behaviors name that its world does not have at the start: a sentence each. It may
    /// come into being later, so it is no error.
    package var unknownNames: @Sendable (WorldSeed, [(place: String, event: JSON)]) -> [String]

    package init(
      name: String, operations: [Operation], events: [ServiceEvent]? = nil,
      sections: Sections? = nil,
      check: @escaping @Sendable (WorldSeed) -> [ScenarioProblem] = { _ in [] },
      unknownNames: @escaping @Sendable (WorldSeed, [(place: String, event: JSON)]) -> [String] = {
        _, _ in []
      }
    ) {
      self.name = name
      self.operations = operations
      self.events = events
      self.sections = sections
      self.check = check
      self.unknownNames = unknownNames
    }

  }

  package var services: [Service]
  package let operations: [(service: String, operation: Operation)]
  /// How the operations are found by what a rule says of them.
  let names: OperationNames

  package init(_ services: [Service]) {
    self.services = services
    operations = services.flatMap { service in
      service.operations.map { (service.name, $0) }
    }
    names = OperationNames(operations)
  }

  /// The events of the kernel and of every service; nil where some service does not tell its own.
  package var eventNames: [String]? {
    var names = WorldEvent.Kind.allCases.map(\.rawValue)
    for service in services {
      guard let events = service.events else { return nil }
      names += events.map(\.name)
    }
    return names
  }

  /// The events of all services; one that several know stands there once.
  var events: [ServiceEvent] {
    var names = TextSet()
    return services.flatMap { $0.events ?? [] }.filter { names.insert($0.name).inserted }
  }

  /// The service's event that an object with these keys means.
  func event(among keys: [String]) -> ServiceEvent? {
    events.first { keys.contains($0.name) }
  }
}
