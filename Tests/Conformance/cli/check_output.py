"""What scripts rely on: where output goes when it cannot go there, standard input as a file, the ready file,
`--print`."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from common import Server, check, finish

BINARY = os.environ["WAVETANK_BINARY"]
server = Server()
GOOD, BAD = '{"wavetank": 1, "name": "piped"}', '{"wavetank": 1, "rules": [{"name": "x", "match": {}, "delay": 250}]}'


def run(*arguments, shell=None, stdin=""):
    command = ["bash", "-c", shell, BINARY, *arguments] if shell else [BINARY, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, input=stdin,
                          env={**os.environ, "WAVETANK_URL": server.url})


def full():
    """Every command that prints: a disk that is full, and a descriptor that is closed."""
    for arguments in (["manual"], ["version"], ["help"], ["help", "serve"], ["ctl", "clock", "--help"], ["scenarios"],
                      ["scenarios", "demo"], ["env"], ["completions", "bash"], ["completions", "--names", "operations"],
                      ["ca", "path"], ["check", "demo"], ["ctl", "journal"], ["ctl", "snapshot"], ["ctl", "clock"]):
        for place, reason in (("> /dev/full", "no space left"), (">&-", "bad file")):
            done = run(*arguments, shell=f'"$0" "$@" {place}')
            check(f"{' '.join(arguments)} {place} is exit 1 and a sentence", done.returncode == 1
                  and "standard output" in done.stderr and reason in done.stderr.lower() and done.stderr.count("\n") == 1,
                  (done.returncode, done.stderr))
    done = run(shell='"$0" manual | head -1')
    check("a reader that wants no more is no failure", done.returncode == 0 and done.stderr == "", done)
    process = subprocess.Popen(["bash", "-c", f'exec "{BINARY}" serve --port 0 > /dev/full'], stderr=subprocess.PIPE, text=True)
    told = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    check("serve > /dev/full: told, and it serves until it is ended", "standard output" in told and process.wait(15) == 0,
          (told, process.returncode))


def special(folder):
    """What is no file is written into, and stays what it is."""
    done = run("ctl", "clock", "--output", "/dev/full")
    check("--output /dev/full is exit 1", done.returncode == 1 and "/dev/full" in done.stderr
          and not pathlib.Path("/dev/full").is_file(), (done.returncode, done.stderr))
    done = run(shell='"$0" ctl clock --output /dev/stdout | cat')
    check("--output /dev/stdout is standard output", '"mode"' in done.stdout, done)
    for name in ("/dev/fd/1", "/proc/self/fd/1"):
        done = run(shell=f'(echo before; "$0" ctl clock --output {name}; echo after) > "{folder}/all"; cat "{folder}/all"')
        check(f"--output {name} adds to a redirected file", re.fullmatch(r'before\n\{"mode".*\n?after\n', done.stdout), done)
        done = run(shell=f'"$0" ctl clock --output {name} >&-')
        check(f"--output {name} >&- is exit 1", done.returncode == 1 and name in done.stderr, done)
    # Links of our own: what was done to /dev/stdout would be done to the machine.
    standard = folder / "stdout"
    standard.symlink_to("/proc/self/fd/1")
    done = run(shell=f'"$0" ctl clock --output "{standard}" >&-')
    check("a link to a closed descriptor stays one", done.returncode == 1 and standard.is_symlink(), done)
    nothing = folder / "nothing"
    nothing.symlink_to(folder / "made")
    run("ctl", "clock", "--output", str(nothing))
    check("a link that leads to nothing yet stays one", nothing.is_symlink() and '"mode"' in nothing.read_text())
    file, link = folder / "file.json", folder / "link.json"
    file.write_text("old")
    link.symlink_to(file)
    run("ctl", "clock", "--output", str(link))
    check("a symbolic link stays one", link.is_symlink() and '"mode"' in file.read_text())
    done = run(shell=f'(echo before; "$0" ctl clock --output "{folder}/./all"; echo after) > "{folder}/all"; cat "{folder}/all"')
    check("nor is the file that standard output is replaced, however it is spelled",
          re.fullmatch(r'before\n\{"mode".*\n?after\n', done.stdout), done)
    done = run("ctl", "clock", "--output", "/dev/fd/9")
    check("a descriptor that nobody gave names nothing", done.returncode == 1 and "bad file descriptor" in done.stderr, done)
    file.chmod(0o600)
    run("ctl", "clock", "--output", str(file))
    check("whose file is for its owner alone stays so", file.stat().st_mode & 0o777 == 0o600, oct(file.stat().st_mode))
    done = run("ctl", "clock", "--output", f"{folder}/made/")
    check("a path that ends in a slash is no file", done.returncode == 1 and "directory" in done.stderr, done)
    done = run("ctl", "scenario", "put", str(folder))
    check("a directory is no file", done.returncode == 64 and "directory" in done.stderr, done)
    done = run(shell=f'"$0" ctl scenario put - < "{folder}"')
    check("nor on standard input", done.returncode == 64 and "directory" in done.stderr, done)


def standard_input(folder):
    for name in ("-", "/dev/stdin"):
        done = run("check", name, stdin=GOOD)
        check(f"check {name}", done.returncode == 0 and f"{name}: good" in done.stdout, done)
        done = run("check", name, stdin=BAD)
        check(f"check {name}: places, and milliseconds where they were meant",
              done.returncode == 1 and f"{name}:1:" in done.stderr and '"250ms"' in done.stderr, done)
    done = run(shell=f"\"$0\" check <(echo '{GOOD}')")
    check("check <(…)", done.returncode == 0, done)
    (folder / "answer.bin").write_bytes(b"x")
    named = '{"wavetank": 1, "rules": [{"name": "f", "respond": {"file": "answer.bin"}}]}'
    done = run(shell=f"here=$(realpath \"$0\"); cd \"{folder}\"; \"$here\" check <(echo '{named}')")
    check("check <(…) of a scenario that names a file: it is meant from here", done.returncode == 0, done)
    for twice in (("-", "-"), ("-", "/dev/stdin"), ("--together", "/dev/stdin", "/dev/fd/0"), ("/proc/self/fd/0", "-")):
        done = run("check", *twice, stdin=GOOD)
        check(f"check {' '.join(twice)}: standard input twice is refused", done.returncode == 64
              and f"“{twice[-1]}”" in done.stderr and done.stdout == "", done)
    never = '{"wavetank": 1, "rules": [{"name": "never", "match": {"method": "BREW"}, "error": 503}]}'
    for name in ("-", "/dev/stdin"):
        done = run("check", name, stdin=never)
        check(f"check {name} warns as it does of a file", done.returncode == 0 and "warning" in done.stderr
              and "BREW" in done.stderr and f"{name}: good" in done.stdout, done)
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    done = run("check", str(fifo))
    check("a FIFO that nobody writes holds nobody up", done.returncode == 1 and "no regular file" in done.stderr, done)
    process = subprocess.Popen([BINARY, "serve", "--port", "0", "--scenario", "-", "--print", "url"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdin.write(GOOD)
    process.stdin.close()
    told = subprocess.run([BINARY, "ctl", "scenario", "--url", process.stdout.readline().strip()], capture_output=True,
                          text=True, timeout=30)
    process.send_signal(signal.SIGTERM)
    check("serve --scenario -", '"piped"' in told.stdout and process.wait(15) == 0, told)


def unread(folder):
    """A report into a FIFO that nobody reads: what waits for a reader is ended by a signal."""
    fifo, told = folder / "unread-report", folder / "told"
    os.mkfifo(fifo)
    call = ("import urllib.request as u; print(u.urlopen(u.Request('http://api.steamship.com/api/v1/account/current', "
            "headers={'Authorization': 'Bearer k'})).status)")
    ask = ["--", sys.executable, "-c", call]
    # What says that the program is over, or all of its runs.
    for command, flag, rest, last in (("run", "--junit", ask, "200"), ("run", "--har", ask, "200"), ("record", "--out", ["--", "echo", "ran"], "ran"),
                                      ("sweep", "--junit", ["--max-runs", "1", *ask], "finding")):
        for number in (signal.SIGTERM, signal.SIGINT):
            with told.open("w") as output:
                process = subprocess.Popen([BINARY, command, flag, str(fifo), *rest], stdin=subprocess.DEVNULL, stdout=output,
                                           stderr=subprocess.DEVNULL)
            until(lambda: last in told.read_text())

            def ended():
                time.sleep(0.2)
                process.send_signal(number)
                return process.poll() is not None
            check(f"{command} {flag} FIFO ends with {number.name}", until(ended) and process.returncode == 128 + number, process.returncode)
            process.kill()
    process = subprocess.Popen([BINARY, "run", "--junit", str(fifo), "--quiet", "--", "true"], stdin=subprocess.DEVNULL)
    told = fifo.read_text()
    check("who does read it gets the report", process.wait(30) == 0 and told.endswith("</testsuite>\n"), told)


def untouched(folder):
    """Files that programs of other runs may be reading stay as they are where nothing has changed."""
    place = folder / "ca"
    seen = []
    for _ in range(2):
        done = run("run", "--ca-dir", str(place), "--quiet", "--", "true")
        seen.append({path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in place.iterdir()})
    check("a second run writes nothing anew into --ca-dir", done.returncode == 0 and "trust.p12" in seen[0] and "wgetrc" in seen[0]
          and seen[0] == seen[1], seen)
    (place / "wgetrc").write_text("old")
    run("run", "--ca-dir", str(place), "--quiet", "--", "true")
    check("but what is not as it should be", "ca_certificate" in (place / "wgetrc").read_text())


def schema(folder):
    source = pathlib.Path(__file__).resolve().parents[3] / "Scenarios"
    files = [str(file) for file in sorted(source.glob("*.json"))]
    done = run("check", *files)
    check("check Scenarios/*.json passes over the schema and is good", done.returncode == 0 and done.stderr == ""
          and "schema" in done.stdout and done.stdout.count(": good") == len(files) - 1, done)
    done = run("check", "--quiet", *files)
    check("and with --quiet it says nothing", done.returncode == 0 and done.stdout + done.stderr == "", done)
    done = run("check", str(source / "scenario.schema.json"))
    check("a schema alone is nothing to check", done.returncode == 1 and "no scenario" in done.stderr, done)
    bad = folder / "bad.json"
    bad.write_text('{"$schema": "./scenario.schema.json", "wavetank": 1, "rulez": []}')
    done = run("check", str(bad), files[0])
    check("a scenario that names its schema is checked", done.returncode == 1 and "rulez" in done.stderr, done)


def until(condition, seconds=20):
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


def ready_file(folder):
    ready = folder / "ready.json"
    def command_for(file):
        return [BINARY, "serve", "--port", "0", "--quiet", "--ready-file", str(file)]

    command = command_for(ready)

    def content():
        return json.loads(ready.read_text()) if ready.exists() else None

    # A pid that is no more, one that lives but listens elsewhere, and in a container our own.
    for name, left in (("of a server that was killed", '{"port":1,"pid":4194300}'), ("that is garbage", "garbage"),
                       ("of another process", json.dumps({"port": 1, "pid": os.getpid()}))):
        ready.write_text(left)
        # It cannot get on: standard input says nothing yet.
        process = subprocess.Popen([*command, "--scenario", "-"], stdin=subprocess.PIPE, text=True)
        gone = until(lambda: not ready.exists())
        process.stdin.write(GOOD)
        process.stdin.close()
        there = until(lambda: ready.exists())
        told = content()
        process.send_signal(signal.SIGTERM)
        check(f"ready file {name}: gone while the server loads, ours once it is ready, gone at the end",
              gone and there and told["pid"] == process.pid and told["port"] > 1 and process.wait(15) == 0
              and not ready.exists(), (gone, there, told))
    ready.write_text(json.dumps({"port": server.port, "pid": server.process.pid}))
    done = run("serve", "--port", str(server.port), "--ready-file", str(ready))
    check("a second server on a taken port leaves the first one's ready file", done.returncode == 1
          and content() == {"port": server.port, "pid": server.process.pid}, (done, content()))
    process = subprocess.Popen(command)
    until(lambda: (content() or {}).get("pid") == process.pid)
    ready.write_text(json.dumps({"port": 2, "pid": 1}))
    process.send_signal(signal.SIGTERM)
    check("the ready file of another is not taken away at the end", process.wait(15) == 0 and content()["port"] == 2)
    done = run("serve", "--port", "0", "--ready-file", str(folder / "no" / "ready.json"))
    check("a ready file that cannot be written is told before anything is ready", done.returncode == 1
          and done.stdout == "" and "ready file" in done.stderr and done.stderr.count("\n") == 1, done)
    for name in ("/dev/fd/1", f"{folder}/./all"):
        (folder / "all").unlink(missing_ok=True)
        command = f'exec > "{folder}/all"; echo before; exec "$0" serve --port 0 --ready-file "$1"'
        process = subprocess.Popen(["bash", "-c", command, BINARY, name])
        until(lambda: '"port"' in (folder / "all").read_text() if (folder / "all").exists() else False)
        process.send_signal(signal.SIGTERM)
        check(f"--ready-file {name} adds to a redirected file", process.wait(15) == 0
              and re.fullmatch(r'before\n(.*\n)*\{"port".*\n(.*\n)*', (folder / "all").read_text()), (folder / "all").read_text())
    linked, target = folder / "linked", folder / "target"
    target.write_text("garbage")
    linked.symlink_to(target)
    process = subprocess.Popen(command_for(linked))
    there = until(lambda: target.exists() and '"port"' in target.read_text())
    process.send_signal(signal.SIGTERM)
    check("a link to the ready file stays one, and what it leads to comes and goes", there and process.wait(15) == 0
          and linked.is_symlink() and not target.exists(), there)
    fifo = folder / "unread"
    os.mkfifo(fifo)
    process = subprocess.Popen([*command_for(fifo), "--print", "url"], stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    done = run("wait", "--url", url)
    process.send_signal(signal.SIGTERM)
    check("a FIFO that nobody reads holds up neither the server nor its end", done.returncode == 0 and process.wait(15) == 0,
          (url, done))
    check("and nothing else is left beside it", sorted(p.name for p in folder.glob("ready.json*")) == ["ready.json"],
          list(folder.iterdir()))


def printed():
    for what, pattern in (("url", r"http://127\.0\.0\.1:\d+"), ("port", r"\d+"), ("json", r'{"port":\d+,"pid":\d+}'),
                          ("env", r"export WAVETANK_URL='http://127\.0\.0\.1:\d+'")):
        process = subprocess.Popen([BINARY, "--port", "0", "--print", what], stdout=subprocess.PIPE, text=True)
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        check(f"--print {what}", re.fullmatch(pattern, first.strip()) and (what == "env" or rest == "")
              and process.wait(15) == 0, (first, rest))
    process = subprocess.Popen([BINARY, "--port", "0", "--run-code", "--python", "/nowhere/python", "--print", "port"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    told = process.stderr.read()
    check("an interpreter that is not there is told at the start, and it serves", process.wait(15) == 0
          and "--python" in told and "/nowhere/python" in told, told)
    done = run("serve", "--print", "ports")
    check("--print of something else is refused", done.returncode == 64 and "port" in done.stderr, done)
    done = run("help", "serve")
    check("the help says what kill -9 loses", "kill -9 loses" in " ".join(done.stdout.split()), done.stdout)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    full()
    special(folder)
    standard_input(folder)
    schema(folder)
    ready_file(folder)
    unread(folder)
    untouched(folder)
    printed()
finish()
