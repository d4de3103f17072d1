/// Values as text inside of HTML and XML: whatever they hold, they are nothing but text there.
package enum MarkupText {
  /// Control characters, which XML cannot hold, become spaces.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
        result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A cell of a Markdown table.
  package static func cell(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "|", "\\", "`", "*", "_", "[", "]", "#": result += "\\\(scalar)"
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\n", "\r": result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// Source: the JUnit XML of Jenkins and GitLab.
package enum JUnitText {
  package struct Case {
    package var group: String
    package var name: String
    /// Nil: it is good.
    package var failure: (message: String, text: String)?

    package init(_ group: String, _ name: String, failure: (message: String, text: String)? = nil) {
      (self.group, self.name, self.failure) = (group, name, failure)
    }
  }

  package static func suite(_ name: String, _ cases: [Case]) -> String {
    let failures = cases.count { $0.failure != nil }
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    text +=
      "<testsuite name=\"\(attribute(name))\" tests=\"\(cases.count)\" failures=\"\(failures)\">\n"
    for item in cases {
      text +=
        "  <testcase classname=\"\(attribute(item.group))\" name=\"\(attribute(item.name))\""
      if let failure = item.failure {
        text += "><failure message=\"\(attribute(failure.message))\">"
        text += "\(MarkupText.escaped(failure.text))</failure></testcase>\n"
      } else {
        text += "/>\n"
      }
    }
    return text + "</testsuite>\n"
  }

  private static func attribute(_ text: String) -> String {
    MarkupText.escaped(text).replacing("\n", with: " ").replacing("\t", with: " ")
  }
}
