"""What each mart is made of, so that a change between two builds has a cause: code, seeds, inputs and settings."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

WORD = re.compile(r"[a-z0-9_]+")
DISPATCHED = ("default__", "duckdb__", "spark__")
# models depend on it so that nothing is measured on an implausible extract: it decides on no figure
GATE = "int_input_findings"


def lineages(
    nodes: Mapping[str, dict],
    macros: Mapping[str, str],
    settings: Iterable[str],
    marts: Iterable[str],
) -> dict[str, dict]:
    """Mart -> `code` (the md5 of all SQL that it is made of) and the names of its `seeds`, `inputs` and `settings`.

    `nodes` are those of dbt's graph by their ids, `macros` the project's macros with their texts. A macro counts where
    its name stands, for every engine: what dbt records differs by engine and lacks calls under a condition. Functions
    of Python are no part of it.
    """
    calls = {
        name: (set(WORD.findall(text)) | {prefix + name for prefix in DISPATCHED}) & macros.keys()
        for name, text in macros.items()
    }
    texts = {key: _text(node) for key, node in nodes.items()}
    ids = {node["name"]: key for key, node in nodes.items()}
    return {
        mart: _lineage(ids[mart], nodes, texts, macros, calls, settings)
        for mart in sorted(marts)
        if mart in ids
    }


def _text(node: dict) -> str:
    if node["resource_type"] != "model":
        return ""
    return node["raw_code"] + json.dumps(node["unrendered_config"], sort_keys=True, default=str)


def _lineage(mart, nodes, texts, macros, calls, settings) -> dict:
    made_of = _reached([mart], lambda key: _parents(nodes, key))
    models = [texts[key] for key in made_of]
    named = set(WORD.findall(" ".join(models))) & macros.keys()
    code = "\n".join(models + [macros[name] for name in _reached(named, calls.__getitem__)])
    of_mart = [nodes[key] for key in made_of]
    inputs = {
        node["config"]["meta"]["raw"]["entity"]
        for node in of_mart
        if node["config"].get("meta", {}).get("raw")
    }
    return {
        "code": hashlib.md5(code.encode()).hexdigest(),
        "seeds": [node["name"] for node in of_mart if node["resource_type"] == "seed"],
        "inputs": sorted(inputs),
        "settings": [name for name in settings if f"'{name}'" in code],
    }


def _parents(nodes, key) -> list[str]:
    parents = nodes.get(key, {}).get("depends_on", {}).get("nodes", ())
    return [parent for parent in parents if parent in nodes and nodes[parent]["name"] != GATE]


def _reached(start: Iterable[str], following) -> list[str]:
    """The names that can be reached, in alphabetical order."""
    found = set(start)
    waiting = list(found)
    while waiting:
        new = set(following(waiting.pop())) - found
        found |= new
        waiting += new
    return sorted(found)
