"""Brings notes into a workspace of Steamship, each once.

    STEAMSHIP_API_BASE=… STEAMSHIP_API_KEY=… python import_notes.py
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

NOTES = ["Twelve crates of oranges.", "Two of lemons.", "One cat."]
ATTEMPTS = 6
PAUSE = 0.05
TIMEOUT = 1.0


class Failure(Exception):
    """No answer, or one that says no. `status` 0: there was none that could be used."""

    def __init__(self, why, status=0, pause=PAUSE):
        super().__init__(why)
        self.status, self.pause = status, pause

    @property
    def may_pass(self):
        return self.status in (0, 429, 500, 502, 503)

    @property
    def may_be_done(self):
        """Whether the server may have done what was asked of it."""
        return self.status not in (429, 503)


def once(path, content):
    request = urllib.request.Request(
        os.environ["STEAMSHIP_API_BASE"] + path, json.dumps(content).encode(),
        {"Authorization": f"Bearer {os.environ['STEAMSHIP_API_KEY']}", "Content-Type": "application/json",
         "X-Workspace-Handle": "notes"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.loads(answer.read())["data"]
    except urllib.error.HTTPError as refusal:
        pause = max(PAUSE, float(refusal.headers.get("Retry-After", 0)))
        raise Failure(f"{path}: {refusal.code}", refusal.code, pause) from None
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise Failure(f"{path}: {type(error).__name__}") from None


def ask(path, content, done=None):
    """Asks until it is answered. `done` tells whether what got no answer had been done: its result, or nothing."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return once(path, content)
        except Failure as failure:
            if attempt == ATTEMPTS or not failure.may_pass:
                raise
            time.sleep(failure.pause)
            if done and failure.may_be_done:
                found = done()
                if found is not None:
                    return found
    return None


def handles():
    return [file["handle"] for file in ask("file/list", {})["files"]]


def main():
    ask("workspace/create", {"handle": "notes", "fetchIfExists": True})
    for number, note in enumerate(NOTES, 1):
        handle = f"note-{number}"
        ask("file/create", {"type": "blocks", "handle": handle, "blocks": [{"text": note}]},
            done=lambda handle=handle: True if handle in handles() else None)
    print(len(handles()), "notes")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"import_notes: {failure}")
