"""The Kubernetes manifest, without a cluster: its arguments for three servers on loopback, its nginx
in front of them. The three SDKs meet what one server would tell them; a replica that is killed keeps
its tenants and all that it answered; any replica lists the tenants of all."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

import yaml

import run as runner
from check_front import free_port, nginx
from common import check, finish

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = HERE.parent.parent.parent / "docker/kubernetes/wavetank.yaml"
BINARY = os.environ["WAVETANK_BINARY"]
TOKEN = "shards"
TENANTS = [f"team-{number}" for number in range(12)]

STEAMSHIP = '''
import json, sys
from steamship import Block, File, Steamship, Tag
for tenant in sys.argv[2:]:
    client = Steamship(api_base=sys.argv[1] + "/api/v1/", app_base=sys.argv[1] + "/apps/", api_key="wt-" + tenant, workspace="shards")
    file = File.create(client, blocks=[Block(text="tide of " + tenant)], tags=[Tag(kind="k", name=tenant)])
    package = client.use("hello-world", "here")
    found = [file.id, file.blocks[0].text, File.query(client, f'filetag and kind "k" and name "{tenant}"').files[0].id, package.id,
             package.invoke("greet", name=tenant), package.invocation_url.replace(sys.argv[1], "")]
    print(json.dumps(found))
'''

SCRAMJET = '''
import asyncio, contextlib, io, json, sys
from client.host_client import HostClient
from client_utils.base_client import BaseClient
async def main():
    for tenant in sys.argv[2:]:
        BaseClient.setDefaultHeaders({"Authorization": "Bearer wt-" + tenant})
        host = HostClient(sys.argv[1] + "/api/v1")
        with contextlib.redirect_stdout(io.StringIO()):
            version, sequences = await host.get_version(), await host.list_sequences()
            await host.send_named_data("shards", json.dumps(tenant) + "\\n", "application/x-ndjson", end=True)
            taken = await host.get_named_data("shards")
            line = await anext(taken)
            await taken.aclose()
        print(json.dumps([version["service"], sorted(one["id"] for one in sequences), line]))
asyncio.run(main())
'''

SHIPYARD = '''
import json, sys, time
from shipyard_api import ShipyardClient
organization, project, fleet = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"
for tenant in sys.argv[2:]:
    client = ShipyardClient(org_id=organization, api_key="wt-" + tenant, project_id=project)
    client.base_url = f"{sys.argv[1]}/orgs/{organization}"
    run = client.trigger_fleet(fleet)["data"]["fleet_run_id"]
    print(json.dumps([run, client.get_run_status(fleet, run) in ("In Progress", "Scheduled", "Success")]))
'''

CLIENTS = {"steamship": STEAMSHIP, "scramjet": SCRAMJET, "shipyard": SHIPYARD}


def of_kind(documents, kind, name):
    return next(one for one in documents if one["kind"] == kind and one["metadata"]["name"] == name)


class Replica:
    """A server as the StatefulSet starts it, but for addresses and the folder of its data."""

    def __init__(self, arguments, port, folder):
        self.port, self.folder = port, folder
        self.arguments = [BINARY, *arguments, "--quiet"]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, env={**os.environ, "WAVETANK_CONTROL_TOKEN": TOKEN})
        until_ready(self.port)

    def kill(self):
        self.process.kill()
        self.process.wait(10)


def ask(port, method, path, content=None, tenant=None, fields=None, timeout=20):
    """Status, fields and content of an answer; status 0 where none came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    head = {"Authorization": f"Bearer {TOKEN}", "X-Shipyard-API-Key": "k", "Content-Type": "application/json"}
    if tenant:
        head["X-Wavetank-Tenant"] = tenant
    try:
        connection.request(method, path, json.dumps(content) if content is not None else None, {**head, **(fields or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, {}, repr(error).encode()
    finally:
        connection.close()


def until_ready(port, seconds=30):
    end = time.monotonic() + seconds
    while ask(port, "GET", "/_wavetank/ready")[0] != 200:
        if time.monotonic() > end:
            raise SystemExit(f"nothing is ready at port {port}")
        time.sleep(0.02)


def listed(port):
    status, _, content = ask(port, "GET", "/_wavetank/tenants")
    return {one["name"]: one for one in json.loads(content)["tenants"]} if status == 200 else {}


def told(name, url):
    """What an SDK's program finds in all tenants, a line each."""
    python = runner.environment_for(HERE.parent / name)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("STEAMSHIP_", "PYTHONPATH"))}
    done = subprocess.run([python, "-W", "ignore", "-c", CLIENTS[name], url, *TENANTS], env=clean, text=True,
                          capture_output=True, timeout=120)
    return done.stdout.splitlines(), done.stderr[-600:]


def own_tenants(replicas):
    """Which tenants of ours each replica has."""
    found = []
    for one in replicas:
        status, _, content = ask(one.port, "GET", "/_wavetank/tenants?of=server")
        found.append({row["name"] for row in json.loads(content)["tenants"]} & set(TENANTS) if status == 200 else None)
    return found


def acknowledged(front, stop):
    """Makes files in every tenant until it is told to stop; the names that were answered."""
    made = {tenant: [] for tenant in TENANTS}

    def work(tenant):
        number = 0
        while not stop.is_set() and number < 400:
            name = f"kept-{number}"
            status, _, _ = ask(front, "POST", "/api/v1/file/create", {"handle": name}, tenant,
                               {"Authorization": "Bearer k"})
            if status == 200:
                made[tenant].append(name)
            number += 1

    with concurrent.futures.ThreadPoolExecutor(len(TENANTS)) as pool:
        for one in [pool.submit(work, tenant) for tenant in TENANTS]:
            one.result()
    return made


def main():
    program = nginx()
    if not program:
        print("ok the sharded front skipped: no nginx")
        return
    documents = list(yaml.safe_load_all(MANIFEST.read_text()))
    stateful = of_kind(documents, "StatefulSet", "wavetank")["spec"]
    arguments = stateful["template"]["spec"]["containers"][0]["args"]
    configuration = of_kind(documents, "ConfigMap", "front")["data"]["nginx.conf"]
    names = [f"wavetank-{number}" for number in range(stateful["replicas"])]
    services = [one["spec"]["selector"].get("statefulset.kubernetes.io/pod-name") for one in documents if one["kind"] == "Service"]
    check("manifest: every replica is a peer, a server of the front and a service of its own", all(
        f"--peer=http://{name}:7070" in arguments and f"server {name}:7070 " in configuration and name in services for name in names)
        and configuration.count("max_fails=0") == len(names), (arguments, services))
    with tempfile.TemporaryDirectory(prefix="wavetank-shards-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        ports = {one: free_port() for one in names}
        front = free_port()

        def adapted(argument, number):
            argument = argument.replace("0.0.0.0", "127.0.0.1").replace("--data=/data", f"--data={folder}/data-{number}")
            if argument.startswith("--port="):
                return f"--port={ports[names[number]]}"
            return re.sub(r"(wavetank-\d):7070", lambda found: f"127.0.0.1:{ports[found[1]]}", argument)

        text = re.sub(r"(wavetank-\d):7070", lambda found: f"127.0.0.1:{ports[found[1]]}", configuration)
        text = text.replace("listen 7070;", f"listen 127.0.0.1:{front};").replace("/tmp/", f"{folder}/")
        (folder / "nginx.conf").write_text(text)
        test = subprocess.run([program, "-t", "-c", folder / "nginx.conf"], text=True, capture_output=True)
        if not check("nginx accepts the configuration", test.returncode == 0, test.stderr):
            finish()
        running = []
        try:
            replicas = [Replica([adapted(one, number) for one in arguments], ports[names[number]], folder)
                        for number in range(len(names))]
            running += [one.process for one in replicas]
            lone = free_port()
            running.append(subprocess.Popen([BINARY, "serve", f"--port={lone}", "--quiet"],
                                            env={**os.environ, "WAVETANK_CONTROL_TOKEN": TOKEN}))
            running.append(subprocess.Popen([program, "-c", folder / "nginx.conf", "-g", "daemon off;"]))
            until_ready(lone)
            until_ready(front)
            sharded(front, lone, replicas)
            outage(front, replicas)
            running += [one.process for one in replicas]
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            for process in running:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
    finish()


def sharded(front, lone, replicas):
    for name in CLIENTS:
        through, error = told(name, f"http://127.0.0.1:{front}")
        alone, other = told(name, f"http://127.0.0.1:{lone}")
        check(f"{name}: three servers behind the front tell the SDK what one does, in {len(TENANTS)} tenants",
              through == alone and len(through) == len(TENANTS), (error or through, other or alone))
    found = own_tenants(replicas)
    # Which replica has which follows the ports, so one of the three may have none.
    check("each tenant is in one replica, and no replica has all",
          sorted(name for one in found for name in one) == sorted(TENANTS) and sum(map(bool, found)) > 1, found)
    one = TENANTS[3]
    at = [replica.port for replica, names in zip(replicas, found) if one in names]
    exchanges = []
    for path, fields in ((f"/_t/{one}/api/v1/account/current", {"Authorization": "Bearer k"}),
                         ("/api/v1/account/current", {"X-Wavetank-Tenant": one, "Authorization": "Bearer k"}),
                         ("/api/v1/account/current", {"Authorization": f"bearer wt-{one}.more"}),
                         ("/orgs/x", {"X-Shipyard-API-Key": f"wt-{one}", "Authorization": ""}),
                         ("/api/v1/account/current", {"Host": f"{one}.tenant.localhost", "Authorization": "Bearer k"}),
                         (f"/_t/{one}/api/v1/account/current", {"X-Wavetank-Tenant": TENANTS[4], "Authorization": f"Bearer wt-{TENANTS[5]}"})):
        before = listed(at[0])[one]["exchanges"]
        ask(front, "GET", path, fields=fields)
        exchanges.append(listed(at[0])[one]["exchanges"] - before)
    check("the front reads a tenant where Wavetank does, and in the same order", exchanges == [1] * 6, exchanges)
    everywhere = [set(listed(port)) & set(TENANTS) for port in (front, *(one.port for one in replicas))]
    check("the front, and each replica, lists the tenants of all", all(one == set(TENANTS) for one in everywhere), everywhere)
    status, _, content = ask(front, "GET", "/_wavetank/journal?tenant=" + one)
    check("the journal of a tenant is found through the front, as the console asks for it", status == 200 and json.loads(content)["total"] > 0, content[:200])
    status, _, content = ask(front, "GET", "/_wavetank/journal?limit=1", tenant=one)
    check("and by its field", status == 200 and json.loads(content)["total"] > 0, content[:200])
    ask(front, "GET", "/_t/short-lived/api/v1/account/current", fields={"Authorization": "Bearer k"})
    was = "short-lived" in listed(front)
    status, _, _ = ask(front, "DELETE", "/_wavetank/tenants/short-lived")
    check("a tenant is dropped where it is", was and status == 204 and "short-lived" not in listed(front), (was, status))


def outage(front, replicas):
    found, stop = own_tenants(replicas), threading.Event()
    victim = max(range(len(replicas)), key=lambda number: len(found[number]))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        writing = pool.submit(acknowledged, front, stop)
        time.sleep(1)
        replicas[victim].kill()
        survivor = next(number for number in range(len(replicas)) if found[number] and number != victim)
        kept, other = min(found[victim]), min(found[survivor])
        status, fields, content = ask(front, "GET", "/api/v1/account/current", tenant=kept, fields={"Authorization": "Bearer k"})
        check("while a replica is away its tenants get 503 with Retry-After",
              status == 503 and "Retry-After" in fields and b"is away" in content, (status, fields, content[:200]))
        status, _, _ = ask(front, "GET", "/api/v1/account/current", tenant=other, fields={"Authorization": "Bearer k"})
        check("and those of the others are served", status == 200, status)
        _, _, content = ask(replicas[survivor].port, "GET", "/_wavetank/tenants")
        silent = [one["server"] for one in json.loads(content)["silentPeers"]]
        check("a list of tenants says which peer is silent", silent == [f"http://127.0.0.1:{replicas[victim].port}"], silent)
        replicas[victim].start()
        time.sleep(0.5)
        stop.set()
        made = writing.result(60)
    missing = {}
    for tenant, names in made.items():
        for name in names:
            status, _, _ = ask(front, "POST", "/api/v1/file/get", {"handle": name}, tenant, {"Authorization": "Bearer k"})
            if status != 200:
                missing.setdefault(tenant, []).append(name)
    count = sum(map(len, made.values()))
    check("a replica killed at work and begun again has all that was answered", not missing and count > 50, (count, missing))
    check("tenants stay where they are", own_tenants(replicas) == found, (own_tenants(replicas), found))


if __name__ == "__main__":
    main()
