"""The published Python client against a port of Scramjet's own that refuses, never accepts, and has a full backlog
(DESIGN §7): what its user sees, and that all is well afterwards."""

import asyncio
import contextlib
import io
import json

from client.host_client import HostClient

from common import Server, check, finish

QUIET = 0.5
LONG = 30


async def version(port, seconds):
    """What comes of one call, in a word."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            await asyncio.wait_for(HostClient(f"http://127.0.0.1:{port}/api/v1").get_version(), seconds)
        return "answered"
    except (asyncio.TimeoutError, TimeoutError):
        return "waits"
    except Exception as error:
        # The client wraps what the socket said.
        return "refused" if "ConnectionRefusedError" in repr(error) else repr(error)


async def main():
    server = Server("--port", "scramjet=0")
    port = json.loads(server.call("GET", "/_wavetank/listeners")[1])["listeners"][0]["port"]
    for state, word, seconds in (("open", "answered", LONG), ("refuse", "refused", LONG), ("open", "answered", LONG),
                                 ("neverAccept", "waits", QUIET), ("open", "answered", LONG),
                                 ("fullBacklog", "waits", QUIET), ("open", "answered", LONG)):
        event = {"listener": {"service": "scramjet", "state": state}}
        status, content, _ = server.call("POST", "/_wavetank/emit", event)
        found = await version(port, seconds)
        check(f"{state}: the client's call {word}", status == 200 and found == word, (status, content, found))
    check("the server ends in order", server.stop() == 0)


asyncio.run(main())
finish()
