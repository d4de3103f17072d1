import Glibc
import Testing

/// A socket on a free port of 127.0.0.1 that belongs to whoever takes it. One that does not listen refuses:
/// a port that has become free might be somebody else's a moment later.
enum ListeningSocket {
  static func make(listens: Bool = true) throws -> (socket: Int32, port: UInt16) {
    let type =
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let made = socket(AF_INET, type, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: the address is a local, which both calls are told the size of.
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(made, pointer, length) + (listens ? listen(made, 16) : 0)
          + getsockname(made, pointer, &length)
      }
    }
    try #require(result == 0)
    return (made, UInt16(bigEndian: address.sin_port))
  }
}
