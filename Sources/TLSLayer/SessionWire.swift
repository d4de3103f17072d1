import COpenSSL

/// What a session reads from and writes to: the memory of its caller, for the time of a call.
///
/// **Isolation**: its session's.
@safe final class SessionWire {
  // SAFETY: set for the time of a call by `TLSSession`, whose caller's memory it is.
  var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  var output: [UInt8] = []

  /// The library's face of it, which the session takes over. The wire must outlive it.
  func makeBIO() throws(TLSError) -> OpaquePointer {
    guard let kind = unsafe Self.kind, let made = unsafe BIO_new(kind) else { throw .last() }
    // SAFETY: the session holds both, and frees the BIO first.
    unsafe BIO_set_data(made, Unmanaged.passUnretained(self).toOpaque())
    unsafe BIO_set_init(made, 1)
    return unsafe made
  }

  // SAFETY: made once, never changed, never freed.
  private nonisolated(unsafe) static let kind: OpaquePointer? = {
    guard let kind = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wavetank")
    else { return nil }
    unsafe BIO_meth_set_write(kind, write)
    unsafe BIO_meth_set_read(kind, read)
    unsafe BIO_meth_set_ctrl(kind, control)
    return unsafe kind
  }()

  fileprivate static func of(_ bio: OpaquePointer?) -> SessionWire? {
    // SAFETY: see `makeBIO`.
    guard let raw = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged<SessionWire>.fromOpaque(raw).takeUnretainedValue()
  }
}

private func write(
  _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int32
) -> Int32 {
  guard let wire = unsafe SessionWire.of(bio), count > 0 else { return 0 }
  unsafe wavetank_no_retry(bio)
  // SAFETY: the library's bytes, copied.
  unsafe wire.output.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
  return count
}

private func read(
  _ bio: OpaquePointer?, _ room: UnsafeMutablePointer<CChar>?, _ count: Int32
) -> Int32 {
  guard let wire = unsafe SessionWire.of(bio), let room = unsafe room, count > 0 else { return 0 }
  unsafe wavetank_no_retry(bio)
  let taken = unsafe min(wire.input.count, Int(count))
  guard taken > 0, let start = unsafe wire.input.baseAddress else {
    unsafe wavetank_ask_again(bio)
    return -1
  }
  // SAFETY: at most so much as there is, and as there is room.
  unsafe UnsafeMutableRawPointer(room).copyMemory(from: start, byteCount: taken)
  unsafe wire.input = UnsafeRawBufferPointer(rebasing: wire.input[taken...])
  return Int32(clamping: taken)
}

private func control(
  _: OpaquePointer?, _ command: Int32, _: Int, _: UnsafeMutableRawPointer?
) -> Int { command == BIO_CTRL_FLUSH ? 1 : 0 }
