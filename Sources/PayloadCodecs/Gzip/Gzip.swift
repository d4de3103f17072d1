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
