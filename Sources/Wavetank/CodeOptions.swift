import CodeRuntime
import EmulatorKernel

/// How the user's own code is run, where it is; each with its default.
public struct CodeOptions: Sendable {
  /// The interpreters; names are searched in `PATH`.
  public var python = "python3"
  public var node = "node"
  /// Where code is unpacked and environments of Python are kept; nil: a folder of its own that goes
  /// with the server.
  public var directory: String?
  /// What one process may take for its data; nil: 512 MiB.
  public var memoryBytes: Int?
  /// How long one request may work; nil: 15 minutes.
  public var timeout: Duration?
  /// How many processes there may be, idle ones with them; nil: 24.
  public var workersMax: Int?
  /// Whether `requirements.txt` is installed.
  public var installsRequirements = true
  /// Another index of packages; nil: what pip is configured with.
  public var packageIndex: String?
  var network = CodeSettings.Network.wavetank

  public init() {}

  /// Why a program cannot be started; nil: it can.
  public static func lack(ofProgram name: String) -> String? {
    do throws(CodeError) { _ = try ProgramSearch.find(name) } catch { return error.description }
    return nil
  }

  /// What code may reach: `none`, `wavetank` (this server alone) or `all`. False for anything else.
  public mutating func setNetwork(_ name: String) -> Bool {
    guard let known = CodeSettings.Network(rawValue: name) else { return false }
    network = known
    return true
  }

  var settings: CodeSettings {
    var settings = CodeSettings()
    settings.python = python
    settings.node = node
    settings.folder = directory
    if let memoryBytes { settings.memoryBytes = memoryBytes }
    if let timeout { settings.timeout = timeout }
    if let workersMax { settings.workersMax = workersMax }
    settings.network = network
    settings.installsRequirements = installsRequirements
    settings.packageIndex = packageIndex
    return settings
  }
}
