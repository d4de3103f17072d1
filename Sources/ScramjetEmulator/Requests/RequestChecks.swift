import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What an endpoint demands of a request before its handler is asked.
/// Source: transform-hub 1.0.1, `packages/api-server` (`get`, `op`, `upstream`, `downstream`).
enum RequestForm: Sendable {
  /// A GET that gives JSON: `Accept`, if there, must cover it.
  case json
  /// A POST or DELETE that takes or ignores JSON: `Content-Type` must say JSON.
  case operation
  /// A GET that gives a stream of bytes.
  case streamOut
  /// A POST or PUT that takes a stream of bytes.
  case streamIn
  /// Its handler checks by itself.
  case free

  /// What the content of such a request is for; nil: that differs.
  var content: ContentPolicy? {
    switch self {
    case .operation: .collectedByDefault
    case .streamIn: .streamed
    case .json, .streamOut, .free: nil
    }
  }

  /// The statuses of what `RequestChecks` refuses.
  var refusals: [Int] {
    switch self {
    case .json, .streamOut, .streamIn: [415]
    case .operation: [400, 413]
    case .free: []
    }
  }
}

enum RequestChecks {
  /// - Returns: what a hub would have refused but we accept, as remarks.
  /// - Errors: the refusal, with the code of the hub and always with a JSON body.
  static func check(
    _ form: RequestForm, _ request: Request, isStrict: Bool
  ) throws(ScramjetError) -> [String] {
    switch form {
    case .json: return try checkAccept(request, "application/json", "text/json", isStrict: isStrict)
    case .streamOut: return try checkAccept(request, "application/octet-stream", isStrict: isStrict)
    case .operation: return try checkOperation(request, isStrict: isStrict)
    case .streamIn: return try checkStreamIn(request, isStrict: isStrict)
    case .free: return []
    }
  }

  private static func checkAccept(
    _ request: Request, _ types: String..., isStrict: Bool
  ) throws(ScramjetError) -> [String] {
    guard let value = request.fields.valueBytes("accept") else { return [] }
    // As nearly all clients say it.
    if value.span.equalsIgnoringCase("*/*".utf8.span) { return [] }
    for type in types where value.span.equalsIgnoringCase(type.utf8.span) { return [] }
    let ranges = request.fields.list("accept").map { MediaType($0) }
    if ranges.contains(where: { range in types.contains { range.covers($0) } }) { return [] }
    // The vendor's own pages show readers that ask for text.
    let isText = ranges.contains { $0.name.hasPrefix("text/") || $0.name == "application/x-ndjson" }
    if !isStrict, isText, types.contains("application/octet-stream") {
      return ["hub 1.0.1 answers 415 to this Accept: a stream is application/octet-stream"]
    }
    throw ScramjetError(Status(415, "Invalid content-type"), "Invalid content-type")
  }

  private static func checkOperation(
    _ request: Request, isStrict: Bool
  ) throws(ScramjetError) -> [String] {
    var refusal: ScramjetError {
      ScramjetError(Status(400, "Could not parse content"), "Could not parse content")
    }
    guard let value = request.fields.valueBytes("content-type") else {
      if isStrict { throw refusal }
      return ["hub 1.0.1 answers 400 to a missing Content-Type here: send application/json"]
    }
    // As nearly all clients say it.
    if value.span.equalsIgnoringCase("application/json".utf8.span) { return [] }
    let type = MediaType(String(decoding: value, as: UTF8.self))
    guard type.name == "application/json" || type.name == "text/json" else { throw refusal }
    guard let charset = type.parameter("charset"), charset != "utf-8" else { return [] }
    guard !isStrict, charset.asciiLowercased == "utf-8" else { throw refusal }
    return ["hub 1.0.1 answers 400 to a charset other than exactly utf-8"]
  }

  private static func checkStreamIn(
    _ request: Request, isStrict: Bool
  ) throws(ScramjetError) -> [String] {
    guard let value = request.fields["content-type"],
      !value.isExactly("application/octet-stream")
    else { return [] }
    let type = MediaType(value)
    if type.name == "application/octet-stream" {
      if value.hasPrefix("application/octet-stream") { return [] }
      if !isStrict { return ["hub 1.0.1 answers 415 to a Content-Type in other letters here"] }
    }
    // A package's own type is what a careful client would say.
    let isPackage = ["application/gzip", "application/x-gzip", "application/x-tar"]
      .contains(type.name)
    if !isStrict, isPackage {
      return ["hub 1.0.1 answers 415 to this Content-Type: send application/octet-stream"]
    }
    throw ScramjetError(Status(415, "Invalid content-type"), "Invalid content-type")
  }

  /// The JSON of an operation's content; nil when there is none, or only `null`. Blanks are no JSON.
  static func json(_ call: Call) throws(ScramjetError) -> JSON? {
    guard !call.content.isEmpty else { return nil }
    do throws(JSONParseError) {
      let value = try call.json()
      return value.isNull ? nil : value
    } catch {
      throw ScramjetError(Status(400, "Could not parse content"), "Could not parse content")
    }
  }
}

/// A media type or media range, taken apart (RFC 9110 §8.3.1, §12.5.1).
struct MediaType: Sendable, Equatable {
  /// Type and subtype in lower case, without parameters.
  let name: String
  private let parameters: [(name: String, value: String)]

  init(_ text: String) {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    name = String(parts.first ?? "").trimmingOptionalWhitespace().asciiLowercased
    parameters = parts.dropFirst().compactMap { part in
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { return nil }
      var value = String(pair[1]).trimmingOptionalWhitespace()
      if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
        value = String(value.dropFirst().dropLast())
      }
      return (String(pair[0]).trimmingOptionalWhitespace().asciiLowercased, value)
    }
  }

  static func == (left: Self, right: Self) -> Bool { left.name == right.name }

  func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

  func covers(_ type: String) -> Bool {
    if name == "*/*" || name == "*" || name == type { return true }
    guard name.hasSuffix("/*") else { return false }
    return type.hasPrefix(name.dropLast(1))
  }
}
