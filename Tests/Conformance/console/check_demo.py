"""`wavetank demo`: a server with a world that lives, and a story with a failure and a recovery."""

import json
import os
import re
import signal
import subprocess

from browser import send, wait_for
from common import Server, check, finish

BINARY = os.environ["WAVETANK_BINARY"]


def get(server, path):
    return json.loads(send("GET", f"{server.url}/_wavetank/{path}")[1])


def entries(server):
    return get(server, "journal?limit=10000")["entries"]


def tell(server, seconds):
    """To that second of the story, a beat or two at a time; waits for the clients each time."""
    told = get(server, "demo")["seconds"]
    while told < seconds:
        told = min(seconds, told + 10)
        left = told - get(server, "demo")["seconds"]
        send("POST", f"{server.url}/_wavetank/clock/advance", json.dumps({"by": f"{left}s"}).encode())
        if not wait_for(lambda: get(server, "demo")["seconds"] >= told - 0.01, 60):
            return False
    # What the last beat makes is there, too.
    count = [-1]

    def still():
        before, count[0] = count[0], len(entries(server))
        return before == count[0]

    return wait_for(still, 20)


def hub(server):
    return get(server, "state/scramjet")["spaces"][0]["hubs"][1]["isConnectionActive"]


def greeting():
    """What it says, and how it ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen([BINARY, "demo", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = ""
        while "Presenter" not in said:
            line = process.stdout.readline()
            if not line:
                break
            said += line
        url = re.search(r"wavetank ready on (http://\S+)", said)
        name = signal.Signals(number).name
        check(f"demo: it says where the console is, and the presenter's view ({name})", bool(url) and f"{url[1]}/_wavetank/console?present" in said, said)
        if url:
            clock = json.loads(send("GET", f"{url[1]}/_wavetank/clock")[1])
            check(f"demo: its clock runs faster than the wall's ({name})", clock["mode"] == "scaled" and clock["factor"] == 5, clock)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        check(f"demo: {name} ends it well", process.returncode == 0 and err == "", (process.returncode, err))
    quiet = subprocess.run([BINARY, "demo", "--clock", "sometimes"], capture_output=True, text=True, timeout=30)
    check("demo: what it does not know is said", quiet.returncode == 64 and "--clock" in quiet.stderr, quiet.stderr)


def story():
    """Stepped through on a manual clock: each turn comes in its minute."""
    server = Server("--clock", "manual", "--control-token", "t0ken", command="demo")
    check("demo: a token keeps its data as it does elsewhere", send("GET", f"{server.url}/_wavetank/demo")[0] == 401)
    server.stop()
    server = Server("--clock", "manual", command="demo")
    tell(server, 100)
    seen = entries(server)
    check("demo: in the morning all three services are busy, and nothing fails", {one["service"] for one in seen} == {"steamship", "scramjet", "shipyard"}
          and all(one["status"] < 400 for one in seen if one["status"]), seen[-3:])
    check("demo: it is told which chapter that is", get(server, "demo")["chapter"] == 1 and get(server, "demo")["playing"])
    tell(server, 200)
    check("demo: then it gets busier", len(entries(server)) > 2 * len(seen), (len(seen), len(entries(server))))
    check("demo: a run fails in the wind, and tries again", wait_for(lambda: "the wind is too strong" in json.dumps(get(server, "state/shipyard"))))
    tell(server, 300)
    refused = [one for one in entries(server) if one["status"] == 503]
    check("demo: in the fifth minute a hub is down, and calls are refused", hub(server) is False and len(refused) > 10, len(refused))
    tell(server, 420)
    before = len([one for one in entries(server) if one["status"] == 503])
    check("demo: in the seventh the hub is back", hub(server) is True)
    tell(server, 500)
    after = entries(server)
    check("demo: and nothing is refused any more", len([one for one in after if one["status"] == 503]) == before)
    tell(server, 700)
    check("demo: after ten minutes the world lives on", get(server, "demo")["over"] and get(server, "demo")["playing"] and len(entries(server)) > len(after))
    check("demo: a topic's messages are read", get(server, "state/scramjet")["spaces"][0]["topics"][1]["stream"]["readers"] == 1, get(server, "state/scramjet")["spaces"][0]["topics"])
    server.stop()


def seeded():
    """The same seed tells the same story."""
    told = []
    for seed in ("5", "5", "6"):
        server = Server("--clock", "manual", "--seed", seed, command="demo")
        tell(server, 60)
        whole = get(server, "journal?limit=1000&detail=whole")["entries"]
        # Who reads the topic does so beside the story.
        told.append([(one["method"], one["target"], one["request"].get("content"), one["status"]) for one in whole
                     if not (one["method"] == "GET" and one["target"].endswith("/topic/berths"))])
        server.stop()
    check("demo: the same seed tells the same story", told[0] == told[1], (told[0][:5], told[1][:5]))
    check("demo: another seed another one", told[0] != told[2])


if __name__ == "__main__":
    greeting()
    story()
    seeded()
    finish()
