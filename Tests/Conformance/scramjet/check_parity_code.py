"""The same with the sequences' own code in place of stand-ins: every recorded flow, those that need code
with them."""

import sys

from recorded import play
from sequences import node_is_here

sys.exit(1 if node_is_here() and play("--code", flags=("--run-code", "--code-workers", "100")) else 0)
