"""`wavetank sweep`: faults of TLS, requests that come twice, streams that the client feeds, runs of Shipyard. Each
finds its planted defect, and none in a correct client."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from common import check, finish

HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.environ["WAVETANK_BINARY"]
folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-sweep-"))
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "WAVETANK_URL"}


def sweep(*arguments, toy, over="", wait=300):
    """Exit status, report as JSON (if there is one), standard output and error."""
    file = folder / "report.json"
    file.unlink(missing_ok=True)
    done = subprocess.run(
        [BINARY, "sweep", "--ca-dir", folder / "ca", "--json", file, *arguments, "--", sys.executable, *toy],
        env={**ENVIRONMENT, "TOY_OVER": over}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=wait)
    report = json.loads(file.read_text()) if file.exists() else {"runs": [], "notes": []}
    return done.returncode, report, done.stdout, done.stderr


def found_in(report):
    return [run for run in report["runs"] if run["isFinding"]]


def toy(defect=None):
    return [HERE / "toy.py", *([defect] if defect else [])]


def work(defect=None):
    return [HERE / "toy_work.py", *([defect] if defect else [])]


KINDS = {"tls-expired", "tls-not-yet-valid", "tls-wrong-host", "tls-self-signed", "tls-untrusted", "tls-stall", "tls-close",
         "tls-reset", "tls-plain-http", "tls-alert", "tls-cut-record", "tls-corrupt-record"}
BAD_CERTIFICATES = ["tls-expired", "tls-not-yet-valid", "tls-wrong-host", "tls-self-signed", "tls-untrusted"]

# TLS: one connection, kept; so its faults strike where it begins.
html = folder / "tls.html"
status, report, output, errors = sweep("--faults", "tls-*,503", "--html", html, toy=toy(), over="tls")
runs = [run for run in report["runs"] if run["fault"] in KINDS]
check("over TLS each of its faults is tried where a connection begins",
      {run["fault"] for run in runs} == KINDS and {run["operation"] for run in runs} == {"steamship.workspace.create"},
      ([run["id"] for run in report["runs"]], report["notes"], errors))
check("they strike", all(run["struck"] for run in runs), [run["id"] for run in runs if not run["struck"]])
check("in a correct client nothing is found", status == 0 and not found_in(report), (status, found_in(report)))
ends = {run["fault"]: (run["class"], run["exit"]) for run in runs}
check("it takes no bad certificate, and comes through where a second try does",
      all(ends.get(fault) == ("gaveUp", 3) for fault in BAD_CERTIFICATES) and ends.get("tls-reset") == ("coped", 0), ends)
check("the page has a column for each", all(f">{fault}</th>" in html.read_text() for fault in KINDS))
run = sweep("--replay", "steamship.workspace.create@1:tls-expired", toy=toy(), over="tls")
check("one is repeated", run[0] == 0 and len(run[1]["runs"]) == 1 and "the certificate has expired" in run[2], run)

status, report, _, errors = sweep("--faults", ",".join(BAD_CERTIFICATES), toy=toy("any-certificate"), over="tls")
check("who takes any certificate is found by each bad one", status == 1 and len(report["runs"]) == len(BAD_CERTIFICATES) and all(
    (run["class"], run["flaws"]) == ("coped", ["badCertificate"]) for run in report["runs"]), (report["runs"], errors))
status, report, _, errors = sweep("--faults", "tls-stall", toy=toy("no-timeout"), over="tls")
check("who waits for a handshake without end is found", status == 1 and [
    (run["class"], run["flaws"]) for run in report["runs"]] == [("hung", ["noTimeout"])], (report["runs"], errors))
status, report, output, _ = sweep("--faults", "tls-*", toy=toy())
check("where nothing goes over TLS that is said", status == 0 and not report["runs"] and "no exchange went over TLS" in output, output)

# Work that fails or never ends, requests that come twice, streams.
CLOCK = ("--clock", "skip")
FAULTS = "twice,reader-stalls,reader-gone,work-fails,work-never-ends"
status, report, output, errors = sweep(*CLOCK, "--faults", FAULTS, toy=work())
ids = {run["id"] for run in report["runs"]}
check("each is tried where it makes a difference", {
    "steamship.workspace.create@1:twice", "shipyard.fleetRun.create@1:twice", "scramjet.topic.publish@1:twice", "scramjet.topic.publish@1:reader-stalls",
    "scramjet.topic.publish@1:reader-gone", "shipyard.fleetRun.list@1:work-fails",
    "shipyard.fleetRun.list@1:work-never-ends"} == ids, (sorted(ids), errors))
check("and strikes", all(run["struck"] for run in report["runs"]), [run["id"] for run in report["runs"] if not run["struck"]])
check("in a correct client nothing is found", status == 0 and not found_in(report), (status, found_in(report), errors))
classes = {run["id"].partition(":")[2] + " " + run["operation"]: run["class"] for run in report["runs"]}
check("and it is told how it went", classes.get("work-fails shipyard.fleetRun.list") == "gaveUp"
      and classes.get("work-never-ends shipyard.fleetRun.list") == "gaveUp"
      and classes.get("reader-stalls scramjet.topic.publish") == "gaveUp"
      and classes.get("twice steamship.workspace.create") == "coped", classes)
double = next((run for run in report["runs"] if run["id"] == "shipyard.fleetRun.create@1:twice"), {})
check("what the second delivery made is told, and is not the client's fault",
      double.get("class") == "coped" and any(line.startswith("twice: shipyard") for line in double.get("difference", [])), double)

DEFECTS = {
    "believes-all": ("work-fails", "coped", "swallowedError"),
    "looks-for-ever": ("work-never-ends", "hung", "endlessRetry"),
    "no-timeout": ("reader-stalls", "hung", "noTimeout"),
    "another-name": ("twice", "duplicated", "unsafeRetry"),
}
for defect, (fault, expected, flaw) in DEFECTS.items():
    status, report, _, errors = sweep(*CLOCK, "--faults", fault, toy=work(defect))
    found = found_in(report)
    check(f"{defect} is found", status == 1 and [(run["class"], run["flaws"]) for run in found] == [(expected, [flaw])],
          (status, report["runs"], errors))

# It moves into the group of a child of its own, and waits without end.
mover = """
import os, signal, urllib.request
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.setpgid(0, 0), os.write(writing, b"x"), signal.pause()
os.read(reading, 1), os.setpgid(0, child)
try:
    urllib.request.urlopen(os.environ["WAVETANK_URL"] + "/api/v1/space/demo/api/v1/version").read()
finally:
    os.kill(child, signal.SIGKILL)
"""
status, report, _, errors = sweep("--faults", "stall", toy=["-c", mover], wait=60)
check("a program that leaves its group is ended, too", status == 1 and [run["class"] for run in report["runs"]] == ["hung"],
      (status, report["runs"], errors))

status, report, output, errors = sweep("--quiet", "--faults", "500", toy=toy("swallowed-error"))
check("--quiet says in a line what it found, on standard error", status == 1 and output == "" and "finding" in errors
      and errors.count("\n") == 1, (output, errors))
status, _, output, errors = sweep("--quiet", "--faults", "500", toy=toy())
check("and nothing where it found nothing", status == 0 and output + errors == "", (output, errors))

# What cannot be done is said before anything runs; what is not read is said, too.
mark = folder / "ran"
for flag in ("--json", "--junit", "--markdown", "--html"):
    for place in ("/nonexistent/report", folder):
        done = subprocess.run([BINARY, "sweep", "--ca-dir", folder / "ca", flag, place, "--", "touch", mark], env=ENVIRONMENT,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        check(f"{flag} {place}: told before the program runs", done.returncode == 1 and "cannot write" in done.stderr
              and not mark.exists(), done)
for glob, words in (("steamship.workspace.crate", "did you mean “steamship.workspace.create”"), ("steamshop.*", "ctl operations")):
    status, _, _, errors = sweep("--operations", glob, toy=toy())
    check(f"--operations {glob}: what names no operation is refused", status == 64 and words in errors, (status, errors))
status, report, output, errors = sweep("--replay", "steamship.workspace.create@1:reset-after", "--faults", "500", "--all", toy=toy())
check("--replay says which flags it does not read", len(report["runs"]) == 1 and "does not read --faults, --all" in errors, errors)
check("and a fault as what it was", "reset  <- the fault" in output, output)

shutil.rmtree(folder, ignore_errors=True)
finish()
