/// Logarithm and exponential by plain arithmetic: the same bits on every machine and with every C
/// library, which a seeded delay needs and `libm` does not promise.
package enum Exponential {
  private static let ln2 = 0.693147180559945309417232121458

  /// e to the power of `x`. Exact to about 1e-15 for the sizes that delays need.
  package static func of(_ x: Double) -> Double {
    guard x > -700 else { return 0 }
    guard x < 700 else { return Double.greatestFiniteMagnitude }
    let power = (x / ln2).rounded()
    let rest = x - power * ln2
    var term = 1.0
    var sum = 1.0
    for step in 1...20 {
      term *= rest / Double(step)
      sum += term
    }
    return Double(sign: .plus, exponent: Int(power), significand: sum)
  }

  /// The natural logarithm of a positive number.
  package static func log(_ x: Double) -> Double {
    guard x > 0 else { return -Double.greatestFiniteMagnitude }
    var exponent = Double(x.exponent)
    var significand = x.significand
    if significand > 1.414213562373095 {
      significand /= 2
      exponent += 1
    }
    let ratio = (significand - 1) / (significand + 1)
    let square = ratio * ratio
    var power = ratio
    var sum = 0.0
    for step in 0..<24 {
      sum += power / Double(2 * step + 1)
      power *= square
    }
    return 2 * sum + exponent * ln2
  }
}

extension SeededRandom {
  /// Normally distributed, mean 0 and deviation 1. Source: Marsaglia's polar method.
  package mutating func gaussian() -> Double {
    while true {
      let x = 2 * unit() - 1
      let y = 2 * unit() - 1
      let square = x * x + y * y
      guard square > 0, square < 1 else { continue }
      return x * (-2 * Exponential.log(square) / square).squareRoot()
    }
  }
}
