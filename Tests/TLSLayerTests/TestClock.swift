import Foundation

enum TestClock {
  static func seconds() -> Double { Date().timeIntervalSince1970 }
}
