"""Places customers in clusters from table to table, by the project's SQL and by pandas with scikit-learn, side by side.

Simulated Parquet input is built as far as the clusters; then each way reads the features, places every customer and
writes a table of key, cluster and distance, in a process of its own, several times in turn. Seconds are those between
the open database and the written table; memory is the peak of the process. Most of the SQL's time goes into compressing
and writing the table, text keys above all, which both ways do. Results are a section of bench/RESULTS.md, which
bench/scale.py begins.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import duckdb
from scale import ROOT, simulate, write_section

WAYS = {
    "SQL": "place_in_sql",
    "pandas and scikit-learn": "place_in_pandas",
    "a copy in SQL of what was placed before, the floor": "copy_in_sql",
}
# no mart depends on the order of rows, and keeping it makes a write single-threaded
CONNECTION = {"threads": 2, "preserve_insertion_order": False}
MEASURES = ["recency", "frequency", "monetary"]


def place_in_sql(path: str, query: str) -> float:
    return write_in_sql(path, f"({query})")


def copy_in_sql(path: str, query: str) -> float:
    """Nothing is computed: what reading and writing keys and numbers takes."""
    return write_in_sql(path, "intermediate.int_customers_assigned")


def write_in_sql(path: str, relation: str) -> float:
    connection = duckdb.connect(path, config=CONNECTION | {"memory_limit": "40MB"})
    started = time.perf_counter()
    # the columns that pandas writes
    connection.execute(
        f"create or replace table placed as select customer_id, cluster_number, cluster_distance from {relation}"
    )
    return time.perf_counter() - started


def place_in_pandas(path: str, query: str) -> float:
    """What a notebook does with the same centroids; it needs a number for unknown money, and takes the mean."""
    import numpy as np
    from sklearn.cluster import KMeans

    connection = duckdb.connect(path, config=CONNECTION | {"memory_limit": "100MB"})
    parameters = connection.execute(
        "select * from intermediate.int_cluster_parameters where known_measures = 'all'"
    ).df()
    mean, scale, centroids = (
        parameters.pivot(index="cluster_number", columns="measure", values=name)[
            MEASURES
        ].to_numpy()
        for name in ("measure_mean", "measure_scale", "centroid")
    )
    model = KMeans(len(centroids), init=centroids, n_init=1, max_iter=1).fit(centroids)
    started = time.perf_counter()
    customers = connection.execute(
        "select customer_id, recency_days, frequency_count, monetary_amount from intermediate.int_customers_rfm "
        "where rfm_scheme = 'bank_contacts'"
    ).df()
    values = customers[["recency_days", "frequency_count", "monetary_amount"]].to_numpy("float64")
    matrix = np.nan_to_num((np.log1p(values) - mean[0]) / scale[0])
    customers["cluster_number"] = model.predict(matrix) + 1
    customers["cluster_distance"] = model.transform(matrix).min(axis=1)
    placed = customers[["customer_id", "cluster_number", "cluster_distance"]]
    connection.register("placed_customers", placed)
    connection.execute("create or replace table placed_by_pandas as select * from placed_customers")
    return time.perf_counter() - started


def build(folder: pathlib.Path, scratch: str) -> tuple[str, float]:
    """The SQL that places customers, and the peak memory in GB of the build up to them, clusters learnt."""
    environment = os.environ | {
        "CLIENTELE_RAW": str(folder),
        "CLIENTELE_DB": f"{scratch}/bench.duckdb",
        "CLIENTELE_MEMORY": "1GB",
        "DBT_TARGET_PATH": f"{scratch}/target",
        "DBT_LOG_PATH": f"{scratch}/logs",
    }
    dbt = str(pathlib.Path(sys.executable).parent / "dbt")
    # everything that clusters are learnt from, then the clusters in a process of their own
    first = [
        dbt,
        "--quiet",
        "build",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
    ]
    subprocess.run(
        [*first, "--select", "+int_customers_rfm"], check=True, cwd=ROOT, env=environment
    )
    second = [dbt, "--quiet", "run", "--select", "int_cluster_features_built", "int_cluster_customers_sampled",
              "int_customers_clustered", "int_cluster_parameters", "int_customers_assigned"]  # fmt: skip
    process = subprocess.Popen(second, cwd=ROOT, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"dbt run failed on {folder}")
    (compiled,) = pathlib.Path(scratch).glob("target/compiled/**/int_customers_assigned.sql")
    # names in compiled SQL begin with the database, which the copies of its file call otherwise
    return re.sub(r'"bench"\.', "", compiled.read_text()), usage.ru_maxrss / 1e6


def measure(way: str, path: str, query: str) -> tuple[float, float]:
    """Seconds, and peak memory in GB of a process that does nothing else."""
    command = [sys.executable, __file__, "--way", way, "--path", path, "--query", query]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{way} failed")
    return json.loads(output), usage.ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=WAYS.values(), help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    parser.add_argument("--query", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(globals()[arguments.way](arguments.path, arguments.query)))
        return

    folder = simulate(arguments.customers)
    with tempfile.TemporaryDirectory() as scratch:
        query, learning_gb = build(folder, scratch)
        runs = {way: [] for way in WAYS}
        for _ in range(arguments.rounds):
            for way, function in WAYS.items():
                copy = shutil.copy(f"{scratch}/bench.duckdb", f"{scratch}/copy.duckdb")
                runs[way].append(measure(function, copy, query))
    medians = {
        way: [sorted(values)[len(values) // 2] for values in zip(*pairs, strict=True)]
        for way, pairs in runs.items()
    }
    seconds, memory = zip(*medians.values(), strict=True)
    write_section(
        f"{arguments.customers:,} customers placed in clusters, from table to table",
        [
            f"Written by `python bench/cluster_assignment.py`: medians of {arguments.rounds} runs in turn. Learning "
            f"the clusters and placing everybody\nin dbt peaks at {learning_gb:.2f} GB.",
            "",
            "| way | seconds | peak memory, GB |",
            "|---|---|---|",
            *(f"| {way} | {values[0]:.2f} | {values[1]:.2f} |" for way, values in medians.items()),
            f"| pandas over SQL | {seconds[1] / seconds[0]:.1f} | {memory[1] / memory[0]:.1f} |",
        ],
    )


if __name__ == "__main__":
    main()
