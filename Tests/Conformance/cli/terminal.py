"""What a program writes on a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import termios


def environment(**more):
    """One in which colours and widths are as a plain terminal has them."""
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
    return {**kept, "TERM": "xterm", **more}


def terminal(columns, command, **more):
    """What it writes on a terminal of so many columns, and its status; `more` is its environment."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment(**more))
    os.close(slave)
    output = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    status = child.wait(60)
    os.close(master)
    return output.decode(), status
