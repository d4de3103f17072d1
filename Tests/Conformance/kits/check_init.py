"""`wavetank init`: for each client that it finds it makes a scenario, a test that passes, and a CI snippet; what is there
stays."""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile

from common import check, finish

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ["WAVETANK_BINARY"]


def run(folder, *command, seconds=120, **more):
    environment = {**os.environ, **more}
    for name in ("WAVETANK_URL", "WAVETANK_BINARY"):
        environment.pop(name, None)
    environment["PATH"] = f"{pathlib.Path(BINARY).parent}:{environment['PATH']}"
    try:
        done = subprocess.run([str(part) for part in command], cwd=folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return f"no end within {seconds} s", str(late.stdout)


def made(place, name, files, *flags):
    """A folder with those files, after `init`; and what it said."""
    folder = place / name
    folder.mkdir()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    status, output = run(folder, BINARY, "init", *flags)
    check(f"init for {name}", status == 0 and "Next (" in output and output.count("made ") >= 2, (status, output))
    for scenario in folder.rglob("two-refusals.json"):
        status, told = run(folder, BINARY, "check", scenario)
        check(f"init for {name}: its scenario is good", status == 0, told)
    return folder, output


def python(place, wheel):
    installed = place / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    shutil.copy(BINARY, place / "wavetank")
    for name, requirement, word in (("shipyard", "shipyard-api==0.3.0", "ShipyardClient"), ("python", "requests", "urllib")):
        folder, _ = made(place, name, {"requirements.txt": requirement + "\n", "README.md": "mine"})
        test = folder / "tests" / "test_wavetank.py"
        status, output = run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test,
                             PYTHONPATH=str(installed), PATH=f"{place}:{os.environ['PATH']}")
        check(f"init for {name}: its test passes as it is", word in test.read_text() and status == 0 and "1 passed" in output,
              output)
        green = test.read_text()
        test.write_text(green.replace("attempts=3", "attempts=2"))
        status, output = run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test,
                             PYTHONPATH=str(installed), PATH=f"{place}:{os.environ['PATH']}")
        check(f"init for {name}: it is red when the code gives up too early", status == 1 and "two refusals" in output, output)
        test.write_text("# mine")
        status, output = run(folder, BINARY, "init")
        check(f"init for {name}: a second time it keeps what is there",
              status == 0 and output.count("kept ") == 3 and "made " not in output and test.read_text() == "# mine", output)
    for package, vendor in (("steamship==2.17.34", "steamship"), ("scramjet-api-client==1.1.1", "scramjet")):
        folder, output = made(place, vendor, {"pyproject.toml": f'[project]\nname = "x"\nversion = "1"\ndependencies = ["{package}"]\n'})
        vendor_test(place, folder, vendor, package, installed)


def vendor_test(place, folder, vendor, package, installed):
    """In an environment of its own: the vendors' packages want different versions of what they share."""
    home = place / f"environment-{vendor}"
    venv.create(home, with_pip=True)
    more = ["scramjet-client-utils==1.1.1"] if vendor == "scramjet" else []
    status, output = run(folder, home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                         package, "pytest==8.4.2", *more, seconds=240)
    if not check(f"init for {vendor}: its packages are there", status == 0, output):
        return
    status, output = run(folder, home / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests",
                         PYTHONPATH=str(installed), PATH=f"{place}:{os.environ['PATH']}")
    check(f"init for {vendor}: its test passes as it is, with the vendor's own package", status == 0 and "1 passed" in output,
          output)


def javascript(place, package):
    if not shutil.which("node"):
        print("ok init for node skipped: no Node")
        return
    folder, output = made(place, "node", {"package.json": '{"name": "x", "private": true}'})
    modules = folder / "node_modules"
    modules.mkdir()
    with tarfile.open(package) as archive:
        archive.extractall(modules)
    (modules / "package").rename(modules / "wavetank")
    status, output = run(folder, "node", "--test", "test/wavetank.test.mjs")
    check("init for node: its test passes as it is", status == 0 and "# pass 1" in output, output)
    test = folder / "test" / "wavetank.test.mjs"
    test.write_text(test.read_text().replace("attempts = 3", "attempts = 2"))
    status, output = run(folder, "node", "--test", "test/wavetank.test.mjs")
    check("init for node: it is red when the code gives up too early", status != 0 and "refused with 503" in output, output)


def programs(place):
    """What has no kit runs under `wavetank run`: the command that `init` tells."""
    samples = {
        "go": ("go", {"go.mod": "module example.com/harbor\n\ngo 1.19\n", "harbor.go": "package harbor\n"}),
        "java": ("java", {"pom.xml": "<project/>"}),
        "shell": ("curl", {"Package.swift": "// swift-tools-version: 6.0\n"}),
    }
    for name, (program, files) in samples.items():
        folder, output = made(place, name, files)
        if not shutil.which(program):
            print(f"ok init for {name}: not run: no {program}")
            continue
        command = output.strip().splitlines()[-1].strip()
        status, output = run(folder, "sh", "-c", command, GOFLAGS="-mod=mod", GOCACHE=str(place / "go"))
        check(f"init for {name}: what it tells to do next passes", status == 0 and "Expected: holds" in output, (command, output))


def snippets(place):
    both, output = made(place, "both", {"requirements.txt": "", "package.json": "{}", ".gitlab-ci.yml": "x: {script: [true]}\n"})
    text = (both / ".gitlab" / "wavetank.yml").read_text()
    check("what is to be installed is a file of a release, for nothing is in a registry",
          "install -r requirements.txt ./wavetank-*.whl pytest" in text and "npm install --no-save ./wavetank-*.tgz" in text, text)
    check("two clients in one folder: tests for both, and the CI that is there",
          "wavetank-python:" in text and "wavetank-node:" in text and not (both / ".github").exists()
          and (both / "tests" / "test_wavetank.py").exists() and (both / "test" / "wavetank.test.mjs").exists(), (text, output))
    text = (place / "shipyard" / ".github" / "workflows" / "wavetank.yml").read_text()
    check("a workflow for GitHub with the commands that it tells", "pytest tests/test_wavetank.py" in text
          and "-r requirements.txt" in text and "jobs:\n  python:\n" in text, text)
    alone, _ = made(place, "none", {}, "--client", "python", "--ci", "none")
    check("--client and --ci", not (alone / ".github").exists() and (alone / "tests" / "test_wavetank.py").exists())
    for arguments, word in ((["--client", "perl"], "python"), (["--ci", "x"], "gitlab"), (["a", "b"], "“b”")):
        status, output = run(place, BINARY, "init", *arguments)
        check(f"init {' '.join(arguments)} is refused", status == 64 and word in output, output)
    status, output = run(place, BINARY, "init", "no-such-folder")
    check("a folder that is not there is exit 1", status == 1 and "no-such-folder" in output, output)


with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    status, packed = run(ROOT, sys.executable, "docker/release", "--binary", BINARY, "--out", place / "dist", "wheel", "npm")
    if check("docker/release packs a wheel and a package for Node", status == 0, packed):
        wheel, package = packed.split()
        python(place, wheel)
        javascript(place, package)
    programs(place)
    snippets(place)
finish()
