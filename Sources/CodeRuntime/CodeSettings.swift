/// How code is run: what the flags of `serve` say.
package struct CodeSettings: Sendable, Equatable {
  /// What code may reach over the network.
  package enum Network: String, Sendable, CaseIterable {
    /// Nothing.
    case none
    /// This server alone, at its own address. Needs a kernel that gives out namespaces.
    case wavetank
    /// All that the machine reaches.
    case all
  }

  /// The interpreter; a name is searched in `PATH`.
  package var python = "python3"
  package var node = "node"
  /// Where code is unpacked and environments are kept; nil: a folder for temporary files, removed at
  /// the end.
  package var folder: String?
  /// What one process may take for its data. 512 MiB: the vendor's deployments have 128 MiB to 10 GiB.
  package var memoryBytes = 512 << 20
  /// How long one request may work. 15 minutes: the limit of the vendor's own host.
  package var timeout = Duration.seconds(900)
  /// How many processes there may be, idle ones with them.
  package var workersMax = 24
  package var network = Network.wavetank
  /// Whether `requirements.txt` is installed.
  package var installsRequirements = true
  /// Another index of packages.
  package var packageIndex: String?

  package init() {}
}
