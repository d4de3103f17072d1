// Resources: the files that are part of the program.
//
// Owns: the texts of `CResources`, which the compiler takes from their files.
// Refuses to know: what they are for.
// Read next: `CResources/CResources.c` for which files there are.

import CResources

package enum Resource {
  /// By subject and file name, such as `console/page.html`.
  package static let all: [(name: String, text: String)] = {
    var all: [(name: String, text: String)] = []
    // SAFETY: the table is static, ends with a null name, and all its texts end with a NUL.
    guard var resource = unsafe wavetank_resources() else { return [] }
    while let name = unsafe resource.pointee.name, let text = unsafe resource.pointee.text {
      unsafe all.append((String(cString: name), String(cString: text)))
      unsafe resource += 1
    }
    return all
  }()

  /// Nil when there is none of that name.
  package static func text(_ name: String) -> String? { all.first { $0.name == name }?.text }

  /// A text with other texts in the places of its marks. What is put in is not searched for marks.
  package static func filled(_ name: String, _ places: [(mark: String, text: String)]) -> String {
    var rest = (text(name) ?? "")[...]
    var result = ""
    while true {
      let next = places.compactMap { mark, text in
        rest.utf8.firstRange(of: mark.utf8).map { (range: $0, text: text) }
      }.min { $0.range.lowerBound < $1.range.lowerBound }
      guard let next else { return result + rest }
      result += rest[..<next.range.lowerBound] + next.text
      rest = rest[next.range.upperBound...]
    }
  }
}
