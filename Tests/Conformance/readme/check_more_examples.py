"""The example projects that `check_examples.py` leaves out; and that none is forgotten."""

from check_examples import EXAMPLES, main
from common import check, finish

if __name__ == "__main__":
    found = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
    check("every project is run", found == ["chaos", "demo", "offline-tests", "sdk-contract"], found)
    main(["demo", "chaos"])
    finish()
