#!/usr/bin/env python3
"""A toy client of two services, right or with one planted defect: what a sweep must tell apart.

    toy.py [DEFECT]
    TOY_OVER=tls toy.py [DEFECT]

Over TLS it asks the vendor's own host, through the proxy of its environment, and leaves out the organizations.
It looks at its organizations, makes a workspace and a file, and lists the files. The right one waits at
most a second for an answer, tries again what may be tried again, asks first whether a request whose
answer was lost had been done after all, and gives up with a word.
"""

import base64
import http.client
import json
import os
import ssl
import sys
import time
import urllib.parse

DEFECT = sys.argv[1] if len(sys.argv) > 1 else ""
TRIES = 3
TIMEOUT = None if DEFECT == "no-timeout" else 1.0
BASE = urllib.parse.urlsplit(os.environ["WAVETANK_URL"])
KEY = os.environ["STEAMSHIP_API_KEY"]
IS_TLS = os.environ.get("TOY_OVER") == "tls"
PREFIX = "" if IS_TLS else BASE.path


class Failure(Exception):
    """An answer that did not come, or says that nothing was done."""

    def __init__(self, why, status=0, wait=0.0):
        super().__init__(why)
        self.status, self.wait = status, wait

    @property
    def is_transient(self):
        return self.status in (0, 429, 500, 502, 503)

    @property
    def is_refusal(self):
        """Whether the server says that it did nothing."""
        return self.status in (429, 503)


def connect():
    if not IS_TLS:
        return http.client.HTTPConnection(BASE.hostname, BASE.port, timeout=TIMEOUT)
    proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    if DEFECT == "any-certificate":
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    made = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=TIMEOUT, context=trust)
    user = base64.b64encode(f"{proxy.username}:".encode()).decode()
    made.set_tunnel("api.steamship.com", 443, {"Proxy-Authorization": f"Basic {user}"})
    return made


class Connection:
    """One that is kept, and made anew after whatever went wrong with it."""

    def __init__(self):
        self.http = None

    def ask(self, method, path, content=None):
        if self.http is None:
            self.http = connect()
            if DEFECT == "dead-connection":
                self.http.auto_open = 0
                self.http.connect()
        body = None if content is None else json.dumps(content)
        fields = {"Authorization": f"Bearer {KEY}", "X-Shipyard-API-Key": KEY,
                  "Content-Type": "application/json"}
        try:
            self.http.request(method, PREFIX + path, body, fields)
            response = self.http.getresponse()
            if DEFECT == "half-answer":
                return response.status, half(response), response
            return response.status, response.read(), response
        except (OSError, http.client.HTTPException) as error:
            if DEFECT != "dead-connection":
                self.http.close()
                self.http = None
            raise Failure(f"{method} {path}: {type(error).__name__}") from None


def half(response):
    """Reads what there is, whole or not."""
    try:
        return response.read()
    except http.client.IncompleteRead as cut:
        return cut.partial
    except (OSError, http.client.HTTPException):
        return b""


connection = Connection()


def once(method, path, content=None):
    status, text, response = connection.ask(method, path, content)
    if status >= 400:
        raise Failure(f"{method} {path}: {status}", status,
                      float(response.getheader("Retry-After", 0)))
    if DEFECT == "half-answer":
        try:
            return json.loads(text)
        except ValueError:
            return {}
    kind = response.getheader("Content-Type", "")
    if "json" not in kind:
        raise Failure(f"{method} {path}: {kind}")
    try:
        return json.loads(text)
    except ValueError:
        raise Failure(f"{method} {path}: no JSON") from None


def ask(method, path, content=None, done=None):
    """Asks until it is answered, three times at most.

    `done` tells whether a request whose answer was lost had been done: its result, or nothing.
    """
    tries = 0
    while True:
        tries += 1
        try:
            return once(method, path, content)
        except Failure as failure:
            if DEFECT == "no-retry" or not failure.is_transient:
                raise
            if DEFECT == "swallowed-error":
                return {}
            if tries >= TRIES and DEFECT != "endless-retry":
                raise
            if done and not failure.is_refusal and DEFECT != "unsafe-retry":
                found = done()
                if found is not None:
                    return found
            time.sleep(0.05 if DEFECT == "ignores-retry-after" else max(0.05, failure.wait))


def data(answer, key):
    return answer.get("data", {}).get(key, [])


def has_workspace():
    found = data(ask("POST", "/api/v1/workspace/list", {}), "workspaces")
    return {} if "toy" in [workspace["handle"] for workspace in found] else None


def files():
    return data(ask("POST", "/api/v1/file/list", {}), "files")


def main():
    if not IS_TLS:
        print("organizations:", len(ask("GET", "/orgs")))
    ask("POST", "/api/v1/workspace/create", {"handle": "toy"}, done=has_workspace)
    ask("POST", "/api/v1/file/create", {"type": "blocks", "blocks": [{"text": "hello"}]},
        done=lambda: {} if files() else None)
    print("files:", len(files()))


try:
    main()
except Failure as failure:
    print(f"toy: {failure}", file=sys.stderr)
    sys.exit(3)
