"""The console in a real browser: what a user does with it, at desktop width and at 375 pixels, in
light and dark, by mouse and by keyboard; each time compared with what the control API says, and an
accessibility check (axe-core, WCAG 2.2 A and AA).

Needs Chromium and its driver; as root on Debian they are installed. `WAVETANK_SHOTS=FOLDER` keeps
screenshots.
"""

import subprocess
import time

from browser import (BASE, FLEET, ROWS, SHOWN, TENANT, URL, axe, browse, control, numbers, of_server, send,
                     traffic, wait_for)
from common import check

def journal(page):
    page.click("#fold")
    check("journal: it lists what the control API lists", page.eventually(f"{ROWS} > 7") and numbers(page) == of_server(), numbers(page))
    send("GET", f"{BASE}/api/v1/version")
    check("journal: what happens now appears without a reload", wait_for(lambda: numbers(page) == of_server()), numbers(page))
    page.click("#fold")
    for _ in range(4):
        send("GET", f"{BASE}/api/v1/version")
    check("journal: polls that repeat are one row, which counts", page.eventually(
        "document.querySelector('#entries button.count')?.textContent === '×5'"), page.text("#entries"))
    page.click("#entries button.count")
    check("journal: and the row opens to each of them", wait_for(lambda: numbers(page)[:5] == of_server()[:5]))
    page.click("#entries button.count")
    for words, query in (("5xx", "status=5xx"), ("4xx", "status=4xx"), ("op:*fleetRun*", "operation=*fleetRun*"),
                         ("service:scramjet", "service=scramjet"), ("body:no-such-text-anywhere", "body=no-such-text-anywhere"),
                         ("body:harbor", "body=harbor")):
        page.fill("#filter", words)
        fits = wait_for(lambda: sorted(numbers(page), reverse=True) == numbers(page)
                        and set(numbers(page)) <= set(of_server(query)) and bool(numbers(page)) == bool(of_server(query)))
        check(f"journal: the filter {words} leaves what the control API finds", fits, (numbers(page), of_server(query)))
    page.fill("#filter", "!op")
    check("journal: !op leaves what no operation answers", wait_for(lambda: set(numbers(page)) == {
        entry["number"] for entry in control("GET", "journal?limit=1000")["entries"] if entry["operation"] is None}), numbers(page))
    send("GET", f"{URL}/_t/far-{TENANT}/api/v1/version")
    page.fill("#filter", f"tenant:far-{TENANT}")
    check("journal: tenant: shows another tenant's too", page.says(f"far-{TENANT} #1", "#entries"), page.text("#entries"))
    page.fill("#filter", "")
    check("journal: the filter is explained", page.button("?", "#main") and page.says("turns a word round", "#dialog"))
    page.button("Close", "#dialog")
    page.eventually(f"{ROWS} > 5")
    page.button("Pause", "#main")
    paused = numbers(page)
    send("GET", f"{BASE}/api/v1/no-such-thing")
    time.sleep(0.5)
    check("journal: paused, nothing moves", numbers(page) == paused)
    page.button("Go on", "#main")
    check("journal: going on, it catches up", wait_for(lambda: numbers(page)[0] == of_server()[0]))
    check("journal: no two buttons are called the same", page.js(
        "const names = [...document.querySelectorAll('header button, #main .row button')].map((b) => b.textContent.trim());"
        "return names.filter((name, index) => names.indexOf(name) !== index)") == [])


def exchange(page):
    """One exchange: its address, why, again, edited, as code, as a rule, as a test."""
    number = next(entry["number"] for entry in control("GET", "journal")["entries"] if entry["operation"] == "steamship.workspace.create")
    page.browser.get(f"{URL}/_wavetank/console?tenant={TENANT}#journal/{number}")
    check("exchange: it has an address of its own", page.says(f"Exchange {number}: ") and page.says("steamship.workspace.create"))
    check("exchange: why, in sentences", page.says("Why it came out so") and page.says("the service answered as usual"))
    check("exchange: request and answer side by side", page.js(
        "const [a, b] = [...document.querySelectorAll('.side')].map((e) => e.getBoundingClientRect()); return a.top === b.top && a.right < b.left"))
    check("exchange: pretty, and raw", page.says('"handle": "harbor"', ".side pre") and page.button("Raw", ".side")
          and page.says('{"handle": ?"harbor"}', ".side pre"), page.text(".side pre"))
    page.shot("exchange")
    axe(page, "an exchange, light")
    page.click("#back")
    check("exchange: the list is one click away", page.eventually(f"{ROWS} > 3"))
    page.browser.back()
    check("exchange: Back goes back to it", page.says(f"Exchange {number}: "))
    page.browser.forward()
    page.eventually(f"{ROWS} > 3")
    page.go(f"journal/{number}")
    page.says(f"Exchange {number}: ")
    before = control("GET", "journal?limit=1")["total"]
    page.button("Send again", "#main")
    check("exchange: sent again it is a new exchange, which is shown", page.says(f"Exchange {before + 1}: "), page.text("#exchange"))
    again = control("GET", f"journal/{before + 1}")
    check("exchange: the same request as before", again["request"]["content"] == control("GET", f"journal/{number}")["request"]["content"]
          and again["operation"] == "steamship.workspace.create", again["request"])
    page.button("Edit and send", "#main")
    page.eventually("document.querySelector('#send-content')")
    page.fill("#send-content", '{"handle": "quay"}')
    page.click("#send-now")
    check("exchange: edited, it is sent as it was written", page.says(f"Exchange {before + 2}: ")
          and control("GET", f"journal/{before + 2}")["request"]["content"] == '{"handle": "quay"}')
    made = wait_for(lambda: page.button("Make a test", "#main")
                    and page.says(r"def test_steamship_workspace_create\(wavetank\)", "#dialog", seconds=5))
    check("exchange: a test with the kit is made of it", made)
    page.button("Close", "#dialog")
    page.button("Make the rule", "#main")
    rule = "console: steamship.workspace.create fail with 503"
    check("exchange: a rule is made of it", wait_for(lambda: [one["name"] for one in control("GET", "scenario/rules")["rules"]] == [rule]))
    page.button("Make the rule", "#main")
    time.sleep(0.5)
    check("exchange: clicked twice it is one rule", len(control("GET", "scenario/rules")["rules"]) == 1)
    page.button("Send again", "#main")
    check("exchange: the rule strikes, and why says so beside its text", page.says("503") and page.says("“console: steamship.workspace.create fail with 503” struck, for the 1st time")
          and page.js("return document.querySelector('.why details pre').textContent.includes('\"error\": 503')"), page.text(".why"))
    control("DELETE", "scenario/rules/" + rule.replace(" ", "%20"))
    control("POST", "scenario/rules", {"name": "cut", "match": {"operation": "scramjet.hub.version"}, "delay": "50ms", "fault": {"truncate": {"afterBytes": 3}}})
    try:
        send("GET", f"{BASE}/api/v1/version")
    except Exception:  # The answer is cut: that is the point.
        pass
    control("DELETE", "scenario/rules/cut")
    page.go("journal")
    check("journal: a fault is named, and is not green", page.eventually(
        "[...document.querySelectorAll('#entries tr')].some((r) => /truncate/.test(r.textContent) && r.querySelector('.bad') && !r.querySelector('.good'))"),
        page.text("#entries"))
    cut = next(entry["number"] for entry in control("GET", "journal")["entries"][::-1] if entry.get("fault"))
    page.go(f"journal/{cut}")
    check("exchange: the bar tells what was held back and the fault on the line",
          page.says("held back by rules", ".timing") and page.says("truncate", ".timing"), page.text(".timing"))
    page.shot("fault")
    page.go("journal")
    page.eventually(f"{ROWS} > 3")


def clock(page):
    page.js("const m = document.querySelector('#mode'); m.value = 'manual'; m.dispatchEvent(new Event('change'))")
    check("clock: the mode reaches the server", wait_for(lambda: control("GET", "clock")["mode"] == "manual"))
    send("POST", FLEET + "/fleetruns", b"{}", X_Shipyard_API_Key=f"wt-{TENANT}", Content_Type="application/json")
    check("clock: what is due is shown", page.eventually("document.querySelector('#due').textContent.startsWith('next due')"))
    before = control("GET", "clock")["now"]
    page.button("Step", "header")
    check("clock: a step goes to what is due", wait_for(lambda: control("GET", "clock")["now"] > before))
    stepped = control("GET", "clock")["now"]
    page.button("Advance", "header")
    wait_for(lambda: control("GET", "clock")["now"] > stepped)
    after = control("GET", "clock")["now"]
    check("clock: advancing shows the new time", page.eventually(
        "document.querySelector('#now').textContent.slice(0, 19) === arguments[0]",
        control("GET", "clock")["now"][:19].replace("T", " ")), after)


def anew(page):
    """Resets: elsewhere, on a clock that stands still, where instants come again; and from the page."""
    page.view("journal")
    control("PUT", "clock", {"mode": "manual"})
    control("POST", "reset")
    for _ in range(4):
        send("GET", f"{BASE}/api/v1/no-such-thing")
    page.click("#fold")
    wait_for(lambda: numbers(page) == [4, 3, 2, 1])
    for _ in range(3):
        send("GET", f"{BASE}/api/v1/version")
    check("reset: what came is listed", wait_for(lambda: numbers(page) == [7, 6, 5, 4, 3, 2, 1]), numbers(page))
    control("POST", "reset")
    for _ in range(6):
        send("GET", f"{BASE}/api/v1/nothing")
    check("reset: elsewhere, the list is what the server holds", wait_for(lambda: numbers(page) == of_server() and len(numbers(page)) == 6), numbers(page))
    check("reset: and counts what the server counts", page.eventually(SHOWN + ".startsWith('6 exchanges')"), page.js("return " + SHOWN))
    control("DELETE", "journal")
    check("cleared elsewhere, the list is empty", wait_for(lambda: numbers(page) == []), numbers(page))
    send("GET", f"{BASE}/api/v1/version")
    check("cleared: what comes is listed, its number going on", wait_for(lambda: numbers(page) == [7]), numbers(page))
    page.button("Clear", "#main")
    check("Clear asks first", page.eventually("document.querySelector('#confirm').open"))
    page.button("Cancel", "#confirm")
    check("Clear: cancelled, nothing is lost", len(of_server()) == 1)
    page.button("Clear", "#main")
    page.button("Clear", "#confirm")
    check("Clear: confirmed, it is done and said", wait_for(lambda: of_server() == []) and page.says("empty", "#notice-text"))
    page.view("scenario")
    page.button("Reset the tenant", "#main")
    check("Reset asks first, and says what is lost", page.says("journal are dropped", "#confirm"))
    send("GET", f"{BASE}/api/v1/version")
    page.button("Reset", "#confirm")
    check("Reset: done and said", wait_for(lambda: control("GET", "journal?limit=1")["total"] == 0) and page.says("as at its start", "#notice-text"))
    page.view("journal")
    check("an empty server shows how to make the first request, with this port and tenant", page.says("Nothing has happened yet", "#first")
          and page.js("return ['Steamship', 'Scramjet', 'Shipyard'].every((name) => document.querySelector('#first').textContent.includes(name))"
                      " && document.querySelector('#first').textContent.includes(arguments[0])", f"{URL}/_t/{TENANT}"), page.text("#first"))
    page.shot("first")
    lines = page.js("return [...document.querySelectorAll('#first pre')].map((pre) => pre.textContent).filter((text) => text.startsWith('curl'))")
    for line in lines:
        subprocess.run(["bash", "-c", line], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
    check("its lines work, and it lights up as they arrive", page.eventually("!document.querySelector('#first').textContent")
          and wait_for(lambda: numbers(page) and numbers(page) == of_server())
          and all(entry["operation"] for entry in control("GET", "journal")["entries"]), numbers(page))
    control("PUT", "clock", {"mode": "real"})
    page.click("#fold")
    traffic()


def tenants(page):
    page.view("tenants")
    send("GET", f"{URL}/_t/other-{TENANT}/api/v1/version")
    send("GET", f"{BASE}/api/v1/version")
    check("tenants: a new one appears", page.says(f"other-{TENANT}"))
    page.shot("tenants")
    page.click(f"button[aria-label='Drop tenant other-{TENANT}']")
    check("tenants: Drop asks first", page.says(f"Drop tenant other-{TENANT}", "#confirm"))
    page.button("Drop", "#confirm")
    names = [one["name"] for one in control("GET", "tenants")["tenants"]]
    check("tenants: dropped, it is gone and that is said", wait_for(
        lambda: f"other-{TENANT}" not in [one["name"] for one in control("GET", "tenants")["tenants"]]) and page.says("is dropped", "#notice-text"), names)


def keyboard(page):
    from selenium.webdriver.common.keys import Keys
    page.view("journal")
    page.js("document.querySelector('#tab-journal').focus()")
    page.browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    check("keyboard: an arrow goes to the next view", page.eventually(
        "document.activeElement.id === 'tab-time' && document.activeElement.getAttribute('aria-selected') === 'true'"))
    page.browser.switch_to.active_element.send_keys(Keys.HOME)
    check("keyboard: Home goes to the first", page.eventually("document.activeElement.id === 'tab-journal'"))
    page.eventually("document.querySelectorAll('#entries a').length > 2")
    page.js("document.querySelector('#entries a').focus()")
    page.browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    check("keyboard: an arrow goes to the next row", page.eventually(
        "document.activeElement.closest('tr') === document.querySelectorAll('#entries tr')[1]"))
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    check("keyboard: Enter opens an exchange", page.says("Why it came out so"))
    page.browser.back()
    page.eventually(f"{ROWS} > 2")
    page.browser.find_element("css selector", "body").send_keys(Keys.CONTROL, "k")
    check("keyboard: Ctrl-K offers all that can be done", page.eventually("document.querySelectorAll('#commands [role=option]').length > 20"))
    page.browser.switch_to.active_element.send_keys("numbers", Keys.ENTER)
    check("keyboard: and does it", page.eventually("location.hash === '#numbers'"))


if __name__ == "__main__":
    browse(journal, exchange, clock, anew, tenants, keyboard)
