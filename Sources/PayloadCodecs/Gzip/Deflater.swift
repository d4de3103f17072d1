import CZlib

/// Packs bytes into one gzip member.
///
/// The output depends on the content, the level and zlib's version alone: no time, no file name.
///
/// **Isolation**: none; owned by whoever feeds it.
@safe
package final class Deflater {
  private var stream: UnsafeMutablePointer<z_stream>
  private var isFinished = false

  /// - Parameter level: 0 (stored) to 9; other values mean zlib's default, 6.
  package init(level: Int = 6) throws(GzipError) {
    let level = (0...9).contains(level) ? Int32(level) : 6
    // SAFETY: owned by this object alone and freed in `deinit`; never moves.
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // SAFETY: version and size are those of the header that this file was compiled with.
    let code = unsafe deflateInit2_(
      stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw .outOfMemory }
  }

  deinit {
    // SAFETY: `deflateEnd` accepts a zeroed stream (init failed) as well as a live one.
    unsafe deflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// Packs the next piece and appends what is ready to `output`.
  package func feed(_ input: Span<UInt8>, into output: inout [UInt8]) throws(GzipError) {
    guard !isFinished else { throw .alreadyFinished }
    try deflate(input, Z_NO_FLUSH, into: &output)
  }

  /// Ends the member.
  package func finish(into output: inout [UInt8]) throws(GzipError) {
    guard !isFinished else { throw .alreadyFinished }
    try deflate(Span(), Z_FINISH, into: &output)
    isFinished = true
  }

  private func deflate(
    _ input: Span<UInt8>, _ flush: Int32, into output: inout [UInt8]
  ) throws(GzipError) {
    var position = 0
    while true {
      let rest = input.extracting(position..<input.count)
      let (used, isFull) = unsafe rest.withUnsafeBufferPointer { bytes in
        let count = min(bytes.count, Int(Int32.max))
        // SAFETY: zlib reads at most `avail_in` bytes of the borrowed input, and the pointer is
        // taken back before it goes away.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(count)
        let isFull = appendOnce(flush, to: &output)
        unsafe stream.pointee.next_in = nil
        return unsafe (count - Int(stream.pointee.avail_in), isFull)
      }
      position += used
      if !isFull, position == input.count { return }
      // zlib takes all input as long as it has room, so neither progress means it is broken.
      if used == 0, !isFull { throw .outOfMemory }
    }
  }

  /// One call into zlib with fresh room; true when that room was filled.
  private func appendOnce(_ flush: Int32, to output: inout [UInt8]) -> Bool {
    let room = 32 << 10
    let piece = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      // SAFETY: zlib initializes what it takes off `avail_out`, which is the buffer's capacity.
      unsafe stream.pointee.next_out = buffer.baseAddress
      unsafe stream.pointee.avail_out = UInt32(room)
      _ = unsafe CZlib.deflate(stream, flush)
      unsafe count = room - Int(stream.pointee.avail_out)
      unsafe stream.pointee.next_out = nil
    }
    output += piece
    return piece.count == room
  }
}
