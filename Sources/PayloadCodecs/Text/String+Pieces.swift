extension String {
  /// One behind the other, in room for all: an interpolation grows as it goes along.
  package init(pieces: String...) {
    let count = pieces.reduce(0) { $0 + $1.utf8.count }
    self = unsafe String(unsafeUninitializedCapacity: count) { text in
      var place = 0
      for piece in pieces {
        let bytes = piece.utf8.span
        // SAFETY: the buffer has room for the bytes of all pieces.
        for index in bytes.indices { unsafe text[place + index] = bytes[index] }
        place += bytes.count
      }
      return place
    }
  }
}
