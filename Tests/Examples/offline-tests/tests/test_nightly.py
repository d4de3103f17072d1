"""What the program must do, by what the cloud does. The fixture `wavetank` is a cloud for one test."""

import pathlib
import sys

import pytest
from shipyard_api import ShipyardClient
from shipyard_templates import ExitCodeException

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from nightly import nightly, start  # noqa: E402

SCENARIOS = pathlib.Path(__file__).parents[1] / "scenarios"
# Of the world that is there at the start: `wavetank ctl state shipyard` shows it.
ORGANIZATION = "11111111-1111-4111-8111-111111111111"
PROJECT = "22222222-2222-4222-8222-222222222222"
FLEET = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
def client(wavetank):
    client = ShipyardClient(org_id=ORGANIZATION, api_key=wavetank.key, project_id=PROJECT)
    client.base_url = wavetank.shipyard_base(ORGANIZATION)
    return client


def test_it_waits_for_a_good_end(wavetank, client):
    assert nightly(client, FLEET) == 0
    wavetank.verify({"operation": "shipyard.fleetRun.create"}, exactly=1)


def test_it_comes_back_after_two_refusals(wavetank, client):
    wavetank.scenario(SCENARIOS / "two-refusals.json")   # what it expects is verified when the test ends
    assert nightly(client, FLEET) == 0
    wavetank.verify({"operation": "shipyard.fleetRun.create"}, exactly=3)


def test_it_gives_up_in_the_end(wavetank, client):
    wavetank.scenario({"wavetank": 1, "name": "closed", "rules": [
        {"name": "closed", "match": {"operation": "shipyard.fleetRun.create"}, "error": 503}]})
    with pytest.raises(ExitCodeException):
        start(client, FLEET, pause=0)
    wavetank.verify({"operation": "shipyard.fleetRun.create"}, exactly=3)


def test_failed_work_is_exit_status_1(wavetank, client):
    wavetank.scenario(SCENARIOS / "load-fails.json")
    assert nightly(client, FLEET) == 1


def test_nothing_is_over_before_its_time(wavetank, client):
    wavetank.clock("manual")
    run = start(client, FLEET)
    assert client.get_run_status(FLEET, run) in ("Scheduled", "Running")
    wavetank.advance(by="1h")
    assert client.get_run_status(FLEET, run) == "Success"


def test_the_same_night_again(wavetank, client):
    before = wavetank.snapshot()
    first = start(client, FLEET)
    wavetank.restore(before)
    assert start(client, FLEET) == first          # the same world, the same seed: the same id
