"""What a daily build costs when one event in a hundred is new, beside a build that reads everything.

The latest hundredth of the simulated interactions and transactions is kept back; a build without it, a build with it
that reads months (var look_back_days), and one that reads all are timed one model at a time. At the larger size only
the models that keep events by month are built. Results are a section of bench/RESULTS.md, which bench/scale.py begins.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

import duckdb
from scale import DATA, ROOT, settings, simulate, write_section

NEW_SHARE = 0.01
LOOK_BACK_DAYS = 7
EVENTS = ("interactions", "transactions")
BY_MONTH = [
    "int_event_months_due",
    *(f"int_{name}_{step}" for name in EVENTS for step in ("read", "repeated")),
    "int_purchases_dated",
    "int_event_customers_built",
    "int_event_months_built",
]


def split(customers: int) -> tuple[pathlib.Path, pathlib.Path]:
    """Two raw folders: the extracts without their latest events, and with these at the end."""
    whole = simulate(customers)
    folders = tuple(DATA / f"daily_{customers}" / name for name in ("before", "after"))
    for folder in folders:
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        folder.mkdir(parents=True)
        for file in whole.glob("*.parquet"):
            if file.stem not in EVENTS:
                (folder / file.name).hardlink_to(
                    file
                )  # a build opens no link that leaves its folder
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name in EVENTS:
            # keys grow with time, as a sequence gives them; those of the simulation go by customer
            key, day = f"{name[:-1]}_id", "date_diff('day', date '2020-01-01', occurred_at)"
            dated = f"printf('%03x', greatest(least(coalesce({day}, 0), 4095), 0))"
            source = (
                f"(select * replace (left({key}, 1) || {dated} || substr({key}, 2) as {key}) "
                f"from read_parquet('{whole / name}.parquet'))"
            )
            # dirty rows say years that are none
            ((latest,),) = connection.sql(
                f"select quantile_disc(occurred_at, {1 - NEW_SHARE}) from {source} where year(occurred_at) < 2100"
            ).fetchall()
            old = f"coalesce(occurred_at < timestamp '{latest}' or year(occurred_at) >= 2100, true)"
            before, after = (folder / f"{name}.parquet" for folder in folders)
            # in the order of time, as a log grows; rows without a date come first
            connection.sql(
                f"copy (from {source} where {old} order by occurred_at nulls first) to '{before}'"
            )
            connection.sql(
                f"copy (from '{before}' union all by name from {source} where not {old}) to '{after}'"
            )
    return folders


def build(folder: pathlib.Path, scratch: pathlib.Path, memory: str, *arguments: str) -> dict:
    """Wall seconds of a build, and of each of its nodes."""
    environment = settings(folder, scratch, memory)
    dbt = str(pathlib.Path(sys.executable).parent / "dbt")
    variables = ["--vars", f"look_back_days: {LOOK_BACK_DAYS}"]
    started = time.perf_counter()
    subprocess.run(
        [dbt, "--quiet", *arguments, "--threads", "1", *variables], cwd=ROOT, env=environment, check=True
    )  # fmt: skip
    seconds = {"whole": time.perf_counter() - started}
    for one in json.loads((scratch / "target" / "run_results.json").read_text())["results"]:
        seconds[one["unique_id"].split(".")[2]] = one["execution_time"]
    return seconds


def measure(customers: int, memory: str, is_whole: bool) -> list[str]:
    before, after = split(customers)
    scratch = before.parent / "build"
    subprocess.run(["rm", "-rf", str(scratch)], check=True)
    scratch.mkdir()
    models = ["run", "--select", "+int_event_months_built", "+int_interactions_conformed"]
    command = ["build"] if is_whole else models
    build(before, scratch, memory, *(["build"] if is_whole else ["seed"]))
    if not is_whole:
        build(before, scratch, memory, *models)
    daily = build(after, scratch, memory, *command)
    full = build(after, scratch, memory, *command, "--full-refresh")
    lines = [
        [name, daily[name], full[name]] for name in [*BY_MONTH, *(["whole"] if is_whole else [])]
    ]
    total = ["all of them", *(sum(one[name] for name in BY_MONTH) for one in (daily, full))]
    lines.insert(len(BY_MONTH), total)
    return [f"| {customers:,} | {name} | {a:.2f} | {b:.2f} | {a / b:.2f} |" for name, a, b in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--whole", type=int, default=1_000_000, help="customers of the whole build")
    parser.add_argument("--memory", default="6GB", help="what DuckDB may use (default %(default)s)")
    arguments = parser.parse_args()
    lines = measure(arguments.whole, arguments.memory, True)
    lines += measure(arguments.customers, arguments.memory, False)
    write_section(
        "A daily build beside a full one",
        [
            f"Written by `python bench/daily_builds.py`: {NEW_SHARE:.0%} of the events are new, and the look-back is "
            f"{LOOK_BACK_DAYS} days.\nEvents stand in the order of time, and their keys grow with it.",
            "",
            "| customers | what | daily, s | full, s | daily / full |",
            "|---|---|---|---|---|",
            *lines,
        ],
    )


if __name__ == "__main__":
    main()
