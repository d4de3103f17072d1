"""The clock that skips (DESIGN §4), by the SDK: one look jumps to the end of what it looks at, many that look wait for
nobody, and nothing is lost on the way."""

import concurrent.futures
import socket
from urllib.parse import urlparse

import requests
from steamship import Block, File, PackageInstance, TaskState

from support import BASE, check, run


def skipping(place, name):
    place.control("PUT", "clock", {"mode": "skip"})
    return place.client(name)


def looks(task):
    """How often the SDK asks until the task is over."""
    asked = []
    task.wait(retry_delay_s=0.01, on_each_refresh=lambda *about: asked.append(about))
    assert task.state == TaskState.succeeded, task.state
    return len(asked)


@check
def a_task_is_over_at_the_first_look(place):
    client = skipping(place, "one")
    count = looks(client.post("task/noop", {}, as_background_task=True))
    assert count <= 1, count


@check
def a_chain_of_fifty_tasks_is_over_at_the_first_look(place):
    client = skipping(place, "chain")
    task = client.post("task/noop", {}, as_background_task=True)
    for _ in range(49):
        task = client.post("task/noop", {}, wait_on_tasks=[task])
    count = looks(task)
    assert count <= 1, count


@check
def many_calls_beside_a_stalled_upload_are_answered(place):
    client = skipping(place, "stalled")
    PackageInstance.create(client, package_handle="hello-world", handle="here")
    fields = f"Authorization: Bearer {place.key}\r\nX-Workspace-Handle: stalled\r\n"
    target = urlparse(BASE)
    # Its content does not come.
    with socket.create_connection((target.hostname, target.port)) as stalled:
        stalled.sendall(f"POST /api/v1/file/create HTTP/1.1\r\nHost: a\r\n{fields}Content-Type: multipart/form-data; "
                        "boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\nContent-Disposition: form-data".encode())

        def call(number):
            instance = PackageInstance.get(client, handle="here")
            return instance.invoke("slow", seconds=1000 + number)["done"]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(call, range(24), timeout=60))
        assert done == [True] * 24, done
        health = requests.get(f"{BASE}/_wavetank/health", timeout=5)
        assert health.status_code == 200, health.status_code


@check
def a_generator_streams_whole_to_every_reader(place):
    client = skipping(place, "stream")
    generator = client.use_plugin("gpt-4", "gpt-skip", config={"max_tokens": 4})
    for _ in range(5):
        task = generator.generate(text="tell me", append_output_to_file=True, streaming=True)
        task.wait(retry_delay_s=0.01)
        block = task.output.blocks[0]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            texts = list(pool.map(lambda _: block.raw(), range(4), timeout=60))
        assert texts == [b"This is a generated"] * 4, texts
        assert Block.get(client, _id=block.id).stream_state == "complete"


@check
def a_reader_waits_for_a_writer_that_no_clock_moves(place):
    client = skipping(place, "writer")
    block = Block.create(client, file_id=File.create(client).id, streaming=True)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reader = pool.submit(block.raw)
        for piece in (b"one ", b"two ", b"three"):
            block.append_stream(bytes=piece)
        assert not reader.done()
        block.finish_stream()
        assert reader.result(timeout=30) == b"one two three"


run("skip")
