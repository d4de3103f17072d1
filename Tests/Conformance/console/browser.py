"""A browser, traffic as clients make it, and a page to do things with: for the checks of this folder."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

from common import check, finish

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


def wait_for(claim, seconds=60):
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


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


def run_fleet(content=b"{}"):
    return send("POST", FLEET + "/fleetruns", content, X_Shipyard_API_Key=f"wt-{TENANT}", Content_Type="application/json")


def control(method, path, body=None):
    status, content = send(method, f"{URL}/_wavetank/{path}", None if body is None else json.dumps(body).encode(),
                           X_Wavetank_Tenant=TENANT, Content_Type="application/json")
    return json.loads(content) if content and status < 400 else None


# The story of a demo, on a clock that stands

def tell_story(seconds):
    """Goes to that second in steps of a beat or two, and waits for the clients each time."""
    told = control("GET", "demo")["seconds"]
    while told < seconds:
        step = max(0.1, min(seconds - told, 10))
        control("POST", "clock/advance", {"by": f"{step:.3f}s"})
        if not wait_for(lambda: control("GET", "demo")["seconds"] >= told + step - 0.01, 60):
            raise SystemExit(f"The story stands still at {control('GET', 'demo')}, by {control('GET', 'clock')}")
        told = control("GET", "demo")["seconds"]


# The page

class Page:
    def __init__(self, browser):
        self.browser = browser

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def eventually(self, script, *arguments, seconds=60):
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
            element = self._settled(find)
            if not element:
                return False
            try:
                self.js("arguments[0].scrollIntoView({block: 'center'})", element)
                element.click()
                return True
            except (StaleElementReferenceException, WebDriverException):
                time.sleep(0.1)
        return False

    def _settled(self, find):
        """The same a moment later: what is drawn anew while it is pressed has not been pressed."""
        element = find()
        for _ in range(20):
            time.sleep(0.1)
            again = find()
            if again == element:
                break
            element = again
        return element

    def view(self, name):
        self.click("#tab-" + name)
        return self.eventually(
            "document.querySelector('#tab-' + arguments[0])?.getAttribute('aria-selected') === 'true'"
            " && document.querySelector('#main').getAttribute('aria-labelledby') === 'tab-' + arguments[0]"
            " && document.querySelector('#main').textContent.length > 20", name)

    def go(self, address):
        """To what stands behind `#`."""
        self.js("location.hash = arguments[0]", address)

    def fill(self, selector, text):
        """What a user types in place of what is there."""
        return self.js(
            "const e = document.querySelector(arguments[0]); e.focus(); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true}))",
            selector, text)

    def text(self, selector="#main"):
        return self.js("return document.querySelector(arguments[0])?.textContent || ''", selector)

    def says(self, pattern, selector="#main", seconds=60):
        """Whether the text of an element matches, sooner or later."""
        return self.eventually("new RegExp(arguments[0]).test(document.querySelector(arguments[1])?.textContent || '')",
                               pattern, selector, seconds=seconds)

    def do(self, name, seconds=60):
        """Something of the palette, by its name."""
        from selenium.webdriver.common.keys import Keys
        self.browser.find_element("css selector", "body").send_keys(Keys.CONTROL, "k")
        self.eventually("document.querySelector('#palette').open && document.querySelectorAll('#commands [role=option]').length > 5")
        self.browser.find_element("css selector", "#palette-input").send_keys(name)
        found = self.eventually("document.querySelector('#commands [aria-selected=true]')?.textContent.includes(arguments[0])", name, seconds=seconds)
        self.browser.find_element("css selector", "#palette-input").send_keys(Keys.ENTER)
        return found

    def size(self, width, height, dark=False):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def shot(self, name):
        if SHOTS:
            shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
            pathlib.Path(SHOTS, name + ".png").write_bytes(base64.b64decode(shot["data"]))


    # Keys alone

    def press(self, *keys):
        """What a user presses, wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains
        ActionChains(self.browser).send_keys(*keys).perform()

    def chord(self, *keys):
        """All at once."""
        from selenium.webdriver.common.action_chains import ActionChains
        chain = ActionChains(self.browser)
        for key in keys[:-1]:
            chain.key_down(key)
        chain.send_keys(keys[-1])
        for key in keys[:-1]:
            chain.key_up(key)
        chain.perform()

    def tab_to(self, claim, most=250, back=False):
        """Goes on with Tab until the element with the focus, `e`, is the one that is meant."""
        from selenium.webdriver.common.keys import Keys
        passed = []
        for _ in range(most):
            self.chord(*([Keys.SHIFT] if back else []), Keys.TAB)
            passed.append(self.js("const e = document.activeElement; return e.id || e.getAttribute('aria-label') || e.textContent.slice(0, 20)"))
            if self.js(f"const e = document.activeElement; return Boolean({claim})"):
                return True
        raise SystemExit(f"Tab does not lead to {claim}, but to {passed[-90:]}")

    def tab_to_button(self, text, within="body"):
        return self.tab_to(f"e.closest({json.dumps(within)}) && (e.textContent.trim() === {json.dumps(text)} || e.getAttribute('aria-label') === {json.dumps(text)})")

    # Files

    def drop(self, name, content):
        """A file that is dropped on the page."""
        self.js("const data = new DataTransfer(); data.items.add(new File([Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0))], arguments[1]));"
                "document.body.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}))",
                base64.b64encode(content).decode(), name)


# The journal as the page has it

SHOWN = "document.querySelector('#shown')?.textContent"
ROWS = "document.querySelectorAll('#entries tr').length"


def numbers(page):
    """The exchanges that the list shows, newest first."""
    return page.js("return [...document.querySelectorAll('#entries tr')].map((row) => Number(row.dataset.number))")


def of_server(query="limit=1000"):
    return [entry["number"] for entry in control("GET", "journal?" + query)["entries"]][::-1]


def severe(browser):
    """What the browser's console says is wrong; refusals that a check provokes are none."""
    return [entry["message"] for entry in browser.get_log("browser")
            if entry["level"] == "SEVERE" and not any(word in entry["message"] for word in ("status of 4", "status of 503", "Blocked script execution"))]


AXE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe(page, what):
    import axe_core_python
    page.js(pathlib.Path(axe_core_python.__file__).with_name("axe.min.js").read_text())
    found = page.browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {runOnly: arguments[0]})"
        ".then((r) => done(r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 3)"
        ".map((n) => n.html.slice(0, 140)).join(' | '))), (e) => done(['axe failed: ' + e]));", AXE)
    check(f"accessibility: {what}", found == [], found)


def browse(*tasks):
    """The whole of a check: a browser with the console of a tenant that has seen some traffic, each task with
    its page, and at the end what the browser's own console says. Without a browser it is passed over."""
    browser, driver, why = install()
    if not browser:
        print(f"ok console skipped: no browser ({why})")
        return
    traffic()
    with tempfile.TemporaryDirectory(prefix="wavetank-browser-", ignore_cleanup_errors=True) as profile:
        one = start(browser, driver, profile)
        try:
            page = Page(one)
            page.size(1440, 900)
            one.get(f"{URL}/_wavetank/console?tenant={TENANT}")
            check("the page is the console", one.title == "Wavetank", one.title)
            for task in tasks:
                task(page)
            said = severe(one)
            check("the browser's console has no errors", said == [], said)
        finally:
            one.quit()
    finish()
