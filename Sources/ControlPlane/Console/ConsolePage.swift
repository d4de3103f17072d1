import HTTPModel
import PayloadCodecs

/// The console at `/_wavetank/console`: one page without outside resources, embedded in the binary.
/// It uses nothing but the control API that everybody has.
enum ConsolePage {
  /// Rendered once; the page is the same for every tenant.
  static let response: Response = {
    var response = Response(.ok, body: .bytes(Array(html.utf8)))
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
  }()

  static func answer(_ call: AdminCall) -> Answer { .now(response) }

  private static let html = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Wavetank</title>
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M1 9q2-4 4 0t4 0 4 0 2-2' fill='none' stroke='%230a6ebd' stroke-width='2'/%3E%3C/svg%3E">
    <style>\(style)</style>
    </head>
    <body>
    <a class="skip" href="#main">Skip to the content</a>
    <header>
      <h1><svg aria-hidden="true" viewBox="0 0 24 16" width="24" height="16"><path d="M1 10q3-6 6 0t6 0 6 0 4-3" fill="none" stroke="currentColor" stroke-width="2"/></svg> Wavetank</h1>
      <label>Tenant <select id="tenant"><option>default</option></select></label>
      <div class="clock" role="group" aria-label="Clock">
        <output id="now" aria-label="The tenant's time">–</output>
        <label><span class="quiet">Mode</span> <select id="mode"><option>real</option><option>scaled</option><option>manual</option><option>skip</option></select></label>
        <label id="factor-label" hidden><span class="quiet">×</span><input id="factor" type="number" min="0.001" step="any" value="60" aria-label="Speed factor"></label>
        <button id="pause" type="button">Pause</button>
        <button id="step" type="button" title="To the next thing that is due">Step</button>
        <input id="by" size="6" value="10s" aria-label="Advance by, such as 10s or 1h">
        <button id="advance" type="button">Advance</button>
        <span id="due" class="quiet"></span>
      </div>
    </header>
    <nav aria-label="Views"><div role="tablist" aria-label="Views" id="tabs"></div></nav>
    <p id="notice" role="status" aria-live="polite" hidden></p>
    <noscript><p class="bad">This page needs JavaScript. Everything it shows can also be had with
    <code>wavetank ctl journal</code>, <code>wavetank ctl state</code> and <code>curl /_wavetank/…</code>;
    <a href="/_wavetank/journal">the journal</a> and <a href="/_wavetank/state">the state</a> as JSON.</p></noscript>
    <main><div id="main" role="tabpanel" tabindex="-1"></div></main>
    <footer><a class="quiet" href="openapi">OpenAPI documents</a></footer>
    <dialog id="dialog" aria-labelledby="dialog-title"><form method="dialog"><h2 id="dialog-title"></h2>
    <div id="dialog-body"></div><p><button value="close">Close</button></p></form></dialog>
    <dialog id="token-dialog" aria-labelledby="token-title"><form method="dialog"><h2 id="token-title">Control token</h2>
    <p id="token-note"></p><p><label>Token <input id="token" type="password" autocomplete="off" required></label></p>
    <p><button value="ok" class="main">Go on</button> <button value="" formnovalidate>Not now</button></p></form></dialog>
    <script type="module">\(script)</script>
    </body>
    </html>

    """
}
