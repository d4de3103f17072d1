import EmulatorKernel
import HTTPTransport
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

extension Emulator {
  /// Whether a host is one of an emulated API: its vendor's, one that the configuration gives to it, or
  /// this machine's own.
  package static func serves(host: String, _ configuration: Configuration) -> Bool {
    if isLocal(host: host) { return true }
    let name = Array(host.asciiLowercased.utf8)[...]
    return hostPatterns(configuration).contains { $0.matches(name) }
  }

  /// Names and addresses of this machine: an emulator, or a service of one's own.
  package static func isLocal(host: String) -> Bool {
    let name = host.asciiLowercased
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    return NumericAddress(host: name)?.isOfThisMachine ?? false
  }

  private static func hostPatterns(_ configuration: Configuration) -> [HostPattern] {
    let names = services(configuration).flatMap(\.hostNames)
    return (names + configuration.intercepted.map(\.pattern)).map { HostPattern($0) }
  }
}
