import PayloadCodecs

/// JSON laid out for people: two spaces, short containers on one line.
enum JSONLayout {
  static func text(_ json: JSON, indent: String = "") -> String {
    let flat = json.text
    if flat.utf8.count + indent.utf8.count <= 80 { return flat }
    let inner = indent + "  "
    switch json {
    case .array(let elements):
      let lines = elements.map { inner + text($0, indent: inner) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let object):
      let lines = object.members.map { key, value in
        inner + JSON.string(key).text + ": " + text(value, indent: inner)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    default: return flat
    }
  }
}
