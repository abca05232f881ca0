"""Times the SQL models of the demo layout at growing numbers of simulated customers and prints the growth.

Each size is simulated as Parquet under bench/data (kept for the next run) and built in a process of its own; seeds and
data tests are left out of the figures. Time that grows by more than the rows did is the thing to look for. Results are
written to bench/RESULTS.md.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import duckdb

ROOT = pathlib.Path(__file__).parents[1]
DATA = ROOT / "bench" / "data"


def simulate(customers: int) -> pathlib.Path:
    folder = DATA / f"customers_{customers}"
    if not (folder / "truth.json").exists():
        command = [sys.executable, "-m", "customer_science.simulate", "--customers", str(customers)]
        command += ["--seed", "1", "--format", "parquet", "--out", str(folder)]
        subprocess.run(command, check=True)
    return folder


def count_rows(folder: pathlib.Path) -> int:
    return sum(
        duckdb.sql(f"select count(*) from read_parquet('{file}')").fetchall()[0][0]
        for file in sorted(folder.glob("*.parquet"))
    )


def build(folder: pathlib.Path) -> dict:
    """Seconds per model and peak memory of `dbt seed` and `dbt run` on one raw folder."""
    dbt = str(pathlib.Path(sys.executable).parent / "dbt")
    with tempfile.TemporaryDirectory() as scratch:
        environment = os.environ | {
            "CLIENTELE_RAW": str(folder),
            "CLIENTELE_DB": f"{scratch}/bench.duckdb",
            "DBT_TARGET_PATH": f"{scratch}/target",
            "DBT_LOG_PATH": f"{scratch}/logs",
        }
        subprocess.run([dbt, "--quiet", "seed"], check=True, cwd=ROOT, env=environment)
        process = subprocess.Popen([dbt, "--quiet", "run"], cwd=ROOT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"dbt run failed on {folder}")
        results = json.loads(pathlib.Path(f"{scratch}/target/run_results.json").read_text())
        manifest = json.loads(pathlib.Path(f"{scratch}/target/manifest.json").read_text())
    seconds = {
        result["unique_id"].split(".")[-1]: result["execution_time"]
        for result in results["results"]
        if manifest["nodes"].get(result["unique_id"], {}).get("language") == "sql"
    }
    return {"seconds": seconds, "peak_gb": usage.ru_maxrss / 1e6}


def table(sizes: list[int], rows: list[int], builds: list[dict]) -> str:
    totals = [sum(build["seconds"].values()) for build in builds]
    lines = [
        "| customers | raw rows | SQL seconds | rows per second | peak memory, GB | time growth / row growth |",
        "|---|---|---|---|---|---|",
    ]
    for position, size in enumerate(sizes):
        growth = "-"
        if position:
            row_growth = rows[position] / rows[position - 1]
            growth = f"{totals[position] / totals[position - 1] / row_growth:.2f}"
        lines.append(
            f"| {size:,} | {rows[position]:,} | {totals[position]:.1f} | "
            f"{rows[position] / totals[position]:,.0f} | {builds[position]['peak_gb']:.2f} | {growth} |"
        )
    slowest = sorted(builds[-1]["seconds"].items(), key=lambda item: -item[1])[:10]
    lines += ["", f"The ten slowest models at {sizes[-1]:,} customers:", ""]
    lines += [
        "| model | " + " | ".join(f"{size:,}" for size in sizes) + " |",
        "|---|" + "---|" * len(sizes),
    ]
    for model, _ in slowest:
        cells = " | ".join(f"{build['seconds'][model]:.2f}" for build in builds)
        lines.append(f"| {model} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    sizes = parser.parse_args().customers
    folders = [simulate(size) for size in sizes]
    results = table(
        sizes, [count_rows(folder) for folder in folders], [build(folder) for folder in folders]
    )
    heading = (
        "# SQL build at growing sizes\n\nWritten by `make bench`: the SQL models of the demo layout, simulated Parquet "
        f"input.\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}. Seconds are summed over models and vary from machine to machine; the growth is "
        "the figure to\nread: 1 is linear, and small sizes are mostly the fixed cost of a model.\n\n"
    )
    (ROOT / "bench" / "RESULTS.md").write_text(heading + results + "\n")
    print(results)


if __name__ == "__main__":
    main()
