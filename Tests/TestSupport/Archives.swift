package import PayloadCodecs

extension Gzip {
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

extension TarWriter {
  package mutating func symbolicLink(_ path: String, to target: String) {
    begin(TarEntry(path: path, kind: .symbolicLink, mode: 0o777, linkTarget: target))
  }
}
