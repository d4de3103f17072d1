import Resources

/// A service's tab in the console.
package struct ConsoleView: Sendable {
  package var title: String
  /// JavaScript that declares `view(state)`, which makes elements of what
  /// `GET /_wavetank/state/{service}` shows. A block of the page's module: it has the helpers of
  /// `core.js` (`h`, `cards`, `list`, `tag`, `pretty`, …), and its names are its own.
  package var script: String

  package init(_ title: String, script: String) {
    self.title = title
    self.script = script
  }

  /// - Parameter file: one of `Resources`.
  package init?(_ title: String, file: String) {
    guard let script = Resource.text(file) else { return nil }
    self.init(title, script: script)
  }

  /// What the state is, for a service that says nothing.
  package static func plain(_ title: String) -> ConsoleView {
    ConsoleView(title, script: "const view = (state) => [pretty(state)];\n")
  }
}
