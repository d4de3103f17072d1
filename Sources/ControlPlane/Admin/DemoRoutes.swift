import EmulatorKernel
import HTTPModel
package import PayloadCodecs

/// Who plays a demo's clients: whoever knows all services.
package protocol DemoStage: Sendable {
  /// The shipped scenario whose world the story is of.
  var scenario: String { get }
  /// Why none can begin now; nil: one can.
  var lack: DemoRefusal? { get }
  /// The story is told from now on, in the world that the tenant has.
  func begin(_ tenant: String, seed: UInt64?) throws(DemoRefusal)
  /// Nothing is played any more; false: nothing was.
  func end(_ tenant: String) -> Bool
  /// Writes how far the story is, and its chapters: members of an object.
  func describe(_ tenant: String, into json: inout JSONWriter)
}

/// Why a demo could not begin, in a sentence.
package struct DemoRefusal: Error {
  package let text: String
  package init(_ text: String) { self.text = text }
}

/// A world that lives: a story that clients of all services play.
enum DemoRoutes {
  static func show(_ call: AdminCall) throws(Problem) -> Answer {
    let (stage, live) = try named(call)
    return description(stage, live)
  }

  /// The tenant begins anew, with the story's world.
  static func begin(_ call: AdminCall) throws(Problem) -> Answer {
    let (stage, live) = try named(call)
    var seed: UInt64?
    if !call.content.isEmpty, let value = try call.object(keys: ["seed"])["seed"] {
      guard let number = value.intValue, number >= 0 else {
        throw Problem(422, "seed: expected a whole number from 0, found \(value.text)")
      }
      seed = UInt64(number)
    }
    if let lack = stage.lack { throw refusal(lack) }
    _ = stage.end(live.name)
    try ScenarioRoutes.restart(live, from: stage.scenario, of: call.pipeline)
    do throws(DemoRefusal) {
      try stage.begin(live.name, seed: seed)
    } catch {
      throw refusal(error)
    }
    return description(stage, live)
  }

  private static func refusal(_ reason: DemoRefusal) -> Problem {
    Problem(409, "The demo does not begin: \(reason.text)")
  }

  private static func description(_ stage: any DemoStage, _ live: LiveTenant) -> Answer {
    .object(reserving: 1024) { stage.describe(live.name, into: &$0) }
  }

  static func end(_ call: AdminCall) throws(Problem) -> Answer {
    let (stage, live) = try named(call)
    _ = stage.end(live.name)
    return .now(Response(.noContent))
  }

  private static func named(_ call: AdminCall) throws(Problem) -> (any DemoStage, LiveTenant) {
    guard let stage = call.options.demo else { throw Problem(404, "Nobody plays a demo here.") }
    return (stage, try call.liveTenant())
  }
}
