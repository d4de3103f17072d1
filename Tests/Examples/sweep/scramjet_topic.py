"""Looks at a hub and sends a line to a topic, by the Python client of Scramjet.

    wavetank sweep -- python Tests/Examples/sweep/scramjet_topic.py
"""

import asyncio
import os

from client.host_client import HostClient
from client_utils.base_client import BaseClient


async def main():
    BaseClient.setDefaultHeaders({"Authorization": f"Bearer {os.environ['SCRAMJET_TOKEN']}"})
    host = HostClient(os.environ["SCRAMJET_HUB_URL"])
    await host.get_version()
    await host.send_named_data("news", b"hello\n", "text/plain", True)
    print(len(await host.list_sequences()), "sequences")


asyncio.run(main())
