"""Wavetank and its peers as processes: started on a free port of 127.0.0.1, ended by their ids."""
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import machine

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 15000; multi_accept on; }}
http {{
  access_log off; keepalive_timeout 300s; keepalive_requests 1000000000;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{
    listen 127.0.0.1:{port} backlog=4096{secure};
    location / {{ default_type application/json; return 200 '{{"status":"ok","version":"1.0.0","tasks":10000,"uptime":12}}'; }}
  }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, method, path, body=None, fields=None, timeout=30, is_secure=False):
    """One request, its status, fields and content; without a library that would retry or follow."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    if is_secure:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=timeout, context=ssl._create_unverified_context())
    try:
        content = json.dumps(body) if isinstance(body, (dict, list)) else body
        sent = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, content, {**sent, **(fields or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class Server:
    """A running server; a context manager."""

    name = "server"
    path = "/health"
    ready = 200
    is_secure = False

    def __init__(self, cores=None, environment=None):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="wavetank-bench-"))
        self.cores = cores or machine.SERVER_CORE
        self.environment = {**os.environ, **(environment or {})}

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        cores = self.cores
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder,
            env=self.environment, start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                if ask(self.port, "GET", self.path, timeout=5, is_secure=self.is_secure)[0] == self.ready:
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        text = (self.folder / "log").read_text(errors="replace")[-2000:]
        self.__exit__()
        raise RuntimeError(f"{self.name} does not answer {self.path}: {text}")

    def __exit__(self, *_):
        for pid in machine.family(self.process.pid):
            try:
                os.kill(pid, signal.SIGTERM)
            except OSError:
                pass
        try:
            self.process.wait(8)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self):
        return machine.family(self.process.pid)


class Nginx(Server):
    name = "nginx"

    def secure(self):
        return ""

    def command(self):
        configuration = self.folder / "nginx.conf"
        configuration.write_text(NGINX.format(folder=self.folder, port=self.port, secure=self.secure()))
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(configuration)]


class SecureNginx(Nginx):
    is_secure = True

    def secure(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", self.folder / "key.pem", "-out", self.folder / "certificate.pem"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (f" ssl; ssl_certificate {self.folder}/certificate.pem; ssl_certificate_key {self.folder}/key.pem;"
                " ssl_protocols TLSv1.2 TLSv1.3")


class Go(Server):
    name = "Go"
    tools = None

    def command(self):
        return [str(self.tools / "peer"), str(self.port)]


class Limit(Server):
    name = "limit"
    tools = None

    def command(self):
        return [str(self.tools / "limit"), str(self.port)]


class Wavetank(Server):
    """With the journal on and a scenario whose one rule never matches, unless another is given."""

    name = "Wavetank"
    path = "/_wavetank/health"
    binary = None
    never = {
        "wavetank": 1,
        "name": "bench",
        "rules": [{"name": "never", "match": {"service": "shipyard", "header": {"x-never": "1"}}, "error": 503}],
    }

    def __init__(self, scenario=None, arguments=(), binary=None, loops=1, **more):
        super().__init__(**more)
        self.binary = binary or self.binary
        self.scenario, self.arguments, self.loops = scenario or self.never, list(arguments), loops

    def command(self, port=None):
        file = self.folder / "scenario.json"
        file.write_text(json.dumps(self.scenario))
        return [str(self.binary), "serve", "--port", str(port or self.port), "--threads", str(self.loops), "--quiet",
                "--scenario", str(file), *self.arguments]

    def seed_tasks(self, count=10_000):
        """Makes tasks as a client would: background calls; returns their ids."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        fields = {"Authorization": "Bearer bench", "Content-Type": "application/json", "X-Task-Background": "true"}
        ids = []
        for _ in range(count):
            connection.request("POST", "/api/v1/workspace/list", "{}", fields)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a background call answered {answer.status}: {content[:300]}")
            ids.append(json.loads(content)["status"]["taskId"])
        connection.close()
        return ids
