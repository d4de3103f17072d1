package import HTTPModel
import PayloadCodecs

/// The answer to OPTIONS where a vendor has none of his own: what is allowed, and leave for
/// browsers of any origin (the Fetch standard, "CORS-preflight request").
package enum CrossOrigin {
  static let allMethods: [Method] = [.get, .head, .post, .put, .patch, .delete, .options]

  /// The Fetch standard, "CORS-preflight request".
  static func isPreflight(_ request: Request) -> Bool {
    request.method == .options && request.fields.contains("origin")
      && request.fields.contains("access-control-request-method")
  }

  static func allow(_ methods: [Method]) -> String {
    var names: [String] = []
    for method in methods {
      if !names.contains(method.name) { names.append(method.name) }
      if method == .get, !methods.contains(.head) { names.append("HEAD") }
    }
    return names.joined(separator: ", ")
  }

  package static func answer(_ methods: [Method], _ request: Request) -> Response {
    let allowed = allow(methods.contains(.options) ? methods : methods + [.options])
    var response = Response(.noContent)
    response.fields.append("Allow", allowed)
    response.fields.append("Access-Control-Allow-Origin", "*")
    response.fields.append("Access-Control-Allow-Methods", allowed)
    // `*` does not cover Authorization, so what was asked for is named.
    response.fields.append(
      "Access-Control-Allow-Headers", request.fields["access-control-request-headers"] ?? "*")
    response.fields.append("Access-Control-Max-Age", "600")
    if request.fields["access-control-request-private-network"] == "true" {
      response.fields.append("Access-Control-Allow-Private-Network", "true")
    }
    return response
  }
}

extension Response {
  /// Whatever a client has stored here is served from the origin of the console. So no browser
  /// guesses its type, and a page among it has no origin, no script and no form. Behind whatever the
  /// service or a rule says: of several policies all hold. Rendered once, since every answer has it.
  /// Source: Fetch standard, "X-Content-Type-Options"; W3C, "Content Security Policy Level 3",
  /// `sandbox`.
  private static let contentGuards = Fields([
    "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox",
  ])
  private static let openContentGuards: Fields = {
    var fields = contentGuards
    fields.append("Access-Control-Allow-Origin", "*")
    return fields
  }()

  /// What every answer of an emulated API has, be it a failure, a fault or a refusal: the guards of its
  /// content, and leave for pages of any origin, which a preflight has promised them.
  mutating func guardContent() {
    fields.append(
      fields.contains("access-control-allow-origin") ? Self.contentGuards : Self.openContentGuards)
  }

  private static let numberedGuards = numbered(contentGuards)
  private static let numberedOpenGuards = numbered(openContentGuards)
  private static func numbered(_ guards: Fields) -> Fields {
    var fields = guards
    fields.append(JournalEntry.exchangeName, "")
    return fields
  }

  /// The same, and the exchange's number behind them.
  mutating func guardContent(of number: UInt64) {
    fields.append(
      fields.contains("access-control-allow-origin")
        ? Self.numberedGuards : Self.numberedOpenGuards, number: number)
  }
}
