"""The CA: made once, for its user alone, refused where it cannot be used; how OpenSSL sees what it signs."""
import pathlib
import shutil
import socket
import ssl
import stat
import subprocess
import tempfile

from common import check, finish
from scene import BINARY, CA, CA_DIR, serve, wavetank

folder = tempfile.TemporaryDirectory()
fresh = pathlib.Path(folder.name) / "fresh"
export = [BINARY, "ca", "export", "--ca-dir", fresh]
many = [subprocess.Popen(export, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
made = {process.communicate(timeout=60) for process in many}
check(
    "eight programs that begin at once make one CA",
    len(made) == 1 and b"BEGIN CERTIFICATE" in next(iter(made))[0],
    made,
)
(fresh / "bundle.pem").unlink()
many = [subprocess.Popen(export, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
again = {process.communicate(timeout=60) for process in many}
check("and a bundle that is missing is made again", again == made and (fresh / "bundle.pem").exists(), again)
check("its key is the user's alone", stat.S_IMODE((fresh / "ca.key").stat().st_mode) == 0o600)
check("and so is its folder", stat.S_IMODE(fresh.stat().st_mode) == 0o700)
bundle = (fresh / "bundle.pem").read_bytes()
check("the bundle begins with the CA", bundle.startswith((fresh / "ca.pem").read_bytes()))

(fresh / "ca.key").chmod(0o644)
said = wavetank("path", ca_dir=fresh)
check("a key that others could read is its owner's alone again, and that is said",
      said.returncode == 0 and "others could read" in said.stderr and stat.S_IMODE((fresh / "ca.key").stat().st_mode) == 0o600, said)
check("once", wavetank("path", ca_dir=fresh).stderr == "")

before = (fresh / "ca.pem").read_bytes()
check("renew makes another", wavetank("renew", ca_dir=fresh).returncode == 0 and (fresh / "ca.pem").read_bytes() != before)
for name, words in [("path", [str(fresh / "ca.pem")]), ("install", ["update-ca-certificates", "REQUESTS_CA_BUNDLE"])]:
    said = wavetank(name, ca_dir=fresh)
    check(f"ca {name} says it", said.returncode == 0 and all(word in said.stdout for word in words), said)
check("a word that is none is a usage error", wavetank("renwe", ca_dir=fresh).returncode == 64)
check("ca --install is ca install", wavetank("--install", ca_dir=fresh).stdout == wavetank("install", ca_dir=fresh).stdout)

foreign = fresh.parent / "foreign"
foreign.mkdir()
for name in ("ca.key", "bundle.pem"):
    (foreign / name).write_text("somebody else's")
    said = wavetank("path", ca_dir=foreign)
    check(f"a {name} that lies there without a CA is not written over", said.returncode == 1 and "--ca-dir" in said.stderr
          and (foreign / name).read_text() == "somebody else's" and not (foreign / "ca.pem").exists(), said)
    (foreign / name).unlink()
(foreign / "lock").touch()
(foreign / "ca.key").write_text("half of it")
check("one that was being made is made again", wavetank("path", ca_dir=foreign).returncode == 0 and (foreign / "ca.pem").exists())

(fresh / "ca.pem").write_text("nonsense")
said = wavetank(ca_dir=fresh)
check("a CA that cannot be read is refused with a reason", said.returncode == 1 and "cannot be read" in said.stderr, said.stderr)
shutil.copy(CA_DIR / "ca.pem", fresh) if CA.exists() else None
wavetank()
shutil.copy(CA, fresh)
said = wavetank(ca_dir=fresh)
check("a key of another CA, too", said.returncode == 1 and "belong together" in said.stderr, said.stderr)

wavetank("renew", ca_dir=fresh)
plain_key = (fresh / "ca.key").read_bytes()
for form in (["pkey"], ["ec"]):
    locked = subprocess.run(["openssl", *form, "-aes256", "-passout", "pass:secret"], input=plain_key, capture_output=True, timeout=60)
    (fresh / "ca.key").write_bytes(locked.stdout)
    said = subprocess.run([BINARY, "ca", "--ca-dir", fresh], capture_output=True, text=True, timeout=60, start_new_session=True)
    check(f"a key with a password ({form[0]}) is refused, and nobody is asked for it",
          b"ENCRYPTED" in locked.stdout and said.returncode == 1 and "has a password" in said.stderr and "pass phrase" not in said.stderr, said)
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "99", "-subj", "/CN=leaf",
                "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", fresh / "ca.key", "-out", fresh / "ca.pem"],
               check=True, capture_output=True, timeout=60)
said = wavetank(ca_dir=fresh)
check("and so is a certificate that is no authority's", said.returncode == 1 and "no authority" in said.stderr, said)
wavetank("renew", ca_dir=fresh)
for command in (["run", "--intercept", "own.example=shipyard", "--", "true"], ["run", "--", "true"]):
    said = subprocess.run([BINARY, command[0], "--ca-dir", fresh, *command[1:]], capture_output=True, text=True, timeout=60)
    check(f"a CA that does not cover a name is told of: {command[1]}",
          ("may not sign for own.example" in said.stderr) == ("--intercept" in command), said)
said = wavetank("renew", "--intercept", "own.example=shipyard", ca_dir=fresh)
said = subprocess.run([BINARY, "run", "--ca-dir", fresh, "--intercept", "own.example=shipyard", "--", "true"],
                      capture_output=True, text=True, timeout=60)
check("and no more when one that covers it was made", "may not sign" not in said.stderr, said)

server = serve()


def handshake(host, *, strict=True, version=None, session=None):
    context = ssl.create_default_context(cafile=str(CA))
    if strict:
        # What Python asks for from 3.13 on.
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if version:
        context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            secure.sendall(b"GET /_wavetank/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := secure.recv(65536):
                answer += piece
            return secure.version(), secure.selected_alpn_protocol(), answer


for host in ["api.steamship.com", "ada.steamship.run", "api.scramjet.cloud", "api.app.shipyardapp.com",
             "webhooks.app.shipyardapp.com", "localhost", "127.0.0.1"]:
    version, protocol, answer = handshake(host)
    check(f"strict Python trusts {host}", version == "TLSv1.3" and protocol == "http/1.1" and b"200 OK" in answer)
version, _, answer = handshake("api.steamship.com", version=ssl.TLSVersion.TLSv1_2)
check("TLS 1.2 is spoken", version == "TLSv1.2" and b"200 OK" in answer)
try:
    handshake("bank.example")
    check("the CA cannot stand for a bank", False)
except ssl.SSLCertVerificationError as error:
    check("the CA cannot stand for a bank", "permitted subtree" in str(error), error)

try:
    with socket.create_connection(("::1", server.port), timeout=20) as plain:
        context = ssl.create_default_context(cafile=str(CA))
        with context.wrap_socket(plain, server_hostname="::1") as secure:
            check("it listens on ::1, too, and its certificate says so", secure.version() == "TLSv1.3")
    health = subprocess.run([BINARY, "healthcheck", "--url", f"http://[::1]:{server.port}"], timeout=60)
    check("the CLI finds it there", health.returncode == 0)
except OSError as error:
    print(f"-- no IPv6 here: {error}")

broken = serve()
context = ssl.create_default_context(cafile=str(CA))
key = (CA_DIR / "ca.key").read_bytes()
(CA_DIR / "ca.key").write_text("nonsense")
try:
    with socket.create_connection(("127.0.0.1", broken.port), timeout=20) as plain:
        context.wrap_socket(plain, server_hostname="localhost")
    check("without a CA to use TLS is refused by an alert", False)
except ssl.SSLError as error:
    check("without a CA to use TLS is refused by an alert", "INTERNAL_ERROR" in str(error), error)
(CA_DIR / "ca.key").write_bytes(key)
check("and the server says why, once", broken.text().count("A client speaks TLS, and is refused") == 1, broken.text())
check("and serves on in the clear", broken.call("GET", "/_wavetank/health")[0] == 200)
finish()
