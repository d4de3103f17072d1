extension String {
  /// One behind the other, in room for all: an interpolation grows as it goes along, and a list of them would be
  /// made for this alone.
  package init(
    pieces first: String, _ second: String, _ third: String = "", _ fourth: String = "",
    _ fifth: String = ""
  ) {
    let count =
      first.utf8.count + second.utf8.count + third.utf8.count + fourth.utf8.count
      + fifth.utf8.count
    self = unsafe String(unsafeUninitializedCapacity: count) { text in
      guard var place = UnsafeMutableRawPointer(text.baseAddress) else { return 0 }
      // SAFETY: the buffer has room for the bytes of all pieces.
      unsafe first.copy(to: &place)
      unsafe second.copy(to: &place)
      unsafe third.copy(to: &place)
      unsafe fourth.copy(to: &place)
      unsafe fifth.copy(to: &place)
      return count
    }
  }

  /// - Parameter place: has room for its bytes; goes behind them.
  @inline(__always)
  private func copy(to place: inout UnsafeMutableRawPointer) {
    let bytes = utf8.span
    // SAFETY: read during the call alone; as who calls says.
    unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe place.copyShort(start, count: bytes.count)
    }
    unsafe place += bytes.count
  }
}
