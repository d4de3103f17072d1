import PayloadCodecs
import Wavetank

/// One flag of a command.
struct Flag {
  let name: String
  /// The name of its value in the help; nil for a switch.
  let value: String?
  let help: String
  var isRepeated = false

  init(_ name: String, value: String? = nil, _ help: String, isRepeated: Bool = false) {
    self.name = name
    self.value = value
    self.help = help
    self.isRepeated = isRepeated
  }
}

/// A command line that cannot be understood: exit status 64 (EX_USAGE of sysexits.h).
struct UsageError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

/// The arguments of a command, taken apart by its flags: `--flag value`, `--flag=value`, `--switch`,
/// and everything else in order. After `--` nothing is a flag.
struct CommandLineArguments {
  private(set) var positionals: [String] = []
  private var values: [String: [String]] = [:]

  init(_ arguments: [String], flags: [Flag]) throws(UsageError) {
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--" {
        positionals += arguments[index...]
        return
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        positionals.append(argument)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = Self.spelledOut(String(parts[0]))
      guard let flag = flags.first(where: { $0.name == name }) else {
        throw UsageError(Self.unknown(name, among: flags.map(\.name)))
      }
      if values[name] != nil, !flag.isRepeated {
        throw UsageError("\(name) was given more than once.")
      }
      guard let meaning = flag.value else {
        guard parts.count == 1 else { throw UsageError("\(name) takes no value.") }
        values[name] = [""]
        continue
      }
      let value: String
      if parts.count == 2 {
        value = String(parts[1])
      } else if index < arguments.count {
        value = arguments[index]
        index += 1
      } else {
        throw UsageError("\(name) needs a value: \(name) \(meaning).")
      }
      // Of a variable that is not set: as a path it would mean the folder one is in.
      guard !value.isEmpty else {
        throw UsageError("\(name) needs a value: \(name) \(meaning), not an empty text.")
      }
      values[name, default: []].append(value)
    }
  }

  private static func spelledOut(_ name: String) -> String {
    switch name {
    case "-h": "--help"
    case "-p": "--port"
    default: name
    }
  }

  func has(_ name: String) -> Bool { values[name] != nil }
  func value(_ name: String) -> String? { values[name]?.last }
  func all(_ name: String) -> [String] { values[name] ?? [] }

  /// A whole number within a range.
  func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    try integers(name, in: range).last
  }

  /// All of a flag that may repeat.
  func integers(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> [Int] {
    var numbers: [Int] = []
    for text in all(name) {
      guard let number = Int(text), range.contains(number) else {
        throw UsageError(
          "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not “\(text)”."
        )
      }
      numbers.append(number)
    }
    return numbers
  }

  /// A flag whose value is one of a few words.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ flag: String
  ) throws(UsageError) -> Choice? where Choice.RawValue == String {
    guard let word = value(flag) else { return nil }
    guard let choice = Choice(rawValue: word) else {
      let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("\(flag) must be one of \(words), not “\(word)”.")
    }
    return choice
  }

  /// The value of `--tenant`.
  func tenant() throws(UsageError) -> String? {
    guard let name = value("--tenant") else { return nil }
    guard ClientEnvironment.isTenantName(name) else {
      throw UsageError("--tenant must match [a-z0-9][a-z0-9-]{0,62}, not “\(name)”.")
    }
    return name
  }

  /// "Unknown …", with the nearest one that exists.
  static func unknown(_ word: String, among known: [String]) -> String {
    if let nearest = Nearest.match(for: word, among: known) {
      return "Unknown “\(word)”. Did you mean “\(nearest)”?"
    }
    return "Unknown “\(word)”. Known: \(known.joined(separator: ", "))."
  }
}
