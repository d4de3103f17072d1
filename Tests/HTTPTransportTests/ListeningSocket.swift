import Glibc
import Testing

/// A socket that listens on a free port of 127.0.0.1 and belongs to whoever takes it.
enum ListeningSocket {
  static func make() throws -> (socket: Int32, port: UInt16) {
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
        unsafe bind(made, pointer, length) + listen(made, 16) + getsockname(made, pointer, &length)
      }
    }
    try #require(result == 0)
    return (made, UInt16(bigEndian: address.sin_port))
  }
}
