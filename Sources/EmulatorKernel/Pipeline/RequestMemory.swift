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
  private static let smallContentMax = 16 * 1024

  /// - Returns: nil when there is no room.
  init?(for entry: OperationTable.Entry, _ routed: RoutedRequest) {
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
  /// One pass over the bytes, a vector of them at a time: it is made on the loop.
  package static func readingBytes(of content: [UInt8]) -> Int {
    // SAFETY: read within its bounds alone.
    let bytes = unsafe content.span.bytes
    let stride = MemoryLayout<Vector>.size
    var (separators, index) = (0, 0)
    while index + stride <= content.count {
      // A lane of eight bits counts to 255.
      let end = min(content.count - stride, index + 254 * stride)
      var counts = Vector(repeating: 0)
      while index <= end {
        // SAFETY: so many bytes stand there, and any bytes are a vector.
        let some = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: Vector.self)
        counts.replace(with: counts &+ 1, where: separating(some))
        index += stride
      }
      separators += Int(SIMD32<UInt16>(truncatingIfNeeded: counts).wrappedSum())
    }
    var rest = Vector(repeating: 0)
    for offset in 0..<content.count - index { rest[offset] = content[index + offset] }
    for lane in rest.indices where separating(rest)[lane] { separators += 1 }
    return 3 * content.count + 72 * separators
  }

  private typealias Vector = SIMD32<UInt8>

  /// Commas, ends of lines, and what opens an array or an object.
  private static func separating(_ bytes: Vector) -> SIMDMask<SIMD32<Int8>> {
    let opening = (bytes & 0xDF) .== UInt8(ascii: "[")
    return bytes .== UInt8(ascii: ",") .| bytes .== UInt8(ascii: "\n") .| opening
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
