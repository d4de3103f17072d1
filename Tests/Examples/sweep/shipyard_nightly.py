"""Starts a fleet and looks at how its runs go, by the client of Shipyard.

    wavetank sweep --clock skip -- python Tests/Examples/sweep/shipyard_nightly.py
"""

import os

from shipyard_api import ShipyardClient

ORGANIZATION = "11111111-1111-4111-8111-111111111111"
PROJECT = "22222222-2222-4222-8222-222222222222"
FLEET = "33333333-3333-4333-8333-333333333333"

client = ShipyardClient(
    org_id=ORGANIZATION, api_key=os.environ["SHIPYARD_API_TOKEN"], project_id=PROJECT)
client.base_url = f"{os.environ['SHIPYARD_API_BASE']}/orgs/{ORGANIZATION}"
run = client.trigger_fleet(FLEET)["data"]["fleet_run_id"]
print("exit code", client.get_run_status(FLEET, run))
