package import EmulatorKernel
import HTTPModel
package import PayloadCodecs

/// The URL `/{id}/{token}` that starts a fleet; at most one for each fleet.
package struct Webhook: Sendable, Codable, Equatable {
  package var id: ResourceID
  package var token: String

  package var path: String { "/\(id.text)/\(token)" }
}

/// What a webhook's request carried: kept with the run, never turned into variables.
/// Source: Shipyard documentation, "Webhooks" ("Webhook Parameters").
package struct WebhookDelivery: Sendable, Equatable {
  package struct Field: Sendable, Codable, Equatable {
    /// In canonical form, such as `Content-Type`.
    package var name: String
    package var values: [String]
  }
  /// As they were sent: put in order when somebody asks, since of most runs nobody does.
  private var sent: Fields
  /// As received; nil when nothing was sent.
  package var content: BlobID?
  package var contentLength: Int

  init(_ fields: Fields, content: BlobID?, contentLength: Int) {
    sent = fields
    self.content = content
    self.contentLength = contentLength
  }

  /// The fields of the request as Go's server hands them on: canonical names in order, `Host` taken
  /// out, `Content-Length` put in.
  package var fields: [Field] {
    var kept: [Field] = []
    var saysLength = contentLength > 0
    for (name, value) in sent.pairs {
      let name = Self.canonical(name)
      switch name {
      case "Host", "X-Wavetank-Tenant": continue
      case "Content-Length": saysLength = true
      default:
        // Few enough to be looked through.
        if let index = kept.firstIndex(where: { $0.name.isExactly(name) }) {
          kept[index].values.append(value)
        } else {
          kept.append(Field(name: name, values: [value]))
        }
      }
    }
    if saysLength { kept.append(Field(name: "Content-Length", values: ["\(contentLength)"])) }
    kept.sort { $0.name < $1.name }
    return kept
  }

  /// Of the fields, with all of the room in which the request's head lies, which may be larger than they are.
  var heapBytes: Int { sent.bytes.spineBytes + sent.lines.spineBytes }

  /// Upper case after each dash, lower case elsewhere; a name with other bytes than letters, digits
  /// and dashes stays as it is.
  /// Source: Go, `net/textproto.CanonicalMIMEHeaderKey`.
  static func canonical(_ name: String) -> String {
    var (startsWord, isCanonical) = (true, true)
    // As most clients write it.
    for byte in name.utf8 {
      let isLower = byte &- 0x61 < 26
      if startsWord ? isLower : byte &- 0x41 < 26 { isCanonical = false }
      startsWord = byte == UInt8(ascii: "-")
    }
    if isCanonical { return name }
    startsWord = true
    let bytes = name.utf8.map { byte -> UInt8 in
      defer { startsWord = byte == UInt8(ascii: "-") }
      let lowered = byte.asciiLowercased
      return startsWord && lowered &- 0x61 < 26 ? lowered - 0x20 : lowered
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What the page of a run shows: headers, and the content parsed where it is JSON.
  package func parameters(_ blobs: BlobStore) -> JSON {
    let headers = fields.map { field in
      (key: field.name, value: JSON.array(field.values.map(JSON.string)))
    }
    var object = JSONObject([("headers", .object(JSONObject(headers)))])
    if let content, let blob = blobs.blob(content) {
      let bytes = blob.bytes
      object["body"] =
        (try? JSON(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))
    }
    return .object(object)
  }
}

extension WebhookDelivery {
  package static func == (left: Self, right: Self) -> Bool {
    left.content == right.content && left.contentLength == right.contentLength
      && left.fields == right.fields
  }
}

/// **Shape** in a snapshot: `{"fields": [{"name", "values"}], "content", "contentLength"}`.
extension WebhookDelivery: Codable {
  private enum CodingKeys: CodingKey { case fields, content, contentLength }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    var fields = Fields()
    for field in try values.decode([Field].self, forKey: .fields) {
      for value in field.values { fields.append(field.name, value) }
    }
    self.init(
      fields, content: try values.decodeIfPresent(BlobID.self, forKey: .content),
      contentLength: try values.decode(Int.self, forKey: .contentLength))
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(fields, forKey: .fields)
    try values.encodeIfPresent(content, forKey: .content)
    try values.encode(contentLength, forKey: .contentLength)
  }
}
