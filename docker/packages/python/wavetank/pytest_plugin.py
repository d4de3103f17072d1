"""The pytest plugin: installed with the package, found by pytest itself.

A test that asks for `wavetank` gets a cloud of its own, on a server that all tests share:

    def test_greeting(wavetank):
        client = Steamship(**wavetank.steamship, workspace="demo")
        ...
        wavetank.verify({"operation": "steamship.package.invoke"}, exactly=1)

What its scenario expects is verified when the test ends. When a test fails, its report shows the last
exchanges with the reason for each answer, and what nearly matched. Under xdist each worker has a server.

Options: `--wavetank-scenario FILE|NAME` (for every test; may repeat), `--wavetank-flag FLAG` (for the
server), `--wavetank-url URL` (a server that runs already). A test's own: `@pytest.mark.wavetank(scenario=…)`.
"""

from __future__ import annotations

import hashlib
import os
import re
import typing

import pytest

from wavetank import Server, Tenant, WavetankError

#: How many exchanges a failed test shows.
SHOWN = 8

_tenant = pytest.StashKey[Tenant]()
#: What reached a tenant that is gone already: where its scenario expected something else.
_last_story = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wavetank", "a local emulator of Steamship, Scramjet and Shipyard")
    group.addoption("--wavetank-scenario", action="append", default=[], metavar="FILE|NAME",
                    help="in force for every test: a file, or the name of a shipped one")
    group.addoption("--wavetank-flag", action="append", default=[], metavar="FLAG",
                    help="for the server, such as --wavetank-flag=--strict")
    group.addoption("--wavetank-url", metavar="URL", help="a server that runs already")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "wavetank(scenario=…): the scenario of this test: a document, a file, or a shipped one's name")


@pytest.fixture(scope="session")
def wavetank_flags(request: pytest.FixtureRequest) -> typing.List[str]:
    """Override it to start the server with flags of your own."""
    return ["--clock", "skip", *request.config.getoption("--wavetank-flag")]


@pytest.fixture(scope="session")
def wavetank_server(
        request: pytest.FixtureRequest, wavetank_flags: typing.List[str]) -> typing.Iterator[typing.Any]:
    """The server of this session; with `--wavetank-url` one that was there before."""
    url = request.config.getoption("--wavetank-url")
    if url:
        yield _Running(url.rstrip("/"))
        return
    server = None
    try:
        server = Server(*wavetank_flags)
    except WavetankError as problem:
        reason = str(problem)
    if server is None:
        # The sentence says it all, once: no trace of this package's insides, and no error that led to another.
        pytest.fail(reason, pytrace=False)
    yield server
    server.stop()


class _Running:
    def __init__(self, url: str) -> None:
        self.url = url

    def tenant(self, name: str) -> Tenant:
        return Tenant(self.url, name)


def _name(node: pytest.Item) -> str:
    """The same for each run of the test, another for each test and for each worker of xdist."""
    words = re.sub(r"[^a-z0-9]+", "-", node.name.lower()).strip("-")[:40].strip("-")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    digest = hashlib.sha256((worker + node.nodeid).encode()).hexdigest()[:10]
    return f"{words or 'test'}-{digest}"


@pytest.fixture
def wavetank(wavetank_server: typing.Any, request: pytest.FixtureRequest) -> typing.Iterator[Tenant]:
    """A tenant for this test alone; what its scenario expects is verified at the end."""
    tenant: Tenant = wavetank_server.tenant(_name(request.node))
    request.node.stash[_tenant] = tenant
    for scenario in request.config.getoption("--wavetank-scenario"):
        tenant.scenario(scenario)
    marker = request.node.get_closest_marker("wavetank")
    if marker is not None and "scenario" in marker.kwargs:
        tenant.scenario(marker.kwargs["scenario"])
    yield tenant
    try:
        if tenant.control("GET", "scenario").get("expect"):
            tenant.verify()
    except AssertionError:
        request.node.stash[_last_story] = _told_of(tenant)
        raise
    finally:
        tenant.drop()


def _told(exchange: typing.Dict[str, typing.Any]) -> typing.List[str]:
    """One exchange, and why it was answered so."""
    outcome = f"fault: {exchange['fault']}" if exchange["ending"] == "fault" else exchange["status"] or "no answer"
    first = f"{exchange['number']:>4} {exchange['method']} {exchange['target']} → {outcome}"
    if exchange["operation"]:
        first += f" ({exchange['operation']})"
    lines = [first]
    why = exchange.get("why") or {}
    if exchange["rules"]:
        lines.append("     rules that struck: " + ", ".join(exchange["rules"]))
    if why.get("reason"):
        lines.append("     why: " + why["reason"])
    for rule in why.get("rulesConsidered", []):
        if rule["outcome"] != "struck":
            missed = f": {rule['failed']} wants {rule['expected']}, found {rule['found']}" if "failed" in rule else ""
            lines.append(f"     near miss: rule {rule['rule']}: {rule['outcome']}{missed}")
    lines += [f"     remark: {remark}" for remark in exchange["remarks"]]
    return lines


def _story(tenant: Tenant) -> str:
    """The last exchanges of a test."""
    entries = tenant.journal(limit=SHOWN)["entries"]
    lines = [line for entry in entries for line in _told(tenant.control("GET", f"journal/{entry['number']}"))]
    return "\n".join(lines) or "no request has reached this tenant"


def _told_of(tenant: Tenant) -> str:
    try:
        return _story(tenant)
    except (WavetankError, OSError, KeyError, TypeError, ValueError) as problem:
        return f"the journal cannot be read: {problem}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
        item: pytest.Item, call: pytest.CallInfo[None]) -> typing.Generator[None, typing.Any, None]:
    outcome = yield
    report = outcome.get_result()
    tenant = item.stash.get(_tenant, None)
    if tenant is None or not report.failed:
        return
    story = item.stash.get(_last_story, None) if report.when == "teardown" else _told_of(tenant)
    if story is not None:
        report.sections.append((f"Wavetank, tenant {tenant.name}", story))
