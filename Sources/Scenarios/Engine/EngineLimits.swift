import PayloadCodecs

/// What rules may make: however often they strike and whatever a request holds, they fill no memory
/// and hold no thread. Beyond a limit things stay as they are, and the answer carries a remark.
package enum EngineLimits {
  /// All that the templates of one strike give: as much as the content of a request may be.
  package static let templateBytesMax = 16 << 20
  /// One variable that a rule sets, as the length of its JSON text: twice itself on every request is
  /// a gigabyte after thirty. Scenarios count and remember names; they store no documents.
  package static let variableBytesMax = 64 << 10
  package static let variableDepthMax = 32
  /// Variables that `setVariables` may bring into being.
  package static let variablesMax = 1_000
  /// Events that may follow from one request or one call, triggers and what they trigger included.
  package static let eventsMax = 1_000
  package static let triggerDepthMax = 32
  /// All delays of one answer together.
  package static let delayMax = Duration.seconds(366 * 86_400)
  /// Instants at which something is due that one `advance` of a rule may pass.
  package static let advanceStepsMax = 10_000
}

/// The events that follow from one request.
package final class EventChain {
  private var count = 0
  private var depth = 0
  /// They happen while time moves, so none of them can move it.
  package let isWhileTimeMoves: Bool

  package init(whileTimeMoves: Bool = false) { isWhileTimeMoves = whileTimeMoves }

  package var isOver: Bool { count > EngineLimits.eventsMax }

  /// Counts one more event.
  package func extend() throws(ScenarioProblems) {
    count += 1
    guard count <= EngineLimits.eventsMax else {
      throw ScenarioProblems(
        "more than \(EngineLimits.eventsMax) events follow from one: the rest is left out")
    }
  }

  /// What a trigger makes happen is one level below it.
  package func descend(_ body: () -> Void) throws(ScenarioProblems) {
    guard depth < EngineLimits.triggerDepthMax else {
      throw ScenarioProblems(
        "rules trigger each other more than \(EngineLimits.triggerDepthMax) deep")
    }
    depth += 1
    defer { depth -= 1 }
    body()
  }
}

extension JSON {
  /// About how long its text is; nil beyond the limits. A part that stands in several places counts
  /// in each, since a text repeats it.
  func textBytes(atMost bytesMax: Int, depthMax: Int = 512) -> Int? {
    var room = bytesMax
    return fits(&room, depthMax) ? bytesMax - room : nil
  }

  private func fits(_ room: inout Int, _ depthLeft: Int) -> Bool {
    switch self {
    case .null, .bool, .integer: room -= 4
    case .decimal(let text), .string(let text): room -= 2 + text.utf8.count
    case .array(let elements):
      guard depthLeft > 0 else { return false }
      room -= 2
      for element in elements {
        room -= 1
        if room < 0 || !element.fits(&room, depthLeft - 1) { return false }
      }
    case .object(let object):
      guard depthLeft > 0 else { return false }
      room -= 2
      for (key, value) in object.members {
        room -= 4 + key.utf8.count
        if room < 0 || !value.fits(&room, depthLeft - 1) { return false }
      }
    }
    return room >= 0
  }
}

extension JSON {
  /// How much a variable of this value weighs; nil when it is too much.
  package var variableBytes: Int? {
    textBytes(atMost: EngineLimits.variableBytesMax, depthMax: EngineLimits.variableDepthMax)
  }

  package static var variableLimit: String {
    "would be longer than \(EngineLimits.variableBytesMax >> 10) KiB or deeper than "
      + "\(EngineLimits.variableDepthMax) levels"
  }
}
