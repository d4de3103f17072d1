"""What people see: colours only on a terminal and not with NO_COLOR, narrow terminals, completions
that complete, a manual page that formats."""

import os
import re
import shutil
import subprocess
import tempfile

from common import check, finish
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
        ask = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wavetank; echo "${COMPREPLY[*]}"')
        for words, expected in [(["wavetank", "he"], "healthcheck"), (["wavetank", "--po"], "--port"),
                                (["wavetank", "serve", "--clock", "m"], "manual"),
                                (["wavetank", "ctl", "sna"], "snapshot"),
                                (["wavetank", "completions", "f"], "fish")]:
            done = subprocess.run(["bash", "-c", ask, "bash", os.path.join(folder, "bash"), *words],
                                  text=True, capture_output=True)
            check(f"completions bash: {' '.join(words)} becomes {expected}", done.stdout.split() == [expected],
                  done.stdout + done.stderr)
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
