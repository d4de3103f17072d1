import CLinux
import Glibc
import HTTPModel

/// What this process uses of the machine, as the kernel counts it.
package enum ProcessMemory {
  /// How many descriptors this process may have, raised as far as it goes.
  package static var descriptorLimit: Int { SystemCalls.raiseDescriptorLimit() }

  /// How far it goes, without raising anything.
  package static var descriptorsMax: Int {
    SystemCalls.descriptorLimits().map { Int(clamping: $0.rlim_max) } ?? 1024
  }

  /// Unmaps the pages of code and constants that are resident: most of them only the start has
  /// needed. They are clean and stay in the page cache; one that is needed again costs a minor fault.
  package static func forgetCode() {
    for range in unwrittenMappings(in: contents(of: "/proc/self/smaps")) {
      // SAFETY: the kernel has just named these stretches as mapped from a file, without leave to
      // write and without a page of their own, so what is there again after this is the same.
      unsafe _ = madvise(
        UnsafeMutableRawPointer(bitPattern: range.lowerBound), Int(range.count), MADV_DONTNEED)
    }
  }

  /// Mappings of files that cannot be written and in which nothing was changed, by address.
  ///
  /// - Source: proc_pid_smaps(5).
  static func unwrittenMappings(in text: [UInt8]) -> [Range<UInt>] {
    var found: [Range<UInt>] = []
    var candidate: Range<UInt>?
    var start = 0
    while start < text.count {
      let end = text.span.firstIndex(of: UInt8(ascii: "\n"), from: start, to: text.count)
      let line = text[start..<end]
      start = end + 1
      // Two lines of twenty-five tell something: an address, in lower case, and "Anonymous:".
      guard let first = line.first, !(UInt8(ascii: "B")...UInt8(ascii: "Z")).contains(first)
      else { continue }
      let words = line.split(separator: UInt8(ascii: " "))
      guard let name = words.first else { continue }
      if name.elementsEqual("Anonymous:".utf8) {
        if let range = candidate, words.count > 1, words[1].elementsEqual("0".utf8) {
          found.append(range)
        }
        candidate = nil
      } else if words.count >= 6, first != UInt8(ascii: "A") {
        let isCode = words[1].elementsEqual("r-xp".utf8) || words[1].elementsEqual("r--p".utf8)
        let isFile = words[5].first == UInt8(ascii: "/")
        candidate = isCode && isFile ? addresses(name) : nil
      }
    }
    return found
  }

  /// `5610e000-5611f000`
  private static func addresses(_ word: ArraySlice<UInt8>) -> Range<UInt>? {
    let ends = word.split(separator: UInt8(ascii: "-"))
      .compactMap { UInt(String(decoding: $0, as: UTF8.self), radix: 16) }
    return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
  }

  static func text(of path: String) -> String {
    String(decoding: contents(of: path), as: UTF8.self)
  }

  static func contents(of path: String) -> [UInt8] {
    // SAFETY: the string lives through the call.
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return [] }
    defer { _ = close(fd) }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4 * 1024)
    while all.count < 1 << 20 {
      // SAFETY: at most the buffer's size is written.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(fd, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      all += buffer[..<count]
    }
    return all
  }
}
