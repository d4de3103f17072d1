import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Resources

/// The console at `/_wavetank/console`: one page without outside resources, embedded in the binary.
/// It uses nothing but the control API that everybody has.
enum ConsolePage {
  /// The page is the same for every tenant.
  static func response(_ services: [any EmulatedService]) -> Response {
    let script = script(services)
    var response = Response(.ok, body: .bytes(Array(html(script).utf8)))
    response.fields.append("Content-Type", "text/html; charset=utf-8")
    response.fields.append("Cache-Control", "no-cache")
    // Nothing from elsewhere, no frames around it, no forms to elsewhere, and no script but ours: the
    // token is in it once the user has given it. Nor is there a way back to it for a page that it
    // opened or that opened it.
    response.fields.append(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; "
        + "script-src 'sha256-\(Base64.encode(SHA256.digest(Array(script.utf8))))'; "
        + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'")
    response.fields.append("Cross-Origin-Opener-Policy", "same-origin")
    response.fields.append("X-Content-Type-Options", "nosniff")
    response.fields.append("Referrer-Policy", "no-referrer")
    return response
  }

  static func answer(_ call: AdminCall) -> Answer { .now(response(call.pipeline.services)) }

  /// In the order of the page: helpers and the control API, the journal, the services' views, live
  /// updates. One module, so that the token is no other page's to read.
  private static func script(_ services: [any EmulatedService]) -> String {
    text("core.js") + text("views.js") + services.map(tab).joined() + text("live.js")
  }

  private static func tab(of service: any EmulatedService) -> String {
    let view = service.consoleView ?? .plain(service.documentation.title)
    return """
      {
      \(view.script)views["\(service.name)"] = [\(JSON.string(view.title).text), async () => view(await get("state/\(service.name)"))];
      }

      """
  }

  /// `page.html` names its style and its script as files, so that it is a page for editors too; here
  /// they stand in the page itself.
  private static func html(_ script: String) -> String {
    Resource.filled(
      "console/page.html",
      [
        (#"<link rel="stylesheet" href="style.css">"#, "<style>\(text("style.css"))</style>"),
        (
          #"<script type="module" src="script.js"></script>"#,
          #"<script type="module">\#(script)</script>"#
        ),
      ])
  }

  private static func text(_ file: String) -> String { Resource.text("console/\(file)") ?? "" }
}
