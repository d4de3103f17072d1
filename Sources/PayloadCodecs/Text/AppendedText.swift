extension [UInt8] {
  /// Appends a borrowed run of bytes.
  package mutating func append(contentsOf run: Span<UInt8>) {
    // SAFETY: the borrowed bytes live for the length of the call and are copied by it.
    unsafe run.withUnsafeBytes { unsafe append(copying: $0) }
  }

  /// Appends a text, read where it lies: its span is made by a call, and holds the text meanwhile.
  package mutating func append(textOf text: String) {
    // SAFETY: read during the call alone.
    let isAppended: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { text in
      unsafe append(copying: UnsafeRawBufferPointer(text))
    }
    if isAppended == nil { append(contentsOf: text.utf8.span) }
  }

  /// Most are short: copied in place, they are there before a call of the library has begun.
  @inline(never)
  private mutating func append(copying text: UnsafeRawBufferPointer) {
    // The library would note the length of nothing in the one empty array that all threads share.
    guard unsafe !text.isEmpty else { return }
    append(addingCapacity: text.count) { output in
      // SAFETY: the room has as many bytes as the text.
      unsafe output.withUnsafeMutableBufferPointer { room, written in
        guard let start = text.baseAddress, let place = UnsafeMutableRawPointer(room.baseAddress)
        else { return }
        if text.count <= 64 {
          unsafe place.copyShort(start, count: text.count)
        } else {
          unsafe place.copyMemory(from: start, byteCount: text.count)
        }
        written = text.count
      }
    }
  }
}
