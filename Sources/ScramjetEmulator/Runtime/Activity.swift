import EmulatorKernel
import PayloadCodecs

/// A piece of an instance's program that is under way: where it stands, and what it waits for.
struct Activity: Codable, Sendable {
  /// What it keeps busy until it is through.
  enum Occupied: Codable, Sendable, Equatable {
    case none, input, stdin, stop

    init(_ lane: Lane) { self = lane == .input ? .input : .stdin }

    var lane: Lane? {
      switch self {
      case .input: .input
      case .stdin: .stdin
      case .none, .stop: nil
      }
    }
  }

  enum Wait: Codable, Sendable, Equatable {
    case nothing
    /// For room in a stream, or for its turn on a topic.
    case room
    case sleep
  }

  private struct Frame: Codable, Sendable {
    var actions: [Program.Action]
    var index = 0
    var iteration = 0
    /// 0: for ever.
    var times = 1
  }

  private var frames: [Frame]
  var binding: Binding
  let lane: Occupied
  var wait = Wait.nothing
  /// How many instances an event has gone through; keeps circles of events apart in time.
  var hops = 0

  init(_ actions: [Program.Action], _ binding: Binding, lane: Occupied = .none) {
    frames = [Frame(actions: actions)]
    self.binding = binding
    self.lane = lane
  }

  /// The action to do now; nil at the end. Does not move on: see `advance`.
  var current: Program.Action? {
    guard let frame = frames.last, frame.index < frame.actions.count else { return nil }
    return frame.actions[frame.index]
  }

  /// The innermost loop's count, or the rule's own outside of loops.
  var number: Int { frames.count > 1 ? frames[frames.count - 1].iteration : binding.number }

  /// Whether it is in a loop that nothing in it ends.
  var isEndless: Bool {
    frames.contains { $0.times == 0 && !$0.actions.contains(where: \.mayEnd) }
  }

  mutating func advance() {
    guard !frames.isEmpty else { return }
    frames[frames.count - 1].index += 1
    settle()
  }

  mutating func enter(times: Int, _ actions: [Program.Action]) {
    frames[frames.count - 1].index += 1
    if !actions.isEmpty { frames.append(Frame(actions: actions, times: times)) }
    settle()
  }

  /// Leaves blocks that are through, and begins the next round of loops.
  private mutating func settle() {
    while frames.count > 1, let frame = frames.last, frame.index >= frame.actions.count {
      let last = frames.count - 1
      frames[last].iteration += 1
      if frame.times == 0 || frames[last].iteration < frame.times {
        frames[last].index = 0
        return
      }
      frames.removeLast()
    }
  }
}

extension Activity {
  /// What a snapshot made by hand may not have: a place in the program that is there.
  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(!frames.isEmpty, place + "/frames", "there is none")
    findings.expect(binding.number, place + "/binding/number")
    findings.expect(hops, place + "/hops")
    for (index, frame) in frames.enumerated() {
      let place = "\(place)/frames/\(index)"
      findings.expect(frame.index, in: 0...frame.actions.count, place + "/index")
      findings.expect(frame.iteration, place + "/iteration")
      findings.expect(frame.times, place + "/times")
      findings.expect(
        Program.areConsistent(frame.actions), place + "/actions", "a number is out of range")
    }
  }
}
