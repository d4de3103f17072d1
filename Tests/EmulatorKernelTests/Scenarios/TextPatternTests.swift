import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Regular expressions are searched in linear time (DESIGN §7)")
struct TextPatternTests {
  static let cases: [(pattern: String, found: [String], missing: [String])] = [
    ("", ["", "a"], []),
    ("abc", ["abc", "xabcx"], ["ab", "ABC"]),
    ("^abc$", ["abc", "abc\n"], ["xabc", "abcx"]),
    ("a|b|", ["", "z"], []),
    ("^(a|bc)+$", ["a", "bcabc"], ["b", "abca b"]),
    ("a.c", ["abc", "aéc", "a😀c"], ["ac", "a\nc"]),
    ("(?s)a.c", ["a\nc"], []), ("(?s:.)x", ["\nx"], ["x"]),
    ("(?i)grün", ["GRÜN", "grün"], ["gruen"]), ("a(?i)b", ["aB", "ab"], ["AB"]),
    ("(?i:a)b", ["Ab"], ["AB"]),
    ("(?m)^b$", ["a\nb\nc"], ["ab"]),
    ("^[a-z0-9_-]+$", ["wave-7_x"], ["Wave", ""]),
    ("[^a-z]", ["A", "ab1"], ["abc", ""]), ("[]a]", ["]"], ["b"]), ("[a-]", ["-"], ["b"]),
    (#"[\d\-x]"#, ["7", "-", "x"], ["y"]), ("[[:alpha:]]+[[:digit:]]", ["ab1"], ["1"]),
    (#"^\d{3}$"#, ["123"], ["12", "1234"]), ("^a{2,3}$", ["aa", "aaa"], ["a", "aaaa"]),
    ("^a{2,}$", ["aa", "aaaaa"], ["a"]), ("^a{,2}$", ["", "aa"], ["aaa"]), ("a{x", ["a{x"], ["a"]),
    (#"\bship\b"#, ["a ship."], ["ships"]), (#"\Bs"#, ["ships"], ["s"]),
    (#"\A\w+\z"#, ["wört"], ["a b", "a\n"]), (#"\s"#, ["a b"], ["ab"]),
    (#"^\S+$"#, ["ab"], ["a b"]),
    (#"\x41\u0042\u{43}"#, ["ABC"], ["abc"]), (#"\p{Lu}\p{Nd}"#, ["É5"], ["é5"]),
    (#"\.\*\/\{"#, [".*/{"], ["ab"]), ("^(?:a*)*$", ["", "aaa"], ["b"]), ("a+?b", ["aab"], ["b"]),
    ("(?<year>[0-9]{4})-(?P<month>[0-9]{2})", ["2026-01"], ["26-01"]),
    ("(?x) a b # comment", ["ab"], ["a b"]), ("x*", ["", "y"], []),
    ("(|a)+b", ["b", "aab"], ["a"]),
  ]

  @Test("Finds what it should and nothing else", arguments: cases)
  func finds(_ item: (pattern: String, found: [String], missing: [String])) throws {
    let pattern = try TextPattern(item.pattern)
    for text in item.found {
      #expect(pattern.matches(text), "\(item.pattern) in \(text.debugDescription)")
    }
    for text in item.missing {
      #expect(!pattern.matches(text), "\(item.pattern) not in \(text.debugDescription)")
    }
  }

  static let wrong = [
    "(", ")", "a)", "[a", "[z-a]", "*", "a**", "+a", #"\"#, #"\q"#, #"\1(a)"#, "(?=a)", "(?<!a)",
    "(?>a)", "a++", "[[:unknown:]]", "[a&&b]", #"\p{Xx}"#, #"\u{110000}"#, "a{2,1}", "a{1001}",
    "(a{1000}){1000}", "(?z)", "(?<name", "^*", String(repeating: "(", count: 5_000),
    String(repeating: "a", count: 10_000), "((((a{100}){100}){100}){100})",
  ]

  @Test("What cannot be searched is refused, with the place", arguments: wrong)
  func refuses(_ pattern: String) {
    #expect(throws: RegexError.self) { try TextPattern(pattern) }
  }

  static let slow = [
    ("^(a+)+$", "a"), ("(a|a)*$x", "a"), ("(a*)*b", "a"), ("^(.*.*.*.*)=.*;$", "x"),
    ("(x+x+)+y", "x"),
    ("((a{0,30}){0,30})b", "a"), ("(?i)(é|e)*$z", "é"),
  ]

  @Test("No expression and no text hold a thread", arguments: slow)
  func bounded(_ item: (pattern: String, letter: String)) throws {
    let pattern = try TextPattern(item.pattern)
    let clock = ContinuousClock()
    let elapsed = clock.measure {
      #expect(!pattern.matches(String(repeating: item.letter, count: 50_000) + "!"))
    }
    // Twenty million steps of an unoptimised build; backtracking would take longer than the world.
    #expect(elapsed < .seconds(60))
  }

  @Test("Random expressions say what the standard library's say")
  func oracle() throws {
    var random = SeededRandom(key: 20_26)
    let atoms = ["a", "b", "ab", ".", "[ab]", "[^a]", "(a|b)", "(?:ab|a)", "(b|)", "^", "$"]
    let repeats = ["", "", "*", "+", "?", "{2}", "{1,2}"]
    for _ in 0..<600 {
      var text = ""
      for _ in 0...Int(random.next() % 4) {
        let atom = atoms[Int(random.next() % UInt64(atoms.count))]
        let isAnchor = atom == "^" || atom == "$"
        text += atom + (isAnchor ? "" : repeats[Int(random.next() % UInt64(repeats.count))])
      }
      let ours = try TextPattern(text)
      let theirs = try Regex(text)
      for _ in 0..<8 {
        let length = Int(random.next() % 7)
        let candidate = String((0..<length).map { _ in random.next() % 2 == 0 ? "a" : "b" })
        let isFound = try theirs.firstMatch(in: candidate) != nil
        #expect(ours.matches(candidate) == isFound, "\(text) in \(candidate)")
      }
    }
  }
}
