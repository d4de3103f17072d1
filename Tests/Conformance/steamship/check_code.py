"""Uploaded code at work: packages and plugins of every kind, deployed and driven by the SDK."""

import os
import sys
import threading
import time

from common import Server

server = Server("--run-code", "--python", sys.executable, "--no-pip")
os.environ["WAVETANK_URL"] = server.url

import requests  # noqa: E402
from steamship import Block, File, PackageInstance, PluginInstance, SteamshipError, TaskState  # noqa: E402
from steamship.base.mime_types import MimeTypes  # noqa: E402
from steamship.data.block import StreamState  # noqa: E402
from steamship.data.embeddings import EmbeddedItem, EmbeddingIndex  # noqa: E402
from steamship.data.package.package import Package  # noqa: E402
from steamship.data.package.package_version import PackageVersion  # noqa: E402
from steamship.data.plugin.plugin import Plugin  # noqa: E402
from steamship.data.plugin.plugin_version import PluginVersion  # noqa: E402
from steamship.plugin.inputs.training_parameter_plugin_input import TrainingParameterPluginInput  # noqa: E402

import code_samples as samples  # noqa: E402
import run as runner  # noqa: E402
from support import archive, check, refused, run  # noqa: E402

CONFIG = {"greeting": {"type": "string", "default": "Hello"},
          "shouts": {"type": "boolean", "default": False}}


def package(client, code=samples.PACKAGE, **config):
    made = Package.create(client)
    PackageVersion.create(client, package_id=made.id, handle="1.0", filebytes=archive(code),
                          config_template=CONFIG if code == samples.PACKAGE else {})
    instance = PackageInstance.create(client, package_id=made.id, handle="g1", config=config)
    instance.wait_for_init()
    return instance


def plugin(client, kind, code, streaming=None):
    made = Plugin.create(client, description="-", type_=kind, transport="jsonOverHttp", is_public=False)
    version = PluginVersion.create(client, plugin_id=made.id, handle="1.0", filebytes=archive(code),
                                   streaming=streaming)
    instance = PluginInstance.create(client, plugin_id=made.id, plugin_version_id=version.id)
    instance.wait_for_init()
    return instance


def done(task):
    task.wait(max_timeout_s=60, retry_delay_s=0.1)
    return task.output


@check
def a_package_answers_as_its_code_says(place):
    instance = package(place.client("code"), greeting="Ahoy")
    assert instance.invoke("greet", name="Ada") == "Ahoy Ada"
    assert instance.invoke("sum", verb="GET", a=1, b=2) == 3
    assert instance.invoke("names", verb="GET", name=["a", "b"]) == ["a", "b"]
    assert instance.invoke("data") == {"made": True, "list": [1, 2]}
    assert instance.invoke("image", verb="GET") == b"\x89PNG"
    assert instance.invoke("environment")["keys"] == []
    loud = PackageInstance.create(place.client("code"), package_id=instance.package_id, handle="loud",
                                  config={"shouts": True})
    loud.wait_for_init()
    assert loud.invoke("greet", name="Bo") == "HELLO BO"


@check
def an_instance_runs_its_init_once(place):
    client = place.client("init")
    instance = package(client)
    assert instance.init_status == "complete"
    again = PackageInstance.create(client, package_id=instance.package_id, handle="g1", fetch_if_exists=True)
    assert again.id == instance.id and again.init_status == "complete"
    files = [file.handle for file in File.list(client).files]
    assert files == ["made-at-init"], files


@check
def failures_come_in_the_engines_form(place):
    instance = package(place.client("failures"))
    refused(lambda: instance.invoke("boom"), "[ERROR - POST /boom] boom")
    refused(lambda: instance.invoke("nothing"), "Handler provided no response.")
    refused(lambda: instance.invoke("missing"), "No handler for POST /missing available.")
    refused(lambda: instance.invoke("greet", wrong=1), "unexpected keyword argument 'wrong'")
    try:
        instance.invoke("known")
    except SteamshipError as error:
        assert (error.code, error.suggestion) == ("Closed", "try tomorrow"), error
    url = instance.invocation_url
    answer = requests.post(url + "boom", headers={"Authorization": f"Bearer {place.key}"})
    assert answer.status_code == 500 and answer.json()["status"]["state"] == "failed", answer.text
    answer = requests.post(url + "missing", headers={"Authorization": f"Bearer {place.key}"})
    assert answer.status_code == 404, answer.text


@check
def text_says_its_charset_and_public_methods_need_no_key(place):
    instance = package(place.client("public"))
    answer = requests.post(instance.invocation_url + "public")
    assert answer.status_code == 200 and answer.text == "for all", answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8", answer.headers
    assert requests.post(instance.invocation_url + "greet").status_code in (401, 403)
    spec = requests.get(instance.invocation_url + "__dir__", headers={"Authorization": f"Bearer {place.key}"}).json()
    assert any(method["path"] == "/greet" for method in spec["methods"]), spec


@check
def code_has_a_key_of_its_workspace_alone(place):
    client = place.client("here")
    instance = package(client)
    key = instance.invoke("key")
    assert key != place.key
    assert instance.invoke("who") == "here"
    file = File.get(client, _id=instance.invoke("files", text="by code"))
    assert file.tags[0].kind == "by"
    headers = {"Authorization": f"Bearer {key}", "X-Workspace-Handle": "elsewhere"}
    seen = requests.post(place.api + "workspace/get", json={}, headers=headers).json()
    assert seen["data"]["workspace"]["handle"] == "here", seen
    account = requests.get(place.api + "account/current", headers=headers).json()
    assert "workspace-scoped key" in account["status"]["statusMessage"], account


@check
def calls_of_code_carry_the_request_id(place):
    instance = package(place.client("ids"))
    headers = {"Authorization": f"Bearer {place.key}", "x-request-id": "R-1"}
    requests.post(instance.invocation_url + "files", json={"text": "x"}, headers=headers)
    entries = place.control("GET", "journal?request=R-1").json()["entries"]
    assert [entry["operation"] for entry in entries] == ["steamship.package.invoke", "steamship.file.create"], entries
    call, made = (entry["number"] for entry in entries)
    for number in (call, made):
        tree = place.control("GET", f"journal/{number}").json()["tree"]
        assert (tree["number"], [one["number"] for one in tree["calls"]]) == (call, [made]), tree
    logs = place.post("logs/list", {"size": 50}).json()["data"]["entries"]
    assert any(entry["requestId"] == "R-1" for entry in logs), logs


@check
def later_calls_are_tasks(place):
    client = place.client("later")
    instance = package(client)
    task = client.post("task/status", {"taskId": instance.invoke("later")})
    task.wait(retry_delay_s=0.1)
    import base64
    assert base64.b64decode(task.output).decode() == "Hello later"
    assert instance.invoke("tagged", text="two words") >= 2


@check
def what_code_prints_and_its_tracebacks_are_in_the_log(place):
    instance = package(place.client("log"))
    instance.invoke("greet", name="Log")
    refused(lambda: instance.invoke("boom"))
    logs = place.post("logs/list", {"size": 20}).json()["data"]["entries"]
    text = "\n".join(entry["message"] for entry in logs)
    assert "greeting Log" in text and "Traceback" in text and "raise Exception(\"boom\")" in text, text
    assert place.key not in text


@check
def an_upload_that_cannot_be_loaded_is_a_failed_task(place):
    client = place.client("bad")
    made = Package.create(client)

    def upload(code):
        PackageVersion.create(client, package_id=made.id, filebytes=archive(code))

    refused(lambda: upload("import nowhere_to_be_found"), "No module named 'nowhere_to_be_found'")
    refused(lambda: upload("import nowhere_to_be_found"), "There was an error loading the main file")
    refused(lambda: upload("def broken(:\n"), "SyntaxError")
    refused(lambda: upload("x = 1"), "Could not find package or plugin class")
    refused(lambda: PackageVersion.create(client, package_id=made.id, filebytes=archive("", "main.py")), "api.py")
    listed = place.post("package/version/list", {"packageId": made.id}).json()
    assert not [v for v in listed["data"].get("packageVersions", [])], listed


@check
def a_tagger_tags_inline_and_in_files(place):
    client = place.client("tags")
    tagger = plugin(client, "tagger", samples.TAGGER)
    output = done(tagger.tag("aBcD"))
    assert [tag.name for tag in output.file.blocks[0].tags] == ["B", "D"], output
    file = File.create(client, blocks=[Block(text="Xy"), Block(text="yZ")])
    done(file.tag(tagger.handle))
    file = file.refresh()
    assert [[tag.name for tag in block.tags] for block in file.blocks] == [["X"], ["Z"]], file
    assert [(tag.kind, tag.name) for tag in file.tags] == [("seen", tagger.handle)], file.tags


@check
def a_blockifier_may_ask_to_be_asked_again(place):
    client = place.client("blocks")
    blockifier = plugin(client, "blockifier", samples.BLOCKIFIER)
    file = File.create(client, content="one\ntwo\nthree", mime_type=MimeTypes.TXT)
    task = file.blockify(blockifier.handle)
    task.wait(retry_delay_s=0.1)
    file = file.refresh()
    assert [block.text for block in file.blocks] == ["one", "two", "three"], file
    assert file.blocks[0].tags[0].kind == "line" and file.tags[0].kind == "source"
    assert task.remote_status_message == "seen 1" and task.remote_status_input == {"seen": 2}, task
    assert task.retries == 2, task


@check
def a_generator_makes_text_and_bytes(place):
    client = place.client("generate")
    generator = plugin(client, "generator", samples.GENERATOR)
    blocks = done(generator.generate(text="abc")).blocks
    assert [block.text for block in blocks] == ["cba"], blocks
    source = File.create(client, blocks=[Block(text="uvw"), Block(text="xyz")])
    blocks = done(generator.generate(input_file_id=source.id, append_output_to_file=True)).blocks
    assert [block.text for block in blocks] == ["wvu", "zyx"] and blocks[0].id, blocks
    assert blocks[0].tags[0].name == source.blocks[0].id, blocks[0].tags
    loose = done(generator.generate(text="x", options={"bytes": True})).blocks[0]
    assert requests.get(loose.content_url).content == b"\x89PNG\r\n", loose
    kept = done(generator.generate(text="x", options={"bytes": True}, append_output_to_file=True)).blocks[0]
    assert kept.raw() == b"\x89PNG\r\n" and kept.mime_type == MimeTypes.PNG, kept
    refused(lambda: done(generator.generate(text="x", options={"fail": True})), "no mirror today")


@check
def a_streaming_generator_writes_while_it_is_read(place):
    client = place.client("stream")
    generator = plugin(client, "generator", samples.STREAMER, streaming=True)
    blocks = done(generator.generate(text="hello", append_output_to_file=True)).blocks
    assert blocks[0].stream_state == StreamState.COMPLETE and blocks[0].text == "hello", blocks
    task = generator.generate(text="ahoy", append_output_to_file=True, streaming=True)
    started = done(task).blocks[0]
    assert started.raw() == b"ahoy", started
    assert Block.get(client, started.id).stream_state == StreamState.COMPLETE
    broken = done(generator.generate(text="no!", append_output_to_file=True, streaming=True)).blocks[0]
    deadline = time.monotonic() + 30
    while Block.get(client, broken.id).stream_state == StreamState.STARTED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert Block.get(client, broken.id).stream_state == StreamState.ABORTED
    refused(lambda: done(generator.generate(text="no!", append_output_to_file=True)), "no shouting")


@check
def an_importer_fills_files(place):
    client = place.client("import")
    importer = plugin(client, "fileImporter", samples.IMPORTER)
    file = done(File.create_with_plugin(client, plugin_instance=importer.handle, url="http://there"))
    assert file.raw() == b"from http://there", file.raw()


@check
def an_index_asks_its_embedder(place):
    client = place.client("index")
    embedder = plugin(client, "embedder", samples.EMBEDDER)
    index = EmbeddingIndex.create(client, embedder_plugin_instance_handle=embedder.handle)
    index.insert_many([EmbeddedItem(value=text) for text in ("four", "seven77", "sixsix")])
    task = index.search("house12", k=1)
    hits = done(task).items
    assert [hit.value.value for hit in hits] == ["seven77"], hits


@check
def a_trainable_tagger_is_trained(place):
    client = place.client("train")
    tagger = plugin(client, "tagger", samples.TRAINABLE)
    request = TrainingParameterPluginInput(
        plugin_instance=tagger.handle, training_epochs=3, training_params={"keywords": ["harbor", "tide"]})
    parameters = done(tagger.get_training_parameters(request))
    assert parameters.training_epochs == 3, parameters
    task = tagger.train(request)
    task.wait(retry_delay_s=0.1)
    assert task.output.inference_params == {"rounds": 3}, task.output
    assert task.remote_status_message == "training", task
    output = done(tagger.tag("the tide comes"))
    assert [tag.name for tag in output.file.blocks[0].tags] == ["tide"], output


@check
def a_world_of_code_is_busy_while_it_works(place):
    """A clock that skips does not jump over code at work."""
    place.control("PUT", "clock", {"mode": "skip"})
    instance = package(place.client("busy"))
    before = place.control("GET", "clock").json()["now"]
    waiting = threading.Thread(target=lambda: instance.invoke("sleep", seconds=6))
    waiting.start()
    time.sleep(0.3)
    later = place.client("busy").post("task/noop", as_background_task=True)
    later.refresh()
    assert waiting.is_alive()
    waiting.join()
    later.wait(retry_delay_s=0.1)
    assert later.state == TaskState.succeeded and before


@check
def what_was_answered_is_such_as_the_documents_say(_):
    said = runner.documented(server.url)
    assert all(line.startswith("ok ") for line in said), said


run("code")
