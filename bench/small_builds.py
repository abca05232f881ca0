"""What a small build costs beyond the floor: the demo bank beside an empty project with as many nodes of each kind.

Every node of the empty project is one row or less. Both are parsed first, then built in turn, one node at a time, and
the lesser of two runs counts. Results are a section of bench/RESULTS.md, which bench/scale.py begins.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import yaml
from scale import ROOT, write_section

ROUNDS = 2
KINDS = ("seeds", "SQL models", "Python models", "data tests", "unit tests")


def kind_of(node: dict) -> str | None:
    if node["resource_type"] == "model":
        return "Python models" if node["language"] == "python" else "SQL models"
    return {"seed": "seeds", "test": "data tests", "unit_test": "unit tests"}.get(
        node["resource_type"]
    )


def nodes_of(target: pathlib.Path) -> dict[str, dict]:
    manifest = json.loads((target / "manifest.json").read_text())
    return manifest["nodes"] | manifest["unit_tests"]


def empty_project(folder: pathlib.Path, nodes: dict[str, dict]) -> None:
    """As many seeds, tables, views, data tests and unit tests; a Python model is a table too."""
    settings = {"name": "clientele", "profile": "clientele", "model-paths": ["models"]}
    settings |= {"seed-paths": ["seeds"], "test-paths": ["tests"]}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    for name in ("models", "seeds", "tests"):
        (folder / name).mkdir()
    unit_tests = []
    for number, node in enumerate(nodes.values()):
        kind = kind_of(node)
        if kind == "seeds":
            (folder / "seeds" / f"seed_{number}.csv").write_text("a\n1\n")
        elif kind in ("SQL models", "Python models"):
            is_view = node["config"]["materialized"] == "view"
            config = "{{ config(materialized='" + ("view" if is_view else "table") + "') }}\n"
            (folder / "models" / f"model_{number}.sql").write_text(config + "select 1 as a")
        elif kind == "data tests":
            (folder / "tests" / f"test_{number}.sql").write_text("select 1 as a where false")
        elif kind == "unit tests":
            rows = {"rows": [{"a": 1}]}
            unit_tests.append(
                {"name": f"unit_{number}", "model": "tested", "given": [], "expect": rows}
            )
    (folder / "models" / "tested.sql").write_text("select 1 as a")
    (folder / "models" / "tests.yml").write_text(yaml.safe_dump({"unit_tests": unit_tests}))


def run(project: pathlib.Path, scratch: pathlib.Path, command: str) -> float:
    environment = os.environ | {
        "CLIENTELE_DB": str(scratch / "small.duckdb"),
        "CLIENTELE_PUBLISHED": str(scratch / "published" / "published_small.duckdb"),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
    }
    dbt = str(pathlib.Path(sys.executable).parent / "dbt")
    arguments = ["--quiet", command, "--threads", "1", "--profiles-dir", str(ROOT)]
    started = time.perf_counter()
    subprocess.run([dbt, *arguments], cwd=project, env=environment, check=True)
    return time.perf_counter() - started


def measure(project: pathlib.Path, scratch: pathlib.Path) -> dict[str, float]:
    """Wall seconds of the build, and the seconds of the nodes of each kind."""
    (scratch / "small.duckdb").unlink(missing_ok=True)
    seconds = {"whole build": run(project, scratch, "build")}
    nodes = nodes_of(scratch / "target")
    for one in json.loads((scratch / "target" / "run_results.json").read_text())["results"]:
        kind = kind_of(nodes[one["unique_id"]]) if one["unique_id"] in nodes else None
        if kind:
            seconds[kind] = seconds.get(kind, 0.0) + one["execution_time"]
    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, floor, empty = (pathlib.Path(folder) / name for name in ("ours", "floor", "empty"))
        for path in (ours, floor, empty):
            path.mkdir()
        run(ROOT, ours, "parse")
        nodes = nodes_of(ours / "target")
        empty_project(empty, nodes)
        run(empty, floor, "parse")
        costs = {"clientele": [], "empty project": []}
        for _ in range(ROUNDS):
            costs["clientele"].append(measure(ROOT, ours))
            costs["empty project"].append(measure(empty, floor))
    least = {
        name: {kind: min(one.get(kind, 0.0) for one in runs) for kind in ("whole build", *KINDS)}
        for name, runs in costs.items()
    }
    counts = {kind: sum(kind_of(node) == kind for node in nodes.values()) for kind in KINDS}
    rows = [
        f"| {kind} | {counts.get(kind, sum(counts.values()))} "
        f"| {least['clientele'][kind]:.1f} | {least['empty project'][kind]:.1f} |"
        for kind in ("whole build", *KINDS)
    ]
    # the empty project has no Python model, and what stands in for one is counted among its SQL models
    checked = ("seeds", "SQL models", "data tests", "unit tests")
    ratio = sum(least["clientele"][kind] for kind in checked) / sum(
        least["empty project"][kind] for kind in checked
    )
    write_section(
        "A small build beside an empty project",
        [
            "Written by `python bench/small_builds.py`: the demo bank, one node at a time. Without Python models a "
            f"node takes {ratio:.2f} times as long as\nan empty one.",
            "",
            "| kind of node | nodes | clientele, s | empty project, s |",
            "|---|---|---|---|",
            *rows,
        ],
    )


if __name__ == "__main__":
    main()
