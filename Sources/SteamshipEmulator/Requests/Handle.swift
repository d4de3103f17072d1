import EmulatorKernel

/// Handles: the names that users give to things.
enum Handle {
  static let bytesMax = 255
  /// In a path, where three characters may stand for one.
  static let encodedBytesMax = 3 * bytesMax

  /// Permissive: whatever can stand in one segment of a path.
  /// Fidelity: assumed; the SDK's tests use letters, digits, `_`, `-` and `.` (contract §3.4).
  static func check(_ handle: String) throws(SteamshipError) {
    guard handle.utf8.count <= bytesMax else {
      throw .invalid("A handle must not be longer than \(bytesMax) bytes.")
    }
    let isUsable = handle.unicodeScalars.allSatisfy {
      $0.value > 0x20 && $0.value != 0x7F && $0 != "/"
    }
    guard isUsable, handle != ".", handle != ".." else {
      throw .invalid(
        "\"\(handle.shortened)\" cannot be a handle.",
        suggestion: "Use letters, digits, \"-\", \"_\" and \".\".")
    }
  }

  /// A handle for something that got none: usable in a path and never used twice.
  static func mint(_ kind: String, _ step: inout Step) -> String {
    "\(kind)-"
      + step.ids.token(
        "steamship.handle.\(kind)", count: 10, alphabet: "abcdefghijklmnopqrstuvwxyz0123456789")
  }
}
