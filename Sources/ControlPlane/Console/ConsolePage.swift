import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Resources
import Synchronization

/// The console at `/_wavetank/console`: one page without outside resources, embedded in the binary.
/// It uses nothing but the control API that everybody has.
///
/// The page is the same for every tenant, and made when somebody asks for it first.
final class ConsolePage: Sendable {
  private struct Made: Sendable {
    var plain: [UInt8]
    var packed: [UInt8]
    var policy: String
  }

  private let services: [any EmulatedService]
  private let made = Mutex<Made?>(nil)

  init(_ services: [any EmulatedService]) { self.services = services }

  func response(isPacked: Bool = false) -> Response {
    let page = made.withLock { made in
      let page = made ?? make()
      made = page
      return page
    }
    var response = Response(.ok, body: .bytes(isPacked ? page.packed : page.plain))
    response.fields.append("Content-Type", "text/html; charset=utf-8")
    if isPacked { response.fields.append("Content-Encoding", "gzip") }
    response.fields.append("Vary", "Accept-Encoding")
    response.fields.append("Cache-Control", "no-cache")
    response.fields.append("Content-Security-Policy", page.policy)
    response.fields.append("Cross-Origin-Opener-Policy", "same-origin")
    response.fields.append("X-Content-Type-Options", "nosniff")
    response.fields.append("Referrer-Policy", "no-referrer")
    return response
  }

  static func answer(_ call: AdminCall) -> Answer {
    let codings = call.request.fields.list("accept-encoding").map(\.asciiLowercased)
    return .now(call.console.response(isPacked: codings.contains("gzip")))
  }

  private func make() -> Made {
    let script = Self.script(services)
    let style = Self.text("style.css")
    let page = Array(Self.html(script, style).utf8)
    // Nothing from elsewhere, no frames around it, no forms to elsewhere, and no script and no style
    // but ours: the token is in it once the user has given it. Nor is there a way back to it for a page
    // that it opened or that opened it.
    let policy =
      "default-src 'none'; style-src '\(Self.digest(style))'; script-src '\(Self.digest(script))'; "
      + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      + "frame-ancestors 'none'"
    return Made(plain: page, packed: (try? Gzip.compress(page, level: 9)) ?? page, policy: policy)
  }

  private static func digest(_ text: String) -> String {
    "sha256-\(Base64.encode(SHA256.digest(Array(text.utf8))))"
  }

  /// The modules in their order; those of the services stand before the last, which starts the page.
  static let modules = [
    "dom.mjs", "api.mjs", "router.mjs", "services.mjs", "query.mjs", "model.mjs", "rowlist.mjs",
    "live.mjs", "clock.mjs", "scale.mjs", "schema.mjs", "why.mjs", "snippets.mjs", "first.mjs",
    "journal.mjs", "exchange.mjs", "editor.mjs", "rules.mjs", "gallery.mjs", "scenario.mjs",
    "tenants.mjs", "numbers.mjs", "time.mjs", "demo.mjs", "palette.mjs", "presenter.mjs",
    "main.mjs",
  ]

  /// One module, so that the token is no other page's to read: the files without their imports and
  /// exports, since here all names are in one place.
  private static func script(_ services: [any EmulatedService]) -> String {
    modules.dropLast().map { joined(text($0)) }.joined() + services.map(tab).joined()
      + joined(text(modules[modules.count - 1]))
  }

  /// A line begins with `import` or `export` only where it is one.
  private static func joined(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line -> Substring? in
      if line.hasPrefix("import ") { return nil }
      return line.hasPrefix("export ") ? line.dropFirst("export ".count) : line
    }.joined(separator: "\n")
  }

  private static func tab(of service: any EmulatedService) -> String {
    let view = service.consoleView ?? .plain(service.documentation.title)
    return """
      {
      \(joined(view.script))addService("\(service.name)", \(JSON.string(view.title).text), service);
      }

      """
  }

  /// `page.html` names its style and its script as files, so that it is a page for editors too; here
  /// they stand in the page itself.
  private static func html(_ script: String, _ style: String) -> String {
    Resource.filled(
      "console/page.html",
      [
        (#"<link rel="stylesheet" href="style.css">"#, "<style>\(style)</style>"),
        (
          #"<script type="module" src="main.mjs"></script>"#,
          #"<script type="module">\#(script)</script>"#
        ),
      ])
  }

  private static func text(_ file: String) -> String { Resource.text("console/\(file)") ?? "" }
}
