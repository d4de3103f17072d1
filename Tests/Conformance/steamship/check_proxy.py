"""The SDK with its built-in https addresses, unchanged: a proxy and a CA in its environment are enough."""
import json
import os
import subprocess
import sys
import tempfile

from common import Server, check, finish

folder = tempfile.TemporaryDirectory(prefix="wavetank-ca-")
subprocess.run([os.environ["WAVETANK_BINARY"], "ca", "--ca-dir", folder.name], check=True, stdout=subprocess.DEVNULL)
server = Server("--ca-dir", folder.name)

PROGRAM = """
from steamship import Steamship
client = Steamship(api_key="a-key-of-mine", workspace="proxied")
assert client.config.api_base == "https://api.steamship.com/api/v1/", client.config.api_base
package = client.use("hello-world", "at-home")
url = package.invocation_url
assert url.startswith("https://") and url.endswith(".steamship.run/proxied/at-home/"), url
assert package.invoke("greet", name="Ada") == "Hello, Ada!"
"""


def run(tenant):
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env.update(HTTPS_PROXY=f"http://{tenant}:@127.0.0.1:{server.port}", REQUESTS_CA_BUNDLE=f"{folder.name}/bundle.pem")
    return subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, timeout=120)


for tenant in ("default", "blue"):
    done = run(tenant)
    check(f"the SDK unchanged, in the tenant {tenant}", done.returncode == 0, done.stdout[-500:] + done.stderr[-1500:])

# What the SDK raises when TLS goes wrong on the way to its own address.
for fault, words in [("expired", "certificate has expired"), ("wrongHost", "match"), ("untrusted", "unable to get local issuer"),
                     ("close", "EOF"), ("reset", "reset"), ({"alert": 40}, "handshake failure"), ("cutRecord", "without response"),
                     ("corruptRecord", "bad record mac")]:
    rule = {"name": "trouble", "match": {"host": "api.steamship.com"}, "fault": {"tls": fault}}
    server.call("POST", "/_wavetank/scenario/rules?tenant=blue", content=json.dumps(rule))
    done = run("blue")
    good = done.returncode != 0 and words.lower() in done.stderr.lower().replace("_", " ")
    check(f"{fault}: the SDK raises it", good, done.stderr[-900:])
finish()
