/// The order in which Shipyard writes the keys of a map: letters after everything else, digits by
/// their value, so `EMAIL_SEND_METHOD` stands before `EMAIL_SENDER_ADDRESS` and `Vessel 2` before
/// `Vessel 10`.
///
/// Source: the order of the editor's own YAML, which is that of Go's yaml.v3 (`sorter.go`).
enum KeyOrder {
  static func precedes(_ left: String, _ right: String) -> Bool {
    let (left, right) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
    var isInNumber = false
    for index in 0..<min(left.count, right.count) {
      guard left[index] != right[index] else {
        isInNumber = left[index].isDigit
        continue
      }
      let (isLeftLetter, isRightLetter) = (left[index].isLetter, right[index].isLetter)
      if isLeftLetter && isRightLetter { return left[index] < right[index] }
      if isLeftLetter || isRightLetter { return isInNumber ? isLeftLetter : isRightLetter }
      return isLower(left, than: right, from: index)
    }
    return left.count < right.count
  }

  /// Two numbers that differ at `index`, or characters that are neither digits nor letters.
  private static func isLower(
    _ left: [Unicode.Scalar], than right: [Unicode.Scalar], from index: Int
  ) -> Bool {
    var start: UInt64 = 0
    // A zero counts only behind another digit of the same number.
    if left[index] == "0" || right[index] == "0" {
      let before = left[..<index].reversed().prefix { $0.isDigit }
      if before.contains(where: { $0 != "0" }) { start = 1 }
    }
    let leftNumber = number(left[index...], start)
    let rightNumber = number(right[index...], start)
    if leftNumber.value != rightNumber.value { return leftNumber.value < rightNumber.value }
    if leftNumber.length != rightNumber.length { return leftNumber.length < rightNumber.length }
    return left[index] < right[index]
  }

  /// More digits than fit wrap around, as there.
  private static func number(
    _ scalars: ArraySlice<Unicode.Scalar>, _ start: UInt64
  ) -> (value: Int64, length: Int) {
    var value = start
    let digits = scalars.prefix { $0.isDigit }
    for digit in digits { value = value &* 10 &+ UInt64(digit.value) &- 0x30 }
    return (Int64(bitPattern: value), digits.count)
  }
}

extension Unicode.Scalar {
  fileprivate var isDigit: Bool {
    isASCII ? (0x30...0x39).contains(value) : properties.generalCategory == .decimalNumber
  }

  fileprivate var isLetter: Bool {
    if isASCII { return (0x61...0x7A).contains(value | 0x20) }
    return switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
}
