"""Builds simulated customers at growing sizes, in full and with every test, and sets the cost beside references.

For each size the demo layout is simulated as Parquet under bench/data (kept for the next run) and built as
`make build` does it, without the history of segments, whose cost is measured once. Then the same results are computed
in processes of their own: by the project's compiled SQL, by DuckDB SQL written for speed (see references.py), by
polars, and by pandas where it fits; the whole pipeline by a notebook; and the inputs are scanned once, as a floor.
Results are written to bench/RESULTS.md; nothing is a test, and what is meant to be read are the ratios. `--label`
names a run that others disturbed.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import duckdb
from references import built

ROOT = pathlib.Path(__file__).parents[1]
DATA = ROOT / "bench" / "data"
RESULTS = ROOT / "bench" / "RESULTS.md"
PANDAS_LIMIT = 1_000_000  # customers; beyond it pandas needs more memory than the machine's
KEPT_OPEN_LIMIT = 1_000_000  # customers; beyond it DuckDB gives its memory back after each node
SLOWEST_SHOWN = 25
ROUNDS = 2  # of each reference
HISTORY_MONTHS = 13
HISTORY_SIZE = 1_000_000  # customers with whom the cost of history is measured


def simulate(customers: int) -> pathlib.Path:
    folder = DATA / f"customers_{customers}"
    if not (folder / "truth.json").exists():
        command = [sys.executable, "-m", "customer_science.simulate", "--customers", str(customers)]
        command += ["--seed", "1", "--format", "parquet", "--out", str(folder)]
        subprocess.run(command, check=True)
    return folder


def count_rows(folder: pathlib.Path) -> dict[str, int]:
    return {
        file.stem: duckdb.sql(f"select count(*) from read_parquet('{file}')").fetchall()[0][0]
        for file in sorted(folder.glob("*.parquet"))
    }


def settings(folder: pathlib.Path, scratch: pathlib.Path, memory: str) -> dict[str, str]:
    """The environment of a build of one raw folder that leaves everything in another."""
    return os.environ | {
        "CLIENTELE_RAW": str(folder),
        "CLIENTELE_DB": str(scratch / "bench.duckdb"),
        "CLIENTELE_PUBLISHED": str(scratch / "published" / "published_bench.duckdb"),
        "CLIENTELE_MEMORY": memory,
        "CLIENTELE_KEEP_OPEN": str(count_rows(folder)["customers"] <= 1.1 * KEPT_OPEN_LIMIT),
        "DBT_TARGET_PATH": str(scratch / "target"),
        "DBT_LOG_PATH": str(scratch / "logs"),
    }


def build(folder: pathlib.Path, memory: str, history_months: int = 0) -> dict:
    """Cost of a whole build of one raw folder, and of each of its nodes; the database stays for references."""
    scratch = built(folder)
    subprocess.run(["rm", "-rf", str(scratch)], check=True)
    scratch.mkdir()
    environment = settings(folder, scratch, memory)
    dbt = str(pathlib.Path(sys.executable).parent / "dbt")
    started = time.perf_counter()
    options = ["--exclude-resource-type", "unit_test"]
    options += ["--vars", f"{{history_months: {history_months}}}"]
    process = subprocess.Popen([dbt, "--quiet", "build", *options], cwd=ROOT, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    wall = time.perf_counter() - started
    results = json.loads((scratch / "target" / "run_results.json").read_text())["results"]
    failed = [one["unique_id"] for one in results if one["status"] in ("error", "fail")]
    if status:
        print(
            f"The build of {folder} failed: {', '.join(failed) or 'see its log'}.", file=sys.stderr
        )
    manifest = json.loads((scratch / "target" / "manifest.json").read_text())
    nodes = {}
    for one in results:
        node = manifest["nodes"].get(one["unique_id"])
        if node is None:
            continue
        kind = node["resource_type"]
        if kind == "model":
            kind = "Python models" if node.get("language") == "python" else "SQL models"
        elif kind == "operation":
            kind = "publishing"
        nodes[one["unique_id"]] = {
            "name": one["unique_id"].split(".")[2],
            "kind": f"{kind}s" if kind in ("test", "seed") else kind,
            "wall": one["execution_time"],
        }
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss / 1e6,
        "nodes": nodes,
        "failed": failed,
        "test_count": sum(node["kind"] == "tests" for node in nodes.values()),
    }


def refer(name: str, folder: pathlib.Path, memory: str) -> dict:
    """Cost of one reference in a process of its own, and what it says of its result."""
    command = [sys.executable, str(ROOT / "bench" / "references.py"), name, str(folder), memory]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        return {"name": name, "failed": True}
    return {"name": name, "peak": usage.ru_maxrss / 1e6, **json.loads(output.splitlines()[-1])}


def refer_all(size: int, folder: pathlib.Path, memory: str) -> list[dict]:
    """All references in turn, and the quicker run of each: who reads a file first finds it on the disk."""
    from references import REFERENCES

    names = [name for name in REFERENCES if not name.startswith("pandas") or size <= PANDAS_LIMIT]
    runs = [[refer(name, folder, memory) for name in names] for _ in range(ROUNDS)]
    return [
        min(pair, key=lambda one: one.get("wall", float("inf"))) for pair in zip(*runs, strict=True)
    ]


def as_reference(build: dict) -> dict:
    """The build as the row beside which the notebook stands."""
    costs = {what: build[what] for what in ("wall", "cpu", "peak")}
    return {"task": "the whole pipeline", "way": "clientele", "result": "", **costs}


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def write_section(title: str, lines: list[str]) -> None:
    """Puts a section, or its newest version, at the end of the results."""
    kept = [one for one in RESULTS.read_text().split("\n## ") if not one.startswith(title)]
    section = "\n".join([title, "", *lines])
    RESULTS.write_text("\n\n## ".join(one.strip() for one in [*kept, section]) + "\n")
    print("## " + section)


def growth(values: list[float], rows: list[int], position: int) -> str:
    """How much more per row than at the size before; 1 is linear."""
    if not position or not values[position - 1]:
        return "-"
    return f"{values[position] / values[position - 1] / (rows[position] / rows[position - 1]):.2f}"


def builds_table(sizes, rows, builds) -> list[str]:
    totals = [sum(counts.values()) for counts in rows]
    walls = [one["wall"] for one in builds]
    peaks = [one["peak"] for one in builds]
    lines = [
        [
            f"{size:,}",
            f"{totals[position]:,}",
            f"{rows[position]['interactions'] + rows[position]['transactions']:,}",
            f"{one['wall']:.0f}",
            f"{one['cpu']:.0f}",
            f"{totals[position] / one['wall']:,.0f}",
            f"{one['peak']:.2f}",
            growth(walls, totals, position),
            growth(peaks, totals, position),
            f"{one['test_count']}, {len(one['failed']) or 'none'} failed",
        ]
        for position, (size, one) in enumerate(zip(sizes, builds, strict=True))
    ]  # fmt: skip
    header = [
        "customers",
        "raw rows",
        "of them events",
        "wall s",
        "CPU s",
        "rows/s",
        "peak GB",
        "time growth",
    ]
    lines = table([*header, "memory growth", "tests"], lines)
    kinds = ["seeds", "SQL models", "Python models", "tests", "publishing"]
    by_kind = [
        [kind]
        + [
            f"{sum(node['wall'] for node in one['nodes'].values() if node['kind'] == kind):.1f}"
            for one in builds
        ]
        for kind in kinds
    ]
    return lines + table(
        ["seconds of nodes, two at a time"] + [f"{size:,}" for size in sizes], by_kind
    )


def nodes_table(sizes, rows, builds) -> list[str]:
    totals = [sum(counts.values()) for counts in rows]
    last = builds[-1]["nodes"]
    chosen = [
        key
        for key, node in sorted(last.items(), key=lambda item: -item[1]["wall"])
        if node["kind"] in ("SQL models", "Python models")
    ]
    lines = []
    for key in chosen:
        walls = [one["nodes"].get(key, {"wall": 0.0})["wall"] for one in builds]
        lines.append(
            [last[key]["name"], last[key]["kind"].split()[0]]
            + [f"{wall:.2f}" for wall in walls]
            + [growth(walls, totals, len(sizes) - 1)]
        )
    header = ["model", "kind"] + [f"{size:,}: seconds" for size in sizes]
    return table([*header, "time growth to the last size"], lines[:SLOWEST_SHOWN])


def references_table(size: int, costs: list[dict]) -> list[str]:
    ours = {
        one["task"]: one for one in costs if not one.get("failed") and one["way"] == "clientele"
    }
    lines = []
    for one in costs:
        if one.get("failed"):
            lines.append([one["name"], "failed or out of memory", "", "", "", "", "", ""])
            continue
        own = ours.get(one["task"], one)
        lines.append(
            [one["task"], one["way"], f"{one['wall']:.2f}", f"{one['cpu']:.2f}", f"{one['peak']:.2f}"]
            + [f"{own[what] / one[what]:.2f}" if one[what] else "-" for what in ("wall", "cpu", "peak")]
            + [one["result"]]
        )  # fmt: skip
    header = [
        "result",
        "way",
        "wall s",
        "CPU s",
        "peak GB",
        "clientele / this: wall",
        "CPU",
        "memory",
    ]
    return [f"### {size:,} customers", "", *table([*header, "rows and check sum"], lines)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument(
        "--memory", default="6GB", help="what DuckDB may use in a build (default %(default)s)"
    )
    parser.add_argument("--label", default="", help="said of the run at the top of its results")
    arguments = parser.parse_args()
    sizes = arguments.customers
    folders = [simulate(size) for size in sizes]
    rows = [count_rows(folder) for folder in folders]
    builds, references = [], []
    history = ""
    for size, folder in zip(sizes, folders, strict=True):
        if size == HISTORY_SIZE:
            full = build(folder, arguments.memory, HISTORY_MONTHS)
        builds.append(build(folder, arguments.memory))
        references.append([as_reference(builds[-1]), *refer_all(size, folder, arguments.memory)])
        if size == HISTORY_SIZE:
            ratios = {what: full[what] / builds[-1][what] for what in ("wall", "cpu", "peak")}
            history = (
                f"With {HISTORY_MONTHS} months of history, {size:,} customers take {full['wall']:.0f} s, "
                f"{full['cpu']:.0f} CPU s and {full['peak']:.2f} GB: {ratios['wall']:.2f}, {ratios['cpu']:.2f} and "
                f"{ratios['peak']:.2f} times as much."
            )
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("dbt-core", "dbt-duckdb", "duckdb", "polars", "pandas", "scikit-learn")
    )
    lines = [
        "# Scale on one machine",
        "",
        f"Written by `make bench`. {os.cpu_count()} cores, "
        f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB, {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}. DuckDB may use {arguments.memory}.",
        *([arguments.label] if arguments.label else []),
        "Seconds and gigabytes vary from machine to machine and run to run; the ratios are what is meant to be read. "
        "Growth is per row from size\nto size: 1 is linear, and at the smallest size the fixed cost of a node is most "
        "of it.",
        "",
        "## Complete builds, with every test",
        "",
        *builds_table(sizes, rows, builds),
        *([history, ""] if history else []),
        f"The {SLOWEST_SHOWN} slowest models:",
        "",
        *nodes_table(sizes, rows, builds),
        "## The same results by other means",
        "",
        "Each in a process of its own, 2 threads, from the same inputs to a table, the quicker of two runs; "
        "`clientele` is its compiled SQL.",
        "The last column must be the same for all, but for the dirty rows where inputs are not checked.",
        "",
    ]  # fmt: skip
    for size, costs in zip(sizes, references, strict=True):
        lines += references_table(size, costs)
    RESULTS.write_text("\n".join(lines).rstrip() + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
