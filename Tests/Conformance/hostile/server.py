"""A server of the check's own, on a free port."""
import json
import os
import subprocess
import tempfile
import time


class Server:
    def __init__(self, *flags):
        self.folder = tempfile.TemporaryDirectory()
        ready = os.path.join(self.folder.name, "ready")
        self.process = subprocess.Popen(
            [os.environ["WAVETANK_BINARY"], "serve", "--port", "0", "--ready-file", ready, "--quiet", *flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.time() + 30
        while not (os.path.exists(ready) and os.path.getsize(ready)) and time.time() < end:
            time.sleep(0.005)
        with open(ready) as file:
            self.port = json.load(file)["port"]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()
