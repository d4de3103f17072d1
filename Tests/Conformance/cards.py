"""The card of a vendor's published clients, from the journals that their checks have left on a server."""

import json
import pathlib
import subprocess
import tempfile
import urllib.request

# Folders whose checks drive a vendor's own clients, each with how those call themselves.
CLIENTS = {
    "steamship": ("python-requests/",),
    "scramjet": ("Python/", "aiohttp", "node", "axios", "python-requests/"),
    "shipyard": ("python-requests/",),
    # The tests of the Steamship SDK itself, as far as they need no code that is deployed.
    "sdksuite": ("python-requests/",),
}


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def entries_of(url, names):
    """What these clients asked, of all tenants, one after the other."""
    found = []
    for tenant in get(f"{url}/_wavetank/tenants")["tenants"]:
        if not tenant.get("exchanges"):
            continue
        journal = get(f"{url}/_wavetank/journal?detail=whole&limit=1000000&tenant={tenant['name']}")
        for entry in journal["entries"]:
            fields = {field["name"].lower(): field["value"] for field in entry["request"]["fields"]}
            if fields.get("user-agent", "").startswith(names):
                # Numbers count in a tenant; connections in the server.
                found.append({**entry, "number": len(found) + 1})
    return found


def make(folder, url, binary, output):
    """Writes FOLDER.txt and FOLDER.html. Gives what there is to say about the card; None where there is none to
    make."""
    if folder not in CLIENTS:
        return None
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as journal:
        json.dump({"entries": entries_of(url, CLIENTS[folder])}, journal)
        journal.flush()
        for form, name in (("text", f"{folder}.txt"), ("html", f"{folder}.html"), ("json", f"{folder}.json")):
            subprocess.run([binary, "report", "--journal", journal.name, "--format", form, "--output", output / name],
                           check=True, timeout=120, stdin=subprocess.DEVNULL)
    return (output / f"{folder}.txt").read_text().splitlines()[0]
