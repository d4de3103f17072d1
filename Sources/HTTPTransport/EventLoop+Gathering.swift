import CLinux
import Glibc
import HTTPWire

// Many parts, one system call.
extension OutputQueue {
  /// Content segments of at least this size are sent from where they are. Below it a copy is
  /// cheaper than a part of its own.
  static let pinnedBytesMin = 16 * 1024
}

/// Where the gathering of a queue stands.
private struct GatherState {
  /// The next free part.
  var part: Int
  /// The next segment.
  var index: Int
  /// Bytes used of the gather buffer.
  var gathered: Int
  /// Bytes in all parts so far.
  var total: Int
}

extension EventLoop {
  /// Sends up to `limit` bytes from the queue: small parts copied together, large ones in place.
  func send(
    _ queue: OutputQueue, limit: Int, to stream: ByteStream
  ) -> SystemCalls.IOResult {
    unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: 32) { parts in
      let start = GatherState(part: 0, index: 0, gathered: 0, total: 0)
      return unsafe fill(parts, from: start, queue, limit, stream)
    }
  }

  /// Adds segments from `index` on to `parts`, pins large ones by recursion, and sends at the end.
  private func fill(
    _ parts: UnsafeMutableBufferPointer<iovec>, from start: GatherState, _ queue: OutputQueue,
    _ limit: Int, _ stream: ByteStream
  ) -> SystemCalls.IOResult {
    var partCount = start.part
    var gathered = start.gathered
    var total = start.total
    var index = start.index
    let scratch = unsafe gatherBuffer
    let runStart = gathered
    func closeRun() {
      guard gathered > runStart, partCount < parts.count else { return }
      // SAFETY: the run lies within the loop's gather buffer.
      unsafe parts[partCount] = iovec(
        iov_base: scratch.baseAddress.map { unsafe $0 + runStart }, iov_len: gathered - runStart)
      partCount += 1
    }
    while index < queue.count, total < limit {
      let segment = queue[index]
      let offset = index == 0 ? queue.sentOfFirst : 0
      let isPinned =
        segment.kind != .chunk && segment.bytes.count - offset >= OutputQueue.pinnedBytesMin
      if isPinned {
        guard partCount + 3 <= parts.count else { break }
        closeRun()
        let count = min(segment.bytes.count - offset, limit - total)
        // SAFETY: the pointer is used by the call at the end of this recursion only.
        return unsafe segment.bytes.withUnsafeBytes { bytes in
          unsafe parts[partCount] = iovec(
            iov_base: UnsafeMutableRawPointer(
              mutating: bytes.baseAddress.map { unsafe $0 + offset }),
            iov_len: count)
          let next = GatherState(
            part: partCount + 1, index: index + 1, gathered: gathered, total: total + count)
          return unsafe fill(parts, from: next, queue, limit, stream)
        }
      }
      let room = min(scratch.count - gathered, limit - total)
      let copied = copy(segment, from: offset, to: gathered, room: room)
      gathered += copied
      total += copied
      if copied < segment.wireCount - offset { break }
      index += 1
    }
    closeRun()
    if partCount == 1 {
      // SAFETY: the part is valid until this call returns.
      return unsafe stream.send(UnsafeRawBufferPointer(start: parts[0].iov_base, count: total))
    }
    // SAFETY: every part is valid until this call returns.
    return unsafe stream.send(
      UnsafeMutableBufferPointer(rebasing: parts[..<partCount]), totalCount: total)
  }

  /// Copies the wire form of a segment from `offset` on into the gather buffer; how much.
  private func copy(
    _ segment: OutputQueue.Segment, from offset: Int, to position: Int, room: Int
  ) -> Int {
    guard segment.kind == .chunk else {
      return copy(segment.bytes[offset...].prefix(room), to: position)
    }
    // Nearly all chunks: readers of a stream get them whole.
    if offset == 0, segment.wireCount <= room { return copyChunk(segment.bytes, to: position) }
    let contentCount = segment.bytes.count
    chunkFrame.removeAll(keepingCapacity: true)
    HeadSerializer.appendChunkSize(contentCount, to: &chunkFrame)
    let prefixCount = chunkFrame.count
    chunkFrame += [0x0D, 0x0A]
    // Size line, content, CRLF: of each what lies behind `offset`, as far as there is room.
    var copied = 0
    if offset < prefixCount {
      copied += copy(chunkFrame[offset..<prefixCount].prefix(room), to: position)
    }
    let start = max(0, offset - prefixCount)
    if start < contentCount {
      copied += copy(segment.bytes[start...].prefix(room - copied), to: position + copied)
    }
    let tail = chunkFrame[(prefixCount + max(0, start - contentCount))...]
    if offset + copied >= prefixCount + contentCount {
      copied += copy(tail.prefix(room - copied), to: position + copied)
    }
    return copied
  }

  /// Size line, content, CRLF; how much that is, which callers have seen to fit.
  private func copyChunk(_ content: [UInt8], to position: Int) -> Int {
    let digitCount = OutputQueue.chunkPrefixCount(content.count) - 2
    let start = position + digitCount + 2
    let end = start + content.count
    let buffer = unsafe gatherBuffer
    for index in 0..<digitCount {
      let digit = UInt8(truncatingIfNeeded: content.count >> ((digitCount - 1 - index) * 4)) & 15
      unsafe buffer[position + index] = digit < 10 ? 0x30 + digit : 0x57 + digit
    }
    unsafe (buffer[start - 2], buffer[start - 1]) = (0x0D, 0x0A)
    // SAFETY: copied within the closure, to where the buffer has room.
    unsafe content.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start..<end]).copyMemory(from: source)
    }
    unsafe (buffer[end], buffer[end + 1]) = (0x0D, 0x0A)
    return end + 2 - position
  }

  private func copy(_ bytes: ArraySlice<UInt8>, to position: Int) -> Int {
    // SAFETY: callers give no more than the room that is left in the gather buffer.
    unsafe bytes.withUnsafeBytes { source in
      guard source.count > 0, let base = source.baseAddress else { return }
      unsafe UnsafeMutableRawBufferPointer(rebasing: gatherBuffer[position...])
        .copyMemory(from: UnsafeRawBufferPointer(start: base, count: source.count))
    }
    return bytes.count
  }
}
