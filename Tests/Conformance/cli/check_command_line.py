"""The command line, as DESIGN §12 has it: what is printed, where, and with which exit status."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from common import check, finish

BINARY = os.environ["WAVETANK_BINARY"]


# Without the server of this suite: what is asked for is named.
PLAIN = {name: value for name, value in os.environ.items() if name != "WAVETANK_URL"}


def run(*arguments, timeout=20):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env=PLAIN)


def usage_errors():
    for name, arguments, words in [
        ("an unknown flag names the nearest", ["--prot", "1"], ["--prot", "--port"]),
        ("an unknown command names the nearest", ["serv"], ["serv", "serve"]),
        ("a port that is no number", ["serve", "--port", "http"], ["--port", "http"]),
        ("a port beyond the range", ["serve", "--port", "70000"], ["--port"]),
        ("a flag without its value", ["serve", "--port"], ["--port"]),
        ("an unknown clock", ["serve", "--clock", "fast"], ["--clock", "manual"]),
        ("a negative seed", ["serve", "--seed", "-1"], ["--seed"]),
        ("an operand too many", ["serve", "now"], ["now"]),
        ("a switch with a value", ["serve", "--strict=yes"], ["--strict"]),
        ("an unknown shell", ["env", "--shell", "csh"], ["csh", "fish"]),
        ("a word that ctl does not read", ["ctl", "clock", "manual"], ["manual", "--mode"]),
        ("a verb that ctl tenants does not have", ["ctl", "tenants", "drip", "x"], ["drip", "drop"]),
        ("a malformed tenant", ["env", "--tenant", "Blue!"], ["Blue!"]),
        ("a value that is empty, of a variable that is not set", ["ca", "path", "--ca-dir", ""], ["--ca-dir needs a value"]),
        ("an empty value behind =", ["serve", "--ready-file="], ["--ready-file needs a value"]),
        ("a folder that is empty", ["init", ""], ["init", "empty"]),
        ("a clock mode that is no number", ["ctl", "clock", "--mode", "xNaN"], ["--mode", "xNaN", "manual"]),
        ("a multicast address", ["serve", "--host", "127.0.0.1", "--host", "224.0.0.1"], ["--host", "224.0.0.1"]),
        ("a multicast address of IPv6", ["demo", "--host", "[ff02::1]"], ["--host", "ff02::1"]),
        ("a token file without end", ["serve", "--control-token-file", "/dev/zero"], ["--control-token-file", "/dev/zero"]),
        ("a host with half its brackets", ["wait", "--url", "http://[::1"], ["[::1"]),
        ("an operand that is empty", ["ctl", "tenants", "drop", ""], ["ctl tenants", "empty"]),
        ("a URL with a fragment", ["ctl", "reset", "--url", "http://127.0.0.1:1/#x"], ["--url must look like", "#x"]),
        ("a URL with a query", ["wait", "--url", "http://127.0.0.1:1/?a=b"], ["--url must look like", "a=b"]),
        ("a URL that is none", ["run", "--url", "nonsense", "--", "true"], ["--url must look like", "nonsense"]),
    ]:
        done = run(*arguments)
        check(f"usage: {name} (64)",
              done.returncode == 64 and all(word in done.stderr for word in words)
              and done.stdout == "", (done.returncode, done.stderr))


def nothing_to_run():
    for name, arguments, words, status in [
        ("no name", [""], ["“”", "has no name", "variable"], 127), ("a name of spaces", ["  "], ["has no name"], 127),
        ("an unknown name", ["wavetank-no-such-program"], ["“wavetank-no-such-program”", "PATH"], 127),
        ("a folder", ["/"], ["“/”", "folder"], 126), ("a file that may not be run", [__file__], ["chmod"], 126),
        ("a name that a terminal would obey", ["\x1b[2J"], ["u{1b}"], 127),
    ]:
        for command in (["run"], ["record"]):
            done = run(*command, "--", *arguments)
            check(f"{command[0]}: {name} ({status})", done.returncode == status and all(word in done.stderr for word in words),
                  (done.returncode, done.stderr))
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "script"
        for text, words, status in (("#!/no/such/shell\n", "first line", 127), ("echo\n", "first line", 126)):
            script.write_text(text)
            script.chmod(0o755)
            done = run("run", "--", str(script))
            check(f"run: a script that begins with {text!r}", done.returncode == status and words in done.stderr, done)


def variables():
    done = subprocess.run([BINARY, "ctl", "clock"], capture_output=True, text=True, timeout=20, env={**PLAIN, "WAVETANK_URL": "nonsense"})
    check("usage: a bad WAVETANK_URL is named so", done.returncode == 64 and "WAVETANK_URL must look like" in done.stderr, done)


def help_and_version():
    for arguments in (["--help"], ["help"], ["-h"], ["serve", "--help"], ["help", "env"]):
        done = run(*arguments)
        check(f"help: {' '.join(arguments)}",
              done.returncode == 0 and "Usage" in done.stdout and "wavetank" in done.stdout,
              done.stdout + done.stderr)
    done = run("version")
    check("version prints one line", done.returncode == 0 and done.stdout.count("\n") == 1,
          done.stdout)


def environment():
    done = run("env", "--tenant", "blue", "--shell", "json")
    values = json.loads(done.stdout)
    check("env: the tenant's prefix and key",
          values["STEAMSHIP_API_BASE"] == "http://127.0.0.1:7070/_t/blue/api/v1/"
          and values["STEAMSHIP_API_KEY"] == "wt-blue", values)
    for shell, sign in (("sh", "export "), ("fish", "set -gx "), ("powershell", "$env:")):
        lines = run("env", "--shell", shell).stdout.splitlines()
        check(f"env: every line of {shell}", lines and all(l.startswith(sign) for l in lines), lines)
    evaluated = subprocess.run(["sh", "-c", f'eval "$({BINARY} env)"; echo $STEAMSHIP_APP_BASE'],
                               capture_output=True, text=True, env=PLAIN)
    check("env: sh evaluates it", evaluated.stdout == "http://127.0.0.1:7070/apps/\n",
          evaluated.stdout)
    for url, base in (("http://wavetank:7070", "/test:/"), ("https://192.168.1.7:7443", "/test:/"),
                      ("http://localhost:7070", "/apps/"), ("http://host.docker.internal:7070", "/apps/")):
        told = json.loads(run("env", "--shell", "json", "--url", url).stdout)
        check(f"env: packages at {url}", told["STEAMSHIP_APP_BASE"] == url + base, told)
    hostile = "http://127.0.0.1/'; echo no; '\"$(echo no)`echo no`\\\\'\u0301\u2019"
    told = json.loads(run("env", "--shell", "json", "--url", hostile).stdout)
    check("env: a URL with quotes is JSON", told["WAVETANK_URL"] == hostile, told)
    for shell, command in (("sh", ["-c", 'eval "$("$0" env --url "$1")"; printf %s "$WAVETANK_URL"', BINARY, hostile]),
                           ("fish", ["--no-config", "-c", "$argv[1] env --shell fish --url $argv[2] | source; printf %s $WAVETANK_URL", BINARY, hostile])):
        if shutil.which(shell):
            done = subprocess.run([shell, *command], capture_output=True, text=True, env=PLAIN, timeout=20)
            check(f"env: a URL with quotes is one word of {shell}", (done.stdout, done.stderr) == (hostile, ""), done)


def serving():
    with tempfile.TemporaryDirectory() as folder:
        ready = pathlib.Path(folder, "ready.json")
        process = subprocess.Popen([BINARY, "--port", "0", "--ready-file", str(ready)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = process.stdout.readline()
        while not ready.exists():
            time.sleep(0.01)
        told = json.loads(ready.read_text())
        check("serve: the ready line", first == f"wavetank ready on http://127.0.0.1:{told['port']}\n",
              first)
        check("serve: the ready file names port and pid", told["pid"] == process.pid, told)
        with socket.create_connection(("127.0.0.1", told["port"]), 5) as peer:
            peer.sendall(b"GET /_wavetank/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            check("serve: a port that accepts is ready", b" 200 " in peer.recv(4096).split(b"\r\n")[0])
        second = run("serve", "--port", str(told["port"]))
        check("serve: a port in use is exit 1 and a sentence",
              second.returncode == 1 and "in use" in second.stderr
              and str(told["port"]) in second.stderr, (second.returncode, second.stderr))
        for command in ("wait", "healthcheck"):
            done = run(command, "--url", f"http://127.0.0.1:{told['port']}")
            check(f"{command}: a ready server is exit 0", done.returncode == 0,
                  (done.returncode, done.stderr))
        process.send_signal(signal.SIGTERM)
        check("serve: SIGTERM is exit 0", process.wait(10) == 0, process.returncode)
        done = run("healthcheck", "--url", f"http://127.0.0.1:{told['port']}")
        check("healthcheck: no server is exit 1 and a sentence",
              done.returncode == 1 and done.stderr.strip(), (done.returncode, done.stderr))
        start = time.monotonic()
        done = run("wait", "--url", f"http://127.0.0.1:{told['port']}", "--timeout", "300ms")
        check("wait: gives up in time with exit 1", done.returncode == 1
              and time.monotonic() - start < 20, (done.returncode, done.stderr))


def workspaces(port, handle=None):
    """All of them, after one was made."""
    path, content = ("create", {"handle": handle}) if handle else ("list", {})
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/workspace/{path}", json.dumps(content).encode(),
                                   {"Content-Type": "application/json", "Authorization": "Bearer key"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return answer.read().decode()


def ends():
    """One order that comes twice (a terminal that closes, npm) is one; who orders again later means it."""
    with tempfile.TemporaryDirectory() as folder:
        def start():
            # Whoever runs this under nohup ignores the signal, and so would the server.
            process = subprocess.Popen([BINARY, "--port", "0", "--print", "port", "--data", folder], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True,
                                       preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
            return process, int(process.stdout.readline())

        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            process, port = start()
            workspaces(port, f"kept-{number.value}")
            for _ in range(3):
                process.send_signal(number)
            check(f"serve: {number.name} three times at once is exit 0", process.wait(20) == 0, process.returncode)
            process, port = start()
            check("serve: and the world is saved", f"kept-{number.value}" in workspaces(port))
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        process, port = start()
        with socket.create_connection(("127.0.0.1", port), 5) as peer:
            # In flight: the server waits for it.
            peer.sendall(b"POST /api/v1/topic/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhalf")
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.8)
            process.send_signal(signal.SIGTERM)
            check("serve: a second SIGTERM later ends it at once", process.wait(20) == 143, process.returncode)


def few_descriptors():
    """It serves, or says that it cannot; it does not claim to be ready and then refuse everybody."""
    for limit in range(4, 40, 2):
        script = f"ulimit -n {limit} && exec {BINARY} --port 0 --threads 1 --print port --quiet --host 127.0.0.1"
        process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        port = process.stdout.readline()
        if port:
            served = "data" in workspaces(int(port))
            process.terminate()
        _, said = process.communicate(timeout=20)
        check(f"serve: {limit} open files are enough, or too few",
              served and process.returncode == 0 if port else process.returncode == 1 and "too few files" in said,
              (port, process.returncode, said))


def silent_peer():
    """Another server that accepts and says nothing holds nobody up."""
    with socket.create_server(("127.0.0.1", 0)) as peer:
        url = f"http://127.0.0.1:{peer.getsockname()[1]}"
        process = subprocess.Popen([BINARY, "--port", "0", "--print", "url", "--quiet", "--peer", url], stdout=subprocess.PIPE, text=True)
        done = run("ctl", "tenants", "--url", process.stdout.readline().strip(), timeout=40)
        check("serve: a peer that stands still is told as silent",
              done.returncode == 0 and url in json.dumps(json.loads(done.stdout)["silentPeers"]), done)
        process.terminate()
        process.wait(20)


def bad_places():
    done = run("serve", "--port", "0", "--scenario", "/nonexistent/x.json")
    check("serve: a missing scenario is exit 1 and names the file",
          done.returncode == 1 and "/nonexistent/x.json" in done.stderr, (done.returncode, done.stderr))
    done = run("serve", "--host", "203.0.113.7", "--port", "0")
    check("serve: an address that is not ours is exit 1", done.returncode == 1 and done.stderr,
          (done.returncode, done.stderr))
    for place in ("/nonexistent/ready.json", tempfile.gettempdir()):
        done = run("serve", "--port", "0", "--ready-file", place)
        check(f"serve: a ready file that cannot be written ({place}) is exit 1, before anything is loaded",
              done.returncode == 1 and "ready file" in done.stderr and "listening" not in done.stderr, (done.returncode, done.stderr))


def notices(*flags):
    """What a server says of a good and of a bad edit of its scenario file; and whether it goes on."""
    with tempfile.TemporaryDirectory() as folder:
        scenario, ready = pathlib.Path(folder, "s.json"), pathlib.Path(folder, "ready.json")
        written = pathlib.Path(folder, "written")
        scenario.write_text('{"wavetank": 1}')
        with open(written, "w") as output:
            process = subprocess.Popen(
                [BINARY, "serve", "--port", "0", "--ready-file", str(ready), "--watch", "--scenario", str(scenario),
                 *flags], stdout=output, stderr=subprocess.STDOUT)
        limit = time.monotonic() + 20
        try:
            while not ready.exists() and time.monotonic() < limit:
                time.sleep(0.01)
            place = f"http://127.0.0.1:{json.loads(ready.read_text())['port']}"
            scenario.write_text('{"wavetank": 1, "name": "good"}')
            while '"good"' not in run("ctl", "scenario", "--url", place).stdout and time.monotonic() < limit:
                time.sleep(0.1)
            scenario.write_text('{"wavetank": 1, "nam": "bad"}')
            while "refused" not in written.read_text() and time.monotonic() < limit:
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
        return written.read_text()


def quiet():
    loud, silent = notices(), notices("--quiet")
    check("serve: both edits are told", "taken over" in loud and "refused" in loud, loud)
    check("serve --quiet: nothing but what goes wrong, and that whole",
          silent.startswith("wavetank: the edited scenario was refused") and "nam" in silent
          and "taken over" not in silent and "ready" not in silent, silent)
    for command in ("env", "manual", "version", "wait", "healthcheck"):
        done = run(command, "surplus")
        check(f"{command}: an operand too many is exit 64 and named",
              done.returncode == 64 and "surplus" in done.stderr, (done.returncode, done.stderr))


for part in (usage_errors, nothing_to_run, variables, help_and_version, environment, serving, ends, few_descriptors, silent_peer,
             quiet, bad_places):
    part()
finish()
