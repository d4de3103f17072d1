import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What concerns one tenant's world.
enum TenantRoutes {
  /// Those that wait in their files for their first use (`--data`) are told by name alone. Where
  /// there are peers, theirs stand among them.
  static func list(_ call: AdminCall) throws(Problem) -> Answer {
    let peers = call.options.peers
    guard try call.query("of", of: "server", "all") != "server", !peers.isEmpty else {
      let tenants = call.pipeline.tenants
      return .object(reserving: 512 + tenants.count * 224) { write(tenants, into: &$0) }
    }
    return .later { _ in
      let others = await PeerTenants.asking(peers)
      var json = JSONWriter()
      json.object { write(call.pipeline.tenants, with: others, into: &$0) }
      return .json(.ok, json.bytes)
    }
  }

  private static func write(
    _ registry: TenantRegistry, with others: PeerTenants? = nil, into json: inout JSONWriter
  ) {
    var elsewhere = others?.tenants ?? [:]
    let (liveTenants, sleeping) = registry.overview
    json.array("tenants") { json in
      for live in liveTenants {
        if let other = elsewhere[live.name] {
          guard PeerTenants.exchanges(other) <= Int(clamping: live.journal.status.total) else {
            continue
          }
          elsewhere[live.name] = nil
        }
        write(live, into: &json)
      }
      for name in sleeping where elsewhere[name] == nil {
        json.object { json in
          json.member("name", name)
          json.member("loaded", false)
        }
      }
      for (_, row) in elsewhere.sortedByKey { json.value(.object(row)) }
    }
    json.member("evicted", Int(clamping: registry.evictedCount))
    guard let others else { return }
    json.array("silentPeers") { json in
      for failure in others.failures {
        json.object { json in
          json.member("server", failure.url)
          json.member("reason", failure.message)
        }
      }
    }
  }

  private static func write(_ live: LiveTenant, into json: inout JSONWriter) {
    let journal = live.journal.status
    json.object { json in
      json.member("name", live.name)
      json.member("loaded", true)
      let seed = live.tenant.seed
      json.member("seed", Int(exactly: seed).map(JSON.integer) ?? .decimal("\(seed)"))
      json.key("clock")
      ClockRoutes.write(live.tenant, into: &json)
      json.member("exchanges", Int(clamping: journal.total))
      json.object("journal") { json in
        json.member("entries", journal.count)
        json.member("bytes", journal.bytes)
        json.member("dropped", Int(clamping: journal.dropped))
      }
    }
  }

  static func delete(_ call: AdminCall) throws(Problem) -> Answer {
    let name = call.parameters["name"] ?? ""
    guard Tenant.isName(name) else { throw .noTenantName(name) }
    // Whose clients go on playing would call it back. The default tenant only begins anew.
    if name != Tenant.defaultName { _ = call.options.demo?.end(name) }
    let isRemoved: Bool
    do {
      isRemoved = try call.pipeline.tenants.remove(name)
    } catch {
      switch error {
      case .scenario(let problems):
        throw Problem(500, "The scenario does not start again.", members: problems.member)
      case .file(let error):
        throw Problem(
          500,
          "The tenant is gone until the next start, but its file could not be removed: \(error)")
      }
    }
    guard isRemoved else { throw Problem(404, "There is no tenant \"\(name)\".") }
    call.options.onWorldDropped()
    return .now(Response(.noContent))
  }

  static func reset(_ call: AdminCall) throws(Problem) -> Answer {
    let keep = try call.query("keep", of: "journal")
    let live = try call.liveTenant()
    do {
      try live.reset(keepingJournal: keep == "journal")
    } catch {
      throw Problem(500, "The scenario does not start again.", members: error.member)
    }
    call.options.onWorldDropped()
    var json = JSONWriter()
    write(live, into: &json)
    return .now(.json(.ok, json.bytes))
  }

  static func states(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    return .object(reserving: 4096) { json in
      for (index, slot) in live.slots.enumerated() {
        json.key(named: slot.name)
        json.raw(state(index, of: live, call).span)
      }
    }
  }

  static func state(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    return .now(.json(.ok, state(try service(call, live), of: live, call)))
  }

  private static func state(_ service: Int, of live: LiveTenant, _ call: AdminCall) -> [UInt8] {
    call.written.text(.state, of: live, service) { $0.describe().serialized() }
  }

  /// What passes in a stream, without taking anything from it. The connection closes with it, as
  /// with the journal's stream.
  static func tap(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    let slot = live.slots[try service(call, live)]
    guard var response = slot.tap(call.request.target.queryItems) else {
      throw Problem(404, "\(slot.name) has no such stream.")
    }
    response.delivery.closesConnection = true
    return .now(response)
  }

  /// Its place among the services.
  private static func service(_ call: AdminCall, _ live: LiveTenant) throws(Problem) -> Int {
    let name = call.parameters["service"] ?? ""
    guard let index = live.slots.firstIndex(where: { $0.name == name }) else {
      throw .noService(name, among: live.slots.map(\.name))
    }
    return index
  }

  static func inventory(_ call: AdminCall) throws(Problem) -> Answer {
    let live = try call.liveTenant()
    return .object(reserving: 4096) { json in
      json.array("things") { json in
        for index in live.slots.indices {
          let things = call.written.text(.inventory, of: live, index, Self.things)
          if !things.isEmpty { json.raw(things.span) }
        }
      }
    }
  }

  /// As elements of an array.
  private static func things(in slot: any ServiceSlot) -> [UInt8] {
    var json = JSONWriter(reserving: 2048)
    for thing in slot.inventory() {
      json.object { json in
        json.member("service", slot.name)
        json.member("kind", thing.kind)
        json.array("place") { json in for name in thing.place { json.value(name) } }
        json.member("content", .object(thing.content))
      }
    }
    return json.bytes
  }

  static func emit(_ call: AdminCall) throws(Problem) -> Answer {
    let events = try call.objects()
    guard !events.isEmpty else { throw noEvent("") }
    let live = try call.liveTenant()
    for (index, event) in events.enumerated() {
      try emit(event, events.count > 1 ? "/\(index): " : "", in: live, call.pipeline)
    }
    return .now(.json(.ok, Array(#"{"emitted":true}"#.utf8)))
  }

  /// - Parameter place: which of several it is.
  private static func emit(
    _ event: JSONObject, _ place: String, in live: LiveTenant, _ pipeline: Pipeline
  ) throws(Problem) {
    guard let kind = event.keys.first else { throw noEvent(place) }
    let isKnown: Bool
    do {
      isKnown = try live.emit(event)
    } catch {
      throw Problem(422, "\(place)The event cannot happen: \(error.text)", members: error.member)
    }
    guard isKnown else {
      throw unknownEvent(kind, place, among: pipeline.catalog.eventNames ?? [])
    }
  }

  private static func noEvent(_ place: String) -> Problem {
    Problem(422, "\(place)Expected an event, such as {\"crashHub\": \"sth-0\"}.")
  }

  private static func unknownEvent(
    _ kind: String, _ place: String, among names: [String]
  ) -> Problem {
    let nearest = Nearest.match(for: kind, among: names).map { " Did you mean \"\($0)\"?" } ?? ""
    let all = TextSet(names).sorted().joined(separator: ", ")
    return Problem(
      422,
      "\(place)There is no event \"\(kind)\".\(nearest) Events: \(all). The schema at "
        + "/_wavetank/scenario.schema.json says what each needs.")
  }
}
