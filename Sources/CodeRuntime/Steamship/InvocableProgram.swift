/// The code of one version of a package or plugin, unpacked and ready.
package struct InvocableProgram: Sendable, Hashable {
  /// Where it lies: `api.py` at the top.
  let folder: String
  /// The interpreter, of an environment with its requirements if it has some.
  let python: String
  /// Whether it brings an SDK of its own: then nothing that has imported another can run it.
  let bringsSDK: Bool
  /// Whether it asks for packages that this server does not install (`--no-pip`).
  package let lacksRequirements: Bool
}
