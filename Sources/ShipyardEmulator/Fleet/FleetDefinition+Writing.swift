import PayloadCodecs

// How a stored fleet is written: members in the order of the editor's own YAML, empty ones left
// out, defaults filled in.
// Source: Shipyard documentation, screenshots of the YAML editor.

extension FleetDefinition {
  var connectionsAsCode: JSON {
    var byVessel: [(key: String, value: JSON)] = []
    // The connections stand in order of their first vessel.
    var targets: [(key: String, value: JSON)] = []
    for (index, connection) in connections.enumerated() {
      targets.append(
        (vessels[connection.to].name, .string(connection.condition.rawValue)))
      if index + 1 < connections.count, connections[index + 1].from == connection.from { continue }
      byVessel.append((vessels[connection.from].name, .object(JSONObject(targets))))
      targets = []
    }
    return .object(JSONObject(byVessel))
  }
}

extension Vessel {
  func asCode(hiding passwords: TextSet) -> JSON {
    [
      "_id": .string(id.text),
      "source": source.asCode(hiding: passwords),
      "guardrails": guardrails.asCode,
      "notifications": notifications.asCode,
    ]
  }
}

extension VesselSource {
  func asCode(hiding passwords: TextSet) -> JSON {
    var source = JSONObject()
    source["blueprint"] = blueprint.map(JSON.string)
    if !inputs.isEmpty {
      source["inputs"] = .object(
        JSONObject(
          inputs.map { input in
            let isHidden = passwords.contains(input.name) && input.value != .null
            return (key: input.name, value: isHidden ? FleetSecrets.hidden : input.value)
          }))
    }
    source["language"] = language.map { .string($0.rawValue) }
    source["version"] = version.map(JSON.string)
    source["git"] = git?.asCode
    source["file"] = file.map { ["name": .string($0.name), "content": .string($0.content)] }
    source["file_to_run"] = fileToRun.map(JSON.string)
    if !arguments.isEmpty { source["arguments"] = .array(arguments.map(\.asCode)) }
    if !environment.isEmpty {
      source["environment"] = .array(
        environment.map { ["name": .string($0.name), "value": .string($0.value)] })
    }
    if !packages.isEmpty { source["packages"] = .array(packages.map(\.asCode)) }
    if !systemPackages.isEmpty {
      source["system_packages"] = .array(systemPackages.map { ["name": .string($0)] })
    }
    source["type"] = .string(kind.rawValue)
    return .object(source)
  }
}

extension VesselSource.Git {
  fileprivate var asCode: JSON {
    var git: JSONObject = ["repository": .string(repository)]
    git["checkout_point"] = checkoutPoint.map(JSON.string)
    git["clone_location"] = cloneLocation.map { .string($0.rawValue) }
    return .object(git)
  }
}

extension VesselSource.Argument {
  /// In the form in which it was written.
  fileprivate var asCode: JSON {
    switch form {
    case .pair: .object(JSONObject([(key: flag, value: JSON(value))]))
    case .key, .name: [form.rawValue: .string(flag), "value": JSON(value)]
    }
  }
}

extension VesselSource.Package {
  fileprivate var asCode: JSON {
    var package: JSONObject = ["name": .string(name)]
    package["version"] = version.map(JSON.string)
    return .object(package)
  }
}

extension Guardrails {
  fileprivate var asCode: JSON {
    var guardrails: JSONObject = [
      "retry_count": .integer(retryCount),
      "retry_wait": .string(GoDuration.text(retryWait)),
      "runtime_cutoff": .string(GoDuration.text(runtimeCutoff)),
    ]
    if !excludedExitCodes.isEmpty {
      guardrails["exclude_exit_code_ranges"] = .array(
        excludedExitCodes.map { range in
          range.count == 1
            ? .integer(range.lowerBound) : .string("\(range.lowerBound)-\(range.upperBound)")
        })
    }
    return .object(guardrails)
  }
}

extension Notifications {
  var asCode: JSON {
    [
      "emails": .array(emails.map(JSON.string)),
      "after_error": .bool(afterError),
      "after_on_demand": .bool(afterOnDemand),
    ]
  }
}

extension Schedule {
  var asCode: JSON {
    let minutes = minute < 10 ? "0\(minute)" : "\(minute)"
    var schedule: JSONObject = ["how_often": .string(frequency.word)]
    switch frequency {
    case .hourly, .daily: break
    case .weekly(let weekday): schedule["when"] = .string(Schedule.weekdays[weekday])
    case .monthly(let day): schedule["when"] = .integer(day)
    }
    // The hour of midnight is left out: `:00`.
    schedule["at"] = .string(hour == 0 ? ":\(minutes)" : "\(hour):\(minutes)")
    return .object(schedule)
  }
}
