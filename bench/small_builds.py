"""Sets the demo build beside its floor: a dbt project of as many empty nodes of each kind, on the same machine.

Both are built in turn, one process and one thread each, so that seconds add up, and the medians compared; Python models
are taken out of the demo's seconds and stand apart. Results are appended to bench/RESULTS.md, which scale.py begins.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import yaml
from scale import RESULTS, ROOT

DBT = str(pathlib.Path(sys.executable).parent / "dbt")


def build(project: pathlib.Path, scratch: pathlib.Path) -> tuple[float, list[dict], dict]:
    """Wall seconds of a `dbt build` that has been parsed before, its results and its manifest."""
    environment = os.environ | {
        "CLIENTELE_DB": str(scratch / "small.duckdb"),
        "CLIENTELE_PUBLISHED": str(scratch / "published" / "clientele.duckdb"),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
        "DBT_PROFILES_DIR": str(project),
    }
    subprocess.run([DBT, "--quiet", "parse"], check=True, cwd=project, env=environment)
    started = time.perf_counter()
    subprocess.run(
        [DBT, "--quiet", "build", "--threads", "1"], check=True, cwd=project, env=environment
    )
    wall = time.perf_counter() - started
    target = scratch / "target"
    results = json.loads((target / "run_results.json").read_text())["results"]
    return wall, results, json.loads((target / "manifest.json").read_text())


def kinds_of(manifest: dict) -> collections.Counter:
    """Number of nodes of each kind that take time; of models by how they are materialised."""
    counts = collections.Counter()
    for node in manifest["nodes"].values():
        kind = node["resource_type"]
        counts[node["config"]["materialized"] if kind == "model" else kind] += 1
    counts["unit_test"] = len(manifest["unit_tests"])
    return counts


def write_empty(folder: pathlib.Path, counts: collections.Counter) -> None:
    for name in ("models", "seeds"):
        (folder / name).mkdir()
    project = {"name": "empty", "profile": "empty", "models": {"empty": {"+materialized": "table"}}}
    outputs = {"duckdb": {"type": "duckdb", "path": "{{ env_var('CLIENTELE_DB') }}", "threads": 2}}
    profiles = {"empty": {"target": "duckdb", "outputs": outputs}}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    for number in range(counts["seed"]):
        (folder / "seeds" / f"seed_{number}.csv").write_text("id\n1\n")
    names = []
    for kind in ("table", "view"):
        for number in range(counts[kind]):
            names.append(f"{kind}_{number}")
            before = f"{{{{ ref('{names[-2]}') }}}}" if len(names) > 1 else None
            query = f"select id from {before}" if before else "select 1 as id"
            config = f"{{{{ config(materialized='{kind}') }}}}\n"
            (folder / "models" / f"{names[-1]}.sql").write_text(config + query)
    tests = [[] for _ in names]
    for number in range(counts["test"]):
        tests[number % len(names)].append({"not_null": {"name": f"test_{number}"}})
    unit_tests = [
        {
            "name": f"unit_test_{number}",
            "model": names[1 + number % (len(names) - 1)],
            "given": [{"input": f"ref('{names[number % (len(names) - 1)]}')", "rows": [{"id": 1}]}],
            "expect": {"rows": [{"id": 1}]},
        }
        for number in range(counts["unit_test"])
    ]
    models = [
        {"name": name, "columns": [{"name": "id", "data_tests": own}]}
        for name, own in zip(names, tests, strict=True)
    ]
    (folder / "models" / "models.yml").write_text(
        yaml.safe_dump({"models": models, "unit_tests": unit_tests})
    )


def seconds_in_python(results: list[dict], manifest: dict) -> float:
    return sum(
        result["execution_time"]
        for result in results
        if manifest["nodes"].get(result["unique_id"], {}).get("language") == "python"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    demo, floor, python = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as scratch:
            wall, results, manifest = build(ROOT, pathlib.Path(scratch))
        demo.append(wall)
        python.append(seconds_in_python(results, manifest))
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch) / "empty"
            folder.mkdir()
            write_empty(folder, kinds_of(manifest))
            floor.append(build(folder, pathlib.Path(scratch))[0])
    middle = rounds // 2
    demo, floor, python = (sorted(values)[middle] for values in (demo, floor, python))
    rest = demo - python
    counts = kinds_of(manifest)
    lines = [
        "## The demo build beside its floor",
        "",
        f"Written by `python bench/small_builds.py`: medians of {rounds} builds in turn. The floor is an empty project "
        f"of as many nodes\n({', '.join(f'{count} {kind}s' for kind, count in sorted(counts.items()))}).",
        "",
        "| build | seconds |",
        "|---|---|",
        f"| demo | {demo:.1f} |",
        f"| of these, Python models | {python:.1f} |",
        f"| the rest: SQL models, seeds, tests, publishing | {rest:.1f} |",
        f"| floor | {floor:.1f} |",
        f"| the rest over the floor | {rest / floor:.2f} |",
    ]
    RESULTS.write_text(RESULTS.read_text().rstrip() + "\n\n" + "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
