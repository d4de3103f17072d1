"""Requests made of the document of Shipyard, see fuzzing.py."""

import fuzzing

fuzzing.run("shipyard", max_examples=25, headers={"X-Shipyard-API-Key": "demo-key"})
