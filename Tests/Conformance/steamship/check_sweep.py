"""What `wavetank sweep` says of the published client: `Tests/Examples/sweep/steamship_notes.py`."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sweep"))

from common import check, finish  # noqa: E402
from example import verdicts  # noqa: E402

found = verdicts("steamship_notes.py", "429")
check("the SDK does not come again when it is told to",
      found.get("steamship.file.create@1:429", ("", []))[1] == ["noRetry"], found)

finish()
