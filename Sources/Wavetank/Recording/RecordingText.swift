import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What was recorded, as an HTTP Archive without the credentials in it: those of fields, queries and
/// members whose names say so, and each of them wherever else it stands.
struct RecordingText {
  private let mask: CredentialMask
  /// Each as it may stand somewhere, and what is shown in its place.
  private var secrets: [(bytes: [UInt8], shown: [UInt8])] = []

  /// What is shorter stands elsewhere by chance.
  private static let secretBytesMin = 8

  init(_ exchanges: [RecordedExchange.State], _ mask: CredentialMask) {
    self.mask = mask
    var found: TextSet = []
    for exchange in exchanges {
      for (name, value) in exchange.requestFields.pairs + exchange.responseFields.pairs {
        for secret in mask.secrets(in: value, ofField: name) { found.insert(secret) }
      }
      for secret in mask.secrets(inTarget: exchange.url) { found.insert(secret) }
      for (content, fields) in Self.contents(exchange) {
        for secret in Self.secrets(in: content, fields) { found.insert(secret) }
      }
    }
    secrets = found.sorted().filter {
      $0.utf8.count >= Self.secretBytesMin && !$0.hasPrefix(CredentialMask.mark)
    }.flatMap { secret in
      let shown = Array(CredentialMask.shown(secret).utf8)
      return Self.forms(of: secret).map { (bytes: Array($0.utf8), shown: shown) }
    }
    // The longest first: one may be the beginning of another.
    .sorted { $0.bytes.count > $1.bytes.count }
  }

  /// As it is, and as URLs have it: clients do not agree about slashes, nor about the digits of escapes.
  private static func forms(of secret: String) -> [String] {
    let escaped = ["", "/"].map { PercentCoding.encode(secret, allowed: $0) }
    let forms = [secret] + escaped + escaped.map(withSmallDigits)
    return forms.enumerated().filter { !forms[..<$0.offset].contains($0.element) }.map(\.element)
  }

  /// `%2F` as `%2f`.
  private static func withSmallDigits(_ text: String) -> String {
    let parts = text.split(separator: "%", omittingEmptySubsequences: false)
    let rest = parts.dropFirst().map {
      "%" + String($0.prefix(2)).asciiLowercased + $0.dropFirst(2)
    }
    return (parts.prefix(1).map(String.init) + rest).joined()
  }

  private static func contents(_ exchange: RecordedExchange.State) -> [([UInt8], Fields)] {
    [
      (decoded(exchange.request, exchange.requestFields).bytes, exchange.requestFields),
      (decoded(exchange.response, exchange.responseFields).bytes, exchange.responseFields),
    ]
  }

  func text(_ exchanges: [RecordedExchange.State], version: String) -> [UInt8] {
    let writer = HARWriter(creator: "wavetank record", version: version) { value, name in
      self.without(mask.value(value, ofField: name))
    }
    return writer.text(exchanges.count) { entry(exchanges[$0], number: $0 + 1) }
  }

  private func entry(_ exchange: RecordedExchange.State, number: Int) -> HAREntry {
    var har = HAREntry()
    let ended = exchange.ended ?? .now
    let answered = exchange.answered ?? ended
    har.started = exchange.started.iso8601(.microseconds)
    har.waiting = Self.microseconds(answered - exchange.began)
    har.receiving = Self.microseconds(ended - answered)
    har.method = exchange.method.name
    har.url = without(mask.target(exchange.url))
    har.version = exchange.version == .http11 ? "HTTP/1.1" : "HTTP/1.0"
    har.requestFields = exchange.requestFields
    har.request = content(exchange.request, exchange.requestFields)
    if let status = exchange.status {
      har.status = status.code
      har.reason = status.reason
      har.responseFields = exchange.responseFields
      har.response = content(exchange.response, exchange.responseFields)
      har.redirect =
        exchange.responseFields["location"].map { without(mask.target($0)) } ?? ""
    }
    har.failure = exchange.failure
    har.server = exchange.server
    har.connection = "\(exchange.connectionID)"
    har.members = [("_number", .integer(number))]
    return har
  }

  private static func microseconds(_ duration: Duration) -> Int {
    max(0, Int(clamping: duration.clampedNanoseconds / 1000))
  }

  // MARK: Contents

  private func content(_ kept: RecordedExchange.Kept, _ fields: Fields) -> HAREntry.Content {
    var (content, coded, comment) = Self.decoded(kept, fields)
    let masked = without(Self.masked(content, fields))
    var total = coded == nil ? kept.total : UInt64(content.count)
    if !masked.elementsEqual(content) {
      comment = (comment.map { $0 + "; " } ?? "") + "credentials in it are masked"
      // What is shown is all of it, though with other bytes.
      if UInt64(content.count) == total { total = UInt64(masked.count) }
      if coded == nil { coded = kept.total }
      content = masked
    }
    return HAREntry.Content(content, total: total, coded: coded, comment: comment)
  }

  /// Without its coding, where that is gzip.
  private static func decoded(
    _ kept: RecordedExchange.Kept, _ fields: Fields
  ) -> (bytes: [UInt8], coded: UInt64?, comment: String?) {
    guard let coding = fields["content-encoding"]?.asciiLowercased, coding != "identity",
      !kept.bytes.isEmpty
    else { return (kept.bytes, nil, nil) }
    let isGzip = coding == "gzip" || coding == "x-gzip"
    let (plain, isUnpacked) = isGzip ? unpacked(kept.bytes) : ([], false)
    let isWhole = isUnpacked && UInt64(kept.bytes.count) == kept.total
    guard isWhole || !plain.isEmpty else { return (kept.bytes, nil, "as coded by \(coding)") }
    return (
      plain, kept.total,
      isWhole ? nil : "the first \(plain.count) bytes: what follows cannot be unpacked"
    )
  }

  /// Of what is cut, damaged or too much the beginning: packed, nobody would see the secrets in it.
  private static func unpacked(_ bytes: [UInt8]) -> (plain: [UInt8], isWhole: Bool) {
    var limits = GzipLimits()
    limits.outputBytesMax = UInt64(RecordedExchange.contentBytesMax)
    var plain: [UInt8] = []
    do throws(GzipError) {
      let inflater = try Inflater(limits: limits)
      try inflater.feed(bytes.span) { plain.append(contentsOf: $0) }
      try inflater.finish()
      return (plain, true)
    } catch {
      return (plain, false)
    }
  }

  private static func kind(_ fields: Fields) -> String {
    FieldParameters(fields["content-type"] ?? "").head.asciiLowercased
  }

  private static func holdsJSON(_ content: [UInt8], _ fields: Fields) -> Bool {
    let kind = kind(fields)
    if kind.hasSuffix("json") { return true }
    // Values of JSON behind the names of fields: read as what is no whole JSON.
    if kind == "text/event-stream" { return true }
    let first = content.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
    return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
  }

  private static func secrets(in content: [UInt8], _ fields: Fields) -> [String] {
    if holdsJSON(content, fields) {
      if let json = try? JSON(parsing: content) { return CredentialMask.secrets(in: json) }
      return CredentialMask.secrets(inText: content).map(\.secret)
    }
    return form(content, fields).filter { CredentialMask.isSecret(name: $0.name) }.map(\.value)
  }

  private static func form(
    _ content: [UInt8], _ fields: Fields
  ) -> [(name: String, value: String)] {
    if kind(fields) == "application/x-www-form-urlencoded" {
      return (try? FormURLEncoded.read(content, pairsMax: .max)) ?? []
    }
    guard let boundary = Self.boundary(fields) else { return [] }
    return parts(content, boundary).texts
  }

  private static func boundary(_ fields: Fields) -> MultipartBoundary? {
    fields["content-type"].flatMap { try? MultipartBoundary(contentType: $0) }
  }

  /// Of a form that was cut what came.
  private static func parts(
    _ content: [UInt8], _ boundary: MultipartBoundary
  ) -> MultipartForm {
    var limits = MultipartLimits()
    (limits.fieldBytesMax, limits.collectedBytesMax) = (.max, .max)
    var reader = MultipartFormReader(boundary: boundary, streaming: [], limits: limits)
    _ = try? reader.feed(content)
    return reader.collected
  }

  /// What is secret by its name, whatever its length.
  private static func masked(_ content: [UInt8], _ fields: Fields) -> [UInt8] {
    if holdsJSON(content, fields) {
      if let json = try? JSON(parsing: content) {
        return CredentialMask.masked(json)?.serialized() ?? content
      }
      return CredentialMask.masked(text: content)
    }
    if let boundary = boundary(fields) { return masked(content, boundary) }
    guard kind(fields) == "application/x-www-form-urlencoded" else { return content }
    let pairs = (try? FormURLEncoded.read(content, pairsMax: .max)) ?? []
    guard pairs.contains(where: { CredentialMask.isSecret(name: $0.name) }) else { return content }
    return Array(
      FormURLEncoded.write(
        pairs.map { name, value in
          (name, CredentialMask.isSecret(name: name) ? CredentialMask.shown(value) : value)
        }
      ).utf8)
  }

  /// Parts of a form whose names say so, each where it stands: behind the empty line that ends its fields.
  private static func masked(_ content: [UInt8], _ boundary: MultipartBoundary) -> [UInt8] {
    var result: [UInt8] = []
    var (position, copied) = (0, 0)
    for entry in parts(content, boundary).entries {
      let whole = Array("\r\n\r\n".utf8) + entry.content
      guard let place = place(of: whole, in: content, from: position) else { break }
      position = place + whole.count
      guard CredentialMask.isSecret(name: entry.part.name) else { continue }
      result += content[copied..<position - entry.content.count]
      result += Array(CredentialMask.shown(entry.text).utf8)
      copied = position
    }
    return result + content[copied...]
  }

  // MARK: Everywhere

  private func without(_ text: String) -> String {
    secrets.isEmpty ? text : String(decoding: without(Array(text.utf8)), as: UTF8.self)
  }

  /// Each secret in it, wherever it stands, is masked.
  private func without(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for (secret, shown) in secrets where bytes.count >= secret.count {
      let places = Self.places(of: secret, in: bytes)
      guard !places.isEmpty else { continue }
      var result: [UInt8] = []
      var position = 0
      for place in places {
        result += bytes[position..<place] + shown
        position = place + secret.count
      }
      bytes = result + bytes[position...]
    }
    return bytes
  }

  private static func places(of part: [UInt8], in whole: [UInt8]) -> [Int] {
    var found: [Int] = []
    while let place = place(of: part, in: whole, from: found.last.map { $0 + part.count } ?? 0) {
      found.append(place)
    }
    return found
  }

  private static func place(of part: [UInt8], in whole: [UInt8], from start: Int) -> Int? {
    var index = start
    let (first, last) = (part[0], whole.count - part.count)
    while index <= last {
      if whole[index] == first, whole[index..<index + part.count].elementsEqual(part) {
        return index
      }
      index += 1
    }
    return nil
  }
}
