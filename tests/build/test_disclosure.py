"""No small cell's outcome can be worked out from what is published, all marts read together."""

import collections
import json
import re

import duckdb
import pytest
from conftest import NO_UNIT_TESTS, ROOT
from disclosure_attack import Counts, Reader
from scipy import stats

CUSTOMERS = 600


@pytest.fixture(scope="module")
def few_customers(run_dbt, tmp_path_factory):
    """The first customers of the demo bank, with all that belongs to them."""
    folder = tmp_path_factory.mktemp("few")
    kept = None
    for file in sorted((ROOT / "data" / "demo").glob("*.csv"), key=lambda f: f.stem != "customers"):
        head, *lines = file.read_text("utf-8").splitlines()
        place = head.split(",").index("customer_id")
        if kept is None:
            lines = lines[:CUSTOMERS]
            kept = {line.split(",")[place] for line in lines}
        lines = [line for line in lines if (line.split(",") + [""] * place)[place] in kept]
        (folder / file.name).write_text("\n".join([head, *lines, ""]), "utf-8")
    build = run_dbt(raw=folder, env=NO_UNIT_TESTS)
    assert build.is_success, build.messages
    return build


def test_no_small_cell_of_the_demo_can_be_worked_out(demo):
    reader = Reader(demo.published)
    assert len(reader.small()) > 50
    assert reader.worked_out() == {}
    # the attack works: where small cells alone are withheld, many follow
    assert len(Reader(demo.path).worked_out()) > 20


def test_no_small_cell_of_a_few_customers_can_be_worked_out(few_customers):
    ages = few_customers.values(
        "select age, count(*) from intermediate.int_churn_observations "
        "where is_rated and is_churned is not null and age is not null group by age"
    )
    reader = Reader(few_customers.published, ages)
    # bands of two sets share a few customers, whom one set tells from the other
    assert [cell for cell in reader.small() if {"decades", "life_stages"} & set(dict(cell))]
    assert len(reader.small()) > 100
    assert reader.worked_out() == {}
    # and what is left says something: of the cube and of both halves of intervals
    with duckdb.connect(str(few_customers.published), read_only=True) as published:
        told = [
            published.sql(f"select count({outcome}), count(*) from marts.{mart}").fetchall()[0]
            for mart, outcome in [
                ("churn_rates", "churned_count"),
                ("churn_intervals", "discovery_churned_count"),
                ("churn_intervals", "confirmation_churned_count"),
            ]
        ]
    assert sum(one for one, _ in told) > sum(every for _, every in told) / 3


@pytest.mark.parametrize("build", ["demo", "few_customers"])
def test_no_small_part_of_a_cell_follows_from_other_marts(build, request):
    build = request.getfixturevalue(build)
    every = Counts(build.path)
    small, told = every.small(), Counts(build.published)
    # by how many customers two segments differ is unknown where a size is
    assert len(small) > 100 and small - every.rests <= told.wholes.keys()
    assert told.worked_out(small & told.wholes.keys()) == {}
    # the attack works: where small ones alone are withheld, some follow
    every.told = {key: count for key, count in every.told.items() if key not in small}
    assert len(every.worked_out(small)) > 20


@pytest.mark.parametrize("build", ["demo", "few_customers"])
def test_statistics_of_a_cut_say_no_more_than_its_published_cells(build, request):
    build = request.getfixturevalue(build)
    size, _ = Reader(build.published).portfolio
    with duckdb.connect(str(build.published), read_only=True) as connection:
        rows = connection.sql(
            "select cut_name, customers_count, churned_count from marts.churn_rates"
        ).fetchall()
        tests = dict(
            connection.sql(
                "select cut_name, {'chi_square': chi_square, 'windows': window_count} from marts.churn_cut_tests"
            ).fetchall()
        )
    protected = 0
    for cut in {row[0] for row in rows} & set(tests):
        told = [row[1:] for row in rows if row[0] == cut and row[2] is not None]
        table = [(k, n - k) for n, k in told]
        if sum(n for n, _ in told) < size:
            assert tests[cut]["chi_square"] is None, cut
            protected += 1
        elif tests[cut]["windows"] == 1:
            expected = stats.chi2_contingency(table, correction=False).statistic
            assert tests[cut]["chi_square"] == pytest.approx(expected, rel=1e-9), cut
    assert protected > 10


@pytest.mark.parametrize("build", ["demo", "few_customers"])
def test_the_p_value_of_a_feature_is_told_with_all_of_its_cells_or_not_at_all(build, request):
    build = request.getfixturevalue(build)
    query = (
        "select distinct feature_name, feature_p_value, feature_q_value from marts.churn_intervals"
    )
    with duckdb.connect(str(build.published), read_only=True) as connection:
        told = {name: pair for name, *pair in connection.sql(query).fetchall() if None not in pair}
        # of a flag or text, the p-value and the sizes give the churn of the one value that is not told
        hidden = connection.sql(
            "select feature_name from marts.churn_intervals where confirmation_churned_count is null "
            "union select cut_name from marts.churn_rates where cut_count = 1 and churned_count is null "
            "union select feature_name from marts.churn_distributions where churned_count is null"
        ).fetchall()
    hidden = {name for (name,) in hidden}
    tested = {name for name, p, _ in build.rows(query) if p is not None}
    assert told and hidden & tested and not hidden & set(told)
    p_values, q_values = zip(*told.values(), strict=True)
    assert stats.false_discovery_control(p_values) == pytest.approx(q_values, rel=1e-9)


# families of tests that are corrected together: mart -> the columns that name one, and whether it has withheld members
FAMILIES = {
    "churn_rates": "case when cut_count > 1 then 'crossed' else cut_name end",
    "churn_rates_by_age_band": "age_band_set", "churn_cut_tests": "1",
    "churn_intervals": "1", "churn_hypothesis_tests": "hypothesis_family", "churn_portraits": "portrait_code",
    "campaign_readout": "segment_scheme = 'all'",
}  # fmt: skip


@pytest.mark.parametrize("build", ["demo", "few_customers"])
def test_q_values_follow_from_published_p_values_alone(build, request):
    build = request.getfixturevalue(build)
    withheld = dict.fromkeys(FAMILIES, 0)
    with duckdb.connect(str(build.published), read_only=True) as connection:
        for mart, family in FAMILIES.items():
            families = collections.defaultdict(list)
            for name, p, q in connection.sql(
                f"select {family}, p_value, q_value from marts.{mart}"
            ).fetchall():
                assert (p is None) == (q is None), mart
                if p is not None:
                    families[name].append((p, q))
            for name, members in families.items():
                p_values, q_values = zip(*members, strict=True)
                expected = stats.false_discovery_control(p_values)
                assert expected == pytest.approx(q_values, rel=1e-9), (mart, name)
            ((tested,),) = build.rows(f"select count(p_value) from marts.{mart}")
            withheld[mart] = tested - sum(map(len, families.values()))
    assert withheld["churn_rates"] and withheld["churn_cut_tests"] and withheld["churn_intervals"]
    assert withheld["churn_portraits"] and withheld["campaign_readout"], withheld


@pytest.mark.parametrize("build", ["demo", "few_customers"])
def test_no_place_in_an_order_says_where_withheld_figures_stand(build, request):
    build = request.getfixturevalue(build)
    with duckdb.connect(str(build.published), read_only=True) as connection:
        for mart, rank, group in (
            ("churn_portraits", "feature_rank", "portrait_code"),
            ("strategy_priorities", "priority_rank", "segment_scheme"),
            ("churn_segments", "segment_rank", "1"),
        ):
            ranks = collections.defaultdict(list)
            for name, place in connection.sql(
                f"select {group}, {rank} from marts.{mart}"
            ).fetchall():
                ranks[name] += [place] if place is not None else []
            for places in ranks.values():
                assert sorted(places) == list(range(1, len(places) + 1)), mart


@pytest.mark.parametrize("build", ["demo", "few_customers"])
def test_no_few_customers_of_a_migration_are_told_or_left_to_subtraction(build, request):
    """Rows add up to the first day's segments, columns to the second day's, and so does their value."""
    build, seen = request.getfixturevalue(build), 0
    with duckdb.connect(str(build.published), read_only=True) as connection:
        connection.execute(f"attach '{build.path}' as work (read_only)")
        for side in ("from", "to"):
            counts = connection.sql(
                f"""
                select
                    max(history.total_clv_amount) is not null as is_whole_told,
                    sum(whole.customers_count) as customers_count,
                    count(told.customers_count) as told_count,
                    sum(whole.{side}_valued_count) filter (where told.{side}_clv_amount is null) as hidden_count,
                    min(whole.{side}_valued_count) filter (where told.{side}_clv_amount is not null) as least_told_count
                from work.intermediate.int_segment_moves_counted as whole
                left join marts.segment_migration as told using (
                    segment_scheme, span_months, from_on, to_on, from_segment_code, to_segment_code
                )
                left join marts.segment_history as history
                    on history.segment_scheme = whole.segment_scheme
                    and history.observed_on = whole.{side}_on
                    and history.segment_code = whole.{side}_segment_code
                where whole.span_months > 0 and whole.{side}_segment_code not in ('churned', 'ended')
                group by whole.segment_scheme, whole.span_months, whole.from_on, whole.{side}_segment_code
                """
            ).fetchall()
            for is_whole_told, count, told, hidden, least_told in counts:
                assert count >= 5 or not told
                assert least_told is None or least_told >= 5
                assert not (is_whole_told and 0 < (hidden or 0) < 5)
                seen += bool(hidden)
    assert seen > 100


def test_all_that_a_mart_declares_to_tell_an_outcome_is_withheld_with_it(few_customers):
    build, seen = few_customers, collections.Counter()
    nodes = json.loads((build.target / "manifest.json").read_text("utf-8"))["nodes"].values()
    with duckdb.connect(str(build.published), read_only=True) as connection:
        connection.execute(f"attach '{build.path}' as work (read_only)")
        for mart in nodes:
            for outcome in mart["config"].get("meta", {}).get("cells", {}).get("outcomes", []):
                value = outcome.get("cut_value", "null")
                key = "cut_value" if "cut_value" in outcome else "null"
                for column in outcome.get("tells", []):
                    ((told, count),) = connection.sql(
                        # a sentence may say that it is withheld
                        "select count(*) filter "
                        f"(where not starts_with(cast({column} as varchar), 'Withheld: ')), count(*) "
                        f"from marts.{mart['name']} "
                        f"where ({outcome['cut_name']}, {value}) in "
                        f"(select (cut_name, {key}) from work.intermediate.{outcome['withheld_in']})"
                    ).fetchall()
                    assert told == 0, (mart["name"], column)
                    seen[mart["name"]] += count
    # decisions are codes, which small cells else show
    assert seen["strategy_economics"] and seen["strategy_segments"] and seen["segment_briefs"]


# marts that tell of churn in cells which are not listed: their cells stand in no sum, or are large
ALONE = {
    "churn_model_metrics",  # all customers of a sample
    "churn_rates_by_month",  # everybody at risk in a month
    "retention_by_cohort",  # left out where few are at risk
    "churn_score_deciles",  # what else is told of customers does not say in which decile they are
    "campaign_sizes",  # who has churned of an audience follows from sizes, which are public, and is a part all the same
}
OUTCOMES = re.compile(r"(.*_)?churn(ed)?_(count|rate|customers)(_.*)?|retention_rate.*")


def test_every_mart_that_tells_of_churn_says_of_which_cells(demo):
    nodes = json.loads((demo.target / "manifest.json").read_text("utf-8"))["nodes"].values()
    seen = set()
    for mart in nodes:
        if mart["resource_type"] != "model" or mart["fqn"][1] != "marts":
            continue
        meta, columns = mart["config"]["meta"], set(mart["columns"])
        tells = {column for column in columns if OUTCOMES.fullmatch(column)}
        if not tells or "customer_id" in columns or not meta.get("is_published", True):
            continue
        if mart["name"] in ALONE:
            seen.add(mart["name"])
            continue
        cells = meta.get("cells", {})
        outcomes = cells.get("outcomes", [])
        assert outcomes, (
            f"{mart['name']} says in no config.meta.cells.outcomes whose {tells} it tells"
        )
        judged = set()
        for outcome in outcomes:
            assert outcome["withheld_in"] in {f"int_{kind}_withheld" for kind in (
                "churn_cells", "churn_definitions", "segment_cells", "segment_moves", "segment_parts", "hypotheses",
                "churn_portraits",
            )}  # fmt: skip
            assert set(outcome.get("tells", [])) <= columns, mart["name"]
            judged |= set(outcome.get("tells", columns))
        for base in cells.get("bases", {}).values():
            judged |= set(base)
        assert tells <= judged, (mart["name"], tells - judged)
    assert seen == ALONE
