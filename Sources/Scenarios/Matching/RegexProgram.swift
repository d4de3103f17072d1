/// A regular expression as a program that is run over a text once, all its ways at the same time: the
/// time is at most program × text, whatever the expression and whatever the text.
///
/// Source: Ken Thompson, "Regular Expression Search Algorithm" (1968); Russ Cox, "Regular Expression
/// Matching: the Virtual Machine Approach" (2009).
struct RegexProgram: Sendable, Equatable {
  enum Instruction: Sendable, Equatable {
    case literal(UInt32)
    case set(Int)
    case assertion(RegexAssertion)
    case jump(Int)
    case split(Int, Int)
    case found
  }

  private(set) var instructions: [Instruction] = []
  private(set) var sets: [RegexSet] = []

  /// `(a{1000}){1000}` and its like.
  static let instructionsMax = 4_000

  init(_ node: RegexNode) throws(RegexError) {
    try emit(node)
    try append(.found)
  }

  // MARK: Compiling

  private mutating func append(_ instruction: Instruction) throws(RegexError) {
    guard instructions.count < Self.instructionsMax else {
      throw RegexError(
        description: "with its repetitions it has more than \(Self.instructionsMax) steps",
        position: 1)
    }
    instructions.append(instruction)
  }

  private mutating func emit(_ node: RegexNode) throws(RegexError) {
    switch node {
    case .empty: break
    case .scalars(let set):
      if let literal = set.literal {
        try append(.literal(literal))
      } else {
        let known = sets.firstIndex(of: set)
        if known == nil { sets.append(set) }
        try append(.set(known ?? sets.count - 1))
      }
    case .assertion(let assertion): try append(.assertion(assertion))
    case .sequence(let nodes): for node in nodes { try emit(node) }
    case .choice(let branches): try emit(branches)
    case .repeated(let node, let least, let most): try emit(node, least, most)
    }
  }

  private mutating func emit(_ branches: [RegexNode]) throws(RegexError) {
    var ends: [Int] = []
    for branch in branches.dropLast() {
      let split = instructions.count
      try append(.found)
      try emit(branch)
      ends.append(instructions.count)
      try append(.found)
      instructions[split] = .split(split + 1, instructions.count)
    }
    if let last = branches.last { try emit(last) }
    for end in ends { instructions[end] = .jump(instructions.count) }
  }

  private mutating func emit(_ node: RegexNode, _ least: Int, _ most: Int?) throws(RegexError) {
    // What is empty stays empty, however often: else {1000} of {1000} of nothing would be walked.
    let start = instructions.count
    for _ in 0..<least {
      try emit(node)
      if instructions.count == start { return }
    }
    guard let most else {
      let split = instructions.count
      try append(.found)
      try emit(node)
      try append(.jump(split))
      instructions[split] = .split(split + 1, instructions.count)
      return
    }
    var splits: [Int] = []
    for _ in least..<max(least, most) {
      splits.append(instructions.count)
      try append(.found)
      try emit(node)
    }
    for split in splits { instructions[split] = .split(split + 1, instructions.count) }
  }
}

extension RegexProgram {
  /// Whether the expression is found anywhere in a text; false when it was not within `stepsMax`.
  func isFound(in text: String, stepsMax: Int) -> Bool {
    var run = RegexRun(program: self, text: Array(text.utf8), stepsMax: stepsMax)
    return run.finds()
  }
}

/// One search.
private struct RegexRun {
  private let program: RegexProgram
  private let text: [UInt8]
  private var stepsLeft: Int
  /// The ways that are open at a place, each once.
  private var ways: [Int] = []
  /// When each way was last found open.
  private var mark: [Int]
  private var generation = 0
  private var stack: [Int] = []
  private var hasFound = false

  init(program: RegexProgram, text: [UInt8], stepsMax: Int) {
    self.program = program
    self.text = text
    stepsLeft = stepsMax
    mark = Array(repeating: 0, count: program.instructions.count)
  }

  mutating func finds() -> Bool {
    var index = 0
    var before: Unicode.Scalar?
    var open: [Int] = []
    generation = 1
    while stepsLeft > 0 {
      let (scalar, length) = scalar(at: index)
      add(0, index, before, scalar)
      if hasFound { return true }
      guard let scalar else { return false }
      generation += 1
      swap(&open, &ways)
      ways.removeAll(keepingCapacity: true)
      let (afterIndex, after) = (index + length, self.scalar(at: index + length).scalar)
      for way in open {
        stepsLeft -= 1
        let isTaken =
          switch program.instructions[way] {
          case .literal(let wanted): wanted == scalar.value
          case .set(let set): program.sets[set].contains(scalar)
          default: false
          }
        if isTaken { add(way + 1, afterIndex, scalar, after) }
        if hasFound { return true }
      }
      (index, before) = (afterIndex, scalar)
    }
    return false
  }

  /// Adds a way and all it leads to without taking a character.
  private mutating func add(
    _ start: Int, _ index: Int, _ before: Unicode.Scalar?,
    _ after: Unicode.Scalar?
  ) {
    stack.append(start)
    while let way = stack.popLast() {
      guard mark[way] != generation else { continue }
      mark[way] = generation
      stepsLeft -= 1
      switch program.instructions[way] {
      case .literal, .set: ways.append(way)
      case .jump(let next): stack.append(next)
      case .split(let first, let second):
        stack.append(second)
        stack.append(first)
      case .assertion(let assertion):
        if holds(assertion, index, before, after) { stack.append(way + 1) }
      case .found: hasFound = true
      }
    }
  }

  private func holds(
    _ assertion: RegexAssertion, _ index: Int, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?
  ) -> Bool {
    let isBoundary =
      (before.map { RegexSet.isOf(.word, $0) } ?? false)
      != (after.map { RegexSet.isOf(.word, $0) } ?? false)
    return switch assertion {
    case .textStart: before == nil
    case .textEnd: after == nil
    case .lastLineEnd: after == nil || after == "\n" && index + 1 == text.count
    case .lineStart: before == nil || before == "\n"
    case .lineEnd: after == nil || after == "\n"
    case .wordBoundary: isBoundary
    case .noWordBoundary: !isBoundary
    }
  }

  /// The character at a place of valid UTF-8, and how many bytes it has.
  private func scalar(at index: Int) -> (scalar: Unicode.Scalar?, length: Int) {
    guard index < text.count else { return (nil, 0) }
    let first = UInt32(text[index])
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard index + length <= text.count else { return ("\u{FFFD}", text.count - index) }
    var value = first & (0x7F >> UInt32(length))
    for offset in 1..<length { value = value << 6 | UInt32(text[index + offset] & 0x3F) }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
  }
}
