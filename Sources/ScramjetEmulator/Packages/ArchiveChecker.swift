import EmulatorKernel
import PayloadCodecs
import Synchronization

/// The check of one archive, and the MD5 of its bytes.
///
/// **Isolation**: behind a mutex, since pieces may be fed from a Dispatch queue; they come one after
/// the other all the same.
final class ArchiveChecker: Sendable {
  private struct State: ~Copyable {
    var reader: PackageArchiveReader?
    var digest = MD5()
    var hasFailed = false
  }

  private let state: Mutex<State>

  /// What the hub says to bytes that are no tar.gz, and to none at all.
  static let notAnArchive: JSON = [
    "code": "PRERUNNER_ERROR", "data": "Invalid pkg tar.gz archive",
  ]

  init() {
    // Sources and models never shrink to a 250th; what does beyond 64 MiB is a bomb.
    var limits = PackageArchiveLimits()
    limits.gzip.ratioFreeBytes = 64 << 20
    let reader = try? PackageArchiveReader(
      keeping: ["package.json", "emulator.json"], limits: limits)
    state = Mutex(State(reader: reader, hasFailed: reader == nil))
  }

  var hasFailed: Bool { state.withLock { $0.hasFailed } }

  func feed(_ bytes: [UInt8]) {
    state.withLock { state in
      guard !state.hasFailed, let reader = state.reader else { return }
      state.digest.update(bytes.span)
      do throws(PackageArchiveError) { try reader.feed(bytes) } catch { state.hasFailed = true }
    }
  }

  func archive(byteCount: Int) throws(UploadError) -> KnownArchives.Archive {
    let (package, tag) = try verdict(byteCount: byteCount)
    return KnownArchives.Archive(package: Shared(package), tag: tag)
  }

  /// - Errors: `.refused` with the hub's own words.
  func verdict(
    byteCount: Int
  ) throws(UploadError) -> (package: SequencePackage, tag: String) {
    let (archive, tag) = state.withLock { state -> (PackageArchive?, String) in
      guard !state.hasFailed, let reader = state.reader else { return (nil, "") }
      do throws(PackageArchiveError) {
        return (try reader.finish(), state.digest.finalize().hexadecimal)
      } catch { return (nil, "") }
    }
    // What would be written outside of the package's own directory is refused whole: a hub that
    // unpacks such an archive fails or is broken into; which of both is not worth imitating. Links
    // that point out of it are taken, as a hub takes them; nothing here ever follows one.
    guard let archive, archive.hazards.subtracting(.escapingLink).isEmpty else {
      throw .refused(Self.notAnArchive)
    }
    guard let manifest = archive.files["package.json"] else {
      throw .refused([
        "errno": -2, "code": "ENOENT", "syscall": "open", "path": "/package/package.json",
      ])
    }
    do throws(SequencePackage.Refusal) {
      var package = try SequencePackage(manifest: manifest, byteCount: byteCount) { path in
        !archive.hasAllPaths || archive.paths.contains(where: path.isExactly)
      }
      if package.emulator == nil, let file = archive.files["emulator.json"] {
        package.emulator = try? JSON(parsing: file)
      }
      return (package, tag)
    } catch { throw .refused(error.error) }
  }
}
