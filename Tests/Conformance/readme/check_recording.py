"""The recording of a terminal is what the commands in it print today; its form is asciicast v2."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib

from common import check, finish

PLACE = pathlib.Path(__file__).resolve().parents[3] / "docker" / "recording"
BINARY = pathlib.Path(os.environ["WAVETANK_BINARY"]).resolve()

loader = importlib.machinery.SourceFileLoader("record", str(PLACE / "record"))
recorder = importlib.util.module_from_spec(importlib.util.spec_from_loader("record", loader))
loader.exec_module(recorder)

kept = (PLACE / "first-minute.cast").read_text()
head, *events = [json.loads(line) for line in kept.splitlines()]
moments = [moment for moment, _, _ in events]
check("it is asciicast v2, in order, of about twenty seconds",
      head["version"] == 2 and moments == sorted(moments) and 15 < moments[-1] < 25, (head, moments[-1]))
now = recorder.cast(BINARY)
check("it shows what the commands print today: docker/recording/record makes it anew", now == kept,
      [pair for pair in zip(kept.splitlines(), now.splitlines()) if pair[0] != pair[1]][:3])
finish()
