/// Why an upload is no usable package archive.
package enum PackageArchiveError: Error, Sendable, Equatable {
  case gzip(GzipError)
  case tar(TarError)
  /// A file that was to be kept is larger than `PackageArchiveLimits.keptBytesMax`.
  case keptFileTooLarge(path: String, limit: Int)
}

extension PackageArchiveError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .gzip(let error): "gzip: \(error)"
    case .tar(let error): "tar: \(error)"
    case .keptFileTooLarge(let path, let limit):
      "the file \(path.clippedScalars) has more than \(limit) bytes"
    }
  }
}

/// What checking one package archive may cost.
package struct PackageArchiveLimits: Sendable {
  package var gzip = GzipLimits()
  package var tar = TarLimits()
  /// Bytes of one kept file. A `package.json` is a few KiB.
  package var keptBytesMax = 1 << 20
  /// Bytes of all listed paths together; beyond it the list ends.
  package var pathListBytesMax = 4 << 20

  package init() {}
}

/// What a good archive holds.
package struct PackageArchive: Sendable, Equatable {
  /// Normalized paths of all entries, in order.
  package internal(set) var paths: [String] = []
  /// Whether `paths` has them all.
  package internal(set) var hasAllPaths = true
  /// Content of the kept files that were there, by the path they were asked for.
  package internal(set) var files: TextMap<[UInt8]> = [:]
  /// Everything a careful extractor would object to, and the first path that did it.
  package internal(set) var hazards: TarEntry.Hazards = []
  package internal(set) var hazardousPath: String?
  package internal(set) var entryCount = 0
  /// Bytes of all file contents.
  package internal(set) var contentBytes: UInt64 = 0
  /// Bytes of the archive as it came.
  package internal(set) var packedBytes: UInt64 = 0
}

/// Checks a tar.gz while it arrives, in pieces of any size, and keeps a few small files of it.
///
/// Memory is bounded by the limits, whatever the archive holds; the cost is zlib's.
///
/// **Isolation**: none; owned by whoever feeds it.
package final class PackageArchiveReader {
  private let limits: PackageArchiveLimits
  private let keeping: TextSet
  private let inflater: Inflater
  private var tar: TarReader
  private var archive = PackageArchive()
  private var pathListBytes = 0
  /// The file that is being kept right now.
  private var kept: (path: String, content: [UInt8])?
  private var failure: PackageArchiveError?

  /// - Parameter keeping: paths from the top of the archive, without leading `./`.
  package init(
    keeping: TextSet = ["package.json"], limits: PackageArchiveLimits = PackageArchiveLimits()
  ) throws(PackageArchiveError) {
    self.keeping = keeping
    self.limits = limits
    do throws(GzipError) { inflater = try Inflater(limits: limits.gzip) } catch {
      throw .gzip(error)
    }
    tar = TarReader(limits: limits.tar)
  }

  package func feed(_ bytes: [UInt8]) throws(PackageArchiveError) { try feed(bytes.span) }

  /// Checks the next bytes. After an error every call repeats it.
  package func feed(_ bytes: Span<UInt8>) throws(PackageArchiveError) {
    if let failure { throw failure }
    do throws(PackageArchiveError) {
      try inflater.feed(bytes, mapping: PackageArchiveError.gzip) {
        run throws(PackageArchiveError) in
        try tar.feed(run, mapping: PackageArchiveError.tar) { event throws(PackageArchiveError) in
          try take(event, run)
        }
      }
    } catch {
      failure = error
      throw error
    }
  }

  /// No more bytes will come: the verdict.
  package func finish() throws(PackageArchiveError) -> PackageArchive {
    if let failure { throw failure }
    do throws(GzipError) { try inflater.finish() } catch { throw keep(.gzip(error)) }
    do throws(TarError) { try tar.finish() } catch { throw keep(.tar(error)) }
    archive.entryCount = tar.entryCount
    archive.contentBytes = tar.contentBytes
    archive.packedBytes = inflater.inputBytes
    return archive
  }

  private func keep(_ error: PackageArchiveError) -> PackageArchiveError {
    failure = error
    return error
  }

  private func take(_ event: TarEvent, _ run: Span<UInt8>) throws(PackageArchiveError) {
    switch event {
    case .entry(let entry): try begin(entry)
    case .content(let range): kept?.content.append(contentsOf: run.extracting(range))
    case .entryEnded:
      if let kept { archive.files[kept.path] = kept.content }
      kept = nil
    case .archiveEnded: break
    }
  }

  private func begin(_ entry: TarEntry) throws(PackageArchiveError) {
    let path = entry.normalizedPath
    list(path)
    let hazards = entry.hazards
    if !hazards.isEmpty {
      archive.hazards.formUnion(hazards)
      if archive.hazardousPath == nil { archive.hazardousPath = entry.path }
    }
    guard keeping.contains(path), !hazards.contains(.absolutePath) else { return }
    // Whatever stood there before is replaced, as extraction would.
    archive.files[path] = nil
    guard entry.kind == .file else { return }
    guard entry.size <= UInt64(max(0, limits.keptBytesMax)) else {
      throw .keptFileTooLarge(path: path, limit: limits.keptBytesMax)
    }
    kept = (path, [])
  }

  private func list(_ path: String) {
    guard archive.hasAllPaths, !path.isEmpty else { return }
    pathListBytes += path.utf8.count + MemoryLayout<String>.size
    if pathListBytes <= limits.pathListBytesMax {
      archive.paths.append(path)
    } else {
      archive.hasAllPaths = false
    }
  }
}
