package import PayloadCodecs

/// What a service says about its API as a whole: what an OpenAPI document is made of beside the
/// endpoints.
package struct ServiceDocumentation: Sendable {
  /// How a caller shows who it is.
  package struct Security: Sendable {
    package var name: String
    /// An OpenAPI Security Scheme Object.
    package var scheme: JSON
    /// Whether requests without it are served as well.
    package var isOptional: Bool

    package init(_ name: String, _ scheme: JSON, isOptional: Bool = false) {
      self.name = name
      self.scheme = scheme
      self.isOptional = isOptional
    }
  }

  package var title: String
  /// Markdown.
  package var description: String
  package var security: Security?
  /// Shared shapes, `Name = shape` one after the other; see `ShapeParser`.
  package var components: String
  /// Path parameters: name → example and meaning.
  package var parameters: TextMap<DocumentedParameter>

  package init(
    title: String, description: String, security: Security? = nil, components: String = "",
    parameters: TextMap<DocumentedParameter> = [:]
  ) {
    self.title = title
    self.description = description
    self.security = security
    self.components = components
    self.parameters = parameters
  }
}

/// An operation with what it takes and answers.
package struct DocumentedOperation: Sendable {
  package var operation: Operation
  package var about: OperationDocumentation

  package init(_ operation: Operation, _ about: OperationDocumentation) {
    self.operation = operation
    self.about = about
  }
}

extension EmulatedService {
  /// What the service's document shows.
  package var documentedOperations: [DocumentedOperation] {
    zip(operations, endpoints).map { DocumentedOperation($0, documentation(of: $1)) }
  }
}

/// What one operation takes and answers.
package struct OperationDocumentation: Sendable {
  /// Query and header parameters; path parameters come from the route.
  package var parameters: [DocumentedParameter]
  package var content: [DocumentedContent]
  package var isContentRequired: Bool
  package var answers: [DocumentedAnswer]
  /// Statuses of refusals besides those that every endpoint of the service has; the service gives them
  /// their meaning.
  package var refusals: [Int]
  /// The answer goes on until one side ends it.
  package var isStreaming: Bool
  /// How many of the operation's routes are shown as paths of their own; nil: all. The others are
  /// the same under another base, and are listed with the first.
  package var shownRoutes: Int?

  package init(
    parameters: [DocumentedParameter] = [], content: [DocumentedContent] = [],
    isContentRequired: Bool = false, answers: [DocumentedAnswer], refusals: [Int] = [],
    isStreaming: Bool = false, shownRoutes: Int? = nil
  ) {
    self.parameters = parameters
    self.content = content
    self.isContentRequired = isContentRequired
    self.answers = answers
    self.refusals = refusals
    self.isStreaming = isStreaming
    self.shownRoutes = shownRoutes
  }
}

package struct DocumentedParameter: Sendable {
  package enum Place: String, Sendable { case path, query, header }
  package var place: Place
  package var name: String
  package var shape: String
  package var meaning: String
  package var isRequired: Bool

  package init(
    _ place: Place, _ name: String, _ shape: String, _ meaning: String, isRequired: Bool = false
  ) {
    self.place = place
    self.name = name
    self.shape = shape
    self.meaning = meaning
    self.isRequired = isRequired || place == .path
  }
}

/// One representation: a media type and its shape.
package struct DocumentedContent: Sendable {
  package var type: String
  package var shape: String
  /// For text that no shape describes (CSV, YAML).
  package var example: JSON?
  /// See `ShapeParser.schema`.
  package var isTolerant: Bool

  package init(_ type: String, _ shape: String, example: JSON? = nil, isTolerant: Bool = false) {
    self.type = type
    self.shape = shape
    self.example = example
    self.isTolerant = isTolerant
  }

  package static func json(_ shape: String) -> DocumentedContent {
    DocumentedContent("application/json", shape)
  }
}

package struct DocumentedAnswer: Sendable {
  package var status: Int
  package var meaning: String
  /// Empty: no content.
  package var content: [DocumentedContent]
  /// Response fields: name and meaning.
  package var fields: [(name: String, meaning: String)]

  package init(
    _ status: Int, _ meaning: String, _ content: [DocumentedContent] = [],
    fields: [(name: String, meaning: String)] = []
  ) {
    self.status = status
    self.meaning = meaning
    self.content = content
    self.fields = fields
  }

  /// One form, in JSON.
  package static func json(
    _ status: Int, _ meaning: String, _ shape: String
  ) -> DocumentedAnswer {
    DocumentedAnswer(status, meaning, [.json(shape)])
  }
}
