"""A world of Steamship with some of everything, and what an id in a request is the id of."""

import io
import json
import urllib.request
import zipfile

HEADERS = {"Authorization": "Bearer demo-key"}


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr("api.py", "")
    return buffer.getvalue()


def post(base: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(
        f"{base}/api/v1/{path}", json.dumps(body).encode(),
        {"Content-Type": "application/json", **HEADERS})
    with urllib.request.urlopen(request, timeout=10) as reply:
        answer = json.load(reply)
    return answer if "status" in answer else answer["data"]


def upload(base: str, path: str, fields: dict) -> None:
    lines = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in fields.items()]
    lines.append(b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.zip"\r\n\r\n'
                 + archive() + b"\r\n--b--\r\n")
    request = urllib.request.Request(
        f"{base}/api/v1/{path}", b"".join(lines),
        {"Content-Type": "multipart/form-data; boundary=b", **HEADERS})
    urllib.request.urlopen(request, timeout=10).close()


def fill(base: str, pool: int) -> dict:
    """`pool` of each kind: kind → ids."""
    ids = {kind: [] for kind in ("workspace", "package", "plugin", "file", "block", "tag", "task",
                                 "index", "packageInstance", "pluginInstance", "comment",
                                 "packageVersion", "pluginVersion", "stream")}
    post(base, "workspace/create", {"handle": "default", "fetchIfExists": True})
    for number in range(pool):
        name = f"thing-{number}"
        ids["workspace"].append(post(base, "workspace/create", {"handle": name})["workspace"]["id"])
        for kind, extra in (("package", {}), ("plugin", {"type": "tagger"})):
            one = post(base, f"{kind}/create", {"handle": name, **extra})[kind]
            ids[kind].append(one["id"])
            upload(base, f"{kind}/version/create", {f"{kind}Id": one["id"], "handle": "1.0"})
            made = post(base, f"{kind}/instance/create", {"handle": name, f"{kind}Id": one["id"]})
            made = made[f"{kind}Instance"]
            ids[f"{kind}Instance"].append(made["id"])
            ids[f"{kind}Version"].append(made[f"{kind}VersionId"])
        file = post(base, "file/create", {
            "handle": name, "type": "blocks",
            "blocks": [{"text": "Ahoy, harbor.", "tags": [{"kind": "sentiment"}]}]})["file"]
        ids["file"].append(file["id"])
        ids["block"].append(file["blocks"][0]["id"])
        ids["tag"].append(file["blocks"][0]["tags"][0]["id"])
        block = post(base, "block/create", {"fileId": file["id"], "streaming": True})["block"]
        ids["stream"].append(block["id"])
        task = post(base, "plugin/instance/generate", {
            "pluginInstance": "test-generator-1.0", "text": "Ahoy"})["status"]["taskId"]
        ids["task"].append(task)
        comment = post(base, "task/comment/create", {"taskId": task})["taskComment"]
        ids["comment"].append(comment["id"])
        index = post(base, "embedding-index/create", {
            "handle": name, "pluginInstance": "test-embedder-1.0"})["index"]
        ids["index"].append(index["id"])
    return ids


def kind_of(name: str, operation: str) -> str:
    """What an id is the id of, by its member's name or by the operation that takes it."""
    if name != "id":
        return {"indexId": "index", "outputFileId": "file", "inputFileId": "file"}.get(
            name, name.removesuffix("Id"))
    words = operation.split(".")[1:]
    if words[:2] == ["plugin", "instance"] and words[2] in ("tag", "blockify"):
        return "file"
    if words[0] in ("package", "plugin") and len(words) == 3:
        return words[0] + words[1].capitalize()
    if words[:2] == ["task", "comment"]:
        return "comment"
    if words[-1] in ("appendStream", "finishStream", "abortStream"):
        return "stream"
    return "index" if words[0] == "embeddingIndex" else words[0]
