"""Names that Unicode's normalisation makes equal, and that the real services tell apart: through all three APIs, the rules
of a scenario and a snapshot each of a pair stays a thing of its own."""

import json
import urllib.parse

from common import check, finish
from traffic import KNOWN
from world import World, unpack

# As (written in one code point, in several) where that can be; what follows them is alike.
PAIRS = {
    "accent": ("caf\u00e9", "cafe\u0301"),
    "sign": ("\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"),
    "Hangul": ("\uac00", "\u1100\u1161"),
    "order": ("a\u0301\u0323", "a\u0323\u0301"),
}
HUB = "/api/v1"
SPACE = "/api/v1/space/demo/api/v1"
FLEETS = f"/orgs/{KNOWN['org'][0]}/projects/{KNOWN['project'][0]}/fleets"
BASH = {"source": {"type": "CODE", "language": "BASH", "file_to_run": "a.sh", "file": {"name": "a.sh", "content": "echo"}}}


def quoted(text):
    return urllib.parse.quote(text, safe="")


def steamship(server, operation, body):
    """`data` of the answer; what it says of its failure where there is none."""
    answer = server.data("POST", f"/api/v1/{operation}", body)
    return answer.get("data") or answer.get("status") or {}


def user_of(server, key):
    """The id of the user who has this key, sent as it stands, in UTF-8."""
    answer = server.data("GET", "/api/v1/account/current", fields={"authorization": f"Bearer {key}".encode()})
    return answer.get("data", {}).get("user", {}).get("id", answer)


# ---------------------------------------------------------------------- what is made, and how it is read back
def tags_of(server, name, what):
    query = f'{what} "{name}" and filetag'
    return [tag["name"] for tag in steamship(server, "tag/query", {"tagFilterQuery": query}).get("tags", [])]


def make_steamship(server, pair):
    ids = {}
    for name in pair:
        tag = {"kind": f"k {name}", "name": name, "value": {name: name}}
        ids[name] = steamship(server, "file/create", {"tags": [tag], "blocks": [{"text": name}]}).get("file", {}).get("id")
        url = sign(server, name, "Write")
        status = server.call("PUT", url, f"bytes of {name}".encode())[0]
        check(f"an upload to the signed URL of {ascii(name)} is taken", status in (200, 201, 204), status)
    return ids


def sign(server, name, operation):
    """Path and query of a signed URL."""
    made = steamship(server, "workspace/createSignedUrl",
                     {"bucket": "userData", "filepath": f"x/{name}.bin", "operation": operation})
    url = urllib.parse.urlsplit(made.get("signedUrl", ""))
    return f"{url.path}?{url.query}"


def read_steamship(server, pair, when):
    for name in pair:
        for what, text in (("kind", f"k {name}"), ("name", name)):
            found = tags_of(server, text, what)
            check(f"{when}: the query for the {what} {ascii(name)} finds its own tag", found == [name], found)
        query = f'value("{name}") = "{name}" and filetag'
        found = [tag["name"] for tag in steamship(server, "tag/query", {"tagFilterQuery": query}).get("tags", [])]
        check(f"{when}: the query for the value at {ascii(name)} finds its own tag", found == [name], found)
        status, content = server.call("GET", sign(server, name, "Read"))
        check(f"{when}: the signed URL of {ascii(name)} gives its own bytes",
              (status, content) == (200, f"bytes of {name}".encode()), (status, content))


def package(name):
    import tarfile

    from traffic import tar_gz

    manifest = json.dumps({"name": name, "version": "1.0.0", "main": "i.js"}, ensure_ascii=False).encode()
    return tar_gz([("package.json", manifest, tarfile.REGTYPE, ""), ("i.js", b"", tarfile.REGTYPE, "")])


def make_scramjet(server, pair):
    ids = {}
    for name in pair:
        octets = {"content-type": "application/octet-stream"}
        answer = server.data("POST", f"{HUB}/sequence", package(name), fields={**octets, "x-name": name.encode()})
        ids[name] = answer.get("id")
        status, content = server.call("PUT", f"{SPACE}/s3/{quoted(name)}.tar.gz", package(name), fields=octets)
        check(f"the store takes {ascii(name)}", status == 202, (status, content))
    return ids


def read_scramjet(server, pair, ids, when):
    for name in pair:
        found = server.data("GET", f"{HUB}/sequence/{quoted(name)}").get("id")
        check(f"{when}: the sequence {ascii(name)} is found by its own name", found == ids[name], found)
    stored = server.call("GET", f"{SPACE}/s3")[1].decode()
    for name in pair:
        check(f"{when}: the store lists {ascii(name)}", name in stored, stored)


def make_shipyard(server, pair):
    fleet = {"name": pair[0], "vessels": {name: BASH for name in pair}, "connections": {pair[0]: {pair[1]: "SUCCESS"}}}
    status, content = server.call("PUT", FLEETS, json.dumps(fleet, ensure_ascii=False).encode(),
                                  fields={"content-type": "application/x-yaml"})
    check(f"a fleet with two vessels is taken: {ascii(pair)}", status in (200, 201), (status, content))
    return next((line[5:] for line in content.decode().splitlines() if line.startswith("_id: ")), "none")


def read_shipyard(server, pair, fleet, when):
    text = server.call("GET", f"{FLEETS}/{fleet}")[1].decode()
    for name in pair:
        check(f"{when}: the fleet has the vessel {ascii(name)}", text.count(name) >= 2, text)
    overrides = [{"name": name, "environment_variable_overrides": {"WHO": f"of {name}"}} for name in pair]
    answer = server.data("POST", f"{FLEETS}/{fleet}/fleetruns", {"vessel_overrides": overrides})
    run = (answer.get("data") or {}).get("fleet_run_id")
    state = server.data("GET", "/_wavetank/state/shipyard")
    voyages = next((one.get("voyages", []) for one in state.get("runs", []) if one.get("id") == run), [])
    found = {voyage["vessel"]: voyage["environment"].get("WHO") for voyage in voyages}
    check(f"{when}: each vessel of {ascii(pair)} has its own override",
          found == {name: f"of {name}" for name in pair}, (answer, found))


def try_rules(server, pair):
    """A rule for the one does not match the other, whatever the condition; nor does its name mean the other's rule."""
    left, right = pair
    conditions = {
        "equality": left, "contains": {"contains": left}, "glob": {"glob": left + "*"}, "regex": {"regex": f"^{left}$"},
    }
    for how, condition in conditions.items():
        for place, match in {"query": {"query": {"q": condition}}, "header": {"header": {"x-q": condition}},
                             "body": {"body": {"pointer": {"/q": condition}}}}.items():
            rule = {"name": left, "match": {"operation": "steamship.task.noop", **match}, "error": 503}
            status, content = server.control("POST", "/scenario/rules", [rule])
            found = [status] + [
                server.call("POST", f"/api/v1/task/noop?q={quoted(name)}", json.dumps({"q": name}),
                            fields={"x-q": name.encode()})[0]
                for name in pair]
            check(f"a rule by {how} on the {place} strikes {ascii(left)} alone", found == [201, 503, 200],
                  (found, content))
            server.control("DELETE", "/scenario/rules")
    made = server.control("POST", "/scenario/rules", [
        {"name": left, "match": {"query": {"q": left}}, "error": 503},
        {"name": right, "match": {"query": {"q": right}}, "error": 504}])
    found = [server.call("GET", f"{HUB}/version?q={quoted(name)}")[0] for name in pair]
    check(f"two rules named {ascii(pair)} strike each their own", found == [503, 504], (made, found))
    status, content = server.control("DELETE", f"/scenario/rules/{quoted(left)}")
    found = [server.call("GET", f"{HUB}/version?q={quoted(name)}")[0] for name in pair]
    check(f"the rule named {ascii(left)} is removed alone", found == [200, 504], (status, content, found))
    server.control("DELETE", "/scenario/rules")
    for name in pair:
        asked = {"match": {"query": {"q": name}, "operation": "scramjet.hub.version"}, "exactly": 2}
        verdict = server.data("POST", "/_wavetank/verify", asked)
        check(f"verify counts the requests of {ascii(name)} alone", verdict.get("verdict") == "holds", verdict)


def delete_left(server, pair, files, sequences):
    """The one goes, the other stays."""
    left, right = pair
    steamship(server, "file/delete", {"id": files[left]})
    found = [tags_of(server, name, "name") for name in pair]
    check(f"the file of {ascii(left)} is deleted alone", found == [[], [right]], found)
    server.call("DELETE", f"{HUB}/sequence/{sequences[left]}")
    found = [server.call("GET", f"{HUB}/sequence/{quoted(name)}")[0] for name in pair]
    check(f"the sequence {ascii(left)} is deleted alone", found == [404, 200], found)
    server.call("DELETE", f"{SPACE}/s3/{quoted(left)}.tar.gz")
    text = server.call("GET", f"{SPACE}/s3")[1].decode()
    check(f"the package {ascii(left)} in the store is deleted alone", left not in text and right in text, text)


server, other = World(), World()
made = {}
for pair in PAIRS.values():
    made[pair] = make_steamship(server, pair), make_scramjet(server, pair), make_shipyard(server, pair)
for pair, (_, sequences, fleet) in made.items():
    read_steamship(server, pair, "made")
    read_scramjet(server, pair, sequences, "made")
    read_shipyard(server, pair, fleet, "made")
    users = [user_of(server, name) for name in (*pair, pair[0])]
    check(f"the keys {ascii(pair)} are two users'", users[0] == users[2] != users[1], users)
    try_rules(server, pair)

# Time stands still meanwhile: a run that begins by itself would be in one of two snapshots.
server.control("PUT", "/clock", {"mode": "manual"})
status, snapshot = server.control("GET", "/snapshot")
status, answer = other.control("PUT", "/snapshot", snapshot, fields={"content-type": "application/gzip"}, timeout=30)
check("the snapshot is taken by another server", status in (200, 204), (status, answer))
states = [{name: content for name, content in unpack(one.control("GET", "/snapshot")[1]) if "state" in name}
          for one in (server, other)]
check("what that server saves is the same, byte for byte", states[0] == states[1] != {}, list(states[0]))
other.control("PUT", "/clock", {"mode": "real"})
for pair, (files, sequences, fleet) in made.items():
    read_steamship(other, pair, "restored")
    read_scramjet(other, pair, sequences, "restored")
    read_shipyard(other, pair, fleet, "restored")
    delete_left(other, pair, files, sequences)
finish()
