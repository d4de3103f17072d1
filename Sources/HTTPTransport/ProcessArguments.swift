import Glibc

/// The command line of this process as the machine's other users see it (`ps`, `/proc/PID/cmdline`).
package enum ProcessArguments {
  /// Overwrites every argument that is `secret`, or that ends in `=` and the secret: nobody sees it
  /// from now on. Who looked before has seen it: a file or a variable is the better way.
  package static func hide(_ secret: String) {
    let secret = Array(secret.utf8)
    guard !secret.isEmpty, let region = region(in: ProcessMemory.text(of: "/proc/self/stat")),
      let start = unsafe UnsafeMutablePointer<UInt8>(bitPattern: region.lowerBound)
    else { return }
    let whole = unsafe UnsafeMutableBufferPointer(start: start, count: region.count)
    var first = 0
    for end in whole.indices where unsafe whole[end] == 0 {
      let argument = first..<end
      first = end + 1
      guard argument.count >= secret.count else { continue }
      let tail = argument.upperBound - secret.count..<argument.upperBound
      let isWhole = tail == argument
      guard unsafe isWhole || whole[tail.lowerBound - 1] == UInt8(ascii: "=") else { continue }
      // SAFETY: the kernel has just named this stretch as the one that holds the arguments of this
      // process, which are its own to write; all indices lie within it.
      guard tail.indices.allSatisfy({ unsafe whole[$0] == secret[$0 - tail.lowerBound] })
      else { continue }
      for index in tail { unsafe whole[index] = UInt8(ascii: "*") }
    }
  }

  /// Where the arguments lie: fields 48 and 49.
  /// - Source: proc_pid_stat(5), `arg_start` and `arg_end`.
  static func region(in text: String) -> Range<UInt>? {
    // The name of the program, in parentheses, may hold anything, spaces too.
    guard let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[close...].split(whereSeparator: \.isWhitespace)
    // The closing parenthesis ends field 2.
    guard fields.count > 47, let start = UInt(fields[46]), let end = UInt(fields[47]), start > 0,
      start < end
    else { return nil }
    return start..<end
  }
}
