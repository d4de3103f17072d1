import Determinism
import HTTPModel
import PayloadCodecs

/// Reads one entry of an HTTP Archive, in the dialects of those who write them.
///
/// Source: "HAR 1.2 Spec"; the files of Chrome, Firefox, Safari, mitmproxy and Playwright: members with an underscore
/// in front, pseudo fields of HTTP/2, contents that are elsewhere or nowhere.
struct EntryReader {
  struct Refusal: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  private let item: JSON
  private let request: JSON
  private let response: JSON
  /// A tenant's, in front of the path.
  private var prefix = ""

  init(_ item: JSON) throws(Refusal) {
    guard item.objectValue != nil else { throw Refusal("it is no object") }
    guard let request = item["request"], request.objectValue != nil else {
      throw Refusal("it has no request")
    }
    guard let response = item["response"], response.objectValue != nil else {
      throw Refusal("it has no response")
    }
    (self.item, self.request, self.response) = (item, request, response)
  }

  /// How an entry is named that may be no entry.
  static func title(_ item: JSON) -> String {
    let method = item["request"]?["method"]?.stringValue ?? "?"
    let url = item["request"]?["url"]?.stringValue ?? "?"
    return "\(method) \(url.prefix(200))"
  }

  mutating func entry(isServed: (String) -> Bool) throws(Refusal) -> Recording.Entry {
    var entry = Recording.Entry()
    guard let method = request["method"]?.stringValue, !method.isEmpty,
      method.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw Refusal("it has no method") }
    entry.method = method.asciiUppercased
    if item["_webSocketMessages"] != nil || item["_resourceType"] == "websocket" {
      throw Refusal("it is a WebSocket")
    }
    try readURL(into: &entry, isServed)
    entry.started = item["startedDateTime"]?.stringValue
      .flatMap { VirtualInstant(iso8601: $0) }.map { Double($0.nanoseconds) / 1e9 }
    entry.took = max(0, item["time"]?.doubleValue ?? 0) / 1000
    entry.requestFields = Self.fields(request["headers"])
    entry.responseFields = Self.fields(response["headers"])
    try readStatus(into: &entry)
    if item["_initiator"]?["type"] == "preflight" {
      throw Refusal("it is a browser's preflight")
    }
    entry.requestContent = try requestContent(entry)
    readContent(into: &entry)
    entry.cut = cut(entry)
    if !prefix.isEmpty { leaveOutPrefix(of: &entry) }
    return entry
  }

  /// Addresses in answers of an emulator name its tenant.
  private func leaveOutPrefix(of entry: inout Recording.Entry) {
    entry.responseFields = entry.responseFields.map {
      ($0.name, $0.value.replacing(prefix, with: ""))
    }
    guard let content = entry.responseContent,
      let text = String(validating: content, as: UTF8.self)
    else { return }
    entry.responseContent = Array(text.replacing(prefix, with: "").utf8)
  }

  private mutating func readURL(into entry: inout Recording.Entry, _ isServed: (String) -> Bool)
    throws(Refusal)
  {
    guard let url = request["url"]?.stringValue, !url.isEmpty else {
      throw Refusal("it has no URL")
    }
    let lower = url.asciiLowercased
    if lower.hasPrefix("ws://") || lower.hasPrefix("wss://") { throw Refusal("it is a WebSocket") }
    guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
      throw Refusal("its URL is none of http or https")
    }
    let target = RequestTarget(String(url.prefix { $0 != "#" }))
    guard let authority = target.authority, !authority.isEmpty else {
      throw Refusal("its URL names no host")
    }
    entry.authority = String(authority.split(separator: "@").last ?? "")
    entry.host = Self.host(entry.authority)
    entry.isSecure = lower.hasPrefix("https://")
    guard isServed(entry.host) else {
      throw Refusal(
        "\(entry.host) is no host of an emulated API (--intercept \(entry.host)=SERVICE gives it to one)"
      )
    }
    var path = target.path
    if path.hasPrefix("/_t/") {
      let rest = path.dropFirst(4).drop { $0 != "/" }
      prefix = String(path.dropLast(rest.count))
      path = rest.isEmpty ? "/" : String(rest)
    }
    if path == "/_wavetank" || path.hasPrefix("/_wavetank/") {
      throw Refusal("it is a call of Wavetank's control API")
    }
    entry.target = path + (target.query.map { "?" + $0 } ?? "")
    guard entry.target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw Refusal("its URL has spaces or control characters in it")
    }
  }

  private static func host(_ authority: String) -> String {
    let text = authority.asciiLowercased
    if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
    return String(text.prefix { $0 != ":" })
  }

  private func readStatus(into entry: inout Recording.Entry) throws(Refusal) {
    let status = response["status"]?.intValue ?? 0
    guard status > 0 else {
      let error = response["_error"]?.stringValue ?? item["_error"]?.stringValue
      throw Refusal("no answer was recorded" + (error.map { " (\($0))" } ?? ""))
    }
    guard (200...599).contains(status) else {
      throw Refusal("its status \(status) is none of an answer")
    }
    if item["_fromCache"] != nil || response["_fromDiskCache"] == true || status == 304 {
      throw Refusal("it was answered by a cache")
    }
    entry.status = status
  }

  /// Without the pseudo fields of HTTP/2, and each line of a value that has several for itself.
  private static func fields(_ list: JSON?) -> [(name: String, value: String)] {
    (list?.arrayValue ?? []).flatMap { field -> [(name: String, value: String)] in
      guard let name = field["name"]?.stringValue, let value = field["value"]?.stringValue,
        !name.isEmpty, !name.hasPrefix(":")
      else { return [] }
      return value.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        .map { (name, String($0)) }
    }
  }

  // MARK: Contents

  private func requestContent(_ entry: Recording.Entry) throws(Refusal) -> [UInt8] {
    let data = request["postData"]
    let size = request["bodySize"]?.intValue ?? -1
    if let text = data?["text"]?.stringValue, !text.isEmpty {
      var content = Array(text.utf8)
      let coding = data?["_encoding"]?.stringValue ?? data?["encoding"]?.stringValue
      if coding == "base64" {
        guard let bytes = Base64.decode(text, .lenient) else {
          throw Refusal("its request's content is no base64")
        }
        content = bytes
      }
      if size > content.count {
        throw Refusal("only \(content.count) of \(size) bytes of its request's content are there")
      }
      return content
    }
    if let file = data?["_file"]?.stringValue {
      throw Refusal("its request's content is in another file, \(file)")
    }
    let params = data?["params"]?.arrayValue ?? []
    if !params.isEmpty { return try form(params, entry) }
    if size > 0 { throw Refusal("its request's content, \(size) bytes, is not there") }
    return []
  }

  /// A form's content, made of what it holds.
  private func form(_ params: [JSON], _ entry: Recording.Entry) throws(Refusal) -> [UInt8] {
    let type =
      entry.requestField("content-type") ?? request["postData"]?["mimeType"]?.stringValue ?? ""
    let parts = FieldParameters(type)
    let pairs = params.compactMap { param in
      param["name"]?.stringValue.map { ($0, param["value"]?.stringValue ?? "", param) }
    }
    guard parts.head.asciiLowercased == "multipart/form-data" else {
      return Array(FormURLEncoded.write(pairs.map { (name: $0.0, value: $0.1) }).utf8)
    }
    guard let boundary = parts["boundary"] else { throw Refusal("its form has no boundary") }
    var content = ""
    for (name, value, param) in pairs {
      let file = param["fileName"]?.stringValue
      if let file, param["value"]?.stringValue == nil {
        throw Refusal("the file “\(file)” that it uploads is not there")
      }
      content += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\""
      if let file { content += "; filename=\"\(file)\"" }
      if let type = param["contentType"]?.stringValue { content += "\r\nContent-Type: \(type)" }
      content += "\r\n\r\n\(value)\r\n"
    }
    return Array((content + "--\(boundary)--\r\n").utf8)
  }

  private func readContent(into entry: inout Recording.Entry) {
    let content = response["content"]
    if let file = content?["_file"]?.stringValue {
      entry.contentLack = "the answer's content is in another file, \(file)"
      return
    }
    guard let text = content?["text"]?.stringValue else {
      let size = content?["size"]?.intValue ?? 0
      let isEmpty = size <= 0 || entry.method == "HEAD" || entry.status == 204
      entry.responseContent = isEmpty ? [] : nil
      if !isEmpty { entry.contentLack = "the answer's content, \(size) bytes, is not there" }
      return
    }
    if content?["comment"]?.stringValue?.hasPrefix("the first ") == true {
      entry.contentLack = "not all of the answer's content is there"
      return
    }
    guard content?["encoding"]?.stringValue?.asciiLowercased == "base64" else {
      entry.responseContent = Array(text.utf8)
      return
    }
    entry.responseContent = Base64.decode(text, .lenient)
    if entry.responseContent == nil { entry.contentLack = "the answer's content is no base64" }
  }

  /// Why an answer is not whole although all that came of it is there: fewer bytes than its own field announced,
  /// or an error on the way. What was coded is of another length than what is shown, and so is what some
  /// browsers say of a body's.
  private func cut(_ entry: Recording.Entry) -> String? {
    guard let content = entry.responseContent, entry.method != "HEAD", entry.status != 204 else {
      return nil
    }
    let coding = entry.responseField("content-encoding")?.asciiLowercased ?? "identity"
    let count = max(content.count, response["bodySize"]?.intValue ?? 0)
    if coding == "identity",
      let length = entry.responseField("content-length").flatMap({ Int($0) }),
      length > count
    {
      return "\(count) of \(length) bytes of its content came"
    }
    return response["_error"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
  }
}
