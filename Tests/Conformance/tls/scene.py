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


def go_client():
    """The path of a program in Go that gets one URL with the library as it is."""
    CA_DIR.mkdir(parents=True, exist_ok=True)
    source, binary = CA_DIR / "main.go", CA_DIR / "client"
    source.write_text("""package main
import ("net/http"; "os")
func main() {
  request, _ := http.NewRequest("GET", os.Args[1], nil)
  request.Header.Set("X-Shipyard-API-Key", "k")
  answer, err := http.DefaultClient.Do(request)
  if err != nil { println(err.Error()); os.Exit(1) }
  if answer.StatusCode != 200 || answer.ProtoMajor != 1 { println(answer.Status); os.Exit(1) }
}
""")
    if not binary.exists():
        program(["go", "build", "-o", binary, source], timeout=240, GOCACHE=CA_DIR / "cache", GOFLAGS="-mod=mod")
    return str(binary)


def java_source(key="any"):
    """The path of a program in Java that does the same."""
    CA_DIR.mkdir(parents=True, exist_ok=True)
    source = CA_DIR / "Main.java"
    source.write_text("""import java.net.URI; import java.net.HttpURLConnection;
public class Main { public static void main(String[] names) throws Exception {
  HttpURLConnection connection = (HttpURLConnection) URI.create(names[0]).toURL().openConnection();
  connection.setRequestProperty("X-Shipyard-API-Key", "%s");
  System.exit(connection.getResponseCode() == 200 ? 0 : 1); } }
""" % key)
    return str(source)


def refuses_namespaces():
    """Why this machine gives programs no network of their own; nothing where it does."""
    tried = program([BINARY, "run", "--isolated", "--quiet", "--ca-dir", str(CA_DIR), "--", "true"])
    return tried.stderr.strip() if tried.returncode == 69 else ""
