import PayloadCodecs

/// Why a request of a Steamship client fails, in the client's own four words: message, suggestion,
/// code, and the HTTP status that goes with them.
///
/// Source: SDK `base/error.py`; contract §1.5.
/// Fidelity: assumed, but for the texts that clients look for (each marked below).
struct SteamshipError: Error, Sendable, Equatable {
  var status: Int
  /// `statusCode`: one word for programs.
  var code: String
  var message: String
  var suggestion: String?

  init(_ status: Int, _ code: String, _ message: String, suggestion: String? = nil) {
    self.status = status
    self.code = code
    self.message = message
    self.suggestion = suggestion
  }

  static func invalid(_ message: String, suggestion: String? = nil) -> Self {
    Self(400, "InvalidInput", message, suggestion: suggestion)
  }

  static func missingUpload(_ what: String) -> Self {
    .invalid(
      "The \(what) is missing.",
      suggestion: "Send multipart/form-data with a part named \"file\".")
  }

  static func unknown(_ what: String, _ name: String, suggestion: String? = nil) -> Self {
    Self(
      404, "NotFound",
      String(pieces: "The ", what, " \"", name.shortened, "\" was not found."),
      suggestion: suggestion)
  }

  static let missingKey = Self(
    401, "AuthenticationFailed", "No API key was sent with the request.",
    suggestion: "Send it as `Authorization: Bearer <key>`, or set STEAMSHIP_API_KEY.")

  static func refusedKey(_ status: Int) -> Self {
    status == 403
      ? Self(403, "NotAuthorized", "This API key is not allowed to do that.")
      : Self(status, "AuthenticationFailed", "The API key is unknown or no longer valid.")
  }

  /// The substring that the SDK's CLI looks for.
  static func exists(_ what: String, _ handle: String, suggestion: String? = nil) -> Self {
    Self(
      409, "AlreadyExists",
      String(
        pieces: "The object you are trying to create already exists. A ", what,
        " with the handle \"", handle.shortened, "\" is there."),
      suggestion: suggestion ?? "Choose another handle, or set `fetchIfExists`.")
  }

  /// The exact text that the SDK's CLI looks for when a handle belongs to somebody else.
  static let handleOfOther = Self(
    409, "AlreadyExists", "Something went wrong.",
    suggestion: "The handle belongs to another user: choose another.")

  /// The prefix that the SDK's CLI looks for.
  static func configuration(_ details: String, of kind: String) -> Self {
    Self(
      400, "InvalidConfiguration",
      "Configuration for this \(kind) is invalid. \(details)",
      suggestion: "Give every parameter of the configuration template a value of its type.")
  }

  /// Source: the Engine's own words, as applications show them.
  static func noVersion(of kind: InvocableKind) -> Self {
    let type = kind == .package ? "Package" : "Plugin"
    return Self(
      404, "NotFound",
      "Unable to find an appropriate \(type)Version of the \(type) you are trying to create an "
        + "instance of.",
      suggestion: "Deploy a version first.")
  }

  /// What the code of a package or plugin says when it cannot be started.
  static func noMainFile(_ why: String) -> Self {
    Self(
      400, "InvalidInput",
      "There was an error loading the main file (it must be named api.py)", suggestion: why)
  }

  /// The substring that the SDK's tests look for.
  static let dependencyFailedAlready = Self(
    400, "DependencyFailed", "At least one dependent already failed, so this task cannot run.")

  static let noRoom = Self(
    507, "StorageFull", "There is no room left for stored content.",
    suggestion: "Delete files or workspaces, or give the server more room.")
}

extension String {
  /// At most 100 characters, for quoting a client's text in a message.
  var shortened: String { utf8.count > 200 ? String(prefix(100)) + "…" : self }
}
