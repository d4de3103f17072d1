import HTTPModel

/// Writes exchanges as an HTTP Archive.
///
/// Where the specification wants `params` or `text` of a form and browsers write both, both are written:
/// the one is for people, and without the other nobody could send the request again.
/// Source: "HAR 1.2 Spec" by Jan Odvarko.
package struct HARWriter {
  private let creator: String
  private let version: String
  /// The value of a field as it may be shown, by the field's name.
  private let mask: (_ value: String, _ field: String) -> String
  /// Whether that may be another one than it has.
  private let mayHide: (_ field: Span<UInt8>) -> Bool

  package init(
    creator: String, version: String,
    mayHide: @escaping (_ field: Span<UInt8>) -> Bool = { _ in true },
    mask: @escaping (_ value: String, _ field: String) -> String
  ) {
    (self.creator, self.version) = (creator, version)
    (self.mayHide, self.mask) = (mayHide, mask)
  }

  /// - Parameter entry: makes the entry of a place; they are made one after the other, so that they need
  ///   not all be there at once. Nil: there is nothing to be told of it.
  package func text(
    _ count: Int, comment: String? = nil, entry: (Int) -> HAREntry?
  ) -> [UInt8] {
    var json = JSONWriter(reserving: 1024 + count * 2048)
    json.object { json in
      json.object("log") { json in
        json.member("version", "1.2")
        json.object("creator") { json in
          json.member("name", creator)
          json.member("version", version)
        }
        json.array("pages") { _ in }
        json.array("entries") { json in
          for place in 0..<count {
            if let entry = entry(place) { write(entry, into: &json) }
          }
        }
        json.member(ifPresent: "comment", comment)
      }
    }
    return json.bytes
  }

  private func write(_ entry: HAREntry, into json: inout JSONWriter) {
    json.object { json in
      json.member("startedDateTime", entry.started)
      json.member("time", microseconds: entry.sending + entry.waiting + entry.receiving)
      json.key("request")
      request(entry, into: &json)
      json.key("response")
      response(entry, into: &json)
      json.object("cache") { _ in }
      json.object("timings") { json in
        // What is not known of any.
        json.raw(#""blocked":-1,"dns":-1,"connect":-1,"ssl":-1"#)
        json.member("send", microseconds: entry.sending)
        json.member("wait", microseconds: entry.waiting)
        json.member("receive", microseconds: entry.receiving)
      }
      json.member(ifPresent: "serverIPAddress", entry.server)
      json.member(ifPresent: "connection", entry.connection)
      for (name, value) in entry.members { json.member(named: name, value) }
    }
  }

  // MARK: Requests

  private func request(_ entry: HAREntry, into json: inout JSONWriter) {
    json.object { json in
      json.member("method", entry.method)
      // A masked value has one, and behind it a URL would have nothing but a fragment.
      let hasMark = entry.url.utf8.span.contains(UInt8(ascii: "#"))
      json.member("url", hasMark ? entry.url.escaped { $0 == "#" ? "%23" : nil } : entry.url)
      json.member("httpVersion", entry.version)
      json.array("cookies") { json in
        for value in entry.requestFields.all("cookie") {
          for pair in value.utf8.split(separator: UInt8(ascii: ";")) {
            guard let (name, value) = Self.pair(pair) else { continue }
            Self.write(name, mask(value, "cookie"), into: &json)
          }
        }
      }
      headers(entry.requestFields, into: &json)
      json.array("queryString") { json in
        guard entry.url.utf8.span.contains(UInt8(ascii: "?")) else { return }
        for (name, value) in RequestTarget(entry.url).queryItems {
          Self.write(name, value, into: &json)
        }
      }
      if entry.request.total > 0 { postData(entry, into: &json) }
      json.member("headersSize", -1)
      json.member("bodySize", Int(clamping: entry.request.coded ?? entry.request.total))
    }
  }

  private func postData(_ entry: HAREntry, into json: inout JSONWriter) {
    let type = entry.requestField("content-type") ?? ""
    json.object("postData") { json in
      json.member("mimeType", type)
      json.array("params") { json in
        for parameter in Self.parameters(entry.request.bytes, type) { json.value(parameter) }
      }
      if let textBytes = Self.textBytes(entry.request) {
        json.member("text", entry.request.bytes.span.extracting(0..<textBytes))
      } else {
        json.member("text", Base64.encode(entry.request.bytes))
        // The specification has a word for it in answers only.
        json.member("_encoding", "base64")
      }
      json.member(ifPresent: "comment", Self.comment(entry.request))
    }
  }

  /// What a form holds, as far as it can be read: of a cut one what comes before the cut.
  private static func parameters(_ content: [UInt8], _ type: String) -> [JSON] {
    if FieldParameters(type).head.asciiLowercased == "application/x-www-form-urlencoded" {
      let pairs = (try? FormURLEncoded.read(content, pairsMax: .max)) ?? []
      return pairs.map { ["name": .string($0.name), "value": .string($0.value)] }
    }
    guard let boundary = try? MultipartBoundary(contentType: type) else { return [] }
    var limits = MultipartLimits()
    (limits.fieldBytesMax, limits.collectedBytesMax) = (.max, .max)
    var reader = MultipartFormReader(boundary: boundary, streaming: [], limits: limits)
    _ = try? reader.feed(content)
    return reader.collected.entries.map { entry in
      var parameter: JSONObject = ["name": .string(entry.part.name)]
      if let text = String(validating: entry.content, as: UTF8.self) {
        parameter["value"] = .string(text)
      }
      parameter["fileName"] = entry.part.filename.map(JSON.string)
      parameter["contentType"] = entry.part.contentType.map(JSON.string)
      return .object(parameter)
    }
  }

  // MARK: Answers

  private func response(_ entry: HAREntry, into json: inout JSONWriter) {
    let hasAnswer = entry.status != nil
    json.object { json in
      json.member("status", entry.status ?? 0)
      json.member("statusText", hasAnswer ? entry.reason : "")
      json.member("httpVersion", hasAnswer ? "HTTP/1.1" : "")
      json.array("cookies") { json in
        for value in hasAnswer ? entry.responseFields.all("set-cookie") : [] {
          if let cookie = setCookie(value) { json.value(cookie) }
        }
      }
      headers(hasAnswer ? entry.responseFields : Fields(), into: &json)
      json.key("content")
      content(entry, into: &json)
      json.member("redirectURL", hasAnswer ? entry.redirect : "")
      json.member("headersSize", -1)
      json.member(
        "bodySize",
        hasAnswer ? Int(clamping: entry.response.coded ?? entry.response.total) : -1)
      json.member(ifPresent: "_error", entry.failure)
    }
  }

  private func content(_ entry: HAREntry, into json: inout JSONWriter) {
    guard entry.status != nil else {
      return json.object { json in
        json.member("size", 0)
        json.member("mimeType", "x-unknown")
      }
    }
    json.object { json in
      let textBytes = Self.textBytes(entry.response)
      // Of what is shown, so that both agree; how much there was is the size of the body.
      let size = textBytes ?? entry.response.bytes.count
      json.member("size", size)
      if let coded = entry.response.coded, !entry.response.isCut {
        json.member("compression", size - Int(clamping: coded))
      }
      json.member("mimeType", entry.responseField("content-type") ?? "x-unknown")
      if let textBytes {
        json.member("text", entry.response.bytes.span.extracting(0..<textBytes))
      } else {
        json.member("text", Base64.encode(entry.response.bytes))
        json.member("encoding", "base64")
      }
      json.member(ifPresent: "comment", Self.comment(entry.response))
    }
  }

  // MARK: Fields and contents

  private func headers(_ fields: Fields, into json: inout JSONWriter) {
    json.array("headers", of: fields, mayHide: mayHide, shown: mask)
  }

  private static func write(_ name: String, _ value: String, into json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("value", value)
    }
  }

  /// Source: RFC 6265 §4.1.1. When it is over is left to its field: a date there has many forms.
  private func setCookie(_ value: String) -> JSON? {
    let parts = value.utf8.split(separator: UInt8(ascii: ";"))
    guard let first = parts.first, let (name, secret) = Self.pair(first) else { return nil }
    var cookie: JSONObject = [
      "name": .string(name), "value": .string(mask(secret, "set-cookie")),
    ]
    var isHTTPOnly = false
    var isSecure = false
    for part in parts.dropFirst() {
      let word = Self.trimmed(part).asciiLowercased
      if word == "httponly" { isHTTPOnly = true }
      if word == "secure" { isSecure = true }
      guard let (key, value) = Self.pair(part) else { continue }
      let name = key.asciiLowercased
      if name == "path" || name == "domain" { cookie[name] = .string(value) }
    }
    cookie["httpOnly"] = .bool(isHTTPOnly)
    cookie["secure"] = .bool(isSecure)
    return .object(cookie)
  }

  private static func pair(_ text: Substring.UTF8View) -> (name: String, value: String)? {
    guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    let name = trimmed(text[..<equals])
    guard !name.isEmpty else { return nil }
    return (name, trimmed(text[equals...].dropFirst()))
  }

  private static func trimmed(_ text: Substring.UTF8View) -> String {
    var rest = text
    while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
    while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
    return String(Substring(rest))
  }

  /// How many of its bytes are text. Nil when they are none; a character that was cut at the end is left out.
  private static func textBytes(_ content: HAREntry.Content) -> Int? {
    let bytes = content.bytes.span
    if (try? UTF8Span(validating: bytes)) != nil { return bytes.count }
    guard content.isCut else { return nil }
    return (1...3).map { bytes.count - $0 }.first { count in
      count > 0 && (try? UTF8Span(validating: content.bytes.span.extracting(0..<count))) != nil
    }
  }

  private static func comment(_ content: HAREntry.Content) -> String? {
    guard content.isCut else { return content.comment }
    let cut = "the first \(content.bytes.count) of \(content.total) bytes"
    return content.comment.map { "\(cut); \($0)" } ?? cut
  }
}

extension JSONWriter {
  /// Microseconds as milliseconds, with three digits behind the point where they are not whole.
  fileprivate mutating func member(_ name: StaticString, microseconds: Int) {
    let (whole, rest) = max(0, microseconds).quotientAndRemainder(dividingBy: 1000)
    member(name, whole)
    guard rest > 0 else { return }
    bytes.append(UInt8(ascii: "."))
    for place in [100, 10, 1] { bytes.append(UInt8(truncatingIfNeeded: 0x30 + rest / place % 10)) }
  }
}

extension Span<UInt8> {
  fileprivate func contains(_ byte: UInt8) -> Bool {
    firstIndex(of: byte, from: 0, to: count) < count
  }
}
