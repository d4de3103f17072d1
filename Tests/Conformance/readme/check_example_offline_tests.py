"""Offline tests: the example project, as a user runs it."""

from examples import main

main("offline-tests")
