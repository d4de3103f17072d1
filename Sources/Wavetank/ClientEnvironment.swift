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

  public enum Shell: String, Sendable, CaseIterable { case sh, fish, powershell, json }

  /// Lines that the shell can evaluate.
  public func text(for shell: Shell) -> String {
    switch shell {
    case .sh: lines { "export \($0)='\($1)'" }
    case .fish: lines { "set -gx \($0) '\($1)'" }
    case .powershell: lines { "$env:\($0) = '\($1)'" }
    case .json:
      "{\n" + variables.map { "  \"\($0.name)\": \"\($0.value)\"" }.joined(separator: ",\n")
        + "\n}\n"
    }
  }

  private func lines(_ line: (String, String) -> String) -> String {
    variables.map { line($0.name, $0.value) + "\n" }.joined()
  }
}
