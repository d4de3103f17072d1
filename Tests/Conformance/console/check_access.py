"""Who may see what: a token keeps the console's data and is kept by it; and what code called for whom.
"""

import io
import json
import tarfile
import time

from browser import browse, send, severe, wait_for
from common import Server, check


SEQUENCE = """
import asyncio
async def run(context, input):
    await context.hub.get_version()
    await context.hub.list_sequences()
    await asyncio.Future()
"""


def upload_page(base, script):
    """A page that a client stores for everybody to read; its address."""
    content = f"<!doctype html><title>stored</title><script>{script}</script>".encode()
    mark = "b0undary"
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in (("type", "file"), ("mimeType", "text/html"), ("publicData", "true"))]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.html"\r\n'
                 "Content-Type: text/html\r\n\r\n".encode() + content + f"\r\n--{mark}--\r\n".encode())
    _, made = send("POST", f"{base}/api/v1/file/create", b"".join(parts), Authorization="Bearer k",
                   Content_Type=f"multipart/form-data; boundary={mark}")
    return f"{base}/api/v1/file/{json.loads(made)['data']['file']['id']}/raw"


def guarded(page):
    """A server with a token: the page asks for it, and keeps it from every other page."""
    secret = "s3cret-of-the-check"
    server = Server("--control-token", secret)
    one, is_open = page.browser, "document.querySelector('#token-dialog').open"
    note = "document.querySelector('#token-note').textContent"
    try:
        one.get(f"{server.url}/_wavetank/console")
        check("token: the page asks for it", page.eventually(is_open))
        one.find_element("css selector", "#token").send_keys("wrong")
        page.button("Go on", "#token-dialog")
        check("token: a wrong one is told", page.eventually(f"{is_open} && {note}.includes(\"not this server's\")"),
              page.js(f"return {note}"))
        one.find_element("css selector", "#token").send_keys(secret)
        page.button("Go on", "#token-dialog")
        check("token: the right one opens the page",
              page.eventually(f"!{is_open} && document.querySelector('#now').textContent.length > 10"))
        time.sleep(1)
        check("token: it is asked for once", not page.js("return " + is_open))
        kept = page.js("return JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, "
                       "Object.keys(window).filter((name) => { try { return String(window[name]).includes('s3cret'); } "
                       "catch { return false; } }), document.documentElement.outerHTML.includes('s3cret'), "
                       "document.querySelector('#token').value, typeof token])")
        check("token: no storage, variable of the window or element holds it",
              kept == '[{},{},"",[],false,"","object"]', kept)
        one.get(upload_page(server.url, "document.title = 'ran'; fetch('/_wavetank/tenants')"
                            ".then((answer) => { document.title = 'read ' + answer.status; })"))
        time.sleep(0.5)
        check("a stored page runs no script", one.title == "stored", one.title)
        check("and has no origin", page.js("return self.origin") == "null", page.js("return self.origin"))
        one.get(f"{server.url}/_wavetank/console")
        page.eventually(is_open)
        page.button("Not now", "#token-dialog")
        check("token: who would not give it is told that nothing comes", page.eventually(
            f"!{is_open} && !document.querySelector('#notice').hidden"))
        time.sleep(1.5)
        check("token: and not asked again at once", not page.js("return " + is_open))
        server.stop()
        check("a server that is gone is told in the place of what was said before",
              page.eventually("document.querySelector('#notice-text').textContent.includes('connection to the server ended')"),
              page.text("#notice"))
        one.get("about:blank")
        others = [line for line in severe(one) if "net::ERR_" not in line]
        check("and is the only error", others == [], others)
    finally:
        one.get("about:blank")
        server.stop()


def calls(page):
    """What code calls belongs to the call that started it: the journal shows the tree."""
    server = Server("--run-code")
    one, shown = page.browser, "document.querySelector('#main')"
    try:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as bundle:
            for name, text in (("main.py", SEQUENCE), ("package.json", json.dumps(
                    {"name": "caller", "version": "1.0.0", "main": "main.py", "engines": {"python3": "*"}}))):
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                bundle.addfile(entry, io.BytesIO(text.encode()))
        _, made = send("POST", f"{server.url}/api/v1/sequence", content.getvalue(), Content_Type="application/octet-stream")
        send("POST", f"{server.url}/api/v1/sequence/{json.loads(made)['id']}/start", b"{}", Content_Type="application/json")

        def journal(more=""):
            return json.loads(send("GET", f"{server.url}/_wavetank/journal{more}")[1])["entries"]

        start = journal("?operation=scramjet.sequence.start")[0]["number"]
        check("calls: the journal tells what the code of a call has called",
              wait_for(lambda: {entry["operation"] for entry in journal(f"?parent={start}")} == {
                  "scramjet.hub.version", "scramjet.sequence.list"}, 20), journal())
        one.get(f"{server.url}/_wavetank/console")
        page.eventually("document.querySelectorAll('#entries tr').length >= 4")
        check("calls: their rows are marked", page.eventually("document.querySelectorAll('#entries .mono .quiet').length === 2"))
        page.js("[...document.querySelectorAll('#entries tr')].find((row) => row.textContent.includes('sequence.start'))"
                ".querySelector('a').click()")
        check("calls: an exchange lists what its code called, indented", page.eventually(
            f"{shown}.querySelectorAll('.calls > li > ul > li').length === 2"),
            page.js(f"return {shown}.textContent.slice(0, 400)"))
        page.js(f"{shown}.querySelector('.calls ul a').click()")
        check("calls: a click follows to one of them, which shows whose it is", page.eventually(
            f"{shown}.querySelector('.calls ul [aria-current=true]') && !/sequence.start/.test("
            "document.querySelector('#exchange').textContent)"), page.js(f"return {shown}.textContent.slice(0, 400)"))
        page.js(f"{shown}.querySelector('.calls a').click()")
        check("calls: and back to the call that started it", page.eventually(
            f"{shown}.querySelector('.calls > li > [aria-current=true]')"))
    finally:
        one.get("about:blank")
        server.stop()


if __name__ == "__main__":
    browse(guarded, calls)
