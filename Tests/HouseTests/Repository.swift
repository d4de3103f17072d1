#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A text file of this repository, by its path from the root.
struct TextFile: Sendable {
  let path: String
  let text: LinedText
  /// Of a Swift file: without prose.
  let code: LinedText

  init(path: String, bytes: [UInt8]) {
    self.path = path
    text = LinedText(bytes)
    code = LinedText(path.hasSuffix(".swift") ? SwiftCode.blanked(bytes) : [])
  }

  init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }

  var isSwift: Bool { path.hasSuffix(".swift") }

  func contains(_ word: String) -> Bool {
    LinedText.find(Array(word.utf8), in: text.bytes, from: 0) != nil
  }
}

/// The repository around this file, read once.
enum Repository {
  static let root: String = {
    var path = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    path.removeLast(3)
    return path.joined(separator: "/")
  }()

  /// What tools leave beside the sources; none of it is ours.
  private static let skippedNames: Set<String> = [
    ".git", ".build", ".swiftpm", ".venv", "__pycache__", "node_modules", "Package.resolved",
    "certificates",
  ]

  /// Files that were made elsewhere and are kept as they are.
  private static let skippedPaths: Set<String> = ["LICENSE"]

  /// Every text file: what holds a NUL is data.
  static let files: [TextFile] = {
    var found: [TextFile] = []
    collect("", into: &found)
    return found
  }()

  static var sources: [TextFile] { files.filter { $0.isSwift && $0.path.hasPrefix("Sources/") } }

  static func data(_ path: String) -> [UInt8]? {
    FileManager.default.contents(atPath: root + "/" + path).map(Array.init)
  }

  private static func collect(_ folder: String, into found: inout [TextFile]) {
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
    for name in names.sorted() where !skippedNames.contains(name) {
      let path = folder.isEmpty ? name : folder + "/" + name
      var isFolder = false
      guard FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder)
      else { continue }
      if isFolder {
        collect(path, into: &found)
      } else if !skippedPaths.contains(path), let bytes = data(path),
        LinedText.find([0], in: bytes, from: 0) == nil
      {
        found.append(TextFile(path: path, bytes: bytes))
      }
    }
  }
}
