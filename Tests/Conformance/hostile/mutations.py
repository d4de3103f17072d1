"""Structural mutations of JSON documents: a value replaced, dropped, doubled, moved, renamed, nested, or at an extreme."""

import copy
import random

EXTREMES = [
    None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 5e-324, 2 ** 63 - 1, -2 ** 63, 2 ** 64, 10 ** 30, "", " ", "\0", "*",
    "**", "?", "{{", "}}", "{{}}", "{{id}}", "{{vars.a}}", "{{request.json./a}}", "{{path.x}}", "$0", "$9+9", "/", "//",
    "/a/{b}/{b}", "/{rest...}/x", "0s", "1ns", "100000h", "876000h", "-5s", "1e9s", "0", "64KiB", "999999TB", "é" * 40,
    "\U0001F6A2", "x" * 5000, "(a+)+$", "(", "[", "2026-01-01T00:00:00Z", "0000-01-01", "9999-12-31T23:59:60Z",
    "1500-01-01T00:00:00Z", [], [[]], [[[[[[]]]]]], {}, {"": {}}, {"a": {"a": {"a": {}}}}, ["a", "a"], [None],
]


def places(document, path=()):
    """Every place of a document, the root first."""
    found = [path]
    if isinstance(document, dict):
        for key in document:
            found += places(document[key], path + (key,))
    elif isinstance(document, list):
        for index in range(len(document)):
            found += places(document[index], path + (index,))
    return found


def at(document, path):
    for token in path:
        document = document[token]
    return document


class Mutator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, document):
        """Something extreme, or a part of the document itself."""
        if self.random.random() < 0.3:
            return copy.deepcopy(at(document, self.random.choice(places(document))))
        return copy.deepcopy(self.random.choice(EXTREMES))

    def mutate(self, document):
        """A changed copy."""
        document = copy.deepcopy(document)
        path = self.random.choice(places(document)[1:] or [()])
        if not path:
            return self.value(document)
        holder, last = at(document, path[:-1]), path[-1]
        kind = self.random.randrange(8)
        if kind <= 2:
            holder[last] = self.value(document)
        elif kind == 3:
            del holder[last]
        elif kind == 4 and isinstance(holder, dict):
            holder[self.name(last)] = holder.pop(last)
        elif kind == 5 and isinstance(holder, list):
            holder += [copy.deepcopy(holder[last])] * self.random.choice([1, 2, 50])
        elif kind == 6:
            inner = holder[last]
            for _ in range(self.random.choice([1, 3, 200])):
                inner = [inner] if self.random.random() < 0.5 else {str(last): inner}
            holder[last] = inner
        elif isinstance(holder[last], bool) or not isinstance(holder[last], (int, float)):
            if isinstance(holder, dict):
                holder[self.name(last)] = self.value(document)
            else:
                holder.insert(last, self.value(document))
        else:
            holder[last] = self.random.choice([-holder[last], holder[last] * 10 ** 6, holder[last] + 0.5, 2 ** 63 - 1])
        return document

    def name(self, name):
        text = str(name)
        change = self.random.randrange(4)
        if change == 0 or len(text) < 2:
            return text + "x"
        if change == 1:
            return text[1:] + text[0]
        if change == 2:
            return text.upper()
        return self.random.choice(["", "a" * 300, "times", "name", "\0", "{{id}}", "unheard-of"])
