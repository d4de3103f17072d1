"""Everything that README.md tells the reader to type is typed here, and shows what it promises.
`check_cookbook.py` does the same for the cookbook and the guides.

A fenced block is run as its language says: `sh` by bash, `python` by the interpreter of that
client's own environment, `yaml` as the CI job that it is. What stands behind `# →` must appear in
the block's output, in that order. The blocks of a page share a folder and a server, as they would
for a reader; in the cookbook a recipe has a tenant of its own.

The server listens on 7070 when that port is free; else every 7070 in a block is another port.
"""

import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

import yaml

import run as runner
from common import check, expect, finish

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent

BINARY = pathlib.Path(os.environ["WAVETANK_BINARY"]).resolve()
README = ROOT / "README.md"
COOKBOOK = [ROOT / "Scenarios" / name for name in ("COOKBOOK.md", "COOKBOOK-TESTS.md")]
CATALOGUE = ROOT / "Sources" / "Wavetank" / "Wavetank.docc"
GUIDES = [CATALOGUE / f"{name}.md" for name in (
    "TestAProgram", "SweepAProgram", "CompareWithARecording", "TestAnSDK", "RunYourOwnCode",
    "ShowADemo", "CauseChaos", "ComingFromOthers", "Troubleshooting")]
SECONDS = 60
RECIPES = 25


class Block:
    def __init__(self, heading, line, language, text):
        self.heading, self.line, self.language, self.text = heading, line, language, text
        self.name = f"{heading}, line {line}"

    @property
    def promised(self):
        return re.findall(r"^# → (.+)$", self.text, re.M)


def blocks(text):
    """Every fenced block, with the heading above it."""
    found, heading, open_at, language, lines = [], "the beginning", None, "", []
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"```(\w*)$", line)
        if open_at is None and fence:
            open_at, language, lines = number, fence[1], []
        elif open_at is not None and line == "```":
            found.append(Block(heading, open_at, language, "\n".join(lines) + "\n"))
            open_at = None
        elif open_at is not None:
            lines.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    expect("every fence is closed", open_at is None, open_at)
    return found


class Reader:
    """Somebody with the binary on the path, a folder of their own and a running server."""

    def __init__(self, folder):
        self.folder = folder
        program = folder / ".bin"
        program.mkdir()
        # A scenario that is put is printed back, and would keep promises by itself.
        (program / "wavetank").write_text(
            '#!/bin/sh\n[ "$1 $2 $3" != "ctl scenario put" ] || exec >put.json\n'
            f'exec {BINARY} "$@"\n')
        (program / "wavetank").chmod(0o755)
        self.port = "7070" if is_free(7070) else str(free_port())
        self.server = None
        self.environment = {
            key: value for key, value in os.environ.items()
            if not key.startswith(("WAVETANK_", "STEAMSHIP_", "SCRAMJET_", "SHIPYARD_"))}
        self.environment |= {
            "PATH": f"{program}:{os.environ['PATH']}", "HOME": str(folder),
            "PYTHONPATH": str(ROOT / "docker" / "packages" / "python"), "NO_PROXY": "127.0.0.1,localhost"}
        if self.port != "7070":
            self.environment["WAVETANK_URL"] = f"http://127.0.0.1:{self.port}"

    def local(self, text):
        if self.port == "7070":
            return text
        text = text.replace("wavetank env", f"wavetank env --url http://127.0.0.1:{self.port}")
        return re.sub(r"\b7070\b", self.port, text)

    def start(self, *flags):
        self.server = subprocess.Popen(
            [BINARY, "serve", "--quiet", *(["--port", self.port] if self.port != "7070" else []), *flags],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL)
        self.run(["wavetank", "wait", "--timeout", "20s"])

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(15)
            self.server = None

    def run(self, command):
        """Output and status; what the block leaves running is ended with it."""
        child = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = child.communicate(timeout=SECONDS)
            return output, child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return child.communicate()[0], f"no end within {SECONDS} s"

    def shell(self, text):
        # A background server would hold the pipe: the trap ends what the block has started.
        script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
        return self.run(["bash", "-c", script + self.local(text)])

    def python(self, interpreter, text):
        path = self.folder / "snippet.py"
        path.write_text(self.local(text))
        return self.run([str(interpreter), "-W", "ignore", str(path)])


def is_free(port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def shows(block, output, status):
    """Whether it ended well and showed, in order, what it promises."""
    position, missing = 0, None
    for text in block.promised:
        found = output.find(text, position)
        if found < 0:
            missing = text
            break
        position = found + len(text)
    return check(block.name, status == 0 and missing is None,
                 f"status {status}, missing {missing!r}: {output}")


def interpreter(text, environments):
    """The environment of the first client whose package the snippet imports."""
    for word, folder in (("steamship", "steamship"), ("shipyard_api", "shipyard"), ("client.", "scramjet")):
        if re.search(rf"^(from|import) {re.escape(word)}", text, re.M):
            if folder not in environments:
                environments[folder] = runner.environment_for(HERE.parent / folder)
            return environments[folder]
    return sys.executable


def two_commands(block):
    """They build this very package and run this very check: held against the files instead."""
    lines = [line.split("#")[0].strip() for line in block.text.splitlines()]
    manifest = (ROOT / "Package.swift").read_text()
    check(block.name, lines == ["swift run -c release wavetank", "Tests/run"]
          and '.executable(name: "wavetank"' in manifest and os.access(ROOT / "Tests/run", os.X_OK), lines)


def installs(block, reader):
    """Each line, with packages that `docker/release` has just made, into places of the reader's own."""
    dist = reader.folder
    made = subprocess.run([sys.executable, ROOT / "docker" / "release", "--binary", BINARY, "--out", dist, "wheel", "npm",
                           "tar"], capture_output=True, text=True)
    environment = dist / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout.split()[-1]
    machine = platform.machine()
    for line in block.text.splitlines():
        word = line.split()[0]
        if word == "sudo":  # newcomer/check_packages.py installs it, into a root of its own.
            check(f"{block.name}: the name of Debian's package", f" wavetank_{version}_amd64.deb " in line, line)
            continue
        if word == "npm" and not shutil.which("npm"):
            continue
        line = line.replace("x86_64", machine)
        output, status = reader.shell(f'PATH="{environment}/bin:$PATH"\n{line}')
        check(f"{block.name}: {word}", made.returncode == 0 and status == 0, f"{made.stderr}{status}: {output}")
    output, status = reader.shell(f"{environment}/bin/wavetank --version && wavetank-*-linux-{machine}/bin/wavetank --version")
    check(f"{block.name}: what was installed runs", status == 0 and output.count("wavetank ") == 2, output)


def versions(text):
    """What the page tells to install is what the checks of the clients run with."""
    for line in re.findall(r"`pip install ([^`]+)`", text):
        for pin in line.split():
            known = [path.parent.name for path in HERE.parent.glob("*/requirements.txt")
                     if pin in path.read_text().splitlines()]
            check(f"pip install {pin} is the version that the conformance checks use", known, line)


def links(page, text):
    """Files, headings of the page itself, and other pages of a catalogue."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    targets = [page.parent / path for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)]
    targets += [ROOT / path for path in re.findall(r"`((?:Sources|Tests|docker|Scenarios)(?:/[\w.+-]+)*)`", text)]
    targets += [CATALOGUE / f"{name}.md" for name in re.findall(r"<doc:(\w+)>", text)]
    headings = [re.sub(r"[^\w -]", "", line).replace(" ", "-").lower()
                for line in re.findall(r"^#+ (.+)$", text, re.M)]
    missing = [os.path.relpath(target, ROOT) for target in dict.fromkeys(targets) if not target.exists()]
    missing += [anchor for anchor in re.findall(r"\]\(#([^)]+)\)", text) if anchor.lower() not in headings]
    check(f"{page.name}: the {len(targets)} files that it names exist", not missing, missing)


def recipes():
    """Each heading of the cookbook that has blocks: one tenant at least, and none of another's."""
    tenants, found = {}, [block for page in COOKBOOK for block in blocks(page.read_text())]
    for block in found:
        names = re.findall(r"--tenant ([\w-]+)|/_t/([\w-]+)|\bwt-([\w-]+)", block.text)
        tenants.setdefault(block.heading, set()).update(name for three in names for name in three if name)
    check(f"the cookbook has {RECIPES} recipes or more", len(tenants) >= RECIPES, len(tenants))
    for heading, names in tenants.items():
        others = set().union(*(more for other, more in tenants.items() if other != heading))
        expect(f"{heading}: a tenant of its own", names and not names & others, names & others or "none")
    for heading in tenants:
        mine = [block for block in found if block.heading == heading]
        expect(f"{heading}: a whole scenario", any('"wavetank": 1' in block.text for block in mine))
        expect(f"{heading}: shows something", any(block.promised for block in mine))


def job_script(document):
    """The shell lines of a GitHub Actions or GitLab CI job."""
    for job in document["jobs"].values() if "jobs" in document else [document["test"]]:
        for step in job.get("steps", [{"run": line} for line in job.get("script", [])]):
            yield step.get("run", "")


def continuous_integration(block, reader):
    """Each job's own lines, in a folder with a clone, a built binary and somebody's tests."""
    document = yaml.safe_load(block.text)
    kind = "GitHub Actions" if "jobs" in document else "GitLab CI"
    lines = "\n".join(job_script(document)).splitlines()
    # A build of the package is what made BINARY; system packages are the runner image's matter.
    done = [line for line in lines if not line.strip().startswith(("swift build", "apt-get"))]
    if kind == "GitLab CI":
        job = document["test"]
        service = job["services"][0]
        help_text = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True).stdout
        for flag in (word for word in service["command"] if word.startswith("--")):
            check(f"{block.name}: the service's flag {flag} exists", flag in help_text, help_text)
        arguments = ["0" if a == "7070" else a for a in service["command"][1:]]
        home = f"http://127.0.0.1:{reader.port}"
        there = f"http://{service['alias']}:7070"
        check(f"{block.name}: the variables name the service", job["variables"]["WAVETANK_URL"] == there, job["variables"])
        says = subprocess.run([runner.environment_for(HERE.parent / "steamship"), "-c", "import sys; from steamship.utils.url import is_local; "
                               "print(is_local(sys.argv[1]))", job["variables"]["STEAMSHIP_APP_BASE"]], capture_output=True, text=True)
        check(f"{block.name}: the SDK calls packages at that very base", says.stdout.strip() == "True", says)
        # A service of GitLab's has the job's variables, too.
        reader.environment |= {k: v.replace(there, home) for k, v in job["variables"].items()}
        reader.start(*["127.0.0.1" if a == "0.0.0.0" else a for a in arguments])
    elif reader.port != "7070":
        done = [line.replace("wavetank --quiet", f"wavetank --port {reader.port} --quiet") for line in done]
    script = "\n".join(done) + "\n"
    if kind == "GitLab CI":
        script = script.replace("pip install", f"{sys.executable} -m pip install")
        script = script.replace("python -m pytest", f"{sys.executable} -m pytest")
    output, status = reader.shell(script)
    check(f"{block.name}: the {kind} job runs the tests", status == 0 and re.search(r"\d+ passed", output)
          and "failed" not in output, f"status {status}: {output}")


def run_page(page, words, environments):
    """All blocks but the jobs, which need no server of the reader's."""
    text = page.read_text()
    found = blocks(text)
    links(page, text)
    if page == README:
        check("the page has blocks of every kind",
              {"sh", "python", "yaml"} == {block.language for block in found} and len(found) > 10,
              [(block.line, block.language) for block in found])
        versions(text)
    elif page == COOKBOOK[0]:
        recipes()
    if words:
        found = [block for block in found if any(word in block.heading for word in words)]
    with tempfile.TemporaryDirectory(prefix="wavetank-readme-") as name:
        reader = Reader(pathlib.Path(name))
        try:
            for block in found:
                if block.language not in ("sh", "python"):
                    continue
                if reader.server is None:
                    reader.start()
                block.name = f"{page.name}: {block.name}"
                if "swift run" in block.text:
                    two_commands(block)
                elif "pip install ./" in block.text:
                    installs(block, reader)
                elif block.language == "sh":
                    shows(block, *reader.shell(block.text))
                else:
                    expect(f"{block.name}: says what it prints", block.promised)
                    python = interpreter(block.text, environments)
                    shows(block, *reader.python(python, block.text))
        finally:
            reader.stop()
    for block in found:
        if block.language == "yaml":
            run_job(block)


def run_job(block):
    with tempfile.TemporaryDirectory(prefix="wavetank-readme-") as name:
        reader = Reader(pathlib.Path(name))
        (reader.folder / "tests").symlink_to(HERE / "tests")
        clone = reader.folder / "wavetank" / ".build" / "release"
        clone.mkdir(parents=True)
        (clone / "wavetank").symlink_to(BINARY)
        try:
            continuous_integration(block, reader)
        finally:
            reader.stop()


def main(pages):
    page, *words = sys.argv[1:] or [None]
    environments = {}
    for one in pages:
        if page in (None, one.name):
            run_page(one, words, environments)
    finish()


if __name__ == "__main__":
    main([README])
