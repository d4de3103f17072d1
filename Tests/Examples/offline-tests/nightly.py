"""Starts the nightly fleet and waits for its end.

    SHIPYARD_API_TOKEN=… SHIPYARD_ORGANIZATION=… SHIPYARD_PROJECT=… SHIPYARD_FLEET=… python nightly.py
"""

import os
import sys
import time

from shipyard_api import ShipyardClient
from shipyard_templates import ExitCodeException

ATTEMPTS = 3


def start(client, fleet, attempts=ATTEMPTS, pause=0.05):
    """The id of the run; tries again when it is refused."""
    for attempt in range(1, attempts + 1):
        try:
            return client.trigger_fleet(fleet)["data"]["fleet_run_id"]
        except ExitCodeException:
            if attempt == attempts:
                raise
            time.sleep(pause * attempt)


def wait(client, fleet, run, pause=0.05, looks=1000):
    """How the run ended; a run without an end is an error of its own."""
    for _ in range(looks):
        status = client.get_run_status(fleet, run)
        if status not in ("Scheduled", "Running"):
            return status
        time.sleep(pause)
    raise TimeoutError(f"the run {run} has no end")


def nightly(client, fleet):
    """0 when all went well: the exit status of the program."""
    status = wait(client, fleet, start(client, fleet))
    print(f"the fleet ended with {status}")
    return 0 if status == "Success" else 1


if __name__ == "__main__":
    sys.exit(nightly(
        ShipyardClient(org_id=os.environ["SHIPYARD_ORGANIZATION"], api_key=os.environ["SHIPYARD_API_TOKEN"],
                       project_id=os.environ["SHIPYARD_PROJECT"]),
        os.environ["SHIPYARD_FLEET"]))
