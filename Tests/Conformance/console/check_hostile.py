"""What comes from the network is text: names, messages and fields that would be markup, in each view."""

import json
import urllib.parse

from browser import BASE, TENANT, browse, control, send, wait_for
from common import check

BAD = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"
KEY = {"Authorization": f"Bearer wt-{TENANT}", "Content_Type": "application/json"}
SAFE = ("!window.pwned && !document.querySelector('img, iframe, object, embed, script:not([type=module]), base, [onerror], [onload]')"
        " && ![...document.querySelectorAll('body [href], [src], [action], [formaction]')].some((e) => /^\\s*(javascript|data|vbscript):/i.test(e.getAttribute('href') || e.getAttribute('src') || ''))")


def world():
    """Hostile in all that a client, or who writes a scenario, can name."""
    control("PUT", "scenario", {
        "wavetank": 1, "name": BAD, "description": BAD,
        "given": {
            "steamship": {"packages": [{"handle": "pilot", "description": BAD, "methods": [{"path": "berth", "doc": BAD, "text": BAD}]}],
                          "workspaces": [{"handle": "harbor", "instances": [{"package": "pilot", "handle": "pilot"}]}]},
            "scramjet": {"hubs": [{"id": "sth-0", "description": BAD}, {"id": "sth-1"}],
                         "store": [{"file": "echo.tar.gz", "package": {"name": BAD, "description": BAD, "version": BAD}}],
                         "sequences": [{"name": BAD, "package": {"name": BAD, "description": BAD}}],
                         "topics": ["harbor"]},
            "shipyard": {"orgs": [{"name": BAD, "projects": [{"name": BAD, "fleets": [{"name": BAD, "vessels": {BAD: {"source": {
                "type": "CODE", "language": "BASH", "file": {"name": "a.sh", "content": BAD}, "file_to_run": "a.sh"}}}}]}]}]}},
        "behaviors": {"steamship": [{"timeline": [{"state": "running", "for": "1h", "message": BAD}]}], "shipyard": [{"attempts": [{"exit": 1, "for": "1s", "output": BAD}]}]},
        "variables": {BAD: BAD},
        "rules": [{"name": BAD, "description": BAD, "match": {"operation": "scramjet.hub.version"}, "respond": {"status": 299, "header": {"X-Bad": BAD}, "text": BAD}},
                  {"name": "near " + BAD, "description": BAD, "match": {"operation": "scramjet.hub.version", "header": {"x-else": BAD}}, "error": 500}],
    })
    send("GET", f"{BASE}/api/v1/version?{urllib.parse.quote(BAD)}", X_Bad=BAD, User_Agent=BAD, X_Request_Id=BAD)
    send("GET", f"{BASE}/api/v1/{urllib.parse.quote(BAD)}")
    send("POST", f"{BASE}/api/v1/task/noop", b"{}", X_Task_Background="true", **KEY)
    send("POST", f"{BASE}/apps/harbor/pilot/berth", json.dumps({BAD: BAD}).encode(), **KEY)
    send("POST", f"{BASE}/api/v1/space/demo/api/v1/topic/harbor", BAD.encode() + b"\n", Content_Type="application/x-ndjson")
    state = control("GET", "state/shipyard")["organizations"][0]
    project = state["projects"][0]
    send("POST", f"{BASE}/orgs/{state['id']}/projects/{project['id']}/fleets/{project['fleets'][0]['id']}/fleetruns", b"{}", X_Shipyard_API_Key=f"wt-{TENANT}", Content_Type="application/json")


def hostile(page):
    world()
    check("hostile: the world is there", control("GET", "scenario").get("name") == BAD and len(control("GET", "journal?limit=1000")["entries"]) > 5)
    for view in ("journal", "time", "steamship", "scramjet", "shipyard", "scenario", "numbers", "tenants"):
        page.view(view)
        if view in ("steamship", "scramjet", "shipyard", "scenario"):
            check(f"hostile: {view} shows it as text", page.says("<img src=x"), page.text()[:300])
        check(f"hostile: {view} makes nothing of it", page.js("return " + SAFE))
    addresses = [f"journal/{entry['number']}" for entry in control("GET", "journal?limit=1000")["entries"]]
    addresses += ["shipyard/run/" + one["id"] for one in control("GET", "state/shipyard")["runs"]]
    addresses += ["steamship/task/" + one["id"] for one in control("GET", "state/steamship")["tasks"]]
    addresses += ["scramjet/topic/demo/harbor", "scramjet/topic/demo/" + urllib.parse.quote(BAD, safe=""), "scenario/" + urllib.parse.quote(BAD, safe="")]
    for address in addresses:
        page.go(address)
        page.eventually("document.querySelector('#main').textContent.length > 20")
        page.says("<img|img src", seconds=1)
        check(f"hostile: {address[:24]} makes nothing of it", page.js("return " + SAFE))
    page.go("scramjet/topic/demo/harbor")
    check("hostile: a topic's messages are text", page.says("<img src=x", ".pane"), page.text())
    # An address that is itself hostile.
    page.go("journal/" + urllib.parse.quote(BAD, safe=""))
    page.says("Back")
    check("hostile: an address makes nothing", page.js("return " + SAFE), page.text()[:300])
    page.view("scenario")
    page.click("button[aria-label^='Why near']")
    check("hostile: why a rule does not strike is text", page.says("<img src=x", "#dialog") and page.js("return " + SAFE), page.text("#dialog"))
    page.button("Close", "#dialog")
    page.do("Start an instance of <img")
    check("hostile: what can be done, and its forms, are text", page.says("<img src=x", "#dialog-title") and page.js("return " + SAFE), page.text("#dialog"))
    page.button("Close", "#dialog")
    page.view("journal")
    page.fill("#filter", BAD)
    check("hostile: so is the filter", wait_for(lambda: page.js("return " + SAFE)))


if __name__ == "__main__":
    browse(hostile)
