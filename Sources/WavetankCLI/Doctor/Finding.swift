import PayloadCodecs

/// One thing that was looked at.
struct Finding: Sendable {
  enum Status: String, Sendable {
    /// As it should be, or no matter.
    case ok
    /// It works, but not all of it, or not for long.
    case warn
    /// It will not work.
    case wrong
  }

  let what: String
  let status: Status
  let found: String
  /// What to do.
  let advice: String?

  static func ok(_ what: String, _ found: String) -> Finding {
    Finding(what: what, status: .ok, found: found, advice: nil)
  }

  static func warn(_ what: String, _ found: String, do advice: String) -> Finding {
    Finding(what: what, status: .warn, found: found, advice: advice)
  }

  static func wrong(_ what: String, _ found: String, do advice: String) -> Finding {
    Finding(what: what, status: .wrong, found: found, advice: advice)
  }

  func line(_ style: Terminal.Style) -> String {
    let mark = status.rawValue + String(repeating: " ", count: 7 - status.rawValue.count)
    let end = found.hasSuffix(".") ? "" : "."
    let text = found + (advice.map { "\(end) \($0)" } ?? "")
    let indent = 25
    let lines = style.folded(text, to: max(40, style.columns - indent))
    let name = what + String(repeating: " ", count: max(1, indent - 7 - what.count))
    return (status == .wrong ? style.bad(mark) : style.bold(mark)) + name
      + lines.joined(separator: "\n" + String(repeating: " ", count: indent)) + "\n"
  }

  var json: JSON {
    var members: JSONObject = [
      "what": .string(what), "status": .string(status.rawValue), "found": .string(found),
    ]
    if let advice { members["do"] = .string(advice) }
    return .object(members)
  }
}
