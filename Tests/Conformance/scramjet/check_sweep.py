"""What `wavetank sweep` says of the published client: `Tests/Examples/sweep/scramjet_topic.py`."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sweep"))

from common import check, finish  # noqa: E402
from example import verdicts  # noqa: E402

found = verdicts("scramjet_topic.py", "500")
check("the client takes a refused message for a sent one: it is lost",
      found.get("scramjet.topic.publish@1:500") == ("lost", ["swallowedError"]), found)

finish()
