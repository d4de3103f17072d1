#!/usr/bin/env python3
"""A toy client that has work done, and streams: right or with one planted defect.

    toy_work.py [DEFECT]

It makes a workspace, sends lines to a topic piece by piece, starts a fleet and looks at its run until that is
over. The right one waits at most a second for whatever it waits for, looks thirty times at most, believes what it
is told, and takes a workspace that is there already for its own.
"""

import csv
import http.client
import io
import json
import os
import sys
import time
import urllib.parse

DEFECT = sys.argv[1] if len(sys.argv) > 1 else ""
BASE = urllib.parse.urlsplit(os.environ["WAVETANK_URL"])
KEY = os.environ["STEAMSHIP_API_KEY"]
FLEET = ("/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
         "/fleets/33333333-3333-4333-8333-333333333333/fleetruns")
LOOKS = 30


class Failure(Exception):
    pass


def ask(method, path, content=None, kind="application/json", tries=2):
    """A connection each. Only what changes nothing is asked again."""
    for left in reversed(range(tries if method == "GET" else 1)):
        connection = http.client.HTTPConnection(
            BASE.hostname, BASE.port, timeout=None if DEFECT == "no-timeout" else 1)
        try:
            connection.request(method, BASE.path + path, content, {
                "Authorization": f"Bearer {KEY}", "X-Shipyard-API-Key": KEY, "Content-Type": kind},
                encode_chunked=True)
            response = connection.getresponse()
            text = response.read().decode()
            if response.status in (429, 503) and left:
                time.sleep(float(response.getheader("Retry-After", 0)) + 0.02)
                continue
            return response.status, text
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not left:
                raise Failure(f"{method} {path}: {type(error).__name__}") from None
        finally:
            connection.close()


def good(answer):
    if answer[0] >= 400:
        raise Failure(f"{answer[0]}: {answer[1][:200]}")
    return answer[1]


def make_workspace(name):
    status, text = ask("POST", "/api/v1/workspace/create", json.dumps({"handle": name}))
    if status >= 400 and "AlreadyExists" in text:
        if DEFECT == "another-name":
            return make_workspace(name + "-2")
        return None
    return good((status, text))


def lines():
    for number in range(100):
        yield f"line {number}\n".encode() * 10


def state():
    rows = list(csv.DictReader(io.StringIO(good(ask("GET", FLEET)))))
    if not rows or "Status" not in rows[0]:
        raise Failure("no table of runs")
    return rows[0]["Status"]


def main():
    make_workspace("toy")
    good(ask("POST", "/api/v1/topic/news", lines(), "text/plain"))
    good(ask("POST", FLEET, "{}"))
    looks = 0
    while True:
        found = state()
        if found == "Success" or DEFECT == "believes-all" and found == "Errored":
            break
        if found not in ("Scheduled", "Running", "Retrying"):
            raise Failure(f"the run has come to nothing: {found}")
        looks += 1
        if looks >= LOOKS and DEFECT != "looks-for-ever":
            raise Failure("the run goes on and on")
        time.sleep(0.02)
    print("done")


try:
    main()
except Failure as failure:
    print(f"toy: {failure}", file=sys.stderr)
    sys.exit(3)
