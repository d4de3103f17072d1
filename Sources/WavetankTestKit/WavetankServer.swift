import HTTPModel
import HTTPTransport
public import Wavetank

/// An emulator in the test's own process, on a free port, that many tests can share: each takes a
/// tenant of its own.
///
/// ```swift
/// let server = try await WavetankServer.start(clock: "skip")
/// let tenant = server.tenant("nightly-run")
/// // point the code under test at tenant.shipyard, then:
/// try await tenant.verify(operation: "shipyard.fleetRun.create", .exactly(1))
/// await server.stop()
/// ```
public final class WavetankServer: Sendable {
  public let emulator: Emulator
  let client: HTTPClient

  private init(_ emulator: Emulator, _ client: HTTPClient) {
    self.emulator = emulator
    self.client = client
  }

  public var baseURL: String { emulator.baseURL }
  public var port: UInt16 { emulator.port }

  /// - Parameters:
  ///   - clock: how time runs for every tenant: `real`, `manual`, `skip`, or `xN`.
  ///   - scenarios: files, or names of shipped scenarios; merged in order.
  /// - Errors: `StartError`, or `WavetankError` for an unknown clock.
  public static func start(
    clock: String = "skip", scenarios: [String] = [], seed: UInt64? = nil
  ) async throws -> WavetankServer {
    var configuration = Configuration()
    configuration.port = 0
    configuration.threads = 1
    configuration.scenarios = scenarios
    configuration.seed = seed
    guard configuration.setClock(clock) else {
      throw WavetankError(status: nil, message: "There is no clock “\(clock)”.")
    }
    let emulator = try await Emulator.start(configuration)
    do {
      return WavetankServer(emulator, try HTTPClient())
    } catch {
      await emulator.stop(within: .zero)
      throw error
    }
  }

  /// A tenant for one test alone: state, clock, scenario and journal of its own.
  /// - Parameter name: in lower case, anything but letters and digits as a hyphen, cut at 63: texts
  ///   that are the same after that share a tenant.
  public func tenant(_ name: String) -> TestTenant {
    TestTenant(server: self, name: Self.tenantName(name))
  }

  /// A tenant for as long as the body runs: then what its scenario expects is verified, and it goes.
  /// What the body throws is thrown on with the last exchanges, and why each was answered so.
  public func withTenant<Result: Sendable>(
    _ name: String, _ body: (TestTenant) async throws -> Result
  ) async throws -> Result {
    let tenant = tenant(name)
    let result: Result
    do {
      result = try await body(tenant)
      try await tenant.verifyExpectations()
    } catch {
      let story = (try? await tenant.story()) ?? ""
      try? await tenant.drop()
      throw WavetankError(
        status: (error as? WavetankError)?.status,
        message: "\((error as? WavetankError)?.message ?? "\(error)")\n\(story)")
    }
    try await tenant.drop()
    return result
  }

  /// Lower case letters, digits and single hyphens, at most 63.
  static func tenantName(_ text: String) -> String {
    var name = ""
    for scalar in text.lowercased().unicodeScalars {
      switch scalar {
      case "a"..."z", "0"..."9": name.unicodeScalars.append(scalar)
      default: if !name.isEmpty, name.last != "-" { name.append("-") }
      }
    }
    name = String(name.prefix(63))
    while name.last == "-" { name.removeLast() }
    return name.isEmpty ? "test" : name
  }

  public func stop() async {
    client.shutdown()
    await emulator.stop(within: .seconds(1))
  }
}

/// The control API refused something, or what should hold does not.
public struct WavetankError: Error, Sendable, CustomStringConvertible {
  /// Nil: the request was not answered with an error; its answer says no.
  public let status: Int?
  public let message: String

  public var description: String { status.map { "\($0): \(message)" } ?? message }
}
