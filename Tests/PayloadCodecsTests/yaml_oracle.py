"""PyYAML as the measure of our YAML reader and writer.

generate SEED COUNT   writes COUNT lines of JSON: {"yaml": text, "texts": value with every scalar as its
                      text, "core": value by the YAML 1.2 core schema or absent}
load                  reads lines of JSON (a YAML text each), writes what PyYAML's safe loader makes of
                      each as a line of JSON ({"value": …} or {"error": …})
"""

import json
import random
import re
import sys

import yaml

WORDS = [
    "name", "Extract", "us-east-1", "4:05", "yes", "no", "3.9", "0123", "", "null", "~", "true", "22:00",
    "a: b", "a #b", "#c", "- d", "-", "?", "? e", ":", ": f", "[g]", "{h}", "i,j", "&k", "*l", "!m", "|", ">",
    "'n'", '"o"', "%p", "@q", "`r`", " s", "t ", "u\\v", "w\nx", "y\n", "\nz", "a\n\nb\n", "  lead\n  more",
    "tab\there", "\ttab", "trail \nspace ", "é", "日本", "😀", "\u00a0", "\u0085", "\u2028", "\x07", "\x00",
    "2024-06-03", "2024-06-03T04:05:06Z", "1e3", "1_000", "0x1F", "0b11", "0o17", "+1", "-1", ".5", "1.", "-.inf",
    ".nan", "<<", "=", "import os\n\nprint(os.environ['REGION'])\n", "x" * 90 + " " + "y" * 60 + " z", "word " * 40,
    "k" * 140, "---", "...", "--- a", "a\r\nb", "if x:\n    y()\n\n\nz()\n\n", "on", "N", "{{ var }}", "$HOME", "a'b\"c",
    "http://host:80/p?q=1#f", "C:\\dir", "end:", "#!/bin/sh\necho \"hi\"\n", "\ufeffbom", "1:2:3", "12e03", "0.1e-5",
]


def scalar(rnd):
    kind = rnd.randrange(10)
    if kind == 0:
        return rnd.choice([True, False, None])
    if kind == 1:
        return rnd.choice([0, 1, -1, 42, 10**6, 2**40, -(2**62)])
    if kind == 2:
        return rnd.choice([0.5, -2.25, 1e20, 1.5e-7, 3.0])
    if kind < 9:
        return rnd.choice(WORDS)
    return "".join(rnd.choice("ab \n:#-'\"\\é,[]{}&*!|>%@`\t?😀") for _ in range(rnd.randrange(30)))


def value(rnd, depth, shared):
    kind = rnd.randrange(10)
    if depth == 0 or kind < 4:
        return scalar(rnd)
    if shared and kind == 4:
        return rnd.choice(shared)
    if kind < 7:
        made = [value(rnd, depth - 1, shared) for _ in range(rnd.randrange(5))]
    else:
        made = {}
        for _ in range(rnd.randrange(5)):
            key = rnd.choice(WORDS) if rnd.randrange(3) else "k%d" % rnd.randrange(99)
            made[key] = value(rnd, depth - 1, shared)
    shared.append(made)
    return made


def options(rnd):
    made = {"sort_keys": rnd.random() < 0.5}
    if rnd.random() < 0.7:
        made["default_flow_style"] = rnd.choice([True, False, None])
    if rnd.random() < 0.4:
        made["default_style"] = rnd.choice(["'", '"', "|", ">", None])
    if rnd.random() < 0.5:
        made["indent"] = rnd.choice([1, 2, 3, 4, 8])
    if rnd.random() < 0.5:
        made["width"] = rnd.choice([20, 40, 80, 200])
    if rnd.random() < 0.5:
        made["allow_unicode"] = True
    if rnd.random() < 0.2:
        made["explicit_start"] = True
    if rnd.random() < 0.2:
        made["explicit_end"] = True
    if rnd.random() < 0.1:
        made["version"] = (1, 1)
    if rnd.random() < 0.1:
        made["line_break"] = "\r\n"
    if rnd.random() < 0.1:
        made["canonical"] = True
    return made


class Indented(yaml.SafeDumper):
    """Lists indented under their key, as people write them."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)


def mutate(rnd, text):
    for _ in range(rnd.randrange(1, 4)):
        at = rnd.randrange(len(text) + 1)
        kind = rnd.randrange(4)
        if kind == 0:
            text = text[:at] + rnd.choice(" \n:-#,[]{}'\"&*!|>?%@\\ab1") + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + rnd.randrange(4):]
        elif kind == 2:
            text = text[:at] + rnd.choice(["\n", " ", "\n  ", ": ", " #", "- ", "\n\n"]) + text[at:]
        else:
            other = rnd.randrange(len(text) + 1)
            text = text[:at] + text[other:other + 12] + text[at:]
    return text


def keyed(made):
    """Keys as our reader names them; None where a key is no scalar."""
    if isinstance(made, dict):
        result = {}
        for key, child in made.items():
            if not isinstance(key, str):
                raise ValueError("key")
            result[key] = keyed(child)
        return result
    if isinstance(made, list):
        return [keyed(child) for child in made]
    return made


def is_refused(text):
    """Whether some mapping repeats a key, a tag is unknown, or a node stands inside itself."""
    def walk(node, above):
        if id(node) in above:
            return True
        if node.tag and node.tag != "!" and node.tag not in yaml.SafeLoader.yaml_constructors:
            return True
        above = above | {id(node)}
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(keys) != len(set(keys)):
                return True
            return any(walk(key, above) or walk(child, above) for key, child in node.value)
        if isinstance(node, yaml.SequenceNode):
            return any(walk(child, above) for child in node.value)
        return False

    node = yaml.compose(text, Loader=yaml.BaseLoader)
    return node is not None and walk(node, frozenset())


def texts(text):
    made = yaml.load(text, Loader=yaml.BaseLoader)
    return keyed("" if made is None else made)


def generate(seed, count):
    rnd = random.Random(seed)
    done = 0
    while done < count:
        original = value(rnd, rnd.randrange(5), [])
        dumper = Indented if rnd.random() < 0.3 else yaml.SafeDumper
        text = yaml.dump(original, Dumper=dumper, **options(rnd))
        case = {}
        if rnd.random() < 0.4:
            text = mutate(rnd, text)
            # PyYAML takes any question mark inside brackets for a key; YAML 1.2 only one before a gap.
            if re.search(r"\?\S", text):
                continue
        try:
            if "<<" in text and "\n<<" in text.replace(" ", ""):
                continue
            expected = texts(text)
            if is_refused(text):
                continue
            case = {"yaml": text, "texts": expected}
        except (ValueError, RecursionError):
            continue
        except yaml.YAMLError as error:
            case = {"yaml": text, "error": str(error).splitlines()[-1].strip() and type(error).__name__}
        except TypeError:
            continue
        print(json.dumps(case))
        done += 1


def plain(made):
    """JSON's view of what the safe loader made; what has none shows its type."""
    if isinstance(made, dict):
        return {key if isinstance(key, str) else repr(key): plain(child) for key, child in made.items()}
    if isinstance(made, list):
        return [plain(child) for child in made]
    if made is None or isinstance(made, (str, bool, int, float)):
        return made
    return {"python type": type(made).__name__}


def load():
    for line in sys.stdin:
        text = json.loads(line)
        try:
            print(json.dumps({"value": plain(yaml.safe_load(text))}))
        except yaml.YAMLError as error:
            print(json.dumps({"error": str(error)}))


if sys.argv[1:2] == ["generate"]:
    generate(int(sys.argv[2]), int(sys.argv[3]))
elif sys.argv[1:2] == ["load"]:
    load()
else:
    sys.exit(__doc__)
