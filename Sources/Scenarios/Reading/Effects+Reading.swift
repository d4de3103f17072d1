import PayloadCodecs

extension RuleAction {
  private static let keys = ["error", "respond", "patch", "fault", "limit", "sequence", "pass"]

  /// Patch, limit and pass leave the answer to the service (or to nobody).
  var isAnswerOfService: Bool {
    switch self {
    case .patch, .limit: true
    default: false
    }
  }

  /// The one action of a rule.
  static func readMain(_ object: ScenarioObject) -> RuleAction {
    object.allow("end")
    let key = object.atMostOne(of: keys)
    if key != "sequence", object.has("end") {
      object.optional("end")?.problem("\"end\" belongs to a \"sequence\"")
    }
    switch key {
    case "limit":
      return object.optional("limit").flatMap(LimitEffect.init).map { .limit($0) } ?? .pass
    case "sequence":
      let steps = object.array("sequence") { $0.object { SequenceEffect.Step(reading: $0) } } ?? []
      if steps.isEmpty { object.optional("sequence")?.problem("expected at least one step") }
      return .sequence(SequenceEffect(steps: steps, end: object.choice("end") ?? .pass))
    default: return readSimple(object, key)
    }
  }

  /// The actions that a step of a sequence can have too.
  static func readSimple(_ object: ScenarioObject, _ key: String?) -> RuleAction {
    guard let key, let reader = object.optional(key) else { return .pass }
    let action: RuleAction? =
      switch key {
      case "error": ErrorEffect(reading: reader).map { .error($0) }
      case "respond": RespondEffect(reading: reader).map { .respond($0) }
      case "patch": PatchEffect(reading: reader).map { .patch($0) }
      case "fault": FaultEffect(reading: reader).map { .fault($0) }
      default: readPass(reader)
      }
    return action ?? .pass
  }

  private static func readPass(_ reader: ScenarioReader) -> RuleAction? {
    guard let isPass = reader.bool() else { return nil }
    if !isPass { reader.problem("expected true (leave the key out instead of false)") }
    return .pass
  }
}

extension SequenceEffect.Step {
  init(reading object: ScenarioObject) {
    let keys = ["error", "respond", "patch", "fault", "pass"]
    let key = object.atMostOne(of: keys)
    let delay = object.optional("delay").flatMap(DelayEffect.init(reading:))
    if key == nil, delay == nil {
      object.problem("a step needs one of error, respond, patch, fault, pass or delay")
    }
    self.init(
      action: RuleAction.readSimple(object, key), delay: delay,
      isAfter: object.bool("after") ?? false, times: object.int("times", in: 1...1_000_000) ?? 1)
  }
}

extension DelayEffect {
  /// A duration, or one of `fixed`, `uniform`, `normal`, `lognormal` with `max` and `at`.
  init?(reading reader: ScenarioReader) {
    guard case .object = reader.value else {
      guard let duration = reader.duration() else { return nil }
      self.init(distribution: .fixed(duration), max: nil, place: .head)
      return
    }
    let delay = reader.object { object -> DelayEffect? in
      let key = object.atMostOne(of: ["fixed", "uniform", "normal", "lognormal"])
      let limit = object.duration("max")
      let place = object.choice("at", of: Place.self) ?? .head
      guard let key, let inner = object.optional(key) else {
        object.problem("a delay needs one of fixed, uniform, normal, lognormal")
        return nil
      }
      return Self.distribution(key, inner).map {
        DelayEffect(distribution: $0, max: limit, place: place)
      }
    }
    guard let delay else { return nil }
    self = delay
  }

  private static func distribution(_ key: String, _ reader: ScenarioReader) -> Distribution? {
    if key == "fixed" { return reader.duration().map { .fixed($0) } }
    return reader.object { object -> Distribution? in
      switch key {
      case "uniform":
        let least = object.requiredDuration("min")
        let most = object.requiredDuration("max")
        guard least <= most else {
          object.problem("\"min\" is more than \"max\"")
          return nil
        }
        return .uniform(least...most)
      case "normal":
        return .normal(
          mean: object.requiredDuration("mean"), sigma: object.requiredDuration("sigma"))
      default:
        return .lognormal(
          median: object.requiredDuration("median"),
          sigma: object.required("sigma")?.double(in: 0...10) ?? 0)
      }
    }
  }
}

extension ErrorEffect {
  /// A status, or `{"status", "message", "header"}`.
  init?(reading reader: ScenarioReader) {
    guard case .object = reader.value else {
      guard let status = reader.int(in: 400...599) else { return nil }
      self.init(status: status, message: nil, header: [])
      return
    }
    let effect = reader.object { object in
      ErrorEffect(
        status: object.requiredInt("status", in: 400...599),
        message: object.optional("message").flatMap { Template(reading: $0) },
        header: HeaderTemplate.read(object, canRemove: false))
    }
    guard let effect else { return nil }
    self = effect
  }
}

extension Template {
  init?(reading reader: ScenarioReader) {
    guard let text = reader.string() else { return nil }
    self.init(text) { reader.problem($0) }
  }
}

extension HeaderTemplate {
  /// `{"name": "value"}` or `{"name": ["value", "value"]}`; null removes, in a patch.
  static func read(_ object: ScenarioObject, canRemove: Bool) -> [HeaderTemplate] {
    let fields = object.dictionary("header") { name, reader -> [HeaderTemplate]? in
      guard isFieldName(name) else {
        reader.problem("\(JSON.string(name).text) is no field name (RFC 9110 §5.1)")
        return nil
      }
      if framing.contains(name.asciiLowercased) {
        reader.problem("the field \(name) belongs to the server's framing and cannot be set")
        return nil
      }
      if canRemove, reader.value.isNull { return [HeaderTemplate(name: name, value: nil)] }
      return reader.oneOrMore { value in
        Template(reading: value).map { HeaderTemplate(name: name, value: $0) }
      }
    }
    return (fields ?? []).flatMap(\.value)
  }

  private static let framing = ["content-length", "transfer-encoding", "connection"]

  /// Source: RFC 9110 §5.6.2.
  private static func isFieldName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        byte > 0x20 && byte < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
      }
  }
}

extension RespondEffect {
  /// `{"status": 200, "header": {…}, "json" | "text" | "base64": …}`.
  init?(reading reader: ScenarioReader) {
    let effect = reader.object { object -> RespondEffect in
      let status = object.int("status", in: 200...599) ?? 200
      let header = HeaderTemplate.read(object, canRemove: false)
      let content: Content
      switch object.atMostOne(of: ["json", "text", "base64", "file"]) {
      case "json":
        content =
          object.optional("json").map { inner in
            .json(JSONTemplate(inner.value) { inner.problem($0) })
          } ?? .none
        let _ = object.json("json")
      case "text":
        content =
          object.optional("text").flatMap { Template(reading: $0) }.map { .text($0) } ?? .none
      case "base64":
        content = object.optional("base64").flatMap(Self.base64).map { .bytes($0) } ?? .none
      case "file":
        object.optional("file")?.problem("\"file\" is possible only in a scenario file on disk")
        content = .none
      default: content = .none
      }
      return RespondEffect(status: status, header: header, content: content)
    }
    guard let effect else { return nil }
    self = effect
  }

  private static func base64(_ reader: ScenarioReader) -> [UInt8]? {
    guard let text = reader.string() else { return nil }
    guard let bytes = Base64.decode(text, .exact) else {
      return reader.mismatch("base64 (RFC 4648 §4)")
    }
    return bytes
  }
}

extension PatchEffect {
  /// `{"status", "header", "json"}`.
  init?(reading reader: ScenarioReader) {
    let effect = reader.object { object -> PatchEffect in
      let status = object.int("status", in: 200...599)
      let header = HeaderTemplate.read(object, canRemove: true)
      let json = object.optional("json").map { inner in
        JSONTemplate(inner.value) { inner.problem($0) }
      }
      let _ = object.json("json")
      if status == nil, header.isEmpty, json == nil, object.keys.isEmpty {
        object.problem("\"patch\" needs \"status\", \"header\" or \"json\"")
      }
      return PatchEffect(status: status, header: header, json: json)
    }
    guard let effect else { return nil }
    self = effect
  }
}

extension FaultEffect {
  private enum Kind: String, CaseIterable {
    case reset, empty, truncate, stall, throttle, dribble, corrupt, refuse
  }

  /// A kind's name, or one kind with its settings: `{"truncate": {"afterBytes": 100}}`.
  init?(reading reader: ScenarioReader) {
    if case .string = reader.value {
      guard let kind = reader.choice(of: Kind.self) else { return nil }
      guard let fault = Self.plain(kind) else {
        reader.problem(
          "the fault \"\(kind.rawValue)\" needs settings, such as {\"throttle\": {\"bytesPerSecond\": \"10KiB\"}}"
        )
        return nil
      }
      self = fault
      return
    }
    let fault = reader.object { object -> FaultEffect? in
      guard let key = object.atMostOne(of: Kind.allCases.map(\.rawValue)),
        let kind = Kind(rawValue: key), let settings = object.optional(key)
      else {
        if object.keys.isEmpty { object.problem("a fault needs its kind") }
        return nil
      }
      if settings.value == .bool(true), let fault = Self.plain(kind) { return fault }
      return settings.object { Self.read(kind, $0) }
    }
    guard let fault else { return nil }
    self = fault
  }

  private static func plain(_ kind: Kind) -> FaultEffect? {
    switch kind {
    case .reset: .reset(afterBytes: nil)
    case .empty: .empty
    case .truncate: .truncate(afterBytes: nil)
    case .stall: .stall(afterBytes: nil)
    case .throttle: nil
    case .dribble: .dribble(bytes: 1, pause: .milliseconds(50))
    case .corrupt: .corruptBytes(count: 1)
    case .refuse: .refuse(.seconds(1))
    }
  }

  private static func read(_ kind: Kind, _ object: ScenarioObject) -> FaultEffect? {
    switch kind {
    case .reset: return .reset(afterBytes: object.size("afterBytes"))
    case .empty: return .empty
    case .truncate: return .truncate(afterBytes: object.size("afterBytes"))
    case .stall: return .stall(afterBytes: object.size("afterBytes"))
    case .throttle:
      let rate = object.required("bytesPerSecond")
      guard let bytes = rate?.size() else { return nil }
      if bytes == 0 {
        rate?.problem("expected a rate of at least 1 byte a second; or use \"stall\"")
      }
      return .throttle(bytesPerSecond: max(1, bytes))
    case .dribble:
      let bytes = object.size("bytes") ?? 1
      if bytes == 0 { object.optional("bytes")?.problem("expected at least 1 byte") }
      return .dribble(bytes: max(1, bytes), pause: object.duration("pause") ?? .milliseconds(50))
    case .corrupt:
      switch object.atMostOne(of: ["chunk", "bytes"]) {
      case "chunk":
        if object.bool("chunk") == false { object.problem("\"chunk\" can only be true") }
        return .corruptFraming
      default: return .corruptBytes(count: object.int("bytes", in: 1...65_536) ?? 1)
      }
    case .refuse:
      let duration = object.duration("for") ?? .seconds(1)
      if duration > refusalMax {
        object.optional("for")?.problem(
          "expected at most 1m: a refusal strikes every request that the rule matches, and ends by itself, by reset or with its rule"
        )
      }
      return .refuse(min(duration, refusalMax))
    }
  }
}

extension LimitEffect {
  init?(reading reader: ScenarioReader) {
    let limit = reader.object { object -> LimitEffect in
      let window = object.required("window")
      let duration = window?.duration() ?? .seconds(1)
      if duration == .zero { window?.problem("expected a window longer than 0") }
      return LimitEffect(
        requests: object.requiredInt("requests", in: 0...1_000_000), window: duration,
        kind: object.choice("kind") ?? .sliding, per: object.choice("per"))
    }
    guard let limit else { return nil }
    self = limit
  }
}
