"""Runs dbt on any raw folder, each build in a database of its own."""

import os
import pathlib
from contextlib import contextmanager

import duckdb
import pytest
import yaml
from in_process import Runner

ROOT = pathlib.Path(__file__).parents[2]


@contextmanager
def environment(**values: str):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


class Build:
    """One dbt invocation and the database that it left."""

    def __init__(self, folder: pathlib.Path, result, said=()):
        self.path = folder / "clientele.duckdb"
        self.published = folder / "published" / "clientele.duckdb"
        self.customers = folder / "published" / "clientele_customers.duckdb"
        self.target = folder / "target"
        self.said = list(said)
        self.is_success = result.success
        self.messages = [str(result.exception or "")] + [
            str(node.message) for node in (getattr(result.result, "results", None) or [])
        ]
        self.statuses = {
            node.node.name: str(node.status)
            for node in (getattr(result.result, "results", None) or [])
        }

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(sql).fetchall()

    def row(self, sql: str) -> tuple:
        (row,) = self.rows(sql)
        return row

    def values(self, sql: str) -> dict:
        """First column -> the rest (bare if it is a single value)."""
        return {row[0]: row[1] if len(row) == 2 else row[1:] for row in self.rows(sql)}


@pytest.fixture(scope="session")
def run_dbt(tmp_path_factory):
    """run_dbt(command, raw=folder, select=[...], **vars) -> Build; `into` reuses an earlier build's database."""
    parsed = {}  # vars -> manifest, and the file that parsing leaves

    def run(
        command="build",
        *,
        raw=None,
        select=(),
        into=None,
        threads=None,
        full_refresh=False,
        env=None,
        **variables,
    ):
        folder = into.path.parent if into else tmp_path_factory.mktemp("build")
        places = ["--quiet", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
        places += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
        key = yaml.safe_dump(variables)
        places += ["--vars", key]
        arguments = [command, *places]
        arguments += ["--select", *select] if select else []
        arguments += ["--threads", str(threads)] if threads else []
        arguments += ["--full-refresh"] if full_refresh else []
        values = {
            "CLIENTELE_DB": str(folder / "clientele.duckdb"),
            "CLIENTELE_PUBLISHED": str(folder / "published" / "clientele.duckdb"),
            **(env or {}),
        }
        if raw is not None:
            values["CLIENTELE_RAW"] = str(raw)
        before = pathlib.Path.cwd()
        os.chdir(ROOT)
        manifest_file = folder / "target" / "manifest.json"
        manifest_file.parent.mkdir(exist_ok=True)
        try:
            with environment(**values):
                # parsing takes longer than most runs do, and depends on nothing but the project and its vars
                if key not in parsed:
                    result = Runner().invoke(["parse", *places])
                    if not result.success:
                        return Build(folder, result)
                    parsed[key] = result.result, manifest_file.read_bytes()
                manifest, text = parsed[key]
                manifest_file.write_bytes(text)
                said = []  # what macros say at the end of the run
                runner = Runner(
                    manifest=manifest,
                    callbacks=[
                        lambda event: (
                            said.append(event.info.msg)
                            if event.info.name == "JinjaLogInfo"
                            else None
                        )
                    ],
                )
                return Build(folder, runner.invoke(arguments), said)
        finally:
            os.chdir(before)

    return run


@pytest.fixture(scope="session")
def demo(run_dbt) -> Build:
    """The demo bank, built and tested as `dbt build` does."""
    return run_dbt()


def real_folder(name: str) -> pathlib.Path:
    """Folder of a published file, or a skip that says what is missing."""
    base = os.environ.get("CLIENTELE_REAL_DATA")
    if not base:
        pytest.skip("CLIENTELE_REAL_DATA is not set: the published files are not checked")
    folder = pathlib.Path(base).resolve() / name
    if not folder.is_dir():
        pytest.skip(
            f"CLIENTELE_REAL_DATA has no folder {name}: its published figures are not checked"
        )
    return folder


@pytest.fixture(scope="session")
def churn_modelling(run_dbt) -> Build:
    return run_dbt(raw=real_folder("churn_modelling"), source_system="churn_modelling")


@pytest.fixture(scope="session")
def bank_scrooge(run_dbt) -> Build:
    return run_dbt(raw=real_folder("bank_scrooge"), source_system="bank_scrooge")
