import CLinux
import Glibc

// Names and their addresses.
extension SystemCalls {
  /// What longer ones have at their end is lost: messages of name servers are short.
  private static let datagramBytesMax = 4096

  /// The next one that waits, and who sent it.
  func receiveDatagram(_ fd: Int32) -> (bytes: [UInt8], peer: SocketAddress)? {
    var peer = SocketAddress()
    var room = [UInt8](repeating: 0, count: Self.datagramBytesMax)
    // SAFETY: the storage is as large as the length says, the room as the call is told.
    let count = unsafe peer.withMutablePointer { address, length in
      unsafe recvfrom(fd, &room, room.count, Int32(MSG_DONTWAIT), address, length)
    }
    return count >= 0 ? (Array(room[..<count]), peer) : nil
  }

  func sendDatagram(_ bytes: [UInt8], to peer: SocketAddress, through fd: Int32) {
    // SAFETY: the bytes and the address are valid for the call.
    _ = unsafe peer.withPointer { address, length in
      unsafe sendto(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
    }
  }

  /// Asks the system for a host's addresses, in the order in which they are to be tried. It waits.
  static func addresses(of host: String, port: UInt16) -> NameLookup.Result {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the hints live for the call; the list is freed.
    let code = unsafe getaddrinfo(host, "\(port)", &hints, &list)
    guard code == 0 else {
      // SAFETY: gai_strerror returns a NUL-terminated text; it is copied at once.
      return .failure(NameLookup.Failure(reason: unsafe String(cString: gai_strerror(code))))
    }
    defer { unsafe freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      if let address = unsafe SocketAddress(entry.pointee.ai_addr, entry.pointee.ai_addrlen) {
        found.append(address)
      }
      unsafe next = entry.pointee.ai_next
    }
    return .success(found)
  }
}
