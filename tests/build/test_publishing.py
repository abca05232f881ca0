"""Clients find whole, tested builds, whatever happens to the build that runs."""

import bz2
import gzip
import hashlib
import importlib.metadata
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import duckdb
import pytest
from mini_project import MiniProject
from publishing import erase as erasing
from publishing import publish as publishing
from publishing.files import Publication, PublishError

ROOT = pathlib.Path(__file__).parents[2]


def hash_of(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@pytest.fixture
def published(demo):
    """The demo's published aggregates, with the customers attached as `customers` and the work database as `work`."""
    connection = duckdb.connect(str(demo.published), read_only=True)
    connection.execute(f"attach '{demo.customers}' as customers (read_only)")
    connection.execute(f"attach '{demo.path}' as work (read_only)")
    yield connection
    connection.close()


def marts_in(connection, database):
    return {
        name
        for (name,) in connection.sql(
            "select table_name from information_schema.tables "
            f"where table_catalog = '{database}' and table_schema = 'marts'"
        ).fetchall()
    }


def columns_of(connection, mart):
    return [row[0] for row in connection.sql(f"describe from work.marts.{mart}").fetchall()]


# --- what is published


STAYS = {"quality_quarantine", "churn_customers", "churn_observations"}
UNPUBLISHED = {"column_profile", "fewest_outcome_count"}


def test_every_mart_but_those_that_stay_is_published_row_by_row(published):
    marts = marts_in(published, "work") - STAYS
    people = marts_in(published, "customers")
    assert len(marts) > 25 and marts_in(published, "clientele") | people == marts
    assert marts_in(published, "clientele") & people == {"run_manifest"}
    # whoever may not see customers finds nobody among the aggregates
    assert {mart for mart in marts if "customer_id" in columns_of(published, mart)} == people - {
        "run_manifest"
    }
    for mart in marts - {"run_manifest"}:
        columns = ", ".join(set(columns_of(published, mart)) - UNPUBLISHED)
        one = f"select {columns} from {'customers' if mart in people else 'clientele'}.marts.{mart}"
        other = f"select {columns} from work.marts.{mart}"
        changed = published.sql(f"{one} except all {other}").limit(1).fetchall()
        missing = published.sql(f"{other} except all {one}").limit(1).fetchall()
        # the demo has small cells in its cube, and small parts or bases in cells of these
        is_protected = mart in (
            "campaign_readout", "campaign_sizes", "churn_cut_tests", "churn_definition_overlap", "churn_intervals",
            "churn_portraits", "churn_rates", "churn_segments", "churn_segment_candidates", "quality_drift",
            "quality_fairness", "rfm_by_age_band", "rfm_by_city", "segment_briefs", "segment_history",
            "segment_migration", "strategy_economics", "strategy_priorities", "strategy_segments",
        )  # fmt: skip
        assert bool(changed) == is_protected, mart
        # and curves that end where few are at risk
        assert bool(missing) == (is_protected or mart == "retention_by_cohort"), mart


def test_small_cells_of_the_cube_are_published_with_their_size_and_without_their_outcome(published):
    cells = "select cut_count, cut_name, cut_value, customers_count from {}.marts.churn_rates"
    one, other = cells.format("clientele"), cells.format("work")
    assert not published.sql(f"{one} except all {other}").fetchall()
    assert not published.sql(f"{other} except all {one}").fetchall()
    (small, told, withheld) = published.sql(
        "select count(*) filter (where customers_count < 5), "
        "count(coalesce(churned_count, churn_rate, lift, p_value, churn_rate_ci_lower)) "
        "filter (where customers_count < 5), count(*) filter (where is_suppressed and churned_count is null) "
        "from clientele.marts.churn_rates"
    ).fetchall()[0]
    assert small > 0 and told == 0 and withheld > small
    # what is told is told as it is, but for the q-values, and for the decimals of standardised rates
    told = (
        "select * exclude (is_suppressed, q_value) "
        "replace (round(standardised_churn_rate, 3) as standardised_churn_rate) "
        "from {}.marts.churn_rates where not is_suppressed"
    )
    assert not published.sql(f"{told.format('clientele')} except {told.format('work')}").fetchall()


def test_types_and_comments_arrive(published):
    columns = {
        databases: published.sql(
            "select distinct table_name, column_name, data_type, comment from duckdb_columns() "
            f"where database_name in {databases} and table_name not in {tuple(STAYS)} "
            f"and column_name not in ({str(sorted(UNPUBLISHED))[1:-1]}) and schema_name = 'marts' order by all"
        ).fetchall()
        for databases in (("clientele", "customers"), ("work", "work"))
    }
    assert columns["clientele", "customers"] == columns["work", "work"]
    assert all(comment for *_, comment in columns["work", "work"])
    assert not published.sql(
        "select 1 from duckdb_tables() where database_name in ('clientele', 'customers') and comment is null"
    ).fetchall()


def test_old_clients_can_open_the_file(published):
    for (tags,) in published.sql(
        "select tags from duckdb_databases() where database_name in ('clientele', 'customers')"
    ).fetchall():
        assert tags["storage_version"].startswith("v1.2.0")


def test_a_parquet_file_per_mart_stands_beside_it(demo, published):
    folder = demo.published.parent
    for database, place in (("clientele", folder), ("customers", folder / "clientele_customers")):
        files = {path.stem: path for path in place.glob("*.parquet")}
        assert set(files) == marts_in(published, database)
        for mart, path in files.items():
            table = f"{database}.marts.{mart}"
            assert not published.sql(f"from '{path}' except all from {table}").fetchall()
            assert published.sql(f"select count(*) from '{path}'").fetchall() == (
                published.sql(f"select count(*) from {table}").fetchall()
            )


def test_customers_stand_in_the_order_of_their_published_ids(demo, published):
    folder = demo.published.parent / "clientele_customers"
    for mart in marts_in(published, "customers") - {"run_manifest"}:
        for source in (f"customers.marts.{mart}", f"'{folder}/{mart}.parquet'"):
            ids = [row[0] for row in published.sql(f"select customer_id from {source}").fetchall()]
            assert ids == sorted(ids), source


def test_the_manifest_says_where_the_build_comes_from(demo, published):
    rows = published.sql(
        "select item_kind, item_name, columns(* exclude (item_kind, item_name)) from clientele.marts.run_manifest"
    ).fetchall()
    items = {(kind, name): rest for kind, name, *rest in rows}
    assert len({rest[0] for rest in items.values()}) == 1
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    assert items["build", "git_revision"][1].removesuffix("-dirty") == revision.stdout.strip()
    assert items["build", "as_of_date"][1] == "2025-12-31"
    assert 1 < float(items["build", "duration_seconds"][1]) < 10_000
    raw = ROOT / "data" / "demo" / "customers.csv"
    lines = raw.read_bytes().count(b"\n") - 1
    assert items["input", "customers"][1:] == ["customers.csv", lines, hash_of(raw)]
    assert items["package", "duckdb"][1] == importlib.metadata.version("duckdb")
    assert items["seed", "bands"][3] == hash_of(ROOT / "seeds/business_rules/bands.csv")
    counts = {
        mart: published.sql(f"select count(*) from {database}.marts.{mart}").fetchall()[0][0]
        for database in ("clientele", "customers")
        for mart in marts_in(published, database) - {"run_manifest"}
    }
    assert (
        rows
        == published.sql(
            "select item_kind, item_name, columns(* exclude (item_kind, item_name)) from customers.marts.run_manifest"
        ).fetchall()
    )
    assert {name: rest[2] for (kind, name), rest in items.items() if kind == "mart"} == counts


def test_the_summary_says_what_was_published(demo, published):
    marts = len(marts_in(published, "work") - STAYS) - 1  # the manifest is no mart of its own
    said = " ".join(demo.said)
    place = f"{demo.published} and {demo.customers.name}"
    assert f"as {place}: {marts} marts with" in said and "as of 2025-12-31." in said
    status = json.loads(demo.published.with_name("clientele.status.json").read_text())
    assert status["is_published"] and status["mart_count"] == marts
    assert status["current_build"] == pathlib.Path(os.path.realpath(demo.published)).parent.name[7:]
    quarantined = demo.row("select count(*) from marts.quality_quarantine")[0]
    assert f"{quarantined} raw rows are in quarantine" in said
    current, rate, size = demo.row(
        "select (select count(*) from intermediate.int_customers_churned where is_current), churn_rate, "
        "customers_count from marts.churn_rates where cut_name = 'portfolio'"
    )
    assert f"Customers: 10,000, {current:,} of them current. Churn: {100 * rate:.1f}% of " in said
    assert f" of {size:,} at risk on 2024-12-31 within 365 days (95% CI " in said
    for rule, count in demo.rows(
        "select rule_code, count(*) from marts.quality_quarantine group by rule_code"
    ):
        assert f"{rule} {count}" in said.split("Quarantine by rule: ")[1]
    assert said.endswith("docs/marts.md lists the marts by question.")
    # with the lines that dbt adds, the end of a build fits on a screen
    assert len(demo.said) <= 7


# --- what holds a build back


@pytest.fixture(scope="module")
def built_mini(tmp_path_factory):
    project = MiniProject(tmp_path_factory.mktemp("mini"))
    project.create()
    is_success, output = project.build(1)
    assert is_success and "Published build" in output, output
    assert "1 raw row is in quarantine" in output
    return project


@pytest.fixture
def mini(built_mini, tmp_path):
    shutil.copytree(built_mini.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    return MiniProject(tmp_path)


def name_of_build(project):
    return pathlib.Path(os.path.realpath(project.published)).parent.name.split("-")[1]


def leftovers(project):
    builds = project.published.parent / "clientele.builds"
    current = pathlib.Path(os.path.realpath(project.published)).parent.name
    names = [path.name for path in builds.iterdir()]
    late = [name for name in names if name == "next" or name[:6].isdigit() and name > current]
    return late + [path.name for path in builds.parent.glob("*.link")]


def test_what_is_not_whole_or_not_tested_is_not_published(mini):
    before = mini.hash()
    mini.write("tests/planted.sql", "select * from {{ ref('second_mart') }}")
    is_success, output = mini.build(2)
    assert not is_success and "Not published: test planted failed" in output
    assert mini.hash() == before and mini.generations() == {1}
    status = mini.status()
    assert not status["is_published"] and "test planted failed" in status["reason"]
    assert status["current_build"] == name_of_build(mini)
    mini.write(
        "tests/planted.sql", "{{ config(severity='warn') }} select * from {{ ref('second_mart') }}"
    )
    shutil.copytree(mini.folder / "target", mini.folder / "state")
    for arguments, reason in (
        (["--select", "towns"], "1 node (test planted) has not succeeded yet"),
        (["--exclude-resource-types", "test"], "1 node (test planted) has not succeeded yet"),
        (["--empty"], "the run read no or only some rows"),
        (["--sample", "1 day"], "the run read no or only some rows"),
        (["--defer", "--state", str(mini.folder / "state")], "tables of another state"),
    ):
        is_success, output = mini.run("build", *arguments, "--vars", "{generation: 2}")
        assert is_success and "Not published: " in output and reason in output, output
        assert mini.hash() == before
    # what limited runs have made is no part of a build
    is_success, output = mini.run("test", "--vars", "{generation: 2}")
    assert (
        is_success and "nodes (model currencies" in output and "have not succeeded yet" in output
    ), output
    mini.write("models/marts/second_mart.sql", "select nonsense from {{ ref('first_mart') }}")
    is_success, output = mini.build(2)
    assert not is_success and "Not published: model second_mart failed" in output
    assert mini.hash() == before
    # a test that only warns does not hold a build back, and a mart that is gone leaves no file behind
    (mini.folder / "models/marts/second_mart.sql").unlink()
    mini.write(
        "tests/planted.sql", "{{ config(severity='warn') }} select * from {{ ref('first_mart') }}"
    )
    is_success, output = mini.build(2)
    assert is_success and "Published build" in output, output
    assert mini.hash() != before
    assert not (mini.published.parent / "second_mart.parquet").is_symlink()


def test_a_build_is_whole_whichever_commands_made_it(mini):
    mini.write("tests/planted.sql", "select * from {{ ref('first_mart') }} where generation = 3")
    # in two steps
    is_success, output = mini.run("run", "--vars", "{generation: 2}")
    assert "1 node (test planted) has not succeeded yet" in output and mini.generations() == {1}
    is_success, output = mini.run("test", "--vars", "{generation: 2}")
    assert (
        "Published build" in output and mini.generations() == {2} and mini.status()["is_published"]
    )
    # by a retry once what failed is repaired
    assert not mini.build(3)[0]
    mini.write("tests/planted.sql", "select * from {{ ref('first_mart') }} where generation = 9")
    is_success, output = mini.run("retry")
    assert is_success and "Published build" in output and mini.generations() == {3}, output
    # one by one, tests before what they test
    models = [
        "currencies",
        "int_as_of_date_determined",
        "int_customers_churned",
        "int_build_described",
        "int_raw_rows_counted",
        "first_mart",
    ]
    models += [
        "groups",
        "people",
        "portraits",
        "quality_quarantine",
        "second_mart",
        "towns",
        "run_manifest",
    ]
    for model in models:
        assert "Published" not in mini.run("run", "--select", model, "--vars", "{generation: 4}")[1]
    assert mini.run("test", "--vars", "{generation: 4}")[0] and mini.generations() == {4}
    # a test that is older than its model says nothing of it
    is_success, output = mini.run("run", "--select", "first_mart", "--vars", "{generation: 4}")
    assert "1 node (test planted) is older than what it tests" in output, output
    assert not mini.run("run-operation", "publish", "--vars", "{generation: 4}")[0]
    is_success, output = mini.run("test", "--vars", "{generation: 4}")
    assert "is current already" in output and mini.status()["is_published"]
    # asked for by name, after another way of publishing was chosen
    arguments = ("--vars", "{generation: 4, publish_customers: false}")
    is_success, output = mini.run("run-operation", "publish", *arguments)
    assert is_success and "Published build" in output and not mini.customers.exists(), output
    assert not (mini.published.parent / "clientele_customers").exists()


def test_a_run_that_has_to_publish_fails_where_it_does_not(mini):
    variables = ("--vars", "{generation: 2, require_publication: true}")
    is_success, output = mini.run("run", "--select", "first_mart", *variables)
    assert not is_success and "have changed since they ran" in output
    is_success, output = mini.run("build", *variables)
    assert is_success and mini.generations() == {2}


def test_another_package_neither_counts_nor_is_published(mini):
    mini.write(
        "dbt_packages/other/dbt_project.yml", "name: other\nversion: 1.0.0\nconfig-version: 2\n"
    )
    mini.write("dbt_packages/other/models/marts/theirs.sql", "select 1 as customer_id")
    is_success, output = mini.run("build", "--exclude", "theirs", "--vars", "{generation: 2}")
    assert is_success and mini.generations() == {2}, output
    mini.write("dbt_packages/other/models/marts/theirs.sql", "select nonsense")
    is_success, output = mini.build(3)
    assert not is_success and mini.generations() == {3}, output
    assert not list(mini.published.parent.rglob("theirs*"))


FORMS = {
    "a": ["a.csv"], "b": ["B.CSV"], "c": ["c.csv.gz"], "d": ["d.parquet"], "e": ["e_1.csv", "e-part2.csv.gz"],
    "f": ["f/year=2024/month=1/x.parquet", "f/y.parquet"], "g": ["G.parquet/x.parquet"], "h": ["h_2024-01.parquet"],
    "i.txt": ["i.txt"], "j.csv": ["J.csv.gz"],
}  # fmt: skip


def test_whatever_reading_takes_for_a_raw_file_is_in_the_fingerprint(mini):
    raw = mini.folder / "raw"
    for files in FORMS.values():
        for file in files:
            (raw / file).parent.mkdir(parents=True, exist_ok=True)
            (raw / file).write_text("old")
    (raw / "notes.txt").write_text("old")
    (raw / "f" / "_SUCCESS").write_text("old")
    mini.write(
        "models/forms.sql",
        f"{{% for name in {list(FORMS)} if execute %}}{{% for file in raw_parts({{'file': name}})['files'] %}}"
        "select '{{ file }}' as file union all {% endfor %}{% endfor %} select 'none' where false",
    )
    is_success, output = mini.run("run", "--select", "forms")
    assert is_success, output
    with duckdb.connect(str(mini.folder / "work.duckdb"), read_only=True) as connection:
        found = [file for (file,) in connection.sql("from main.forms").fetchall()]
    assert sorted(found) == sorted(file for files in FORMS.values() for file in files)

    def contents():
        return publishing.DuckdbEngine.raw_contents(None, str(raw), None, list(FORMS))

    for file in found:
        before = contents()
        (raw / file).write_text("new")
        assert contents() != before, file
        (raw / file).unlink()
        assert file not in dict(contents())
    before = contents()
    (raw / "notes.txt").write_text("new")
    (raw / "f" / "_SUCCESS").write_text("new")
    assert contents() == before
    # that nobody reads it is in quality_inputs
    (raw / "more.txt").write_text("new")
    assert contents() != before


def test_parts_that_change_between_runs_or_within_one_make_what_was_read_stale(mini):
    raw = mini.folder / "raw"
    (raw / "visits_1.csv").write_text("one\n1\n")
    (raw / "visits_2.csv.gz").write_bytes(gzip.compress(b"one\n1\n"))
    meta = {"raw": {"entity": "visits", "file": "visits", "kinds": {"one": "text"}}}
    mini.write("models/visits.sql", f"{{{{ config(meta={meta}) }}}} select 1 as one")
    mini.write(
        "models/touching.py",
        "def model(dbt, session):\n"
        "    dbt.config(materialized='table')\n"
        f"    open('{raw}/visits_1.csv', 'a').write(dbt.config.meta_get('what'))\n"
        "    return session.sql('select 1 as one')\n",
    )
    mini.write(
        "models/touching.yml",
        "models: [{name: touching, config: {meta: {what: \"{{ var('what', '') }}\"}}}]",
    )
    whole = {"generation": 2, "what": ""}
    is_success, output = mini.build(**whole)
    assert is_success and mini.generations() == {2}, output
    before = mini.hash()
    (raw / "visits_2.csv.gz").write_bytes(gzip.compress(b"one\n2\n"))
    is_success, output = mini.run("run", "--select", "second_mart", "--vars", json.dumps(whole))
    assert is_success and "(model currencies" in output and "changed since they ran" in output
    is_success, output = mini.build(generation=3, what="2\n")
    assert is_success and "were changed while they were read" in output and mini.hash() == before
    # nothing of that run counts
    is_success, output = mini.run("run-operation", "publish", "--vars", json.dumps(whole))
    assert not is_success and "have not succeeded yet" in output and mini.hash() == before
    assert mini.build(**whole)[0] and mini.hash() != before


def test_a_run_that_was_killed_counts_for_nothing(mini):
    # the table of another generation, and no word of it
    mini.write(
        "models/marts/first_mart.sql", mini.sql("first_mart") + " where {{ var('size') }} > 0"
    )
    mini.write(
        "models/marts/towns.sql", "{{ config(post_hook='select error(1)') }} " + mini.sql("towns")
    )
    process = mini.start("run", "--vars", "{generation: 2}")
    while "first_mart" not in process.stdout.readline() or process.poll() is not None:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    mini.create()
    is_success, output = mini.run("run-operation", "publish")
    assert not is_success and "have not succeeded yet" in output, output
    assert mini.build(1)[0] and mini.generations() == {1}


def test_rollback_goes_back_a_build_and_keeps_as_many_as_the_var_says(mini):
    hashes, names = [mini.hash()], [name_of_build(mini)]
    for generation in (2, 3, 4):
        assert mini.build(generation, published_builds_kept=2)[0]
        hashes.append(mini.hash())
        names.append(name_of_build(mini))
    assert len(set(names)) == 4

    def rollback():
        return subprocess.run(
            [sys.executable, "-m", "publishing.files", "rollback", "--published", mini.published],
            capture_output=True,
            text=True,
        )

    for expected in (hashes[2], hashes[1]):
        assert rollback().returncode == 0
        assert mini.hash() == expected
    refused = rollback()
    assert refused.returncode == 1 and "No build before" in refused.stderr
    assert "Traceback" not in refused.stderr and mini.hash() == hashes[1]
    # the next build does not count those that were rolled back
    assert mini.build(5)[0] and mini.generations() == {5}
    assert rollback().returncode == 0 and mini.hash() == hashes[1]
    # the name is that of the content
    assert mini.build(3)[0] and name_of_build(mini) == names[2]


# --- privacy


def test_personal_columns_and_small_cells_stay_behind(mini):
    for source in (f"'{mini.published.parent}/clientele_customers/people.parquet'", "marts.people"):
        with duckdb.connect(str(mini.customers), read_only=True) as connection:
            columns = [row[0] for row in connection.sql(f"describe from {source}").fetchall()]
        assert columns == ["customer_id", "item"]
    with duckdb.connect(str(mini.published), read_only=True) as connection:
        towns = connection.sql("from marts.towns order by town").fetchall()
        portraits = connection.sql("from marts.portraits order by portrait").fetchall()
    # `a` is too small, and `c` would give it away
    assert towns == [("a", 3, None, None), ("b", 40, 9, "9 of 40 left"), ("c", 20, None, None)]
    # that level `a` is among retained customers only would disclose that none of its three customers churned
    assert portraits == [("left", "b", 40, 9), ("stayed", "b", 40, 31)]


def test_no_small_part_of_a_cell_is_published_nor_left_to_subtraction(mini):
    with duckdb.connect(str(mini.published), read_only=True) as connection:
        connection.execute(f"attach '{mini.folder / 'work.duckdb'}' as work (read_only)")
        rows = connection.sql(
            "select scheme, whole.customers_count, told.women_count is not null, whole.women_count, "
            "told.card_share is not null, round(whole.card_share * whole.customers_count), "
            "told.known_rate is not null, whole.known_count "
            "from work.marts.groups as whole inner join clientele.marts.groups as told using (scheme, member)"
        ).fetchall()
        assert not connection.sql(
            "select 1 from work.marts.groups as whole inner join clientele.marts.groups as told using (scheme, member) "
            "where whole.women_count <> told.women_count or whole.customers_count <> told.customers_count"
        ).fetchall()
    minimum, schemes = 5, {}
    for scheme, *row in rows:
        schemes.setdefault(scheme, []).append(row)
    assert len(schemes) == 200
    seen = {"shown": 0, "small": 0, "companion": 0}
    for groups in schemes.values():
        for told, part, has_rest in ((1, 2, True), (3, 4, True), (5, 6, False)):
            counts = [
                [group[part], *([group[0] - group[part]] if has_rest else [])] for group in groups
            ]
            is_small = [
                group[0] < minimum or any(0 < count < minimum for count in pair)
                for group, pair in zip(groups, counts, strict=True)
            ]
            is_told = [group[told] for group in groups]
            assert not any(one and other for one, other in zip(is_small, is_told, strict=True))
            hidden = [pair for pair, one in zip(counts, is_told, strict=True) if not one]
            # whoever knows the sum of the scheme learns of the hidden groups together, and of no one of them
            if any(is_told) and hidden:
                totals = [sum(column) for column in zip(*hidden, strict=True)]
                assert len(hidden) > 1 and min(totals) >= minimum
                for pair in hidden if has_rest else []:
                    room = min(pair[0], totals[1] - pair[1]) + min(pair[1], totals[0] - pair[0])
                    assert room >= min(2, sum(pair)), (pair, hidden)
            # and nothing is hidden without need: a group protects small ones, and another small parts, or else all do
            is_companion = [
                min(pair) >= minimum and not small
                for pair, small in zip(counts, is_small, strict=True)
            ]
            assert not hidden or any(is_small)
            assert len(hidden) <= sum(is_small) + 2 or sum(is_companion) < 2
            seen["shown"] += sum(is_told)
            seen["small"] += sum(is_small)
            seen["companion"] += len(hidden) - sum(is_small)
    assert all(count > 100 for count in seen.values()), seen


# counts and shares in cells of customers that are neither a part of the cell nor the base of other columns
NO_PARTS = {
    "churned_count", "confirmation_churned_count",  # outcomes, told with their rate of any base that is large enough
    "customers_share", "value_share", "portfolio_level_share",  # of all customers, not of the cell's
    "value_count", "cut_count", "window_count",  # of values, dimensions and windows
    "product_count",  # of the products of each customer of the cell
    "tested_count",  # of all customers, in all windows
    "known_outcome_count",  # the size of the cells that config.meta.cells.outcomes names
    "cohort_count", "at_risk_at_start_count",  # of a curve that many customers begin
    "unknown_outcome_count", "joined_in_window_count",  # of the whole extract
    "proposed_count", "campaign_count",  # of a strategy, in all rows
    "treated_known_count", "holdout_known_count",  # sizes of arms, in int_segment_parts_listed
    "remaining_count", "eligible_count", "chosen_count",  # sizes: current customers, who may get a strategy, who does
    "now_share", "missing_then_share", "missing_now_share",  # of all customers of a day
    "customers_count", "migration_share",  # of a migration, which is withheld whole
    "capacity_count", "reached_count", "planned_contact_count", "even_contact_count",  # plans
}  # fmt: skip


# marts whose parts of cells add up to nothing that is known: a customer has several products,
# and churns by several definitions
NO_SUMS = {
    "campaign_sizes", "churn_definition_overlap", "churn_definitions_compared", "rfm_by_product", "strategy_evidence",
}  # fmt: skip


def test_every_count_in_a_cell_says_whether_it_is_a_part_of_it(demo):
    nodes = json.loads((demo.target / "manifest.json").read_text("utf-8"))["nodes"].values()
    judged, unjudged, without_sums = set(), set(), set()
    for mart in nodes:
        if mart["resource_type"] != "model" or mart["fqn"][1] != "marts":
            continue
        meta, columns = mart["config"]["meta"], set(mart["columns"])
        cells = meta.get("cells", {})
        size = cells.get("count", "customers_count")
        if "customer_id" in columns or not meta.get("is_published", True) or size not in columns:
            continue
        parts, bases = cells.get("parts", {}), cells.get("bases", {})
        if parts and "add_up_within" not in cells:
            without_sums.add(mart["name"])
        named = {size, *meta["grain"], *cells.get("add_up_within", []), *parts, *bases}
        named |= {part["of"] for part in parts.values() if "of" in part}
        told = [part.get("tells", []) for part in parts.values()] + list(bases.values())
        told += [outcome.get("tells", []) for outcome in cells.get("outcomes", [])]
        named = named.union(*told)
        assert named <= columns, (mart["name"], named - columns)
        judged |= named
        counts = {c for c in columns if re.fullmatch(r"(?!average_|median_).+_(count|share)", c)}
        unjudged |= counts - named
    assert unjudged == NO_PARTS and without_sums == NO_SUMS
    assert {"women_count", "credit_card_count", "engaged_count", "at_risk_share"} <= judged


def test_ids_are_pseudonyms_that_only_the_salt_explains(mini):
    salt = "sixteen or more of'them"
    ids = {}
    for name in (salt, salt, "another salt, as long"):
        is_success, output = mini.run(
            "build", "--vars", "{pseudonymise_ids: true}", env={"CLIENTELE_SALT": name}
        )
        assert is_success, output
        with duckdb.connect(str(mini.customers), read_only=True) as connection:
            ids.setdefault(name, []).append(
                [
                    row[0]
                    for row in connection.sql(
                        "select customer_id from marts.people order by item"
                    ).fetchall()
                ]
            )
            # no order of rows is that of the ids
            for source in (
                "marts.people",
                f"'{mini.published.parent}/clientele_customers/people.parquet'",
            ):
                rows = connection.sql(f"select customer_id from {source}").fetchall()
                assert rows == sorted(rows)
    first, again = ids[salt]
    assert (
        first == again
        and len(set(first)) == 50
        and not set(first) & set(ids["another salt, as long"][0])
    )
    expected = hashlib.sha256(f"{salt}|customer 0".encode()).hexdigest()[:32]
    assert first[0] == expected
    folder = mini.published.parent
    for file in [*folder.glob("*.*"), *(folder / "clientele_customers").iterdir()]:
        assert not file.is_file() or b"customer 0" not in file.read_bytes()
    for folder in ("logs", "target"):
        for file in (mini.folder / folder).rglob("*"):
            assert not file.is_file() or b"sixteen or more" not in file.read_bytes(), file


# --- erasure


def start_erasing(mini, customer_id, **env):
    return subprocess.Popen(
        [sys.executable, "-m", "publishing.erase"],
        cwd=mini.folder,
        env={**os.environ, **mini.variables(), "CUSTOMER": customer_id, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def erase(mini, customer_id, **env):
    """Exit code and what was said."""
    process = start_erasing(mini, customer_id, **env)
    said, _ = process.communicate()
    assert "Traceback" not in said, said
    return process.returncode, said


def all_files(mini):
    files = [file for file in mini.folder.rglob("*") if file.is_file()]
    return {str(file): hash_of(file) for file in files if file.suffix != ".lock"}


@pytest.mark.parametrize("is_pseudonym", [False, True])
def test_an_erased_customer_is_in_no_file_and_follows_from_none(mini, is_pseudonym):
    salt = {"CLIENTELE_SALT": "sixteen or more of them"}
    # a table, since a view has no bytes of its own
    mini.write(
        "models/marts/people.sql", "{{ config(materialized='table') }} " + mini.sql("people")
    )
    assert mini.run("build", "--vars", f"{{pseudonymise_ids: {is_pseudonym}}}", env=salt)[0]
    subprocess.run(
        [sys.executable, "-m", "publishing.export"], env=os.environ | mini.variables(), check=True
    )
    folder = mini.published.parent
    (folder / "dashboard.html").write_text('<meta name="generator" content="clientele">')
    (folder / "notes.txt").write_text("not of clientele")
    (mini.folder / "raw" / "people.csv").write_text("customer_id\ncustomer 1\n")
    digest = hashlib.sha256(b"sixteen or more of them|customer 1").hexdigest()[:32]
    key = digest if is_pseudonym else "customer 1"

    def files_with_the_key():
        files = [file for file in mini.folder.rglob("*") if file.is_file()]
        return {file.name for file in files if key.encode() in file.read_bytes()} - {"people.csv"}

    with duckdb.connect(str(mini.customers), read_only=True) as connection:
        assert (key,) in connection.sql("select customer_id from marts.people").fetchall()
    assert is_pseudonym or {"clientele_customers.duckdb", "work.duckdb"} <= files_with_the_key()
    assert (folder / "export_customers" / "people.csv").is_file()
    code, said = erase(mini, "customer 1", **salt)
    assert code == 0 and "Customer customer 1 is erased" in said, said
    assert "customer 1 is still in" in said and "people.csv: the next build reads it" in said
    assert files_with_the_key() == set() and not (mini.folder / "work.duckdb").exists()
    # whoever is missing follows from no total
    assert sorted(file.name for file in folder.rglob("*")) == [
        "access", "clientele.builds", "clientele.lock", "clientele.status.json", "made-by-clientele", "notes.txt",
    ]  # fmt: skip
    assert not mini.status()["is_published"] and "customer 1" not in mini.status()["reason"]
    is_success, output = mini.build(2)
    assert is_success and mini.generations() == {2}, output


def test_an_erasure_that_would_erase_nobody_touches_nothing(mini):
    salt = {"CLIENTELE_SALT": "sixteen or more of them"}
    before = all_files(mini)
    for customer_id in ("Customer 1", "customer", "customer 100", "$(id)"):
        code, said = erase(mini, customer_id)
        assert code == 1 and "is in no published build" in said and all_files(mini) == before, said
    assert erase(mini, " ")[0] == 1 and all_files(mini) == before
    with duckdb.connect(str(mini.folder / "work.duckdb")):
        code, said = erase(mini, "customer 1")
    assert code == 1 and f"is open in process {os.getpid()}" in said and all_files(mini) == before
    assert mini.run("build", "--vars", "{pseudonymise_ids: true}", env=salt)[0]
    before = all_files(mini)
    for wrong in ("", "another salt, as long as it"):
        code, said = erase(mini, "customer 1", CLIENTELE_SALT=wrong)
        assert code == 1 and "CLIENTELE_SALT is not the salt" in said
    assert all_files(mini) == before


def test_an_erasure_deletes_nothing_that_clientele_did_not_make(mini):
    with duckdb.connect(str(mini.folder / "work.duckdb")) as connection:
        connection.execute("create schema my_raw")
        connection.execute(
            "create table my_raw.customers as select 'customer ' || range as customer_id from range(3)"
        )
        connection.execute("create table marts.mine as select 1 as one")
        connection.execute("create view my_raw.some as select * from my_raw.customers")
    code, said = erase(mini, "customer 1")
    assert code == 0 and "customer 1 is still in table my_raw.customers of" in said, said
    with duckdb.connect(str(mini.folder / "work.duckdb"), read_only=True) as connection:
        tables = "select schema_name || '.' || table_name from duckdb_tables() order by all"
        assert [row[0] for row in connection.sql(tables).fetchall()] == [
            "marts.mine",
            "my_raw.customers",
        ]
        assert connection.sql("from my_raw.some").fetchall() == [
            (f"customer {n}",) for n in range(3)
        ]
        assert not connection.sql(
            "select 1 from duckdb_views() where schema_name = 'marts'"
        ).fetchall()
    assert mini.build(2)[0]


def test_every_raw_file_is_searched_for_the_whole_value(mini):
    raw = mini.folder / "raw"
    duckdb.sql(f"copy (select 'customer 1' as id) to '{raw}/a.parquet'")
    duckdb.sql(f"copy (select 'customer 11' as id) to '{raw}/other.parquet'")
    (raw / "b.csv").write_bytes("id;имя\ncustomer 1;Ж\n".encode("cp1251"))
    (raw / "c.csv").write_bytes('id,name\n"customer 1",x\n'.encode("utf-16"))
    (raw / "other.csv").write_text("id\ncustomer 11\nmy-customer 1\nmy:customer 1\n")
    (raw / "parts").mkdir()
    (raw / "parts" / "d.csv").write_text("id\ncustomer 1\n")
    (raw / "e.csv").write_text("\ufeffcustomer 1;x\n")
    duckdb.sql(f"copy (select 'customer 1' as id) to '{raw}/F.PARQUET' (format parquet)")
    # what colleagues left in the published folder is searched too, and so are the folders of dbt
    folder = mini.published.parent
    duckdb.sql(f"attach '{folder}/mine.duckdb' as mine")
    duckdb.sql("create table mine.kept as select 'customer 1' as name; detach mine")
    with zipfile.ZipFile(folder / "mine.xlsx", "w") as book:
        book.writestr("sheet.xml", "<t>customer 1</t>")
    with zipfile.ZipFile(folder / "mine.zip", "w") as book:
        book.writestr("packed.csv.gz", gzip.compress(b"id\ncustomer 1\n"))
    (mini.folder / "logs" / "mine.txt").write_text("customer 1")
    # what a file is, its bytes say; columns may be lists
    duckdb.sql(f"copy (select ['customer 1'] as ids) to '{folder}/mine.pq' (format parquet)")
    (folder / "mine.bz2").write_bytes(bz2.compress(b"id\ncustomer 1\n"))
    # what cannot be searched is said
    (raw / "broken.csv.gz").write_bytes(gzip.compress(random.Random(1).randbytes(999))[:-99])
    (raw / "broken.parquet").write_bytes(b"PAR1")
    code, said = erase(mini, "customer 1")
    assert code == 1, said
    *said, unknown = said.splitlines()
    assert "broken.csv.gz" in unknown and "broken.parquet cannot be read, so whether" in unknown
    said = "\n".join(said)
    for name in ("a.parquet", "b.csv", "c.csv", "parts/d.csv", "e.csv", "F.PARQUET"):
        assert f"raw/{name}" in said
    for name in ("mine.duckdb", "mine.xlsx", "mine.zip", "mine.pq", "mine.bz2", "logs/mine.txt"):
        assert name in said.splitlines()[-1]
    assert "other" not in said
    # as whole numbers are written by programs
    (raw / "n.csv").write_text("id\n1000.0\n")
    assert erasing.has_value(raw / "n.csv", ["1000"])
    assert not erasing.has_value(raw / "n.csv", ["100"])
    # letters that only one encoding has
    (raw / "d.csv").write_bytes("id\nЖ3\n".encode("cp1251"))
    assert erasing.has_value(raw / "d.csv", ["Ж3"]) and not erasing.has_value(raw / "d.csv", ["Ж"])
    (raw / "d.csv").write_bytes("id\nÜ3\n".encode("cp1252"))
    assert erasing.has_value(raw / "d.csv", ["Ü3"])


def test_an_erasure_names_the_lines_that_the_last_build_read(tmp_path):
    path = str(tmp_path / "w.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("create schema staging; create schema publishing")
        connection.execute(
            "create table staging.stg_own_bank__visits as select * from "
            "(values ('K1-a', 3), ('K1-a', 1000000000007), ('K2-b', 4)) as t(customer_id, line_number)"
        )
        connection.execute(
            "create table publishing.node_runs as select 'model.clientele.stg_own_bank__visits' as node, "
            "'staging.stg_own_bank__visits' as table_name, 'x' as fingerprint, 1 as run"
        )
    # a key of two columns stands in no file; the second line is one of another part
    assert erasing.Work(path).raw_lines("K1-a") == ["visits (line 3, 7)"]


@pytest.mark.parametrize("given", ["K$10", "K`id -un`", "A$(shell id)B", 'it\'s a "key" #1'])
def test_make_hands_an_id_on_as_it_was_given(given, tmp_path):
    (tmp_path / "python").write_text('#!/bin/sh\nprintf %s "$CUSTOMER" > "$SEEN"\n')
    (tmp_path / "python").chmod(0o755)
    rule = [line for line in (ROOT / "Makefile").read_text().splitlines(True) if "erase:" in line]
    (tmp_path / "Makefile").write_text(
        "setup:\n" + "".join(rule).split("##")[0] + f"\n\t@{tmp_path}/python -m publishing.erase\n"
    )
    seen = tmp_path / "seen"
    subprocess.run(
        ["make", "-s", "erase", f"CUSTOMER={given}"],
        cwd=tmp_path,
        env=os.environ | {"SEEN": str(seen)},
        check=True,
    )
    assert seen.read_text() == given


def test_pseudonyms_without_a_salt_are_refused_before_anything_runs(mini):
    before = mini.hash()
    is_success, output = mini.run(
        "build", "--vars", "{pseudonymise_ids: true}", env={"CLIENTELE_SALT": "short"}
    )
    assert not is_success and "CLIENTELE_SALT has fewer than 16 characters" in output
    assert mini.hash() == before


def test_a_model_reads_and_writes_nothing_outside_the_folders_of_the_build(mini, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.csv").write_text("a\n1\n")
    for sql in (
        f"select * from read_csv('{outside}/secret.csv')",
        f"{{{{ config(pre_hook=\"copy (select 1) to '{outside}/out.csv'\") }}}} select 1 as a",
        '{{ config(pre_hook="set enable_external_access = true") }} select 1 as a',
        f"{{{{ config(pre_hook=\"attach '{outside}/other.duckdb' as other\") }}}} select 1 as a",
    ):
        mini.write("models/curious.sql", sql)
        is_success, output = mini.run("build", "--select", "curious")
        assert not is_success and ("Permission Error" in output or "locked" in output), output
    assert [path.name for path in outside.iterdir()] == ["secret.csv"]


def test_files_that_hold_customers_are_for_their_owner_and_published_ones_follow_the_umask(mini):
    process = mini.start("build", "--vars", "{generation: 2}", umask=0o022)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    for place in ("work.duckdb", "logs", "target"):
        assert (mini.folder / place).stat().st_mode & 0o077 == 0, place
    modes = {path.resolve().stat().st_mode & 0o777 for path in mini.published.parent.glob("*.*")}
    assert modes == {0o444, 0o644, 0o755}
    # nobody else reads two builds: earlier ones are shut, also after going back
    builds = Publication(mini.published)
    for change in (lambda: None, builds.rollback, lambda: mini.build(3)):
        change()
        (current, others) = builds.current_build(), builds.build_folders()
        others.remove(current)
        for folder in others:
            assert (folder / "kept").stat().st_mode & 0o777 == 0o700
            for file in [*folder.glob("*.*"), *folder.glob("customers/*")]:
                assert file.name == "build.json" or file.samefile(
                    current / file.relative_to(folder)
                )
        assert others and current.stat().st_mode & 0o777 == 0o755
        assert not [file for file in current.rglob("*") if file.is_symlink()]
    # what an administrator took from others stays taken, and exports go to those who may read what is exported
    customers = mini.published.parent / "clientele_customers"
    customers.chmod(0o750)
    assert mini.build(4)[0] and customers.stat().st_mode & 0o777 == 0o750
    for mode in (0o750, 0o700):
        command = [sys.executable, "-m", "publishing.export"]
        subprocess.run(command, env=os.environ | mini.variables(), check=True, umask=0o022)
        exported = mini.published.parent / "export_customers"
        assert exported.stat().st_mode & 0o777 == mode
        exported.chmod(0o700)


def test_a_work_database_that_is_open_elsewhere_is_one_sentence(mini):
    with duckdb.connect(str(mini.folder / "work.duckdb")):
        output, _ = mini.start("build").communicate()
    assert f"work.duckdb is open in process {os.getpid()}" in output
    assert "Traceback" not in output and '  File "' not in output
    assert len(output.split("Encountered an error")[1].splitlines()) < 6, output


# --- what clientele did not make


def publish_files(path, name="aaaaaaaaaaaa", marts=("churn_rates",)):
    """Publishes a few files; what was said where that was refused."""
    publication = Publication(path)
    try:
        folder = publication.begin(list(marts))
        for file in (path.name, *(f"{mart}.parquet" for mart in marts)):
            (folder / file).write_text(name)
        publication.commit(name, 3)
    except PublishError as error:
        return error.sentence()
    finally:
        publication.abandon()
    return ""


def tree(folder):
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and path.suffix != ".lock"
    }


@pytest.mark.parametrize(
    "name",
    [
        "c.duckdb", "c.duckdb.wal", "c_customers.duckdb", "c_customers/x", "c_customers.duckdb.wal",
        "churn_rates.parquet", "churn_rates.parquet/x", "c.builds", "c.builds/x", "c.builds/next/x", "c.current",
        "c.current/x", "c.status.json", "c.c.current.link",
    ],
)  # fmt: skip
def test_what_stands_where_clientele_would_write_is_refused_and_left(tmp_path, name):
    for is_published in (False, True):
        folder = tmp_path / str(is_published)
        path = folder / "c.duckdb"
        folder.mkdir()
        if is_published:
            assert publish_files(path) == ""
            if name in ("c.builds", "c.builds/x"):
                continue  # a stray file among builds is in nobody's way
        first = name.split("/x")[0]
        if (folder / first).is_symlink():
            (folder / first).unlink()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")
        before = tree(folder)
        said = publish_files(path, "bbbbbbbbbbbb")
        blocking = "c.builds" if "next" in name and not is_published else first
        assert f"{folder}/{blocking} is not part of the publication" in said
        assert "nothing was published" in said and tree(folder) == before
        with pytest.raises(PublishError):
            Publication(path).check(["churn_rates"])


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store", "999999-mine/x", "mine/x", "000001-aaaaaaaaaaaa/.DS_Store", "000001-aaaaaaaaaaaa/mine.parquet",
        "000001-aaaaaaaaaaaa/x.parquet/x", "000001-aaaaaaaaaaaa/customers/x", "next/.DS_Store", "access",
    ],
)  # fmt: skip
def test_a_stray_file_among_builds_is_left_and_blocks_nothing(tmp_path, name):
    path = tmp_path / "c.duckdb"
    assert publish_files(path) == ""
    stray = tmp_path / "c.builds" / name
    stray.parent.mkdir(exist_ok=True, parents=True)
    stray.write_text("precious")
    if name.startswith("next/"):  # of a build that was killed
        stray.with_name("build.json").write_text('{"made_by": "clientele"}')
    for build in "bcdefg":
        assert publish_files(path, build * 12) == "" and path.read_text() == build * 12
        stray = min(tmp_path.rglob(stray.name))  # the folder next has become a build
    assert not (tmp_path / stray.name).exists()
    for build in "fed":
        assert Publication(path).rollback().endswith(build * 12) and path.read_text() == build * 12
    with pytest.raises(PublishError, match="No build before"):
        Publication(path).rollback()
    assert publish_files(path, "h" * 12) == "" and stray.read_text() == "precious"
    Publication(path).withdraw("for a test")
    assert not path.exists() and stray.read_text() == "precious"


def test_a_link_of_another_name_to_the_current_build_is_left(tmp_path):
    path, alias = tmp_path / "c.duckdb", tmp_path / "latest.duckdb"
    assert publish_files(path) == ""
    alias.symlink_to("c.current/c.duckdb")
    assert publish_files(path, "bbbbbbbbbbbb") == "" and alias.read_text() == "bbbbbbbbbbbb"
    Publication(path).withdraw("for a test")
    assert alias.is_symlink()


def test_two_publications_do_not_take_each_others_links(tmp_path):
    assert publish_files(tmp_path / "a.duckdb") == ""
    before = tree(tmp_path)
    said = publish_files(tmp_path / "b.duckdb", "bbbbbbbbbbbb")
    assert (
        "churn_rates.parquet is not part of the publication that clientele made as b.duckdb" in said
    )
    assert tree(tmp_path) == before
    assert publish_files(tmp_path / "b.duckdb", "bbbbbbbbbbbb", ["other"]) == ""
    Publication(tmp_path / "b.duckdb").withdraw("for a test")
    assert {
        name: text for name, text in tree(tmp_path).items() if not name.startswith("b.")
    } == before


@pytest.mark.parametrize("name", ["c.status.json", "c.lock", "churn_rates.parquet", "c.duckdb.wal"])
def test_a_pipe_where_clientele_would_write_is_refused_at_once(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert f"{name} is not part of the publication" in publish_files(tmp_path / "c.duckdb")
    # reading one among builds would wait for ever
    other = tmp_path / "other" / "c.duckdb"
    other.parent.mkdir()
    assert publish_files(other) == ""
    (other.parent / "c.builds" / "000009-x").mkdir()
    os.mkfifo(other.parent / "c.builds" / "000009-x" / "build.json")
    assert publish_files(other, "bbbbbbbbbbbb") == ""


def test_a_lock_that_leads_nowhere_makes_no_file_there(tmp_path):
    (tmp_path / "c.lock").symlink_to(tmp_path / "elsewhere")
    assert "c.lock is not part of the publication" in publish_files(tmp_path / "c.duckdb")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["c", "c.db", "churn_rates.parquet"])
def test_a_published_file_ends_in_duckdb(tmp_path, name):
    assert "expected the path of a file that ends in .duckdb" in publish_files(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["marts.duckdb", "MARTS.duckdb"])
def test_a_published_file_is_not_named_as_its_schema(tmp_path, name):
    assert "expected another name than marts" in publish_files(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_list_of_files_that_was_tampered_with_leads_nowhere_else(tmp_path):
    path, precious = tmp_path / "c.duckdb", tmp_path / "precious.parquet"
    precious.write_text("precious")
    assert publish_files(path) == ""
    folder = tmp_path / "c.builds" / "000009-zzzzzzzzzzzz"
    folder.mkdir()
    names = ["../../precious.parquet", str(precious), "customers/../../../precious.parquet", 5]
    (folder / "build.json").write_text(json.dumps({"made_by": "clientele", "files": names}))
    assert publish_files(path, "bbbbbbbbbbbb") == "" and path.read_text() == "bbbbbbbbbbbb"
    assert precious.read_text() == "precious" and not folder.exists()


@pytest.mark.parametrize(
    "work", ["c.duckdb", "c_customers.duckdb", "c.builds/w.duckdb", "alias.duckdb"]
)
def test_the_work_database_is_never_where_marts_are_published(mini, tmp_path, work):
    folder = tmp_path / "both"
    (folder / "c.builds").mkdir(parents=True)
    if work == "alias.duckdb":
        (folder / work).symlink_to("c.duckdb")
    place = {"CLIENTELE_DB": str(folder / work), "CLIENTELE_PUBLISHED": str(folder / "c.duckdb")}
    is_success, output = mini.run("build", env=place)
    assert not is_success and "are in each other's place" in output and "Traceback" not in output
    assert {path.name for path in folder.rglob("*")} <= {"c.builds", "alias.duckdb"}


def test_a_foreign_file_stops_a_build_before_it_begins(mini):
    path = mini.folder / "mine" / "c.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table precious as select range as i from range(1000)")
    before = hash_of(path)
    is_success, output = mini.run("build", env={"CLIENTELE_PUBLISHED": str(path)})
    assert not is_success and f"{path} is not part of the publication" in output
    assert hash_of(path) == before and "START sql" not in output


def test_a_failure_says_what_is_true_on_both_sides_of_the_swap(tmp_path, monkeypatch):
    path = tmp_path / "c.duckdb"
    assert publish_files(path, marts=("gone",)) == ""
    unlink, replace = pathlib.Path.unlink, os.replace

    def failing(file, **options):
        if file.name == "gone.parquet":
            raise PermissionError(13, "Permission denied", str(file))
        unlink(file, **options)

    monkeypatch.setattr(pathlib.Path, "unlink", failing)
    said = publish_files(path, "bbbbbbbbbbbb")
    assert said.startswith("Build bbbbbbbbbbbb is current, but ") and "gone.parquet" in said
    assert path.read_text() == "bbbbbbbbbbbb"
    monkeypatch.undo()

    def refusing(one, other):
        if str(other).endswith("c.current"):
            raise PermissionError(13, "Permission denied", str(other))
        replace(one, other)

    monkeypatch.setattr(os, "replace", refusing)
    assert "what was published before stays as it is" in publish_files(path, "cccccccccccc")
    assert path.read_text() == "bbbbbbbbbbbb"


# --- readers and accidents

# a view takes no room in the work database, its published table does
VIEW = "{{ config(materialized='view') }} select "
LARGE = VIEW + "range as item, (hash(range) >> 1)::bigint as generation from range(3000000)"

READER = """
import os, sys, time, duckdb
path, seconds = sys.argv[1], float(sys.argv[2])
if os.getuid() == 0:
    os.setuid(65534)  # for whom earlier builds are shut
end, reads = time.monotonic() + seconds, 0
while time.monotonic() < end:
    with duckdb.connect(path, read_only=True) as connection:
        one = connection.sql("select distinct generation from marts.first_mart").fetchall()
        time.sleep(0.005)
        other = connection.sql("select generation from marts.second_mart").fetchall()
        assert one == other and len(one) == 1, (one, other)
        reads += 1
print(reads)
"""


def read_while_building(mini, seconds, least_builds):
    for folder in mini.published.parents:
        # pytest's folders are for their owner
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o711)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, mini.published, str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    generation = 1
    while reader.poll() is None or generation <= least_builds:
        generation += 1
        is_success, output = mini.build(generation)
        assert is_success and "Published build" in output, output
    reads, errors = reader.communicate()
    assert reader.returncode == 0, errors
    assert int(reads) > 20 * seconds / 10 and mini.generations() == {generation}


def publish_people(path, name, has_people=True):
    publication = Publication(path)
    folder = publication.begin(["churn_rates"])
    people = [f"customers/{path.stem}_customers.duckdb"] if has_people else []
    for file in (path.name, "churn_rates.parquet", *people):
        (folder / file).write_text(name)
    publication.commit(name, 2)


def test_who_may_see_customers_is_settled_once(tmp_path):
    path, customers = tmp_path / "c.duckdb", tmp_path / "c_customers"
    publish_people(path, "aaaaaaaaaaaa")
    publish_people(path, "bbbbbbbbbbbb")
    customers.chmod(0o710)
    publication = Publication(path)
    for change in (
        publication.rollback,
        lambda: publish_people(path, "cccccccccccc", has_people=False),
        lambda: publish_people(path, "dddddddddddd"),
        lambda: publication.withdraw("for a test"),
        lambda: publish_people(path, "eeeeeeeeeeee"),
    ):
        change()
        assert not customers.exists() or customers.stat().st_mode & 0o777 == 0o710
    assert customers.exists()


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_reader_that_followed_the_links_before_a_swap_opens_the_current_build(
    tmp_path, is_elsewhere
):
    path = tmp_path / "published" / "c.duckdb"
    path.parent.mkdir()
    if is_elsewhere:
        (tmp_path / "other" / "disk").mkdir(parents=True)
        (tmp_path / "other" / "disk" / "made-by-clientele").touch()
        (path.parent / "c.builds").symlink_to(tmp_path / "other" / "disk")
    followed = []

    def publish(name):
        publish_people(path, name)
        names = ("c.duckdb", "churn_rates.parquet", "c_customers.duckdb")
        followed.extend(pathlib.Path(os.path.realpath(path.parent / file)) for file in names)

    def read():
        # those of builds that are removed are gone
        return {file.read_text() for file in followed if os.path.lexists(file)}

    publish("a" * 12)
    with followed[0].open() as staying:
        for name in "bcd":
            publish(name * 12)
            assert read() == {name * 12}
        for name in "cb":
            Publication(path).rollback()
            assert read() == {name * 12}
        assert staying.read() == "a" * 12
    assert len(followed) == 12 and not followed[0].exists() and followed[3].exists()


def test_an_empty_file_of_clientele_is_replaced_or_said_to_be_in_the_way(tmp_path):
    path, status = tmp_path / "c.duckdb", tmp_path / "c.status.json"
    assert publish_files(path) == ""
    status.write_text("")
    Publication(path).tell(False, "for a test")
    assert json.loads(status.read_text())["reason"] == "for a test"
    status.write_text("")
    assert publish_files(path, "bbbbbbbbbbbb") == "" and path.read_text() == "bbbbbbbbbbbb"
    for build in ("000001-aaaaaaaaaaaa", "000002-bbbbbbbbbbbb"):
        marker = tmp_path / "c.builds" / build / "build.json"
        text = marker.read_text()
        marker.write_text("")
        before = tree(tmp_path)
        said = publish_files(path, "cccccccccccc")
        assert f"{marker} is empty" in said and f"delete the folder {marker.parent}" in said
        assert tree(tmp_path) == before and path.read_text() == "bbbbbbbbbbbb"
        marker.write_text(text)
    marker.write_text("")
    shutil.rmtree(marker.parent)
    assert publish_files(path, "cccccccccccc") == "" and path.read_text() == "cccccccccccc"
    # the folder of builds is known by its marker alone
    (tmp_path / "c.builds" / "made-by-clientele").unlink()
    assert "c.builds is not part of the publication" in publish_files(path, "dddddddddddd")


def test_readers_that_come_and_stay_see_whole_builds(mini):
    with duckdb.connect(str(mini.published), read_only=True) as staying:
        read_while_building(mini, 8, 2)
        query = "select distinct generation from marts.first_mart"
        assert staying.sql(query).fetchall() == [(1,)]
    later = subprocess.run(
        [sys.executable, "-c", READER, mini.published, "0.01"], capture_output=True, text=True
    )
    assert later.returncode == 0, later.stderr


@pytest.mark.soak
def test_a_reader_in_a_loop_sees_whole_builds_for_a_minute(mini):
    read_while_building(mini, 60, 5)


def kill(process, seconds, is_time=lambda: True):
    """Kills a process some seconds after something is true."""
    while not is_time() and process.poll() is None:
        time.sleep(0.002)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def seconds_of(process):
    started = time.monotonic()
    process.communicate()
    return time.monotonic() - started


def kill_at_random_moments(mini, kills, seed):
    """The number of builds that had been published when they were killed."""
    dice, name = random.Random(seed), name_of_build(mini)
    usual = seconds_of(mini.start("build"))
    generation, published = 1, 0
    for attempt in range(2, kills + 2):
        before = mini.hash()
        process = mini.start("build", "--vars", f"{{generation: {attempt}}}")
        # most of a run is start-up: aim at its end, where tables are built and published
        kill(process, usual * dice.uniform(0.5, 1.1))
        seen = mini.generations()
        assert seen in ({generation}, {attempt}), (seen, generation, attempt)
        if seen == {generation}:
            assert mini.hash() == before
        else:
            published += 1
        (generation,) = seen
    is_success, output = mini.build(1)
    assert is_success and "Published build" in output, output
    assert name_of_build(mini) == name and leftovers(mini) == []
    return published


def test_a_killed_build_leaves_the_published_state_whole(mini):
    kill_at_random_moments(mini, kills=3, seed=1)


@pytest.mark.soak
def test_thirty_killed_builds_leave_the_published_state_whole(mini):
    # some before the swap and some after it
    assert 0 < kill_at_random_moments(mini, kills=30, seed=2) < 30


@pytest.mark.soak
def test_twenty_killed_erasures_are_not_begun_or_can_be_repeated(mini):
    mini.write(
        "models/marts/people.sql", "{{ config(materialized='table') }} " + mini.sql("people")
    )
    dice, seen = random.Random(3), {"published": 0, "found": 0, "gone": 0}
    assert mini.build(1)[0]
    name = name_of_build(mini)
    steps = [
        lambda: True,
        lambda: not (mini.folder / "logs" / "dbt.log").exists(),
        lambda: not mini.published.exists(),
        lambda: not (mini.folder / "work.duckdb").exists(),
    ]
    for number in range(20):
        assert mini.build(1)[0] and name_of_build(mini) == name
        before = mini.hash()
        kill(start_erasing(mini, "customer 1"), dice.uniform(0, 0.05), steps[number % 4])
        if mini.published.exists():
            assert mini.hash() == before
            seen["published"] += 1
            continue
        # clients find nothing, and whoever asks again is told that it is done
        code, said = erase(mini, "customer 1")
        assert "is erased" in said if code == 0 else "is in no published build" in said, said
        seen["found" if code == 0 else "gone"] += 1
        files = [file for file in mini.folder.rglob("*") if file.is_file()]
        assert not [file for file in files if b"customer 1" in file.read_bytes()]
    assert mini.build(1)[0] and name_of_build(mini) == name and leftovers(mini) == []
    assert all(seen.values()), seen


@pytest.mark.soak
def test_nine_killed_publications_leave_one_of_both_states(mini):
    mini.write("models/marts/first_mart.sql", LARGE)
    assert mini.build(1)[0]
    dice, names, seen = random.Random(4), {True: name_of_build(mini)}, set()

    def start(has_customers):
        variables = f"{{generation: 1, publish_customers: {has_customers}}}"
        return mini.start("run-operation", "publish", "--vars", variables)

    assert start(False).wait() == 0
    names[False] = name_of_build(mini)
    steps = [(mini.published.parent / "clientele.builds" / "next").exists]
    steps += [lambda: mini.customers.exists() != had_customers]
    for number in range(9):
        before, had_customers = mini.hash(), mini.customers.exists()
        kill(start(not had_customers), dice.uniform(0, 0.5), steps[number % 2])
        has_customers = mini.customers.exists()
        assert has_customers != had_customers or mini.hash() == before
        assert name_of_build(mini) == names[has_customers]
        seen.add(has_customers == had_customers)
    for has_customers in (False, True):
        assert start(has_customers).wait() == 0
    assert name_of_build(mini) == names[True] and leftovers(mini) == []
    assert seen == {True, False}


def test_a_kill_at_every_step_of_the_swap_leaves_one_build(tmp_path):
    """Every system call of the publisher that changes a file is the last one of some run."""
    script = """
import os, pathlib, shutil, sys
from publishing import files
last = int(sys.argv[2])
count = 0
def counting(function):
    def call(*arguments, **options):
        global count
        count += 1
        if count > last:
            os._exit(9)
        return function(*arguments, **options)
    return call
for module, name in ((os, "replace"), (os, "rename"), (os, "link"), (os, "fsync"), (shutil, "rmtree")):
    setattr(module, name, counting(getattr(module, name)))
for name in ("symlink_to", "unlink", "mkdir", "rmdir"):
    setattr(pathlib.Path, name, counting(getattr(pathlib.Path, name)))
publication = files.Publication(sys.argv[1])
if sys.argv[3] == "rollback":
    publication.rollback()
    sys.exit()
folder = pathlib.Path(publication.begin())
for name in ("clientele.duckdb", "a.parquet", "customers/clientele_customers.duckdb", *sys.argv[4:]):
    (folder / name).write_text(sys.argv[3])
publication.commit("b" + sys.argv[3], 1)
"""
    path = tmp_path / "clientele.duckdb"

    def publish(content, last, *more):
        arguments = [sys.executable, "-c", script, path, str(last), content, *more]
        return subprocess.run(arguments).returncode

    def seen():
        files = [file for file in tmp_path.glob("[ac]*.*") if file.suffix != ".lock"]
        found = {file.read_text() for file in files if file.is_file()}
        assert len(found) == 1, found
        return int(found.pop())

    def is_shut():
        """Whether others can read the current build alone."""
        current = Publication(path).current_build()
        return not [
            file
            for folder in Publication(path).build_folders()
            for file in folder.rglob("*.*")
            if folder != current and "kept" not in file.parts and file.name != "build.json"
            if not file.is_symlink()
        ]

    assert publish("0", 10_000, "gone.parquet") == 0
    steps, content, codes = 0, 0, {9}
    while 9 in codes:
        before = content
        codes = {publish(str(steps + 1), steps, "new.parquet")}
        content = seen()
        assert content in (before, steps + 1)
        steps += 1
    assert 30 < steps < 120 and content == steps and is_shut()
    assert not (tmp_path / "gone.parquet").is_symlink() and (tmp_path / "new.parquet").is_file()
    # going back is killed in the same way
    assert publish(str(steps + 1), 10_000, "new.parquet") == 0
    for last in range(100):
        code = publish("rollback", last)
        if seen() == steps:
            break
        assert seen() == steps + 1
    assert 0 < last < 99 and (code == 0 or publish(str(steps + 2), 10_000) == 0) and is_shut()


@pytest.fixture
def small_disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_the_published_state_and_room_for_the_next_build(mini, small_disk):
    mini.published = small_disk / "clientele.duckdb"
    assert mini.build(1)[0]
    before, small = mini.hash(), (mini.folder / "models/marts/first_mart.sql").read_text("utf-8")
    mini.write("models/marts/first_mart.sql", LARGE)
    is_success, output = mini.build(2)
    assert not is_success and "No space left" in output and "Published build" not in output, output
    assert mini.hash() == before and mini.generations() == {1}
    mini.write("models/marts/first_mart.sql", small)
    is_success, output = mini.build(3)
    assert is_success and mini.generations() == {3} and leftovers(mini) == [], output


def test_a_limit_of_file_size_and_exhausted_memory_leave_the_published_state(mini):
    before = mini.hash()
    small = mini.folder.joinpath("models/marts/first_mart.sql").read_text("utf-8")
    mini.write("models/marts/first_mart.sql", LARGE)
    limit = 6_000_000
    process = mini.start(
        "build", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    output, _ = process.communicate(timeout=120)
    assert process.returncode != 0 and "Published" not in output, output
    assert "Not published" not in output, "the disk was full too early" + output
    assert mini.hash() == before
    mini.write(
        "models/marts/first_mart.sql",
        VIEW
        + "len(list(md5(range::varchar))) as item, 1::bigint as generation from range(10000000)",
    )
    is_success, output = mini.run("build", env={"CLIENTELE_MEMORY": "60MB"})
    assert "Not published" not in output, "memory was short too early" + output
    assert not is_success and "Published" not in output, output
    assert mini.hash() == before
    mini.write("models/marts/first_mart.sql", small)
    is_success, output = mini.build(2)
    assert is_success and mini.generations() == {2} and leftovers(mini) == [], output


def test_a_folder_that_cannot_be_written_is_named_in_one_sentence(mini):
    (mini.folder / "in_the_way").write_text("")
    path = str(mini.folder / "in_the_way" / "clientele.duckdb")
    is_success, output = mini.run("build", env={"CLIENTELE_PUBLISHED": path})
    assert not is_success and "cannot be written" in output and "Traceback" not in output
