"""What one does with the console: scenarios, time, streams, and everything that Ctrl-K offers; each time
the control API is asked whether it came so.
"""

import io
import json
import tarfile
import threading
import time
import urllib.request

from browser import BASE, FLEET, TENANT, URL, browse, control, run_fleet, send, tell_story, wait_for
from common import check

HUB = f"{BASE}/api/v1/space/demo/api/v1/sth/sth-0/api/v1"
SPACE = f"{BASE}/api/v1/space/demo/api/v1"


def rules():
    return control("GET", "scenario/rules")["rules"]


def scenario(page):
    page.view("scenario")
    page.eventually("!!document.querySelector('#rule-operation')")
    page.fill("#rule-operation", "scramjet.hub.version")
    page.button("Add", "#main")
    check("scenario: a fault in two clicks", wait_for(rules))
    page.button("Add", "#main")
    time.sleep(0.5)
    check("scenario: the same again does not pile up", len(rules()) == 1, rules())
    page.eventually("document.querySelector('.rule .struck-count')?.textContent === '0'")
    status = send("GET", f"{BASE}/api/v1/version")[0]
    check("scenario: the fault strikes", status == 503, status)
    check("scenario: its card blinks", page.eventually("document.querySelector('.rule.struck')"))
    check("scenario: its card counts it", page.eventually("document.querySelector('.rule .struck-count')?.textContent === '1'"), page.text("#rules"))
    control("POST", "scenario/rules", {"name": "second", "match": {"operation": "shipyard.*"}, "delay": "1ms"})
    control("POST", "scenario/rules", {"name": "third", "match": {"operation": "scramjet.hub.version"}, "error": 500})
    send("GET", f"{BASE}/api/v1/version")
    page.eventually("document.querySelectorAll('.rule').length === 3")
    first = rules()[0]["name"]
    page.click(f"button[aria-label='Move {first} down']")
    check("scenario: a rule is moved by a button", wait_for(lambda: [one["name"] for one in rules()] == ["second", first, "third"]), rules())
    page.eventually("document.querySelector('.rule').dataset.rule === 'second'")
    page.js("const cards = [...document.querySelectorAll('.rule')], data = new DataTransfer();"
            "cards[0].dispatchEvent(new DragEvent('dragstart', {bubbles: true, dataTransfer: data}));"
            "cards[2].dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}));")
    check("scenario: and by dragging", wait_for(lambda: [one["name"] for one in rules()] == [first, "third", "second"]), rules())
    check("scenario: its counts went with it", rules()[0]["struck"] == 2, rules())
    page.eventually("document.querySelectorAll('.rule')[1].dataset.rule === 'third'")
    page.click("button[aria-label='Why third does not strike']")
    check("scenario: why a rule does not strike", page.says("stands before it and struck first", "#why-not"), page.text("#dialog"))
    send("POST", FLEET + "/fleetruns", b"{}", X_Shipyard_API_Key=f"wt-{TENANT}", Content_Type="application/json")
    check("scenario: live, with what it wanted and what it found", page.says("wants scramjet.hub.version; it was", "#why-not"), page.text("#why-not"))
    page.button("Close", "#dialog")
    page.click(f"input[aria-label='Rule {first} is on']")
    check("scenario: a rule is switched off", wait_for(lambda: rules()[0]["enabled"] is False))
    check("scenario: off, it does not strike", send("GET", f"{BASE}/api/v1/version")[0] == 500)
    for name in (first, "second", "third"):
        page.click(f"button[aria-label='Remove rule {name}']")
        wait_for(lambda gone=name: gone not in [one["name"] for one in rules()])
    check("scenario: rules are removed", rules() == [], rules())


def editor(page):
    from selenium.webdriver.common.keys import Keys
    page.view("scenario")
    page.eventually("!!document.querySelector('#rule-draft')")
    area = page.browser.find_element("css selector", "#rule-draft")
    page.fill("#rule-draft", '{"name": "typed", "match": {"oper')
    area.send_keys("a")
    check("editor: it completes keys of the language", page.eventually("!document.querySelector('.completion:not([hidden])')?.hidden")
          and page.says("operation", ".completion:not([hidden])"), page.text(".editor"))
    area.send_keys(Keys.ENTER)
    check("editor: and says what they do", page.says("operation", ".help") and '"operation"' in page.js("return document.querySelector('#rule-draft').value"))
    page.fill("#rule-draft", '{\n  "name": "typed",\n  "match": {"operation": "scramjet.hub.vers')
    area.send_keys("i")
    check("editor: it knows this server's operations", page.says("scramjet.hub.version", ".completion:not([hidden])"))
    area.send_keys(Keys.TAB)
    area.send_keys("},\n  \"eror\": 503\n}")
    area.send_keys(Keys.ESCAPE)
    check("editor: what is wrong is said in its place, while one types", page.says("Line 4, column", ".problems") and page.says("eror", ".problems"), page.text(".editor"))
    check("editor: and marked there", page.js("return document.querySelector('.editor mark')?.textContent.includes('eror')"))
    check("editor: help is short", page.js("return Math.max(...[...document.querySelectorAll('.help')].map((one) => one.textContent.length))") < 400)
    page.js("document.querySelector('#rule-draft').scrollIntoView({block: 'center'})")
    page.shot("editor")
    page.button("Add the rule", "#main")
    check("editor: refused, nothing is in force, and the place is in view", rules() == [] and page.js(
        "const box = document.querySelector('.problems').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight + 1"))
    check("editor: a refusal is said where it is seen, with line and column", page.says("line 4, column", "#notice-text") and page.js(
        "const box = document.querySelector('#notice').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight"), page.text("#notice"))
    text = page.js("return document.querySelector('#rule-draft').value")
    send("GET", f"{BASE}/api/v1/version")
    time.sleep(0.6)
    check("editor: what was refused stays to be corrected", page.js("return document.querySelector('#rule-draft').value") == text)
    page.fill("#rule-draft", text.replace("eror", "error"))
    page.button("Add the rule", "#main")
    check("editor: corrected, it is in force", wait_for(lambda: [one["name"] for one in rules()] == ["typed"]))
    page.js("document.querySelector('#gallery').scrollIntoView()")
    described = control("GET", "scenarios")["about"]
    check("gallery: each shipped scenario with what it does", page.js(
        "return arguments[0].every((one) => document.querySelector(`#gallery [data-scenario='${one.name}']`)?.textContent.includes(one.description))", described))
    page.shot("gallery")
    page.click("button[aria-label='Use rate-limited and keep the world']")
    check("gallery: put in force with the world as it is", wait_for(lambda: control("GET", "scenario").get("name") == "rate-limited"))
    page.click("button[aria-label='Use demo']")
    check("gallery: beginning anew asks first", page.says("begins anew", "#confirm"))
    page.button("Begin anew", "#confirm")
    check("gallery: and is said", wait_for(lambda: control("GET", "scenario").get("name") == "demo") and page.says("began anew", "#notice-text"))


def times(page):
    control("PUT", "clock", {"mode": "manual"})
    run_fleet()
    page.view("time")
    check("time: a lane for each run and voyage", page.eventually("document.querySelectorAll('#timeline [data-lane]').length > 0"), page.text("#timeline"))
    page.says("next due", "#due")
    before = control("GET", "clock")
    page.button("Step to the next event", "#main")
    check("time: a step goes to what is due", wait_for(lambda: control("GET", "clock")["now"][:19] >= before["nextDue"][:19] and control("GET", "clock")["nextDue"] != before["nextDue"]))
    lanes = page.js("return document.querySelectorAll('#timeline [data-lane]').length")
    state = control("GET", "state/shipyard")["runs"][0]
    check("time: its vessels get lanes as they begin", page.eventually("[...document.querySelectorAll('#timeline [data-lane]')].some((one) => one.dataset.lane.startsWith('Extract'))"), (lanes, state["voyages"]))
    page.fill("#window", "60000")
    time.sleep(0.4)
    line = page.js("const box = document.querySelector('#now-line rect').getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]")
    now = control("GET", "clock")["now"]
    page.js("window.scrollTo(0, 0)")
    for kind, x in (("mousePressed", line[0]), ("mouseMoved", line[0] + 60), ("mouseMoved", line[0] + 120), ("mouseReleased", line[0] + 120)):
        page.browser.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": line[1], "button": "left", "buttons": 0 if kind == "mouseReleased" else 1, "clickCount": 1})
    check("time: the line of now is dragged, and everything due on the way happens", wait_for(lambda: control("GET", "clock")["now"] > now)
          and wait_for(lambda: control("GET", "state/shipyard")["runs"][0]["status"] == "Success"), (now, control("GET", "clock")))
    page.js("document.querySelector('#timeline svg').focus()")
    page.browser.switch_to.active_element.send_keys("\ue012" * 3)
    check("time: what happened at an instant is told, by keyboard too", page.says("ago|Nothing happened", "#instant"), page.text("#instant"))
    goal = "2031-01-01T00:00:00Z"
    page.fill("#jump", goal)
    page.button("Jump", "#main")
    check("time: a jump", wait_for(lambda: control("GET", "clock")["now"].startswith("2031-01-01")))
    page.fill("#play-factor", "600")
    page.button("Play", "#main")
    check("time: played at a speed", wait_for(lambda: control("GET", "clock") | {"now": 0, "nextDue": 0} == {"mode": "scaled", "factor": 600, "now": 0, "nextDue": 0}), control("GET", "clock"))
    page.button("Hold", "#main")
    check("time: and held", wait_for(lambda: control("GET", "clock")["mode"] == "manual"))
    page.shot("time")
    run = control("GET", "state/shipyard")["runs"][0]
    page.go(f"shipyard/run/{run['id']}")
    check("a run is a Gantt chart of its vessels in the graph's order", page.eventually(
        "[...document.querySelectorAll('.gantt [data-vessel]')].map((one) => one.dataset.vessel).join() === 'Extract,Load'"), page.text())
    page.shot("run")
    control("PUT", "clock", {"mode": "real"})
    key = {"Authorization": f"Bearer wt-{TENANT}", "Content_Type": "application/json"}
    send("POST", f"{BASE}/api/v1/task/noop", b"{}", X_Task_Background="true", **key)
    page.view("steamship")
    check("a task is a strip of its states", page.eventually("document.querySelector('.states li')"), page.text())
    page.go(f"steamship/task/{control('GET', 'state/steamship')['tasks'][-1]['id']}")
    check("a task has an address of its own", page.says("last change"))


def package():
    """A sequence of ours as one file: it gives back what it gets."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in (("package.json", '{"name": "mine", "version": "1.0.0", "main": "index.js"}'), ("index.js", "module.exports = (input) => input;\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()


def instances():
    return [one for space in control("GET", "state/scramjet")["spaces"] for hub in space["hubs"] for one in hub["instances"]]


def streams(page):
    send("POST", f"{SPACE}/topic/quay", b'{"n": 1}\n', Content_Type="application/x-ndjson")
    page.view("scramjet")
    page.go("scramjet/topic/demo/quay")
    check("a topic: what waits is shown", page.says('"n": 1', ".pane"), page.text())
    page.fill("#publish", '{"n": 2}')
    page.button("Publish", "#main")
    check("a topic: published from the page, it is seen there", page.says('"n": 2', ".pane"), page.text(".pane"))
    got, stop = [], threading.Event()

    def read():
        with urllib.request.urlopen(f"{SPACE}/topic/quay", timeout=20) as answer:
            while not stop.is_set():
                piece = answer.read1(4096)
                if not piece:
                    return
                got.append(piece)

    threading.Thread(target=read, daemon=True).start()
    check("a topic: looking took nothing; the program gets all of it", wait_for(lambda: b'"n": 1' in b"".join(got) and b'"n": 2' in b"".join(got)), got)
    check("a topic: its reader is in the picture", page.eventually("document.querySelector('#main svg.flow')?.getAttribute('aria-label').includes('1 readers')"), page.text())
    page.shot("topic")
    stop.set()
    send("POST", f"{SPACE}/topic/quay", b"{}\n", Content_Type="application/x-ndjson")
    # What nobody reads: the writer has to wait, and one sees it.
    blocked = threading.Thread(target=lambda: send("POST", f"{SPACE}/topic/full", b"x" * 100 + b"\n" * 300_000, Content_Type="application/octet-stream"), daemon=True)
    blocked.start()
    page.go("scramjet/topic/demo/full")
    check("a topic: back-pressure is visible", page.says("Back-pressure"), page.text())
    with urllib.request.urlopen(f"{SPACE}/topic/full", timeout=20) as answer:
        answer.read(250_000)


def instance(page):
    check("palette: an instance of a stored sequence", page.do("Start an instance of echo"))
    page.button("Start", "#dialog")
    check("an instance: it is started, and shown", wait_for(lambda: [one["status"] for one in instances()] == ["running"]) and page.says("Instance "), page.text())
    page.eventually("document.querySelectorAll('.pane').length === 5")
    page.fill("#instance-input", '{"hello": "console"}')
    page.button("Send", "#main")
    check("an instance: input sent from the page comes out again, and is seen", page.says("hello", ".pane[aria-label^=output]"), page.text())
    check("an instance: what it was sent is in a pane, too", page.says("hello", ".pane[aria-label^=input]", seconds=60), page.text(".pane[aria-label^=input]"))
    one = instances()[0]
    check("an instance: looking at its output took nothing", one["streams"]["output"]["bytes"] > 0 and one["streams"]["output"]["readers"] == 0, one["streams"])
    with urllib.request.urlopen(f"{HUB}/instance/{one['id']}/output", timeout=10) as answer:
        first = answer.read1(100)
    check("an instance: the program's own reader gets it", b"hello" in first, first)
    page.shot("instance")
    page.button("Send an event", "#main")
    page.button("Send", "#dialog")
    check("an instance: an event is sent", wait_for(lambda: any(entry["operation"] == "scramjet.instance.sendEvent" and entry["status"] == 200 for entry in control("GET", "journal?limit=50")["entries"])),
          control("GET", "journal?limit=5")["entries"])
    page.button("Kill", "#main")
    check("an instance: Kill asks first", page.says("without a chance", "#confirm"))
    page.button("Kill", "#confirm")
    check("an instance: killed", wait_for(lambda: not [one for one in instances() if one["status"] == "running"]), instances())
    page.view("scramjet")
    before = len(control("GET", "state/scramjet")["spaces"][0]["hubs"][0]["sequences"])
    page.drop("mine.tar.gz", package())
    check("a package that is dropped becomes a sequence", wait_for(
        lambda: len(control("GET", "state/scramjet")["spaces"][0]["hubs"][0]["sequences"]) == before + 1), page.text("#notice"))


def hubs():
    return {hub["id"]: hub["isConnectionActive"] for hub in control("GET", "state/scramjet")["spaces"][0]["hubs"]}


def do(page):
    check("palette: a hub is crashed", page.do("Crash the hub sth-1"))
    page.button("Crash", "#confirm")
    check("a hub: crashed", wait_for(lambda: hubs()["sth-1"] is False), hubs())
    page.do("Recover the hub sth-1")
    check("a hub: back again", wait_for(lambda: hubs()["sth-1"] is True), hubs())
    page.do("Run the fleet Nightly")
    page.fill("#dialog textarea", json.dumps({"vessel_overrides": [{"name": "Extract", "environment_variable_overrides": {"REGION": "mars"}}]}))
    page.button("Run", "#dialog")
    check("a fleet is run with overrides", wait_for(lambda: any(
        voyage["environment"].get("REGION") == "mars" for run in control("GET", "state/shipyard")["runs"][:1] for voyage in run["voyages"])), page.text("#dialog"))
    count = control("GET", "state/shipyard")["runsKept"]
    page.do("Trigger the webhook of Nightly")
    page.button("Trigger", "#dialog")
    check("a webhook is triggered", wait_for(lambda: control("GET", "state/shipyard")["runsKept"] == count + 1))
    page.do("Make a package instance")
    page.fill("#dialog input[name=handle]", "mate")
    page.button("Make", "#dialog")
    check("a package instance is made", wait_for(lambda: "mate" in json.dumps(control("GET", "state/steamship"))), page.text("#dialog"))
    page.do("Call a method of mate")
    check("a method is called by a form that its __dir__ made", page.eventually("[...document.querySelectorAll('#dialog option')].some((o) => o.textContent === 'greet (POST)')"), page.text("#dialog"))
    page.button("Go on", "#dialog")
    check("which has a field for each argument", page.eventually("document.querySelector('#dialog input[name=name]')") and page.says("Greets somebody", "#dialog"), page.text("#dialog"))
    page.fill("#dialog input[name=name]", "console")
    page.button("Call", "#dialog")
    check("and what it answered is shown", page.says("console", "#dialog pre"), page.text("#dialog"))
    page.button("Close", "#dialog")
    page.do("Expire a key")
    page.fill("#dialog input[name=key]", "wt-" + TENANT + ".old")
    page.button("Expire", "#dialog")
    refused = {"Authorization": f"Bearer wt-{TENANT}.old"}
    check("a key is expired", wait_for(lambda: send("GET", f"{BASE}/api/v1/account/current", **refused)[0] == 401), page.text("#dialog"))
    check("palette: what is called nothing like it is not done", not page.do("no such command at all", seconds=1) and page.eventually("document.querySelector('#palette').open"))
    page.js("document.querySelector('#palette').close()")


def charts(page):
    page.view("numbers")
    for _ in range(30):
        send("GET", f"{BASE}/api/v1/version")
    check("numbers: rates, statuses, latencies, lag and open streams as charts", page.eventually(
        "['Requests', 'Statuses', 'Latency', 'Loop lag', 'Open'].every((name) => document.querySelector(`[data-chart='${name}'] path.line`))", seconds=12), page.text())
    check("numbers: the rate is the server's", page.eventually(
        "/all [1-9]/.test(document.querySelector('[data-chart=Requests]').textContent) || document.querySelector('[data-chart=Requests] path.line').getAttribute('d').split('L').length > 1", seconds=10))
    page.shot("numbers")


def presenter(page):
    from selenium.webdriver.common.keys import Keys
    page.do("Presenter's view")
    check("presenter: large type, and the first step", page.says("1/", "#presenter") and page.js("return document.body.classList.contains('presenting')"))
    page.press(" ")
    check("presenter: the next step on space", page.says("2/", "#presenter") and page.eventually("document.querySelector('#timeline svg')"), page.text("#presenter"))
    page.shot("presenter")
    page.press(Keys.ESCAPE)
    check("presenter: Escape ends it", page.eventually("!document.querySelector('#presenter')"))


def demo(page):
    """A world that lives: ten minutes of the tenant's time, here stepped through."""
    page.do("Demo: let this world live")
    check("demo: it asks first, since the tenant begins anew", page.says("begins anew", "#confirm"))
    page.button("Begin", "#confirm")
    check("demo: it begins, on a scaled clock", wait_for(lambda: control("GET", "demo")["playing"], 20) and control("GET", "clock")["mode"] == "scaled", control("GET", "clock"))
    check("demo: and says what is told", page.says("Minute 0: Morning in the harbor", "#notice-text", seconds=60), page.text("#notice"))
    control("PUT", "clock", {"mode": "manual"})
    tell_story(60)
    services = {entry["service"] for entry in control("GET", "journal?limit=1000")["entries"]}
    check("demo: all three services are busy", {"steamship", "scramjet", "shipyard"} <= services, services)
    tell_story(270)
    check("demo: something breaks", hubs()["sth-1"] is False and any(entry["status"] == 503 for entry in control("GET", "journal?limit=1000")["entries"]), hubs())
    check("demo: and that is said", page.says("Minute 4: Something breaks", "#notice-text", seconds=60), page.text("#notice"))
    tell_story(400)
    check("demo: it recovers", hubs()["sth-1"] is True, hubs())
    page.view("time")
    page.fill("#window", "600000")
    check("demo: bars of one fleet stand in few lanes", page.eventually("[...document.querySelectorAll('#timeline .lane-name')].some((one) => /^Unload a ship ×/.test(one.textContent))"), page.text("#timeline"))
    check("demo: topics have lanes, with their messages as marks", page.eventually("document.querySelectorAll('#timeline [data-lane=arrivals] .mark').length > 5"), page.text("#timeline"))
    page.js("document.querySelector('#notice-close').click()")
    page.shot("demo")
    control("POST", "clock/advance", {"by": "300s"})
    check("demo: it ends", wait_for(lambda: not control("GET", "demo")["playing"], 20) and page.says("story is over", "#notice-text", seconds=60), page.text("#notice"))
    control("PUT", "clock", {"mode": "real"})


def snapshot(page):
    """A snapshot goes out, and comes back by being dropped."""
    request = urllib.request.Request(f"{URL}/_wavetank/snapshot", headers={"X-Wavetank-Tenant": TENANT})
    content = urllib.request.urlopen(request, timeout=10).read()
    send("POST", f"{BASE}/api/v1/workspace/create", b'{"handle": "later"}', Authorization=f"Bearer wt-{TENANT}", Content_Type="application/json")
    check("snapshot: the world is another one now", "later" in json.dumps(control("GET", "state/steamship")))
    page.view("tenants")
    page.drop("wavetank-theirs.tar.gz", content)
    check("snapshot: dropped, it asks first", page.says("wavetank-theirs.tar.gz", "#confirm"))
    page.button("Restore", "#confirm")
    check("snapshot: restored", wait_for(lambda: "later" not in json.dumps(control("GET", "state/steamship"))), page.text("#notice"))


if __name__ == "__main__":
    browse(scenario, editor, times, streams, instance, do, charts, presenter, snapshot, demo)
