import EmulatorKernel

/// What small archives are that came last: to unpack one and to read its manifest takes a hundred times
/// as long as to see that it is the same.
enum KnownArchives {
  struct Archive: Sendable {
    let package: Shared<SequencePackage>
    let tag: String
  }

  private static let known = KnownContents<Archive>(bytesMax: 8 << 10)
  /// Of what a manifest says.
  private static let packageBytesMax = 8 << 10

  static func find(_ bytes: [UInt8]) -> Archive? { known.find(bytes) }

  static func keep(_ archive: Archive, of bytes: [UInt8]) {
    if archive.package.heapBytes <= packageBytesMax { known.keep(archive, of: bytes) }
  }
}
