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
