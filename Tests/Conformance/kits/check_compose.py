"""`docker/compose.yaml` and the image, rehearsed without containers: the files that the Dockerfile puts into an
empty root, the flags, user, variables and port rights of compose, the aliases as a hosts file, and the test job's
own script, in namespaces of the kernel."""
import json
import os
import pathlib
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

import run as runner
from common import check, finish

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
DOCKER = ROOT / "docker"
BINARY = os.environ["WAVETANK_BINARY"]
# Inside of the network; nobody's loopback.
ADDRESS = "10.77.0.2"
ORG = "11111111-1111-4111-8111-111111111111"
PROJECT = "22222222-2222-4222-8222-222222222222"
USER = 65532


def image():
    """What the Dockerfile's last stage says: copies as source and place, and its other words."""
    copies, words = [], {}
    last = (DOCKER / "Dockerfile").read_text().split("\nFROM scratch\n")[1].replace("\\\n", " ")
    for line in last.splitlines():
        word, _, rest = line.partition(" ")
        if word == "COPY":
            *flags, source, place = rest.split()
            copies.append((source, place, f"--chown={USER}:{USER}" in flags))
        elif word and word != "#":
            words.setdefault(word, []).append(rest.strip())
    return copies, words


def build(root, copies):
    """The same in a folder."""
    sources = {"/image/wavetank": BINARY, "/image/scenarios": ROOT / "Scenarios", "/usr/share/zoneinfo": "/usr/share/zoneinfo"}
    for source, place, is_theirs in copies:
        target = root / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        real = sources.get(source)
        if real is None:
            check(f"{source} is an empty folder of the image", source in ("/image/data", "/image/state", "/image/tmp"))
            target.mkdir()
        elif os.path.isdir(real):
            shutil.copytree(real, target, symlinks=True)
        else:
            shutil.copy2(real, target)
        if is_theirs:
            subprocess.run(["chown", "-R", f"{USER}:{USER}", target], check=True)


def add_libraries(root):
    """A release binary needs none; that of a debug build is rehearsed all the same."""
    listed = subprocess.run(["ldd", BINARY], capture_output=True, text=True).stdout
    for path in re.findall(r"(/\S+) \(0x", listed):
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return bool(listed.strip()) and "=>" in listed


def compose():
    files = {name: yaml.safe_load((DOCKER / name).read_text()) for name in ("compose.yaml", "compose.sharded.yaml")}
    for name, file in files.items():
        services = file["services"]
        places = [volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])]
        check(f"{name}: what is mounted is there or made", all(
            (DOCKER / place).exists() or "certificates" in place or place in file.get("volumes", {}) for place in places), places)
        check(f"{name}: no container gets a CA's key but who signs",
              not any("ca.key" in place or place.endswith("certificates") for place in places)
              and "state:/state" not in services["test-job"].get("volumes", []), places)
        networks = [network for service in services.values() for network in service["networks"]]
        check(f"{name}: every network is declared", set(networks) <= set(file["networks"]), networks)
        waits = [service.get("depends_on", []) for service in services.values()]
        check(f"{name}: who waits waits for somebody", all(other in services for wait in waits for other in wait), waits)
    front = files["compose.sharded.yaml"]["services"]
    served = set(re.findall(r"server (wavetank[\w-]*):7070", (DOCKER / "front/nginx.conf").read_text()))
    check("nginx shards over the Wavetanks that there are", served == {name for name in front if name.startswith("wavetank")}, served)
    return files["compose.yaml"]["services"]


INSIDE = """
import ctypes, fcntl, os, socket, struct, sys
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def address(name, text):
    fcntl.ioctl(control, 0x8916, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(text)))
    fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", name, 0x41))
address(b"lo", "127.0.0.1")
address(b"lo:1", sys.argv[1])
# The sysctl of compose.yaml, and what a volume is to a root that cannot be written.
if sys.argv[2] != "-":
    open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w").write(sys.argv[2])
root, hosts = sys.argv[3:5]
libc = ctypes.CDLL(None, use_errno=True)
def mount(source, target, flags):
    if libc.mount(source.encode(), target.encode(), None, flags, None):
        raise OSError(ctypes.get_errno(), "mount " + target)
libc.mount(None, b"/", None, 0x4000 | 0x80000, None)
mount(hosts, "/etc/hosts", 0x1000)
mount(root, root, 0x1000)
mount(root + "/state", root + "/state", 0x1000)
mount("none", root, 0x1000 | 0x20 | 1)
os.execvp(sys.argv[5], sys.argv[5:])
"""


def confine(root):
    def become():
        os.chroot(root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
    return become


def call(url, **fields):
    try:
        request = url if isinstance(url, urllib.request.Request) else urllib.request.Request(url, headers=fields)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def rehearse(root, services, words):
    """In the network and the mounts that are made."""
    wavetank = services["wavetank"]
    name, _, value = words["ENV"][0].partition("=")
    environment = {name: value, **wavetank["environment"]}
    entry = json.loads(words["ENTRYPOINT"][0])
    server = subprocess.Popen([*entry, *wavetank["command"]], env=environment, preexec_fn=confine(root))
    try:
        command = json.loads(words["HEALTHCHECK"][0].split("CMD", 1)[1])
        healthy = None
        for _ in range(400):
            healthy = subprocess.run(command, env=environment, preexec_fn=confine(root), capture_output=True, text=True, timeout=60)
            if healthy.returncode == 0 or server.poll() is not None:
                break
            time.sleep(0.05)
        if not check("the image's health check says that it is well", healthy.returncode == 0, healthy):
            return
        status, pem = call("http://wavetank:7070/_wavetank/ca.pem")
        check("a neighbour gets the CA's certificate", status == 200 and pem.startswith(b"-----BEGIN CERTIFICATE-----"), (status, pem))
        check("and no key", b"KEY" not in pem, pem)
        check("but no control API", call("http://wavetank:7070/_wavetank/journal")[0] == 401)
        token = {"Authorization": f"Bearer {wavetank['environment']['WAVETANK_CONTROL_TOKEN']}"}
        check("which the token opens", call("http://wavetank:7070/_wavetank/journal", **token)[0] == 200)
        keys = list(pathlib.Path(root, "state").rglob("ca.key"))
        check("the key is the server's alone", [key.stat().st_mode & 0o777 for key in keys] == [0o600], keys)
        job = services["test-job"]
        tools = pathlib.Path(tempfile.mkdtemp(prefix="wavetank-job-", dir=pathlib.Path(root).parent))
        python = runner.environment_for(HERE.parent / "shipyard")
        for tool, text in (("pip", "exit 0"), ("python", f'exec {shlex.quote(str(python))} "$@"')):
            (tools / tool).write_text(f"#!/bin/sh\n{text}\n")
            (tools / tool).chmod(0o755)
        words = [word.replace("/test-job/", f"{DOCKER}/test-job/") for word in job["command"]]
        done = subprocess.run(words, env={"PATH": f"{tools}:/usr/bin:/bin", **job["environment"]},
                              capture_output=True, text=True, timeout=120)
        check("the test job: the unmodified client, under the vendor's own https URL", done.returncode == 0 and "Success" in done.stdout, done)
        trust = ssl.create_default_context(cadata=pem.decode())
        for host in wavetank["networks"]["inside"]["aliases"]:
            with urllib.request.urlopen(f"https://{host}/_wavetank/ready", context=trust, timeout=20) as answer:
                check(f"https://{host} is Wavetank", answer.status == 200)
        proxied = urllib.request.build_opener(urllib.request.ProxyHandler({"https": "http://wavetank:7070"}),
                                              urllib.request.HTTPSHandler(context=trust))
        with proxied.open("https://anybody.steamship.run/_wavetank/ready", timeout=20) as answer:
            check("a name that no alias lists arrives by the proxy", answer.status == 200)
        org = {"id": ORG, "name": "O", "projects": [{"id": PROJECT, "name": "P", "timezone": "Europe/Berlin", "fleets": []}]}
        scenario = {"wavetank": 1, "name": "zones", "given": {"shipyard": {"orgs": [org]}}}
        request = urllib.request.Request("http://wavetank:7070/_wavetank/scenario?tenant=zones", json.dumps(scenario).encode(),
                                         {"Content-Type": "application/json", **token}, method="PUT")
        check("a project may have a time zone there", call(request)[0] == 200, call(request))
    finally:
        server.terminate()
        check("it ends well, in a root without devices, too", server.wait(60) == 0)


def main():
    copies, words = image()
    services = compose()
    check("the image's health check, entry and stop are said", {"ENTRYPOINT", "HEALTHCHECK", "USER", "VOLUME"} <= set(words), words)
    if sys.argv[1:] and sys.argv[1] == "inside":
        rehearse(sys.argv[2], services, words)
        finish()
    # While there is a network to install from.
    runner.environment_for(HERE.parent / "shipyard")
    with tempfile.TemporaryDirectory(prefix="wavetank-compose-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True).returncode:
            print("-- the image is not rehearsed: this needs root and namespaces")
            finish()
        root = folder / "root"
        build(root, copies)
        if add_libraries(root):
            print("-- the binary is not static: the rehearsal's root has its libraries")
        aliases = services["wavetank"]["networks"]["inside"]["aliases"]
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{ADDRESS} wavetank {' '.join(aliases)}\n")
        sysctl = services["wavetank"].get("sysctls", {}).get("net.ipv4.ip_unprivileged_port_start", "-")
        done = subprocess.run(
            ["unshare", "-n", "-m", sys.executable, "-c", INSIDE, ADDRESS, sysctl, root, folder / "hosts",
             sys.executable, __file__, "inside", root], text=True, timeout=400, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(done.stdout, end="")
        check("the rehearsal holds", done.returncode == 0)
    finish()


if __name__ == "__main__":
    main()
