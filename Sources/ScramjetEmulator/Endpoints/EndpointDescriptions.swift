package import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What the rows say of content, in few words.
/// Source: the contract of hub 1.0.1 and what its handlers answer here.
extension OperationDocumentation {
  /// JSON, or nothing at all.
  static func json(
    _ shape: String, _ refusals: [Int] = [], status: Int = 200, takes content: String? = nil,
    query parameters: [DocumentedParameter] = [], waits: Bool = false
  ) -> Self {
    Self(
      parameters: parameters, content: content.map { [.json($0)] } ?? [],
      answers: [.json(status, status == 202 ? "It is accepted." : "Done.", shape)],
      refusals: refusals, isStreaming: waits)
  }

  /// Bytes as they come, until one side ends it.
  static func stream(_ meaning: String, _ refusals: [Int] = []) -> Self {
    Self(
      answers: [DocumentedAnswer(200, meaning, [.package])], refusals: refusals, isStreaming: true)
  }

  /// A package that becomes a sequence.
  static func upload(_ refusals: [Int]) -> Self {
    Self(
      parameters: [.init(.header, "X-Name", "string", "A name for the sequence.")],
      content: [.package], answers: [.json(200, "It is there.", "{id: Id}")], refusals: refusals)
  }

  /// Data for an instance: the end of the answer comes when all has been taken.
  static func taking(_ content: [DocumentedContent], _ refusals: [Int] = []) -> Self {
    Self(
      parameters: [
        .init(.header, "X-End-Stream", "'true'|'false'", "Whether this is all; else it is.")
      ],
      content: content,
      answers: [
        DocumentedAnswer(200, "The stream is ended with this."),
        DocumentedAnswer(202, "More may come."),
      ], refusals: refusals, isStreaming: true)
  }

  /// Data for a topic.
  static var publishing: Self {
    Self(
      parameters: [
        .init(.header, "X-End-Stream", "'true'|'false'", "Whether 200 is wanted for 202.")
      ],
      content: .lines("application/x-ndjson", "text/x-ndjson", "text/plain", .bytes),
      answers: [200, 202].map { .json($0, "All of it has been taken.", "{}") },
      refusals: [400, 415])
  }
}

extension String {
  fileprivate static let bytes = "application/octet-stream"
}

extension DocumentedContent {
  /// Bytes; sent to a hub or a store, a tar.gz with a `package.json`.
  static var package: Self { Self(.bytes, "bytes") }
}

extension [DocumentedContent] {
  fileprivate static func lines(_ types: String...) -> Self {
    types.map { DocumentedContent($0, "string", example: "{\"ship\":\"Aurora\"}\n") }
  }

  static var input: Self { .lines("application/x-ndjson", "text/plain", .bytes) }
}

extension [DocumentedParameter] {
  static var page: Self {
    [
      .init(.query, "offset", "integer(0..)", "How many to leave out."),
      .init(.query, "limit", "integer(1..100)", "At most so many; else 100."),
    ]
  }
}

/// What is true of all endpoints of a level or form.
extension ScramjetService {
  package func documentation(of endpoint: Endpoint<Self>) -> OperationDocumentation {
    var about = endpoint.description()
    let handler = endpoint.handler
    let routes = endpoint.operation.routes
    let namesSpace = routes.first?.template.parameterNames.contains("space") ?? false
    var refusals: [Int: DocumentedAnswer] = [:]
    for status in about.refusals + handler.form.refusals {
      refusals[status] = Self.refusal(status)
    }
    if handler.level == .instance || namesSpace {
      // No content is described where there may be none.
      refusals[404] = DocumentedAnswer(
        404,
        refusals[404] == nil
          ? "There is no such space, hub, instance or thing: without content or content type."
          : "There is no such space or hub: without content or content type. Or there is no such "
            + "thing: told in JSON, as the other refusals are.")
    }
    if namesSpace {
      for status in [401, 403] {
        refusals[status] = .json(status, "The platform wants another token.", "Forbidden")
      }
    }
    if handler.level.isOfHub {
      refusals[404] = refusals[404] ?? DocumentedAnswer(404, "There is no hub: without content.")
      refusals[503] = DocumentedAnswer(503, "The hub is away.")
    }
    let given = Set(about.answers.map(\.status))
    about.answers += refusals.values.filter { !given.contains($0.status) }
      .sorted { $0.status < $1.status }
    // The routes of the first base; the others are the same under another.
    about.shownRoutes = about.shownRoutes ?? routes.count / handler.level.bases.count
    return about
  }

  private static let meanings = [
    400: "The content, its type or a field is not what it must be.",
    404: "It does not exist.", 405: "It cannot be done here.", 406: "A content type is missing.",
    409: "What exists stands in the way.", 413: "The content is larger than is accepted.",
    415: "The content type, or the one that is accepted, is not the one here.",
    419: "The machine has no room for it.", 422: "The content cannot be worked with.",
    500: "The message cannot be passed on.", 507: "There is no room for it.",
  ]

  private static func refusal(_ status: Int) -> DocumentedAnswer {
    .json(
      status, meanings[status] ?? "Refused.",
      [422, 507].contains(status) ? "Refusal | {}" : "Refusal")
  }
}
