"""Small packages and plugins of every kind, as their developers upload them."""

PACKAGE = '''
import os
import time
from typing import Dict, List, Optional, Type

from steamship import Block, File, PluginInstance, SteamshipError, Tag, Task
from steamship.invocable import Config, InvocableResponse, PackageService, get, post


class Greeter(PackageService):
    class GreeterConfig(Config):
        greeting: str = "Hello"
        shouts: bool = False

    config: GreeterConfig

    @classmethod
    def config_cls(cls) -> Type[Config]:
        return cls.GreeterConfig

    def instance_init(self):
        File.create(self.client, handle="made-at-init", content="x")

    @post("greet")
    def greet(self, name: str = "you") -> str:
        print(f"greeting {name}")
        text = f"{self.config.greeting} {name}"
        return text.upper() if self.config.shouts else text

    @get("sum")
    def sum(self, a: int, b: int) -> int:
        return a + b

    @get("names")
    def names(self, name: List[str]) -> List[str]:
        return name

    @post("data")
    def data(self) -> dict:
        return {"made": True, "list": [1, 2]}

    @get("image")
    def image(self) -> InvocableResponse[bytes]:
        return InvocableResponse(_bytes=b"\\x89PNG", mime_type="image/png")

    @post("public", public=True)
    def public(self) -> str:
        return "for all"

    @post("nothing")
    def nothing(self) -> None:
        return None

    @post("boom")
    def boom(self):
        raise Exception("boom")

    @post("known")
    def known(self):
        raise SteamshipError(message="not today", suggestion="try tomorrow", code="Closed")

    @post("context")
    def context_of_call(self) -> dict:
        context = self.context
        return {"handle": context.invocable_instance_handle,
                "url": context.invocable_url, "workspace": context.workspace_handle,
                "agent": context.headers.get("user-agent")}

    @post("who")
    def who(self) -> str:
        return self.client.get_workspace().handle

    @post("key")
    def key(self) -> str:
        return self.client.config.api_key.get_secret_value()

    @post("files")
    def files(self, text: str) -> str:
        return File.create(self.client, content=text, tags=[Tag(kind="by", name="code")]).id

    @post("later")
    def later(self) -> str:
        return self.invoke_later("greet", arguments={"name": "later"}).task_id

    @post("itself")
    def itself(self) -> str:
        return self.package_instance.invoke("greet", name="me") if hasattr(self, "package_instance") else ""

    @post("tagged")
    def tagged(self, text: str) -> int:
        tagger = self.client.use_plugin("test-tagger", version="1.0")
        task = tagger.tag(text)
        task.wait()
        return len(task.output.file.blocks[0].tags)

    @post("tagged_by")
    def tagged_by(self, text: str, handle: str) -> List[str]:
        task = PluginInstance.get(self.client, handle=handle).tag(text)
        task.wait()
        return [tag.name for tag in task.output.file.blocks[0].tags]

    @post("plain")
    def plain(self) -> str:
        import requests
        config = self.client.config
        return requests.post(f"{config.api_base}file/create", json={"value": "by hand"},
                             headers={"Authorization": f"Bearer {config.api_key.get_secret_value()}"}).text

    @post("environment")
    def environment(self) -> dict:
        return {"pid": os.getpid(), "home": os.environ.get("HOME"), "user": os.getuid(),
                "keys": sorted(name for name in os.environ if name.startswith("STEAMSHIP")),
                "folder": sorted(os.listdir("."))}

    @post("sleep")
    def sleep(self, seconds: float) -> str:
        time.sleep(seconds)
        return "slept"
'''

COUNTER = '''
from steamship.invocable import PackageService, post

seen = 0


class Counter(PackageService):
    @post("count")
    def count(self) -> int:
        global seen
        seen += 1
        return seen
'''

TAGGER = '''
from steamship import Block, File, Tag
from steamship.invocable import InvocableResponse
from steamship.plugin.inputs.block_and_tag_plugin_input import BlockAndTagPluginInput
from steamship.plugin.outputs.block_and_tag_plugin_output import BlockAndTagPluginOutput
from steamship.plugin.request import PluginRequest
from steamship.plugin.tagger import Tagger


class Capitals(Tagger):
    def run(self, request: PluginRequest[BlockAndTagPluginInput]) -> InvocableResponse[BlockAndTagPluginOutput]:
        file = request.data.file
        for block in file.blocks:
            block.tags = [Tag(kind="capital", name=letter, start_idx=place, end_idx=place + 1)
                          for place, letter in enumerate(block.text) if letter.isupper()]
        file.tags = [Tag(kind="seen", name=request.context.plugin_instance_handle)]
        return InvocableResponse(data=BlockAndTagPluginOutput(file=file))
'''

BLOCKIFIER = '''
from steamship import Block, File, Tag, Task, TaskState
from steamship.invocable import InvocableResponse
from steamship.plugin.blockifier.blockifier import Blockifier
from steamship.plugin.inputs.raw_data_plugin_input import RawDataPluginInput
from steamship.plugin.outputs.block_and_tag_plugin_output import BlockAndTagPluginOutput
from steamship.plugin.request import PluginRequest


class Lines(Blockifier):
    """Asks to be asked again twice before it is done."""

    def run(self, request: PluginRequest[RawDataPluginInput]) -> InvocableResponse[BlockAndTagPluginOutput]:
        seen = 0
        if request.is_status_check:
            seen = (request.status.remote_status_input or {}).get("seen", 0)
        if seen < 2:
            return InvocableResponse(status=Task(
                state=TaskState.running, remote_status_message=f"seen {seen}",
                remote_status_input={"seen": seen + 1}))
        text = request.data.data
        text = text.decode() if isinstance(text, bytes) else text
        return InvocableResponse(data=BlockAndTagPluginOutput(file=File(
            blocks=[Block(text=line, tags=[Tag(kind="line", name="line")]) for line in text.splitlines()],
            tags=[Tag(kind="source", name="lines")])))
'''

GENERATOR = '''
from steamship import Block, SteamshipError, Tag
from steamship.data.block import BlockUploadType
from steamship.invocable import InvocableResponse
from steamship.plugin.generator import Generator
from steamship.plugin.inputs.raw_block_and_tag_plugin_input import RawBlockAndTagPluginInput
from steamship.plugin.outputs.raw_block_and_tag_plugin_output import RawBlockAndTagPluginOutput
from steamship.plugin.request import PluginRequest


class Mirror(Generator):
    def run(self, request: PluginRequest[RawBlockAndTagPluginInput]) -> InvocableResponse[RawBlockAndTagPluginOutput]:
        options = request.data.options or {}
        if options.get("fail"):
            raise SteamshipError(message="no mirror today")
        if options.get("bytes"):
            blocks = [Block(content=b"\\x89PNG\\r\\n", upload_bytes=b"\\x89PNG\\r\\n", upload_type=BlockUploadType.FILE,
                            mime_type="image/png")]
        else:
            blocks = [Block(text=block.text[::-1], tags=[Tag(kind="mirrored", name=block.id or "none")])
                      for block in request.data.blocks]
        return InvocableResponse(data=RawBlockAndTagPluginOutput(blocks=blocks))
'''

STREAMER = '''
from steamship import MimeTypes, SteamshipError
from steamship.invocable import InvocableResponse
from steamship.plugin.inputs.raw_block_and_tag_plugin_input import RawBlockAndTagPluginInput
from steamship.plugin.inputs.raw_block_and_tag_plugin_input_with_preallocated_blocks import (
    RawBlockAndTagPluginInputWithPreallocatedBlocks)
from steamship.plugin.outputs.block_type_plugin_output import BlockTypePluginOutput
from steamship.plugin.outputs.stream_complete_plugin_output import StreamCompletePluginOutput
from steamship.plugin.request import PluginRequest
from steamship.plugin.streaming_generator import StreamingGenerator


class Letters(StreamingGenerator):
    def determine_output_block_types(self, request: PluginRequest[RawBlockAndTagPluginInput]):
        return InvocableResponse(data=BlockTypePluginOutput(
            block_types_to_create=[MimeTypes.TXT.value] * len(request.data.blocks)))

    def run(self, request: PluginRequest[RawBlockAndTagPluginInputWithPreallocatedBlocks]):
        for source, target in zip(request.data.blocks, request.data.output_blocks):
            for letter in source.text:
                if letter == "!":
                    raise SteamshipError(message="no shouting")
                target.append_stream(bytes(letter, "utf-8"))
            target.finish_stream()
        return InvocableResponse(data=StreamCompletePluginOutput())
'''

IMPORTER = '''
from steamship.base.mime_types import MimeTypes
from steamship.invocable import InvocableResponse
from steamship.plugin.file_importer import FileImporter
from steamship.plugin.inputs.file_import_plugin_input import FileImportPluginInput
from steamship.plugin.outputs.raw_data_plugin_output import RawDataPluginOutput
from steamship.plugin.request import PluginRequest


class Loud(FileImporter):
    def run(self, request: PluginRequest[FileImportPluginInput]) -> InvocableResponse[RawDataPluginOutput]:
        return InvocableResponse(data=RawDataPluginOutput(
            string=f"from {request.data.url}", mime_type=MimeTypes.TXT))
'''

EMBEDDER = '''
from steamship import Tag
from steamship.invocable import InvocableResponse
from steamship.plugin.inputs.block_and_tag_plugin_input import BlockAndTagPluginInput
from steamship.plugin.outputs.block_and_tag_plugin_output import BlockAndTagPluginOutput
from steamship.plugin.request import PluginRequest
from steamship.plugin.tagger import Tagger


class Lengths(Tagger):
    """Texts of one length lie in one direction, whatever they say."""

    def run(self, request: PluginRequest[BlockAndTagPluginInput]) -> InvocableResponse[BlockAndTagPluginOutput]:
        file = request.data.file
        for block in file.blocks:
            vector = [1.0 if len(block.text) == length else 0.0 for length in range(1, 30)]
            block.tags = [Tag(kind="embedding", name="token-embedding", value={"vector-value": vector})]
        return InvocableResponse(data=BlockAndTagPluginOutput(file=file))
'''

TRAINABLE = '''
import json
from pathlib import Path
from typing import Dict, Optional, Type

from steamship import Block, File, SteamshipError, Tag, Task, TaskState
from steamship.invocable import Config, InvocableResponse
from steamship.plugin.inputs.block_and_tag_plugin_input import BlockAndTagPluginInput
from steamship.plugin.inputs.train_plugin_input import TrainPluginInput
from steamship.plugin.inputs.training_parameter_plugin_input import TrainingParameterPluginInput
from steamship.plugin.outputs.block_and_tag_plugin_output import BlockAndTagPluginOutput
from steamship.plugin.outputs.model_checkpoint import ModelCheckpoint
from steamship.plugin.outputs.train_plugin_output import TrainPluginOutput
from steamship.plugin.outputs.training_parameter_plugin_output import TrainingParameterPluginOutput
from steamship.plugin.request import PluginRequest
from steamship.plugin.tagger import TrainableTagger
from steamship.plugin.trainable_model import TrainableModel


class Words(TrainableModel[Config]):
    keywords = []

    def load_from_folder(self, checkpoint_path: Path):
        self.keywords = json.loads((checkpoint_path / "words.json").read_text())

    def save_to_folder(self, checkpoint_path: Path):
        (checkpoint_path / "words.json").write_text(json.dumps(self.keywords))

    def train(self, input: PluginRequest[TrainPluginInput]) -> InvocableResponse[TrainPluginOutput]:
        self.keywords = input.data.training_params["keywords"]
        return InvocableResponse(status=Task(state=TaskState.running, remote_status_input={"left": 1},
                                             remote_status_message="training"))

    def train_status(self, input: PluginRequest[TrainPluginInput]) -> InvocableResponse[TrainPluginOutput]:
        self.keywords = input.data.training_params["keywords"]
        return InvocableResponse(data=TrainPluginOutput(
            inference_params={"rounds": input.data.training_epochs}))


class Trained(TrainableTagger):
    def model_cls(self):
        return Words

    def get_training_parameters(self, request: PluginRequest[TrainingParameterPluginInput]):
        return InvocableResponse(data=TrainingParameterPluginOutput.from_input(request.data))

    def train(self, request: PluginRequest[TrainPluginInput], model):
        return model.train(request)

    def train_status(self, request: PluginRequest[TrainPluginInput], model):
        response = model.train_status(request)
        model.save_remote(client=self.client, plugin_instance_id=request.context.plugin_instance_id)
        return response

    def run_with_model(self, request: PluginRequest[BlockAndTagPluginInput], model):
        file = request.data.file
        for block in file.blocks:
            block.tags = [Tag(kind="keyword", name=word) for word in model.keywords if word in block.text]
        return InvocableResponse(data=BlockAndTagPluginOutput(file=file))
'''

HOSTILE = '''
import ctypes
import os
import signal
import struct
import sys
import threading
import time

from steamship.invocable import PackageService, post


class Hostile(PackageService):
    @post("fine")
    def fine(self) -> str:
        return "fine"

    @post("asked")
    def asked(self, url: str, how: str) -> list:
        import requests
        answer = requests.request(how, url)
        return [answer.status_code, answer.text[:500]]

    @post("fetched")
    def fetched(self, url: str) -> str:
        file = self.client.post("file/create", {"type": "none"})
        return str(self.client.post("block/create", {"fileId": file["file"]["id"], "uploadType": "url", "url": url}))

    @post("leave")
    def leave(self) -> str:
        sys.exit(4)

    @post("complain")
    def complain(self) -> str:
        print("a complaint", file=sys.stderr)
        return "said"

    @post("listed")
    def listed(self, folder: str) -> list:
        return sorted(os.listdir(folder))

    @post("loop")
    def loop(self) -> str:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            pass

    @post("forks")
    def forks(self) -> str:
        while True:
            os.fork()

    @post("flood")
    def flood(self) -> str:
        for _ in range(25):
            os.write(1, b"x" * 1_000_000)
        return "flooded"

    @post("drown")
    def drown(self) -> str:
        while True:
            os.write(1, b"x" * 1_000_000)

    @post("closed")
    def closed(self) -> str:
        os.close(1)
        return "closed"

    @post("all_closed")
    def all_closed(self) -> str:
        os.closerange(0, 1024)
        return "closed"

    @post("frame")
    def frame(self) -> str:
        for number in range(3, 300):
            try:
                os.write(number, struct.pack(">I", 4) + b"oops")
            except OSError:
                pass
        return "written"

    @post("orphan")
    def orphan(self) -> str:
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        return "left behind"

    @post("signals")
    def signals(self) -> str:
        os.kill(0, signal.SIGTERM)
        os.kill(-1, signal.SIGKILL)
        return "sent"

    @post("secret")
    def secret(self) -> list:
        path = os.path.join(os.environ["HOME"], "secret")
        with open(path, "w") as file:
            file.write("mine")
        return [path, int(os.readlink("/proc/self"))]

    @post("spy")
    def spy(self, file: str, pid: int) -> list:
        def tried(work):
            try:
                return str(work())
            except OSError as problem:
                return type(problem).__name__
        return [tried(lambda: open(file).read()), tried(lambda: open(f"/proc/{pid}/environ").read()),
                tried(lambda: os.kill(pid, signal.SIGKILL))]

    @post("channel")
    def channel(self) -> str:
        for number in range(3, 300):
            try:
                os.write(number, b"no answer of the protocol")
            except OSError:
                pass
        return "written"

    @post("exit")
    def exit(self) -> str:
        os._exit(3)

    @post("polite")
    def polite(self) -> str:
        sys.exit("bye")

    @post("crash")
    def crash(self) -> str:
        return ctypes.string_at(0)

    @post("memory")
    def memory(self) -> str:
        return str(len(bytearray(4 << 30)))

    @post("threads")
    def threads(self) -> str:
        for _ in range(5000):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        return "started"

    @post("disk")
    def disk(self) -> str:
        with open(os.path.join(os.environ["HOME"], "big"), "wb") as file:
            for _ in range(3000):
                file.write(b"x" * 1_000_000)
        return "written"

    @post("network")
    def network(self, host: str, port: int) -> str:
        import socket
        socket.create_connection((host, port), 2).close()
        return "reached"
'''
