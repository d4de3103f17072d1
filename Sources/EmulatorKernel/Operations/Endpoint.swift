package import HTTPModel
import PayloadCodecs

/// One row of a service's table: everything about an endpoint that is not its handler's work, and the
/// handler. Whatever else is known of operations derives from these rows: how requests find them, what
/// rules and journal call them, what a key must allow, OpenAPI, the list of operations.
///
/// **Cost**: a start makes all rows and no description; `description` is made when somebody asks for
/// the documentation. A class, since each request takes its row out of the table: one reference to
/// count, not one for each text of the row.
package final class Endpoint<Service: EmulatedService>: Sendable {
  /// What the kernel knows of it.
  package let operation: Operation
  /// What the request's key must allow; nil: no key is asked for.
  package let right: Service.Right?
  /// What it takes and answers, beside what all endpoints of the service do.
  package let description: @Sendable () -> OperationDocumentation
  package let handler: Service.Handler

  /// - Parameters:
  ///   - name: `service.resource.verb`, in full.
  ///   - routes: The first is the one to show; others are aliases.
  ///   - summary: One sentence.
  ///   - source: What the fidelity rests on, where it is not the service's `sources`.
  ///   - right: What the request's key must allow; nil: no key is asked for.
  ///   - resource: The path parameter that names the thing a rule counts `per: resource`.
  ///   - path: How paths are compared that no route has to the letter.
  ///   - needsRoom: Whether it may keep something; nil: if its method is POST, PUT or PATCH.
  ///   - description: Shapes, refusals, examples.
  package init(
    _ name: String, _ routes: [Operation.Route], _ summary: String, _ fidelity: Fidelity,
    source: String? = nil, needs right: Service.Right?, content: ContentPolicy = .ignored,
    per resource: String? = nil, path: Operation.PathComparison = .exact, isFoundByID: Bool = false,
    isClaimed: Bool = false, firstSecretSegment: Int? = nil, needsRoom: Bool? = nil,
    description: @autoclosure @escaping @Sendable () -> OperationDocumentation,
    handler: Service.Handler
  ) {
    var operation = Operation(
      name, routes, content: content, fidelity: fidelity, summary: summary)
    operation.right = right?.rawValue
    operation.source = source
    operation.resourceParameter = resource
    operation.path = path
    operation.firstSecretSegment = firstSecretSegment
    operation.isFoundByID = isFoundByID
    operation.isClaimed = isClaimed
    if let needsRoom { operation.needsRoom = needsRoom }
    self.operation = operation
    self.right = right
    self.description = description
    self.handler = handler
  }
}

/// The rights of a service whose keys may all do the same.
package enum AnyKey: String, Sendable {
  case any = ""
}

/// A request that no route matched, claimed by what exists in the world.
package struct Claim: Sendable {
  /// The operation's name.
  let operation: String
  let parameters: PathParameters

  package init(_ endpoint: Endpoint<some EmulatedService>, _ parameters: PathParameters) {
    operation = endpoint.operation.name
    self.parameters = parameters
  }
}

extension EmulatedService {
  /// The operations of the endpoints, each with what its fidelity rests on.
  package var operations: [Operation] {
    let sources = sources
    return endpoints.map { endpoint in
      var operation = endpoint.operation
      if operation.source == nil {
        operation.source = sources.first { $0.key == operation.fidelity }?.value
      }
      return operation
    }
  }
}
