"""Runs the user's Steamship code: `api.py` of an unzipped package or plugin, by the SDK's own entry point.

`zygote`: has the SDK imported and forks a worker for each version that asks for one: a worker is there
in some milliseconds. `worker FOLDER`: one worker alone, for code that brings an SDK of its own.
`unpack`: an archive. `environment FOLDER`: this interpreter with what pip installs there beside its own.

Descriptor 3 of a worker is its channel: frames of four bytes of length (big-endian) and one JSON value,
both ways; an answer for each request, in order. Its end is the worker's. Descriptor 3 of a zygote takes
packets: one JSON value with three descriptors (channel, output, errors) for each worker wanted.
"""

import ctypes
import faulthandler
import fcntl
import gc
import importlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import resource
import selectors
import signal
import site
import socket
import stat
import struct
import subprocess
import sys
import traceback
import zipfile

CHANNEL = 3


def outer_pid():
    """The number by which the server knows this process: it may live in a namespace of its own."""
    return int(os.readlink("/proc/self"))


class Channel:
    def __init__(self, descriptor):
        self.socket = socket.socket(fileno=descriptor)

    def read_exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            part = self.socket.recv(min(count - len(parts), 1 << 20))
            if not part:
                return None
            parts += part
        return bytes(parts)

    def receive(self):
        head = self.read_exactly(4)
        content = head and self.read_exactly(struct.unpack(">I", head)[0])
        return None if content is None else json.loads(content)

    def send(self, value):
        content = json.dumps(value, default=str).encode()
        self.socket.sendall(struct.pack(">I", len(content)) + content)


def limit(limits):
    for name, value in (limits or {}).items():
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        except (ValueError, OSError):
            pass  # A lower limit is in force already.


def hide_distribution():
    """The folder brings an SDK of its own: the one that is installed is not its version."""
    found = importlib.metadata.Distribution.from_name.__func__

    def from_name(cls, name):
        if name == "steamship":
            raise importlib.metadata.PackageNotFoundError(name)
        return found(cls, name)

    importlib.metadata.Distribution.from_name = classmethod(from_name)


def failure(message, status=500):
    return {"status": {"state": "failed", "statusMessage": message}, "http": {"status": status, "headers": None}}


def set_up_logging():
    """What the code logs goes to standard error, but for what the entry point says of each call: the
    caller's fields are among it."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(lambda record: record.module != "lambda_handler" or record.levelno > logging.INFO)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def serve(channel):
    """Answers requests until the channel ends."""
    set_up_logging()
    faulthandler.enable()
    standard = [(number, fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 200)) for number in (1, 2)]
    try:
        handler = importlib.import_module("steamship.invocable.entrypoint").safe_handler
    except Exception as error:
        problem = traceback.format_exc()
        traceback.print_exc()
        said = "The Steamship SDK cannot be imported:"
        if isinstance(error, ModuleNotFoundError) and error.name == "steamship":
            said = (f"{sys.executable} has no Steamship SDK: install it there (pip install steamship), "
                    "or name an interpreter that has it (--python).")
        channel.send({"pid": outer_pid(), "error": f"{said}\n{problem}"})
        return
    channel.send({"pid": outer_pid()})
    mine = os.getpid()
    while (event := channel.receive()) is not None:
        try:
            answer = handler(event, None)
        except Exception:
            # The entry point answers failures itself; this one is the SDK's own.
            traceback.print_exc()
            answer = failure(traceback.format_exc())
        if os.getpid() != mine:
            os._exit(1)  # The code has forked, and this is its copy: one answers.
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            pass  # The code has closed them.
        for number, kept in standard:
            os.dup2(kept, number)
        try:
            channel.send(answer)
        except (TypeError, ValueError):
            channel.send(failure(f"The answer is no JSON: {traceback.format_exc()}"))


def settle(folder):
    """Makes this process one that runs the folder's code."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv = ["api.py"]
    if os.path.isdir(os.path.join(folder, "steamship")):
        hide_distribution()


def away_from_standard(descriptor):
    """The channel to a number that nobody guesses: what the code prints or closes does not meet it."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(descriptor)
    return moved


def worker(folder):
    channel = Channel(away_from_standard(CHANNEL))
    settle(folder)
    serve(channel)


# MARK: Zygote

CLONE_NEWUSER, CLONE_NEWPID = 0x10000000, 0x20000000
PR_SET_DUMPABLE = 4


def leave_namespaces(gives_users):
    """The children of this process get numbers and bounds of their own: what one of them starts goes
    when it goes, and however many that are, the others' share is untouched."""
    identity = os.getuid(), os.getgid()
    flags = CLONE_NEWPID if gives_users else CLONE_NEWUSER | CLONE_NEWPID
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if gives_users:
        return
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{identity[0]} {identity[0]} 1"),
        ("gid_map", f"{identity[1]} {identity[1]} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def become(user):
    """Nobody's equal: neither the files nor the processes of other workers are this one's."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    # Its own files below /proc are its own again.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def can_leave_namespaces(gives_users):
    pid = os.fork()
    if pid == 0:
        try:
            leave_namespaces(gives_users)
            os._exit(0 if os.fork() >= 0 else 1)
        except OSError:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def watch_over_child(descriptor):
    """In the first process of a namespace: waits for the worker, says through its channel how it ended,
    and takes all others along."""
    worker = os.fork()
    if worker == 0:
        return
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == worker:
            code = os.waitstatus_to_exitcode(status)
            end = {"signal": -code} if code < 0 else {"exit": code}
            try:
                os.set_blocking(descriptor, False)
                Channel(descriptor).send({"ended": end})
            except OSError:
                pass  # Nobody listens any more, or it is full.
            os._exit(0)


def fork_worker(order, descriptors, listener, wakeups, is_isolated):
    """In the child: never comes back."""
    status = 1
    try:
        listener.close()
        for end in wakeups:
            end.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        user = order.get("user")
        if is_isolated:
            leave_namespaces(user is not None)
            if os.fork() > 0:
                os._exit(0)
            watch_over_child(descriptors[0])
        os.setsid()
        channel, output, errors = descriptors
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.close(output)
        os.close(errors)
        os.environ["HOME"] = order["home"]
        os.environ["TMPDIR"] = order["home"]
        limit(order["limits"] | ({"NPROC": order["processes"]} if is_isolated else {}))
        if user is not None:
            become(user)
        settle(order["folder"])
        serve(Channel(away_from_standard(channel)))
        status = 0
    except SystemExit as end:
        traceback.print_exc()
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status & 0xFF)


def orphans(workers):
    """What ended workers have left behind: it is ours now, by the kernel's rule."""
    mine = str(outer_pid())
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/status") as file:
                fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        except OSError:
            continue
        pid = int(fields.get("NSpid", name).split()[-1])
        if fields.get("PPid") == mine and pid not in workers and not fields["State"].startswith("Z"):
            yield pid


def reap(workers, is_isolated):
    ended = False
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        ended = pid in workers or ended
        workers.discard(pid)
    if ended and not is_isolated:
        for pid in orphans(workers):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass


def zygote(gives_users):
    importlib.import_module("steamship.invocable.entrypoint")
    listener = socket.socket(fileno=CHANNEL)
    is_isolated = can_leave_namespaces(gives_users)
    listener.send(json.dumps({"pid": outer_pid()}).encode())
    reading, writing = socket.socketpair()
    for end in (reading, writing):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    workers = set()
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(reading, selectors.EVENT_READ)
    # What is there now stays there: a worker's collector need not look at it, and copies no page for it.
    gc.freeze()
    while True:
        for key, _ in selector.select():
            if key.fileobj is reading:
                try:
                    reading.recv(4096)
                except BlockingIOError:
                    pass
                reap(workers, is_isolated)
                continue
            content, descriptors, _, _ = socket.recv_fds(listener, 1 << 16, 3)
            if not content:
                return
            order = json.loads(content)
            try:
                pid = os.fork()
            except OSError:
                traceback.print_exc()
                pid = -1
            if pid == 0:
                selector.close()
                fork_worker(order, descriptors, listener, (reading, writing), is_isolated)
            if pid > 0:
                workers.add(pid)
            for descriptor in descriptors:
                os.close(descriptor)


# MARK: Archives


NAME_BYTES_MAX = 1024


def unpack(folder, bytes_max, files_max):
    """Unpacks the zip at descriptor 3: files and folders within the folder, nothing else."""
    with zipfile.ZipFile(os.fdopen(CHANNEL, "rb")) as archive:
        entries = archive.infolist()
        if len(entries) > files_max:
            sys.exit(f"it holds more than {files_max} files")
        if sum(entry.file_size for entry in entries) > bytes_max:
            sys.exit(f"it is larger than {bytes_max} bytes when unpacked")
        for entry in entries:
            name = entry.filename
            if name.startswith("/") or "\\" in name or ".." in name.split("/"):
                sys.exit(f"it holds a path outside of itself: {name!r}")
            if len(name.encode()) > NAME_BYTES_MAX:
                sys.exit(f"it holds a path of more than {NAME_BYTES_MAX} bytes: {name[:60]!r}…")
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                sys.exit(f"it holds a link or a device: {name!r}")
        left = bytes_max
        for entry in entries:
            path = os.path.join(folder, entry.filename)
            if entry.is_dir():
                os.makedirs(path, 0o755, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
            # The directory may lie about sizes.
            with archive.open(entry) as source, open(path, "wb") as target:
                while part := source.read(1 << 20):
                    left -= len(part)
                    if left < 0:
                        sys.exit(f"it is larger than {bytes_max} bytes when unpacked")
                    target.write(part)
            mode = entry.external_attr >> 16 & 0o111
            os.chmod(path, 0o755 if mode else 0o644)


# MARK: Environments


def environment(folder, arguments):
    """Makes an environment in the folder and installs what the arguments for pip name. What this
    interpreter has is there too, and gives way to what is installed: it is looked at last."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    python = os.path.join(folder, "bin", "python")
    packages = os.path.join(folder, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    for path in (os.path.dirname(python), packages):
        os.makedirs(path)
    os.symlink(base if os.access(base, os.X_OK) else sys.executable, python)
    with open(os.path.join(folder, "pyvenv.cfg"), "w") as file:
        file.write(f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\n")
    with open(os.path.join(packages, "interpreter.pth"), "w") as file:
        for path in site.getsitepackages():
            if os.path.isdir(path):
                file.write(f"import site; site.addsitedir({path!r})\n")
    if importlib.util.find_spec("pip") is None:
        made = subprocess.run([python, "-m", "ensurepip", "--default-pip"])
        if made.returncode != 0:
            sys.exit(f"{sys.executable} has no pip, and no ensurepip that makes one (python3-venv of a distribution)")
    os.execv(python, [python, "-m", "pip", "install", *arguments])


def main():
    if sys.argv[1] == "zygote":
        zygote(gives_users="users" in sys.argv[2:])
    elif sys.argv[1] == "environment":
        environment(sys.argv[2], sys.argv[3:])
    elif sys.argv[1] == "unpack":
        try:
            unpack(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        except Exception as problem:  # Whatever its reader and its codings make of a broken one.
            sys.exit(f"it is no zip archive, or a broken one: {problem}")
    else:
        worker(sys.argv[2])


main()
