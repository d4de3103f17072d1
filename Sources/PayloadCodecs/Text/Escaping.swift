extension String {
  /// The text with some of its characters written otherwise; those for which the form has nothing
  /// stand as they are.
  package func escaped(_ form: (Unicode.Scalar) -> String?) -> String {
    guard unicodeScalars.contains(where: { form($0) != nil }) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if let other = form(scalar) { text += other } else { text.unicodeScalars.append(scalar) }
    }
    return text
  }

  /// As a step of a JSON Pointer (RFC 6901 §3).
  package var asPointerToken: String {
    escaped { $0 == "~" ? "~0" : $0 == "/" ? "~1" : nil }
  }
}
