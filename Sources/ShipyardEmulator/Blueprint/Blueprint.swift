package import EmulatorKernel
package import PayloadCodecs

/// A template for vessels, with inputs.
/// Source: the former API reference, "Create Blueprint"; shipyard.readme.io, `create-blueprint`.
package struct Blueprint: Sendable, Codable {
  /// "Pallet" is the internal word for code.
  package enum PalletType: Int, Sendable, Codable, CaseIterable {
    case python = 2
    case bash = 3
    case node = 7

    package var program: String {
      switch self {
      case .python: "python3"
      case .bash: "bash"
      case .node: "node"
      }
    }
  }

  package struct Input: Sendable, Codable {
    package enum InputType: Int, Sendable, Codable, CaseIterable {
      case string = 1
      case integer, float, boolean, date, select, password, externalFile
    }
    package var id: ResourceID
    package var name: String
    package var type: InputType
    /// The entry as it was written, without the id.
    package var members: JSONObject
  }

  package let id: ResourceID
  package let organizationID: ResourceID
  package let createdAt: VirtualInstant
  package var updatedAt: VirtualInstant
  package var name: String
  package var palletType: PalletType
  package var inputs: [Input] = []
  /// Everything else as it was written: `synopsis`, `state`, `pallet_config`, ….
  package var members = JSONObject()
}

/// A file that was uploaded for a blueprint.
package struct ExternalFile: Sendable, Codable {
  package let requestID: ResourceID
  package let organizationID: ResourceID
  package let url: String
  package let fileName: String?
  package let content: BlobID
}
