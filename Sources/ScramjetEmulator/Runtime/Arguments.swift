import EmulatorKernel
import PayloadCodecs

/// The start's args as a behaviour's parameters see them: `$0`, `$1.name`, `$2[0]`, `$0+1`.
struct Arguments: Sendable {
  let values: [JSON]
  let appConfig: JSON?

  init(_ values: [JSON] = [], appConfig: JSON? = nil) {
    self.values = values
    self.appConfig = appConfig
  }

  /// A text with every `$n` replaced. A missing one reads as JavaScript prints it.
  func fill(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "$"), let (value, next) = reference(bytes, index + 1)
      else {
        out.append(bytes[index])
        index += 1
        continue
      }
      out += value.map(\.asText) ?? Array("undefined".utf8)
      index = next
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// Digits, then members and elements as long as they exist.
  private func reference(_ bytes: [UInt8], _ start: Int) -> (value: JSON?, next: Int)? {
    guard let (number, afterNumber) = Self.digits(bytes, start) else { return nil }
    guard values.indices.contains(number) else { return (nil, afterNumber) }
    var value = values[number]
    var index = afterNumber
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "["), let (element, end) = Self.digits(bytes, index + 1),
        end < bytes.count, bytes[end] == UInt8(ascii: "]"), let inner = value[element]
      {
        value = inner
        index = end + 1
      } else if bytes[index] == UInt8(ascii: "."), case .object = value {
        var end = index + 1
        while end < bytes.count, bytes[end] | 0x20 &- 0x61 < 26 || bytes[end] &- 0x30 < 10 {
          end += 1
        }
        guard let inner = value[String(decoding: bytes[index + 1..<end], as: UTF8.self)] else {
          break
        }
        value = inner
        index = end
      } else {
        break
      }
    }
    return (value, index)
  }

  private static func digits(_ bytes: [UInt8], _ start: Int) -> (Int, Int)? {
    var end = start
    while end < bytes.count, bytes[end] &- 0x30 < 10, end - start < 6 { end += 1 }
    guard end > start, let number = Int(String(decoding: bytes[start..<end], as: UTF8.self)) else {
      return nil
    }
    return (number, end)
  }

  /// A whole number: as it stands, as `"$0"`, or as `"$0+1"`; an absent arg gives `missing`.
  func number(_ value: JSON, missing: Int) -> Int? {
    if let number = value.intValue { return number }
    guard let text = value.stringValue, text.hasPrefix("$") else { return nil }
    let parts = text.split(separator: "+", maxSplits: 1)
    let plus = parts.count == 2 ? Int(parts[1]) : 0
    guard let plus, let (number, end) = Self.digits(Array(parts[0].utf8), 1),
      end == parts[0].utf8.count
    else { return nil }
    guard values.indices.contains(number) else { return missing }
    let given = values[number].intValue ?? values[number].stringValue.flatMap { Int($0) }
    return given.map { $0.addingClamping(plus) } ?? missing
  }
}
