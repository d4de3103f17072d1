"""Requests made of the document of Steamship, see fuzzing.py."""

import fuzzing
from steamship_world import HEADERS, fill, kind_of

# Of each kind there are so many; what deletes gets the last of them, the others the first.
POOL, KEPT = 10, 5


def prepare(base: str, text: dict) -> None:
    ids = fill(base, POOL)

    def known(name: str, operation: str) -> list:
        if name != "id" and not name.endswith("Id"):
            return []
        pool = ids.get(kind_of(name, operation), [])
        ends = operation.endswith((".delete", ".finishStream", ".abortStream", ".clear"))
        return pool[KEPT:] if ends else pool[:KEPT]

    fuzzing.replace_ids(text, known)


fuzzing.run("steamship", max_examples=6, headers=HEADERS, prepare=prepare)
