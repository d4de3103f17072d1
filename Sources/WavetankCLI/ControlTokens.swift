import HTTPTransport

/// Where the control token comes from: the flag, a file, the environment; the first that is given.
enum ControlTokens {
  /// The variable that both sides read. An empty one counts as absent.
  private static var fromEnvironment: String? { Terminal.environment("WAVETANK_CONTROL_TOKEN") }

  /// What the server asks for; nil: it answers this machine only.
  static func ofServer(_ arguments: CommandLineArguments) throws(UsageError) -> String? {
    guard let path = arguments.value("--control-token-file") else {
      return try token("--control-token", arguments)
    }
    guard !arguments.has("--control-token") else {
      throw UsageError("Give the token by --control-token or by --control-token-file, not both.")
    }
    let content: [UInt8]
    do {
      content = try FileContent.read(path, bytesMax: fileBytesMax)
    } catch {
      throw UsageError("--control-token-file: \(error).")
    }
    let lines = content.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }
    guard let first = lines.first, lines.dropFirst().allSatisfy(\.isEmpty) else {
      throw UsageError("--control-token-file: \(path) must hold the token in one line.")
    }
    return try checked(String(decoding: first, as: UTF8.self), "--control-token-file: \(path)")
  }

  /// The token and its line's end; more than that is another file, or one without end.
  private static let fileBytesMax = 4096

  /// What a command shows to a server.
  static func ofClient(_ arguments: CommandLineArguments) throws(UsageError) -> String? {
    try token("--token", arguments)
  }

  /// What a flag or the variable says. What stands in the command line is hidden from other users.
  private static func token(
    _ flag: String, _ arguments: CommandLineArguments
  ) throws(UsageError) -> String? {
    if let given = arguments.value(flag) {
      ProcessArguments.hide(given)
      return try checked(given, flag)
    }
    return try fromEnvironment.map { token throws(UsageError) in
      try checked(token, "WAVETANK_CONTROL_TOKEN")
    }
  }

  /// What a field value can carry: anything else could never be shown. An empty token would let
  /// nobody in, or everybody.
  private static func checked(_ token: String, _ origin: String) throws(UsageError) -> String {
    guard (1...1024).contains(token.utf8.count), token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      throw UsageError("\(origin): a token is 1 to 1024 letters, digits and signs, without spaces.")
    }
    return token
  }
}
