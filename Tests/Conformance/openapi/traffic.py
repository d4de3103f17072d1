"""What clients have asked on a server, held to the OpenAPI documents: each answer's status, content type and JSON are
such as the document of its operation says. `run.py` runs it behind the checks that drive the vendors' clients, whose
exchanges are in the journals."""

import json
import re
import urllib.request

import jsonschema

from documents import URL, document, fail, finish, ok, operations

SERVICES = ("steamship", "scramjet", "shipyard")


def get(path: str) -> dict:
    with urllib.request.urlopen(URL + path, timeout=60) as reply:
        return json.load(reply)


def exchanges():
    """Those that the services have answered, with no rule in the way."""
    for tenant in get("/_wavetank/tenants")["tenants"]:
        journal = get(f"/_wavetank/journal?detail=whole&limit=1000000&tenant={tenant['name']}")
        for entry in journal["entries"]:
            if entry["service"] in SERVICES and entry.get("operation") and not entry["rules"] and not entry.get("fault"):
                yield tenant["name"], entry


class Documents:
    """By an operation's name: every method and path that it has, with what it answers."""

    def __init__(self):
        self.texts = {service: document(service) for service in SERVICES}
        self.rows: dict[str, list[dict]] = {}
        self.validators: dict[int, jsonschema.Draft202012Validator] = {}
        for text in self.texts.values():
            for _, _, operation in operations(text):
                # Further methods and paths of an operation have a number behind its name.
                self.rows.setdefault(re.sub(r"\.\d+$", "", operation["operationId"]), []).append(operation)

    def problem(self, entry: dict) -> str | None:
        """The first thing that the documents do not say, on every path of the operation."""
        problems = [self.difference(entry, row) for row in self.rows.get(entry["operation"], [])]
        if not problems:
            return "no such operation"
        return None if None in problems else problems[0]

    def difference(self, entry: dict, operation: dict) -> str | None:
        answer = operation["responses"].get(str(entry["status"]), operation["responses"].get("default"))
        if answer is None:
            return "no such status"
        fields = {field["name"].lower(): field["value"] for field in entry["response"]["fields"]}
        kind = fields.get("content-type", "").partition(";")[0].strip()
        media = answer.get("content", {})
        if not kind or entry["method"] == "HEAD":
            return None
        if not media and entry["status"] == 404:
            # An unknown space has no content, an unknown thing in it a word in JSON: described is neither.
            return None
        if kind not in media and "*/*" not in media:
            return f"no content of type {kind}"
        content = entry["response"].get("content")
        if kind != "application/json" or kind not in media or not isinstance(content, str):
            return None
        try:
            value = json.loads(content)
        except ValueError:
            # The journal keeps the first bytes of a long one.
            return None
        error = jsonschema.exceptions.best_match(self.validator(entry["service"], media[kind]["schema"]).iter_errors(value))
        return error and f"{error.json_path}: {error.message[:300]}"

    def validator(self, service: str, schema: dict) -> jsonschema.Draft202012Validator:
        if id(schema) not in self.validators:
            whole = {**schema, "components": self.texts[service]["components"]}
            self.validators[id(schema)] = jsonschema.Draft202012Validator(whole)
        return self.validators[id(schema)]


documents = Documents()
count, problems = 0, {}
for tenant, entry in exchanges():
    count += 1
    problem = documents.problem(entry)
    if problem:
        problems.setdefault((entry["operation"], entry["status"], problem),
                            f"{entry['method']} {entry['target']} (tenant {tenant}, exchange {entry['number']})")
for (operation, status, problem), example in problems.items():
    fail(f"{operation}: {status} as documented", f"{problem}: {example}")
if not problems:
    ok(f"{count} answers are such as the OpenAPI documents say")

finish()
