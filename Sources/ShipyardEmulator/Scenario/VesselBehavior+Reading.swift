import EmulatorKernel
import PayloadCodecs

extension VesselBehavior {
  enum TriggerWord: String, CaseIterable {
    case api, webhook, schedule, onDemand
    var trigger: RunTrigger {
      switch self {
      case .api: .api
      case .webhook: .webhook
      case .schedule: .schedule
      case .onDemand: .onDemand
      }
    }
  }

  /// The scenario's `behaviors.shipyard`.
  ///
  /// **Shape**: `[{"when": {"fleet": "Night*", "vessel": "Load", "trigger": "api"},
  /// "attempts": [{"exit": 1, "for": "3s", "output": "…"}, {"exit": 0, "for": "1s"}]}]`
  static func list(
    _ json: JSON, _ settings: ShipyardSettings
  ) throws(ScenarioProblems) -> [VesselBehavior] {
    try ScenarioReader.read(json) { root in
      root.array { item in
        item.object { behavior in
          let when = behavior.object("when") { when in
            (when.glob("fleet"), when.glob("vessel"), when.choice("trigger", of: TriggerWord.self))
          }
          let attempts = behavior.required("attempts")?.array { attempt in
            attempt.object { attempt in
              Attempt(
                exitCode: attempt.int("exit", in: 0...255) ?? 0,
                duration: attempt.duration("for") ?? settings.vesselDuration,
                output: attempt.string("output"))
            }
          }
          if attempts?.isEmpty == true { behavior.problem("\"attempts\" needs at least one entry") }
          return VesselBehavior(
            fleet: when?.0 ?? "*", vessel: when?.1 ?? "*", trigger: when?.2?.trigger,
            attempts: attempts ?? [])
        }
      }
    }
  }
}
