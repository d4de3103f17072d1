import HTTPModel

/// Step 7. The memory that a request may need while a service works on it, reserved before it begins: what
/// its content becomes when it is read, and what waits in its streams. What it keeps is charged when it
/// is kept, and refuses the next one.
package struct RequestMemory: Sendable {
  /// Nil for most requests, which are small: they only ask whether there is any room at all.
  private var lease: MemoryLease?

  /// A request that keeps something finds at least so much room.
  static let smallestRoom = 16 * 1024
  /// A document up to this is read and gone before the next one comes.
  package static let smallContentMax = 16 * 1024

  /// - Returns: nil when there is no room.
  init?(for entry: borrowing OperationTable.Entry, _ routed: borrowing RoutedRequest) {
    let budget = routed.live.tenant.blobs.budget
    guard !entry.operation.needsRoom || budget.hasRoom(for: Self.smallestRoom) else { return nil }
    var needed = 0
    if let content = routed.content, content.count > Self.smallContentMax,
      entry.operation.content != .ignored
    {
      needed = Self.readingBytes(of: content)
    }
    if entry.operation.content == .streamed, routed.request.hasContent {
      needed += StreamMarks.high
    }
    guard needed > 0 else { return }
    guard let lease = MemoryLease(needed, of: budget) else { return nil }
    self.lease = lease
  }

  /// About what a document takes while it is read, by what separates its values: an element of a JSON
  /// array takes two bytes of text and, while the array grows, seventy of memory.
  ///
  /// One pass over the bytes, in blocks without a way out of their midst, so that the compiler makes each a
  /// loop over vectors: it is made on the loop.
  package static func readingBytes(of content: [UInt8]) -> Int {
    let bytes = content.span
    let blockBytes = 128
    var (separators, index) = (0, 0)
    while index + blockBytes <= bytes.count {
      let block = bytes.extracting(index..<index + blockBytes)
      var found: UInt8 = 0
      // SAFETY: the block has so many bytes.
      for offset in 0..<blockBytes { found &+= separating(unsafe block[unchecked: offset]) }
      separators += Int(found)
      index += blockBytes
    }
    while index < bytes.count {
      separators += Int(separating(bytes[index]))
      index += 1
    }
    return 3 * content.count + 72 * separators
  }

  /// 1 for a comma, the end of a line, and what opens an array or an object.
  @inline(__always) private static func separating(_ byte: UInt8) -> UInt8 {
    (byte == UInt8(ascii: ",") ? 1 : 0) | (byte == UInt8(ascii: "\n") ? 1 : 0)
      | (byte & 0xDF == UInt8(ascii: "[") ? 1 : 0)
  }

  /// Gives what the service has answered the room that it takes: that of a request's stream, which may go
  /// on in the response's, and of a large body.
  ///
  /// - Returns: false when there is no room for the body and nothing is lost by saying so.
  func lend(
    to response: inout Response, of entry: OperationTable.Entry, _ budget: MemoryBudget
  ) -> Bool {
    switch response.body {
    case .stream, .followed: if let lease { response.leases.append(lease) }
    case .bytes(let bytes) where bytes.count > Self.smallBodyMax && response.leases.isEmpty:
      let body = MemoryLease(of: budget)
      if !body.grow(by: bytes.count) {
        guard entry.operation.needsRoom else { return false }
        body.charge(bytes.count)
      }
      response.leases = [body]
    default: break
    }
    return true
  }

  /// A body up to this is sent and gone before it counts.
  private static let smallBodyMax = 64 * 1024
}
