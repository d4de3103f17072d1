"""Whatever is wrong with a command line, a file or the machine gets a sentence that says what and
what to do, and the right exit status: 64 for the command line, 1 for the rest."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

from common import check, finish

BINARY = os.environ["WAVETANK_BINARY"]
URL = os.environ["WAVETANK_URL"].rstrip("/")


def run(*arguments, **more):
    return subprocess.run([BINARY, *arguments], text=True, capture_output=True, timeout=20,
                          stdin=subprocess.DEVNULL, **more)


def sentence(name, done, status, *words):
    """One complaint for people: no names of our types, and the words that help."""
    text = done.stderr
    clean = not re.search(r"Error\(|rawValue|userInfo|Optional\(|Fatal error|\bsystem\(|NS[A-Z]", text)
    check(name, done.returncode == status and text.startswith("wavetank:") and clean
          and all(word in text for word in words), (done.returncode, text))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def command_lines():
    for name, arguments, words in [
            ("a misspelt flag", ["serve", "--prot", "1"], ["--port", "--help"]),
            ("a misspelt command", ["serv"], ["serve"]),
            ("a port that is no number", ["serve", "--port", "x"], ["0 to 65535"]),
            ("a port out of range", ["serve", "--port", "70000"], ["0 to 65535"]),
            ("a flag without its value", ["serve", "--port"], ["needs a value"]),
            ("an operand too many", ["serve", "now"], ["now"]),
            ("a clock that there is not", ["serve", "--clock", "fast"], ["manual"]),
            ("ctl without a noun", ["ctl"], ["journal"]),
            ("ctl with a misspelt noun", ["ctl", "clok"], ["clock"]),
            ("a URL of another kind", ["ctl", "clock", "--url", "ftp://x"], ["http://127.0.0.1:7070"]),
            ("a tenant's name", ["ctl", "clock", "--tenant", "Blue!"], ["[a-z0-9]"]),
            ("a file that is not there", ["ctl", "snapshot", "put", "/nobody/x"],
             ["cannot read /nobody/x", "no such file"])]:
        sentence(name, run(*arguments), 64, *words)


def files(folder):
    sentence("a scenario file that is not there", run("serve", "--port", "0", "--scenario", folder + "/x.yaml"),
             1, "x.yaml", "no such file")
    sentence("a scenario that is a folder", run("serve", "--port", "0", "--scenario", folder), 1,
             "no regular file")
    sentence("a scenario's misspelt name", run("serve", "--port", "0", "--scenario", "flaky-netwrok"), 1,
             "flaky-network")
    sentence("check of a file that is not there", run("check", folder + "/x.yaml"), 1, "no such file")
    with open(folder + "/bad.json5", "w") as file:
        file.write("{wavetank: 1, rulez: []}")
    sentence("a misspelt key of a scenario", run("check", folder + "/bad.json5"), 1, "rulez", "rules")
    sentence("an answer that cannot be kept", run("ctl", "snapshot", "get", "--output", folder + "/no/x",
                                                  "--url", URL), 1, "cannot write", "no such file")
    sentence("a ready file that cannot be written",
             run("serve", "--port", "0", "--quiet", "--ready-file", folder + "/no/x"), 1,
             "--ready-file", "cannot write", "no such file")


def network():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence("a port in use", run("serve", "--port", str(port)), 1, str(port), "in use", "--port")
    sentence("an address of another machine", run("serve", "--port", "0", "--host", "192.0.2.1"), 1,
             "no such address", "--host")
    sentence("a name for an address", run("serve", "--port", "0", "--host", "nowhere.example"), 1,
             "no address", "--host")
    url = f"http://127.0.0.1:{free_port()}"
    sentence("nobody listens: ctl", run("ctl", "clock", "--url", url), 1, url, "wavetank serve", "--url")
    sentence("nobody listens: healthcheck", run("healthcheck", "--url", url), 1, url, "--url")
    sentence("nobody listens: wait", run("wait", "--timeout", "100ms", "--url", url), 1, url)
    sentence("a server's name", run("ctl", "clock", "--url", "http://nowhere.example:1"), 1,
             "nowhere.example", "leads")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        child = subprocess.Popen([BINARY, "ctl", "clock", "--url", url], stderr=subprocess.PIPE, text=True)
        one, _ = deaf.accept()
        one.recv(1000)
        one.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        one.close()
        text = child.communicate(timeout=20)[1]
        check("something else listens", child.returncode == 1 and "HTTP/1.1" in text, text)


def serves(arguments, **more):
    """Whether it becomes ready so; what it said."""
    ready = tempfile.mktemp()
    child = subprocess.Popen([BINARY, "serve", "--port", "0", "--ready-file", ready, *arguments],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    for _ in range(500):
        if os.path.exists(ready) or child.poll() is not None:
            break
        time.sleep(0.02)
    is_ready = os.path.exists(ready)
    if child.poll() is None:
        child.terminate()
    text = child.communicate(timeout=20)[0]
    # It is gone with the server.
    return is_ready and child.returncode == 0 and not os.path.exists(ready), text


def machine(folder):
    with open(folder + "/plain", "w") as file:
        file.write("x")
    sentence("worlds in a file", run("serve", "--port", "0", "--data", folder + "/plain"), 1,
             "cannot keep worlds", "--data")
    closed = folder + "/closed"
    os.mkdir(closed, 0o000)
    drop = {} if os.geteuid() else {"user": 65534}
    try:
        readable = subprocess.run([BINARY, "version"], capture_output=True, **drop).returncode == 0
    except OSError:
        readable = False
    if readable:
        os.chmod(folder, 0o755)
        sentence("worlds in a directory that may not be read",
                 run("serve", "--port", "0", "--data", closed, **drop), 1, "ermission denied", "--data")
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as file:
            first = int(file.read())
        if first > 81:
            sentence("a port for the superuser", run("serve", "--port", "81", **drop), 1, "1024", "--port")
    if not shutil.which("unshare"):
        return
    script = f'mount -t tmpfs -o ro none {folder} && exec {BINARY} serve --port 0 --data {folder}/worlds'
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], text=True, capture_output=True,
                          timeout=20, stdin=subprocess.DEVNULL)
    if done.stderr.startswith("wavetank:"):
        sentence("worlds on a read-only file system", done, 1, "ead-only", "--data")
    with open(BINARY, "rb") as file:
        is_static = b"ld-linux" not in file.read(4096)
    # A debug build has the Swift runtime as a library, which does not start there.
    if done.stderr.startswith("wavetank:") and is_static:
        script = f"mount -t tmpfs none /proc && exec {BINARY} check nothing-of-this-name"
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script], text=True, capture_output=True,
                              timeout=20, stdin=subprocess.DEVNULL)
        check("without /proc it starts, and knows its arguments",
              done.returncode == 1 and "nothing-of-this-name" in done.stderr, done)


def home():
    for name, environment in (("no home directory, no environment", {}),
                              ("a home directory that is not there", {"HOME": "/nobody"})):
        good, text = serves([], env=environment, cwd="/")
        check(f"{name}: it serves", good, text)


def browser():
    with urllib.request.urlopen(URL + "/_wavetank/console", timeout=10) as reply:
        page = reply.read().decode()
    text = re.search(r"<noscript>(.*?)</noscript>", page, re.S)
    check("a browser without JavaScript is told so, and where else to look",
          text and "needs JavaScript" in text[1] and "wavetank ctl" in text[1], page[-600:])
    for link in re.findall(r'href="(/_wavetank/[^"]+)"', text[1] if text else ""):
        with urllib.request.urlopen(URL + link, timeout=10) as reply:
            check(f"its link {link} answers", reply.status == 200)


with tempfile.TemporaryDirectory() as place:
    command_lines()
    files(place)
    network()
    machine(place)
home()
browser()
finish()
