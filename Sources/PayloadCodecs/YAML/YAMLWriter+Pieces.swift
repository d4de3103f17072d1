/// A document written member by member, without a tree of it: as `JSONWriter`, whose words these are.
///
/// ```swift
/// var yaml = YAMLWriter()
/// yaml.member("name", name)
/// yaml.object("vessels") { yaml in … }
/// ```
extension YAMLWriter {
  // Names that stand in the source are plain texts in every version of YAML, and need no look.

  package mutating func object(_ name: StaticString, _ members: (inout YAMLWriter) -> Void) {
    begin(name)
    container("{}", members)
  }

  package mutating func array(_ name: StaticString, _ elements: (inout YAMLWriter) -> Void) {
    begin(name)
    container("[]", elements)
  }

  /// Under a name that is found while the program runs.
  package mutating func object(named name: String, _ members: (inout YAMLWriter) -> Void) {
    begin(name)
    container("{}", members)
  }

  /// An object as an element.
  package mutating func object(_ members: (inout YAMLWriter) -> Void) {
    beginElement()
    let start = bytes.count
    indent += 2
    goesOn = true
    members(&self)
    indent -= 2
    goesOn = false
    if bytes.count == start { raw("{}\n") }
  }

  package mutating func member(_ name: StaticString, _ text: String) {
    begin(name)
    scalar(text)
  }

  package mutating func member(named name: String, _ text: String) {
    begin(name)
    scalar(text)
  }

  package mutating func member(_ name: StaticString, _ number: Int) {
    begin(name)
    raw(" ")
    raw(String(number))
    raw("\n")
  }

  package mutating func member(_ name: StaticString, _ flag: Bool) {
    begin(name)
    raw(flag ? " true\n" : " false\n")
  }

  package mutating func member(named name: String, _ value: JSON) {
    begin(name)
    switch value {
    case .object(let object) where !object.isEmpty:
      raw("\n")
      mapping(object, indent: indent + Self.step, isInline: false)
    case .array(let elements) where !elements.isEmpty:
      raw("\n")
      sequence(elements, indent: indent + Self.step, isInline: false)
    default:
      raw(" ")
      scalar(value, indent: indent + Self.step)
    }
  }

  package mutating func member(_ name: StaticString, _ value: JSON) {
    member(named: "\(name)", value)
  }

  /// A text as an element.
  package mutating func value(_ text: String) {
    beginElement()
    string(text.utf8.span, mayBeBlock: true, indent: indent + Self.step)
    raw("\n")
  }

  package mutating func value(_ number: Int) {
    beginElement()
    raw(String(number))
    raw("\n")
  }

  // MARK: Lines

  private mutating func beginLine() {
    if goesOn { goesOn = false } else { spaces(indent) }
  }

  private mutating func begin(_ name: StaticString) {
    beginLine()
    // SAFETY: a part of the program.
    name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0.span) }
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func begin(_ name: String) {
    beginLine()
    key(name, indent: indent)
  }

  private mutating func beginElement() {
    beginLine()
    raw("- ")
  }

  private mutating func scalar(_ text: String) {
    bytes.append(UInt8(ascii: " "))
    string(text.utf8.span, mayBeBlock: true, indent: indent + Self.step)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Below a name; behind it where there is nothing.
  private mutating func container(
    _ empty: StaticString, _ pieces: (inout YAMLWriter) -> Void
  ) {
    bytes.append(UInt8(ascii: "\n"))
    let start = bytes.count
    indent += Self.step
    pieces(&self)
    indent -= Self.step
    guard bytes.count == start else { return }
    bytes.removeLast()
    raw(" \(empty)\n")
  }
}
