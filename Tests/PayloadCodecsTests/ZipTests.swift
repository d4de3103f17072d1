import PayloadCodecs
import Testing

@Suite("zip: which files an archive holds")
struct ZipTests {
  /// An archive of stored, empty files.
  static func archive(
    _ names: [String], comment: [UInt8] = [], before: [UInt8] = [], isWide: Bool = false
  ) -> [UInt8] {
    var files = before
    var directory: [UInt8] = []
    for name in names {
      let offset = UInt64(files.count)
      let length = number(UInt64(name.utf8.count), 2)
      files += number(0x0403_4B50, 4) + zeros(22) + length + zeros(2) + Array(name.utf8)
      directory += number(0x0201_4B50, 4) + zeros(24) + length + number(3, 2) + number(2, 2)
      directory += zeros(8) + number(offset, 4) + Array(name.utf8) + [1, 2, 3] + [4, 5]
    }
    let count = UInt64(names.count)
    var end = files + directory
    if isWide {
      let wide = UInt64(end.count)
      end += number(0x0606_4B50, 4) + number(44, 8) + zeros(12) + number(count, 8)
      end += number(count, 8) + number(UInt64(directory.count), 8) + number(UInt64(files.count), 8)
      end += number(0x0706_4B50, 4) + zeros(4) + number(wide, 8) + number(1, 4)
      end += number(0x0605_4B50, 4) + zeros(4) + [UInt8](repeating: 0xFF, count: 12)
    } else {
      end += number(0x0605_4B50, 4) + zeros(4) + number(count, 2) + number(count, 2)
      end += number(UInt64(directory.count), 4) + number(UInt64(files.count), 4)
    }
    return end + number(UInt64(comment.count), 2) + comment
  }

  private static func number(_ value: UInt64, _ bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  static let good: [(bytes: [UInt8], title: String)] = [
    (archive(["lib/a.py", "api.py"]), "plain"),
    (archive(["./api.py"]), "named from the folder on"),
    (archive(["api.py"], comment: Array("PK\u{5}\u{6}, or so".utf8)), "with a comment"),
    (archive(["api.py"], before: Array("#!/usr/bin/env python\n".utf8)), "behind a script"),
    (archive(["api.py"], isWide: true), "zip64"),
  ]

  @Test("Its directory is found (APPNOTE §4.3.12, §4.3.14–16)", arguments: good.indices)
  func found(_ index: Int) throws {
    let bytes = Self.good[index].bytes
    // In any pieces, as uploads are stored.
    for size in [1, 7, 50, bytes.count] {
      let chunks = stride(from: 0, to: bytes.count, by: size).map {
        Array(bytes[$0..<min($0 + size, bytes.count)])
      }
      let directory = try #require(ZipDirectory(of: chunks), "\(Self.good[index].title)")
      #expect(directory.holds("api.py"), "\(Self.good[index].title)")
      #expect(!directory.holds("a.py"))
      #expect(!directory.holds("lib"))
    }
  }

  @Test("What is cut anywhere is no archive, and every wrong byte is taken without harm")
  func damaged() {
    let bytes = Self.archive(["lib/a.py", "api.py"])
    for count in 0..<bytes.count {
      #expect(ZipDirectory(of: [Array(bytes[..<count])]) == nil, "cut at \(count)")
    }
    for isWide in [false, true] {
      let bytes = Self.archive(["lib/a.py", "api.py"], isWide: isWide)
      for index in bytes.indices {
        for value: UInt8 in [0, 0x7F, 0xFF] {
          var wrong = bytes
          wrong[index] = value
          _ = ZipDirectory(of: [wrong])?.holds("api.py")
        }
      }
    }
    #expect(ZipDirectory(of: []) == nil)
    #expect(ZipDirectory(of: [Array("print('no archive')".utf8)]) == nil)
  }

  @Test("An archive without files is one")
  func empty() throws {
    let directory = try #require(ZipDirectory(of: [Self.archive([])]))
    #expect(directory.paths.isEmpty)
  }
}
