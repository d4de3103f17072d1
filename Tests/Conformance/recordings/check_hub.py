"""`wavetank parity` over what the published Scramjet hub 1.0.1 has answered: the same, or accepted with the contract's
reason (`hub-accepted.json`)."""

import json
import pathlib

import hub
from archive import folder, parity, write
from common import check, finish

ACCEPTED = pathlib.Path(__file__).resolve().parent / "hub-accepted.json"
FLOWS_MIN = 15

scenario = folder / "hub.json"
scenario.write_text(json.dumps({"wavetank": 1, "name": "hub", "given": {"scramjet": {"settings": {
    "retention": "15s", "lifetimeExtension": "100ms", "exitTimeout": "10s"}}}}))
flows = {name: entries for name in hub.names() if (entries := hub.archive(name))}
files = [write(f"{name}.har", *entries, creator="hub 1.0.1") for name, entries in flows.items()]
status, report = parity("--strict", "--clock", "real", "--patience", "5s", "--scenario", scenario, "--accept", ACCEPTED, *files,
                        timeout=240)
check("the recorded hub and the emulator say the same, or it is accepted with a reason", status == 0,
      [(item["file"].rsplit("/", 1)[-1], item["exchange"], item["kind"], item["place"], item["recorded"], item["found"])
       for item in report["differences"] if not item["isAccepted"]][:12] if isinstance(report, dict) else report)
check(f"at least {FLOWS_MIN} flows were played, each of their exchanges", len(flows) >= FLOWS_MIN
      and report["exchanges"] + report["supersededLooks"] == sum(map(len, flows.values())) and not report["notUsed"],
      (len(flows), report["exchanges"], report["supersededLooks"], report["notUsed"][:3]))
check("no acceptance is there for nothing", report["unusedAcceptances"] == [], report["unusedAcceptances"])
finish()
