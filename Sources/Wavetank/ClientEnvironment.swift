import EmulatorKernel
import PayloadCodecs

/// The variables that point the published clients at a running emulator.
public struct ClientEnvironment: Sendable {
  /// In the order in which they are shown.
  public let variables: [(name: String, value: String)]

  /// - Parameters:
  ///   - baseURL: scheme, host and port, without a slash at the end.
  ///   - tenant: nil for the default tenant.
  ///   - ports: those that services have for themselves: their clients go there.
  ///   - configuration: of the emulator, which says whose clients there are.
  public init(
    baseURL: String, tenant: String? = nil, ports: [(service: String, port: UInt16)] = [],
    configuration: Configuration = Configuration()
  ) {
    let prefix = tenant.map { "/_t/\($0)" } ?? ""
    let key = "wt-\(tenant ?? Tenant.defaultName)"
    variables =
      [("WAVETANK_URL", baseURL + prefix)]
      + Emulator.services(configuration).flatMap { service in
        let own = ports.first { $0.service == service.name }
        let base = own.map { Self.url(baseURL, port: $0.port) } ?? baseURL
        return service.clientVariables(baseURL: base + prefix, key: key)
      }
  }

  /// Of the default tenant.
  public init(_ emulator: Emulator) {
    self.init(baseURL: emulator.baseURL, ports: emulator.servicePorts)
  }

  /// The same place on another port.
  static func url(_ url: String, port: UInt16) -> String {
    let bytes = Array(url.utf8)
    guard let mark = bytes.firstRange(of: "://".utf8) else { return url }
    let authority = bytes[mark.upperBound...].prefix { $0 != UInt8(ascii: "/") }
    var host = authority
    // Of an address in brackets the colons are its own.
    if let colon = authority.lastIndex(of: UInt8(ascii: ":")),
      !authority[colon...].contains(UInt8(ascii: "]"))
    {
      host = authority[..<colon]
    }
    return String(decoding: bytes[..<mark.upperBound] + host, as: UTF8.self) + ":\(port)"
      + String(decoding: bytes[authority.endIndex...], as: UTF8.self)
  }

  /// Whether a text may name a tenant.
  public static func isTenantName(_ text: String) -> Bool { Tenant.isName(text) }

  public enum Shell: String, Sendable, CaseIterable {
    case sh, fish, powershell, json

    /// A text as one word that the shell takes as it stands: a URL or a path may have quotes in it.
    public func quoted(_ text: String) -> String {
      if self == .json { return String(decoding: JSON.string(text).serialized(), as: UTF8.self) }
      let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x27 && $0 != 0x5C }
      return isPlain ? "'\(text)'" : "'\(escaped(text))'"
    }

    /// What stands between single quotes. By scalars: a quote with an accent is a quote to the shell.
    private func escaped(_ text: String) -> String {
      var escaped = ""
      for scalar in text.unicodeScalars {
        switch (self, scalar) {
        case (.sh, "'"): escaped += #"'\''"#
        case (.fish, "'"), (.fish, "\\"): escaped += "\\\(scalar)"
        // It ends its texts with typographic quotes, too.
        case (.powershell, "'"), (.powershell, "\u{2018}"..."\u{201B}"):
          escaped += "\(scalar)\(scalar)"
        default: escaped.unicodeScalars.append(scalar)
        }
      }
      return escaped
    }
  }

  /// Lines that the shell can evaluate.
  public func text(for shell: Shell) -> String {
    switch shell {
    case .sh: lines { "export \($0)=\(shell.quoted($1))\n" }.joined()
    case .fish: lines { "set -gx \($0) \(shell.quoted($1))\n" }.joined()
    case .powershell: lines { "$env:\($0) = \(shell.quoted($1))\n" }.joined()
    case .json:
      "{\n" + lines { "  \"\($0)\": \(shell.quoted($1))" }.joined(separator: ",\n") + "\n}\n"
    }
  }

  private func lines(_ line: (String, String) -> String) -> [String] {
    variables.map { line($0.name, $0.value) }
  }
}
