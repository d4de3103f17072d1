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
package struct WebhookDelivery: Sendable, Codable, Equatable {
  package struct Field: Sendable, Codable, Equatable {
    /// In canonical form, such as `Content-Type`.
    package var name: String
    package var values: [String]
  }
  package var fields: [Field]
  /// As received; nil when nothing was sent.
  package var content: BlobID?
  package var contentLength: Int

  /// The fields of a request as Go's server hands them on: canonical names in order, `Host` taken
  /// out, `Content-Length` put in.
  init(fields: Fields, content: BlobID?, contentLength: Int) {
    var kept: [Field] = []
    var saysLength = contentLength > 0
    for (name, value) in fields.pairs {
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
    self.fields = kept
    self.content = content
    self.contentLength = contentLength
  }

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
