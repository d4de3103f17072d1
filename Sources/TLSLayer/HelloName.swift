import COpenSSL

/// The host name in a client's first message.
/// Source: RFC 6066 §3.
enum HelloName {
  /// Nil: it names none. Lower case, without a dot at its end.
  static func read(_ session: OpaquePointer) throws(TLSError) -> String? {
    var start: UnsafePointer<UInt8>?
    var length = 0
    // SAFETY: the bytes are the session's, and copied at once.
    guard
      unsafe SSL_client_hello_get0_ext(
        session, UInt32(TLSEXT_TYPE_server_name), &start, &length) == 1
    else { return nil }
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: length))
    // Length of the list, kind (0: a host), length of the name, the name.
    guard bytes.count > 5, bytes[2] == 0 else { return nil }
    let size = Int(bytes[3]) << 8 | Int(bytes[4])
    guard size > 0, 5 + size <= bytes.count, size <= 254 else { throw .badName("…") }
    var name = bytes[5..<(5 + size)].map { byte in
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
    if name.last == UInt8(ascii: ".") { name.removeLast() }
    guard name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .badName("…") }
    return String(decoding: name, as: UTF8.self)
  }
}
