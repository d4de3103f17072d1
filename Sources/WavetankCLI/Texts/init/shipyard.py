"""Made by `wavetank init`: what does your code do when the cloud refuses? `start_nightly` stands for your code."""

import pathlib
import time

from shipyard_api import ShipyardClient
from shipyard_templates import ExitCodeException

SCENARIO = pathlib.Path(__file__).parent / "two-refusals.json"
# Of the world that is there at the start: “wavetank ctl state shipyard” shows it.
ORG = "11111111-1111-4111-8111-111111111111"
PROJECT = "22222222-2222-4222-8222-222222222222"
FLEET = "33333333-3333-4333-8333-333333333333"


def start_nightly(client, attempts=3):
    for attempt in range(1, attempts + 1):
        try:
            run = client.trigger_fleet(FLEET)["data"]["fleet_run_id"]
            break
        except ExitCodeException:
            if attempt == attempts:
                raise
    while (status := client.get_run_status(FLEET, run)) in ("Scheduled", "Running"):
        time.sleep(0.01)
    return status


def test_it_comes_back_after_two_refusals(wavetank):
    wavetank.scenario(SCENARIO)          # what it expects is verified when the test ends
    client = ShipyardClient(org_id=ORG, api_key=wavetank.key, project_id=PROJECT)
    client.base_url = wavetank.shipyard_base(ORG)
    assert start_nightly(client) == "Success"
    wavetank.verify({"operation": "@OPERATION@"}, exactly=3)
