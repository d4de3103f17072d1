import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// The arguments of a package's method, from wherever a call gives them: the query, and for POST also
/// a JSON object, a form or a multipart form, which win over the query.
///
/// Repeated names become lists; a whole number in a query is a number, as the Engine hands it over.
/// Source: contract §5.1; applications that call packages by plain HTTP.
enum InvocationArguments {
  /// - Errors: content that is none of them.
  static func read(_ request: Request, content: [UInt8]) throws(SteamshipError) -> JSONObject {
    var arguments = gather(
      request.target.queryItems.map { (name: $0.name, value: queryValue($0.value)) })
    guard request.method == .post, !content.isEmpty else { return arguments }
    arguments.merge(try fields(of: content, type: request.fields["content-type"] ?? ""))
    return arguments
  }

  private static func fields(
    of content: [UInt8], type: String
  ) throws(SteamshipError) -> JSONObject {
    let kind = type.asciiLowercased
    if kind.hasPrefix("multipart/form-data") { return try form(content, type) }
    // `curl -d` calls everything a form, JSON too.
    let first = content.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
    let isForm = kind.hasPrefix("application/x-www-form-urlencoded") && first != UInt8(ascii: "{")
    guard isForm else { return try SteamshipService.arguments(content).fields }
    do {
      return gather(try FormURLEncoded.read(content).map { ($0.name, .string($0.value)) })
    } catch {
      throw .invalid("The form is too large: \(error).")
    }
  }

  private static func form(
    _ content: [UInt8], _ type: String
  ) throws(SteamshipError) -> JSONObject {
    do {
      let form = try MultipartForm.parse(
        content, boundary: try MultipartBoundary(contentType: type))
      return gather(form.texts.map { (name: $0.name, value: .string($0.value)) })
    } catch {
      throw .invalid("The form is malformed: \(error).")
    }
  }

  private static func gather(_ pairs: [(name: String, value: JSON)]) -> JSONObject {
    var places: TextMap<Int> = [:]
    var members: [(key: String, value: JSON)] = []
    for (name, value) in pairs {
      guard let place = places[name] else {
        places[name] = members.count
        members.append((name, value))
        continue
      }
      if case .array(var values) = members[place].value {
        members[place].value = .null
        values.append(value)
        members[place].value = .array(values)
      } else {
        members[place].value = .array([members[place].value, value])
      }
    }
    return JSONObject(members)
  }

  /// `5` is a number; `007`, `5.0` and what does not fit stay text.
  private static func queryValue(_ text: String) -> JSON {
    guard let number = Int(text), String(number) == text else { return .string(text) }
    return .integer(number)
  }
}
