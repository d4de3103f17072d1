"""Plugins, tagging, blockifying, generating, training and embedding indices: by the SDK."""

import requests
from steamship import Block, File, PluginInstance, Tag, TaskState
from steamship.base.mime_types import MimeTypes
from steamship.data.embeddings import EmbeddingIndex
from steamship.data.plugin import HostingMemory, HostingTimeout, HostingType
from steamship.data.plugin.plugin import Plugin
from steamship.data.plugin.plugin_version import PluginVersion
from steamship.plugin.inputs.export_plugin_input import ExportPluginInput
from steamship.plugin.inputs.training_parameter_plugin_input import TrainingParameterPluginInput

from support import archive, check, refused, run


@check
def plugins_are_made_got_updated_and_deleted(place):
    client = place.client("plugins")
    make = lambda **more: Plugin.create(
        client, description="It tags.", type_="tagger", transport="jsonOverHttp",
        is_public=False, **more)
    plugin = make(handle="my-tagger")
    assert plugin.type == "tagger" and Plugin.get(client, "my-tagger").id == plugin.id
    assert make(handle="my-tagger", fetch_if_exists=True).id == plugin.id
    refused(lambda: make(handle="my-tagger"), "already exists")
    assert make().handle
    plugin.readme = "# Tagger"
    plugin.update(client)
    assert Plugin.get(client, "my-tagger").readme == "# Tagger"
    listed = Plugin.list(client, page_size=200).plugins
    assert listed and plugin.id in [p.id for p in listed]
    version = PluginVersion.create(
        client, plugin_id=plugin.id, handle="1.0", filebytes=archive(),
        hosting_memory=HostingMemory.MIN, hosting_timeout=HostingTimeout.MAX,
        config_template={"level": {"type": "number", "default": 2}})
    assert version.plugin_id == plugin.id and version.hosting_memory == HostingMemory.MIN
    instance = PluginInstance.create(client, plugin_id=plugin.id, handle="tag-1")
    assert instance.config == {"level": 2} and instance.plugin_version_id == version.id
    assert PluginInstance.get(client, "tag-1").id == instance.id
    refused(lambda: PluginInstance.create(client, plugin_id=plugin.id, handle="tag-1",
                                          fetch_if_exists=False), "already exists")
    refused(lambda: PluginInstance.create(client, plugin_id=plugin.id, handle="tag-1",
                                          fetch_if_exists=True, config={"level": 9}))
    instance.delete()
    refused(lambda: PluginInstance.get(client, "tag-1"))
    plugin_id = plugin.id
    listed = place.post("plugin/version/private", {"pluginId": plugin_id}).json()["data"]
    assert [v["handle"] for v in listed["plugins"]] == ["1.0"]
    listed = place.post("plugin/version/public", {"pluginId": plugin_id}).json()["data"]
    assert listed["plugins"] == []
    version.delete()
    plugin.delete()
    refused(lambda: Plugin.get(client, "my-tagger"))


@check
def a_blockifier_makes_blocks(place):
    client = place.client("plugins")
    file = File.create(client, content="# Title\n\nA paragraph\nof two lines.\n\n## Sub\nText.",
                       mime_type=MimeTypes.MKD)
    task = file.blockify("markdown-blockifier-default-1.0")
    assert task.state == TaskState.waiting
    task.wait()
    assert len(task.output.file.blocks) == 4
    file.refresh()
    assert [(b.text, b.tags[0].kind, b.tags[0].name) for b in file.blocks] == [
        ("Title", "document", "h1"), ("A paragraph\nof two lines.", "document", "paragraph"),
        ("Sub", "document", "h2"), ("Text.", "document", "paragraph")]
    empty = File.create(client, blocks=[Block(text="no bytes")])
    refused(lambda: empty.blockify("markdown-blockifier-default-1.0").wait(), "no bytes")
    refused(lambda: file.blockify("no-such-instance"), "no-such-instance")


@check
def a_tagger_tags_inline_and_stored_text(place):
    client = place.client("plugins")
    tagger = client.use_plugin("test-tagger", "tagger-a")
    task = tagger.tag("This is a test")
    assert task.state == TaskState.waiting
    task.wait()
    assert len(task.output.file.blocks[0].tags) == 5
    file = File.create(client, blocks=[Block(text="One. Two three."), Block(text="Four")])
    file.tag(tagger.handle).wait()
    file.refresh()
    names = [t.name for t in file.blocks[0].tags]
    assert names.count("sentence") == 2 and names.count("token") == 3
    sentence = [t for t in file.blocks[0].tags if t.name == "sentence"][1]
    assert file.blocks[0].text[sentence.start_idx:sentence.end_idx] == "Two three."


@check
def an_embedder_gives_vectors(place):
    client = place.client("plugins")
    embedder = client.use_plugin("test-embedder", "embedder-a")
    task = embedder.tag("some words")
    task.wait()
    tag = task.output.file.blocks[0].tags[0]
    vector = tag.value["vector-value"]
    assert tag.kind == "embedding" and vector and all(isinstance(x, float) for x in vector)
    assert abs(sum(x * x for x in vector) - 1) < 1e-6


@check
def a_generator_generates(place):
    client = place.client("plugins")
    generator = client.use_plugin("test-generator", "generator-a")
    task = generator.generate(text="hello")
    task.wait()
    assert [b.text for b in task.output.blocks] == ["hello"] and task.output.blocks[0].id is None
    file = File.create(client, blocks=[Block(text=t, tags=[Tag(kind="in", name=t)])
                                       for t in ("a", "b", "c")])
    def texts(**more):
        task = generator.generate(input_file_id=file.id, **more)
        task.wait()
        return [b.text for b in task.output.blocks]
    assert texts() == ["a", "b", "c"]
    assert texts(input_file_start_block_index=1) == ["b", "c"]
    assert texts(input_file_start_block_index=0, input_file_end_block_index=2) == ["a", "b"]
    assert texts(input_file_block_index_list=[2, 0]) == ["c", "a"]
    task = generator.generate(block_query='kind "in" and name "b"')
    task.wait()
    assert [b.text for b in task.output.blocks] == ["b"]
    refused(lambda: texts(input_file_end_block_index=9), "outside")
    refused(lambda: generator.generate(), "no input")
    refused(lambda: generator.generate(text="x", input_file_id=file.id), "more than one")


@check
def generated_blocks_are_appended(place):
    client = place.client("plugins")
    generator = client.use_plugin("test-generator", "generator-a")
    file = File.create(client, blocks=[Block(text="a")])
    task = file.generate(generator.handle, make_output_public=True)
    task.wait()
    block = task.output.blocks[0]
    assert block.file_id == file.id and block.public_data and block.id
    assert len(file.refresh().blocks) == 2
    task = generator.generate(text="new", append_output_to_file=True, tags=[Tag(kind="made")])
    task.wait()
    block = task.output.blocks[0]
    assert block.tags[0].kind == "made" and block.file_id != file.id
    assert File.get(client, _id=block.file_id).blocks[0].text == "new"


@check
def images_come_by_URL_or_as_blocks(place):
    client = place.client("plugins")
    generator = client.use_plugin("test-image-generator", "image-a")
    expected = b"PRETEND THIS IS THE DATA OF AN IMAGE"
    task = generator.generate(text="a harbour")
    task.wait()
    block = task.output.blocks[0]
    assert block.mime_type == MimeTypes.PNG and block.text == ""
    assert requests.get(block.content_url).content == expected
    assert block.raw() == expected
    task = generator.generate(text="a harbour", append_output_to_file=True)
    task.wait()
    assert task.output.blocks[0].content_url is None and task.output.blocks[0].raw() == expected


@check
def a_generator_streams(place):
    client = place.client("plugins")
    generator = client.use_plugin("gpt-4", "gpt-a", config={"max_tokens": 4})
    task = generator.generate(text="tell me", append_output_to_file=True, streaming=True)
    task.wait()
    block = task.output.blocks[0]
    assert block.stream_state == "started" and block.text == ""
    assert block.raw() == b"This is a generated"
    assert Block.get(client, _id=block.id).stream_state == "complete"
    task = generator.generate(text="tell me", options={"max_tokens": 2})
    task.wait()
    assert task.output.blocks[0].text == "This is"


@check
def a_wrong_kind_of_plugin_is_refused(place):
    client = place.client("plugins")
    tagger = client.use_plugin("test-tagger", "tagger-b")
    refused(lambda: tagger.generate(text="x").wait(), "is a tagger")


@check
def a_prompt_plugin_completes(place):
    client = place.client("plugins")
    llm = client.use_plugin("gpt-3", "gpt3-a")
    assert "Ted" in llm.generate("Greet {name}", {"name": "Ted"})


@check
def plugins_are_trained(place):
    client = place.client("plugins")
    plugin = Plugin.create(client, description="t", type_="tagger", transport="jsonOverHttp",
                           is_public=False, training_platform=HostingType.LAMBDA)
    PluginVersion.create(client, plugin_id=plugin.id, handle="1", filebytes=archive())
    instance = PluginInstance.create(client, plugin_id=plugin.id)
    request = TrainingParameterPluginInput(
        plugin_instance=instance.handle, training_epochs=3, testing_holdout_percent=0.3,
        test_split_seed=42, training_params={"a": 1}, inference_params={"b": 2},
        export_plugin_input=ExportPluginInput(plugin_instance="signed-url-exporter-1.0",
                                              type="file", handle="default"))
    parameters = instance.get_training_parameters(request).output
    assert parameters.training_epochs == 3 and parameters.test_split_seed == 42
    assert parameters.testing_holdout_percent == 0.3 and parameters.training_params == {"a": 1}
    task = instance.train(request)
    task.wait()
    assert task.output.plugin_instance_id == instance.id and task.output.archive_path
    assert task.output.inference_params == {"b": 2}


@check
def an_embedding_index_finds_what_is_near(place):
    client = place.client("indexing")
    index = client.use_plugin("embedding-index", "facts", config={
        "embedder": {"plugin_handle": "test-embedder", "plugin_instance-handle": "emb",
                     "fetch_if_exists": True}})
    index.insert([Tag(text="Ted likes to eat green apples", kind="fact", name="1",
                      value={"n": 1}),
                  Tag(text="Ada writes programs", kind="fact", name="2"),
                  Tag(text="The harbour has two cranes", kind="fact", name="3")])
    task = index.search("who eats apples", k=2)
    task.wait()
    items = task.output.items
    assert len(items) == 2 and items[0].tag.text == "Ted likes to eat green apples"
    assert items[0].score > items[1].score >= 0 and items[0].tag.value["n"] == 1
    task.add_comment(external_id="x")
    again = client.use_plugin("embedding-index", "facts", config={
        "embedder": {"plugin_handle": "test-embedder", "plugin_instance-handle": "emb",
                     "fetch_if_exists": True}})
    assert again.search("cranes", k=1).output.items[0].tag.name == "3"
    refused(lambda: index.insert(Tag(text="print [remaining arguments]", kind="x")))
    index.reset()
    assert index.search("apples").output.items == []


@check
def an_index_is_used_bare(place):
    client = place.client("indexing")
    client.use_plugin("test-embedder", "bare-embedder")
    index = EmbeddingIndex.create(client, handle="bare", embedder_plugin_instance_handle="bare-embedder",
                                  fetch_if_exists=False)
    refused(lambda: EmbeddingIndex.create(client, handle="bare", fetch_if_exists=False,
                                          embedder_plugin_instance_handle="bare-embedder"), "already exists")
    made = index.insert("first text", external_id="e", external_type="t", metadata={"a": [1]})
    assert made.item_ids[0].index_id == index.id
    file = File.create(client, blocks=[Block(text="block one"), Block(text="block two")])
    assert len(index.insert_file(file.id).item_ids) == 2
    assert index.embed().output.id == index.id
    assert len(index.list_items().items) == 3
    found = index.search("block two", k=1, include_metadata=True)
    found.wait()
    assert found.output.items[0].value.value == "block two"
    first = index.search("first text", k=1, include_metadata=True).output.items[0]
    assert first.value.external_id == "e" and first.value.metadata == {"a": [1]}
    old = index.id
    index.delete()
    refused(lambda: index.search("x"))
    assert EmbeddingIndex.create(client, handle="bare",
                                 embedder_plugin_instance_handle="bare-embedder").id != old


@check
def texts_are_searched_without_an_index(place):
    client = place.client("indexing")
    client.use_plugin("test-embedder", "bare-embedder")
    found = client.embed_and_search("red house", ["blue sea", "a red house", "house"],
                                    plugin_instance="bare-embedder", k=2)
    assert [i.value.value for i in found.items] == ["a red house", "house"]


run("plugins")
