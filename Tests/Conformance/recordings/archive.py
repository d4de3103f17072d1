"""Makes HTTP Archives for the checks: what a recording of a real service would hold."""

import datetime
import json
import os
import pathlib
import subprocess
import tempfile

BINARY = os.environ["WAVETANK_BINARY"]
folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-recordings-"))
BASE = "https://api.steamship.com/api/v1/"
START = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)


def entry(method, url, answer=None, sent=None, status=200, at=None, took=0.1, fields=None, type_="application/json", sends="application/json",
          **more):
    """`answer` and `sent`: JSON, text or nothing; `at`: seconds from the start."""
    def text(content):
        return content if isinstance(content, str) else json.dumps(content)
    request = {"method": method, "url": url if "://" in url else BASE + url, "httpVersion": "HTTP/1.1", "cookies": [],
               "headers": [{"name": "Authorization", "value": "Bearer ***#0001"}], "queryString": [],
               "headersSize": -1, "bodySize": 0}
    if sent is not None:
        request["headers"].append({"name": "Content-Type", "value": sends})
        request["postData"] = {"mimeType": sends, "params": [], "text": text(sent)}
        request["bodySize"] = len(text(sent).encode())
    content = {"size": 0, "mimeType": type_}
    if answer is not None:
        content.update(size=len(text(answer).encode()), text=text(answer))
    response = {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": [{"name": name, "value": value} for name, value in
                            {"Content-Type": type_, **(fields or {})}.items() if value is not None],
                "content": content, "redirectURL": "", "headersSize": -1, "bodySize": content["size"]}
    whole = {"time": took * 1000, "request": request, "response": response, "cache": {},
             "timings": {"send": 0, "wait": took * 1000, "receive": 0}, **more}
    if at is not None:
        whole["startedDateTime"] = (START + datetime.timedelta(seconds=at)).isoformat()
    return whole


def write(name, *entries, creator="a proxy"):
    """The file's path."""
    path = folder / name
    for index, item in enumerate(entries):
        if isinstance(item, dict):
            item.setdefault("startedDateTime", (START + datetime.timedelta(seconds=index)).isoformat())
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": creator, "version": "1"}, "entries": list(entries)}}))
    return str(path)


def wavetank(*arguments, timeout=120, **more):
    """Exit status, standard output, standard error."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stdout, done.stderr


def parity(*arguments, timeout=120):
    """Exit status and the report."""
    status, output, errors = wavetank("parity", "--json", "-", *arguments, timeout=timeout)
    return status, json.loads(output) if output.startswith("{") else errors


def places(report):
    """Each difference as exchange, kind, place."""
    return [(item["exchange"], item["kind"], item["place"]) for item in report["differences"]]


def recorded(calls, *flags):
    """A recording of an emulator: `calls` gets a function that asks it. Its entries, and what `calls` gives."""
    from common import Server
    server = Server(*flags)
    given = calls(server.call)
    text = server.call("GET", "/_wavetank/journal.har")[1]
    server.stop()
    return json.loads(text)["log"]["entries"], given
