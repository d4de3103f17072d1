import EmulatorKernel
import Synchronization

/// The programs that packages stand for by themselves, of those started last: a sequence is started again
/// and again, and what its package says does not change.
enum CompiledPrograms {
  private struct Entry: Sendable {
    let package: Shared<SequencePackage>
    let program: Program
  }

  private static let countMax = 16
  /// Of a package and its program; larger ones are compiled at each start.
  private static let bytesMax = 16 << 10
  private static let entries = Mutex<[Entry]>([])

  static func program(of package: Shared<SequencePackage>) -> Program? {
    entries.withLock { entries in entries.first { $0.package.isSame(as: package) }?.program }
  }

  static func keep(_ program: Program, of package: Shared<SequencePackage>) {
    guard package.heapBytes + program.heapBytes <= bytesMax else { return }
    entries.withLock { entries in
      if entries.count == countMax { entries.removeFirst() }
      entries.append(Entry(package: package, program: program))
    }
  }
}
