"""How the console looks and how quick it is: each view in both themes at 1440 and 375 pixels, at 200 %
zoom, without motion, with ten thousand rows; and an accessibility check of each (axe-core, WCAG 2.2 A and AA).

`WAVETANK_SHOTS=FOLDER` keeps the pictures.
"""

import time
import urllib.request

from browser import BASE, ROWS, SHOWN, TENANT, URL, axe, browse, control, send, tell_story
from common import check


def many(page):
    """Ten thousand rows, and exchanges that come in heaps: the page holds them and stays quick."""
    from concurrent.futures import ThreadPoolExecutor
    page.view("journal")
    page.click("#fold")

    def heap(_):
        import http.client
        from urllib.parse import urlsplit
        one = http.client.HTTPConnection(urlsplit(URL).netloc, timeout=30)
        for number in range(500):
            one.request("GET", f"/_t/{TENANT}/api/v1/nothing-{number % 50}")
            one.getresponse().read()
        one.close()

    page.js("window.slowest = 0; let last = performance.now();"
            "window.ticking = setInterval(() => { const now = performance.now(); window.slowest = Math.max(window.slowest, now - last); last = now; }, 10)")
    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(heap, range(4)))
    rate = 2000 / (time.monotonic() - begun)
    total = control("GET", "journal?limit=1")["total"]
    check("many: all that came is counted", page.eventually(f"{SHOWN}?.includes(arguments[0])", str(total), seconds=60), page.js("return " + SHOWN))
    slowest = page.js("clearInterval(window.ticking); return window.slowest")
    check("many: only the rows in view are elements", page.js("return " + ROWS) < 80, page.js("return " + ROWS))
    frames = page.browser.execute_async_script(
        "const done = arguments[arguments.length - 1], box = document.querySelector('.scroller'); let count = 0; const times = [];"
        "const step = () => { const begun = performance.now(); box.scrollTop = (box.scrollTop + 900) % box.scrollHeight; box.offsetHeight;"
        " times.push(performance.now() - begun); if (++count < 60) requestAnimationFrame(step); else done(times.sort((a, b) => a - b)[30]); }; step()")
    check("many: sixty steps of scrolling are drawn", frames is not None, frames)
    print(f"console: a step of scrolling takes {frames:.1f} ms (median of 60), the longest pause was {slowest:.0f} ms at {rate:.0f} exchanges/s", flush=True)
    page.js("document.querySelector('.scroller').scrollTop = 1e9")
    check("many: the oldest is at the end", page.eventually("[...document.querySelectorAll('#entries tr')].pop()?.dataset.number === '1'"))
    page.js("document.querySelector('.scroller').scrollTop = 0")
    page.click("#fold")


VIEWS = ("journal", "time", "steamship", "scramjet", "shipyard", "scenario", "numbers", "tenants")


def world():
    """The harbor of the demo, in the minute after its failure: there is something of everything."""
    control("POST", "demo")
    control("PUT", "clock", {"mode": "manual"})
    tell_story(390)
    control("DELETE", "demo")


def looks(page):
    """Each view in both themes at both widths."""
    world()
    for width, height, dark in ((1440, 900, False), (1440, 900, True), (375, 740, False), (375, 740, True)):
        page.size(width, height, dark)
        theme = f"{'dark' if dark else 'light'}, {width} px"
        for name in VIEWS:
            page.view(name)
            if name == "time":
                page.fill("#window", "600000")
            page.js("document.activeElement.blur(); document.querySelector('#notice-close').click(); window.scrollTo(0, 0)")
            time.sleep(0.4)
            page.shot(f"{name}-{width}-{'dark' if dark else 'light'}")
            if width == 375:
                check(f"{name}, {theme}: it does not run over", page.eventually("document.documentElement.scrollWidth <= 375"), page.js(
                    "return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > 376"
                    " && !e.closest('.scroll, .scroller, pre, nav, textarea, #timeline')).slice(0, 5).map((e) => e.outerHTML.slice(0, 120))"))
                check(f"{name}, {theme}: its tab is in view", page.js(
                    "const tab = document.querySelector('#tab-' + arguments[0]).getBoundingClientRect(); return tab.left >= 0 && tab.right <= 376", name))
            if (width == 375) == dark:
                axe(page, f"{name}, {theme}")
    page.size(1440, 900)
    refused = next(entry["number"] for entry in control("GET", "journal?limit=1000&status=503")["entries"])
    for address, name in ((f"journal/{refused}", "refused"), ("scramjet/topic/demo/arrivals", "flow"),
                          ("shipyard/run/" + control("GET", "state/shipyard")["runs"][-1]["id"], "gantt")):
        page.go(address)
        time.sleep(1)
        page.shot(name)


def large(page):
    """At 200 % zoom, and without motion."""
    page.size(720, 450)
    for name in ("journal", "scenario", "time"):
        page.view(name)
        check(f"{name} at 200 %: nothing runs over", page.eventually("document.documentElement.scrollWidth <= 720"))
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]})
    page.view("journal")
    send("GET", f"{BASE}/api/v1/version")
    check("without motion nothing moves", page.eventually("document.querySelector('#entries tr')") and page.js(
        "return document.getAnimations().length === 0"))
    page.size(1440, 900)


def paint(page):
    """How soon the page is there, and what it weighs."""
    answer = urllib.request.urlopen(urllib.request.Request(f"{URL}/_wavetank/console", headers={"Accept-Encoding": "gzip"}), timeout=10)
    weight = len(answer.read())
    check("the page is packed, and below 250 kB", answer.headers["Content-Encoding"] == "gzip" and weight < 250_000, weight)
    policy = answer.headers["Content-Security-Policy"]
    check("its policy allows nothing inline but what is in it", "unsafe" not in policy and "script-src 'sha256-" in policy and "style-src 'sha256-" in policy, policy)
    page.browser.get(f"{URL}/_wavetank/console?tenant={TENANT}")
    first = page.eventually("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    times = [first or 1e9]
    for _ in range(4):
        page.browser.refresh()
        times.append(page.eventually("performance.getEntriesByName('first-contentful-paint')[0]?.startTime") or 1e9)
    check("the page is painted", first, times)
    print(f"console: the first paint comes after {min(times):.0f} ms (best of five)", flush=True)


if __name__ == "__main__":
    browse(paint, many, large, looks)
