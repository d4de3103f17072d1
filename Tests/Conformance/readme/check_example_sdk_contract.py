"""Contract tests of an SDK: the example project, as a user runs it."""

from examples import main

main("sdk-contract")
