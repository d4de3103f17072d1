package import PayloadCodecs

/// What the contracts of the services know, operation by operation: from their OpenAPI documents.
package struct ContractCatalogue: Sendable {
  package struct Operation: Sendable {
    package var service: String
    package var name: String
    package var summary: String
    package var query: [String]
    package var members: [String]
    package var statuses: [Int]
  }

  /// By name.
  package private(set) var operations: [String: Operation] = [:]

  /// - Parameter documents: by the service's name.
  package init(_ documents: [(service: String, document: JSON)]) {
    for (service, document) in documents {
      for (_, path) in document["paths"]?.objectValue?.members ?? [] {
        for (_, operation) in path.objectValue?.members ?? [] { add(operation, service) }
      }
    }
  }

  private mutating func add(_ operation: JSON, _ service: String) {
    guard let name = operation["operationId"]?.stringValue else { return }
    let parameters = operation["parameters"]?.arrayValue ?? []
    var members: [String] = []
    for (_, content) in operation["requestBody"]?["content"]?.objectValue?.members ?? [] {
      for key in content["schema"]?["properties"]?.objectValue?.keys ?? []
      where !members.contains(key) {
        members.append(key)
      }
    }
    let known = Operation(
      service: service, name: name, summary: operation["summary"]?.stringValue ?? "",
      query: parameters.filter { $0["in"] == "query" }.compactMap { $0["name"]?.stringValue },
      members: members,
      statuses: (operation["responses"]?.objectValue?.keys ?? []).compactMap { Int($0) }.sorted())
    // Further paths of the same operation are the same again.
    operations[name] = operations[name] ?? known
  }

  /// Those of the services that were used.
  package func names(of services: Set<String>) -> [String] {
    operations.values.filter { services.contains($0.service) }.map(\.name).sorted()
  }
}
