"""The console in a real browser: what a user does with it, at desktop width and at 375 pixels, in
light and dark, by mouse and by keyboard; and an accessibility check (axe-core, WCAG 2 A and AA).

Needs Chromium and its driver; as root on Debian they are installed. `WAVETANK_SHOTS=FOLDER` keeps
screenshots.
"""

import base64
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.request

from common import Server, check, finish

URL = os.environ["WAVETANK_URL"].rstrip("/")
SHOTS = os.environ.get("WAVETANK_SHOTS")
TENANT = f"browser-{os.getpid()}"
BASE = f"{URL}/_t/{TENANT}"
FLEETS = (f"{BASE}/orgs/11111111-1111-4111-8111-111111111111"
          "/projects/22222222-2222-4222-8222-222222222222/fleets")
FLEET = f"{FLEETS}/33333333-3333-4333-8333-333333333333"


# The browser

def program(*names):
    return next((path for path in map(shutil.which, names) if path), None)


def install():
    """Chromium and its driver; None, and why, when they cannot be had."""
    for attempt in (1, 2):
        browser, driver = program("chromium", "chromium-browser", "google-chrome"), program("chromedriver")
        if browser and driver:
            return browser, driver, None
        if attempt == 2 or os.geteuid() != 0 or not program("apt-get"):
            break
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"],
                        ["apt-get", "install", "-y", "-qq", "--no-install-recommends",
                         "chromium", "chromium-driver", "fonts-dejavu-core"]):
            try:
                subprocess.run(command, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=200)
            except subprocess.TimeoutExpired:
                break
    return None, None, "Chromium and its driver are not installed"


def start(browser, driver, profile):
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--disable-extensions", "--no-proxy-server", "--hide-scrollbars",
                 f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(driver)
    one = webdriver.Chrome(options=options, service=service)
    one.set_script_timeout(20)
    return one


# Traffic as clients make it

def send(method, url, body=None, **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    request = urllib.request.Request(url, method=method, headers=fields, data=body)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def traffic():
    key = {"Authorization": f"Bearer wt-{TENANT}", "Content_Type": "application/json"}
    for path, body in [("account/current", None), ("workspace/create", {"handle": "harbor"}),
                       ("package/instance/create", {"packageHandle": "hello-world", "handle": "greeter"}),
                       ("no/such/thing", {})]:
        send("GET" if body is None else "POST", f"{BASE}/api/v1/{path}",
             None if body is None else json.dumps(body).encode(), **key)
    hub = f"{BASE}/api/v1"
    send("GET", hub + "/version")
    send("GET", hub + "/nothing-here")
    send("POST", FLEET + "/fleetruns", b"{}", X_Shipyard_API_Key=f"wt-{TENANT}", Content_Type="application/json")
    send("GET", f"{BASE}/orgs", X_Shipyard_API_Key=f"wt-{TENANT}")


def control(method, path, body=None):
    status, content = send(method, f"{URL}/_wavetank/{path}", None if body is None else json.dumps(body).encode(),
                           X_Wavetank_Tenant=TENANT, Content_Type="application/json")
    return json.loads(content) if content and status < 400 else None


# The page

class Page:
    def __init__(self, browser):
        self.browser = browser

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def eventually(self, script, *arguments, seconds=8):
        """The first true value of an expression."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.js("return " + script, *arguments)
            if value or time.monotonic() > deadline:
                return value
            time.sleep(0.05)

    def click(self, selector):
        return self._press(lambda: self.eventually("document.querySelector(arguments[0])", selector))

    def button(self, text, within="body"):
        """A real click on the first visible button that shows the text."""
        find = ("[...document.querySelectorAll(arguments[0] + ' button')]"
                ".find((b) => b.textContent.trim() === arguments[1] && b.offsetParent)")
        return self._press(lambda: self.eventually(find, within, text))

    def _press(self, find):
        """A view that is drawn anew takes its buttons with it: look again."""
        from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
        for _ in range(5):
            element = find()
            if not element:
                return False
            try:
                self.js("arguments[0].scrollIntoView({block: 'center'})", element)
                element.click()
                return True
            except (StaleElementReferenceException, WebDriverException):
                time.sleep(0.1)
        return False

    def view(self, name):
        self.click("#tab-" + name)
        return self.eventually("document.querySelector('#main').textContent.length > 20")

    def size(self, width, height, dark=False):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def shot(self, name):
        if SHOTS:
            shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
            pathlib.Path(SHOTS, name + ".png").write_bytes(base64.b64decode(shot["data"]))


def axe(page, script, what):
    page.js(script)
    found = page.browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
        ".then((r) => done(r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 3)"
        ".map((n) => n.html.slice(0, 140)).join(' | '))), (e) => done(['axe failed: ' + e]));")
    check(f"accessibility: {what}", found == [], found)


def journal(page):
    rows = "document.querySelectorAll('#entries tr').length"
    before = page.eventually(rows)
    check("journal: what happened before is listed", before and before >= 8, before)
    send("GET", f"{BASE}/api/v1/version")
    check("journal: what happens now appears without a reload",
          page.eventually(f"{rows} > arguments[0]", before))
    page.browser.find_element("css selector", "#filter").send_keys("fleetrun")
    check("journal: the filter leaves what matches",
          page.eventually(f"{rows} === 1 && document.querySelector('#entries').textContent.includes('fleetRun')"))
    page.browser.find_element("css selector", "#filter").clear()
    page.js("document.querySelector('#filter').dispatchEvent(new Event('input'))")
    page.button("Pause", "#main")
    paused = page.js("return " + rows)
    send("GET", f"{BASE}/api/v1/version")
    time.sleep(0.4)
    check("journal: paused, nothing moves", page.js("return " + rows) == paused)
    page.button("Go on", "#main")
    check("journal: going on, it catches up", page.eventually(f"{rows} > arguments[0]", paused))
    page.click("#entries button")
    check("journal: an exchange says why, and gives itself as curl", page.eventually(
        "document.querySelector('#dialog').open && /curl -i/.test(document.querySelector('#dialog').textContent)"
        " && /Why it came out so/.test(document.querySelector('#dialog').textContent)"))


def clock(page):
    page.js("const m = document.querySelector('#mode'); m.value = 'manual'; m.dispatchEvent(new Event('change'))")
    check("clock: the mode reaches the server", wait_for(lambda: control("GET", "clock")["mode"] == "manual"))
    send("POST", FLEET + "/fleetruns", b"{}", X_Shipyard_API_Key=f"wt-{TENANT}", Content_Type="application/json")
    check("clock: what is due is shown", page.eventually("document.querySelector('#due').textContent.startsWith('next due')"))
    before = control("GET", "clock")["now"]
    page.button("Step", "header")
    check("clock: a step goes to what is due", wait_for(lambda: control("GET", "clock")["now"] > before))
    page.button("Advance", "header")
    after = control("GET", "clock")["now"]
    check("clock: advancing shows the new time", page.eventually(
        "document.querySelector('#now').textContent.slice(0, 19) === arguments[0]",
        control("GET", "clock")["now"][:19].replace("T", " ")), after)


def wait_for(claim, seconds=8):
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def services(page):
    page.view("steamship")
    check("Steamship: workspaces with their packages", page.eventually(
        "/harbor/.test(document.querySelector('#main').textContent) && /greeter|hello-world/.test(document.querySelector('#main').textContent)"))
    page.shot("steamship")
    stop = threading.Event()

    def read():
        request = urllib.request.Request(f"{BASE}/api/v1/topic/harbor")
        with urllib.request.urlopen(request, timeout=20) as answer:
            while not stop.is_set() and answer.read1(1):
                pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    page.view("scramjet")
    check("Scramjet: hubs, and a topic with its reader", page.eventually(
        "/Hub sth-0/.test(document.querySelector('#main').textContent)"
        " && !!document.querySelector('#main svg[aria-label*=\"1 readers\"]')"),
        page.js("return document.querySelector('#main').textContent"))
    page.shot("scramjet")
    stop.set()
    send("POST", f"{BASE}/api/v1/topic/harbor", b'"ahoy"\n', Content_Type="application/x-ndjson")
    page.view("shipyard")
    check("Shipyard: a fleet as a graph of vessels", page.eventually(
        "[...document.querySelectorAll('#main svg')].some((g) => g.querySelectorAll('rect').length === 2"
        " && g.querySelectorAll('path.edge').length === 1)"))
    check("Shipyard: runs by their status", page.eventually(
        "/Success|Running|Scheduled/.test(document.querySelector('#main table').textContent)"))
    page.shot("shipyard")


def scenario(page):
    page.view("scenario")
    page.eventually("!!document.querySelector('#rule-operation')")
    page.js("document.querySelector('#rule-operation').value = 'scramjet.hub.version'")
    page.button("Add", "#main")
    check("scenario: a fault in two clicks", wait_for(lambda: control("GET", "scenario/rules")["rules"]))
    rule = (control("GET", "scenario/rules")["rules"] or [{}])[0].get("name")
    status = send("GET", f"{BASE}/api/v1/version")[0]
    check("scenario: the fault strikes", status == 503, status)
    cell = "document.querySelector('#main tbody tr td:nth-child(5)')?.textContent"
    check("scenario: the page counts it", page.eventually(f"{cell} === '1'"), page.js("return " + cell))
    page.shot("scenario")
    page.click("#main tbody input[type=checkbox]")
    check("scenario: a rule is switched off", wait_for(
        lambda: control("GET", "scenario/rules")["rules"][0]["enabled"] is False), rule)
    check("scenario: off, it does not strike", send("GET", f"{BASE}/api/v1/version")[0] == 200)
    page.button("Remove", "#main")
    check("scenario: a rule is removed", wait_for(lambda: not control("GET", "scenario/rules")["rules"]))
    time.sleep(1)  # The view is drawn anew after an action, without what was typed before it.
    page.js("const t = document.querySelector('#rule-text'); t.value = '{\"wavetank\": 1, \"rulez\": []}'")
    page.button("Put in force", "#main")
    check("scenario: a refusal is said with its place", page.eventually(
        "document.querySelector('#notice').className === 'bad' && /rulez/.test(document.querySelector('#notice').textContent)"),
        page.js("return document.querySelector('#notice').textContent"))
    send("GET", f"{BASE}/api/v1/version")
    time.sleep(0.6)
    check("scenario: what was refused stays to be corrected", page.js(
        "return document.querySelector('#rule-text').value.includes('rulez')"))
    page.js("document.querySelector('#rule-shipped').value = 'rate-limited'")
    page.button("Use it", "#main")
    check("scenario: a shipped one is put in force", wait_for(
        lambda: control("GET", "scenario").get("name") == "rate-limited"))
    check("scenario: its text is shown", page.eventually("/rate-limited/.test(document.querySelector('#rule-text').value)"))


def anew(page):
    """Somebody resets the tenant: its exchanges count from 1 again."""
    control("POST", "reset")
    send("GET", f"{BASE}/api/v1/version")
    page.view("journal")
    check("journal: after a reset elsewhere only what is new is listed", page.eventually(
        "document.querySelectorAll('#entries tr').length === 1"),
        page.js("return document.querySelectorAll('#entries tr').length"))
    traffic()


def tenants(page):
    page.view("tenants")
    send("GET", f"{URL}/_t/other-{TENANT}/api/v1/version")
    send("GET", f"{BASE}/api/v1/version")
    check("tenants: a new one appears", page.eventually(
        "document.querySelector('#main').textContent.includes('other-" + TENANT + "')"))
    page.shot("tenants")


def keyboard(page):
    from selenium.webdriver.common.keys import Keys
    page.view("journal")
    page.js("document.querySelector('#tab-journal').focus()")
    page.browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    check("keyboard: an arrow goes to the next view", page.eventually(
        "document.activeElement.id === 'tab-steamship' && document.activeElement.getAttribute('aria-selected') === 'true'"))
    page.browser.switch_to.active_element.send_keys(Keys.HOME)
    check("keyboard: Home goes to the first", page.eventually("document.activeElement.id === 'tab-journal'"))
    page.eventually("document.querySelectorAll('#entries button').length")
    page.js("document.querySelector('#entries button').focus()")
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    page.eventually("document.querySelector('#dialog').open")
    page.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    check("keyboard: Escape closes an exchange and focus returns", page.eventually(
        "!document.querySelector('#dialog').open && document.activeElement.closest('#entries')"))


def narrow(page, script):
    page.size(375, 740, dark=True)
    for name in ("journal", "steamship", "scramjet", "shipyard", "scenario", "tenants"):
        page.view(name)
        time.sleep(0.3)
        wide = page.eventually("document.documentElement.scrollWidth <= 375")
        check(f"375 px: {name} does not run over", wide, page.js(
            "return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > 376"
            " && !e.closest('.scroll, pre, nav, textarea')).slice(0, 5).map((e) => e.outerHTML.slice(0, 120))"))
        page.shot(f"narrow-dark-{name}")
        axe(page, script, f"{name}, dark, 375 px")


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
    finally:
        one.get("about:blank")
        server.stop()


SEQUENCE = """
import asyncio
async def run(context, input):
    await context.hub.get_version()
    await context.hub.list_sequences()
    await asyncio.Future()
"""


def calls(page):
    """What code calls belongs to the call that started it: the journal shows the tree."""
    server = Server("--run-code")
    one, dialog = page.browser, "document.querySelector('#dialog')"
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
        check("calls: their rows are marked", page.js("return document.querySelectorAll('#entries .mono .quiet').length") == 2)
        page.js("[...document.querySelectorAll('#entries tr')].find((row) => row.textContent.includes('sequence.start'))"
                ".querySelector('button').click()")
        check("calls: an exchange lists what its code called, indented", page.eventually(
            f"{dialog}.open && {dialog}.querySelectorAll('.calls > li > ul > li').length === 2"),
            page.js(f"return {dialog}.textContent.slice(0, 400)"))
        page.js(f"{dialog}.querySelector('.calls ul button').click()")
        check("calls: a click follows to one of them, which shows whose it is", page.eventually(
            f"{dialog}.querySelector('.calls ul [aria-current=true]') && !/sequence.start/.test("
            "document.querySelector('#dialog-title').textContent)"), page.js(f"return {dialog}.textContent.slice(0, 400)"))
        page.js(f"{dialog}.querySelector('.calls button').click()")
        check("calls: and back to the call that started it", page.eventually(
            f"{dialog}.querySelector('.calls > li > [aria-current=true]')"))
    finally:
        one.get("about:blank")
        server.stop()


def main():
    browser, driver, why = install()
    if not browser:
        print(f"ok console skipped: no browser ({why})")
        return 0
    import axe_core_python
    script = pathlib.Path(axe_core_python.__file__).with_name("axe.min.js").read_text()
    traffic()
    with tempfile.TemporaryDirectory(prefix="wavetank-browser-", ignore_cleanup_errors=True) as profile:
        one = start(browser, driver, profile)
        try:
            page = Page(one)
            page.size(1280, 860)
            one.get(f"{URL}/_wavetank/console?tenant={TENANT}")
            check("the page is the console", one.title == "Wavetank", one.title)
            journal(page)
            page.shot("why")
            axe(page, script, "an exchange, light")
            page.button("Close", "#dialog")
            page.shot("journal")
            clock(page)
            services(page)
            scenario(page)
            anew(page)
            tenants(page)
            keyboard(page)
            for name in ("journal", "shipyard", "scenario"):
                page.view(name)
                time.sleep(0.3)
                axe(page, script, f"{name}, light")
            page.size(1280, 860, dark=True)
            page.view("shipyard")
            time.sleep(0.3)
            page.shot("dark-shipyard")
            narrow(page, script)
            said = [entry["message"] for entry in one.get_log("browser") if entry["level"] == "SEVERE"
                    and "status of 4" not in entry["message"]]
            check("the browser's console has no errors", said == [], said)
            calls(page)
            guarded(page)
        finally:
            one.quit()
    finish()


if __name__ == "__main__":
    main()
