"""Reads an HTTP Archive by the letter of "HAR 1.2 Spec" and says what in it is not so. It knows nothing of
the program that wrote the file."""

import base64
import datetime
import json
import re
import urllib.parse

INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


class Reader:
    def __init__(self):
        self.problems = []

    def need(self, holds, place, what):
        if not holds:
            self.problems.append(f"{place}: {what}")
        return bool(holds)

    def has(self, thing, place, **kinds):
        """Whether the members are there and of their kinds; others must have an underscore in front."""
        if not self.need(isinstance(thing, dict), place, "is no object"):
            return False
        good = True
        for name, kind in kinds.items():
            optional = name.endswith("_")
            name = name.rstrip("_")
            if name not in thing:
                good &= self.need(optional, place, f"has no {name}")
                continue
            value = thing[name]
            right = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
            good &= self.need(right, f"{place}.{name}", f"is {value!r}")
        known = {name.rstrip("_") for name in kinds}
        for name in thing:
            self.need(name in known or name.startswith("_"), place, f"has a member {name} that is none of the format's")
        return good

    def named(self, items, place, **more):
        for index, item in enumerate(items):
            self.has(item, f"{place}[{index}]", name=str, comment_=str, **more)

    def request(self, request, place):
        if not self.has(request, place, method=str, url=str, httpVersion=str, cookies=list, headers=list,
                        queryString=list, postData_=dict, headersSize=int, bodySize=int, comment_=str):
            return
        url = urllib.parse.urlsplit(request["url"])
        self.need(url.scheme in ("http", "https") and url.netloc, place, f"url is not absolute: {request['url']}")
        self.need(not url.fragment, place, "url has a fragment")
        self.named(request["headers"], f"{place}.headers", value=str)
        self.named(request["queryString"], f"{place}.queryString", value=str)
        self.cookies(request["cookies"], f"{place}.cookies")
        pairs = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
        found = [(item["name"], item["value"]) for item in request["queryString"]]
        self.need(pairs == found, place, f"queryString {found} is not that of the url, {pairs}")
        self.need(request["bodySize"] >= -1 and request["headersSize"] >= -1, place, "a size is below -1")
        data = request.get("postData")
        if data is None:
            self.need(request["bodySize"] <= 0, place, f"{request['bodySize']} bytes of content and no postData")
            return
        here = f"{place}.postData"
        if not self.has(data, here, mimeType=str, params=list, text=str, comment_=str):
            return
        self.named(data["params"], f"{here}.params", value_=str, fileName_=str, contentType_=str)
        kind = data["mimeType"].split(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded" and not data.get("comment"):
            pairs = urllib.parse.parse_qsl(data["text"], keep_blank_values=True)
            found = [(item["name"], item.get("value", "")) for item in data["params"]]
            self.need(pairs == found, here, f"params {found} are not those of the text, {pairs}")
        if kind == "multipart/form-data":
            self.need(data["params"], here, "a form has no params")
        content = self.decoded(data["text"], data.get("_encoding"), here)
        if not data.get("comment"):
            self.need(len(content) == request["bodySize"], here, f"{len(content)} bytes, bodySize {request['bodySize']}")

    def cookies(self, cookies, place):
        self.named(cookies, place, value=str, path_=str, domain_=str, expires_=str, httpOnly_=bool, secure_=bool)

    def decoded(self, text, encoding, place):
        if encoding is None:
            return text.encode()
        self.need(encoding == "base64", place, f"encoding {encoding}")
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:
            self.need(False, place, f"is no base64: {error}")
            return b""

    def response(self, response, place):
        if not self.has(response, place, status=int, statusText=str, httpVersion=str, cookies=list, headers=list,
                        content=dict, redirectURL=str, headersSize=int, bodySize=int, comment_=str):
            return
        self.named(response["headers"], f"{place}.headers", value=str)
        self.cookies(response["cookies"], f"{place}.cookies")
        content = response["content"]
        here = f"{place}.content"
        if not self.has(content, here, size=int, compression_=int, mimeType=str, text_=str, encoding_=str, comment_=str):
            return
        status = response["status"]
        self.need(status == 0 or 100 <= status <= 599, place, f"status {status}")
        self.need(content["mimeType"], here, "no mimeType")
        if status == 0:
            self.need(not response["statusText"] and not response["headers"] and not content["size"]
                      and not content.get("text"), place, "no answer, and yet there is one")
            return
        self.need(response["httpVersion"].startswith("HTTP/"), place, f"httpVersion {response['httpVersion']}")
        if "text" in content:
            size = len(self.decoded(content["text"], content.get("encoding"), here))
            self.need(size == content["size"], here, f"{size} bytes of text, and size {content['size']}")
        if "compression" in content:
            self.need(content["size"] - content["compression"] == response["bodySize"], here, "compression does not add up")
        location = [item["value"] for item in response["headers"] if item["name"].lower() == "location"]
        self.need(bool(location) == bool(response["redirectURL"]), place, f"redirectURL {response['redirectURL']!r}")

    def timings(self, entry, place):
        timings = entry["timings"]
        if not self.has(timings, f"{place}.timings", blocked_=(int, float), dns_=(int, float), connect_=(int, float),
                        send=(int, float), wait=(int, float), receive=(int, float), ssl_=(int, float), comment_=str):
            return
        for name in ("send", "wait", "receive"):
            self.need(timings[name] >= 0, place, f"{name} is {timings[name]}")
        # "ssl" is part of "connect".
        whole = sum(max(0, value) for name, value in timings.items() if name not in ("ssl", "comment"))
        self.need(abs(whole - entry["time"]) < 0.01, place, f"time {entry['time']}, timings {whole}")

    def entry(self, entry, place):
        if not self.has(entry, place, pageref_=str, startedDateTime=str, time=(int, float), request=dict, response=dict,
                        cache=dict, timings=dict, serverIPAddress_=str, connection_=str, comment_=str):
            return
        started = entry["startedDateTime"]
        if self.need(INSTANT.match(started), place, f"startedDateTime {started}"):
            datetime.datetime.fromisoformat(started.replace("Z", "+00:00"))
        self.need(entry["time"] >= 0, place, f"time {entry['time']}")
        self.request(entry["request"], f"{place}.request")
        self.response(entry["response"], f"{place}.response")
        self.timings(entry, place)


def read(text):
    """The entries, and what is wrong with the file, a sentence each."""
    reader = Reader()
    log = json.loads(text)["log"]
    if reader.has(log, "log", version=str, creator=dict, browser_=dict, pages_=list, entries=list, comment_=str):
        reader.need(log["version"] == "1.2", "log", f"version {log['version']}")
        reader.has(log["creator"], "log.creator", name=str, version=str, comment_=str)
        for index, entry in enumerate(log["entries"]):
            reader.entry(entry, f"entries[{index}]")
    return log["entries"], reader.problems
