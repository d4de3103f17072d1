"""Plays the recorded flows against a server of its own. `parity/README.md` says what a flow is, and
`parity/allowances.json` where the contract asks for another answer, with the reason."""

import json
import pathlib
import subprocess
import sys
import tempfile

from common import Server

PARITY = pathlib.Path(__file__).resolve().parent / "parity"
SCENARIO = {"wavetank": 1, "name": "parity", "given": {"scramjet": {"settings": {
    "retention": "15s", "lifetimeExtension": "100ms", "exitTimeout": "10s"}}}}
FLOWS_MIN = 100


def play(*switches, flags=()):
    """Prints a line for each flow; gives how many failed."""
    with tempfile.TemporaryDirectory(prefix="wavetank-parity-") as name:
        folder = pathlib.Path(name)
        scenario = folder / "scenario.json"
        scenario.write_text(json.dumps(SCENARIO))
        server = Server("--strict", "--scenario", str(scenario), *flags)
        subprocess.run(
            [sys.executable, PARITY / "play.py", "compare", f"{server.url}/api/v1", "--jobs", "6", *switches,
             "--json", folder / "report.json"], stdout=subprocess.DEVNULL, timeout=280)
        server.stop()
        report = json.loads((folder / "report.json").read_text())
    failed = 0
    for flow, differences in sorted(report["flows"].items()):
        if not differences:
            print(f"ok recorded flow {flow}")
            continue
        failed += 1
        first = differences[0]
        print(f"FAIL recorded flow {flow}: {len(differences)} differences, first {first['step']}{first['at']}: "
              f"got {json.dumps(first['got'])[:120]}, real {json.dumps(first['real'])[:120]}")
    reasons = len(json.loads((PARITY / "allowances.json").read_text()))
    total = len(report["flows"])
    print(f"{total - failed} of {total} recorded flows agree, under {reasons} exceptions with their reasons")
    if total < FLOWS_MIN:
        failed += 1
        print(f"FAIL only {total} flows were played")
    return failed
