extension String {
  /// One behind the other, with room for all from the beginning: an interpolation grows as it goes along.
  init(pieces: String...) {
    self.init()
    reserveCapacity(pieces.reduce(0) { $0 + $1.utf8.count })
    for piece in pieces { append(piece) }
  }
}
