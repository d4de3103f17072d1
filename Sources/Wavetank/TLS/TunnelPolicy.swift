import EmulatorKernel
import HTTPModel
import HTTPTransport
import HTTPWire
import PayloadCodecs

/// For which hosts a tunnel ends here: those of the vendors, those that a flag gives to a service, and
/// this server's own names. To those that a flag names it goes through; all others are refused: nothing
/// is forwarded to anybody else.
struct TunnelPolicy: Sendable {
  private let operations: OperationTable
  private let passed: [PassedHost]

  init(_ operations: OperationTable, passed: [PassedHost]) {
    (self.operations, self.passed) = (operations, passed)
  }

  func answer(_ tunnel: TunnelRequest) -> TunnelAnswer {
    // First: who names a vendor's host wants the vendor.
    if passed.contains(where: { $0.matches(tunnel.host, port: tunnel.port) }) {
      return .goesThrough
    }
    if operations.service(ofHost: Array(tunnel.host.utf8)[...]) != nil { return .endsHere }
    // A client whose proxy is set for everything comes to us through us.
    if NumericAddress(host: tunnel.host)?.isLoopback == true { return .endsHere }
    return .refuse(
      Status(
        403,
        "\(tunnel.host) is no host of an emulated API: wavetank serve --intercept \(tunnel.host)=SERVICE, or --passthrough \(tunnel.host)"
      ))
  }
}
