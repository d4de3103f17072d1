"""What an upload's `requirements.txt` asks for: an environment for each content of it, from an index of our own."""

import base64
import hashlib
import http.server
import io
import os
import subprocess
import sys
import tempfile
import threading
import zipfile

# The index is ours alone, and whoever asks it does so once.
for name in [name for name in os.environ if name.startswith("PIP_")]:
    del os.environ[name]
os.environ["PIP_RETRIES"] = "0"
os.environ["PIP_CONFIG_FILE"] = os.devnull

from common import Server  # noqa: E402


def wheel(name, version, text):
    """A wheel of one module, as its builder writes it."""
    info = f"{name}-{version}.dist-info"
    files = {f"{name}.py": text,
             f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    lines = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for path, content in files.items():
            bundle.writestr(path, content)
    return buffer.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    """A simple index (PEP 503)."""

    files = {f"tide-{version}-py3-none-any.whl": wheel("tide", version, f"LEVEL = '{version}'\n")
             for version in ("1.0", "2.0")}
    files["semver-99.0-py3-none-any.whl"] = wheel("semver", "99.0", "LEVEL = 'own'\n")
    asked = []

    def do_GET(self):
        Index.asked.append(self.path)
        name = self.path.strip("/").split("/")[-1]
        found = [file for file in self.files if file.split("-")[0] == name]
        content = self.files.get(name) or "".join(f'<a href="/files/{file}">{file}</a>' for file in found).encode()
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", "application/octet-stream" if name in self.files else "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


index = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
threading.Thread(target=index.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{index.server_port}/simple/"
FLAGS = ("--run-code", "--python", sys.executable, "--pip-index", URL)
server = Server(*FLAGS)
os.environ["WAVETANK_URL"] = server.url

from importlib.metadata import version as installed_version  # noqa: E402

from steamship import PackageInstance, Steamship  # noqa: E402
from steamship.data.package.package import Package  # noqa: E402
from steamship.data.package.package_version import PackageVersion  # noqa: E402

from support import check, refused, run  # noqa: E402

CODE = '''
from steamship.invocable import PackageService, post
import {module}


class Reader(PackageService):
    @post("level")
    def level(self) -> str:
        return f"{{{module}.LEVEL}} {{{module}.__file__}}"
'''


def deploy(client, requirements, module="tide", mark="", **more):
    files = {"api.py": CODE.format(module=module) + f"# {mark}\n", "requirements.txt": requirements, **more}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for path, content in files.items():
            bundle.writestr(path, content)
    made = Package.create(client)
    PackageVersion.create(client, package_id=made.id, handle="1.0", filebytes=buffer.getvalue())
    instance = PackageInstance.create(client, package_id=made.id)
    instance.wait_for_init()
    return instance


def level(instance):
    """What the module says of itself, and where it lies."""
    return instance.invoke("level").split(" ")


def downloads(since=0):
    return [path for path in Index.asked[since:] if path.endswith(".whl")]


@check
def the_same_requirements_have_one_environment_whoever_comes_first(place):
    made, failures = [], []

    def one(number):
        try:
            made.append(level(deploy(place.client(f"w{number}"), "tide==1.0\n", mark=number)))
        except Exception as error:  # noqa: BLE001: told below
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failures and len(made) == 4, failures
    assert {said for said, _ in made} == {"1.0"} and len({path for _, path in made}) == 1, made
    assert downloads() == ["/files/tide-1.0-py3-none-any.whl"], Index.asked


@check
def other_requirements_have_another_environment(place):
    one, other = (level(deploy(place.client("w"), f"tide=={version}\n")) for version in ("1.0", "2.0"))
    assert (one[0], other[0]) == ("1.0", "2.0") and one[1] != other[1], (one, other)


@check
def what_the_interpreter_has_is_there_and_gives_way(place):
    """The SDK among it: a version that is there already is asked of no index."""
    began = len(Index.asked)
    sdk = f"steamship=={installed_version('steamship')}\n"
    assert level(deploy(place.client("w"), sdk + "tide==1.0\n"))[0] == "1.0"
    assert downloads(began) == ["/files/tide-1.0-py3-none-any.whl"], Index.asked[began:]
    said, path = level(deploy(place.client("w"), "semver==99.0\n", "semver"))
    assert said == "own" and "environments" in path, path
    assert not installed_version("semver").startswith("99")


@check
def wheels_in_the_archive_are_its_own(place):
    text = "./wheels/tide-3.0-py3-none-any.whl\n"
    for mark in ("one", "two"):
        wheels = {"wheels/tide-3.0-py3-none-any.whl": wheel("tide", "3.0", f"LEVEL = '{mark}'\n")}
        assert level(deploy(place.client("w"), text, mark=mark, **wheels))[0] == mark


@check
def what_cannot_be_installed_fails_with_the_words_of_pip(place):
    one = place.client("w")
    refused(lambda: deploy(one, "nowhere-to-be-found==1.0\n"), "There was an error importing dependencies",
            "No matching distribution found for nowhere-to-be-found==1.0")
    refused(lambda: deploy(one, "tide==7.0\n"), "(from versions: 1.0, 2.0)")
    refused(lambda: deploy(one, "tide === = what\n"), "Invalid requirement")
    refused(lambda: deploy(one, "-r other.txt\n"), "other.txt")
    assert level(deploy(one, "tide==1.0\n"))[0] == "1.0"


@check
def an_index_that_is_not_there_says_so(place):
    one = Server("--run-code", "--python", sys.executable, "--pip-index", "http://127.0.0.1:9/simple/")
    try:
        client = Steamship(api_key="wt-pip", api_base=f"{one.url}/api/v1/", app_base=f"{one.url}/apps/",
                           web_base=one.url, workspace="w")
        refused(lambda: deploy(client, "tide==1.0\n"), "There was an error importing dependencies", "tide")
    finally:
        one.end()


@check
def without_pip_a_missing_module_says_why_it_is_missing(place):
    one = Server("--run-code", "--python", sys.executable, "--no-pip")
    try:
        client = Steamship(api_key="wt-pip", api_base=f"{one.url}/api/v1/", app_base=f"{one.url}/apps/",
                           web_base=one.url, workspace="w")
        error = refused(lambda: deploy(client, "tide==1.0\n"), "No module named 'tide'")
        assert "--no-pip" in error.suggestion, error.suggestion
    finally:
        one.end()


@check
def a_folder_that_stays_keeps_its_environments_for_one_server_at_a_time(place):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        flags = (*FLAGS, "--code-dir", f"{folder}/code")
        for times in (1, 0):
            began = len(Index.asked)
            one = Server(*flags)
            client = Steamship(api_key="wt-pip", api_base=f"{one.url}/api/v1/", app_base=f"{one.url}/apps/",
                               web_base=one.url, workspace="w")
            try:
                assert level(deploy(client, "tide==2.0\n"))[0] == "2.0"
                assert len(downloads(began)) == times, Index.asked[began:]
                second = subprocess.run([os.environ["WAVETANK_BINARY"], "serve", "--port", "0", *flags],
                                        capture_output=True, text=True, timeout=30)
                assert second.returncode not in (0, -9) and "--code-dir" in second.stderr, second
                assert level(deploy(client, "tide==2.0\n", mark="again"))[0] == "2.0"
            finally:
                assert one.stop() == 0


run("pip")
