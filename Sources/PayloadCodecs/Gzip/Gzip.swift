/// gzip in one go, for content that is in memory anyway.
package enum Gzip {
  /// One member without time or name; equal content gives equal bytes.
  package static func compress(_ bytes: [UInt8], level: Int = 6) throws(GzipError) -> [UInt8] {
    let deflater = try Deflater(level: level)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count / 4 + 64)
    try deflater.feed(bytes.span, into: &output)
    try deflater.finish(into: &output)
    return output
  }

  /// The content of all members.
  ///
  /// - Parameter outputBytesMax: refuses more with `.outputTooLarge` before it takes memory.
  package static func decompress(
    _ bytes: [UInt8], outputBytesMax: Int
  ) throws(GzipError) -> [UInt8] {
    let inflater = try Inflater(
      limits: GzipLimits(
        outputBytesMax: UInt64(max(0, outputBytesMax)), ratioMax: .max, ratioFreeBytes: .max))
    var output: [UInt8] = []
    try inflater.feed(bytes.span) { run throws(GzipError) in output.append(contentsOf: run) }
    try inflater.finish()
    return output
  }
}

extension [UInt8] {
  /// Appends a borrowed run of bytes.
  package mutating func append(contentsOf run: Span<UInt8>) {
    // SAFETY: the borrowed bytes live for the length of the call and are copied by it.
    unsafe run.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
