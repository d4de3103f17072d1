"""Every method of the published Python clients: the hub's, on the bare hub and through a space, the space's and the platform's."""

import asyncio
import contextlib
import io
import time

from client.host_client import HostClient
from client.instance_client import InstanceClient
from client.sequence_client import SequenceClient
from client_utils.base_client import BaseClient
from middleware_client.middleware_client import MiddlewareClient

from common import check, finish
from support import Base, advance, control, eventually, manifest, package, same, section, under_way

BASES = [("hub alone", "/api/v1", "py-alone"),
         ("hub in its space", "/api/v1/space/demo/api/v1/sth/sth-1/api/v1", "py-space"),
         ("hub of a multi-manager", "/api/v1/cpm/demo/api/v1/sth/sth-0/api/v1", "py-cpm")]


async def quietly(work):
    """The client prints every POST."""
    with contextlib.redirect_stdout(io.StringIO()):
        return await work


async def first(generator):
    try:
        async for item in generator:
            return item
    finally:
        await generator.aclose()


def readers(tenant):
    state = control("GET", "/state/scramjet", tenant=tenant).json
    return sum(topic["stream"]["readers"]
               for space in state["spaces"] for topic in space["topics"])


async def run(label, path, tenant):
    base = Base(path, tenant, token="token")
    BaseClient.setDefaultHeaders({"Authorization": "Bearer token"})
    host = HostClient(base.url)

    with section(f"{label}: about the hub"):
        version = await host.get_version()
        same(f"{label}: get_version", (version["service"], version["apiVersion"]),
             ("@scramjet/host", "v1"))
        load = await host.get_load_check()
        check(f"{label}: get_load_check", all(
            isinstance(load[key], (int, float))
            for key in ("avgLoad", "currentLoad", "memFree", "memUsed"))
              and isinstance(load["fsSize"][0]["fs"], str), load)
        config = await host.get_config()
        check(f"{label}: get_config", "host" in config, config)
        line = await first(await host.get_log_stream())
        check(f"{label}: get_log_stream", '"level"' in line and '"ts"' in line, line)
        entities = await host.list_entities()
        same(f"{label}: list_entities", sorted(entities), ["instances", "sequences"])
        same(f"{label}: list_sequences of an empty hub", await host.list_sequences(), [])
        same(f"{label}: list_instances of an empty hub", await host.list_instances(), [])

    with section(f"{label}: sequences"):
        sequence = await quietly(host.send_sequence(package(manifest("@scramjet/hello"))))
        check(f"{label}: send_sequence", isinstance(sequence, SequenceClient) and len(sequence.id) == 36,
              sequence)
        other = await quietly(host.send_sequence(
            package(manifest("other")), app_config={"a": "1"}))
        info = await host.get_sequence_info(sequence.id)
        same(f"{label}: get_sequence_info", (info["id"], info["config"]["name"], info["instances"]),
             (sequence.id, "@scramjet/hello", []))
        same(f"{label}: SequenceClient.get_info", await sequence.get_info(), info)
        same(f"{label}: list_sequences in order",
             [item["id"] for item in await host.list_sequences()], [sequence.id, other.id])
        same(f"{label}: delete_sequence", await host.delete_sequence(other.id), {"id": other.id})
        missing = await host.get_sequence_info(other.id)
        same(f"{label}: get_sequence_info of a deleted one", missing["error"],
             f"Sequence {other.id} not found")
        try:
            await quietly(host.send_sequence(b"no archive"))
            check(f"{label}: send_sequence refuses what is no archive", False, "no error")
        except ValueError as error:
            check(f"{label}: send_sequence refuses what is no archive",
                  "PRERUNNER_ERROR" in str(error), error)

    with section(f"{label}: instances"):
        instance = await quietly(sequence.start())
        check(f"{label}: start", isinstance(instance, InstanceClient) and len(instance.id) == 36,
              instance)
        info = await instance.get_info()
        same(f"{label}: InstanceClient.get_info", (info["status"], info["sequence"]["id"]),
             ("running", sequence.id))
        same(f"{label}: get_instance_info", (await host.get_instance_info(instance.id))["id"],
             instance.id)
        same(f"{label}: SequenceClient.list_instances", await sequence.list_instances(),
             [instance.id])
        same(f"{label}: HostClient.list_instances",
             [item["id"] for item in await host.list_instances()], [instance.id])
        found = await sequence.get_instance(instance.id, host)
        health = await found.get_health()
        check(f"{label}: get_health", health["healthy"] is True and "processId" in health, health)
        same(f"{label}: send_input is over when it was taken",
             await quietly(instance.send_input("world")), None)
        line = await first(host._get_stream(f"instance/{instance.id}/output"))
        same(f"{label}: the output is the echo of the quoted text", line, 'Hello "world"!')

    with section(f"{label}: events"):
        events = await quietly(host.send_sequence(package(manifest("js-events"))))
        responder = await quietly(events.start())
        reply = await quietly(responder.send_event("test-event", "hi"))
        same(f"{label}: send_event", reply, {"accepted": "OK"})
        event = await responder.get_next_event()
        same(f"{label}: get_next_event", event,
             {"eventName": "test-response", "message": "reply to hi"})
        try:
            await responder.get_event_stream()
            check(f"{label}: get_event_stream raises in the client", False, "it did not")
        except TypeError:
            check(f"{label}: get_event_stream raises in the client", True)
        try:
            await responder.send_stdin("text")
            check(f"{label}: send_stdin raises in the client", False, "it did not")
        except TypeError:
            check(f"{label}: send_stdin raises in the client", True)

    with section(f"{label}: topics"):
        received = asyncio.create_task(first(await host.get_named_data("py")))
        await asyncio.sleep(1)
        reply = await quietly(host.send_named_data("py", b"one\n", "text/plain", True))
        check(f"{label}: send_named_data to a topic of another type is refused",
              "Acceptable Content-Type" in reply.get("error", ""), reply)
        reply = await quietly(host.send_named_data("py", b"two\n", "application/x-ndjson", True))
        same(f"{label}: send_named_data", reply, {})
        same(f"{label}: get_named_data", await asyncio.wait_for(received, 20), "two\n")
        check(f"{label}: a client that goes leaves no reader behind",
              eventually(lambda: readers(tenant) == 0), readers(tenant))
        reply = await quietly(host.send_named_data("py", "text", "application/x-ndjson", False))
        same(f"{label}: send_named_data of a str", reply, {})
        same(f"{label}: what no reader saw waits for the next one, quoted as JSON",
             await asyncio.wait_for(first(await host.get_named_data("py")), 5), '"text"\n')

    with section(f"{label}: ends"):
        control("PUT", "/clock", {"mode": "manual"}, tenant)
        ending = asyncio.create_task(quietly(responder.stop(timeout=7000)))
        limit = time.monotonic() + 30
        while not under_way(tenant, "_stop") and time.monotonic() < limit:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
        same(f"{label}: stop does not answer before its time", ending.done(), False)
        advance(tenant, "7s")
        reply = await asyncio.wait_for(ending, 20)
        same(f"{label}: stop", reply["status"], "stopping")
        advance(tenant, "2s")
        info = await responder.get_info()
        same(f"{label}: after the stop", (info["status"], info["terminated"]),
             ("completed", {"exitcode": 138, "reason": "Instance stopped"}))
        forever = await quietly((await quietly(host.send_sequence(
            package(manifest("js-forever"))))).start())
        same(f"{label}: kill", (await quietly(forever.kill()))["status"], "killing")
        advance(tenant, "2s")
        same(f"{label}: after the kill", (await forever.get_info())["terminated"]["exitcode"], 137)
        same(f"{label}: a second kill", await quietly(forever.kill()),
             {"error": "Instance not running"})
        advance(tenant, "200s")
        reply = await forever.get_info()
        same(f"{label}: gone after the retention", reply,
             {"error": f"Instance {forever.id} not found"})
        same(f"{label}: get_health of a gone instance", await forever.get_health(),
             {"error": f"Instance {forever.id} not found"})


async def platform(label, tenant):
    """`get_host_client` of a space makes no URL of what it is given: no client of a hub comes from there."""
    base = Base("/api/v1", tenant, token="token")
    middleware = MiddlewareClient(base.url)
    hub = HostClient(f"{base.url}/space/demo/api/v1/sth/sth-1/api/v1")
    with section(f"{label}: the spaces"):
        same(f"{label}: list_managers", await middleware.list_managers(), [{"id": "demo"}])
        space = await middleware.get_manager_client("demo")
        version = await space.get_version()
        same(f"{label}: get_version of a space", (version["service"], version["apiVersion"]), ("@scramjet/manager", "v1"))
        load, config = await space.get_load_check(), await space.get_config()
        check(f"{label}: get_load_check, get_config of a space", "memFree" in load and config["config"]["id"] == "demo", (load, config))
        line = await first(await space.get_log_stream())
        check(f"{label}: get_log_stream of a space names the hub", line.startswith("sth-0: {"), line)

    with section(f"{label}: what is on the hubs"):
        sequence = await quietly(hub.send_sequence(package(manifest("@scramjet/hello"))))
        instance = await quietly(sequence.start())
        hosts = {host["id"]: host for host in await space.list_hosts()}
        same(f"{label}: list_hosts", [(name, host["healthy"]) for name, host in hosts.items()], [("sth-0", True), ("sth-1", True)])
        same(f"{label}: list_sequences of a space", await space.list_sequences(), [sequence.id])
        same(f"{label}: list_instances of a space", [(one["id"], one["sequence"]["location"]) for one in await space.list_instances()],
             [(instance.id, "sth-1")])
        received = asyncio.create_task(first(await space.get_named_data("harbor")))
        limit = time.monotonic() + 30
        while readers(tenant) == 0 and time.monotonic() < limit:
            await asyncio.sleep(0.02)
        await quietly(hub.send_named_data("harbor", b"ahoy\n", "application/x-ndjson", False))
        same(f"{label}: get_named_data of a space", await asyncio.wait_for(received, 20), "ahoy\n")


async def main():
    for label, path, tenant in BASES:
        await run(label, path, tenant)
    await platform("platform", "py-platform")
    finish()


asyncio.run(main())
