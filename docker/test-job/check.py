"""An example test job: the unmodified Shipyard client, with its fixed https base URL."""
import sys
import time

from shipyard_api import ShipyardClient

ORG = "11111111-1111-4111-8111-111111111111"
PROJECT = "22222222-2222-4222-8222-222222222222"
FLEET = "33333333-3333-4333-8333-333333333333"

client = ShipyardClient(org_id=ORG, api_key="wt-compose", project_id=PROJECT)
run = client.trigger_fleet(FLEET)["data"]["fleet_run_id"]
for _ in range(60):
    status = client.get_run_status(FLEET, run)
    print(run, status)
    if status in ("Success", "Errored", "Terminated"):
        sys.exit(0 if status == "Success" else 1)
    time.sleep(0.5)
sys.exit("the run did not end")
