extension String {
  /// One behind the other, in room for all: an interpolation grows as it goes along.
  package init(pieces: String...) {
    let count = pieces.reduce(0) { $0 + $1.utf8.count }
    self = unsafe String(unsafeUninitializedCapacity: count) { text in
      guard let start = text.baseAddress else { return 0 }
      var place = 0
      for piece in pieces {
        let bytes = piece.utf8.span
        // SAFETY: the buffer has room for the bytes of all pieces.
        unsafe bytes.withUnsafeBytes { bytes in
          guard let piece = bytes.baseAddress else { return }
          unsafe (UnsafeMutableRawPointer(start) + place).copyShort(piece, count: bytes.count)
        }
        place += bytes.count
      }
      return place
    }
  }
}
