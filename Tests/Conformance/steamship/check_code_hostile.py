"""Code that misbehaves: its own call fails with what is known, in the engine's form; server and others go on."""

import io
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import time
import venv
import zipfile

from common import Server

FLAGS = ("--run-code", "--python", sys.executable, "--no-pip", "--code-timeout", "5s", "--code-memory", "256MiB")
server = Server(*FLAGS)
os.environ["WAVETANK_URL"] = server.url

import requests  # noqa: E402
from steamship import PackageInstance, Steamship, SteamshipError  # noqa: E402
from steamship.data.package.package import Package  # noqa: E402
from steamship.data.package.package_version import PackageVersion  # noqa: E402

import code_samples as samples  # noqa: E402
from support import archive, check, refused, run  # noqa: E402


def client(url, key="wt-hostile"):
    return Steamship(api_key=key, api_base=f"{url}/api/v1/", app_base=f"{url}/apps/", web_base=url, workspace="w")


def deploy(one, code=samples.HOSTILE):
    made = Package.create(one)
    PackageVersion.create(one, package_id=made.id, handle="1.0",
                          filebytes=code if isinstance(code, bytes) else archive(code))
    instance = PackageInstance.create(one, package_id=made.id)
    instance.wait_for_init()
    return instance


def outcome(call):
    """What it gave, or its failure's words."""
    try:
        return call()
    except SteamshipError as error:
        return f"failed: {error.message}"


def children():
    """The processes of this server, and what they have started."""
    found, parents = set(), {server.process.pid}
    for _ in range(8):
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            except OSError:
                continue
            if int(fields["PPid"]) in parents and not fields["State"].startswith("Z"):
                found.add(int(fields["Pid"]))
        parents |= found
    return found


@check
def each_misdeed_fails_its_own_call_alone(place):
    bystander = deploy(client(server.url, f"{place.key}-bystander"), samples.PACKAGE)
    instance = deploy(place.client("w"))
    for method, answer in (
            ("exit", "exit code 3"), ("polite", ""), ("crash", "Segmentation fault"), ("memory", "failed"),
            ("loop", "within 5 s"), ("forks", "failed"), ("flood", "flooded"), ("drown", "within 5 s"),
            ("closed", "closed"), ("all_closed", "failed"), ("channel", "cannot be read"), ("frame", "cannot be read"),
            ("signals", "signal"), ("orphan", "left behind"), ("threads", ""), ("disk", "")):
        began = time.monotonic()
        told = str(outcome(lambda: instance.invoke(method)))
        assert answer in told, f"{method}: {told[:400]}"
        assert time.monotonic() - began < 20, f"{method} took {time.monotonic() - began:.1f} s"
        told = outcome(lambda: instance.invoke("fine"))
        assert told == "fine", f"after {method}: {told}"
        assert bystander.invoke("greet", name=method) == f"Hello {method}", method
    assert server.lives and server.resident < 600 << 20, server.resident


@check
def what_a_call_has_started_ends_with_its_process(place):
    instance = deploy(place.client("w"))
    outcome(lambda: instance.invoke("forks"))
    outcome(lambda: instance.invoke("orphan"))
    outcome(lambda: instance.invoke("loop"))
    deadline = time.monotonic() + 40
    while len(children()) > 12:
        assert time.monotonic() < deadline, children()
        time.sleep(0.1)


@check
def archives_that_reach_outside_are_refused(place):
    one = place.client("w")

    def made(name, content="x", kind=stat.S_IFREG, times=1):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("api.py", samples.HOSTILE)
            for number in range(times):
                info = zipfile.ZipInfo(f"{name}{number}" if times > 1 else name)
                info.external_attr = (kind | 0o777) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                bundle.writestr(info, content)
        return buffer.getvalue()

    refused(lambda: deploy(one, made("../outside")), "outside")
    refused(lambda: deploy(one, made("/tmp/outside")), "outside")
    refused(lambda: deploy(one, made("link", "/etc/passwd", stat.S_IFLNK)), "link")
    refused(lambda: deploy(one, made("bomb", b"\0" * (64 << 20), times=20)), "larger than")
    assert outcome(lambda: deploy(one, made("fine")).invoke("fine")) == "fine"
    refused(lambda: deploy(one, made("many/", times=50_001, content="")), "more than 50000 files")
    refused(lambda: deploy(one, made("deep/" * 1000 + "x")), "more than 1024 bytes")
    nested = b"\0" * (8 << 20)
    for _ in range(4):
        nested = made("inner.zip", nested, times=2)
    assert outcome(lambda: deploy(one, nested).invoke("fine")) == "fine", "an archive within is a file"
    # The directory says so, whatever there is: 4 GiB of a few bytes, and few of very many.
    for size in (0xFFFF_FFF0, 3):
        lying = bytearray(made("liar", b"\0" * (1 << 20)))
        entry = lying.rindex(b"PK\x01\x02")
        lying[entry + 24:entry + 28] = size.to_bytes(4, "little")
        refused(lambda: deploy(one, bytes(lying)), "larger than" if size > 3 else "archive")
    whole = made("torn")
    refused(lambda: deploy(one, whole[:len(whole) // 2]), "no zip archive")
    refused(lambda: deploy(one, b"PK\x05\x06" + bytes(18)), "api.py")


@check
def code_that_misbehaves_when_it_is_loaded_becomes_no_version(place):
    one = place.client("w")
    fine = "\n" + samples.PACKAGE
    for code, words in (
            ("while True:\n    pass\n" + fine, "within 5 s"), ("import os\nos._exit(7)" + fine, "exit code 7"),
            ("import sys\nsys.exit('bye')" + fine, "exit code 1"), ("import ctypes\nctypes.string_at(0)" + fine, "Segmentation fault"),
            ("x = bytearray(4 << 30)" + fine, "MemoryError"), ("import os\nwhile True:\n    os.fork()" + fine, "failed"),
            ("def broken(:\n", "SyntaxError"), ("\0", "null bytes"), ("raise KeyboardInterrupt" + fine, "KeyboardInterrupt"),
            ("import steamship_gone" + fine, "No module named 'steamship_gone'")):
        told = str(outcome(lambda: deploy(one, code)))
        assert words in told, f"{code[:40]!r}: {told[:600]}"
    loud = deploy(one, "print('x' * 1000, flush=True)\n" * 2000 + fine)
    assert loud.invoke("greet") == "Hello you"
    assert server.lives and server.resident < 600 << 20, server.resident


@check
def code_reaches_this_server_and_nothing_else(place):
    instance = deploy(place.client("w"))
    if "network namespaces" in server.text():
        return
    assert outcome(lambda: instance.invoke("network", host="127.0.0.1", port=server.port)) == "reached"
    other = Server()
    told = outcome(lambda: instance.invoke("network", host="127.0.0.1", port=other.port))
    other.end()
    assert "Connection refused" in told, told
    told = outcome(lambda: instance.invoke("network", host="192.0.2.1", port=80))
    assert "unreachable" in told, told


@check
def code_has_the_apis_alone(place):
    """Neither the control API, with its other tenants, nor what the server reaches."""
    instance = deploy(place.client("w"))
    if "network namespaces" in server.text():
        return
    other = Server()
    for method, path in (("GET", "tenants"), ("DELETE", f"tenants/{place.key[3:]}"), ("POST", "reset?tenant=default")):
        status, text = instance.invoke("asked", url=f"{server.url}/_wavetank/{path}", how=method)
        assert status == 403 and "control API" in text, (method, path, status, text)
    told = str(outcome(lambda: instance.invoke("fetched", url=f"{other.url}/_wavetank/health")))
    assert "failed" in told and "does not call the URL" in told, told
    other.end()
    assert instance.invoke("fine") == "fine"


@check
def code_reaches_what_the_flag_says(place):
    other = Server()
    try:
        for network, own, others in (("none", False, False), ("all", True, True)):
            one = Server(*FLAGS, "--code-network", network)
            try:
                instance = deploy(client(one.url))
                reached = [outcome(lambda: instance.invoke("network", host="127.0.0.1", port=port)) == "reached"
                           for port in (one.port, other.port)]
                assert reached == [own, others] or "network namespaces" in one.text(), (network, reached)
                assert outcome(lambda: instance.invoke("fine")) == "fine"
                writer = deploy(client(one.url), samples.PACKAGE.replace("def instance_init", "def no_init"))
                told = outcome(lambda: writer.invoke("files", text="x"))
                assert network == "all" or "failed" in told, told
            finally:
                one.end()
    finally:
        other.end()


@check
def without_the_flag_an_upload_is_a_stand_in(place):
    plain = Server()
    try:
        instance = deploy(client(plain.url), "import nothing_of_the_kind")
        refused(lambda: instance.invoke("fine"), "No handler for POST /fine available.")
        told = requests.get(f"{plain.url}/_wavetank/state/steamship", headers={"X-Wavetank-Tenant": "hostile"})
        assert '"process"' not in told.text
    finally:
        plain.end()


@check
def flags_that_make_no_sense_are_usage_errors(place):
    for flags in (("--code-network", "moon"), ("--code-memory", "1KiB"), ("--code-timeout", "soon"),
                  ("--code-workers", "1"), ()):
        command = [os.environ["WAVETANK_BINARY"], "serve", *(("--run-code",) if flags else ("--no-pip",)), *flags]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert ended.returncode == 64 and (flags or ["--run-code"])[0] in ended.stderr, (flags, ended)


@check
def a_folder_for_code_that_is_somebody_elses_is_not_swept(place):
    with tempfile.TemporaryDirectory() as folder:
        kept = pathlib.Path(folder) / "programs" / "kept"
        kept.mkdir(parents=True)
        ended = subprocess.run([os.environ["WAVETANK_BINARY"], "serve", "--port", "0", "--run-code", "--code-dir", folder],
                               capture_output=True, text=True, timeout=20)
        assert ended.returncode == 1 and "--code-dir" in ended.stderr and kept.exists(), ended


@check
def an_interpreter_that_is_none_says_so(place):
    for flags, words in (
            (("--python", "/nowhere/python"), "/nowhere/python"),
            (("--python", "/bin/false"), "/bin/false")):
        one = Server("--run-code", "--no-pip", *flags)
        try:
            error = refused(lambda: deploy(client(one.url)))
            assert words in error.message or "cannot" in error.message, error.message
        finally:
            one.end()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        bare = pathlib.Path(folder) / "python"
        bare.write_text(f"#!/bin/sh\nexec {sys.executable} -S \"$@\"\n")
        bare.chmod(0o755)
        one = Server("--run-code", "--no-pip", "--python", str(bare))
        try:
            refused(lambda: deploy(client(one.url)), "No module named", "has no Steamship SDK", "--python")
        finally:
            one.end()


@check
def an_interpreter_in_a_folder_that_is_closed_to_all_others_runs_code(place):
    """Root's home, a folder for temporary files: what lies there is shown, and nothing beside it."""
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        (home / "private.txt").write_text("mine")
        venv.create(home / "environment", symlinks=True)
        packages = home / "environment/lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        (packages / "sdk.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
        python = os.path.relpath(home / "environment/bin/python")
        one = Server(*FLAGS[:1], "--python", python, "--code-dir", str(home / "code"), *FLAGS[3:])
        try:
            instance = deploy(client(one.url))
            assert instance.invoke("fine") == "fine"
            seen = instance.invoke("listed", folder=folder)
            assert os.geteuid() != 0 or seen == ["code", "environment"], seen
            told = str(outcome(lambda: instance.invoke("leave")))
            assert "exit code 4" in told and "SystemExit" in told, told
            outcome(lambda: instance.invoke("complain"))
            told = str(outcome(lambda: instance.invoke("exit")))
            assert "exit code 3" in told and "complaint" not in told, f"an earlier call's words: {told}"
        finally:
            assert one.stop() == 0


@check
def events_strike_code(place):
    one = place.client("events")
    instance = deploy(one, samples.PACKAGE)
    emit = lambda event: place.control("POST", "emit", event)
    assert emit({"outOfMemory": instance.handle}).status_code < 300
    refused(lambda: instance.invoke("greet"), "ran out of memory")
    assert instance.invoke("greet") == "Hello you"
    assert emit({"slowWorker": instance.handle, "by": "1s"}).status_code < 300
    began = time.monotonic()
    assert instance.invoke("greet") == "Hello you"
    assert time.monotonic() - began >= 1
    before = instance.invoke("environment")["home"]
    assert emit({"crashWorker": instance.handle}).status_code < 300
    assert instance.invoke("greet") == "Hello you"
    assert instance.invoke("environment")["home"] != before
    answer = emit({"crashWorker": "nobody"})
    assert answer.status_code >= 400 and "nobody" in answer.text, answer.text


@check
def a_built_in_plugin_may_be_given_code(place):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "tagger.zip").write_bytes(archive(samples.TAGGER))
        scenario = pathlib.Path(folder) / "scenario.json"
        scenario.write_text('{"wavetank": 1, "given": {"steamship": {"plugins": ['
                            '{"handle": "test-tagger", "type": "tagger", "code": "tagger.zip"}]}}}')
        for flags, runs in ((FLAGS, True), ((), False)):
            one = Server("--scenario", str(scenario), *flags)
            try:
                task = client(one.url).use_plugin("test-tagger", version="1.0").tag("aB")
                task.wait(retry_delay_s=0.1)
                names = [tag.name for tag in task.output.file.blocks[0].tags]
                assert (names == ["B"]) == runs, names
            finally:
                one.end()


@check
def kill_of_the_server_leaves_no_child(place):
    one = Server(*FLAGS)
    instance = deploy(client(one.url), samples.PACKAGE)
    assert instance.invoke("greet") == "Hello you"
    global server
    server, mine = one, server
    left = children()
    server = mine
    assert left
    one.process.send_signal(signal.SIGKILL)
    one.process.wait()
    deadline = time.monotonic() + 40
    while any(pathlib.Path(f"/proc/{pid}").exists() for pid in left):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@check
def the_end_of_the_server_ends_its_code(place):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.environ["TMPDIR"] = folder
        one = Server(*FLAGS)
        del os.environ["TMPDIR"]
        deploy(client(one.url), samples.PACKAGE)
        assert list(pathlib.Path(folder).glob("wavetank-code-*"))
        began = time.monotonic()
        assert one.stop() == 0
        assert time.monotonic() - began < 20
        assert not list(pathlib.Path(folder).glob("wavetank-code-*"))


run("hostile")
