"""What people see: colours only on a terminal and not with NO_COLOR, narrow terminals, completions
that complete, a manual page that formats."""

import os
import re
import shutil
import subprocess
import tempfile

from common import Server, check, finish
from terminal import terminal

BINARY = os.environ["WAVETANK_BINARY"]


def plain(*arguments, **more):
    return subprocess.run([BINARY, *arguments], text=True, capture_output=True, timeout=20,
                          env={**os.environ, **more})


def shown(columns, *arguments, **more):
    """What the program writes on a terminal of so many columns."""
    return terminal(columns, [BINARY, *arguments], **more)[0].replace("\r\n", "\n")


def looks():
    check("colours: on a terminal headings are bold", "\x1b[1mUsage:" in shown(100, "help"))
    check("colours: on a terminal complaints are marked", "\x1b[1;31mwavetank:" in shown(100, "serv"))
    check("colours: none by NO_COLOR", "\x1b" not in shown(100, "help", NO_COLOR="1"))
    check("colours: none on a dumb terminal", "\x1b" not in shown(100, "help", TERM="dumb"))
    check("colours: none in a pipe", "\x1b" not in plain("help").stdout + plain("serv").stderr)
    for columns in (40, 60, 80):
        for command in ("serve", "ctl", "wait"):
            text = re.sub(r"\x1b\[[0-9;]*m", "", shown(columns, "help", command))
            # Examples are for copying: they stay whole.
            lines = [line for line in text.split("Examples:")[0].split("\n") if len(line) > columns]
            check(f"{columns} columns: help {command} fits", not lines, lines)
    wide = re.sub(r"\s+", " ", plain("help", "serve").stdout)
    thin = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", shown(40, "help", "serve")))
    check("40 columns: no word is lost", wide == thin, (wide, thin))


def names():
    return re.findall(r"^  (\w+) ", plain("help").stdout.split("Commands:")[1].split("Examples:")[0], re.M)


ASK = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wavetank; printf "%s\\n" "${COMPREPLY[@]}"'


def completed(folder, *words):
    done = subprocess.run(["bash", "-c", ASK, "bash", os.path.join(folder, "bash"), *words], text=True, capture_output=True,
                          timeout=30)
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


def asked(folder):
    """What only a server knows: its tenants and rules."""
    server = Server()
    server.call("GET", "/_t/harbor-7/api/v1/version")
    rules = {"wavetank": 1, "rules": [{"name": "two refusals", "match": {"service": "shipyard"}, "error": 503}]}
    server.call("PUT", "/_wavetank/scenario?tenant=harbor-7", rules)
    place = ["--url", server.url]
    for words, expected in [(["ctl", "tenants", "drop", *place, "harb"], ["harbor-7"]), (["env", *place, "--tenant", "har"], ["harbor-7"]),
                            (["ctl", "scenario", "remove", *place, "--tenant", "harbor-7", ""], ["two\\ refusals"]),
                            (["ctl", "journal", *place, "--tenant", "harbor-7", "--rule", "tw"], ["two\\ refusals"])]:
        reply = completed(folder, BINARY, *words)
        check(f"completions bash: {' '.join(words[:3])} asks the server", reply == expected, reply)
    server.stop()
    reply = completed(folder, BINARY, "ctl", "tenants", "drop", *place, "")
    check("completions bash: no server, no names", reply == [], reply)


def completions():
    commands = names()
    with tempfile.TemporaryDirectory() as folder:
        for shell in ("bash", "zsh", "fish"):
            done = plain("completions", shell)
            path = os.path.join(folder, shell)
            open(path, "w").write(done.stdout)
            check(f"completions {shell}: every command is in them",
                  done.returncode == 0 and all(name in done.stdout for name in commands), done.stderr)
            if shutil.which(shell):
                syntax = subprocess.run([shell, "-n", path], text=True, capture_output=True)
                check(f"completions {shell}: the shell reads them", syntax.returncode == 0 and not syntax.stderr,
                      syntax.stderr)
        for line, expected in [("he", "healthcheck"), ("--po", "--port"), ("serve --clock m", "manual"), ("ctl sna", "snapshot"),
                               ("completions f", "fish"), ("serve --scenario rate", "rate-limited"),
                               ("ctl scenario put rate", "rate-limited"), ("scenarios dem", "demo"), ("help ctl cl", "clock"),
                               ("ctl journal --operation shipyard.fleetRun.cr", "shipyard.fleetRun.create"),
                               ("ctl scenario re", "remove"), ("ctl state ste", "steamship"), ("serve --print j", "json"),
                               ("ctl openapi wav", "wavetank"), ("serve --log-level deb", "debug"), ("ctl journal --log js", "json"),
                               ("ctl clock --mode manual --b", "--by"), ("ctl clock --b", "--by"), ("ctl reset --b", ""),
                               ("run -- healthchec", ""), ("sweep -- healthchec", ""), ("record -- healthchec", "")]:
            reply = completed(folder, "wavetank", *line.split(" "))
            check(f"completions bash: {line} becomes {expected}", reply == expected.split(), reply)
        if shutil.which("fish"):
            open(os.path.join(folder, "script.py"), "w").close()
            ask = f"source {folder}/fish; cd {folder}; complete -C 'wavetank sweep --clock skip -- cat scri'"
            reply = subprocess.run(["fish", "--no-config", "-c", ask], text=True, capture_output=True, timeout=30).stdout
            check("completions fish: behind -- as for the program itself", reply.split() == ["script.py"], reply)
        reply = completed(folder, "wavetank", "ctl", "")
        check("completions bash: ctl's words, and no flag before them", reply[0] == "reset" and "metrics" in reply
              and not [word for word in reply if word.startswith("-")], reply)
        reply = completed(folder, "wavetank", "help", "")
        check("completions bash: help's commands", reply == commands, reply)
        asked(folder)
    for arguments in (["completions"], ["completions", "csh"], ["manual", "now"]):
        done = plain(*arguments)
        check(f"usage: {' '.join(arguments)} (64)", done.returncode == 64 and done.stderr, done.stderr)


def manual():
    text = plain("manual").stdout
    flags = re.findall(r"^  (--[\w-]+)", plain("help", "serve").stdout, re.M)
    check("manual: every command and every flag of serve", flags and all(
        name.replace("-", r"\-") in text for name in names() + flags), text[:300])
    if not shutil.which("man"):
        print("ok manual: formatting skipped: no man")
        return
    done = subprocess.run(["man", "-l", "--warnings", "-"], input=text, text=True, capture_output=True,
                          env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    check("manual: man formats it without a warning",
          done.returncode == 0 and not done.stderr and "EXIT STATUS" in done.stdout, done.stderr)


looks()
completions()
manual()
finish()
