"""The whole project on Spark: a local session, a cluster of two workers, Spark Connect. Every mart equals DuckDB's."""

import json
import math
import os
import pathlib
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import duckdb
import pytest
from conftest import ROOT

pyspark = pytest.importorskip("pyspark", reason="requirements-spark.txt is not installed")
pytestmark = pytest.mark.spark

HOME = pathlib.Path(pyspark.__file__).parent
HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-9  # relative, of doubles; everything else is equal
LOOPBACK = {
    "SPARK_HOME": str(HOME),
    "SPARK_LOCAL_IP": "127.0.0.1",
    "PYSPARK_PYTHON": sys.executable,
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(commands: list[list[str]], port: int, folder: pathlib.Path):
    """Processes of Spark, from the time when the first listens on the port."""
    processes = []
    try:
        for number, command in enumerate(commands):
            log = (folder / f"spark_{number}.log").open("w")
            processes.append(
                subprocess.Popen(
                    command, cwd=ROOT, env=os.environ | LOOPBACK, stdout=log, stderr=log
                )
            )
            deadline = time.monotonic() + 60
            while number == 0 and not listens(port):
                if time.monotonic() > deadline or processes[0].poll() is not None:
                    pytest.fail(
                        f"Spark did not start: {(folder / 'spark_0.log').read_text()[-2000:]}"
                    )
                time.sleep(0.2)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def on_this_machine(folder):
    yield {}


@contextmanager
def on_two_workers(folder):
    port = free_port()
    master, spark_class = f"spark://127.0.0.1:{port}", str(HOME / "bin" / "spark-class")
    worker = [
        spark_class, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--cores", "1",
        "--memory", "2g", "--webui-port", "0",
    ]  # fmt: skip
    commands = [
        [spark_class, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port),
         "--webui-port", "0"],
        [*worker, "--work-dir", str(folder / "worker_1"), master],
        [*worker, "--work-dir", str(folder / "worker_2"), master],
    ]  # fmt: skip
    with running(commands, port, folder):
        yield {"CLIENTELE_SPARK_MASTER": master}


@contextmanager
def through_connect(folder):
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": folder / "warehouse",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder}/metastore;create=true",
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder}",
        "spark.ui.enabled": "false",
    }
    command = [str(HOME / "bin" / "spark-submit"), "--master", "local[2]"]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    command += [
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
        "spark-internal",
    ]
    with running([command], port, folder):
        yield {"SPARK_REMOTE": f"sc://127.0.0.1:{port}"}


# models are tried everywhere; data tests, publishing and unit tests, which take longer than all models, on two workers
MODELS_ALONE = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
ARGUMENTS = {"spark": MODELS_ALONE, "spark_cluster": [], "spark_connect": MODELS_ALONE}
SESSIONS = {
    "spark": on_this_machine,
    "spark_cluster": on_two_workers,
    "spark_connect": through_connect,
}


def spark_build(target: str, folder: pathlib.Path, *arguments: str, **environment: str) -> None:
    places = [
        "--project-dir",
        str(ROOT),
        "--profiles-dir",
        str(ROOT),
        "--log-path",
        str(folder / "logs"),
    ]
    places += ["--target-path", str(folder / "target")]
    process = subprocess.run(
        [sys.executable, str(HERE / "spark_build.py"), target, str(folder), *arguments, *places],
        cwd=ROOT,
        env=os.environ | LOOPBACK | {"CLIENTELE_WAREHOUSE": str(folder)} | environment,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert process.returncode == 0, (process.stdout + process.stderr)[-6000:]


def is_same(one, other) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE) or (
            math.isnan(one) and math.isnan(other)
        )
    return one == other


def differing_rows(
    embedded: duckdb.DuckDBPyRelation, other: duckdb.DuckDBPyRelation, grain: list[str]
) -> list:
    """Rows of either side that the other has not, or has otherwise; matched by their grain."""
    names = embedded.columns
    assert sorted(names) == sorted(other.columns)
    keys = [names.index(column) for column in grain]
    sides = []
    for relation in (embedded, other):
        rows = relation.project(", ".join(names)).fetchall()
        sides.append({tuple(row[key] for key in keys): row for row in rows})
        assert len(sides[-1]) == len(rows), "the grain is no key"
    first, second = sides
    return [
        (first.get(key), second.get(key))
        for key in first.keys() | second.keys()
        if key not in first or key not in second or not all(map(is_same, first[key], second[key]))
    ]


@pytest.mark.parametrize("target", SESSIONS)
def test_every_mart_equals_duckdbs_row_for_row(target, demo, tmp_path):
    with SESSIONS[target](tmp_path) as environment:
        spark_build(target, tmp_path, "build", *ARGUMENTS[target], **environment)
    manifest = json.loads((demo.target / "manifest.json").read_text())
    marts = {
        node["name"]: node["config"]["meta"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    lines = ["| mart | rows | differing rows |", "|---|---|---|"]
    differing = {}
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        connection.execute(f"attach '{demo.published}' as published (read_only)")
        connection.execute(f"attach '{demo.customers}' as customers (read_only)")
        people = {
            name
            for (name,) in connection.sql(
                "select table_name from duckdb_tables() where database_name = 'customers'"
            ).fetchall()
        }

        def rows_of(schema, mart):
            return connection.sql(
                f"select * from read_parquet('{tmp_path}/{schema}/{mart}/*.parquet')"
            )

        for mart, meta in sorted(marts.items()):
            embedded = connection.sql(f"select * from marts.{mart}")
            found = differing_rows(embedded, rows_of("marts", mart), meta["grain"])
            lines.append(f"| {mart} | {len(embedded):,} | {len(found)} |")
            # hashes of rows are each engine's own
            if (
                target == "spark_cluster"
                and meta.get("is_published", True)
                and mart != "run_manifest"
            ):
                published = connection.sql(
                    f"select * from {'customers' if mart in people else 'published'}.marts.{mart}"
                )
                found += differing_rows(published, rows_of("published", mart), meta["grain"])
            differing[mart] = found[:3]
    table = ROOT / "target" / f"parity_{target}.md"
    table.parent.mkdir(exist_ok=True)
    table.write_text("\n".join(lines) + "\n")
    assert {mart: rows for mart, rows in differing.items() if rows} == {}
