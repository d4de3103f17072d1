"""Each task by the keyboard alone: Tab, Enter, space, arrows and what one types. All that can be pressed with
a pointer is reached, where the focus is can be seen, and no place holds it."""

import json
import time

from browser import BASE, TENANT, URL, browse, control, numbers, of_server, run_fleet, send, wait_for
from common import check

from selenium.webdriver.common.keys import Keys

VIEWS = ("journal", "time", "steamship", "scramjet", "shipyard", "scenario", "numbers", "tenants")
FOCUS = "document.activeElement"
# What can be pressed or typed in and is in sight: all of it is to be reached. Of the tabs one is.
REACHABLE = ("[...document.querySelectorAll('header *, #main *, footer *, nav *')].filter((e) => (e.matches('button, a[href], input, select, textarea, summary')"
             " || e.tabIndex === 0) && !e.disabled && e.offsetParent !== null && e.tabIndex >= 0"
             " && !e.closest('details:not([open]) > :not(summary)') && getComputedStyle(e).visibility !== 'hidden')")


def rules():
    return [one["name"] for one in control("GET", "scenario/rules")["rules"]]


def to_view(page, name):
    """By Ctrl-K, as one does."""
    page.chord(Keys.CONTROL, "k")
    page.eventually("document.querySelectorAll('#commands [role=option]').length > 5")
    page.press("go to " + name)
    page.eventually("document.querySelector('#commands [aria-selected=true]')?.textContent.toLowerCase().startsWith(arguments[0])", "go to " + name)
    page.press(Keys.ENTER)
    return page.eventually("location.hash === '#' + arguments[0] && document.querySelector('#tab-' + arguments[0]).getAttribute('aria-selected') === 'true'", name)


def do(page, name):
    page.chord(Keys.CONTROL, "k")
    page.eventually("document.querySelectorAll('#commands [role=option]').length > 5")
    page.press(name)
    page.eventually("document.querySelector('#commands [aria-selected=true]')?.textContent.includes(arguments[0])", name)
    page.press(Keys.ENTER)


def settled(page):
    """Some parts of a view come a moment after it."""
    count = [-1]

    def still():
        before, count[0] = count[0], page.js(f"return {REACHABLE}.length")
        time.sleep(0.4)
        return before == count[0] > 8

    return wait_for(still, 20)


def reach(page):
    """Tab goes through everything of every view, and the focus is seen on each."""
    page.browser.refresh()
    page.eventually("document.querySelector('#entries tr')")
    page.chord(Keys.TAB)
    check("keyboard: the first Tab offers to skip to the content", page.js(f"return {FOCUS}.id") == "skip")
    page.press(Keys.ENTER)
    check("keyboard: which Enter does", page.js(f"return {FOCUS}.id") == "main")
    control("PUT", "clock", {"mode": "manual"})
    for view in VIEWS:
        check(f"keyboard: to {view}", to_view(page, view))
        settled(page)
        wanted = page.js(f"window.wanted = {REACHABLE}; window.wanted.forEach((e, index) => e.dataset.wanted = index); return window.wanted.length")
        page.js("document.querySelector('#skip').focus(); window.seen = new Set(); window.unseen = []")
        for _ in range(wanted + 40):
            page.chord(Keys.TAB)
            if page.js("const e = document.activeElement; if (e === document.body || e.id === 'skip') return true; window.seen.add(e.dataset.wanted);"
                       "const style = getComputedStyle(e); if (style.outlineStyle === 'none' && style.boxShadow === 'none' && !e.matches('.editor textarea')) window.unseen.push(e.outerHTML.slice(0, 90));"
                       "const box = e.getBoundingClientRect(); if (box.bottom < 0 || box.top > innerHeight) window.unseen.push('out of sight: ' + e.outerHTML.slice(0, 90)); return false"):
                break
        # What a view draws anew meanwhile has lost its mark; it is the same thing.
        missed = page.js("return window.wanted.filter((e) => e.isConnected && !window.seen.has(e.dataset.wanted)).map((e) => e.outerHTML.slice(0, 110)).slice(0, 6)")
        check(f"keyboard: {view}: all of {wanted} things are reached", wanted > 8 and missed == [], missed)
        check(f"keyboard: {view}: where the focus is can be seen", page.js("return window.unseen.slice(0, 5)") == [], page.js("return window.unseen.slice(0, 5)"))
        names = page.js("return window.wanted.filter((e) => e.isConnected && e.matches('button, a, input, select, textarea')).filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title || e.placeholder)).map((e) => e.outerHTML.slice(0, 100))")
        check(f"keyboard: {view}: everything has a name for a screen reader", names == [], names)
    control("PUT", "clock", {"mode": "real"})


def journal(page):
    to_view(page, "journal")
    page.tab_to("e.id === 'filter'")
    page.press("op:*workspace*")
    wanted = next(entry["number"] for entry in control("GET", "journal")["entries"] if entry["operation"] == "steamship.workspace.create")
    check("keyboard: a filter is typed", wait_for(lambda: numbers(page) == of_server("operation=*workspace*")), numbers(page))
    page.tab_to("e.closest('#entries a')")
    page.press(Keys.ENTER)
    check("keyboard: an exchange is opened", page.says(f"Exchange {wanted}: "))
    before = control("GET", "journal?limit=1")["total"]
    check("keyboard: to Send again", page.tab_to_button("Send again"))
    page.press(Keys.ENTER)
    check("keyboard: it is sent again", page.says(f"Exchange {before + 1}: "), page.text("#main")[:200])
    page.tab_to_button("Edit and send")
    page.press(Keys.ENTER)
    page.eventually("document.querySelector('#dialog').open")
    page.tab_to("e.id === 'send-content'")
    page.chord(Keys.CONTROL, "a")
    page.press('{"handle": "quay"}')
    page.tab_to("e.id === 'send-now'")
    page.press(Keys.ENTER)
    check("keyboard: and edited", page.says(f"Exchange {before + 2}: ") and control("GET", f"journal/{before + 2}")["request"]["content"] == '{"handle": "quay"}')
    page.tab_to("e.id === 'rule-of'")
    page.press(Keys.ARROW_DOWN)
    page.tab_to_button("Make the rule")
    page.press(Keys.ENTER)
    check("keyboard: a rule is made of it", wait_for(lambda: rules() == ["console: steamship.workspace.create fail with 429"]), rules())
    page.tab_to_button("Make a test")
    page.press(Keys.ENTER)
    check("keyboard: a test is made of it", page.says("def test_", "#dialog"))
    page.press(Keys.ESCAPE)
    check("keyboard: Escape closes it, and the focus is back", page.eventually("!document.querySelector('#dialog').open") and page.js(f"return {FOCUS}.textContent") == "Make a test")
    to_view(page, "journal")
    page.tab_to("e.id === 'filter'")
    page.chord(Keys.CONTROL, "a")
    page.press(Keys.DELETE)
    for _ in range(4):
        send("GET", f"{BASE}/api/v1/version")
    page.eventually("document.querySelector('#entries button.count')")
    page.tab_to("e.matches('#entries button.count')")
    page.press(Keys.ENTER)
    check("keyboard: polls that are one row are opened", page.eventually("document.activeElement.getAttribute('aria-expanded') === 'true'"), page.js(f"return {FOCUS}.outerHTML"))


def scenario(page):
    to_view(page, "scenario")
    control("POST", "scenario/rules", {"name": "second", "match": {"operation": "shipyard.*"}, "delay": "1ms"})
    send("GET", f"{BASE}/api/v1/version")
    page.eventually("document.querySelectorAll('.rule').length === 2")
    first = rules()[0]
    page.tab_to_button(f"Move {first} down")
    page.press(Keys.ENTER)
    check("keyboard: a rule is moved", wait_for(lambda: rules() == ["second", first]), rules())
    page.tab_to_button(f"Why {first} does not strike")
    send("GET", f"{BASE}/api/v1/version")
    time.sleep(1)
    check("keyboard: what is drawn anew keeps the focus", page.js(f"return {FOCUS}.getAttribute('aria-label')") == f"Why {first} does not strike", page.js(f"return {FOCUS}.outerHTML"))
    page.eventually("document.querySelector('.rule').dataset.rule === 'second'")
    page.js("document.querySelector('#skip').focus()")
    page.tab_to(f"e.getAttribute('aria-label') === {json.dumps('Rule second is on')}")
    page.press(" ")
    check("keyboard: a rule is switched off", wait_for(lambda: control("GET", "scenario/rules")["rules"][0]["enabled"] is False))
    page.js("document.querySelector('#skip').focus()")
    page.tab_to_button("Why second does not strike")
    page.press(Keys.ENTER)
    check("keyboard: it is told why it does not strike", page.says("exchanges, and what comes", "#dialog"))
    page.press(Keys.ESCAPE)
    for name in (first, "second"):
        page.js("document.querySelector('#skip').focus()")
        page.tab_to_button(f"Remove rule {name}")
        page.press(Keys.ENTER)
        wait_for(lambda gone=name: gone not in rules())
    check("keyboard: rules are removed", rules() == [], rules())
    page.tab_to("e.id === 'rule-draft'")
    page.chord(Keys.CONTROL, "a")
    page.press('{"name": "typed", "match": {"oper')
    page.press("a")
    page.eventually("document.querySelector('.completion:not([hidden])')")
    page.press(Keys.ENTER)
    check("keyboard: the editor completes", '"operation"' in page.js("return document.querySelector('#rule-draft').value"))
    page.chord(Keys.CONTROL, "a")
    page.press('{"name": "typed", "match": {"operation": "scramjet.hub.version"}, "error": 503}')
    page.press(Keys.ESCAPE)
    check("keyboard: Tab leaves the editor", page.tab_to_button("Add the rule", "#main"))
    page.press(Keys.ENTER)
    check("keyboard: and the rule is in force", wait_for(lambda: rules() == ["typed"]), rules())
    control("DELETE", "scenario/rules/typed")


def times(page):
    control("PUT", "clock", {"mode": "manual"})
    run_fleet()
    to_view(page, "time")
    page.says("next due", "#due")
    before = control("GET", "clock")["now"]
    page.tab_to_button("Step to the next event")
    page.press(Keys.ENTER)
    check("keyboard: a step in time", wait_for(lambda: control("GET", "clock")["now"] > before))
    page.tab_to("e.matches('#timeline svg')")
    page.press(Keys.ARROW_LEFT)
    check("keyboard: what happened is told", page.eventually("document.querySelector('#instant h3')"))
    now = control("GET", "clock")["now"]
    page.press(*[Keys.ARROW_RIGHT] * 8)
    page.press(Keys.ENTER)
    check("keyboard: the line of now goes where the arrows are", wait_for(lambda: control("GET", "clock")["now"] > now), control("GET", "clock"))
    page.tab_to("e.id === 'mode'", back=True)
    page.press("r")
    check("keyboard: the clock runs again", wait_for(lambda: control("GET", "clock")["mode"] == "real"), control("GET", "clock"))


def hubs():
    return {hub["id"]: hub["isConnectionActive"] for hub in control("GET", "state/scramjet")["spaces"][0]["hubs"]}


def do_things(page):
    do(page, "Crash the hub sth-1")
    page.eventually("document.querySelector('#confirm').open")
    page.press(Keys.ESCAPE)
    check("keyboard: Escape is no", page.eventually("!document.querySelector('#confirm').open") and hubs()["sth-1"] is True)
    do(page, "Crash the hub sth-1")
    page.eventually("document.querySelector('#confirm').open")
    page.tab_to_button("Crash", "#confirm") if page.js(f"return {FOCUS}.id") != "confirm-yes" else None
    page.press(Keys.ENTER)
    check("keyboard: a hub is crashed", wait_for(lambda: hubs()["sth-1"] is False))
    do(page, "Recover the hub sth-1")
    check("keyboard: and back", wait_for(lambda: hubs()["sth-1"] is True))
    count = control("GET", "state/shipyard")["runsKept"]
    do(page, "Run the fleet Nightly")
    page.eventually("document.querySelector('#dialog').open")
    page.tab_to_button("Run", "#dialog")
    page.press(Keys.ENTER)
    check("keyboard: a fleet is run", wait_for(lambda: control("GET", "state/shipyard")["runsKept"] == count + 1))
    do(page, "Call a method of greeter")
    page.eventually("document.querySelector('#dialog select[name=method]')")
    page.press(Keys.ENTER)
    page.tab_to_button("Go on", "#dialog")
    page.press(Keys.ENTER)
    page.eventually("document.querySelector('#dialog input[name=name]')")
    page.press("keys")
    page.press(Keys.ENTER)
    check("keyboard: a method is called by its form", page.says("keys", "#dialog pre"), page.text("#dialog"))
    page.press(Keys.ESCAPE)
    do(page, "Start an instance of echo")
    page.eventually("document.querySelector('#dialog').open")
    page.tab_to_button("Start", "#dialog")
    page.press(Keys.ENTER)
    check("keyboard: an instance is started, and shown", page.says("Instance "), page.text()[:200])
    page.tab_to("e.id === 'instance-input'")
    page.chord(Keys.CONTROL, "a")
    page.press('{"from": "the keys"}')
    page.tab_to_button("Send", "#main")
    page.press(Keys.ENTER)
    check("keyboard: input is sent to it", page.says("the keys", ".pane[aria-label^=output]", seconds=60), (page.text("#notice"), page.js("return document.querySelector('#instance-input').value"), control("GET", "journal?limit=3")["entries"]))
    page.tab_to_button("Kill", "#main")
    page.press(Keys.ENTER)
    page.eventually("document.querySelector('#confirm').open")
    page.tab_to_button("Kill", "#confirm") if page.js(f"return {FOCUS}.id") != "confirm-yes" else None
    page.press(Keys.ENTER)
    check("keyboard: it is killed", wait_for(lambda: not [one for space in control("GET", "state/scramjet")["spaces"] for hub in space["hubs"] for one in hub["instances"] if one["status"] == "running"]))
    send("POST", f"{BASE}/api/v1/space/demo/api/v1/topic/keys", b'{"n": 1}\n', Content_Type="application/x-ndjson")
    do(page, "Publish to keys")
    page.says("Topic keys")
    page.tab_to("e.id === 'publish'")
    page.chord(Keys.CONTROL, "a")
    page.press('{"n": 2}')
    page.tab_to_button("Publish", "#main")
    page.press(Keys.ENTER)
    check("keyboard: a message is published", page.says('"n": 2', ".pane"), page.text(".pane"))
    to_view(page, "tenants")
    send("GET", f"{URL}/_t/keys-{TENANT}/api/v1/version")
    page.says(f"keys-{TENANT}")
    page.js("document.querySelector('#skip').focus()")
    page.tab_to_button(f"Drop tenant keys-{TENANT}")
    page.press(Keys.ENTER)
    page.eventually("document.querySelector('#confirm').open")
    page.tab_to_button("Drop", "#confirm") if page.js(f"return {FOCUS}.id") != "confirm-yes" else None
    page.press(Keys.ENTER)
    check("keyboard: a tenant is dropped", wait_for(lambda: f"keys-{TENANT}" not in [one["name"] for one in control("GET", "tenants")["tenants"]]))


def present(page):
    do(page, "Presenter's view")
    page.says("1/", "#presenter")
    page.press(" ")
    check("keyboard: presenting, space is the next step", page.says("2/", "#presenter"))
    page.press(Keys.ARROW_LEFT)
    check("keyboard: and an arrow goes back", page.says("1/", "#presenter"))
    page.press(Keys.ESCAPE)
    check("keyboard: Escape ends it", page.eventually("!document.querySelector('#presenter')"))
    do(page, "Demo: let this world live")
    page.eventually("document.querySelector('#confirm').open")
    page.tab_to_button("Begin", "#confirm") if page.js(f"return {FOCUS}.id") != "confirm-yes" else None
    page.press(Keys.ENTER)
    check("keyboard: a demo is begun", wait_for(lambda: control("GET", "demo")["playing"], 20))
    page.says("Minute 0", "#notice-text")
    do(page, "End the demo")
    check("keyboard: and ended", wait_for(lambda: not control("GET", "demo")["playing"], 20))


if __name__ == "__main__":
    browse(reach, journal, scenario, times, do_things, present)
