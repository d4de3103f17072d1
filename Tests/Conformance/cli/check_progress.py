"""Long transfers of `wavetank ctl` tell how far they are: on a terminal only, within its width,
without colours, and without a trace at the end."""

import os
import random
import subprocess
import tempfile
import urllib.request

from common import check, finish
from terminal import environment, terminal

BINARY = os.environ["WAVETANK_BINARY"]
URL = os.environ["WAVETANK_URL"].rstrip("/")
TENANT = "progress"


def command(*arguments):
    return [BINARY, "ctl", *arguments, "--url", URL, "--tenant", TENANT]


def shown(columns, *arguments, **more):
    """What the program writes on a terminal of so many columns, and its status."""
    return terminal(columns, command(*arguments), **more)


def fill():
    """A world whose snapshot is some megabytes: bytes that no compression makes smaller."""
    subprocess.run(command("reset"), timeout=20, check=True, capture_output=True)
    content = random.Random(7).randbytes(6 << 20)
    form = (b'--b\r\nContent-Disposition: form-data; name="type"\r\n\r\nfile\r\n'
            b'--b\r\nContent-Disposition: form-data; name="handle"\r\n\r\ncargo\r\n'
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
            + content + b"\r\n--b--\r\n")
    request = urllib.request.Request(
        f"{URL}/_t/{TENANT}/api/v1/file/create", form,
        {"Authorization": "Bearer k", "Content-Type": "multipart/form-data; boundary=b"})
    urllib.request.urlopen(request, timeout=20).close()


def on_screen(text):
    """What is left on the last line when all has been written."""
    line = []
    place = 0
    for letter in text.split("\n")[-1]:
        if letter == "\r":
            place = 0
            continue
        line[place:place + 1] = letter
        place += 1
    return "".join(line).strip()


def transfers(snapshot):
    for columns in (40, 80, 120):
        for verb, label in (("get", "saving the snapshot"), ("put", "sending the snapshot")):
            arguments = ["snapshot", verb] + (["--output", snapshot] if verb == "get" else [snapshot])
            text, status = shown(columns, *arguments)
            frames = [frame.rstrip() for frame in text.split("\r") if frame.strip()]
            name = f"snapshot {verb}, {columns} columns"
            check(f"{name}: is done", status == 0, text[-300:])
            check(f"{name}: tells how far it is", any(label in frame for frame in frames), text[:300])
            check(f"{name}: stays in its line", all(len(frame) < columns for frame in frames)
                  and "\n" not in text, [frame for frame in frames if len(frame) >= columns])
            check(f"{name}: leaves nothing", on_screen(text) == "", text[-200:])
            check(f"{name}: no colours", "\x1b" not in text, text[:200])
    text, _ = shown(80, "snapshot", "put", snapshot)
    frames = text.split("\r")
    check("an upload goes up to 100 %", any("100 %" in frame for frame in frames), text[-400:])
    check("an upload shows a bar and sizes", any("[#" in frame and " MiB" in frame for frame in frames),
          text[:300])
    check("the server's own work is told", any("restores" in frame for frame in frames), text[-400:])


def silence(snapshot):
    for name, more in (("in a pipe", None), ("on a dumb terminal", {"TERM": "dumb"})):
        if more is None:
            done = subprocess.run(command("snapshot", "put", snapshot), capture_output=True, text=True,
                                  timeout=60, env=environment())
            text, status = done.stdout + done.stderr, done.returncode
        else:
            text, status = shown(80, "snapshot", "put", snapshot, **more)
        check(f"nothing {name}", status == 0 and text == "", text[:200])
    text, status = shown(80, "clock")
    check("nothing for what is short", status == 0 and "receiving" not in text, text[:200])
    text, status = shown(80, "snapshot", "put", snapshot, NO_COLOR="1")
    check("NO_COLOR: the same without colours", status == 0 and "MiB" in text and "\x1b" not in text,
          text[:200])
    with open(snapshot, "r+b") as file:
        file.seek(2 << 20)
        file.write(b"x" * 64)
    text, status = shown(80, "snapshot", "put", snapshot)
    last = text.rstrip().split("\r")[-1]
    check("a refusal stands alone on its line", status == 1 and "wavetank:" in last and "MiB" not in last,
          text[-300:])


fill()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "world.tar.gz")
    transfers(path)
    silence(path)
finish()
