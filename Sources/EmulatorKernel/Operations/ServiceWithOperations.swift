package import HTTPModel
import PayloadCodecs

/// A service that still has a list of operations and counts in it, in place of a table of endpoints.
/// Goes when the last service has such a table.
package protocol ServiceWithOperations: EmulatedService where Handler == Int, Right == AnyKey {
  var operations: [Operation] { get }
  func claim(
    _ request: Request, in world: World<State>
  ) -> (operationIndex: Int, parameters: PathParameters)?
  func respond(to call: Call, in world: World<State>) -> ServiceAnswer
  func showsToEverybody(
    _ parameters: PathParameters, operationIndex: Int, in world: World<State>
  ) -> Bool
  func refusal(of call: Call, in world: World<State>) -> Response?
  func mayTakeLong(_ call: Call, in world: World<State>) -> Bool
}

extension ServiceWithOperations {
  package var endpoints: [Endpoint<Self>] {
    operations.enumerated().map { Endpoint($1, index: $0) }
  }

  package var documentedOperations: [DocumentedOperation] {
    let documentation = documentation
    let sources = sources
    return operations.compactMap { operation in
      guard let about = documentation.operations[operation.name] else { return nil }
      var operation = operation
      operation.source = operation.source ?? sources[operation.fidelity]
      operation.right = about.needsKey ? "" : nil
      return DocumentedOperation(operation, about)
    }
  }

  package func claim(_ request: Request, in world: World<State>) -> Claim<Self>? {
    let found: (operationIndex: Int, parameters: PathParameters)? = claim(request, in: world)
    return found.map { Claim(endpoints[$0.operationIndex], $0.parameters) }
  }

  package func claim(
    _ request: Request, in world: World<State>
  ) -> (operationIndex: Int, parameters: PathParameters)? { nil }

  package func respond(
    to call: Call, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> ServiceAnswer {
    respond(to: call, in: world)
  }

  package func showsToEverybody(
    _ parameters: PathParameters, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> Bool {
    showsToEverybody(parameters, operationIndex: endpoint.handler, in: world)
  }

  package func showsToEverybody(
    _ parameters: PathParameters, operationIndex: Int, in world: World<State>
  ) -> Bool { false }

  package func refusal(
    of call: Call, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> Response? {
    refusal(of: call, in: world)
  }

  package func refusal(of call: Call, in world: World<State>) -> Response? { nil }

  package func mayTakeLong(
    _ call: Call, at endpoint: Endpoint<Self>, in world: World<State>
  ) -> Bool {
    mayTakeLong(call, in: world)
  }

  package func mayTakeLong(_ call: Call, in world: World<State>) -> Bool { false }
}

extension Call {
  /// Where `operation` stands in the service's `operations`.
  package var operationIndex: Int { endpointIndex }

  package init(
    request: Request, operation: Operation, operationIndex: Int, parameters: PathParameters,
    content: [UInt8] = [], tenant: Tenant, exchange: Exchange, number: UInt64 = 0,
    credential: String? = nil
  ) {
    self.init(
      request: request, operation: operation, endpointIndex: operationIndex,
      parameters: parameters, content: content, tenant: tenant, exchange: exchange, number: number,
      credential: credential)
  }
}

extension Endpoint where Service: ServiceWithOperations {
  fileprivate init(_ operation: Operation, index: Int) {
    self.init(
      operation.name, operation.routes, operation.summary, operation.fidelity, needs: nil,
      description: OperationDocumentation(answers: []), handler: index)
    self.operation = operation
  }
}
