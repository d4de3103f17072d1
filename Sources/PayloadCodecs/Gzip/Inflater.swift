import CZlib

/// Unpacks a gzip stream that arrives in pieces.
///
/// Several members in a row are one stream, as gzip(1) reads them; zero bytes after the last
/// member are padding. zlib checks CRC-32 and length of each member.
///
/// **Isolation**: none; owned by whoever feeds it.
@safe
package final class Inflater {
  /// What the next input byte belongs to.
  private enum State {
    /// Inside a member (or before the first).
    case member
    /// After a complete member: another one, padding, or the end.
    case between
    /// Only padding may follow.
    case padding
    case finished
  }

  /// Output handed on at a time: fits the second-level cache and keeps zlib in its fast loop.
  static let windowBytes = 128 << 10

  private let limits: GzipLimits
  private var stream: UnsafeMutablePointer<z_stream>
  private let window: UnsafeMutableBufferPointer<UInt8>
  private var state = State.member
  /// A first magic byte that came alone, at a cut between two members.
  private var heldMagic = false
  package private(set) var inputBytes: UInt64 = 0
  package private(set) var outputBytes: UInt64 = 0

  package init(limits: GzipLimits = GzipLimits()) throws(GzipError) {
    self.limits = limits
    // SAFETY: both allocations are owned by this object alone and freed in `deinit`; the stream
    // never moves, because zlib keeps a pointer back to it.
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    unsafe window = .allocate(capacity: Self.windowBytes)
    // SAFETY: version and size are those of the header that this file was compiled with;
    // 15 + 16 asks for the gzip format with the full window.
    let code = unsafe inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      state = .finished
      throw .outOfMemory
    }
  }

  deinit {
    // SAFETY: `inflateEnd` accepts a zeroed stream (init failed) as well as a live one.
    unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
    unsafe window.deallocate()
  }

  /// Unpacks the next piece; `sink` gets the output in order, in runs that live only for its call.
  package func feed(
    _ input: Span<UInt8>, _ sink: (Span<UInt8>) throws(GzipError) -> Void
  ) throws(GzipError) {
    try feed(input, mapping: { $0 }, sink)
  }

  /// The same for a sink with an error type of its own.
  package func feed<Failure: Error>(
    _ input: Span<UInt8>, mapping: (GzipError) -> Failure,
    _ sink: (Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    guard state != .finished else { throw mapping(.alreadyFinished) }
    var position = 0
    while position < input.count {
      switch state {
      case .member:
        if heldMagic {
          heldMagic = false
          let magic: InlineArray<1, UInt8> = [0x1f]
          _ = try inflate(magic.span, mapping, sink)
          inputBytes -= 1  // it was counted when it came
        }
        position += try inflate(input.extracting(position..<input.count), mapping, sink)
      case .between:
        position += try step(over: input[position], mapping)
      case .padding:
        guard input[position] == 0 else {
          throw fail(mapping(.trailingGarbage(offset: inputBytes)))
        }
        position += 1
        inputBytes += 1
      case .finished:
        throw mapping(.alreadyFinished)
      }
    }
  }

  /// No more input will come.
  package func finish() throws(GzipError) {
    let ending = state
    state = .finished
    switch ending {
    case .member: throw .truncated
    case .between where heldMagic: throw .trailingGarbage(offset: inputBytes)
    case .between, .padding: return
    case .finished: throw .alreadyFinished
    }
  }

  /// Decides what follows a member. Answers how many bytes were used.
  private func step<Failure: Error>(
    over byte: UInt8, _ mapping: (GzipError) -> Failure
  ) throws(Failure) -> Int {
    switch (heldMagic, byte) {
    case (false, 0):
      state = .padding
      return 0
    case (false, 0x1f):
      heldMagic = true
      inputBytes += 1
      return 1
    case (true, 0x8b):
      // SAFETY: the stream is live; the call only resets its counters.
      guard unsafe inflateReset(stream) == Z_OK else { throw fail(mapping(.outOfMemory)) }
      state = .member
      return 0
    default:
      throw fail(mapping(.trailingGarbage(offset: inputBytes)))
    }
  }

  /// Runs zlib over `input` until the member ends or the input does. Answers the bytes used.
  private func inflate<Failure: Error>(
    _ input: Span<UInt8>, _ mapping: (GzipError) -> Failure,
    _ sink: (Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    var position = 0
    while true {
      let (code, used, produced) = inflateOnce(input.extracting(position..<input.count))
      position += used
      inputBytes += UInt64(used)
      if produced > 0 {
        outputBytes += UInt64(produced)
        if let error = exceededLimit() { throw fail(mapping(error)) }
        // SAFETY: zlib has initialized the first `produced` bytes of the window, and nothing
        // writes to it before `sink` returns.
        do throws(Failure) {
          let output = unsafe UnsafeBufferPointer(rebasing: window[..<produced])
          try sink(unsafe Span(_unsafeElements: output))
        } catch {
          throw fail(error)
        }
      }
      switch code {
      case Z_STREAM_END:
        state = .between
        return position
      case Z_OK where position < input.count || produced == Self.windowBytes: continue
      case Z_OK, Z_BUF_ERROR: return position
      default: throw fail(mapping(reason(for: code)))
      }
    }
  }

  private func inflateOnce(_ input: Span<UInt8>) -> (code: Int32, used: Int, produced: Int) {
    unsafe input.withUnsafeBufferPointer { bytes in
      let count = min(bytes.count, Int(Int32.max))
      // SAFETY: zlib reads at most `avail_in` bytes and writes at most `avail_out`, both within
      // their buffers, and both pointers are taken back before the borrowed input goes away.
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
      unsafe stream.pointee.avail_in = UInt32(count)
      unsafe stream.pointee.next_out = window.baseAddress
      unsafe stream.pointee.avail_out = UInt32(window.count)
      let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
      let used = unsafe count - Int(stream.pointee.avail_in)
      let produced = unsafe window.count - Int(stream.pointee.avail_out)
      unsafe stream.pointee.next_in = nil
      unsafe stream.pointee.next_out = nil
      return (code, used, produced)
    }
  }

  private func exceededLimit() -> GzipError? {
    if outputBytes > limits.outputBytesMax { return .outputTooLarge(limit: limits.outputBytesMax) }
    if outputBytes > limits.ratioFreeBytes, outputBytes / max(inputBytes, 1) >= limits.ratioMax {
      return .ratioTooHigh(limit: limits.ratioMax)
    }
    return nil
  }

  /// zlib tells damage apart only by its message texts, which have not changed since 1.2.
  private func reason(for code: Int32) -> GzipError {
    guard code == Z_DATA_ERROR else {
      return code == Z_MEM_ERROR ? .outOfMemory : .damaged(offset: inputBytes)
    }
    // SAFETY: zlib's messages are static NUL-terminated texts.
    let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? ""
    switch message {
    case "incorrect data check", "incorrect length check":
      return .checksumMismatch(offset: inputBytes)
    case "incorrect header check", "unknown compression method", "unknown header flags set",
      "header crc mismatch":
      return .badHeader
    default: return .damaged(offset: inputBytes)
    }
  }

  private func fail<Failure: Error>(_ error: Failure) -> Failure {
    state = .finished
    return error
  }
}
