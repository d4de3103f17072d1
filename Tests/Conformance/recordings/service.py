"""A small service over TLS that stands for a vendor's real one: what it says is its own, so that whoever
records it can be told from the emulator."""

import http.server
import json
import pathlib
import ssl
import subprocess
import threading
import time

KEY = "swordfish-real-key-1"
OTHER = "swordfish-answered-2"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *_):
        pass

    def answer(self, status, content, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if not {"Transfer_Encoding", "Content_Length"} & set(fields):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_any(self):
        length = int(self.headers.get("content-length") or 0)
        content = self.rfile.read(length)
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        Handler.seen.append((self.command, self.path, dict(self.headers), content))
        path = self.path.split("?")[0]
        if path.endswith("/slow"):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            # The rest comes once the first piece has arrived, which the client tells by a file.
            arrived = pathlib.Path(self.path.partition("?arrived=")[2])
            limit = time.monotonic() + 60
            for number in range(3):
                piece = f"piece {number}\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
                while not arrived.exists() and time.monotonic() < limit:
                    time.sleep(0.01)
                time.sleep(0.2)
            self.wfile.write(b"0\r\n\r\n")
        elif path.endswith("/packed"):
            import gzip
            self.answer(200, gzip.compress(b'{"packed": "' + b"y" * 500 + b'"}'), Content_Type="application/json",
                        Content_Encoding="gzip")
        elif path.endswith("/lines"):
            self.answer(200, b'{"n": 1}\n{"token": "%s", "n": 2}\n' % OTHER.encode(), Content_Type="application/x-ndjson")
        elif path.endswith("/broken"):
            self.close_connection = True
            self.answer(200, b'{"user": {"apiKey": "%s", "n": ' % OTHER.encode(), Content_Type="application/json",
                        Content_Length="500")
        elif path.endswith("/gone"):
            self.close_connection = True
        elif path.endswith("/login"):
            self.answer(200, json.dumps({"user": {"apiKey": OTHER, "handle": "me"}, "echo": KEY}).encode(),
                        Content_Type="application/json", Set_Cookie="session=swordfish-cookie-3; HttpOnly")
        else:
            self.answer(200, json.dumps({"path": path, "got": len(content)}).encode(), Content_Type="application/json",
                        X_Real="yes")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_any


def certificates(folder, *hosts):
    """An authority of its own and a certificate for the hosts: the paths of ca.pem and chain.pem."""
    folder = pathlib.Path(folder)
    run = lambda *command: subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True, timeout=60)
    ca, key = folder / "upstream-ca.pem", folder / "upstream-ca.key"
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", ca,
        "-days", 2, "-subj", "/CN=Real Authority")
    leaf, request, leaf_key = folder / "leaf.pem", folder / "leaf.csr", folder / "leaf.key"
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", leaf_key, "-out", request,
        "-subj", "/CN=real")
    names = folder / "names.cnf"
    names.write_text("subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts))
    run("x509", "-req", "-in", request, "-CA", ca, "-CAkey", key, "-CAcreateserial", "-days", 2, "-out", leaf,
        "-extfile", names)
    chain = folder / "chain.pem"
    chain.write_text(leaf.read_text() + leaf_key.read_text())
    return ca, chain


class Service:
    def __init__(self, folder, *hosts):
        self.ca, chain = certificates(folder, *hosts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def seen(self):
        return Handler.seen
