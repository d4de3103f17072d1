import HTTPModel

/// Fields that keep browsers from making more of an answer than it is.
///
/// What the control API answers holds what clients have sent (journals, worlds): it is never run,
/// framed, kept, read by other origins or taken for another type.
/// Source: Fetch standard ("X-Content-Type-Options", "Cross-Origin-Resource-Policy"), W3C "Content
/// Security Policy Level 3".
struct AnswerGuard: Sendable {
  private let fields: Fields

  static let control = AnswerGuard([
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
  ])

  private init(_ fields: KeyValuePairs<String, String>) {
    self.fields = Fields(fields)
  }

  /// The console's page says for itself what it may do.
  func added(to response: Response) -> Response {
    guard !response.fields.contains("content-security-policy") else { return response }
    var response = response
    response.fields.append(fields)
    return response
  }

  func added(to answer: Answer) -> Answer {
    switch answer {
    case .now(let response): .now(added(to: response))
    case .collect(let limit, let then): .collect(limit: limit) { added(to: then($0)) }
    case .later(let work), .atOnce(_, orLater: let work): .later { added(to: await work($0)) }
    }
  }
}
