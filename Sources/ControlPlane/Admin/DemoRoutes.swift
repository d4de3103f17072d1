import EmulatorKernel
import HTTPModel
package import PayloadCodecs

/// Who plays a demo's clients: whoever knows all services.
package protocol DemoStage: Sendable {
  /// The tenant begins anew, and its story is told from now on.
  func begin(_ tenant: String, seed: UInt64?) async throws(DemoRefusal)
  /// Nothing is played any more; false: nothing was.
  func end(_ tenant: String) -> Bool
  /// How far the story is, and its chapters.
  func describe(_ tenant: String) async -> JSON
}

/// Why a demo could not begin, in a sentence.
package struct DemoRefusal: Error {
  package let text: String
  package init(_ text: String) { self.text = text }
}

/// A world that lives: a story that clients of all services play.
enum DemoRoutes {
  static func show(_ call: AdminCall) throws(Problem) -> Answer {
    let (stage, tenant) = try named(call)
    return .later { _ in .json(.ok, await stage.describe(tenant).serialized()) }
  }

  static func begin(_ call: AdminCall) throws(Problem) -> Answer {
    let (stage, tenant) = try named(call)
    var seed: UInt64?
    if !call.content.isEmpty, let value = try call.object(keys: ["seed"])["seed"] {
      guard let number = value.intValue, number >= 0 else {
        throw Problem(422, "seed: expected a whole number from 0, found \(value.text)")
      }
      seed = UInt64(number)
    }
    return .later { [seed] _ in
      do throws(DemoRefusal) {
        try await stage.begin(tenant, seed: seed)
      } catch {
        return Problem(409, "The demo does not begin: \(error.text)").response
      }
      return .json(.ok, await stage.describe(tenant).serialized())
    }
  }

  static func end(_ call: AdminCall) throws(Problem) -> Answer {
    let (stage, tenant) = try named(call)
    _ = stage.end(tenant)
    return .now(Response(.noContent))
  }

  private static func named(_ call: AdminCall) throws(Problem) -> (any DemoStage, String) {
    guard let stage = call.options.demo else { throw Problem(404, "Nobody plays a demo here.") }
    return (stage, try call.liveTenant().tenant.name)
  }
}
