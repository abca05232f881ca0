"""A daily build (var look_back_days) reads only some months of events again, and leaves what a full build leaves."""

import copy
import json
import shutil

import duckdb
import pytest
from customer_science.simulate import main as simulate
from test_determinism import MODELS, differences

DAILY = {"look_back_days": 7}
EVENTS = ["+int_interactions_conformed", "+int_event_months_built"]
KEPT = ["int_interactions_conformed", "int_transactions_conformed", "int_purchases_dated"]


def write_events(folder, entity, rows):
    """The file of an entity anew, from a query on `old`, the file as it was."""
    path = folder / f"{entity}.parquet"
    with duckdb.connect() as connection:
        connection.sql(f"create table old as from '{path}'")
        connection.sql(f"copy ({rows}) to '{path}' (format parquet)")


def copied(folder, place):
    shutil.copytree(folder, place)
    return place


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Extracts in the order of time, as a log has it. One customer will go and one will come, both with events of some
    month ago; the key of one old event stands for the most recent one too."""
    folder = tmp_path_factory.mktemp("before")
    simulate(["--customers", "600", "--seed", "5", "--format", "parquet", "--out", str(folder)])
    for entity in ("interactions", "transactions"):
        key = entity.removesuffix("s") + "_id"
        write_events(
            folder,
            entity,
            f"""with dated as (from old where occurred_at between '2024-01-01' and '2025-12-31'),
            pair as (select min_by({key}, occurred_at) filter (where occurred_at > '2024-10-01') as old_key,
                            max_by({key}, occurred_at) as recent_key from dated)
            select * from (
                select dated.* replace (case when {key} = recent_key then old_key else {key} end as {key})
                from dated cross join pair
                union all by name select * replace ('of going' as {key}, 'going' as customer_id,
                    timestamp '2024-11-05' as occurred_at) from (from dated limit 1)
                union all by name select * replace ('of coming' as {key}, 'coming' as customer_id,
                    timestamp '2024-12-05' as occurred_at) from (from dated limit 1)
            ) order by occurred_at, {key}""",
        )
    write_customer(folder, "going")
    return folder


def write_customer(folder, customer):
    """Adds a customer of that name, like the first one, and takes `going` out where he was."""
    write_events(
        folder,
        "customers",
        f"""from old where customer_id <> 'going' union all by name
        select * replace ('{customer}' as customer_id) from (from old order by customer_id limit 1)""",
    )


@pytest.fixture(scope="module")
def after(before, tmp_path_factory):
    """The extracts of the next day: everything that may happen to them at once."""
    folder = copied(before, tmp_path_factory.mktemp("after") / "raw")
    for entity, correction in (
        ("interactions", "'branch' as channel"),
        ("transactions", "1.25 as amount"),
    ):
        key = entity.removesuffix("s") + "_id"
        write_events(
            folder,
            entity,
            f"""with numbered as (select *, row_number() over () as line from old)
            -- a recent row is corrected, and the recent row of a repeated key gets a key of its own
            select * exclude (line) replace (
                case when line = (select max(line) from numbered) then 'own key' else {key} end as {key})
            from (select * replace ({correction}) from numbered where line = (select max(line) - 5 from numbered)
                  union all by name from numbered where line <> (select max(line) - 5 from numbered) order by line)
            union all by name select * replace ('late' as {key})
                from (from old where occurred_at > '2024-03-05' limit 1)
            union all by name (from old where occurred_at > '2024-05-05' limit 1)
            union all by name select * replace (timestamp '2025-12-31 12:00' as occurred_at)
                from (from old where occurred_at > '2024-08-05' limit 1)
            union all by name select * replace ('undated' as {key}, null as occurred_at) from (from old limit 1)
            union all by name select * replace ('new ' || {key} as {key}, timestamp '2026-01-02 08:00' as occurred_at)
                from (from old limit 20)""",
        )
    write_customer(folder, "coming")
    return folder


def events(build):
    """All that is kept by month."""
    return {name: build.rows(f"select * from intermediate.{name} order by all") for name in KEPT}


def months_due(build, entity):
    return build.values(
        f"select occurred_month, due_reason from intermediate.int_event_months_due where entity_name = '{entity}'"
    )


def test_daily_build_leaves_the_marts_of_a_full_one(run_dbt, before, after, full):
    daily = run_dbt(raw=before, env=MODELS, **DAILY)
    assert daily.is_success, daily.messages
    first = daily.rows("select distinct read_by from intermediate.int_transactions_read")
    daily = run_dbt(raw=after, into=daily, env=MODELS, **DAILY)
    assert daily.is_success, daily.messages
    for entity in ("interactions", "transactions"):
        assert months_due(daily, entity) == {
            0: "new",
            202403: "rows have come, gone or moved",
            202405: "rows have come, gone or moved",
            202411: "customers have come or gone",
            202412: "customers have come or gone",
            202512: "rows have come, gone or moved",
            202601: "new",
        }
    # two months were not read again although rows of theirs lost, and got back, their key
    kept = daily.rows(
        "select occurred_month from intermediate.int_transactions_read group by all "
        f"having max(read_by) = {first[0][0]} order by all"
    )
    assert {(202408,), (202410,)} < set(kept)
    assert events(daily) == events(full)
    assert differences(daily, full, ignored={}) == {}


def test_unit_tests_pass_in_daily_builds(run_dbt, before, full):
    run = run_dbt("test", raw=before, into=full, select=["test_type:unit"], **DAILY)
    assert run.is_success, run.messages
    assert "transactions_of_one_day_are_one_purchase" in run.statuses


@pytest.fixture(scope="module")
def full(run_dbt, after):
    run = run_dbt(raw=after, env=MODELS, **DAILY)
    assert run.is_success, run.messages
    return run


@pytest.fixture(scope="module")
def start(run_dbt, before):
    """The events of the day before in a database that tests copy."""
    run = run_dbt("seed", raw=before, **DAILY)
    run = run_dbt("run", raw=before, into=run, select=EVENTS, **DAILY)
    assert run.is_success, run.messages
    return run


@pytest.fixture
def next_day(run_dbt, start, tmp_path):
    """next_day(raw, select) builds on a copy of the day before, and on it again when called again."""
    place = copied(start.path.parent, tmp_path / "build")

    def run(raw, select=EVENTS, **options):
        into = copy.copy(start)
        into.path = place / start.path.name
        build = run_dbt("run", raw=raw, into=into, select=select, **(DAILY | options))
        assert build.is_success, build.messages
        return build

    return run


def test_what_an_unfinished_build_has_read_is_read_again(next_day, before, after, full):
    # the months are listed, events and purchases are read, and nothing says that this was all
    next_day(after, ["+int_purchases_dated"])
    unfinished = next_day(before)
    assert months_due(unfinished, "transactions") == {None: "a build before did not finish"}
    assert events(next_day(after)) == events(full)
    # what is selected by name does not go by the list of another build, nor vouches for it
    next_day(before, ["stg_demo_bank__transactions", "int_transactions_read+1"])
    build = next_day(after)
    assert months_due(build, "transactions") == {None: "no complete build before"}
    assert events(build) == events(full)


def test_daily_builds_begin_with_a_full_refresh(run_dbt, before):
    run = run_dbt("seed", raw=before)
    run = run_dbt("run", raw=before, into=run, select=["+int_transactions_read"])
    assert run.is_success, run.messages
    run = run_dbt("run", raw=before, into=run, select=["int_transactions_read"], **DAILY)
    assert any("begin daily builds with --full-refresh" in message for message in run.messages)


def test_a_part_of_the_events_does_not_vouch_for_the_rest(next_day, before, tmp_path):
    # a customer goes, and only transactions are read on that day
    raw = copied(before, tmp_path / "raw")
    write_events(raw, "customers", "from old where customer_id <> 'going'")
    next_day(raw, ["+int_purchases_dated", "int_event_customers_built", "int_event_months_built"])
    build = next_day(raw)
    assert months_due(build, "interactions") == {None: "no complete build before"}
    assert build.row(
        "select count(*) from intermediate.int_interactions_conformed where customer_id = 'going'"
    ) == (0,)


def test_listed_columns_are_the_columns_of_daily_tables(full):
    manifest = json.loads((full.target / "manifest.json").read_text())
    listed = {
        node["name"]: set(node["columns"])
        for node in manifest["nodes"].values()
        if any(
            "only_with" in column["config"]["meta"] for column in node.get("columns", {}).values()
        )
    }
    assert len(listed) == 5
    for name, columns in listed.items():
        assert {row[0] for row in full.rows(f"describe intermediate.{name}")} == columns


def test_another_reading_of_the_rows_reads_all_of_them(next_day, before):
    build = next_day(before, latest_date="2025-12-01")
    assert months_due(build, "transactions") == {None: "read otherwise before"}
    assert build.row(
        "select max(purchased_on) < '2025-12-01' from intermediate.int_purchases_dated"
    ) == (True,)


def test_months_that_leave_the_file_leave_the_tables(next_day, before, tmp_path):
    raw = copied(before, tmp_path / "raw")
    write_events(raw, "transactions", "from old where occurred_at < '2025-12-01'")
    build = next_day(raw)
    assert months_due(build, "transactions")[202512] == "no longer in the file"
    assert build.row(
        "select max(purchased_on) < '2025-12-01' from intermediate.int_purchases_dated"
    ) == (True,)


def test_what_another_layout_does_not_have_leaves_the_tables(next_day, before, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    shutil.copy(before / "customers.parquet", raw)
    build = next_day(raw, source_system="canonical")
    assert months_due(build, "transactions") == {None: "not a Parquet file"}
    assert build.row("select count(*) from intermediate.int_purchases_dated") == (0,)


def test_older_corrections_are_seen_by_a_full_refresh(next_day, before, tmp_path):
    raw = copied(before, tmp_path / "raw")
    write_events(
        raw,
        "transactions",
        "select * replace (case when occurred_at < '2024-02-01' then 7 else amount end as amount) from old",
    )
    sums = "select sum(day_amount) from intermediate.int_purchases_dated where purchased_on < '2024-02-01'"
    stale = next_day(raw).row(sums)
    assert next_day(raw, full_refresh=True).row(sums) != stale


def test_text_files_are_read_as_a_whole(run_dbt):
    run = run_dbt("seed", **DAILY)
    for _ in range(2):
        run = run_dbt("run", into=run, select=EVENTS, **DAILY)
        assert run.is_success, run.messages
        assert months_due(run, "transactions") == {None: "not a Parquet file"}
    assert run.row(
        "select count(*) = count(distinct line_number) from intermediate.int_transactions_read"
    ) == (True,)
