import PayloadCodecs

/// What a version says about the configuration of its instances:
/// parameter name → `{type: string|number|boolean, description?, default?}`.
///
/// Source: SDK `data/manifest.py`, `ConfigParameter`; contract §3.5.
enum ConfigTemplate {
  enum ParameterType: String, CaseIterable {
    case string, number, boolean

    func accepts(_ value: JSON) -> Bool {
      switch (self, value) {
      case (.string, .string), (.number, .integer), (.number, .decimal), (.boolean, .bool): true
      default: false
      }
    }
  }

  static func check(_ template: JSONObject) throws(SteamshipError) {
    for (name, parameter) in template.members {
      guard let fields = parameter.objectValue else {
        throw .invalid(
          "The parameter \"\(name.shortened)\" of the configuration template must be an object, not "
            + "\(parameter.kindName).")
      }
      let text = fields["type"]?.stringValue ?? ""
      guard let type = ParameterType(rawValue: text) else {
        throw .invalid(
          "The type of the parameter \"\(name.shortened)\" must be \"string\", \"number\" or "
            + "\"boolean\".")
      }
      if let value = fields["default"], !value.isNull, !type.accepts(value) {
        throw .invalid(
          "The default of the parameter \"\(name.shortened)\" must be a \(text), not "
            + "\(value.kindName).")
      }
    }
  }

  /// The configuration with its defaults filled in. Unknown parameters are kept (contract §8).
  ///
  /// - Errors: every parameter that is missing or of a wrong type, all in one message.
  static func resolve(
    _ given: JSONObject, by template: JSONObject, for kind: InvocableKind
  ) throws(SteamshipError) -> JSONObject {
    var resolved = JSONObject()
    var problems: [String] = []
    let values = given.valuesByName
    for (name, parameter) in template.members {
      let type = parameter["type"]?.stringValue.flatMap(ParameterType.init(rawValue:))
      if let value = values[name], !value.isNull {
        if let type, !type.accepts(value) {
          problems.append(
            "\"\(name.shortened)\" must be a \(type.rawValue), not \(value.kindName).")
        }
        resolved.members.append((name, value))
      } else if let value = parameter["default"], !value.isNull {
        resolved.members.append((name, value))
      } else {
        problems.append("\"\(name.shortened)\" is required and has no value.")
      }
    }
    let parameters = TextSet(template.keys)
    var further = JSONObject()
    further.merge(
      JSONObject(
        given.members.filter { name, value in !parameters.contains(name) && !value.isNull }))
    resolved.members += further.members
    guard problems.isEmpty else {
      throw .configuration(problems.prefix(20).joined(separator: " "), of: kind.instanceTypeName)
    }
    return resolved
  }
}
