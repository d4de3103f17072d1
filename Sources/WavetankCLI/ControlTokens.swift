import HTTPTransport

/// Where the control token comes from: the flag, a file, the environment; the first that is given.
enum ControlTokens {
  /// The variable that both sides read. An empty one counts as absent.
  private static var fromEnvironment: String? { Terminal.environment("WAVETANK_CONTROL_TOKEN") }

  /// What the server asks for; nil: it answers this machine only.
  static func ofServer(_ arguments: CommandLineArguments) throws(UsageError) -> String? {
    let flag = arguments.value("--control-token")
    if let flag { ProcessArguments.hide(flag) }
    guard let path = arguments.value("--control-token-file") else {
      return try (flag ?? fromEnvironment).map { token throws(UsageError) in
        try checked(token, flag == nil ? "WAVETANK_CONTROL_TOKEN" : "--control-token")
      }
    }
    guard flag == nil else {
      throw UsageError("Give the token by --control-token or by --control-token-file, not both.")
    }
    let content: [UInt8]
    do {
      content = try FileContent.read(path)
    } catch {
      throw UsageError("--control-token-file: \(error).")
    }
    let lines = content.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }
    guard let first = lines.first, lines.dropFirst().allSatisfy(\.isEmpty) else {
      throw UsageError("--control-token-file: \(path) must hold the token in one line.")
    }
    return try checked(String(decoding: first, as: UTF8.self), "--control-token-file: \(path)")
  }

  /// What a command shows to a server.
  static func ofClient(_ arguments: CommandLineArguments) throws(UsageError) -> String? {
    let flag = arguments.value("--token")
    if let flag { ProcessArguments.hide(flag) }
    return try (flag ?? fromEnvironment).map { token throws(UsageError) in
      try checked(token, flag == nil ? "WAVETANK_CONTROL_TOKEN" : "--token")
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
