"""Whether the work database holds one whole, tested build, whichever commands made it.

The database keeps one row per node of this project: where its table is, the fingerprint under which it last succeeded,
and the number of the run that did it. A fingerprint says everything that the result depends on: the node's own code and
configuration, macros, vars, packages, the raw files, and the fingerprints of the node's parents. A run clears the rows
of what it is about to build and writes them again at its end, so that a run that was killed counts for nothing.
"""

import hashlib
import json
import pathlib

PACKAGE = "clientele"
KINDS = ("model", "seed", "snapshot", "test")
DONE = ("success", "pass", "warn", "no-op")
# these are read when a build is published, by no model
PUBLISHING_VARS = (
    "published_builds_kept",
    "pseudonymise_ids",
    "publish_customers",
    "require_publication",
)
# what a node's result and its published table depend on
PARTS = (
    "resource_type", "language", "raw_code", "config", "columns", "description", "test_metadata", "column_name",
)  # fmt: skip
NAMED = 3  # nodes named in a sentence

Rows = dict[str, tuple[str, str | None, int]]  # node -> its table, fingerprint and run


def needed(nodes: dict[str, dict]) -> dict[str, dict]:
    """The nodes of this project that a whole build consists of; those of other packages are none of it."""
    return {
        name: node
        for name, node in nodes.items()
        if node["package_name"] == PACKAGE
        and node["resource_type"] in KINDS
        and node["config"]["enabled"]
        and node["config"].get("materialized") != "ephemeral"
    }


def fingerprints(nodes: dict[str, dict], common: dict[str, str], root: str) -> dict[str, str]:
    """Node -> hash of all that its result depends on.

    `common` has hashes of what nodes share: `settings` (of models and tests), `raw` (of models) and `python` (of Python
    models). `root` is the folder of the project, where seeds are read.
    """
    found: dict[str, str] = {}

    def fingerprint(name: str) -> str:
        if name not in found:
            node = nodes.get(name)
            parts: list = [name] if node is None else [{part: node.get(part) for part in PARTS}]
            if node is not None:
                found[name] = ""  # a cycle would end here; dbt has refused it before
                if node["resource_type"] == "seed":
                    parts.append(seed_hash(node, root))
                else:
                    parts.append(common["settings"])
                if node["resource_type"] == "model":
                    parts.append(common["raw"])
                if node.get("language") == "python":
                    parts.append(common["python"])
                parts += [fingerprint(parent) for parent in parents_of(node)]
            found[name] = digest(parts)
        return found[name]

    return {name: fingerprint(name) for name in nodes}


def begun(rows: Rows, nodes: dict[str, dict], selected: list[str]) -> Rows:
    """The rows once a run has begun that makes the selected nodes."""
    run, chosen = latest(rows) + 1, set(selected)
    return rows | {
        name: (table_of(node), None, run) for name, node in needed(nodes).items() if name in chosen
    }


def ended(
    rows: Rows, nodes: dict[str, dict], prints: dict[str, str], statuses: dict[str, str]
) -> Rows:
    """The rows once a run has ended with these statuses of nodes."""
    run = latest(rows)
    return rows | {
        name: (table_of(node), prints[name], run)
        for name, node in needed(nodes).items()
        if statuses.get(name) in DONE
    }


def unfinished(rows: Rows, nodes: dict[str, dict], prints: dict[str, str]) -> list[str]:
    """Why the work database holds no whole, tested build, as clauses; empty where it does."""
    wanted = needed(nodes)
    missing, changed, older = [], [], []
    for name, node in sorted(wanted.items()):
        _, fingerprint, run = rows.get(name, ("", None, 0))
        parents = [rows[parent][2] for parent in parents_of(node) if parent in rows]
        if fingerprint is None:
            missing.append(node)
        elif fingerprint != prints[name]:
            changed.append(node)
        elif node["resource_type"] == "test" and parents and run < max(parents):
            older.append(node)
    clauses = []
    for found, one, many in (
        (missing, "has not succeeded yet", "have not succeeded yet"),
        (changed, "has changed since it ran", "have changed since they ran"),
        (older, "is older than what it tests", "are older than what they test"),
    ):
        if found:
            names = [f"{node['resource_type']} {node['name']}" for node in found]
            named = ", ".join(names[:NAMED]) + (" and others" if len(names) > NAMED else "")
            clauses.append(
                f"{counted(len(found), 'node', 'nodes')} ({named}) {one if len(found) == 1 else many}"
            )
    return clauses


def failures(results) -> list[str]:
    """What failed or was skipped in a run, as clauses."""
    failed = [
        f"{result.node.resource_type} {result.node.name} failed"
        for result in results
        if str(result.status) not in (*DONE, "skipped")
    ]
    skipped = sum(str(result.status) == "skipped" for result in results)
    clauses = failed[:5]
    if len(failed) > 5:
        clauses.append(f"{len(failed) - 5} others failed")
    if skipped:
        clauses.append(counted(skipped, "node was skipped", "nodes were skipped"))
    return clauses


def latest(rows: Rows) -> int:
    return max([0, *(run for _, _, run in rows.values())])


def parents_of(node: dict) -> list[str]:
    return sorted((node.get("depends_on") or {}).get("nodes", []))


def table_of(node: dict) -> str:
    """schema.name of what the node makes; empty for a test."""
    if node["resource_type"] == "test":
        return ""
    return f"{node['schema']}.{node['alias']}"


def counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def digest(parts) -> str:
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seed_hash(node: dict, root: str) -> str:
    folder = pathlib.Path(node.get("root_path") or root)
    return file_hash(folder / node["original_file_path"])


def seeds_read(nodes: dict[str, dict]) -> dict[str, dict]:
    """The seeds of this project, and those that another project has in their places."""
    own = needed(nodes)
    names = own.keys() | {parent for node in own.values() for parent in parents_of(node)}
    return {
        name: nodes[name]
        for name in sorted(names)
        if name in nodes and nodes[name]["resource_type"] == "seed"
    }


def seeds_hash(nodes: dict[str, dict], root: str) -> str:
    return digest([seed_hash(node, root) for node in seeds_read(nodes).values()])


def python_hash() -> str:
    """Of the Python models and of all that they may import: of this package only the module that tells of the code."""
    folder = pathlib.Path(__file__).parents[1]
    files = [
        file
        for file in sorted(folder.rglob("*.py"))
        if file.parent.name != "publishing" or file.name == "provenance.py"
    ]
    return digest([[str(file.relative_to(folder)), file_hash(file)] for file in files])
