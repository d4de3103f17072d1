import PayloadCodecs

// How a stored fleet is written: members in the order of the editor's own YAML, empty ones left
// out, defaults filled in.
// Source: Shipyard documentation, screenshots of the YAML editor.

/// What a fleet is written into: YAML for those who read it, JSON where worlds are compared.
protocol FleetWriter {
  mutating func object(_ name: StaticString, _ members: (inout Self) -> Void)
  mutating func object(named name: String, _ members: (inout Self) -> Void)
  mutating func object(_ members: (inout Self) -> Void)
  mutating func array(_ name: StaticString, _ elements: (inout Self) -> Void)
  mutating func member(_ name: StaticString, _ text: String)
  mutating func member(named name: String, _ text: String)
  mutating func member(_ name: StaticString, _ number: Int)
  mutating func member(_ name: StaticString, _ flag: Bool)
  mutating func member(_ name: StaticString, _ value: JSON)
  mutating func member(named name: String, _ value: JSON)
  mutating func value(_ text: String)
  mutating func value(_ number: Int)
}

extension YAMLWriter: FleetWriter {}
extension JSONWriter: FleetWriter {}

/// A stored fleet as it is shown, with what no one is shown.
struct FleetCode: Sendable {
  let id: ResourceID
  let definition: FleetDefinition
  /// Inputs that are passwords, by the vessel's place; absent: it has none.
  let passwords: [Int: TextSet]

  /// About how much there is to write: so much may be written on a loop.
  var isShort: Bool { definition.heapBytes <= 32 << 10 }

  func write(into code: inout some FleetWriter) {
    code.member("name", definition.name)
    code.member("_id", id.text)
    let vessels = definition.vessels
    code.object("vessels") { code in
      for (place, vessel) in vessels.enumerated() {
        code.object(named: vessel.name) { code in
          code.member("_id", vessel.id.text)
          vessel.write(into: &code, hiding: passwords[place])
        }
      }
    }
    if !definition.connections.isEmpty {
      code.object("connections") { definition.writeConnections(into: &$0) }
    }
    if !definition.schedules.isEmpty {
      code.object("triggers") { code in
        code.array("schedules") { code in
          for schedule in definition.schedules { schedule.write(into: &code) }
        }
      }
    }
    code.object("notifications") { definition.notifications.write(into: &$0) }
  }
}

extension FleetDefinition {
  fileprivate func writeConnections(into code: inout some FleetWriter) {
    var next = 0
    // They stand in order of their first vessel.
    while next < connections.count {
      let from = connections[next].from
      code.object(named: vessels[from].name) { code in
        while next < connections.count, connections[next].from == from {
          let connection = connections[next]
          code.member(named: vessels[connection.to].name, connection.condition.rawValue)
          next += 1
        }
      }
    }
  }
}

extension Vessel {
  /// All but its id.
  func write(into code: inout some FleetWriter, hiding passwords: TextSet?) {
    code.object("source") { source.write(into: &$0, hiding: passwords) }
    code.object("guardrails") { guardrails.write(into: &$0) }
    code.object("notifications") { notifications.write(into: &$0) }
  }
}

extension VesselSource {
  fileprivate func write(into code: inout some FleetWriter, hiding passwords: TextSet?) {
    if let blueprint { code.member("blueprint", blueprint) }
    if !inputs.isEmpty {
      code.object("inputs") { code in
        for input in inputs {
          let isHidden = passwords?.contains(input.name) ?? false && input.value != .null
          code.member(named: input.name, isHidden ? FleetSecrets.hidden : input.value)
        }
      }
    }
    if let language { code.member("language", language.rawValue) }
    if let version { code.member("version", version) }
    if let git { code.object("git") { git.write(into: &$0) } }
    if let file {
      code.object("file") { code in
        code.member("name", file.name)
        code.member("content", file.content)
      }
    }
    if let fileToRun { code.member("file_to_run", fileToRun) }
    if !arguments.isEmpty {
      code.array("arguments") { code in for argument in arguments { argument.write(into: &code) } }
    }
    writeSurroundings(into: &code)
    code.member("type", kind.rawValue)
  }

  private func writeSurroundings(into code: inout some FleetWriter) {
    if !environment.isEmpty {
      code.array("environment") { code in
        for variable in environment {
          code.object { code in
            code.member("name", variable.name)
            code.member("value", variable.value)
          }
        }
      }
    }
    if !packages.isEmpty {
      code.array("packages") { code in
        for package in packages {
          code.object { code in
            code.member("name", package.name)
            if let version = package.version { code.member("version", version) }
          }
        }
      }
    }
    if !systemPackages.isEmpty {
      code.array("system_packages") { code in
        for package in systemPackages { code.object { $0.member("name", package) } }
      }
    }
  }
}

extension VesselSource.Git {
  fileprivate func write(into code: inout some FleetWriter) {
    code.member("repository", repository)
    if let checkoutPoint { code.member("checkout_point", checkoutPoint) }
    if let cloneLocation { code.member("clone_location", cloneLocation.rawValue) }
  }
}

extension VesselSource.Argument {
  /// In the form in which it was written.
  fileprivate func write(into code: inout some FleetWriter) {
    code.object { code in
      switch form {
      case .pair: code.member(named: flag, JSON(value))
      case .key, .name:
        code.member(named: form.rawValue, flag)
        code.member("value", JSON(value))
      }
    }
  }
}

extension Guardrails {
  fileprivate func write(into code: inout some FleetWriter) {
    code.member("retry_count", retryCount)
    code.member("retry_wait", GoDuration.text(retryWait))
    code.member("runtime_cutoff", GoDuration.text(runtimeCutoff))
    if !excludedExitCodes.isEmpty {
      code.array("exclude_exit_code_ranges") { code in
        for range in excludedExitCodes {
          if range.count == 1 {
            code.value(range.lowerBound)
          } else {
            code.value("\(range.lowerBound)-\(range.upperBound)")
          }
        }
      }
    }
  }
}

extension Notifications {
  fileprivate func write(into code: inout some FleetWriter) {
    code.array("emails") { code in for email in emails { code.value(email) } }
    code.member("after_error", afterError)
    code.member("after_on_demand", afterOnDemand)
  }
}

extension Schedule {
  fileprivate func write(into code: inout some FleetWriter) {
    let minutes = minute < 10 ? "0\(minute)" : "\(minute)"
    code.object { code in
      code.member("how_often", frequency.word)
      switch frequency {
      case .hourly, .daily: break
      case .weekly(let weekday): code.member("when", Schedule.weekdays[weekday])
      case .monthly(let day): code.member("when", day)
      }
      // The hour of midnight is left out: `:00`.
      code.member("at", hour == 0 ? ":\(minutes)" : "\(hour):\(minutes)")
    }
  }
}
