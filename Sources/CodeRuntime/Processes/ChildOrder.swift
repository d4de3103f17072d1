import CProcess

/// What is to be started, and within which bounds.
struct ChildOrder: Sendable {
  var program: String
  var arguments: [String]
  var environment: [String]
  var folder: String
  /// They become 0, 1, 2 and so on.
  var descriptors: [ChildEnd]
  var limits: ChildLimits
  var isolation: Isolation
  /// The port of the server, in a network of the child's own; 0: nothing is reached there.
  var port: UInt16 = 0
  /// Who it is where the server is root.
  var user = ChildIdentity.user
  /// How many users it may become, where it is the first of a namespace of its own; 0: none.
  var userCount: UInt32 = 0
  var shown: [ShownPlaces.Step] = []
}

/// Bounds of the kernel; 0: none of ours.
struct ChildLimits: Sendable, Equatable {
  var dataBytes = 0
  /// For one file. 1 GiB.
  var fileBytes = 1 << 30
  var processes = 256
  var openFiles = 1024
}

/// What of the machine a child shares.
struct Isolation: OptionSet, Sendable, Hashable {
  let rawValue: Int32
  static let processes = Isolation(rawValue: Int32(WAVETANK_OWN_PROCESSES))
  static let network = Isolation(rawValue: Int32(WAVETANK_OWN_NETWORK))
  static let users = Isolation(rawValue: Int32(WAVETANK_OWN_USERS))
}
