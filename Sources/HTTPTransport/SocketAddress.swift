import CLinux
import Glibc
import HTTPModel

/// A numeric IPv4 or IPv6 address with port.
struct SocketAddress: Sendable {
  private var storage = sockaddr_storage()
  private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  /// Room for any address.
  init() {}

  /// - Parameter host: numeric, with or without brackets; or `localhost`, which is 127.0.0.1.
  init?(host: String, port: UInt16) {
    var text = host
    if text.hasPrefix("["), text.hasSuffix("]") { text = String(text.dropFirst().dropLast()) }
    if text == "localhost" { text = "127.0.0.1" }
    var v4 = sockaddr_in()
    var v6 = sockaddr_in6()
    // SAFETY: each pointer is to a local of the type that the call writes.
    if unsafe inet_pton(AF_INET, text, &v4.sin_addr) == 1 {
      v4.sin_family = sa_family_t(AF_INET)
      v4.sin_port = port.bigEndian
      unsafe copy(&v4, MemoryLayout<sockaddr_in>.size)
    } else if unsafe inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 {
      v6.sin6_family = sa_family_t(AF_INET6)
      v6.sin6_port = port.bigEndian
      unsafe copy(&v6, MemoryLayout<sockaddr_in6>.size)
    } else {
      return nil
    }
  }

  /// As the system gives it; nil for other families.
  init?(_ address: UnsafePointer<sockaddr>?, _ size: socklen_t) {
    let sizes = [
      AF_INET: MemoryLayout<sockaddr_in>.size, AF_INET6: MemoryLayout<sockaddr_in6>.size,
    ]
    guard let address = unsafe address, let wanted = unsafe sizes[Int32(address.pointee.sa_family)],
      Int(size) >= wanted
    else { return nil }
    unsafe copy(UnsafeRawPointer(address), wanted)
  }

  private mutating func copy(_ address: UnsafeRawPointer, _ size: Int) {
    // SAFETY: both address types are smaller than the storage.
    unsafe withUnsafeMutableBytes(of: &storage) {
      unsafe $0.copyMemory(
        from: UnsafeRawBufferPointer(start: address, count: size))
    }
    length = socklen_t(size)
  }

  var family: Int32 { Int32(storage.ss_family) }
  var isIPv6: Bool { family == AF_INET6 }

  func withPointer<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    // SAFETY: every address begins with the members of sockaddr.
    unsafe withUnsafePointer(to: storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  mutating func withMutablePointer<Result>(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
  ) -> Result {
    length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // SAFETY: every address begins with the members of sockaddr.
    return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe withUnsafeMutablePointer(to: &length) { unsafe body(address, $0) }
      }
    }
  }

  var port: UInt16 {
    get { UInt16(bigEndian: v4.sin_port) }
    set {
      // The port stands at the same place in both families.
      var address = v4
      address.sin_port = newValue.bigEndian
      // SAFETY: sockaddr_in is smaller than the storage.
      unsafe withUnsafeMutableBytes(of: &storage) {
        unsafe $0.storeBytes(of: address, as: sockaddr_in.self)
      }
    }
  }

  private var v4: sockaddr_in {
    // SAFETY: the storage is larger and aligned for every address type; all bits are valid.
    unsafe withUnsafeBytes(of: storage) { unsafe $0.load(as: sockaddr_in.self) }
  }
  private var v6: sockaddr_in6 {
    // SAFETY: as above.
    unsafe withUnsafeBytes(of: storage) { unsafe $0.load(as: sockaddr_in6.self) }
  }

  /// The address alone, in network order: four bytes, or sixteen.
  var bytes: [UInt8] {
    if family == AF_INET {
      let bits = UInt32(bigEndian: v4.sin_addr.s_addr)
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0)) }
    }
    var address = v6.sin6_addr
    // SAFETY: sixteen plain bytes.
    return unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
  }

  /// As the layers above see a peer.
  var peer: PeerAddress {
    if family == AF_INET {
      let bits = UInt32(bigEndian: v4.sin_addr.s_addr)
      if bits == 0x7F00_0001 { return PeerAddress(host: "127.0.0.1", port: port, isLoopback: true) }
      return PeerAddress(host: text(ofV4: bits), port: port, isLoopback: bits >> 24 == 127)
    }
    // Of what is no address nobody knows that it is loopback.
    guard family == AF_INET6 else { return PeerAddress(host: "", port: 0, isLoopback: false) }
    var address = v6.sin6_addr
    let bytes = bytes
    let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    let isOne = bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    var buffer = [CChar](repeating: 0, count: 64)
    // SAFETY: the buffer is larger than any address's text and is NUL-terminated by the call.
    _ = unsafe inet_ntop(AF_INET6, &address, &buffer, 64)
    let characters = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return PeerAddress(
      host: String(decoding: characters, as: UTF8.self), port: port,
      isLoopback: isOne || (isMapped && bytes[12] == 127))
  }

  private func text(ofV4 bits: UInt32) -> String {
    "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
  }
}
