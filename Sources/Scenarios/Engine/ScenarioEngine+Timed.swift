package import Determinism
package import PayloadCodecs
import Synchronization

// What happens at a time, without a request.
extension ScenarioEngine {
  /// When something happens next; nil: never.
  package var nextTimed: VirtualInstant? {
    isTimed.load(ordering: .acquiring) ? held.withLock { $0.nextTimed } : nil
  }

  /// Whether something should have happened by now.
  package func isTimedDue(at now: () -> VirtualInstant) -> Bool {
    nextTimed.map { $0 <= now() } ?? false
  }

  /// The events of all that is due by an instant, each instant's only once.
  package func takeTimed(until instant: VirtualInstant) -> [JSONObject] {
    held.withLock { held in
      var events: [JSONObject] = []
      while let due = held.nextTimed, due <= instant {
        let entry = held.timetable[held.timedDone]
        held.timedDone += 1
        let timed = held.base.timed[entry.index]
        var context = TemplateContext(
          subject: .none, variables: held.variables, now: due, count: 1, captures: [:],
          random: SeededRandom(
            seed: self.seed, [self.tenant, "at", entry.isEnd ? "end" : "begin"],
            count: UInt64(entry.index)))
        for event in entry.isEnd ? timed.endEvents : timed.events {
          if case .object(let event) = event.json(&context) { events.append(event) }
        }
      }
      if held.nextTimed == nil { isTimed.store(false, ordering: .releasing) }
      return events
    }
  }
}
