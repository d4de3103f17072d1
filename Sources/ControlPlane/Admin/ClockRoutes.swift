import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// The tenant's time.
enum ClockRoutes {
  static func show(_ call: AdminCall) throws(Problem) -> Answer {
    .now(answer(try call.liveTenant().tenant))
  }

  static func set(_ call: AdminCall) throws(Problem) -> Answer {
    let object = try call.object(keys: ["mode", "now", "start", "factor"])
    let mode = try mode(object)
    var instant: VirtualInstant?
    for key in ["now", "start"] {
      if let value = object[key] { instant = try Self.instant(value, key) }
    }
    guard mode != nil || instant != nil else {
      throw Problem(422, "Expected \"mode\", \"now\" or both.")
    }
    let tenant = try call.liveTenant().tenant
    // Forward, everything on the way happens first; back, nothing does.
    guard let instant, instant > tenant.clock.now else {
      tenant.clock.set(mode: mode, to: instant)
      tenant.settle()
      return .now(answer(tenant))
    }
    return go(tenant, nil, to: instant) { tenant.clock.set(mode: mode, to: instant) }
  }

  static func advance(_ call: AdminCall) throws(Problem) -> Answer {
    let object = try call.object(keys: ["by", "to", "toNext"])
    guard object.count == 1, let (key, value) = object.members.first else {
      throw Problem(422, "Expected one of \"by\", \"to\" and \"toNext\".")
    }
    let tenant = try call.liveTenant().tenant
    let from = tenant.clock.now
    switch key {
    case "by":
      guard let text = value.stringValue, let duration = DurationText.parse(text) else {
        throw Problem(422, "by: expected a duration such as \"5s\", found \(value.text)")
      }
      return go(tenant, from, to: from + duration)
    case "to":
      let instant = try instant(value, "to")
      guard instant >= from else {
        throw Problem(
          409,
          "to: \(instant.iso8601(.microseconds)) has passed; it is \(from.iso8601(.microseconds)). "
            + "PUT /_wavetank/clock can set time back.")
      }
      return go(tenant, from, to: instant)
    default:
      guard value.boolValue == true else { throw Problem(422, "toNext: expected true") }
      return go(tenant, from, to: tenant.nextDue ?? from)
    }
  }

  /// In pieces and off the loop, so that a year of ticks holds nobody; and not without end.
  private static func go(
    _ tenant: Tenant, _ from: VirtualInstant?, to instant: VirtualInstant,
    _ atEnd: @escaping @Sendable () -> Void = {}
  ) -> Answer {
    if tenant.advance(to: instant, stepLimit: pieceSteps) {
      atEnd()
      return .now(answer(tenant, from))
    }
    return .later { _ in
      var pieces = 1
      while !(await Offload.run { tenant.advance(to: instant, stepLimit: pieceSteps) }) {
        // Nobody waits for it any more: it stands where it has come to.
        if Task.isCancelled { return answer(tenant, from) }
        pieces += 1
        guard pieces < piecesMax else { return tooMuch(tenant, instant) }
      }
      atEnd()
      return answer(tenant, from)
    }
  }

  /// Some milliseconds: so long a request of the same tenant may wait on its loop.
  private static let pieceSteps = 100
  private static let piecesMax = 10_000

  private static func tooMuch(_ tenant: Tenant, _ goal: VirtualInstant) -> Response {
    let now = tenant.clock.now.iso8601(.microseconds)
    return Problem(
      409,
      "Something fell due at \(pieceSteps * piecesMax) instants, and it is only \(now), not yet "
        + "\(goal.iso8601(.microseconds)). Ask again to go on from there.",
      members: ["now": .string(now)]
    ).response
  }

  private static func mode(_ object: JSONObject) throws(Problem) -> ClockMode? {
    let factor = object["factor"]
    guard let value = object["mode"] else {
      guard factor == nil else { throw Problem(422, "factor: goes with \"mode\": \"scaled\"") }
      return nil
    }
    guard let name = value.stringValue else {
      throw Problem(422, "mode: expected a string, found \(value.kindName)")
    }
    let mode = ClockMode(text: factor.map { "\(name):\($0.text)" } ?? name)
    guard let mode else {
      throw Problem(
        422,
        "mode: expected real, manual, skip, xN, or scaled with a factor above 0 and up to 1000000; found "
          + "\(JSON.object(object).text)")
    }
    return mode
  }

  private static func instant(_ value: JSON, _ key: String) throws(Problem) -> VirtualInstant {
    guard let text = value.stringValue, let instant = VirtualInstant(iso8601: text) else {
      throw Problem(
        422,
        "\(key): expected an instant of the years 1684 to 2255 such as \"2026-01-01T00:00:00Z\", found "
          + value.text)
    }
    return instant
  }

  private static func answer(_ tenant: Tenant, _ from: VirtualInstant? = nil) -> Response {
    var json = JSONWriter()
    write(tenant, from: from, into: &json)
    return .json(.ok, json.bytes)
  }

  static func write(_ tenant: Tenant, from: VirtualInstant? = nil, into json: inout JSONWriter) {
    let (now, mode) = (tenant.clock.now, tenant.clock.mode)
    json.object { json in
      json.member("mode", mode.name)
      if case .scaled(let factor) = mode { json.member("factor", JSON(factor)) }
      json.member("now", now, .microseconds)
      json.member(orNull: "nextDue", tenant.nextDue)
      if let from { json.member("advanced", DurationText.format(now - from)) }
    }
  }
}
