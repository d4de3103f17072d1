import Glibc
import HTTPModel

/// How much memory this process may take, as the machine and its surroundings say.
package struct MemoryLimits: Sendable, Equatable {
  /// Of the whole machine.
  package var physical: UInt64?
  /// The tightest of all groups that this process is in: a container, a unit, a pod.
  package var group: UInt64?
  /// RLIMIT_AS (`ulimit -v`) counts what is mapped, used or not; RLIMIT_DATA what may be written.
  package var addressSpace: UInt64?
  package var data: UInt64?
  /// What is mapped now.
  package var mapped: UInt64 = 0

  package init() {}

  package static func now() -> MemoryLimits {
    MemoryLimits(
      addressSpace: SystemCalls.memoryLimit(.addressSpace), data: SystemCalls.memoryLimit(.data),
      reading: { ProcessMemory.contents(of: $0) })
  }

  /// By bytes, and no file that says nothing: they are read before the first answer.
  /// - Parameter read: a file's bytes; empty where there is none.
  init(addressSpace: UInt64? = nil, data: UInt64? = nil, reading read: (String) -> [UInt8]) {
    (self.addressSpace, self.data) = (addressSpace, data)
    physical = Self.kibibytes("MemTotal:", in: read("/proc/meminfo"))
    if addressSpace != nil {
      mapped = Self.kibibytes("VmSize:", in: read("/proc/self/status")) ?? 0
    }
    let files = Self.limitFiles(
      groups: read("/proc/self/cgroup"), mounts: read("/proc/self/mountinfo"))
    // Version 1 writes a number near the largest there is for "none".
    group = files.compactMap { Self.number(in: read($0)[...]) }.filter { $0 < 1 << 60 }.min()
  }

  /// `MemTotal:       24090448 kB` in bytes.
  private static func kibibytes(_ name: StaticString, in text: [UInt8]) -> UInt64? {
    var value: UInt64?
    forEachLine(of: text) { line in
      guard value == nil, line.begins(with: name) else { return }
      let rest = line.dropFirst(name.utf8CodeUnitCount).drop { $0 == 0x20 || $0 == 0x09 }
      value = number(in: rest)?.multipliedClamping(by: 1024)
    }
    return value
  }

  /// The number that stands at the beginning; nil: none does, or one too large.
  private static func number(in text: ArraySlice<UInt8>) -> UInt64? {
    UInt64(String(decoding: text.prefix { $0 &- 0x30 < 10 }, as: UTF8.self))
  }

  /// Where the limits of this process's group stand, and those of every group around it that can be
  /// seen from here: any of them may be the tightest.
  ///
  /// - Source: cgroups(7), "/proc/pid/cgroup"; proc_pid_mountinfo(5).
  static func limitFiles(groups: [UInt8], mounts: [UInt8]) -> [String] {
    let mounts = Self.mounts(mounts)
    var found: [String] = []
    forEachLine(of: groups) { line in
      let parts = line.parts(":", maxSplits: 2)
      guard parts.count == 3 else { return }
      let isVersion2 = parts[0].isText("0") && parts[1].isEmpty
      guard isVersion2 || parts[1].parts(",").contains(where: { $0.isText("memory") }) else {
        return
      }
      for mount in mounts where mount.isVersion2 == isVersion2 {
        var path = parts[2].parts("/").filter { !$0.isEmpty }
        let root = mount.root.parts("/").filter { !$0.isEmpty }
        // Within a container the path may be told from outside and the mount from within.
        path = path.starts(with: root) ? Array(path.dropFirst(root.count)) : []
        let file = isVersion2 ? "/memory.max" : "/memory.limit_in_bytes"
        for count in stride(from: path.count, through: 0, by: -1) {
          let directory = path.prefix(count).reduce(into: Array(mount.point)) { $0 += [0x2F] + $1 }
          found.append(String(decoding: directory, as: UTF8.self) + file)
        }
      }
    }
    return found
  }

  private struct Mount {
    var root: ArraySlice<UInt8>
    var point: ArraySlice<UInt8>
    var isVersion2: Bool
  }

  /// The trees of groups that have to do with memory.
  private static func mounts(_ text: [UInt8]) -> [Mount] {
    var found: [Mount] = []
    forEachLine(of: text) { line in
      guard let dash = dash(text, line.indices) else { return }
      let words = line.parts(" ").filter { !$0.isEmpty }
      let kind = line[dash...].parts(" ").filter { !$0.isEmpty }
      guard words.count > 4, kind.count > 1 else { return }
      let isVersion2 = kind[1].isText("cgroup2")
      let isMemory =
        kind[1].isText("cgroup") && kind.last?.parts(",").contains { $0.isText("memory") } == true
      if isVersion2 || isMemory {
        found.append(Mount(root: words[3], point: words[4], isVersion2: isVersion2))
      }
    }
    return found
  }

  /// Where in a line of mountinfo the kind of a tree of groups follows; most lines have another.
  private static func dash(_ text: [UInt8], _ line: Range<Int>) -> Int? {
    var index = line.lowerBound
    while index < line.upperBound {
      index = text.span.firstIndex(of: 0x2D, from: index, to: line.upperBound)
      if text[index..<line.upperBound].begins(with: "- cgroup") { return index }
      index += 1
    }
    return nil
  }

  private static func forEachLine(of text: [UInt8], _ body: (ArraySlice<UInt8>) -> Void) {
    var start = 0
    while start < text.count {
      let end = text.span.firstIndex(of: 0x0A, from: start, to: text.count)
      body(text[start..<end])
      start = end + 1
    }
  }
}

extension MemoryLimits {
  /// Room for what clients bring, of what this process may take in all.
  ///
  /// Half of what is left beside the process itself: the budget counts what is kept and what is on its
  /// way, by weight. The other half is for what no count can know: pieces that the allocator cannot give
  /// back, documents while they are read, the kernel's buffers.
  package func budget(threads: Int, atMost most: UInt64 = 4 << 30) -> UInt64 {
    var bounds: [UInt64] = []
    // Others live on the machine too.
    if let physical { bounds.append(physical / 4 * 3) }
    if let group { bounds.append(group) }
    let stacks = UInt64(threads + Self.otherThreads) * Self.stackBytes
    if let data { bounds.append(data.subtractingClamping(stacks)) }
    if let addressSpace { bounds.append(addressSpace.subtractingClamping(mapped + stacks)) }
    guard let tightest = bounds.min() else { return most }
    let share = tightest.subtractingClamping(Self.processBytes) / 2
    return min(most, max(share, Self.leastBytes))
  }

  /// The program, its threads' heaps, the world of one tenant, with some connections.
  static let processBytes: UInt64 = 32 << 20
  /// Below it nothing would work, and the program would not have started.
  static let leastBytes: UInt64 = 4 << 20
  /// Dispatch's, beside the event loops.
  private static let otherThreads = 8
  /// See `SystemCalls.mapLess`.
  static let stackBytes: UInt64 = 1 << 20

  /// Whether what is mapped counts, used or not: then stacks and heaps must be small. Asked first of all,
  /// so it reads no file.
  package static var countsMappings: Bool {
    SystemCalls.memoryLimit(.addressSpace) != nil || SystemCalls.memoryLimit(.data) != nil
  }
}

extension ArraySlice<UInt8> {
  fileprivate func parts(_ separator: Unicode.Scalar, maxSplits: Int = .max) -> [ArraySlice<UInt8>]
  {
    split(
      separator: UInt8(ascii: separator), maxSplits: maxSplits, omittingEmptySubsequences: false)
  }

  fileprivate func begins(with text: StaticString) -> Bool {
    count >= text.utf8CodeUnitCount && prefix(text.utf8CodeUnitCount).isText(text)
  }

  fileprivate func isText(_ text: StaticString) -> Bool {
    // SAFETY: a static string of ASCII has a start and lives for ever.
    unsafe elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}

extension UInt64 {
  fileprivate func multipliedClamping(by factor: UInt64) -> UInt64 {
    let (product, overflows) = multipliedReportingOverflow(by: factor)
    return overflows ? .max : product
  }

  fileprivate func subtractingClamping(_ other: UInt64) -> UInt64 {
    self > other ? self - other : 0
  }
}
