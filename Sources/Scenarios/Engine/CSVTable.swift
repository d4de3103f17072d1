import PayloadCodecs

/// A table as CSV whose cells are changed and whose other bytes stay as they are.
/// Source: RFC 4180.
struct CSVTable {
  /// Where each cell lies, row by row, its quotes included.
  private var rows: [[Range<Int>]] = []
  private let bytes: [UInt8]

  /// Nil where a quoted cell has no end.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    var row: [Range<Int>] = []
    var begin = 0
    var isQuoted = false
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted:
        row.append(begin..<index)
        begin = index + 1
      case UInt8(ascii: "\n") where !isQuoted:
        let hasReturn = index > begin && bytes[index - 1] == UInt8(ascii: "\r")
        row.append(begin..<(hasReturn ? index - 1 : index))
        rows.append(row)
        row = []
        begin = index + 1
      default: break
      }
    }
    if isQuoted { return nil }
    if begin < bytes.count || !row.isEmpty {
      row.append(begin..<bytes.count)
      rows.append(row)
    }
  }

  /// Nil where a heading is not there.
  func setting(_ cells: [(heading: String, value: String)]) -> [UInt8]? {
    guard let head = rows.first else { return nil }
    let headings = head.map(text)
    var columns: [Int: [UInt8]] = [:]
    for (heading, value) in cells {
      guard let column = headings.firstIndex(where: { $0.elementsEqual(heading.utf8) }) else {
        return nil
      }
      columns[column] = Self.quoted(value)
    }
    var changed: [UInt8] = []
    var copied = 0
    for row in rows.dropFirst() {
      for (column, cell) in row.enumerated() {
        guard let value = columns[column] else { continue }
        changed += bytes[copied..<cell.lowerBound]
        changed += value
        copied = cell.upperBound
      }
    }
    return changed + bytes[copied...]
  }

  private func text(_ cell: Range<Int>) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard bytes[cell].first == quote, cell.count >= 2 else { return Array(bytes[cell]) }
    var text: [UInt8] = []
    var isSecond = false
    for byte in bytes[cell].dropFirst().dropLast() {
      isSecond = byte == quote && !isSecond
      if !isSecond { text.append(byte) }
    }
    return text
  }

  private static func quoted(_ value: String) -> [UInt8] {
    let bytes = Array(value.utf8)
    let needsQuotes = bytes.contains { byte in
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
    }
    guard needsQuotes else { return bytes }
    let quote = UInt8(ascii: "\"")
    return [quote] + bytes.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }
}
