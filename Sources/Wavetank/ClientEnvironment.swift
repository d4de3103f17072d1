import EmulatorKernel
import PayloadCodecs

/// The variables that point the published clients at a running emulator.
public struct ClientEnvironment: Sendable {
  /// In the order in which they are shown.
  public let variables: [(name: String, value: String)]

  /// - Parameters:
  ///   - baseURL: scheme, host and port, without a slash at the end.
  ///   - tenant: nil for the default tenant.
  ///   - configuration: of the emulator, which says whose clients there are.
  public init(
    baseURL: String, tenant: String? = nil, configuration: Configuration = Configuration()
  ) {
    let base = baseURL + (tenant.map { "/_t/\($0)" } ?? "")
    let key = "wt-\(tenant ?? Tenant.defaultName)"
    variables =
      [("WAVETANK_URL", base)]
      + Emulator.services(configuration).flatMap { $0.clientVariables(baseURL: base, key: key) }
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
