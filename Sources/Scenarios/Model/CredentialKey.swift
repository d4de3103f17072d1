package import Determinism
package import PayloadCodecs

/// A credential that a scenario names, and what becomes of it.
package struct CredentialKey: Sendable, Codable, Equatable {
  package var key: String
  /// Answer with this status instead of accepting.
  package var status: Int?
  package var user: String?
  /// Such as `["read"]`; absent: all.
  package var rights: TextSet?
  package var expires: VirtualInstant?

  package init(
    key: String, status: Int? = nil, user: String? = nil, rights: TextSet? = nil,
    expires: VirtualInstant? = nil
  ) {
    self.key = key
    self.status = status
    self.user = user
    self.rights = rights
    self.expires = expires
  }
}
