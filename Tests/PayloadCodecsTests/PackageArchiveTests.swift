import PayloadCodecs
import TestSupport
import Testing

extension PackageArchiveReader {
  /// The whole check for an archive in memory.
  fileprivate static func read(
    _ bytes: [UInt8], keeping: TextSet = ["package.json"],
    limits: PackageArchiveLimits = PackageArchiveLimits()
  ) throws(PackageArchiveError) -> PackageArchive {
    let reader = try PackageArchiveReader(keeping: keeping, limits: limits)
    try reader.feed(bytes)
    return try reader.finish()
  }
}

@Suite("Package archives")
struct PackageArchiveTests {
  static func pack(_ files: [(String, [UInt8])]) throws -> [UInt8] {
    try Gzip.compress(TarWriter.archive(files.map { (path: $0.0, content: $0.1) }))
  }

  @Test(
    "package.json at the top is kept, with or without a leading ./",
    arguments: ["package.json", "./package.json", ".//package.json"])
  func keeps(_ name: String) throws {
    let json = Array(#"{"main":"a"}"#.utf8)
    let bytes = try Self.pack([("./sub/package.json", [1]), (name, json), ("./index.js", [2])])
    let archive = try PackageArchiveReader.read(bytes)
    #expect(archive.files == ["package.json": json])
    #expect(archive.paths == ["sub/package.json", "package.json", "index.js"])
    #expect(archive.hasAllPaths)
    #expect(archive.hazards.isEmpty)
    #expect(archive.entryCount == 3)
    #expect(archive.packedBytes == UInt64(bytes.count))
  }

  @Test("Every cut of the upload gives the same verdict")
  func cuts() throws {
    let bytes = [UInt8](base64: ArchiveFixtures.gnu)
    let whole = try PackageArchiveReader.read(bytes)
    #expect(whole.files["package.json"] == Array("{\"name\":\"x\",\"main\":\"index.js\"}\n".utf8))
    for size in [1, 2, 3, 7, 64, 500] {
      let reader = try PackageArchiveReader()
      for piece in bytes.pieces(of: size) { try reader.feed(piece) }
      #expect(try reader.finish() == whole)
    }
  }

  @Test("The last of two files of one name counts, and a link of that name is no file")
  func twice() throws {
    let bytes = try Self.pack([("package.json", [1]), ("./package.json", [2])])
    #expect(try PackageArchiveReader.read(bytes).files == ["package.json": [2]])
    var writer = TarWriter()
    writer.file("package.json", [1])
    writer.symbolicLink("package.json", to: "/etc/passwd")
    writer.file("/package.json", [1])
    writer.finish()
    let archive = try PackageArchiveReader.read(try Gzip.compress(writer.bytes))
    #expect(archive.files.isEmpty)
    #expect(archive.hazards == [.escapingLink, .absolutePath])
    #expect(archive.hazardousPath == "package.json")
  }

  @Test("What is no archive is refused with the layer that refused it")
  func refusals() throws {
    #expect(throws: PackageArchiveError.gzip(.truncated)) { try PackageArchiveReader.read([]) }
    #expect(throws: PackageArchiveError.gzip(.badHeader)) {
      try PackageArchiveReader.read(Array("not an archive".utf8))
    }
    let noTar = try Gzip.compress([UInt8](repeating: 65, count: 2000))
    #expect(throws: PackageArchiveError.tar(.badChecksum(offset: 0))) {
      try PackageArchiveReader.read(noTar)
    }
    #expect(throws: PackageArchiveError.tar(.empty)) {
      try PackageArchiveReader.read(try Gzip.compress([]))
    }
    let good = try Self.pack([("a", [1])])
    #expect(throws: PackageArchiveError.gzip(.truncated)) {
      try PackageArchiveReader.read(Array(good.dropLast()))
    }
    let reader = try PackageArchiveReader()
    #expect(throws: PackageArchiveError.gzip(.badHeader)) { try reader.feed([1, 2, 3]) }
    #expect(throws: PackageArchiveError.gzip(.badHeader)) { try reader.feed([4]) }
    #expect(throws: PackageArchiveError.gzip(.badHeader)) { try reader.finish() }
  }

  @Test("A kept file and the list of paths are bounded")
  func bounds() throws {
    var limits = PackageArchiveLimits()
    limits.keptBytesMax = 10
    limits.pathListBytesMax = 60
    let bytes = try Self.pack((0..<9).map { ("file-\($0)", [1]) })
    let archive = try PackageArchiveReader.read(bytes, limits: limits)
    #expect(archive.paths == ["file-0", "file-1"])
    #expect(!archive.hasAllPaths)
    #expect(archive.entryCount == 9)
    let large = try Self.pack([("package.json", [UInt8](repeating: 32, count: 11))])
    #expect(throws: PackageArchiveError.keptFileTooLarge(path: "package.json", limit: 10)) {
      try PackageArchiveReader.read(large, limits: limits)
    }
  }
}
