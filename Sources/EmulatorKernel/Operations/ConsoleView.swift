import Resources

/// A service's tab in the console.
package struct ConsoleView: Sendable {
  package var title: String
  /// JavaScript that declares `service`: how the tab is drawn and what can be done there, as
  /// `services.mjs` tells it. A block of the page's module: it has what the page's other modules
  /// export (`h`, `cards`, `list`, `tag`, `pretty`, …), and its names are its own.
  package var script: String

  package init(_ title: String, script: String) {
    self.title = title
    self.script = script
  }

  /// - Parameter files: of `Resources`, in their order.
  package init?(_ title: String, files: String...) {
    let texts = files.compactMap(Resource.text)
    guard texts.count == files.count else { return nil }
    self.init(title, script: texts.joined())
  }

  /// What the state is, for a service that says nothing.
  package static func plain(_ title: String) -> ConsoleView {
    ConsoleView(title, script: "const service = { view: (state) => [pretty(state)] };\n")
  }
}
