import EmulatorKernel
import PayloadCodecs

/// Handles: the names that users give to things.
enum Handle {
  static let bytesMax = 255
  /// In a path, where three characters may stand for one.
  static let encodedBytesMax = 3 * bytesMax

  /// Letters, digits, `-`, `_` and `.`: what stands in a URL as it is, so that whatever has a handle
  /// can be reached by it.
  /// Fidelity: assumed; these are the characters of the SDK's tests (contract §3.4).
  static func check(_ handle: String) throws(SteamshipError) {
    guard handle.utf8.count <= bytesMax else {
      throw .invalid("A handle must not be longer than \(bytesMax) bytes.")
    }
    let isUsable = handle.utf8.allSatisfy { byte in
      byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
        || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
    // A client takes these two for steps of a path.
    guard isUsable, !handle.utf8.elementsEqual(".".utf8), !handle.utf8.elementsEqual("..".utf8)
    else {
      throw .invalid(
        "\"\(handle.shortened)\" cannot be a handle.",
        suggestion: "Use letters, digits, \"-\", \"_\" and \".\".")
    }
  }

  /// A handle for something that got none: usable in a path and never used twice.
  static func mint(_ kind: String, _ step: inout Step) -> String {
    let token = step.ids.token(
      String(pieces: "steamship.handle.", kind), count: 10,
      alphabet: "abcdefghijklmnopqrstuvwxyz0123456789")
    return String(pieces: kind, "-", token)
  }
}
