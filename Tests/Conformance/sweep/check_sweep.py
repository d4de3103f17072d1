"""`wavetank sweep` finds each of eight planted defects, and none in a correct client."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

from common import check, finish

HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.environ["WAVETANK_BINARY"]
folder = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-sweep-"))
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "WAVETANK_URL"}


def sweep(*arguments, program=(), name="report", wait=150):
    """Exit status, report as JSON (if there is one), standard output and error."""
    file = folder / f"{name}.json"
    file.unlink(missing_ok=True)
    command = [BINARY, "sweep", "--ca-dir", folder / "ca", "--json", file, *arguments, "--",
               *(program or (sys.executable, HERE / "toy.py"))]
    done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=wait)
    report = json.loads(file.read_text()) if file.exists() else None
    return done.returncode, report, done.stdout, done.stderr


def toy(defect):
    return (sys.executable, HERE / "toy.py", defect)


def without_times(report):
    for run in report["runs"]:
        run["seconds"] = run["pauses"] = None
    report["clean"]["seconds"] = None
    return report


# A correct client: every fault, nothing found.
began = time.monotonic()
html, junit, markdown = folder / "right.html", folder / "right.xml", folder / "right.md"
status, report, output, errors = sweep("--html", html, "--junit", junit, "--markdown", markdown)
found = [run for run in (report or {"runs": []})["runs"] if run["isFinding"]]
check("in a correct client nothing is found", status == 0 and report and not found, (status, found, errors))
runs = report["runs"] if report else []
faults = {run["fault"] for run in runs}
check("every kind of fault that fits was tried", len(faults) >= 15 and len(runs) >= 55, (len(runs), faults))
check("the faults struck", all(run["struck"] for run in runs), [run["id"] for run in runs if not run["struck"]])
check("what is left out is said", "Faults that are not swept" in output, output)
took = time.monotonic() - began
print(f"-- {len(runs)} runs in {took:.1f} s", flush=True)

page = html.read_text()
check("the page needs nothing else", not re.search(r"https?://|<script|src=|@import|url\(", page), page[:300])
tree = xml.etree.ElementTree.parse(junit).getroot()
check("JUnit XML has a case for each run", int(tree.get("tests")) == len(runs) and tree.get("failures") == "0")
check("Markdown says that all is well", markdown.read_text().startswith("### ✅"), markdown.read_text()[:200])

# One planted defect each: the faults that bring it out, and what must be said of it.
DEFECTS = {
    "no-retry": ("429,503", "gaveUp", "noRetry"),
    "unsafe-retry": ("reset-after", "duplicated", "unsafeRetry"),
    "no-timeout": ("stall", "hung", "noTimeout"),
    "swallowed-error": ("500", "lost", "swallowedError"),
    "endless-retry": ("outage", "hung", "endlessRetry"),
    "ignores-retry-after": ("429", "coped", "ignoresRetryAfter"),
    "half-answer": ("cut", "lost", "halfAnswer"),
    "dead-connection": ("lost-connection", "gaveUp", "deadConnection"),
}
for defect, (faults, expected, flaw) in DEFECTS.items():
    status, report, output, errors = sweep("--faults", faults, program=toy(defect))
    runs = report["runs"] if report else []
    found = [run for run in runs if run["isFinding"]]
    check(f"{defect} is found", status == 1 and any(
        run["class"] == expected and flaw in run["flaws"] for run in found), (status, runs, errors))
    check(f"{defect} is not taken for another defect",
          {name for run in found for name in run["flaws"]} == {flaw}, [
              (run["id"], run["class"], run["flaws"]) for run in found])

# The same again is the same report; one run can be repeated; what is known does not fail.
first = sweep("--faults", "500,reset-after", "--html", folder / "a.html", program=toy("swallowed-error"), name="a")
second = sweep("--faults", "500,reset-after", "--jobs", "1", "--html", folder / "b.html",
               program=toy("swallowed-error"), name="b")
check("the same command gives the same report", first[1] and
      without_times(first[1]) == without_times(second[1]), (first, second))
check("and the same page", (folder / "a.html").read_text() == (folder / "b.html").read_text())
check("and the same lines", first[2].split("\n")[1:] == second[2].split("\n")[1:], (first[2], second[2]))
known = sweep("--faults", "500,reset-after", "--baseline", folder / "a.json", program=toy("swallowed-error"))
check("findings of the baseline are known", known[0] == 0 and "[known]" in known[2], known)
new = sweep("--faults", "500,503", "--baseline", folder / "a.json", program=toy("swallowed-error"))
check("new ones fail", new[0] == 1, new[:1] + new[2:])
run = next(run for run in first[1]["runs"] if run["isFinding"])
again = sweep("--replay", run["id"], program=toy("swallowed-error"))
check("a run is repeated by its id", again[0] == 1 and len(again[1]["runs"]) == 1 and
      again[1]["runs"][0]["class"] == run["class"] and "<- the fault" in again[2], again)
check("the id of no run is refused", sweep("--replay", "steamship.file.create@9:cut")[0] == 2)

# Limits.
status, report, output, _ = sweep("--max-runs", "3", "--operations", "steamship.*", "--faults", "500,503,empty")
check("so many runs at most, of those operations", len(report["runs"]) == 3 and all(
    run["operation"].startswith("steamship.") for run in report["runs"]), report)
check("and what is not done is said", "--max-runs" in output and "--operations" in output, output)
status, report, output, _ = sweep("--time-limit", "1ms", "--jobs", "1")
check("after the time limit no run begins, which is said", status == 0 and len(report["runs"]) <= 1
      and "--time-limit" in output and "--time-limit" in str(report["notes"]), output)

# Clean runs that fail or differ.
status, report, _, errors = sweep(program=("sh", "-c", "echo broken >&2; exit 4"))
check("a command that fails by itself is 2, and shows what it wrote", status == 2 and report is None
      and "broken" in errors, (status, errors))
status, _, _, errors = sweep(program=("sh", "-c", "exit 0"))
check("a command that asks nothing is 2", status == 2 and "nothing to sweep" in errors, (status, errors))
counter = folder / "counter"
unsteady = ("sh", "-c", f'echo x >> {counter}; n=$(wc -l < {counter}); for i in $(seq $n); do '
            'curl -s -o /dev/null "$WAVETANK_URL/orgs" -H "X-Shipyard-API-Key: k"; done')
if shutil.which("curl"):
    status, _, _, errors = sweep(program=unsteady)
    check("a command that is not steady is 2, and is told how to be", status == 2 and
          "not steady" in errors and "--clock" in errors, (status, errors))
check("a command that is not there is 127", sweep(program=("/nowhere/at/all",))[0] == 127)
for wrong in (("--faults", "flood"), ("--jobs", "0"), ("--baseline", folder / "none.json"), ("--time-limit", "x")):
    check(f"{wrong[0]} {pathlib.Path(str(wrong[1])).name} is refused", sweep(*wrong)[0] == 64)

# All that the program has started ends with it, hung or interrupted.
mark = f"wavetank-sweep-{os.getpid()}"
child = folder / "child.py"
child.write_text(f"""
import os, subprocess, sys, urllib.request
subprocess.Popen(["sleep", "{1000 + os.getpid() % 1000}.25"])
subprocess.Popen(["sleep", "{1000 + os.getpid() % 1000}.25"], start_new_session=True)
request = urllib.request.Request(os.environ["WAVETANK_URL"] + "/orgs", headers={{"X-Shipyard-API-Key": "k"}})
print(len(urllib.request.urlopen(request).read()))
""")


def sleepers():
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    return [line for line in found.splitlines() if f"sleep {1000 + os.getpid() % 1000}.25" in line]


def sleepers_left():
    """What is killed is there for a moment still."""
    deadline = time.monotonic() + 20
    while (left := sleepers()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


if shutil.which("ps"):
    status, report, _, errors = sweep("--faults", "500", program=(sys.executable, child))
    check("what it leaves running ends with it", report and not sleepers_left(), (status, sleepers(), errors))
    process = subprocess.Popen([BINARY, "sweep", "--ca-dir", folder / "ca", "--faults", "stall", "--", sys.executable,
                                child], env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not sleepers() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    status = process.wait(60)
    check("interrupted, it ends them too, and says so by its status", status == 143 and not sleepers_left(),
          (status, sleepers()))

# Many runs at a time: each but the clean ones waits until another is there, too. A clean run takes a second,
# so that a run has ten for that.
meet = ('curl -s -o /dev/null "$WAVETANK_URL/orgs" -H "X-Shipyard-API-Key: k"; case $WAVETANK_TENANT in clean*) sleep 1; exit 0;; esac; '
        f'mkdir -p {folder}/met/$WAVETANK_TENANT; until [ $(ls {folder}/met | wc -l) -ge 2 ]; do sleep 0.02; done')
if shutil.which("curl"):
    list_of = ",".join(["500", "503", "401", "empty", "cut", "corrupt", "reset-before", "reset-after"])
    status, report, _, _ = sweep("--faults", list_of, "--jobs", "8", program=("sh", "-c", meet))
    check("runs go on at the same time", report and len(report["runs"]) == 8
          and not any(run["class"] == "hung" for run in report["runs"]), report)

shutil.rmtree(folder, ignore_errors=True)
finish()
