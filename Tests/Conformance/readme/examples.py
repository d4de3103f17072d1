"""An example project of `Tests/Examples`, copied out of the repository and run as its README says, with the package that
`docker/release` has just made; then the lines of its jobs."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import yaml

from check_readme import BINARY, ROOT, blocks, job_script
from common import check, expect, finish

EXAMPLES = ROOT / "Tests" / "Examples"
SECONDS = 200
# What each installs: the kind of package, and the variable by which its README and its jobs name it.
PROJECTS = {
    "offline-tests": ("wheel", "WAVETANK_WHEEL"), "sdk-contract": ("npm", "WAVETANK_PACKAGE"),
    "demo": ("tar", "WAVETANK_ARCHIVE"), "chaos": ("wheel", "WAVETANK_WHEEL"),
}


class User:
    """Somebody with a copy of a project, a package of a release, and the program on the path."""

    def __init__(self, project, place, package):
        self.folder = pathlib.Path(shutil.copytree(
            EXAMPLES / project, place / project, ignore=shutil.ignore_patterns(".venv", "node_modules", "__pycache__")))
        program = place / "bin"
        program.mkdir(exist_ok=True)
        if not (program / "wavetank").exists():
            (program / "wavetank").symlink_to(BINARY)
        kept = {key: value for key, value in os.environ.items() if key.startswith("PIP_") or key.lower().startswith("npm_config")}
        self.environment = {
            **kept, "PATH": f"{program}:{os.environ['PATH']}", "HOME": str(place), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "GITHUB_STEP_SUMMARY": str(place / "summary.md"),
            PROJECTS[project][1]: package.as_uri() if package.name.endswith(".tar.gz") else str(package)}

    def shell(self, script):
        """Output and status; what it leaves running is ended with it."""
        child = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = child.communicate(timeout=SECONDS)
            return output, child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return child.communicate()[0], f"no end within {SECONDS} s"


def missing(promised, output):
    """The first line that should be shown, in order, and is not."""
    position = 0
    for text in promised:
        found = output.find(text, position)
        if found < 0:
            return text
        position = found + len(text)
    return None


def files_named(user, text):
    """What the table of the README tells is there."""
    named = [word for line in text.splitlines() if line.startswith("| `") for word in line.split("|")[1].replace("`", "").split(", ")]
    gone = [name for name in map(str.strip, named) if not (user.folder / name).exists()]
    check(f"{user.folder.name}: the {len(named)} files that its README names are there", named and not gone, gone)


def jobs(user):
    """The lines of each job, by the shell, with the packages in the place of those to be downloaded."""
    for path in sorted([*user.folder.glob(".github/workflows/*.yml"), *user.folder.glob(".gitlab-ci.yml")]):
        document = yaml.safe_load(path.read_text())
        job = next(iter(document["jobs"].values())) if "jobs" in document else document["test"]
        needed = set(job.get("env", job.get("variables", {})))
        expect(f"{path.name}: its variables are those that the README tells of", needed <= set(user.environment), needed)
        output, status = user.shell("\n".join(job_script(document)))
        check(f"{user.folder.name}: the job of {path.name} is green", status == 0 and not re.search(r"skipped [1-9]|[1-9] skipped", output), f"{status}: {output}")


def pack(kind, place):
    made = subprocess.run([sys.executable, ROOT / "docker" / "release", "--binary", BINARY, "--out", place, kind],
                          capture_output=True, text=True)
    expect(f"docker/release {kind}", made.returncode == 0, made.stderr)
    return pathlib.Path(made.stdout.strip())


def main(name):
    found = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
    expect("every project has a check", found == sorted(PROJECTS), found)
    if name == "sdk-contract" and not shutil.which("npm"):
        print(f"ok {name} skipped: no npm")
        finish()
    with tempfile.TemporaryDirectory(prefix="wavetank-example-") as place:
        user = User(name, pathlib.Path(place), pack(PROJECTS[name][0], pathlib.Path(place) / "dist"))
        text = (user.folder / "README.md").read_text()
        files_named(user, text)
        for block in blocks(text):
            expect(f"{name}, line {block.line}: shell, as all that a reader types", block.language == "sh", block.language)
            output, status = user.shell(block.text)
            lost = missing(block.promised, output)
            if not check(f"{name}, line {block.line}", status == 0 and lost is None, f"status {status}, missing {lost!r}: {output}"):
                break
        else:
            jobs(user)
    finish()
