import PayloadCodecs

/// What kind of content bytes are, in the values that the client knows.
///
/// Source: SDK `base/mime_types.py`: any other value makes the client refuse the response, so only
/// these are ever made up here; what a client sends is kept as it is.
enum MIMEType {
  static let text = "text/plain"
  static let bytes = "application/octet-stream"

  static func isText(_ type: String) -> Bool { type.hasPrefix("text/") }

  private static let signatures: [(bytes: [UInt8], type: String)] = [
    ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "image/png"),
    ([0xFF, 0xD8, 0xFF], "image/jpeg"),
    (Array("GIF8".utf8), "image/gif"),
    ([0x49, 0x49, 0x2A, 0x00], "image/tiff"),
    ([0x4D, 0x4D, 0x00, 0x2A], "image/tiff"),
    (Array("%PDF-".utf8), "application/pdf"),
    (Array("ID3".utf8), "audio/mp3"),
    (Array("OggS".utf8), "audio/ogg"),
    ([0x1A, 0x45, 0xDF, 0xA3], "video/webm"),
    (Array("{\\rtf".utf8), "application/rtf"),
  ]

  /// By signature, else text when all of it is UTF-8 without NUL, else bytes. Empty content is text.
  static func sniff(_ chunks: [[UInt8]]) -> String {
    guard let first = chunks.first(where: { !$0.isEmpty }) else { return text }
    for (signature, type) in signatures where first.starts(with: signature) { return type }
    if first.count >= 12 {
      if first.starts(with: Array("RIFF".utf8)), first[8..<12].elementsEqual("WAVE".utf8) {
        return "audio/wav"
      }
      if first[4..<8].elementsEqual("ftyp".utf8) { return "video/mp4" }
    }
    return isUTF8(chunks) ? text : bytes
  }

  /// Looks at one chunk at a time: content may be large.
  static func isUTF8(_ chunks: [[UInt8]]) -> Bool {
    var carry: [UInt8] = []
    for chunk in chunks {
      guard !chunk.contains(0) else { return false }
      let piece = carry.isEmpty ? chunk : carry + chunk
      let cut = endOfWholeScalars(piece)
      guard String(validating: piece[..<cut], as: UTF8.self) != nil else { return false }
      carry = Array(piece[cut...])
    }
    return carry.isEmpty
  }

  /// Where a scalar that is cut off at the end begins.
  private static func endOfWholeScalars(_ bytes: [UInt8]) -> Int {
    var index = bytes.count
    while index > 0, bytes.count - index < 3 {
      index -= 1
      let byte = bytes[index]
      if byte & 0xC0 == 0x80 { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return index + length > bytes.count ? index : bytes.count
    }
    return bytes.count
  }
}
