package import Determinism
package import PayloadCodecs

/// One value of a scenario and the place where it stands: typed access that collects every problem
/// instead of stopping at the first.
///
/// **Shape**: a wrong value gives nil and leaves a problem, an absent key gives nil and leaves none
/// (unless it was `required`); the whole decode throws at its end when there is any problem, so
/// what a closure returns meanwhile may hold placeholders. A key of an object that nobody asked for
/// is a problem, with the nearest of the asked keys.
///
/// Written with `Form` and `Field`, which read and describe at once; this is what they are made of.
///
/// The pointers of `ScenarioProblems` are relative to what was given to `read` (see its `at`).
///
/// **Isolation**: lives in one call; not `Sendable`.
package struct ScenarioReader {
  package let value: JSON
  let path: ScenarioPath
  let findings: ScenarioFindings

  // MARK: Life

  /// Decodes a value; throws everything that `body` and its readers found wrong.
  /// - Parameters:
  ///   - pointer: a JSON Pointer put in front of every problem's own.
  ///   - catalog: what exists; nil leaves names unchecked.
  ///   - problemsMax: no more problems are told: a document from the network may have millions.
  package static func read<Value>(
    _ value: JSON, at pointer: String = "", catalog: ScenarioCatalog? = nil,
    problemsMax: Int = .max, _ body: (ScenarioReader) -> Value?
  ) throws(ScenarioProblems) -> Value {
    let findings = ScenarioFindings(catalog, problemsMax: problemsMax)
    let result = body(ScenarioReader(value: value, path: .root(pointer), findings: findings))
    guard findings.problems.isEmpty, let result else {
      throw findings.problems.isEmpty
        ? ScenarioProblems("could not be read", at: pointer)
        : ScenarioProblems(findings.problems)
    }
    return result
  }

  package var catalog: ScenarioCatalog? { findings.catalog }
  var isInEvent: Bool { findings.isInEvent }

  /// Reads an event whose templates are filled later.
  func inEvent(_ body: (ScenarioReader) -> Void) {
    let outer = findings.isInEvent
    findings.isInEvent = true
    body(self)
    findings.isInEvent = outer
  }

  /// Another value at the same place.
  func replaced(by value: JSON) -> ScenarioReader {
    ScenarioReader(value: value, path: path, findings: findings)
  }

  // MARK: Problems

  /// The place as a JSON Pointer (RFC 6901).
  package var pointer: String { path.pointer }

  /// Leaves a problem at this place.
  package func problem(_ message: @autoclosure () -> String) {
    guard findings.problems.count < findings.problemsMax else { return }
    findings.problems.append(ScenarioProblem(pointer, message()))
  }

  /// Leaves the problem `expected …, found …`, and gives nil for the reader to return.
  package func mismatch<Value>(_ expected: String) -> Value? {
    problem("expected \(expected), found \(foundText)")
    return nil
  }

  /// The problem of a text that is none of the valid ones: names the nearest, or all of a few.
  package func unknown<Value>(_ kind: String, _ text: String, of valid: [String]) -> Value? {
    problem("unknown \(kind) \(quoted(text))\(Nearest.hint(for: text, among: valid))")
    return nil
  }

  private var foundText: String {
    switch value {
    case .null, .bool, .integer, .decimal: value.text
    case .string(let text): quoted(text)
    case .array, .object: value.kindName
    }
  }

  private func quoted(_ text: String) -> String {
    text.unicodeScalars.count <= 60
      ? JSON.string(text).text
      : JSON.string(String(String.UnicodeScalarView(text.unicodeScalars.prefix(57))) + "…").text
  }

  // MARK: Plain values

  package func string() -> String? {
    guard case .string(let text) = value else { return mismatch("a string") }
    return text
  }

  package func nonEmptyString() -> String? {
    guard case .string(let text) = value, !text.isEmpty else {
      return mismatch("a string that is not empty")
    }
    return text
  }

  package func bool() -> Bool? {
    guard case .bool(let flag) = value else { return mismatch("true or false") }
    return flag
  }

  /// What may be counted, where nothing else bounds it: no more than a snapshot may hold, and what
  /// the numbers of most JSON readers hold exactly.
  package static let countMax = WholeNumbers.exact.upperBound

  /// A whole number; `3.0` is one, `"3"` is none. Every one has a range: whoever counts with it
  /// relies on that.
  package func int(in range: ClosedRange<Int>) -> Int? {
    guard let number = value.intValue, range.contains(number) else {
      return mismatch("a whole number" + Self.words(range, -Self.countMax, Self.countMax))
    }
    return number
  }

  package func double(in range: ClosedRange<Double> = -(.infinity) ... .infinity) -> Double? {
    guard let number = value.doubleValue, number.isFinite, range.contains(number) else {
      let most = -Double.infinity...Double.infinity
      return mismatch(
        "a number"
          + (range == most ? "" : " from \(range.lowerBound.plain) to \(range.upperBound.plain)"))
    }
    return number
  }

  private static func words<Bound: Comparable>(
    _ range: ClosedRange<Bound>, _ least: Bound, _ most: Bound
  ) -> String {
    switch (range.lowerBound == least, range.upperBound == most) {
    case (true, true): ""
    case (false, true): " of at least \(range.lowerBound)"
    case (true, false): " of at most \(range.upperBound)"
    case (false, false): " from \(range.lowerBound) to \(range.upperBound)"
    }
  }

  /// `"250ms"`, `"2s"`, `"1m30s"`, `"1h"`; never negative.
  package func duration() -> Duration? {
    switch value {
    case .string(let text):
      return DurationText.parse(text) ?? mismatch(#"a duration such as "250ms" or "1m30s""#)
    case .integer(0): return .zero
    case .integer, .decimal:
      // Who writes hundreds counts in milliseconds, as most programs' settings do.
      let unit = (value.doubleValue ?? 0) < 100 ? "s" : "ms"
      problem(
        #"expected a duration with its unit, such as "\#(value.text)\#(unit)", found \#(value.text)"#
      )
      return nil
    default: return mismatch(#"a duration such as "250ms" or "1m30s""#)
    }
  }

  /// Bytes: a whole number, or a text such as `"64KiB"` or `"10MB"`.
  package func size() -> Int? {
    switch value {
    case .integer(let count) where count >= 0: return count
    case .string(let text):
      return SizeText.parse(text) ?? mismatch(#"a size such as 100, "64KiB" or "10MB""#)
    default: return mismatch(#"a size such as 100, "64KiB" or "10MB""#)
    }
  }

  /// RFC 3339, such as `"2026-01-01T00:00:00Z"`.
  package func instant() -> VirtualInstant? {
    guard case .string(let text) = value, let instant = VirtualInstant(iso8601: text) else {
      return mismatch(#"an instant such as "2026-01-01T00:00:00Z""#)
    }
    return instant
  }

  /// A text that may hold `*` and `?`; see `Glob`.
  package func glob() -> Glob? {
    guard case .string(let text) = value else {
      return mismatch(#"a text, in which * stands for any characters"#)
    }
    return Glob(text)
  }

  /// One of the raw values of a closed set.
  package func choice<Choice>(of type: Choice.Type = Choice.self) -> Choice?
  where Choice: RawRepresentable<String> & CaseIterable {
    if case .string(let text) = value, let choice = Choice(rawValue: text), choice.rawValue == text
    {
      return choice
    }
    return word(of: Choice.allCases.map { $0.rawValue }).flatMap(Choice.init(rawValue:))
  }

  /// One of some words.
  package func word(of valid: [String]) -> String? {
    guard case .string(let text) = value else {
      return mismatch("one of " + valid.map(quoted).joined(separator: ", "))
    }
    return valid.contains(text) ? text : unknown("value", text, of: valid)
  }

  /// Any JSON.
  package func json() -> JSON? {
    return value
  }

  // MARK: Containers

  /// Every element through `body`; nil when the value is no array or an element gave nil.
  package func array<Element>(_ body: (ScenarioReader) -> Element?) -> [Element]? {
    guard case .array(let elements) = value else { return mismatch("an array") }
    var result: [Element] = []
    result.reserveCapacity(elements.count)
    var isWhole = true
    for (index, element) in elements.enumerated() {
      let reader = ScenarioReader(value: element, path: .index(path, index), findings: findings)
      if let element = body(reader) { result.append(element) } else { isWhole = false }
    }
    return isWhole ? result : nil
  }

  /// An object with known keys: `body` asks for them, what it did not ask for is a problem.
  package func object<Value>(_ body: (ScenarioObject) -> Value?) -> Value? {
    guard case .object(let members) = value else { return mismatch("an object") }
    let object = ScenarioObject(members, reader: self)
    let result = body(object)
    object.finish()
    return result
  }

  /// An object whose keys are free (variables, fields, query): every member through `body`, in order.
  package func dictionary<Value>(
    _ body: (String, ScenarioReader) -> Value?
  ) -> [(key: String, value: Value)]? {
    guard case .object(let members) = value else { return mismatch("an object") }
    var result: [(key: String, value: Value)] = []
    var seen: TextSet = []
    var isWhole = true
    for (key, value) in members.members {
      let reader = ScenarioReader(value: value, path: .key(path, key), findings: findings)
      if !seen.insert(key).inserted { reader.problem("the key \(quoted(key)) stands here twice") }
      if let value = body(key, reader) { result.append((key, value)) } else { isWhole = false }
    }
    return isWhole ? result : nil
  }

  /// A member, without making its key a known one; nil when there is none.
  package func member(_ key: String) -> ScenarioReader? {
    value[key].map { ScenarioReader(value: $0, path: .key(path, key), findings: findings) }
  }

  /// The elements of an array; of another value none.
  package var elements: [ScenarioReader] {
    (value.arrayValue ?? []).indices.map(elementOrSelf)
  }

  /// A place below this one, without making its keys known ones; nil when there is none.
  package func place(_ tokens: String...) -> ScenarioReader? {
    tokens.reduce(self) { reader, token in
      guard let reader else { return nil }
      if case .array(let elements) = reader.value {
        guard let index = Int(token), elements.indices.contains(index) else { return nil }
        return reader.elementOrSelf(index)
      }
      return reader.member(token)
    }
  }

  /// An element of an array, or the value itself when it is none.
  func elementOrSelf(_ index: Int) -> ScenarioReader {
    guard let element = value[index] else { return self }
    return ScenarioReader(value: element, path: .index(path, index), findings: findings)
  }
}

/// What one decode has found so far.
final class ScenarioFindings {
  var problems: [ScenarioProblem] = []
  /// What exists; nil: names are not checked.
  let catalog: ScenarioCatalog?
  /// An event is read whose templates are filled later.
  var isInEvent = false

  let problemsMax: Int

  init(_ catalog: ScenarioCatalog?, problemsMax: Int) {
    self.catalog = catalog
    self.problemsMax = problemsMax
  }
}

/// Where a value stands; becomes a text only when there is a problem.
indirect enum ScenarioPath {
  case root(String)
  case key(ScenarioPath, String)
  case index(ScenarioPath, Int)

  var pointer: String {
    switch self {
    case .root(let pointer): pointer
    case .key(let path, let key): path.pointer + "/" + key.asPointerToken
    case .index(let path, let index): path.pointer + "/\(index)"
    }
  }
}

extension Double {
  /// In digits, without an exponent: `0.000001`, `1000000`.
  fileprivate var plain: String {
    if let whole = Int(exactly: self) { return String(whole) }
    let text = "\(self)"
    guard let mark = text.firstRange(of: "e-"), self > 0, self < 1,
      let places = Int(text[mark.upperBound...]), places <= 30
    else { return text }
    let digits = text[..<mark.lowerBound].unicodeScalars.filter { $0 != "." }
    return "0." + String(repeating: "0", count: places - 1)
      + String(String.UnicodeScalarView(digits))
  }
}
