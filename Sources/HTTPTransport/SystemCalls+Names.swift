import CLinux
import Glibc

// What name servers need.
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
}
