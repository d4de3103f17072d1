import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Calls of which some take long and most do not, told apart by the size of what they reach: to leave a
/// loop and come back takes longer than most of them take themselves.
///
/// **Bound**: a millisecond or two. Who asks what has no bound (a regular expression) leaves the loop
/// whatever the sizes are.
enum SmallWork {
  /// Asked on the loop, in a microsecond; false: the call is dealt with off it.
  typealias Judge = @Sendable (AdminCall) -> Bool

  private static let worldBytesMax = 256 << 10
  private static let rulesMax = 64
  private static let rulesBytesMax = 512 << 10
  private static let journalEntriesMax = 64
  private static let journalBytesMax = 128 << 10
  /// Of which code's calls are looked for.
  private static let journalLookMax = 1_000
  private static let tenantsMax = 100
  private static let documentBytesMax = 512
  private static let variablesBytesMax = 16 << 10

  /// All services' worlds together.
  static let isOfWorld: Judge = { call in live(call).map(isOfWorld) ?? true }

  private static func isOfWorld(_ live: LiveTenant) -> Bool {
    live.slots.allSatisfy { $0.isSmall(worldBytesMax) }
  }

  /// A tenant that begins anew: what it lets go of is small.
  static func isOfTenant(_ live: LiveTenant) -> Bool {
    live.slots.allSatisfy { !$0.hasBegun || $0.isSmall(worldBytesMax) } && hasFewRules(live)
      && hasShortJournal(live) && !live.isRestarting
  }

  static let isOfSmallTenant: Judge = { call in live(call).map(isOfTenant) ?? true }

  /// An event that happens in a small world, and moves neither time nor sockets.
  static let isEvent: Judge = { call in
    guard call.content.count <= documentBytesMax, isOfWorld(call),
      let name = (try? call.object())?.keys.first
    else { return false }
    return switch WorldEvent.Kind(rawValue: name) {
    case .advance, .trigger, .listener: false
    case .expireKey, .setVariables, .enableRule, .disableRule, nil: true
    }
  }

  static let isOfRules: Judge = { call in live(call).map(hasFewRules) ?? true }

  /// The same, written with what they remember.
  static let isListOfRules: Judge = { call in
    guard let live = live(call) else { return true }
    let variables = JSON.object(live.rules?.variables ?? JSONObject())
    return hasFewRules(live) && variables.fits(within: variablesBytesMax)
  }

  /// A scenario or rules that are only read. Their expressions are compiled, and not tried on anything.
  static let isDocument: Judge = { call in call.content.count <= documentBytesMax }

  /// The same, put beside the rules in force.
  static let isRule: Judge = { call in isDocument(call) && isOfRules(call) }

  /// A scenario that a tenant has already, so that its rules are laid out and its worlds are made.
  static let isKnownScenario: Judge = { call in
    guard let live = live(call) else { return false }
    return mayBegin(live) { ScenarioRoutes.known(call, beside: live.blueprint) }
  }

  /// The same of the demo's scenario.
  static let isKnownDemo: Judge = { call in
    guard let stage = call.options.demo, let live = live(call) else { return true }
    return mayBegin(live) { ScenarioRoutes.known(stage.scenario, beside: live, call.pipeline) }
  }

  private static func mayBegin(_ live: LiveTenant, _ known: () -> TenantBlueprint?) -> Bool {
    guard isOfWorld(live), hasFewRules(live), let known = known() else { return false }
    return known.isPlanted && known.isShort
  }

  static let isOfJournal: Judge = { call in live(call).map(hasShortJournal) ?? true }

  /// One exchange, the rules that were asked for it, and the calls that code made for it.
  static let isExchange: Judge = { call in
    live(call).map { live in
      hasFewRules(live) && live.journal.status.count <= journalLookMax
    } ?? true
  }

  /// What is asked of a short journal. Without content the scenario's own expectations are meant, which
  /// may say anything.
  static let isQuestion: Judge = { call in
    guard !call.content.isEmpty, call.content.count <= documentBytesMax, isOfJournal(call),
      isOfRules(call)
    else { return false }
    return !mayName("regex", call.content)
  }

  static let isOfTenants: Judge = { call in
    call.options.peers.isEmpty && call.pipeline.tenants.isFew(tenantsMax)
  }

  /// To make it takes long.
  static let isCertificate: Judge = { call in
    call.pipeline.rendered.has(ServerRoutes.certificateName)
  }

  /// Whether a word stands in JSON, or may, in other letters of its language.
  private static func mayName(_ word: String, _ content: [UInt8]) -> Bool {
    let (first, bytes) = (word.utf8.first, content[...])
    return bytes.indices.contains { index in
      bytes[index] == UInt8(ascii: "\\")
        || bytes[index] == first && bytes[index...].starts(with: word.utf8)
    }
  }

  /// Nil: there is none, which its handler says.
  private static func live(_ call: AdminCall) -> LiveTenant? { try? call.liveTenant() }

  /// In a short scenario, with what came to it since.
  private static func hasFewRules(_ live: LiveTenant) -> Bool {
    guard live.hasShortScenario else { return false }
    return live.rules.map { $0.rules.count <= rulesMax && $0.heapBytes <= rulesBytesMax } ?? true
  }

  private static func hasShortJournal(_ live: LiveTenant) -> Bool {
    let status = live.journal.status
    return status.count <= journalEntriesMax && status.bytes <= journalBytesMax
  }
}
