import CLinux
import Glibc

// Names: what a name server needs, and asking for one.
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

  /// What the system says of a name; it may take long.
  static func addresses(of host: String) -> Result<[SocketAddress], NameFailure> {
    // SAFETY: plain numbers and pointers to nothing.
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var first: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the hints live for the call; what is made of them is freed below.
    let code = unsafe getaddrinfo(host, nil, &hints, &first)
    guard code == 0 else {
      // SAFETY: a text that lives for ever; it is copied at once.
      return .failure(NameFailure(words: unsafe String(cString: gai_strerror(code))))
    }
    defer { unsafe freeaddrinfo(first) }
    var found: [SocketAddress] = []
    var next = unsafe first
    while let entry = unsafe next?.pointee {
      if let address = unsafe SocketAddress(entry.ai_addr, entry.ai_addrlen) {
        found.append(address)
      }
      unsafe next = entry.ai_next
    }
    return .success(found)
  }
}

/// Why a name has no address, in the system's words.
struct NameFailure: Error {
  var words: String
}
