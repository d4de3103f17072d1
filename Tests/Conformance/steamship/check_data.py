"""Files, blocks, tags, queries, streams, signed URLs, the key-value store: by the SDK."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from steamship import Block, File, MimeTypes, Tag, Task, TaskState
from steamship.base.request import SortOrder
from steamship.data.workspace import SignedUrl, Workspace
from steamship.utils.kv_store import KeyValueStore
from steamship.utils.signed_urls import upload_to_signed_url, url_to_bytes

from support import check, failed, refused, run

PNG = bytes.fromhex("89504e470d0a1a0a") + b"\x00\xff not really an image"


class Pictures(BaseHTTPRequestHandler):
    """Somebody else's server, from which blocks are fetched."""

    def do_GET(self):
        self.send_response(200 if self.path == "/picture.png" else 404)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(PNG)))
        self.end_headers()
        self.wfile.write(PNG)

    def log_message(self, *_):
        pass


@check
def a_file_is_made_of_text_bytes(place):
    client = place.client("files")
    file = File.create(client, content="hello", handle="notes", tags=[
        Tag(kind="origin", name="test", value={"page": 3, "list": ["a", "b"]})])
    assert file.id == file.id.upper() and file.handle == "notes" and file.blocks == []
    assert file.mime_type == MimeTypes.TXT and file.workspace_id == client.config.workspace_id
    assert file.tags[0].kind == "origin" and file.tags[0].value["list"] == ["a", "b"]
    assert file.raw() == b"hello"
    assert File.get(client, handle="notes").dict() == File.get(client, _id=file.id).dict()
    refused(lambda: File.create(client, content="x", handle="notes"), "already exists")
    empty = File.create(client, content="")
    assert empty.raw() == b""
    binary = File.create(client, content=PNG)
    assert binary.mime_type == MimeTypes.PNG and binary.raw() == PNG


@check
def a_file_is_made_of_blocks(place):
    client = place.client("files")
    file = File.create(client, blocks=[
        Block(text="one", tags=[Tag(kind="k", name="n", start_idx=0, end_idx=2)]),
        Block(text="two", mime_type=MimeTypes.MKD)], tags=[Tag(kind="whole")])
    assert [b.text for b in file.blocks] == ["one", "two"]
    assert [b.index_in_file for b in file.blocks] == [0, 1]
    assert file.blocks[1].mime_type == MimeTypes.MKD and file.blocks[0].mime_type == MimeTypes.TXT
    tag = file.blocks[0].tags[0]
    assert tag.file_id == file.id and tag.block_id == file.blocks[0].id
    assert (tag.start_idx, tag.end_idx) == (0, 2) and file.tags[0].block_id is None
    assert all(b.request_id for b in file.blocks)
    file.blocks[0].delete()
    assert [(b.text, b.index_in_file) for b in file.refresh().blocks] == [("two", 0)]
    assert file.blocks[0].raw() == b"two"


@check
def listed_files_equal_created_ones(place):
    client = place.client("listing")
    made = [File.create(client, blocks=[Block(text=str(n))], tags=[Tag(kind="x")])
            for n in range(5)]
    seen, token = [], None
    while True:
        page = File.list(client, page_size=2, page_token=token, sort_order=SortOrder.ASC)
        seen += page.files
        token = page.next_page_token
        if not token:
            break
    plain = lambda files: [json.loads(f.json(exclude={"client"})) for f in files]
    assert plain(seen) == plain(made)
    refused(lambda: File.list(client, page_size=0))


@check
def public_bytes_need_no_key(place):
    client = place.client("files")
    file = File.create(client, content="secret", public_data=False)
    assert requests.get(file.raw_data_url).status_code != 200
    # Without a key the tenant stands in the URL alone.
    url = f"{place.api}file/{file.id}/raw"
    tenant = {"X-Wavetank-Tenant": place.tenant}
    failed(requests.get(url, headers=tenant), 401)
    key = {"Authorization": f"Bearer {place.key}"}
    answer = requests.get(url, headers=key)
    assert answer.content == b"secret" and answer.headers["Content-Type"] == "text/plain"
    file.set_public_data(True)
    assert requests.get(url, headers=tenant).content == b"secret"
    block = Block.create(client, file_id=file.id, content=PNG, mime_type=MimeTypes.PNG,
                         public_data=True)
    assert block.text == ""
    answer = requests.get(f"{place.api}block/{block.id}/raw", headers=tenant)
    assert answer.content == PNG and answer.headers["Content-Type"] == "image/png"
    block.set_public_data(False)
    assert requests.get(f"{place.api}block/{block.id}/raw", headers=tenant).status_code == 401


@check
def blocks_are_appended_with_text_bytes_and_by_URL(place):
    client = place.client("files")
    file = File.create(client)
    text = file.append_block(text="plain")
    upload = file.append_block(content=b"uploaded", tags=[Tag(kind="t", value={"n": "1"})])
    assert text.text == "plain" and upload.text == "uploaded" and upload.tags[0].kind == "t"
    assert Block.get(client, _id=upload.id).text == "uploaded"
    web = ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{web.server_port}/picture.png"
    fetched = Block.create(client, file_id=file.id, url=url)
    assert fetched.mime_type == MimeTypes.PNG and fetched.raw() == PNG
    refused(lambda: Block.create(client, file_id=file.id, url=url + "x"), "cannot be fetched")
    web.shutdown()
    source = File.create(client, content=PNG, public_data=True)
    own = f"{place.api.replace('/api/v1/', '')}/_t/{place.tenant}/api/v1/file/{source.id}/raw"
    refused(lambda: Block.create(client, file_id=file.id, url=own), "never calls itself")
    refused(lambda: Block.create(client, file_id="NO-SUCH", text="x"))


@check
def a_deleted_file_is_gone_with_all_of_it(place):
    client = place.client("files")
    file = File.create(client, blocks=[Block(text="x", tags=[Tag(kind="gone")])])
    file.delete()
    refused(lambda: File.get(client, _id=file.id))
    refused(lambda: Block.get(client, _id=file.blocks[0].id))
    assert Tag.query(client, 'kind "gone"').tags == []


@check
def tags_are_made_and_deleted(place):
    client = place.client("files")
    file = File.create(client, blocks=[Block(text="x")])
    on_file = Tag.create(client, file_id=file.id, kind="a", name="b",
                         value={"deep": {"er": [1, 2.5, True, None]}})
    on_block = Tag.create(client, file_id=file.id, block_id=file.blocks[0].id, kind="c",
                          start_idx=0, end_idx=1)
    file.refresh()
    assert [t.id for t in file.tags] == [on_file.id]
    assert file.tags[0].value == {"deep": {"er": [1, 2.5, True, None]}}
    assert [t.id for t in file.blocks[0].tags] == [on_block.id]
    on_file.delete()
    assert file.refresh().tags == []
    refused(lambda: on_file.delete())


def library(client):
    """Two files with tags for queries."""
    first = File.create(client, handle="first", tags=[Tag(kind="book", name="a")], blocks=[
        Block(text="aaaaaaaaaa", tags=[
            Tag(kind="x", name="one", start_idx=0, end_idx=5, value={"n": 1, "in": {"s": "v"}}),
            Tag(kind="y", name="two", start_idx=3, end_idx=8, value={"n": 2, "b": True}),
            Tag(kind="z", name="six", start_idx=0, end_idx=5)]),
        Block(text="bbbb", tags=[Tag(kind="x", name="three", start_idx=0, end_idx=2)])])
    second = File.create(client, handle="second", blocks=[
        Block(text="cccc", tags=[Tag(kind="y", name="two", start_idx=3, end_idx=4)])])
    return first, second


QUERIES = [
    ('all', ["a", "one", "two", "six", "three", "two"]),
    ('kind "x"', ["one", "three"]),
    ('kind "x" and name "one"', ["one"]),
    ('kind "x" or kind "book"', ["a", "one", "three"]),
    ('name "two"', ["two", "two"]),
    ('filetag', ["a"]),
    ('blocktag and kind "y"', ["two", "two"]),
    ('(kind "x" and name "one") or name "six"', ["one", "six"]),
    ('value("n") = 1', ["one"]),
    ('value("n") >= 1', ["one", "two"]),
    ('value("n") > 1', ["two"]),
    ('value("n") <= 1 or value("b") = true', ["one", "two"]),
    ('value("n") < 0', []),
    ('value("in.s") = "v"', ["one"]),
    ('value("in") exists', ["one"]),
    ('kind "x" and overlaps { kind "y" }', ["one"]),
    ('kind "x" and samespan { kind "z" }', ["one"]),
    ('kind "z" and sameblock { name "two" }', ["six"]),
    ('kind "x" and samefile { kind "book" }', ["one", "three"]),
    ('samefile { kind "book" } and kind "book"', []),
    ('name "two" and sameblock { name "two" }', []),
]


@check
def queries_find_tags(place):
    client = place.client("library")
    library(client)
    for query, names in QUERIES:
        found = [t.name for t in Tag.query(client, query).tags]
        assert found == names, f"{query}: {found}"
    assert Tag.query(place.client("elsewhere"), 'kind "x"').tags == []


@check
def queries_find_blocks_and_files(place):
    client = place.client("library-2")
    first, second = library(client)
    blocks = lambda query: [b.text for b in Block.query(client, query).blocks]
    files = lambda query: [f.handle for f in File.query(client, query).files]
    assert blocks('name "two"') == ["aaaaaaaaaa", "cccc"]
    assert blocks('kind "book"') == []
    assert blocks("all") == ["aaaaaaaaaa", "bbbb", "cccc"]
    assert blocks(f'file_id "{first.id}"') == ["aaaaaaaaaa", "bbbb"]
    assert blocks(f'block_id "{second.blocks[0].id.lower()}"') == ["cccc"]
    assert files('kind "book"') == ["first"]
    assert files('kind "y"') == ["first", "second"] and files("all") == ["first", "second"]
    assert files('kind "nothing"') == []


@check
def malformed_queries_are_refused_with_the_place(place):
    client = place.client("library")
    for query in ["", "kind", 'kind x', 'kind "x" and', 'kind "x" and name "y" or name "z"',
                  '(kind "x"', 'value("") = 1', 'value("a") = ', 'value("a") ~ 1',
                  'overlaps kind "x"', 'overlaps { }', 'kind "x', 'all and kind "x"', "1", "%",
                  "(" * 500 + 'kind "x"' + ")" * 500]:
        for type_ in (Tag, Block, File):
            refused(lambda: type_.query(client, query), "query")


@check
def the_key_value_store_works(place):
    client = place.client("kv")
    store = KeyValueStore(client, store_identifier="things")
    assert store.get("a") is None
    store.set("a", {"n": 1, "s": "x", "l": [1, {"d": None}]})
    store.set("b", {"t": True})
    assert store.get("a") == {"n": 1, "s": "x", "l": [1, {"d": None}]}
    store.set("a", {"n": 2})
    assert store.get("a") == {"n": 2}
    assert sorted(k for k, _ in store.items()) == ["a", "b"]
    store.delete("a")
    assert store.get("a") is None
    store.reset()
    assert store.items() == []


@check
def signed_URLs_are_written_and_read(place):
    client = place.client("signed")
    workspace = Workspace.get(client)
    sign = lambda path, operation, **more: workspace.create_signed_url(SignedUrl.Request(
        bucket=SignedUrl.Bucket.USER_DATA, filepath=path, operation=operation, **more)).signed_url
    write = sign("some/thing with space.bin", SignedUrl.Operation.WRITE)
    assert f"/_t/{place.tenant}/" in write
    upload_to_signed_url(write, PNG * 1000)
    assert url_to_bytes(sign("some/thing with space.bin", SignedUrl.Operation.READ)) == PNG * 1000
    refused(lambda: url_to_bytes(sign("nothing", SignedUrl.Operation.READ)), "did not exist")
    assert requests.get(write).status_code == 403
    assert requests.put(sign("some/thing", SignedUrl.Operation.READ), data=b"x").status_code == 403
    assert requests.put(write.replace("some", "same"), data=b"x").status_code == 403
    place.control("PUT", "clock", {"mode": "manual"})
    try:
        brief = sign("some/thing with space.bin", SignedUrl.Operation.READ, expiresInMinutes=1)
        place.control("POST", "clock/advance", {"by": "2m"})
        assert requests.get(brief).status_code in (200, 403)
        long = place.post("workspace/createSignedUrl", {
            "bucket": "userData", "filepath": "some/thing with space.bin", "operation": "Read",
            "expiresInMinutes": 1}, workspace=client.config.workspace_id).json()["data"]
        assert requests.get(long["signedUrl"]).status_code == 200
        place.control("POST", "clock/advance", {"by": "2m"})
        assert requests.get(long["signedUrl"]).status_code == 403
    finally:
        place.control("PUT", "clock", {"mode": "real"})


@check
def a_block_is_streamed(place):
    client = place.client("streams")
    file = File.create(client)
    block = Block.create(client, file_id=file.id, streaming=True, mime_type=MimeTypes.TXT)
    assert block.stream_state == "started" and block.text == ""
    received = []
    def read():
        answer = requests.get(f"{place.api}block/{block.id}/raw", stream=True,
                              headers={"Authorization": f"Bearer {place.key}"})
        received.extend(answer.iter_content(None))
    reader = threading.Thread(target=read)
    reader.start()
    for piece in (b"one ", b"two ", b"three"):
        block.append_stream(bytes=piece)
        time.sleep(0.05)
    assert reader.is_alive(), "the reader must wait for the end of the stream"
    block.finish_stream()
    reader.join(10)
    assert b"".join(received) == b"one two three" and len(received) >= 2, received
    again = Block.get(client, _id=block.id)
    assert again.stream_state == "complete" and again.text == "one two three"
    refused(lambda: block.append_stream(bytes=b"more"), "ended already")
    other = Block.create(client, file_id=file.id, streaming=True)
    other.abort_stream()
    assert Block.get(client, _id=other.id).stream_state == "aborted"
    refused(lambda: file.append_block(text="still").append_stream(bytes=b"x"), "not streamed")


def events(place, file, **query):
    answer = requests.get(f"{place.api}file/{file.id}/stream", params=query, stream=True, headers={
        "Authorization": f"Bearer {place.key}", "Accept": "text/event-stream"})
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    for line in answer.iter_lines():
        if line.startswith(b"data: "):
            yield json.loads(line[6:])["blockCreated"]


@check
def a_files_event_stream_tells_of_new_blocks(place):
    client = place.client("streams")
    file = File.create(client, blocks=[Block(text="before")])
    made = []
    def write():
        time.sleep(0.3)
        for n in range(3):
            made.append(file.append_block(text=str(n)).id)
            time.sleep(0.05)
    writer = threading.Thread(target=write)
    writer.start()
    begin = time.monotonic()
    seen = [e["blockId"] for e in events(place, file, timeoutSeconds=6)]
    writer.join()
    assert seen == [file.blocks[0].id] + made, (seen, made)
    assert 5 < time.monotonic() - begin < 40


@check
def a_files_event_stream_is_limited_to_a_request(place):
    client = place.client("streams")
    file = File.create(client)
    file.append_block(text="other")
    client.config.request_id = "mine-1"
    mine = file.append_block(text="mine")
    assert mine.request_id == "mine-1"
    seen = [e["blockId"] for e in events(place, file, timeoutSeconds=1, requestId="mine-1")]
    assert seen == [mine.id]


@check
def importers_bring_files(place):
    client = place.client("imports")
    place_of = client.use_plugin("youtube-transcript-importer", "yt")
    task = File.create_with_plugin(client, plugin_instance=place_of.handle,
                                   url="https://example.com/watch")
    assert isinstance(task, Task) and task.state == TaskState.waiting
    empty = File.create(client)
    second = empty.import_with_plugin(plugin_instance=place_of.handle, url="https://example.com/a")
    task.wait()
    assert b"https://example.com/watch" in task.output.raw()
    second.wait()
    assert second.output.id == empty.id and b"/a" in empty.raw()


@check
def large_uploads_come_back_as_they_were(place):
    client = place.client("large")
    content = bytes(range(256)) * 4096 * 8
    file = File.create(client, content=content)
    assert file.raw() == content
    text = "ä" * 200_000
    block = file.append_block(text=text)
    assert block.text == text and block.raw().decode() == text


run("data")
