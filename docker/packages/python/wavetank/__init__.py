"""Drives Wavetank from Python: a server of its own, tenants, clock, scenarios, journal, verify.

    from wavetank import Server, sweep

    with Server("--clock", "skip") as server:
        cloud = server.tenant("blue")
        ...
        cloud.verify({"operation": "shipyard.fleetRun.create"}, exactly=1)

    sweep(["python", "nightly.py"]).verify()      # each of its calls failing in every way

For pytest there are fixtures: see `wavetank.pytest_plugin`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
import types
import typing
import urllib.error
import urllib.parse
import urllib.request

__all__ = ["Run", "Server", "Sweep", "Tenant", "WavetankError", "binary", "sweep"]

Json = typing.Any

_names = {"at_least": "atLeast", "at_most": "atMost"}
# No proxy of the environment stands between a test and its own machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class WavetankError(Exception):
    """There is no server, or its control API refused something; the text says why."""


def binary() -> str:
    """The program: named by WAVETANK_BINARY, else the one of this package, else the one on the path."""
    named = os.environ.get("WAVETANK_BINARY")
    if named:
        found = shutil.which(named)
        if found is None:
            there = "it cannot be run" if os.path.exists(named) else "there is no such program"
            raise WavetankError(f"WAVETANK_BINARY names {named}, and {there}")
        return found
    own = pathlib.Path(sysconfig.get_path("scripts"), "wavetank")
    found = str(own) if own.exists() else shutil.which("wavetank")
    if found is None:
        raise WavetankError("no wavetank found: install the package for this platform, or set WAVETANK_BINARY")
    return found


class Server:
    """A Wavetank of its own on a free port, ended by `stop()` or at the end of a `with`."""

    def __init__(self, *flags: str, binary: typing.Optional[str] = None) -> None:
        program = binary or globals()["binary"]()
        # It would wait longer for streams that are open; what it holds is of no use any more, unless it keeps it.
        self._patience = 30.0 if any(flag.split("=")[0] == "--data" for flag in flags) else 0.5
        self._folder = tempfile.TemporaryDirectory(prefix="wavetank-")
        ready = pathlib.Path(self._folder.name, "ready.json")
        log = pathlib.Path(self._folder.name, "log.txt")
        with log.open("w") as output:
            try:
                self.process = subprocess.Popen(
                    [program, "serve", "--port", "0", "--quiet", "--ready-file", str(ready), *flags],
                    stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            except OSError as error:
                self._folder.cleanup()
                raise WavetankError(f"{program} cannot be run: {error.strerror}") from None
        deadline = time.monotonic() + 20
        while not (ready.exists() and ready.stat().st_size):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                told = log.read_text().strip()
                self._folder.cleanup()
                raise WavetankError("wavetank did not become ready: " + (
                    told or f"{program} ended with status {self.process.returncode} and said nothing"))
            time.sleep(0.002)
        self.url: str = f"http://127.0.0.1:{json.loads(ready.read_text())['port']}"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: typing.Optional[typing.Type[BaseException]],
                 error: typing.Optional[BaseException],
                 trace: typing.Optional[types.TracebackType]) -> None:
        self.stop()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
        finally:
            self.process.wait()
            self._folder.cleanup()

    def tenant(self, name: str) -> "Tenant":
        return Tenant(self.url, name)


class Tenant:
    """One private cloud: own state, clock, scenario and journal."""

    def __init__(self, server: str, name: str) -> None:
        """`server` is its URL."""
        self.name = name
        self.server = server.rstrip("/")
        self.url = f"{self.server}/_t/{name}"
        self.key = f"wt-{name}"

    @property
    def steamship(self) -> typing.Dict[str, str]:
        """Arguments for `Steamship(...)`."""
        return {"api_base": f"{self.url}/api/v1/", "app_base": f"{self.url}/apps/",
                "web_base": f"{self.url}/", "api_key": self.key}

    @property
    def scramjet_hub(self) -> str:
        return f"{self.url}/api/v1"

    @property
    def scramjet_space(self) -> str:
        return f"{self.url}/api/v1/space/demo/api/v1"

    def shipyard_base(self, org: str = "11111111-1111-4111-8111-111111111111") -> str:
        """For `client.base_url`."""
        return f"{self.url}/orgs/{org}"

    def _open(self, method: str, path: str, body: typing.Optional[bytes], kind: str) -> bytes:
        request = urllib.request.Request(
            f"{self.server}/_wavetank/{path.lstrip('/')}", method=method, data=body,
            headers={"X-Wavetank-Tenant": self.name, "Content-Type": kind})
        token = os.environ.get("WAVETANK_CONTROL_TOKEN")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with _opener.open(request, timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise WavetankError(
                f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None
        except urllib.error.URLError as error:
            raise WavetankError(f"no Wavetank at {self.server}: {error.reason}") from None

    def control(self, method: str, path: str, body: Json = None) -> Json:
        """One call of the control API, for this tenant."""
        content = None if body is None else json.dumps(body).encode()
        text = self._open(method, path, content, "application/json")
        return json.loads(text) if text else None

    def scenario(self, scenario: Json) -> Json:
        """Puts a scenario in force; the tenant starts anew.

        A document (a dict), the path of a file (JSON, JSON5 or YAML), or the name of a shipped one.
        """
        if not isinstance(scenario, (str, os.PathLike)):
            return self.control("PUT", "scenario", scenario)
        path = pathlib.Path(scenario)
        if not path.suffix:
            return self.control("PUT", "scenario?" + urllib.parse.urlencode({"name": str(scenario)}))
        kind = "application/yaml" if path.suffix in (".yaml", ".yml") else "application/json5"
        return json.loads(self._open("PUT", "scenario", path.read_bytes(), kind))

    def clock(self, mode: str) -> Json:
        """`real`, `skip`, `manual`, or `x60`."""
        return self.control("PUT", "clock", {"mode": mode})

    def advance(self, by: typing.Optional[str] = None, to: typing.Optional[str] = None,
                to_next: bool = False) -> Json:
        step: Json = {"by": by} if by else {"to": to} if to else {"toNext": to_next}
        return self.control("POST", "clock/advance", step)

    def emit(self, event: Json) -> Json:
        """Makes something happen now: `{"crashHub": "sth-0"}`."""
        return self.control("POST", "emit", event)

    def journal(self, **filters: Json) -> Json:
        """The newest exchanges under `entries`: `service=`, `operation=`, `status=`, `rule=`, `limit=` …"""
        query = urllib.parse.urlencode(filters)
        return self.control("GET", "journal" + (f"?{query}" if query else ""))

    def verify(self, match: Json = None, **counts: int) -> Json:
        """Raises AssertionError, with the nearest misses, unless the journal holds what is asked:
        `exactly=`, `at_least=`, `at_most=`. Without a match: what the scenario itself expects."""
        body: typing.Dict[str, Json] = {_names.get(key, key): value for key, value in counts.items()}
        if match is not None:
            body["match"] = match
        result = self.control("POST", "verify", body)
        assert result["holds"], "Wavetank: " + json.dumps(result, indent=2)
        return result

    def snapshot(self) -> bytes:
        """All that the tenant holds, for `restore`."""
        return self._open("GET", "snapshot", None, "application/octet-stream")

    def restore(self, snapshot: bytes) -> None:
        self._open("PUT", "snapshot", snapshot, "application/gzip")

    def reset(self) -> None:
        self.control("POST", "reset")

    def drop(self) -> None:
        self.control("DELETE", f"tenants/{self.name}")


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a swept program, with one of its calls failing in one way."""

    id: str
    operation: str
    fault: str
    #: `coped`, `gaveUp`, `lost`, `duplicated`, `hung` …
    kind: str
    flaws: typing.List[str]
    is_finding: bool
    #: The baseline has it.
    is_known: bool
    #: None: it was ended because its time was up.
    exit: typing.Optional[int]
    retries: int
    #: How the world that it left differs from that of a run without faults.
    difference: typing.List[str]
    #: The command that repeats it.
    replay: str


class Sweep:
    """What a sweep found."""

    def __init__(self, report: Json) -> None:
        #: All of the JSON.
        self.report = report
        self.runs = [Run(
            id=run["id"], operation=run["operation"], fault=run["fault"], kind=run["class"], flaws=run["flaws"],
            is_finding=run["isFinding"], is_known=run["isKnown"], exit=run["exit"], retries=run["retries"],
            difference=run["difference"], replay=run["replay"]) for run in report["runs"]]
        #: What was left out.
        self.notes: typing.List[str] = report["notes"]
        #: What is wrong, and not known by the baseline.
        self.findings = [run for run in self.runs if run.is_finding and not run.is_known]
        self.known = [run for run in self.runs if run.is_finding and run.is_known]

    def __str__(self) -> str:
        lines = [f"{len(self.runs)} runs, {len(self.findings)} findings"]
        for run in self.findings:
            flaws = f" ({', '.join(run.flaws)})" if run.flaws else ""
            lines.append(f"{run.kind}{flaws}  {run.id}")
            lines += [f"    {line}" for line in run.difference[:3]]
            lines.append(f"    again: {run.replay}")
        return "\n".join(lines)

    def verify(self) -> "Sweep":
        """Raises AssertionError, with all that was found, unless it is nothing."""
        if self.findings:
            raise AssertionError(f"Wavetank: {self}")
        return self


def sweep(
        command: typing.Sequence[typing.Union[str, "os.PathLike[str]"]], *,
        faults: typing.Sequence[str] = (), operations: typing.Optional[str] = None,
        baseline: typing.Union[str, "os.PathLike[str]", None] = None,
        scenarios: typing.Sequence[typing.Union[str, "os.PathLike[str]"]] = (),
        clock: typing.Optional[str] = None, seed: typing.Optional[int] = None, jobs: typing.Optional[int] = None,
        max_runs: typing.Optional[int] = None, time_limit: typing.Optional[str] = None,
        flags: typing.Sequence[str] = (), program: typing.Optional[str] = None, env: typing.Optional[typing.Mapping[str, str]] = None,
        cwd: typing.Union[str, "os.PathLike[str]", None] = None) -> Sweep:
    """Runs a program with each of its calls failing in every way: `wavetank sweep`.

    The program finds the emulator by the variables of `wavetank env`. Raises WavetankError where there is
    nothing to compare with: without any fault it fails, asks nothing, or is not the same twice.
    """
    program = program or binary()
    with tempfile.TemporaryDirectory(prefix="wavetank-sweep-") as folder:
        report = pathlib.Path(folder, "report.json")
        line = [program, "sweep", "--quiet", "--json", str(report)]
        values = {"faults": ",".join(faults) or None, "operations": operations, "baseline": baseline, "clock": clock,
                  "seed": seed, "jobs": jobs, "max-runs": max_runs, "time-limit": time_limit}
        for name, value in values.items():
            if value is not None:
                line += [f"--{name}", str(value)]
        for scenario in scenarios:
            line += ["--scenario", str(scenario)]
        line += [*flags, "--", *map(str, command)]
        try:
            done = subprocess.run(line, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        except OSError as error:
            raise WavetankError(f"{program} cannot be run: {error.strerror}") from None
        if not report.exists():
            raise WavetankError("the sweep was not done: " + (
                done.stderr.strip() or f"{program} ended with status {done.returncode} and said nothing"))
        return Sweep(json.loads(report.read_text()))
