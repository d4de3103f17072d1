import PayloadCodecs

/// A regular expression, found anywhere in a text (`^…$` for the whole); see `RegexNode` for what may
/// stand in it.
///
/// The emulator's own, not the standard library's: that one tries one way after the other, so that
/// `(a+)+$` and thirty letters from the network would hold a thread for minutes.
package struct TextPattern: Sendable, Equatable {
  package let text: String
  private let program: RegexProgram
  /// What stands in every text in which it is found.
  let required: [RequiredText]

  /// Steps of one search, some tenths of a second: what is not found by then counts as not there.
  /// Contents of many megabytes with an expression of many parts come to it.
  package static let stepsMax = 20_000_000

  package init(_ text: String) throws(RegexError) {
    self.text = text
    let node = try RegexParser.parse(text)
    program = try RegexProgram(node)
    required = node.required
  }

  package func matches(_ candidate: String) -> Bool {
    program.isFound(in: candidate, stepsMax: Self.stepsMax)
  }
}
