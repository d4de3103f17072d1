"""The recorded flows of the published Scramjet hub as HTTP Archives: what a proxy would have kept of them.

A flow's recording is in a normal form (`{{sid}}`, `{{time}}`, …), which is filled in here with values that a hub could
have given. Flows whose answers a program's own code decides, or that are more than requests and answers (streams that are
written to while they go on, raw bytes), are left out."""

import base64
import importlib.util
import json
import pathlib
import re
import uuid

PARITY = pathlib.Path(__file__).resolve().parent.parent / "scramjet" / "parity"
_spec = importlib.util.spec_from_file_location("play", PARITY / "play.py")
play = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(play)

PLAIN = {"id", "method", "path", "headers", "json", "body", "base64", "package", "capture", "timeout", "absolute", "about",
         "ignore", "record", "chunked"}
NUMBERS = {"pid": 4321, "size": 512, "number": 3, "bytes": 2048}
TEXTS = {"time": "2026-03-01T12:00:00.000Z", "path": "/tmp/somewhere", "host": "127.0.0.1:8000", "hostname": "hub-host"}


class Filler:
    """Stands in for a hub: the same name is the same value, all through a flow."""

    def __init__(self, flow):
        self.flow = flow["name"]
        self.chosen = {name: f"{word}-7q3x9" if word != "uuid" else str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.flow}:{name}"))
                       for name, word in (flow.get("variables") or {}).items()}

        self.turns = {}

    def captured(self, name):
        """From now on it is another thing's."""
        self.turns[name] = self.turns.get(name, 0) + 1

    def made(self, name):
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.flow}/{name}/{self.turns.get(name, 0)}"))

    def one(self, name):
        if name in self.chosen:
            return self.chosen[name]
        if name in NUMBERS:
            return NUMBERS[name]
        return TEXTS.get(name) or self.made(name)

    def text(self, text):
        return re.sub(r"\{\{([^}]+)\}\}", lambda hole: str(self.one(hole[1])), text)

    def json(self, value):
        if isinstance(value, str):
            whole = re.fullmatch(r"\{\{([^}]+)\}\}", value)
            return self.one(whole[1]) if whole else self.text(value)
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.json(item) for key, item in value.items()}
        return value


def is_stable(value):
    if isinstance(value, dict):
        return "unstable" not in value and all(map(is_stable, value.values()))
    return all(map(is_stable, value)) if isinstance(value, list) else True


def archive(name):
    """The entries of a flow, and the ids of its steps; None where it is no row of requests and answers."""
    flow = json.loads((PARITY / "flows" / f"{name}.json").read_text())
    real = {step["id"]: step for step in json.loads((PARITY / "recordings" / f"{name}.json").read_text())["steps"]}
    if flow.get("needsCode") or any(set(step) - PLAIN or "method" not in step for step in flow["steps"]):
        return None
    fill, entries = Filler(flow), []
    for number, step in enumerate(flow["steps"]):
        said = real[step["id"]]
        body = said.get("body") or {}
        # Only what was the same each time, whole, and as it was sent, is evidence.
        if said.get("state") != "ended" or step.get("record") or step.get("ignore") or step.get("absolute") \
                or not is_stable(said) or set(body) - {"json", "text"}:
            return None
        headers = [{"name": key, "value": fill.text(value)} for key, value in (step.get("headers") or {}).items()]
        request = {"method": step["method"], "url": "http://127.0.0.1:8000/api/v1" + fill.text(step["path"]),
                   "headers": headers, "bodySize": -1}
        content = None
        if "json" in step:
            content = json.dumps(fill.json(step["json"])).encode()
            if not any(item["name"].lower() == "content-type" for item in headers):
                headers.append({"name": "Content-Type", "value": "application/json"})
        elif "body" in step:
            content = fill.text(step["body"]).encode()
        elif "base64" in step:
            content = base64.b64decode(step["base64"])
        elif "package" in step:
            content = play.package(flow["packages"][step["package"]], fill.text)
        if content:
            request["postData"] = {"mimeType": "", "params": [], "text": base64.b64encode(content).decode(),
                                   "_encoding": "base64"}
        for captured in step.get("capture") or {}:
            fill.captured(captured)
        text = json.dumps(fill.json(body["json"])) if "json" in body else fill.text(body.get("text", ""))
        entries.append({
            "startedDateTime": f"2026-03-01T12:{number // 60:02}:{number % 60:02}.000Z", "time": 20, "request": request,
            "response": {"status": said["status"], "statusText": said.get("reason", ""),
                         "headers": [{"name": key, "value": value} for key, value in said["headers"].items()],
                         "content": {"size": len(text.encode()), "mimeType": said["headers"].get("content-type", ""), "text": text}},
            "_step": step["id"]})
    return entries


def names():
    return sorted(path.stem for path in (PARITY / "recordings").glob("*.json"))
