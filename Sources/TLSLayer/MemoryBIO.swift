import COpenSSL

/// Bytes in memory where the library wants a file or a socket.
@safe struct MemoryBIO: ~Copyable {
  let pointer: OpaquePointer

  init(_ content: [UInt8] = []) throws(TLSError) {
    TLSLibrary.start()
    // SAFETY: freed at the end of this value's life.
    guard let made = unsafe BIO_new(BIO_s_mem()) else { throw .last() }
    unsafe pointer = made
    if !content.isEmpty {
      // SAFETY: the call copies so many bytes as it is told.
      _ = unsafe content.withUnsafeBytes {
        unsafe BIO_write(made, $0.baseAddress, Int32(clamping: content.count))
      }
    }
  }

  deinit { _ = unsafe BIO_free(pointer) }

  /// All that has been written.
  var content: [UInt8] {
    var start: UnsafeMutablePointer<CChar>?
    // SAFETY: the memory is the BIO's, and copied before anything is done with it.
    let count = unsafe wavetank_content(pointer, &start)
    guard count > 0, let start = unsafe start else { return [] }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }
}
