"""What `docker/release` makes: the same bytes twice, accepted by the checkers of each kind, installed and
run where nothing else is."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

from common import check, expect, finish

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ["WAVETANK_BINARY"]


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more)
    return done.returncode, done.stdout


def pack(place, *kinds):
    status, output = run(sys.executable, ROOT / "docker" / "release", "--binary", BINARY, "--out", place, *kinds)
    expect(f"docker/release {' '.join(kinds)}", status == 0, output)
    return {path.suffix: path for path in map(pathlib.Path, output.split())}


def wheel(path, other):
    check("the wheel is the same bytes when it is made again", path.read_bytes() == other.read_bytes())
    tools = pathlib.Path(sys.executable).parent
    status, output = run(tools / "twine", "check", "--strict", path)
    check("twine takes the wheel", status == 0, output)
    status, output = run(tools / "check-wheel-contents", path)
    check("check-wheel-contents takes the wheel", status == 0, output)


def archive(path, place):
    with tarfile.open(path) as packed:
        packed.extractall(place)
    top = place / path.name.removesuffix(".tar.gz")
    status, output = run(top / "bin" / "wavetank", "--version")
    check("the program of the tar.gz runs", status == 0 and output.startswith("wavetank "), output)
    check("manual and completions lie where systems look for them",
          all((top / "share" / name).stat().st_size for name in
              ("man/man1/wavetank.1", "bash-completion/completions/wavetank", "zsh/site-functions/_wavetank",
               "fish/vendor_completions.d/wavetank.fish")))


def debian(path, place):
    """Installed into a root of its own, and purged."""
    root = place / "root"
    for name in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / name).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    dpkg = ["dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless", "--log=/dev/null"]
    status, output = run(*dpkg, "-i", path)
    check("the Debian package is installed", status == 0 and (root / "usr/bin/wavetank").exists(), output)
    status, output = run(root / "usr/bin/wavetank", "--version")
    check("its program runs", status == 0, output)
    status, output = run(*dpkg, "--purge", "wavetank")
    left = [str(found.relative_to(root)) for found in root.rglob("*") if found.is_file() and "var/lib/dpkg" not in str(found)]
    check("purging it leaves nothing", status == 0 and not left, (output, left))
    if shutil.which("lintian"):
        status, output = run("lintian", "--fail-on", "error,warning", path)
        check("lintian takes it", status == 0, output)


def sums(place):
    text = (place / "SHA256SUMS").read_text()
    status, output = run("sha256sum", "-c", "SHA256SUMS", cwd=place)
    check("SHA256SUMS holds", status == 0 and re.search(r"\.whl$", text, re.M), output)


with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    status, output = run(sys.executable, ROOT / "docker" / "release", "--binary", "/nonexistent", "--out", place / "none")
    check("docker/release: a program that is not there is a sentence", status == 1 and "/nonexistent" in output
          and "Traceback" not in output, output)
    kinds = ["wheel", "tar"] + (["deb"] if shutil.which("dpkg-deb") else [])
    made = pack(place / "one", *kinds)
    again = pack(place / "two", "wheel")
    wheel(made[".whl"], again[".whl"])
    archive(made[".gz"], place)
    if ".deb" in made:
        debian(made[".deb"], place)
    sums(place / "one")
finish()
