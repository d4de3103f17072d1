import EmulatorKernel
import PayloadCodecs
import ScramjetEmulator
import ShipyardEmulator
import SteamshipEmulator

extension Emulator {
  /// The emulated APIs: a further one is a line here, and a target in the manifest.
  static func services(
    _ configuration: Configuration, _ own: OwnPlaces = OwnPlaces(), code: RunningCode? = nil
  ) -> [any EmulatedService] {
    let outside = OutboundCalls(own: own, configuration)
    return [
      SteamshipService(
        outbound: { await outside.send($0) }, allowance: configuration.outbound,
        code: code.map { CodeFace($0.host, $0.address) }),
      ScramjetService(code: code?.sequences),
      ShipyardService(),
    ] + configuration.furtherServices
  }

  /// The names of the emulated APIs, as operations and scenarios have them.
  public static let serviceNames = services(Configuration()).map(\.name)

  /// The vendors' published packages for Python, and the versions that this one was tried with.
  public static var clientPackages: [(name: String, version: String)] {
    services(Configuration()).flatMap(\.clientPackages)
  }

  /// The names of all operations, sorted.
  public static var operationNames: [String] {
    TextSet(services(Configuration()).flatMap { $0.operations.map(\.name) }).sorted()
  }
}
