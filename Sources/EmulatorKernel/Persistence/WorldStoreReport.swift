import PayloadCodecs

extension WorldStore {
  /// What the user should read in the log.
  package enum Report: Sendable, Equatable {
    case restored(tenant: String)
    /// Tenants that wait for their first use.
    case sleeping(count: Int)
    case setAside(tenant: String, file: String, reason: String)
    /// The log of its changes cannot be read.
    case changesSetAside(tenant: String, file: String, reason: String)
    /// The same from some place on.
    case changesCutOff(tenant: String, file: String, reason: String)
    /// Somebody else put another file in the place of a tenant's while the server ran.
    case foreign(tenant: String, file: String)
    /// Its file stays as it is, and the tenant is not saved.
    case notReadable(tenant: String, reason: String)
    /// A file that looks like one of ours, of no tenant's name.
    case ignored(file: String)
    case notSaved(tenant: String, reason: String)
    /// After a failure it works again.
    case savedAgain(tenant: String)
    /// The server ends and a tenant could not be saved.
    case lost(tenant: String, reason: String)

    package var text: String {
      switch self {
      case .restored(let tenant): "tenant \(tenant): restored"
      case .sleeping(let count):
        "\(count) more saved tenant\(count == 1 ? "" : "s"): each is restored when it is first used"
      case .setAside(let tenant, let file, let reason):
        "tenant \(tenant): \(reason) Its file is kept as \(file); the tenant starts anew."
      case .changesSetAside(let tenant, let file, let reason):
        "tenant \(tenant): changes that were saved beside its file are not in force: \(reason) They are kept as \(file)."
      case .changesCutOff(let tenant, let file, let reason):
        "tenant \(tenant): of the changes that were saved beside its file, those behind a damage are not in force: \(reason) All of them are kept as \(file)."
      case .foreign(let tenant, let file):
        "tenant \(tenant): its file was changed by somebody else. That one is kept as \(file); the world in memory is saved."
      case .notReadable(let tenant, let reason):
        "tenant \(tenant): cannot be restored: \(reason). Its file stays as it is: the tenant starts anew and is not saved."
      case .ignored(let file):
        "\(file): no tenant has such a name ([a-z0-9][a-z0-9-]{0,62}); the file is left alone."
      case .notSaved(let tenant, let reason):
        "tenant \(tenant): not saved: \(reason). Going on; the next interval tries again."
      case .savedAgain(let tenant): "tenant \(tenant): saved again"
      case .lost(let tenant, let reason):
        "tenant \(tenant): not saved at the end: \(reason). What has happened since its last save is lost."
      }
    }

    package var isProblem: Bool {
      switch self {
      case .restored, .sleeping, .ignored, .savedAgain: false
      case .setAside, .changesSetAside, .changesCutOff, .foreign, .notReadable, .notSaved, .lost:
        true
      }
    }
  }
}
