/// Swift source with the insides of comments and of string literals blanked, so that a rule about code
/// does not trip over prose. Line breaks stay where they are: line numbers hold.
///
/// **Shape.** Line and nested block comments; literals of one line and of several, raw ones too.
/// What stands in an interpolation is code and stays.
enum SwiftCode {
  static func blanked(_ source: [UInt8]) -> [UInt8] {
    var blanking = Blanking(source)
    return blanking.run()
  }
}

private struct Blanking {
  /// What encloses the byte at hand; code is the bottom and each interpolation.
  private enum Enclosure: Equatable {
    case code(parentheses: Int)
    case lineComment
    case blockComment(depth: Int)
    case literal(hashes: Int, isMultiline: Bool)
  }

  private let source: [UInt8]
  private var output: [UInt8] = []
  private var position = 0
  private var enclosures: [Enclosure] = [.code(parentheses: 0)]

  init(_ source: [UInt8]) {
    self.source = source
    output.reserveCapacity(source.count)
  }

  mutating func run() -> [UInt8] {
    while position < source.count {
      if takePlainLine() { continue }
      switch enclosures.last ?? .code(parentheses: 0) {
      case .code(let parentheses): stepInCode(parentheses)
      case .lineComment: stepInLineComment()
      case .blockComment(let depth): stepInBlockComment(depth)
      case .literal(let hashes, let isMultiline): stepInLiteral(hashes, isMultiline)
      }
    }
    return output
  }

  /// Most lines hold neither a literal nor a comment, or nothing but a comment.
  private mutating func takePlainLine() -> Bool {
    guard enclosures.count == 1, position == 0 || source[position - 1] == UInt8(ascii: "\n")
    else { return false }
    let end = LinedText.find([0x0A], in: source, from: position).map { $0 + 1 } ?? source.count
    let line = Array(source[position..<end])
    let slash = LinedText.find([0x2F], in: line, from: 0)
    if slash == nil, LinedText.find([0x22], in: line, from: 0) == nil {
      keep(line.count)
      return true
    }
    guard let slash, slash + 1 < line.count, line[slash + 1] == 0x2F,
      line[..<slash].allSatisfy({ $0 == 0x20 })
    else { return false }
    output.append(contentsOf: [UInt8](repeating: 0x20, count: line.count - 1))
    output.append(line.last == 0x0A ? 0x0A : 0x20)
    position = end
    return true
  }

  private func starts(with text: String) -> Bool {
    var index = position
    for byte in text.utf8 {
      guard index < source.count, source[index] == byte else { return false }
      index += 1
    }
    return true
  }

  private func run(of byte: UInt8, from start: Int) -> Int {
    var index = start
    while index < source.count, source[index] == byte { index += 1 }
    return index - start
  }

  private mutating func keep(_ count: Int) {
    output.append(contentsOf: source[position..<min(position + count, source.count)])
    position += count
  }

  private mutating func blank(_ count: Int) {
    for byte in source[position..<min(position + count, source.count)] {
      output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
    }
    position += count
  }

  private mutating func stepInCode(_ parentheses: Int) {
    if starts(with: "//") {
      enclosures.append(.lineComment)
      return blank(2)
    }
    if starts(with: "/*") {
      enclosures.append(.blockComment(depth: 1))
      return blank(2)
    }
    let hashes = run(of: UInt8(ascii: "#"), from: position)
    let quotes = run(of: UInt8(ascii: "\""), from: position + hashes)
    if quotes > 0 {
      let isMultiline = quotes >= 3
      enclosures.append(.literal(hashes: hashes, isMultiline: isMultiline))
      return keep(hashes + (isMultiline ? 3 : 1))
    }
    switch source[position] {
    case UInt8(ascii: "(") where enclosures.count > 1:
      enclosures[enclosures.count - 1] = .code(parentheses: parentheses + 1)
    case UInt8(ascii: ")") where enclosures.count > 1 && parentheses == 0:
      enclosures.removeLast()
    case UInt8(ascii: ")") where enclosures.count > 1:
      enclosures[enclosures.count - 1] = .code(parentheses: parentheses - 1)
    default: break
    }
    keep(1)
  }

  private mutating func stepInLineComment() {
    if source[position] == UInt8(ascii: "\n") { enclosures.removeLast() }
    blank(1)
  }

  private mutating func stepInBlockComment(_ depth: Int) {
    if starts(with: "/*") {
      enclosures[enclosures.count - 1] = .blockComment(depth: depth + 1)
      blank(2)
    } else if starts(with: "*/") {
      enclosures.removeLast()
      if depth > 1 { enclosures.append(.blockComment(depth: depth - 1)) }
      blank(2)
    } else {
      blank(1)
    }
  }

  private mutating func stepInLiteral(_ hashes: Int, _ isMultiline: Bool) {
    let fence = String(repeating: "#", count: hashes)
    let end = (isMultiline ? "\"\"\"" : "\"") + fence
    let escape = "\\" + fence
    if starts(with: escape + "(") {
      blank(escape.utf8.count)
      enclosures.append(.code(parentheses: 0))
      keep(1)
    } else if starts(with: escape) {
      blank(escape.utf8.count + 1)
    } else if starts(with: end) {
      enclosures.removeLast()
      keep(end.utf8.count)
    } else {
      // A literal of one line that never ends is not Swift; go on as code behind it.
      if !isMultiline, source[position] == UInt8(ascii: "\n") { enclosures.removeLast() }
      blank(1)
    }
  }
}
