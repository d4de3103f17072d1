import Dispatch
import Glibc
import PayloadCodecs

/// Unpacks the tar.gz of a sequence into a folder that its processes can read and not change.
///
/// Written here and not by a process, since a machine with Node alone shall do. Nothing is followed and
/// nothing is run: files are made anew below the folder, and links come last, when nothing is written
/// any more, and only such as stay inside.
struct SequenceArchive {
  private static let queue = DispatchQueue(label: "wavetank.unpack", attributes: .concurrent)

  private let folder: String
  private var made: Set<String> = [""]
  private var links: [(path: String, target: String)] = []
  private var open: (descriptor: Int32, path: String)?
  private var fileCount = 0
  private var byteCount = 0

  private init(into folder: String) { self.folder = folder }

  /// - Parameter chunks: the archive, which a hub has checked when it came.
  static func unpack(_ chunks: [[UInt8]], into folder: String) async throws(CodeError) {
    let result = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(
          returning: Result { () throws(CodeError) in
            var archive = SequenceArchive(into: folder)
            defer { archive.closeFile() }
            try archive.read(chunks)
          })
      }
    }
    try result.get()
  }

  private mutating func read(_ chunks: [[UInt8]]) throws(CodeError) {
    var limits = GzipLimits()
    limits.ratioFreeBytes = 64 << 20
    let inflater: Inflater
    do throws(GzipError) { inflater = try Inflater(limits: limits) } catch {
      throw .badArchive("\(error)")
    }
    var tar = TarReader()
    for chunk in chunks {
      try inflater.feed(chunk.span, mapping: { CodeError.badArchive("\($0)") }) {
        run throws(CodeError) in
        try tar.feed(run, mapping: { CodeError.badArchive("\($0)") }) { event throws(CodeError) in
          try take(event, run)
        }
      }
    }
    for link in links { makeLink(link.path, link.target) }
  }

  private mutating func take(_ event: TarEvent, _ run: Span<UInt8>) throws(CodeError) {
    switch event {
    case .entry(let entry): try begin(entry)
    case .content(let range): try write(run.extracting(range))
    case .entryEnded: closeFile()
    case .archiveEnded: break
    }
  }

  private mutating func begin(_ entry: TarEntry) throws(CodeError) {
    let path = entry.normalizedPath
    guard entry.hazards.isEmpty, !path.isEmpty, !path.utf8.contains(0) else { return }
    fileCount += 1
    guard fileCount <= CodeStore.filesMax else { throw .badArchive("it has too many files") }
    switch entry.kind {
    case .directory: try makeFolders(path)
    case .file: try makeFile(path, isProgram: entry.mode & 0o111 != 0)
    case .symbolicLink: links.append((path, entry.linkTarget))
    case .hardLink, .characterDevice, .blockDevice, .fifo, .other: break
    }
  }

  /// A folder with those around it.
  private mutating func makeFolders(_ path: String) throws(CodeError) {
    guard made.insert(path).inserted else { return }
    try makeFolders(parent(of: path))
    let whole = "\(folder)/\(path)"
    // SAFETY: a text, which the call only reads.
    guard unsafe mkdir(whole, 0o755) != 0 else { return }
    guard errno == EEXIST, isFolder(whole) else { throw failure(path) }
  }

  private func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  private func isFolder(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the call writes to a local.
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private mutating func makeFile(_ path: String, isProgram: Bool) throws(CodeError) {
    try makeFolders(parent(of: path))
    let whole = "\(folder)/\(path)"
    // What stood there is replaced, as extraction does.
    // SAFETY: texts, which the calls only read.
    _ = unsafe unlink(whole)
    let descriptor = unsafe Glibc.open(
      whole, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, isProgram ? 0o755 : 0o644)
    guard descriptor >= 0 else { throw failure(path) }
    open = (descriptor, path)
  }

  private mutating func write(_ bytes: Span<UInt8>) throws(CodeError) {
    guard let open else { return }
    byteCount += bytes.count
    guard byteCount <= CodeStore.unpackedBytesMax else {
      throw .badArchive("it is larger than \(CodeStore.unpackedBytesMax >> 20) MiB unpacked")
    }
    var written = 0
    while written < bytes.count {
      // SAFETY: the buffer covers the bytes that the call is told of.
      let result = unsafe bytes.extracting(written..<bytes.count).withUnsafeBufferPointer {
        unsafe Glibc.write(open.descriptor, $0.baseAddress, $0.count)
      }
      if result < 0, errno == EINTR { continue }
      guard result > 0 else { throw failure(open.path) }
      written += result
    }
  }

  private mutating func closeFile() {
    if let open { _ = close(open.descriptor) }
    open = nil
  }

  /// What cannot be made is left out: a package does not stand on its links.
  private mutating func makeLink(_ path: String, _ target: String) {
    guard !target.utf8.contains(0), (try? makeFolders(parent(of: path))) != nil else { return }
    // SAFETY: texts, which the call only reads.
    _ = unsafe symlink(target, "\(folder)/\(path)")
  }

  private func failure(_ path: String) -> CodeError {
    .badArchive("\(path) cannot be written: \(Spawner.message(errno))")
  }
}
