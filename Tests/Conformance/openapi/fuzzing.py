"""Runs schemathesis against one service, as its OpenAPI document says, and tells what it found."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from documents import URL, document, fail, finish, is_streaming, ok, operations

# The run has a fixed number of requests, so that a seed repeats it; this only ends what hangs.
SECONDS = 200
SEED = int(os.environ.get("SEED", "7"))
# The share of operations that must have answered 2xx at least once.
REACHED = 0.8
HERE = pathlib.Path(__file__).resolve().parent
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_schema_conformance"]


def configuration(text: dict, max_examples: int, headers: dict) -> str:
    """What cannot be said on the command line: operations that are left out, statuses that are
    meant, and the values of paths that lead somewhere."""
    lines = [f"seed = {SEED}", "workers = 1", "continue-on-failure = true",
             "request-timeout = 10", f"hooks = {json.dumps(str(HERE / 'hooks.py'))}",
             "warnings = false",
             f"[generation]\nmax-examples = {max_examples}\ndatabase = 'none'",
             "[phases.stateful]\nenabled = false",
             # Methods that are not in the document are the wire's business, tested elsewhere.
             "[phases.coverage]\nunexpected-methods = []",
             "[checks]\nenabled = false"]
    lines += [f"[checks.{check}]\nenabled = true" for check in CHECKS]
    lines += ["[headers]"] + [f"{json.dumps(name)} = {json.dumps(value)}"
                              for name, value in headers.items()]
    known = {}
    for _, _, operation in operations(text):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path" and "example" in parameter:
                known[parameter["name"]] = parameter["example"]
    for name, value in known.items():
        lines.append(f"[dictionaries.{name}]\nvalues = [{json.dumps(value)}]")
    for name in known:
        lines.append(f"[parameters.{json.dumps('path.' + name)}]\n"
                     f"dictionary = {json.dumps(name)}\nprobability = 0.8")
    for _, _, operation in operations(text):
        intended = [status for status in operation["responses"] if status.startswith("5")]
        if is_streaming(operation):
            lines.append(f"[[operations]]\ninclude-operation-id = {json.dumps(operation['operationId'])}"
                         "\nenabled = false")
        elif intended:
            statuses = json.dumps(["2xx", "3xx", "4xx", *intended])
            lines.append(f"[[operations]]\ninclude-operation-id = {json.dumps(operation['operationId'])}"
                         f"\nchecks.not_a_server_error.expected-statuses = {statuses}")
    return "\n".join(lines) + "\n"


def replace_ids(text: dict, known) -> None:
    """Puts ids that exist where the document asks for ids. `known(name, operation)` tells them."""
    for _, _, operation in operations(text):
        name = operation["operationId"]
        for parameter in operation.get("parameters", []):
            found = known(parameter["name"], name) if parameter["in"] == "path" else None
            if found:
                parameter["schema"] = {"type": "string", "enum": found}
                parameter.pop("example", None)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for member, schema in media["schema"].get("properties", {}).items():
                found = known(member, name) if "/Id" in json.dumps(schema) else None
                if found:
                    media.pop("example", None)
                    schema.clear()
                    schema["anyOf"] = [{"enum": found}, {"enum": found}, {"type": "string"}]
                    schema["examples"] = found[:1]


def run(service: str, max_examples: int, headers: dict, prepare=lambda base, text: None) -> None:
    """`prepare` may fill the tenant and put what is there into the document."""
    base = f"{URL}/_t/fuzz-{service}"
    text = document(service, tenant=f"fuzz-{service}")
    prepare(base, text)
    tested = [operation for _, _, operation in operations(text) if not is_streaming(operation)]
    print(f"-- {service}: {len(tested)} operations, SEED={SEED}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "schemathesis.toml").write_text(configuration(text, max_examples, headers))
        (folder / "openapi.json").write_text(json.dumps(text))
        report = folder / "report.json"
        command = [pathlib.Path(sys.executable).parent / "schemathesis",
                   "--config-file", folder / "schemathesis.toml", "run", "--no-color",
                   "--url", base, "--report", "json",
                   "--report-json-path", report, folder / "openapi.json"]
        done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=SECONDS * 3)
        if os.environ.get("VERBOSE"):
            print(done.stdout)
        if not report.exists():
            fail(f"{service}: schemathesis runs", done.stdout[-500:])
            finish()
        judge(service, json.loads(report.read_text()), done.stdout, len(tested))
    finish()


def judge(service: str, report: dict, output: str, count: int) -> None:
    requests = report["test_cases"]["generated"]
    sections = re.split(r"^_{3,} (.+?) _{3,}$", output.split("= SUMMARY =")[0], flags=re.MULTILINE)
    for name, section in zip(sections[1::2], sections[2::2]):
        fail(f"{service} {name}", section)
    if report["exit_code"] == 0 and len(sections) < 3:
        ok(f"{service}: {requests} requests to {report['operations']['tested']} operations got no "
           "server error, no undocumented status or content type, and what the schemas say")
    elif len(sections) < 3:
        fail(f"{service}: schemathesis ends well", output[-500:])
    if report["operations"]["tested"] == count:
        ok(f"{service}: every operation that ends by itself was tried")
    else:
        fail(f"{service}: every operation that ends by itself was tried",
             f"{report['operations']['tested']} of {count}")
    # A run that only meets refusals would prove little.
    reached = [name for name, phases in report["valid_rates"].items()
               if any(phase["accepted"] for phase in phases.values())]
    if len(reached) >= count * REACHED:
        ok(f"{service}: {len(reached)} operations also did what they are for")
    else:
        missed = sorted(set(report["valid_rates"]) - set(reached))
        fail(f"{service}: most operations also did what they are for",
             f"{len(reached)} of {count}; not: {', '.join(missed)}")
    if os.environ.get("VERBOSE"):
        print("not reached:", sorted(set(report["valid_rates"]) - set(reached)))
        print(f"{report['running_time']:.0f} s, {requests} requests")
