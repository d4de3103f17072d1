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
}

extension [UInt8] {
  /// Appends a borrowed run of bytes.
  package mutating func append(contentsOf run: Span<UInt8>) {
    // SAFETY: the borrowed bytes live for the length of the call and are copied by it.
    unsafe run.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
