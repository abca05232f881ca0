"""Runs dbt on any raw folder, each build in a database of its own."""

import copy
import fcntl
import hashlib
import os
import pathlib
import pickle
import re
import shutil
from contextlib import contextmanager

import duckdb
import pytest
import yaml
from in_process import Runner

ROOT = pathlib.Path(__file__).parents[2]


# The files that take longest, longest first: what the two workers end with is short, so that they end together.
LONGEST = ["test_spark", "test_inputs", "test_publishing", "test_truth"]


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))


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


@contextmanager
def in_root():
    before = pathlib.Path.cwd()
    os.chdir(ROOT)
    try:
        yield
    finally:
        os.chdir(before)


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
def once(tmp_path_factory):
    """once(name, make) -> what `make` gives: the first worker that asks makes it, the others read it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def get(name, make):
        kept = folder / f"{name}.pickle"
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make()))
        return pickle.loads(kept.read_bytes())

    return get


# The vars that a YAML file or a config block reads: all others are read when a model is compiled for its run.
READ_BY_PARSING = {
    name
    for folder in ("models", "python_models", "seeds")
    for file in (ROOT / folder).rglob("*.[sy][qm]l")
    for text in [file.read_text("utf-8")]
    for part in (
        [text] if file.suffix == ".yml" else re.findall(r"\bconfig\(.*?\) *\}\}", text, re.S)
    )
    for name in re.findall(r"var\('(\w+)'", part)
}

# A debug log and the artifacts of each run take a third of its time, and no test reads them.
QUICK = {"DBT_LOG_LEVEL_FILE": "none", "DBT_WRITE_JSON": "0"}


@pytest.fixture(scope="session")
def parsed(tmp_path_factory, once):
    """parsed(vars) -> the manifest, and the files that parsing leaves. It takes longer than most runs do."""
    kept = {}

    def parse(variables):
        target = tmp_path_factory.mktemp("parsed")
        arguments = ["parse", "--quiet", "--vars", variables, "--target-path", str(target)]
        arguments += ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
        # the name of the database is part of what is parsed
        with environment(DBT_LOG_LEVEL_FILE="none", CLIENTELE_DB=str(target / "clientele.duckdb")):
            result = Runner().invoke(arguments)
        if not result.success:
            raise ParsingFailed(result)
        return result.result, {
            file.name: file.read_bytes() for file in target.glob("*manifest.json")
        }

    def get(variables):
        key = yaml.safe_dump(variables)
        if key not in kept:
            name = "parsed-" + hashlib.sha256(key.encode()).hexdigest()[:16]
            kept[key] = once(name, lambda: parse(key))
        return kept[key]

    return get


@pytest.fixture(scope="session")
def compiled(parsed, tmp_path_factory):
    """compiled(text) -> the text as dbt renders it in the project, with the project's own vars."""

    def get(text):
        folder = tmp_path_factory.mktemp("compiled")
        arguments = ["compile", "--quiet", "--target-path", str(folder), "--inline", text]
        arguments += ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
        with environment(CLIENTELE_DB=str(folder / "clientele.duckdb"), **QUICK), in_root():
            result = Runner(manifest=parsed({})[0]).invoke(arguments)
        assert result.success, result.exception
        return result.result.results[0].node.compiled_code

    return get


@pytest.fixture(scope="session")
def run_dbt(tmp_path_factory, parsed):
    """run_dbt(command, raw=folder, select=[...], **vars) -> Build; `into` reuses an earlier build's database.

    `parsed_with` are all vars with which the project is parsed, where some might keep it from being parsed.
    """

    def run(
        command="build",
        *,
        raw=None,
        select=(),
        into=None,
        threads=None,
        full_refresh=False,
        env=None,
        parsed_with=None,
        **variables,
    ):
        folder = into.path.parent if into else tmp_path_factory.mktemp("build")
        arguments = [command, "--quiet", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
        arguments += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
        arguments += ["--vars", yaml.safe_dump(variables)]
        arguments += ["--select", *select] if select else []
        arguments += ["--threads", str(threads)] if threads else []
        arguments += ["--full-refresh"] if full_refresh else []
        values = {
            "CLIENTELE_DB": str(folder / "clientele.duckdb"),
            "CLIENTELE_PUBLISHED": str(folder / "published" / "clientele.duckdb"),
            **QUICK,
            **(env or {}),
        }
        if raw is not None:
            values["CLIENTELE_RAW"] = str(raw)
        read = {name: variables[name] for name in variables.keys() & READ_BY_PARSING}
        said = []  # what macros say at the end of the run
        with in_root():
            try:
                manifest, files = parsed(read if parsed_with is None else parsed_with)
            except ParsingFailed as failure:
                return Build(folder, failure.result)
            (folder / "target").mkdir(exist_ok=True)
            for name, content in files.items():
                (folder / "target" / name).write_bytes(content)
            runner = Runner(
                manifest=manifest,
                callbacks=[
                    lambda event: (
                        said.append(event.info.msg) if event.info.name == "JinjaLogInfo" else None
                    )
                ],
            )
            with environment(**values):
                return Build(folder, runner.invoke(arguments), said)

    return run


class ParsingFailed(Exception):
    def __init__(self, result):
        super().__init__(str(result.exception))
        self.result = result


@pytest.fixture(scope="session")
def demo(run_dbt, once) -> Build:
    """The demo bank, built and tested as `dbt build` does."""
    return once("demo", run_dbt)


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


# What of the graph runs besides the selected models.
MODELS = {"DBT_RESOURCE_TYPES": "seed model"}  # no test
# What unit tests say holds whatever is read, and the demo's build has run them.
NO_UNIT_TESTS = {"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"}


# the tests that read nothing but what is built
CAUTIOUS = NO_UNIT_TESTS | {"DBT_INDIRECT_SELECTION": "cautious"}


@pytest.fixture
def demo_copy(demo, tmp_path) -> Build:
    """The demo's database, for a test that writes into it: other workers read the demo's own."""
    build = copy.copy(demo)
    build.path = tmp_path / "clientele.duckdb"
    shutil.copy(demo.path, build.path)
    return build


def real_build(run_dbt, once, name, env=NO_UNIT_TESTS, **options):
    """A published file, built once for all that look at it."""
    raw = real_folder(name)
    return once(name, lambda: run_dbt(raw=raw, source_system=name, env=env, **options))


@pytest.fixture(scope="session")
def churn_modelling(run_dbt, once) -> Build:
    return real_build(run_dbt, once, "churn_modelling")


@pytest.fixture(scope="session")
def bank_scrooge(run_dbt, once) -> Build:
    return real_build(run_dbt, once, "bank_scrooge")


READ = ["+quality_inputs", "+quality_quarantine", "+quality_reconciliation"]
VALUE = [
    "+clv_customers",
    "+clv_model_metrics",
    "+clv_tiers",
    "+clv_upgrade_candidates",
    "+budget_allocation",
]


@pytest.fixture(scope="session")
def bank_marketing(run_dbt, once) -> Build:
    return real_build(
        run_dbt, once, "bank_marketing", env=CAUTIOUS,
        select=["+cluster_profiles", "+cluster_selection", "+quality_fan_out", "+int_bank_marketing_groups_scored"],
    )  # fmt: skip


@pytest.fixture(scope="session")
def auto_insurance_clv(run_dbt, once) -> Build:
    """The published policies, measured over three shuffles of the folds."""
    return real_build(
        run_dbt,
        once,
        "auto_insurance_clv",
        env=CAUTIOUS,
        select=[*READ, *VALUE],
    )


@pytest.fixture(scope="session")
def cdnow(run_dbt, once) -> Build:
    """The published purchases, which clusters are made of too."""
    return real_build(
        run_dbt, once, "cdnow", env=CAUTIOUS,
        select=[*READ, *VALUE, "+rfm_customers", "+cluster_profiles", "+cluster_selection"],
    )  # fmt: skip
