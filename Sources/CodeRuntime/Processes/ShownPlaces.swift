import CProcess
import FoundationEssentials
import Glibc

/// What code is shown of folders that are closed to it.
///
/// A server that is root runs code as a user of its own. Interpreters lie in root's home all the same, and
/// environments in folders for temporary files, which are their maker's alone. Such a folder is bare to
/// the code but for the way to what it needs.
struct ShownPlaces: Sendable, Equatable {
  enum Step: Sendable, Equatable {
    /// In the place of the closed folder.
    case bare(String)
    case folder(String)
    case tree(String)
    case file(String)
    case link(String, to: String)
  }

  var steps: [Step] = []

  /// - Parameters:
  ///   - programs: what is to be run, as it is called.
  ///   - folders: what it needs beside what belongs to these.
  init(programs: [String], folders: [String]) {
    let ways = programs.filter { !Self.isScript($0) }.flatMap(Way.of)
    var trees: [String] = []
    for tree in (ways.flatMap(\.trees) + folders.compactMap(Self.realPath)).sorted()
    where !trees.contains(where: { Self.lies(tree, in: $0) }) {
      trees.append(tree)
    }
    for tree in trees { show(tree) }
    for link in ways.flatMap(\.links) where !trees.contains(where: { Self.lies(link.path, in: $0) })
    {
      show(link)
    }
    // The kernel's side takes no more; what has so many entries is no interpreter's place.
    if steps.count > Int(WAVETANK_SHOWN_MAX) { steps = [] }
  }

  private mutating func add(_ step: Step) {
    if !steps.contains(step) { steps.append(step) }
  }

  /// The way to a folder, from the first that is closed. False: all of it is open.
  private mutating func makeWay(to folder: String) -> Bool {
    guard let closed = Self.closedFolder(on: folder) else { return false }
    add(.bare(closed))
    var path = closed
    for part in folder.dropFirst(closed.count).split(separator: "/") {
      path += "/" + part
      add(.folder(path))
    }
    return true
  }

  private mutating func show(_ link: Way.Link) {
    if let (folder, _) = Self.split(link.path), makeWay(to: folder) {
      add(.link(link.path, to: link.target))
    }
  }

  private mutating func show(_ tree: String) {
    guard makeWay(to: tree) else { return }
    guard !Self.isOpen(tree) else {
      steps.append(.tree(tree))
      return
    }
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: tree)) ?? []).sorted() {
      let path = "\(tree)/\(name)"
      if let target = Self.link(path) {
        steps.append(.link(path, to: target))
      } else if Self.isFolder(path) {
        steps += [.folder(path), .tree(path)]
      } else {
        steps.append(.file(path))
      }
    }
  }

  /// The first folder on the way to it, or itself, that is closed to others; nil: there is none.
  static func closedFolder(on path: String) -> String? {
    var folder = ""
    for part in path.split(separator: "/") {
      folder += "/" + part
      if !isOpen(folder) { return folder }
    }
    return nil
  }

  private static func lies(_ path: String, in folder: String) -> Bool {
    path == folder || path.hasPrefix(folder + "/")
  }

  /// The way that the kernel goes to an interpreter.
  struct Way {
    struct Link: Equatable {
      var path: String
      var target: String
    }

    /// The folders that belong to it: that of its installation, of the environment that it is called by,
    /// and all between them.
    private(set) var trees: [String] = []
    /// Folders on the way that are links to others.
    private(set) var links: [Link] = []

    /// With the one to the interpreter that an environment was made of.
    static func of(_ program: String) -> [Way] {
      let way = Way(program)
      return [way] + way.trees.compactMap(home).map { Way($0 + "/python") }
    }

    private init(_ program: String) {
      var rest = program.split(separator: "/")[...]
      var place = ""
      var linksLeft = 40  // As many as the kernel follows.
      while let part = rest.popFirst() {
        let path = "\(place)/\(part)"
        switch part {
        case ".": continue
        case "..": place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
        default:
          if rest.isEmpty, place != "" { trees.append(installation(place)) }
          guard let target = link(path), linksLeft > 0 else {
            place = path
            continue
          }
          linksLeft -= 1
          if !rest.isEmpty { links.append(Link(path: path, target: target)) }
          rest = target.split(separator: "/") + rest
          if target.hasPrefix("/") { place = "" }
        }
      }
    }
  }

  /// What a folder with programs is part of.
  private static func installation(_ folder: String) -> String {
    guard folder.hasSuffix("/bin") else { return folder }
    let whole = String(folder.dropLast(4))
    // A home is none, though it may have a `bin`.
    return !whole.isEmpty && isFolder(whole + "/lib") ? whole : folder
  }

  /// The folder of the interpreter that an environment was made of (PEP 405).
  private static func home(of tree: String) -> String? {
    guard let content = FileManager.default.contents(atPath: tree + "/pyvenv.cfg") else {
      return nil
    }
    for line in String(decoding: content, as: UTF8.self).split(separator: "\n") {
      let pair = line.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, pair[0].split(separator: " ") == ["home"] else { continue }
      return String(pair[1].drop { $0 == " " })
    }
    return nil
  }

  /// It is run by another program, and looks for who knows what: nothing is shown for it.
  private static func isScript(_ path: String) -> Bool {
    // SAFETY: a text, which the call only reads.
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { _ = close(file) }
    var head: (UInt8, UInt8) = (0, 0)
    // SAFETY: room for the two bytes.
    return unsafe read(file, &head, 2) == 2 && head == (UInt8(ascii: "#"), UInt8(ascii: "!"))
  }

  private static func split(_ path: String) -> (folder: String, name: String)? {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    return (
      slash == path.startIndex ? "/" : String(path[..<slash]),
      String(path[path.index(after: slash)...])
    )
  }

  private static func realPath(_ path: String) -> String? {
    // SAFETY: the result is copied and freed.
    guard let found = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(found) }
    return unsafe String(cString: found)
  }

  private static func link(_ path: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path)
  }

  /// Whether anybody may look into it and go through it.
  private static func isOpen(_ folder: String) -> Bool {
    mode(folder).map { $0 & 0o005 == 0o005 } ?? true
  }

  private static func isFolder(_ path: String) -> Bool {
    mode(path).map { $0 & S_IFMT == S_IFDIR } ?? false
  }

  private static func mode(_ path: String) -> mode_t? {
    var status = stat()
    // SAFETY: the call writes to a local.
    return unsafe stat(path, &status) == 0 ? status.st_mode : nil
  }
}
