import EmulatorKernel
import PayloadCodecs
import Synchronization

/// A program as instances have it: what it weighs and which topics it writes is found once.
struct CompiledProgram: Sendable {
  let program: Shared<Program>
  /// The topics that some action writes by their names, sorted; nil: none.
  let namedTopics: [String]?

  init(_ program: Program) {
    self.program = Shared(program)
    let topics = program.namedTopics
    namedTopics = topics.isEmpty ? nil : topics.sorted()
  }

  /// Of an instance whose own code runs.
  static let none = CompiledProgram(Program())
}

/// The programs that packages stand for by themselves, of those started last: a sequence is started again
/// and again, and what its package says does not change.
enum CompiledPrograms {
  private struct Entry: Sendable {
    let package: Shared<SequencePackage>
    let program: CompiledProgram
  }

  private static let countMax = 16
  /// Of a package and its program; larger ones are compiled at each start.
  private static let bytesMax = 16 << 10
  private static let entries = Mutex<[Entry]>([])

  static func program(of package: Shared<SequencePackage>) -> CompiledProgram? {
    entries.withLock { entries in
      for entry in entries where entry.package.isSame(as: package) { return entry.program }
      return nil
    }
  }

  static func keep(_ program: CompiledProgram, of package: Shared<SequencePackage>) {
    guard package.heapBytes + program.program.value.heapBytes <= bytesMax else { return }
    entries.withLock { entries in
      if entries.count == countMax { entries.removeFirst() }
      entries.append(Entry(package: package, program: program))
    }
  }
}
