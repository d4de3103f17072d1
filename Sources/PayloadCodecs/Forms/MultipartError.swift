/// Why a content is no multipart form, or not one that we are willing to read.
///
/// `offset` counts content bytes.
package enum MultipartError: Error, Sendable, Equatable {
  /// The field value is not `multipart/form-data`.
  case wrongMediaType
  /// No `boundary` parameter, or one that RFC 2046 §5.1.1 does not allow.
  case badBoundary
  /// The content never shows its boundary.
  case boundaryNotFound
  /// Something other than `--` or a line end follows a boundary.
  case badDelimiter(offset: UInt64)
  /// A part's field section is malformed.
  case badFields(offset: UInt64)
  /// A part without `Content-Disposition: form-data; name=…`.
  case missingName(offset: UInt64)
  /// The content ends before the closing boundary.
  case truncated(offset: UInt64)
  case fieldSectionTooLarge(limit: Int)
  case tooManyParts(limit: Int)
  /// A collected part is above `MultipartLimits.fieldBytesMax`.
  case fieldTooLarge(name: String, limit: Int)
  /// All collected parts together are above `MultipartLimits.collectedBytesMax`.
  case contentTooLarge(limit: Int)
}

extension MultipartError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .wrongMediaType: "its Content-Type is not multipart/form-data"
    case .badBoundary: "its Content-Type names no boundary of 1 to 70 visible characters"
    case .boundaryNotFound: "the boundary that its Content-Type names is not in it"
    case .badDelimiter(let offset):
      "neither a line's end nor -- follows the boundary at byte \(offset)"
    case .badFields(let offset): "the part at byte \(offset) has malformed fields"
    case .missingName(let offset): "the part at byte \(offset) has no name"
    case .truncated(let offset): "it ends at byte \(offset), before its last boundary"
    case .fieldSectionTooLarge(let limit): "a part has more than \(limit) bytes of fields"
    case .tooManyParts(let limit): "it has more than \(limit) parts"
    case .fieldTooLarge(let name, let limit):
      "the part \"\(name.clippedScalars)\" has more than \(limit) bytes"
    case .contentTooLarge(let limit): "its parts have more than \(limit) bytes together"
    }
  }
}

extension String {
  /// A name of a client's, no longer than a sentence bears.
  var clippedScalars: String {
    let scalars = unicodeScalars
    guard scalars.count > 100 else { return self }
    return String(UnicodeScalarView(scalars.prefix(100))) + "…"
  }
}

/// What one form may hold.
package struct MultipartLimits: Sendable, Equatable {
  /// Bytes of one part's field section. Default: as Go's and Node's head limits.
  package var fieldSectionBytesMax = 16 << 10
  /// Default: as many as Python's and Go's readers allow.
  package var partsMax = 1000
  /// Bytes of one collected part.
  package var fieldBytesMax = 1 << 20
  /// Bytes of all collected parts together; DESIGN §11, "content in memory for one operation".
  package var collectedBytesMax = 16 << 20

  package init() {}
}

/// The delimiter of a form, from its `Content-Type`.
package struct MultipartBoundary: Sendable, Equatable {
  package let text: String

  /// - Parameter contentType: such as `multipart/form-data; boundary=x7q`.
  package init(contentType: String) throws(MultipartError) {
    let value = FieldParameters(contentType)
    guard value.head.asciiLowercased == "multipart/form-data" else { throw .wrongMediaType }
    guard let text = value["boundary"] else { throw .badBoundary }
    try self.init(text)
  }

  /// - Parameter text: 1 to 70 visible characters or inner spaces, as RFC 2046 §5.1.1 has them, or
  ///   any other visible ASCII, as some clients do.
  package init(_ text: String) throws(MultipartError) {
    guard (1...70).contains(text.utf8.count), text.utf8.last != 0x20,
      text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) })
    else { throw .badBoundary }
    self.text = text
  }
}

/// The head of one part.
package struct MultipartPart: Sendable, Equatable {
  package var name: String
  /// As sent; says nothing about whether the part is a file (the Steamship SDK sends one with every
  /// part).
  package var filename: String?
  package var contentType: String?

  package init(name: String, filename: String? = nil, contentType: String? = nil) {
    self.name = name
    self.filename = filename
    self.contentType = contentType
  }
}
