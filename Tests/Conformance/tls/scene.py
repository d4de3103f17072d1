"""A server with a CA of its own, and the environment that leads unmodified programs to it."""
import os
import pathlib
import subprocess
import tempfile

from common import Server

BINARY = os.environ["WAVETANK_BINARY"]
_folder = tempfile.TemporaryDirectory(prefix="wavetank-ca-")
CA_DIR = pathlib.Path(_folder.name) / "state"
CA = CA_DIR / "ca.pem"
BUNDLE = CA_DIR / "bundle.pem"

ORG = "11111111-1111-4111-8111-111111111111"
PROJECT = "22222222-2222-4222-8222-222222222222"
FLEET = "33333333-3333-4333-8333-333333333333"


def wavetank(*arguments, ca_dir=CA_DIR):
    return subprocess.run([BINARY, "ca", *arguments, "--ca-dir", str(ca_dir)], capture_output=True, text=True, timeout=60)


def serve(*flags):
    return Server("--ca-dir", str(CA_DIR), *flags)


def program(command, timeout=60, **more):
    """Runs it in an environment that is empty but for what is said."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env.update({name: str(value) for name, value in more.items()})
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout)
