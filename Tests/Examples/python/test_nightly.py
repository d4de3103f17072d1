"""An example: code under test (`start_nightly`), and what it must do when the cloud misbehaves."""

import sys
import time

import pytest
from shipyard_api import ShipyardClient
from shipyard_templates import ExitCodeException

from wavetank import WavetankError, sweep

ORG = "11111111-1111-4111-8111-111111111111"
PROJECT = "22222222-2222-4222-8222-222222222222"
FLEET = "33333333-3333-4333-8333-333333333333"


def start_nightly(client, attempts=3):
    """Triggers the fleet, comes back when it is refused, and waits for its end."""
    for _ in range(attempts):
        try:
            run = client.trigger_fleet(FLEET)["data"]["fleet_run_id"]
            break
        except ExitCodeException:
            continue
    else:
        raise RuntimeError("the fleet cannot be triggered")
    while (status := client.get_run_status(FLEET, run)) in ("Scheduled", "Running"):
        time.sleep(0.01)
    return status


@pytest.fixture
def client(wavetank):
    client = ShipyardClient(org_id=ORG, api_key=wavetank.key, project_id=PROJECT)
    client.base_url = wavetank.shipyard_base(ORG)
    return client


def refusals(times):
    return {"wavetank": 1, "name": "refusals",
            "rules": [{"name": "refuse", "match": {"operation": "shipyard.fleetRun.create"},
                       "times": times, "error": 503}],
            "expect": {"rules": {"refuse": times}}}


def test_it_waits_for_the_end(wavetank, client):
    assert start_nightly(client) == "Success"
    wavetank.verify({"operation": "shipyard.fleetRun.create"}, exactly=1)


def test_it_comes_back_after_two_refusals(wavetank, client):
    wavetank.scenario(refusals(2))       # what it expects is verified when the test ends
    assert start_nightly(client) == "Success"
    wavetank.verify({"operation": "shipyard.fleetRun.create"}, exactly=3)


def test_it_gives_up_after_three(wavetank, client):
    wavetank.scenario(refusals(3))
    with pytest.raises(RuntimeError):
        start_nightly(client)


def test_a_failing_vessel_is_an_error(wavetank, client):
    wavetank.scenario({"wavetank": 1, "name": "load fails", "behaviors": {"shipyard": [
        {"when": {"fleet": "Nightly", "vessel": "Load"}, "attempts": [{"exit": 1, "for": "3s"}]}]}})
    assert start_nightly(client) == "Errored"


def test_nothing_moves_while_the_clock_stands(wavetank, client):
    wavetank.clock("manual")
    run = client.trigger_fleet(FLEET)["data"]["fleet_run_id"]
    assert client.get_run_status(FLEET, run) != "Success"
    wavetank.advance(by="1h")
    assert client.get_run_status(FLEET, run) == "Success"


def test_tenants_do_not_meet(wavetank):
    wavetank.verify({"service": "shipyard"}, exactly=0)


def test_verify_fails_when_it_does_not_hold(wavetank, client):
    client.trigger_fleet(FLEET)
    with pytest.raises(AssertionError, match="fleetRun"):
        wavetank.verify({"operation": "shipyard.fleetRun.create"}, exactly=2)


def test_a_bad_scenario_is_refused_with_its_place(wavetank):
    with pytest.raises(WavetankError, match="rulez"):
        wavetank.scenario({"wavetank": 1, "rulez": []})


CAREFUL = """
import os, sys
from shipyard_api import ShipyardClient
client = ShipyardClient(org_id=sys.argv[1], api_key=os.environ["SHIPYARD_API_TOKEN"], project_id=sys.argv[2])
client.base_url = os.environ["SHIPYARD_API_BASE"] + "/orgs/" + sys.argv[1]
try:
    client.trigger_fleet(sys.argv[3])
except Exception as failure:
    sys.exit(f"not started: {failure}")
"""


def test_each_call_failing_in_every_way():
    found = sweep([sys.executable, "-c", CAREFUL, ORG, PROJECT, FLEET], faults=["401", "500"])
    found.verify()                       # raises, with all that was found
    assert [run.kind for run in found.runs] == ["gaveUp", "gaveUp"]


def test_a_sweep_of_nothing_is_refused():
    with pytest.raises(WavetankError, match="nothing to sweep"):
        sweep([sys.executable, "-c", "pass"])
