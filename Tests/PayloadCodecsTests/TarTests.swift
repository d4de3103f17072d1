import PayloadCodecs
import TestSupport
import Testing

@Suite("tar")
struct TarTests {
  struct Member: Equatable {
    var entry: TarEntry
    var content: [UInt8] = []
    var isComplete = false
  }

  /// Reads the pieces; content is gathered by entry, so that any cut gives an equal result.
  static func read(
    _ pieces: [[UInt8]], limits: TarLimits = TarLimits()
  ) throws(TarError) -> [Member] {
    var reader = TarReader(limits: limits)
    var members: [Member] = []
    for piece in pieces {
      try reader.feed(piece.span, mapping: { $0 }) { event throws(TarError) in
        switch event {
        case .entry(let entry): members.append(Member(entry: entry))
        case .content(let range): members[members.count - 1].content += piece[range]
        case .entryEnded: members[members.count - 1].isComplete = true
        case .archiveEnded: break
        }
      }
    }
    try reader.finish()
    return members
  }

  static func unpack(_ base64: String) throws(GzipError) -> [UInt8] {
    try Gzip.decompress([UInt8](base64: base64), outputBytesMax: 1 << 20)
  }

  static let sample: [UInt8] = {
    var writer = TarWriter()
    writer.begin(TarEntry(path: "./", kind: .directory, mode: 0o755))
    writer.file("./package.json", Array(#"{"name":"x"}"#.utf8))
    writer.file("a/" + String(repeating: "b", count: 120) + "/c.txt", [1, 2, 3])
    writer.file(String(repeating: "ü", count: 130), [UInt8](repeating: 9, count: 1024))
    writer.symbolicLink("link", to: String(repeating: "t/", count: 80))
    writer.file("empty", [])
    writer.finish()
    return writer.bytes
  }()

  @Test("GNU tar's archives are read: long names, links, pipes, sparse files")
  func gnu() throws {
    for (name, text) in [("gnu", ArchiveFixtures.gnu), ("pax", ArchiveFixtures.pax)] {
      let members = try Self.read([Self.unpack(text)])
      let byPath = Dictionary(
        members.map { ($0.entry.normalizedPath, $0) }, uniquingKeysWith: { $1 })
      let deep =
        (1...6).map { "directory-with-a-long-name-0\($0)/" }.joined() + "file-with-a-name.txt"
      let long = String(repeating: "n", count: 180)
      #expect(byPath[deep]?.content == Array("deep\n".utf8), "\(name)")
      #expect(byPath[long]?.content == Array("longname\n".utf8), "\(name)")
      #expect(byPath["long-link"]?.entry.linkTarget == long, "\(name)")
      #expect(byPath["long-link"]?.entry.kind == .symbolicLink)
      #expect(byPath["index.js"]?.entry.kind == .hardLink)
      #expect(byPath["index.js"]?.entry.linkTarget == "./hard-link")
      #expect(byPath["pipe"]?.entry.kind == .fifo)
      #expect(byPath["pipe"]?.entry.hazards == .device)
      #expect(byPath["sparse"]?.entry.kind == .file)
      #expect(members.last?.entry.normalizedPath == "sparse")
      #expect(members.allSatisfy { $0.isComplete })
      #expect(members.first?.entry.kind == .directory)
      #expect(members.first?.entry.normalizedPath == "")
    }
  }

  @Test("ustar prefixes and v7 headers without magic are read")
  func old() throws {
    let ustar = try Self.read([Self.unpack(ArchiveFixtures.ustar)])
    #expect(ustar.contains { $0.entry.path.hasSuffix("name-06/file-with-a-name.txt") })
    #expect(ustar.contains { $0.content == Array("deep\n".utf8) })
    let v7 = try Self.read([Self.unpack(ArchiveFixtures.v7)])
    #expect(v7.map(\.entry.path) == ["package.json", "index.js", "hard-link", "short-link"])
    #expect(v7.map(\.entry.kind) == [.file, .file, .hardLink, .symbolicLink])
  }

  @Test("Python's archives are read, and what is dangerous in them is told")
  func hazards() throws {
    for text in [ArchiveFixtures.pypax, ArchiveFixtures.pygnu] {
      let members = try Self.read([Self.unpack(text)])
      #expect(
        members.map(\.entry.path) == [
          "package.json", "../evil", "/abs",
          "ünïcode-" + String(repeating: "é", count: 80) + ".txt",
          "./b/../c", "dev", "esc", "dir/",
        ])
      #expect(
        members.map(\.entry.hazards) == [
          [], .parentTraversal, .absolutePath, [], .parentTraversal, .device, .escapingLink, [],
        ])
    }
  }

  @Test(
    "Paths lose single dots and superfluous slashes, and nothing else",
    arguments: [
      ("a/b", "a/b"), ("./a//b/", "a/b"), ("a/.b", "a/.b"), ("/a", "a"), ("a/", "a"), ("", ""),
      (".", ""), ("a/./b", "a/b"), ("a/../b", "a/../b"), ("..a/b..", "..a/b.."), ("a.b/c", "a.b/c"),
    ])
  func normalized(path: String, expected: String) {
    let entry = TarEntry(path: path)
    #expect(entry.normalizedPath == expected)
    #expect(entry.hazards.contains(.parentTraversal) == (path == "a/../b"))
  }

  struct LinkCase: Sendable {
    let path: String
    let kind: TarEntry.Kind
    let target: String
    let hazards: TarEntry.Hazards
  }
  static let links = [
    LinkCase(path: "a/b/l", kind: .symbolicLink, target: "../../x", hazards: []),
    LinkCase(path: "a/b/l", kind: .symbolicLink, target: "../../../x", hazards: .escapingLink),
    LinkCase(path: "l", kind: .symbolicLink, target: "a/../../x", hazards: .escapingLink),
    LinkCase(path: "./l", kind: .symbolicLink, target: "./a/../x", hazards: []),
    LinkCase(path: "l", kind: .symbolicLink, target: "/etc/passwd", hazards: .escapingLink),
    LinkCase(path: "a/l", kind: .hardLink, target: "b/../../x", hazards: .escapingLink),
    LinkCase(path: "a/l", kind: .hardLink, target: "a/x", hazards: []),
    LinkCase(path: "../l", kind: .symbolicLink, target: "x", hazards: .parentTraversal),
    LinkCase(path: "a/..b/...", kind: .file, target: "", hazards: []),
    LinkCase(path: "./.", kind: .file, target: "", hazards: .namelessPath),
  ]

  @Test("A link that leads out of the archive is told from one that stays inside", arguments: links)
  func link(_ example: LinkCase) {
    let entry = TarEntry(path: example.path, kind: example.kind, linkTarget: example.target)
    #expect(entry.hazards == example.hazards)
  }

  @Test("What we write we read back, and every cut gives the same members")
  func roundTrip() throws {
    let members = try Self.read([Self.sample])
    #expect(members.count == 6)
    #expect(members[1].content == Array(#"{"name":"x"}"#.utf8))
    #expect(members[2].entry.path.hasSuffix("/c.txt"))
    #expect(members[3].entry.path == String(repeating: "ü", count: 130))
    #expect(members[4].entry.linkTarget == String(repeating: "t/", count: 80))
    #expect(members.allSatisfy { $0.isComplete })
    #expect(try Self.read(Self.sample.pieces(of: 1)) == members)
    for cut in stride(from: 0, to: Self.sample.count, by: 37) {
      #expect(try Self.read(Self.sample.pieces(cutAt: [cut, cut + 300])) == members)
    }
  }

  @Test("Paths of every length survive writing and reading (ustar prefix, then pax)")
  func pathLengths() throws {
    for length in 1...300 {
      let path = String(
        (0..<length).map { $0 % 50 == 49 && $0 < length - 1 ? "/" : Character("x") })
      let members = try Self.read([TarWriter.archive([(path, [1])])])
      #expect(members.map(\.entry.path) == [path])
    }
  }

  @Test("An archive may end without its last zero blocks, but not inside an entry (tar(1))")
  func ends() throws {
    let one = TarWriter.archive([("a", [UInt8](repeating: 1, count: 600))])
    #expect(try Self.read([Array(one[..<1536])]).count == 1)
    #expect(try Self.read([one + [UInt8](repeating: 7, count: 99)]).count == 1)
    for end in [1, 511, 512, 600, 1111, 1112, 1535] {
      #expect(throws: TarError.truncated(offset: UInt64(end))) {
        try Self.read([Array(one[..<end])])
      }
    }
    #expect(throws: TarError.empty) { try Self.read([]) }
    #expect(try Self.read([[UInt8](repeating: 0, count: 10240)]).isEmpty)
  }

  @Test("Damage and limits have their own errors")
  func damage() throws {
    var bytes = Self.sample
    bytes[512 + 3] ^= 1
    for size in [1, 500, 512, 4000] {
      #expect(throws: TarError.badChecksum(offset: 512)) { try Self.read(bytes.pieces(of: size)) }
    }
    #expect(throws: TarError.badChecksum(offset: 0)) {
      try Self.read([Array(String(repeating: "no tar at all ", count: 90).utf8)])
    }
    var limits = TarLimits()
    limits.entriesMax = 5
    #expect(throws: TarError.tooManyEntries(limit: 5)) {
      try Self.read([Self.sample], limits: limits)
    }
    limits = TarLimits()
    limits.pathBytesMax = 200
    #expect(throws: TarError.pathTooLong(limit: 200)) {
      try Self.read([Self.sample], limits: limits)
    }
    limits = TarLimits()
    limits.extensionBytesMax = 100
    #expect(throws: TarError.extensionTooLarge(limit: 100)) {
      try Self.read([Self.sample], limits: limits)
    }
    limits = TarLimits()
    limits.contentBytesMax = 1000
    #expect(throws: TarError.contentTooLarge(limit: 1000)) {
      try Self.read([Self.sample], limits: limits)
    }
  }

  /// A header block with the size field replaced and the checksum made good.
  static func header(size: [UInt8], flag: Character = "0") -> [UInt8] {
    var block = Array(TarWriter.archive([("f", [])])[..<512])
    block.replaceSubrange(124..<136, with: size)
    block[156] = flag.asciiValue ?? 0
    block.replaceSubrange(148..<156, with: Array("        ".utf8))
    let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
    block.replaceSubrange(148..<148 + sum.utf8.count, with: sum.utf8)
    return block
  }

  @Test("Sizes in base 256 are read, and senseless sizes are refused (GNU tar manual)")
  func sizes() throws {
    let content = [UInt8](repeating: 5, count: 512)
    let three: [UInt8] = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    #expect(try Self.read([Self.header(size: three) + content]).first?.content == [5, 5, 5])
    let bad: [[UInt8]] = [
      [UInt8](repeating: 0xff, count: 12), [0x80] + [UInt8](repeating: 0xff, count: 11),
      Array("12345678x901".utf8), Array("1 2\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}".utf8),
    ]
    for size in bad {
      #expect(throws: TarError.badNumber(offset: 0)) { try Self.read([Self.header(size: size)]) }
    }
    let huge = [0x80, 0, 0, 0] + [UInt8](repeating: 0x7f, count: 8)
    #expect(throws: TarError.self) { try Self.read([Self.header(size: huge)]) }
    #expect(throws: TarError.extensionTooLarge(limit: 1 << 20)) {
      try Self.read([Self.header(size: huge, flag: "x")])
    }
  }

  @Test(
    "A malformed pax record is refused (POSIX pax, Extended Header)",
    arguments: [
      "x", "5 a\n", "99 path=a\n", "9 path=ab", "0 a=b\n", "-6 a=b\n", "+6 a=b\n", "6 a=b ",
      "12 size=-10\n", "40 size=99999999999999999999999999999999\n", " 6 a=b\n", "1 a=b\n",
      "2 a=b\n", "00000000000000000000000006 a=b\n",
    ])
  func pax(_ record: String) {
    var writer = TarWriter()
    let bytes = Array(record.utf8)
    writer.begin(
      TarEntry(path: "p", kind: .other(UInt8(ascii: "x")), size: UInt64(bytes.count)))
    writer.write(bytes.span)
    writer.file("f", [])
    writer.finish()
    let error = #expect(throws: TarError.self) { try Self.read([writer.bytes]) }
    guard case .badExtension = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("Mutated archives end in a typed error or in members, whole and cut alike, and never trap")
  func fuzz() throws {
    var random = SeededNoise(SeededNoise.runSeed)
    let seeds = try [Self.sample] + [ArchiveFixtures.gnu, ArchiveFixtures.pax].map(Self.unpack)
    for _ in 0..<1500 {
      var bytes = seeds[random.below(seeds.count)]
      // Half of them get a good checksum again, or nothing behind the first change would be seen.
      let block = random.below(min(bytes.count / 512, 24)) * 512
      for _ in 0...random.below(3) { bytes[block + random.below(512)] = UInt8(random.below(256)) }
      if random.below(2) == 0 {
        bytes.replaceSubrange(block + 148..<block + 156, with: Array("        ".utf8))
        let sum = String(bytes[block..<block + 512].reduce(0) { $0 + Int($1) }, radix: 8)
        bytes.replaceSubrange(block + 148..<block + 148 + sum.utf8.count, with: sum.utf8)
      }
      let whole = Result { try Self.read([bytes]) }
      let cut = Result { try Self.read(bytes.pieces(of: 1 + random.below(700))) }
      #expect((try? whole.get()) == (try? cut.get()))
    }
  }
}
