"""The churn study: what it finds is there, is said with the right counts, and is not found in noise."""

import itertools
import json

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import MODELS, ROOT

STUDIED = {
    "select": ["+churn_intervals", "+churn_segments"],
    "env": MODELS,
}
RATED = "(select * from intermediate.int_churn_observations where is_rated)"
ATTRIBUTES = (
    "customer_id, age, gender, city, credit_score, estimated_salary, balance, product_count, has_credit_card, "
    "is_active, property_count, tenure_years, education, job, marital_status"
)


@pytest.fixture(params=["demo", "bank_scrooge"])
def studied(request):
    return request.getfixturevalue(request.param)


def copy_of(build, folder, relabel):
    """The customers of a build as a canonical extract, with `relabel(is_churned, is_discovery)` as their churn."""
    with duckdb.connect(str(build.path), read_only=True) as connection:
        customers = connection.sql(
            f"select {ATTRIBUTES}, has_marketing_consent as marketing_consent, is_churned, is_discovery "
            f"from {RATED} order by customer_id"
        ).to_arrow_table()
    labels = [
        customers[name].to_numpy(zero_copy_only=False) for name in ("is_churned", "is_discovery")
    ]
    position = customers.column_names.index("is_churned")
    customers = customers.set_column(position, "is_churned", pa.array(relabel(*labels), pa.bool_()))
    pq.write_table(customers.drop_columns(["is_discovery"]), folder / "customers.parquet")
    return folder


# --- what the mart says is what its predicate selects


@pytest.mark.parametrize("mart", ["churn_intervals", "churn_segment_candidates", "churn_segments"])
def test_predicates_select_the_counted_customers(studied, mart):
    counts = (
        "discovery_count, discovery_churned_count, confirmation_count, confirmation_churned_count"
    )
    # the half that proposed a segment is its discovery half
    half = "'first'" if mart == "churn_intervals" else "proposing_half"
    rows = studied.rows(f"select predicate_sql, {half}, {counts} from marts.{mart}")
    selected = [
        studied.row(
            "select count(is_churned) filter (where is_discovery), "
            "count(*) filter (where is_discovery and is_churned), "
            "count(is_churned) filter (where not is_discovery), "
            "count(*) filter (where not is_discovery and is_churned) "
            f"from {RATED} where {predicate}"
        )
        for predicate, *_ in rows
    ]
    assert len(rows) >= 5
    assert selected == [
        tuple(counted if half == "first" else counted[2:] + counted[:2])
        for _, half, *counted in rows
    ]


def test_every_kind_of_interval_was_selected(demo, bank_scrooge):
    kinds = {
        kind
        for build in (demo, bank_scrooge)
        for (kind,) in build.rows("select distinct interval_kind from marts.churn_intervals")
    }
    assert kinds >= {"missing", "zero", "range", "value"}


def test_rare_values_and_flags_that_one_half_lacks_have_predicates_too(demo, run_dbt, tmp_path):
    """A city and a `no` that only the confirmation half has, among texts with a quote."""
    copy_of(demo, tmp_path, lambda is_churned, is_discovery: is_churned)
    customers = pq.read_table(tmp_path / "customers.parquet")
    with duckdb.connect() as connection:
        connection.register("customers", customers)
        changed = connection.sql(
            "select * replace ("
            "case when substr(md5(customer_id), 1, 2) = 'ff' then 'out-of-town' "
            "when city = 'Rybinsk' then 'O''Fallon' else city end as city, "
            "substr(md5(customer_id), 1, 2) <> 'ff' as is_active) from customers"
        ).to_arrow_table()
    pq.write_table(changed, tmp_path / "customers.parquet")
    intervals_only = STUDIED | {"select": ["+churn_intervals"]}
    build = run_dbt(raw=tmp_path, source_system="canonical", **intervals_only)
    assert build.is_success, build.messages
    test_predicates_select_the_counted_customers(build, "churn_intervals")
    predicates = [
        predicate
        for (predicate,) in build.rows(
            "select predicate_sql from marts.churn_intervals where discovery_count = 0 order by 1"
        )
    ]
    assert predicates == [
        "city not in ('O''Fallon', 'Rostov Veliky', 'Yaroslavl', 'unknown')",
        "not is_active",
    ]


def test_intervals_of_a_feature_divide_all_observations(studied):
    halves = studied.row(
        "select count(*) filter (where is_discovery), count(*) filter (where is_discovery and is_churned), "
        "count(*) filter (where not is_discovery), count(*) filter (where not is_discovery and is_churned) "
        f"from {RATED} where is_churned is not null"
    )
    sums = studied.rows(
        "select sum(discovery_count), sum(discovery_churned_count), sum(confirmation_count), "
        "sum(confirmation_churned_count) from marts.churn_intervals group by feature_name"
    )
    assert len(sums) >= 10
    assert set(sums) == {halves}


# --- what is there is found


def test_planted_breaks_in_age_are_found_within_a_year(demo):
    bounds = [
        bound
        for (bound,) in demo.rows(
            "select lower_bound from marts.churn_intervals where feature_name = 'age' and lower_bound is not null"
        )
    ]
    for planted in (37, 43, 53, 65):
        assert min(abs(bound - planted) for bound in bounds) <= 1, (planted, bounds)


def test_features_without_effect_are_listed_as_not_significant(demo):
    truth = json.loads((ROOT / "data" / "demo" / "truth.json").read_text("utf-8"))
    names = truth["churn"]["features_without_effect"]
    lowest = demo.values(
        "select feature_name, min(q_value), count(*) from marts.churn_intervals group by feature_name"
    )
    assert len(names) >= 4
    assert all(lowest[name][1] >= 2 for name in names)
    assert {name: lowest[name][0] for name in names if lowest[name][0] < 0.05} == {}


def test_segments_of_bank_scrooge_are_large_raised_and_distinct(bank_scrooge):
    segments = bank_scrooge.rows(
        "select predicate_sql, confirmation_count, confirmation_churn_rate, lift from marts.churn_segments"
    )
    strong = [
        predicate for predicate, count, rate, lift in segments if count >= 150 and lift >= 2.5
    ]
    surest = [predicate for predicate, count, rate, _ in segments if count >= 120 and rate >= 0.7]
    assert len(strong) >= 5 and surest
    members = [
        {
            customer
            for (customer,) in bank_scrooge.rows(
                f"select customer_id from {RATED} where {predicate}"
            )
        }
        for predicate, *_ in segments
    ]
    for one, other in itertools.combinations(members, 2):
        assert len(one & other) < 0.5 * len(one | other)
    churned_customers = {
        customer
        for (customer,) in bank_scrooge.rows(
            f"select customer_id from {RATED} where is_churned and not is_discovery"
        )
    }
    assert len(churned_customers & set.union(*members)) >= 0.6 * len(churned_customers)


def test_portraits_of_bank_scrooge_are_the_published_ones(bank_scrooge):
    medians = bank_scrooge.values(
        "select feature_name, max(median_value) filter (where portrait_code = 'retained'), "
        "max(median_value) filter (where portrait_code = 'churned') "
        "from marts.churn_portraits group by feature_name"
    )
    published = {
        "credit_score": (848, 866),
        "age": (40, 39),
        "property_count": (3, 4),
        "balance": (475_382, 782_411),
    }
    # the middle churned customer's balance is 782,410.47
    assert {name: medians[name] for name in published} == {
        name: pytest.approx(values, abs=1) for name, values in published.items()
    }


def test_the_study_s_segments_are_ranked_in_its_order_of_work(bank_scrooge):
    ranked = bank_scrooge.rows(
        "select segment_code, strategy_code, customers_count from marts.strategy_priorities "
        "where segment_scheme = 'study' order by priority_rank"
    )
    assert [row[:2] for row in ranked] == [
        ("established_men", "grace_period_card"),
        ("younger_lower_income", "brokerage_account"),
        ("affluent_without_card", "vip_desk"),
    ]
    assert max(ranked, key=lambda row: row[2])[0] == "established_men"


# --- discovery knows nothing of the confirmation half


def test_selection_never_reads_an_outcome_of_the_confirmation_half(demo, run_dbt, tmp_path_factory):
    def permuted(is_churned, is_discovery):
        is_churned = is_churned.copy()
        others = np.flatnonzero(~is_discovery.astype(bool))
        is_churned[others] = np.random.default_rng(3).permutation(is_churned[others])
        return is_churned

    plain = run_dbt(
        raw=copy_of(demo, tmp_path_factory.mktemp("plain"), lambda is_churned, _: is_churned),
        source_system="canonical",
        **STUDIED,
    )
    other = run_dbt(
        raw=copy_of(demo, tmp_path_factory.mktemp("permuted"), permuted),
        source_system="canonical",
        **STUDIED,
    )
    assert plain.is_success and other.is_success, plain.messages + other.messages
    for query in (
        "select * from intermediate.int_churn_intervals_found order by all",
        "select * from intermediate.int_churn_subgroups_found where proposing_half = 'first' order by all",
    ):
        assert plain.rows(query)
        assert plain.rows(query) == other.rows(query)
    # the labels did change
    confirmed = (
        "select churn_segment_code, confirmation_churned_count from marts.churn_segment_candidates"
    )
    assert plain.values(confirmed) != other.values(confirmed)


@pytest.mark.soak
@pytest.mark.parametrize("source", ["demo", "bank_scrooge"])
def test_shuffled_labels_yield_nothing_in_most_copies(source, request, run_dbt, tmp_path_factory):
    original, build = request.getfixturevalue(source), None
    with_interval, with_segment = [], []
    for seed in range(1, 21):
        raw = copy_of(
            original,
            tmp_path_factory.mktemp("shuffled"),
            lambda is_churned, _, seed=seed: np.random.default_rng(seed).permutation(is_churned),
        )
        build = run_dbt(raw=raw, into=build, source_system="canonical", **STUDIED)
        assert build.is_success, build.messages
        if build.rows("select 1 from marts.churn_intervals where q_value < 0.05"):
            with_interval.append(seed)
        if build.rows("select 1 from marts.churn_segments"):
            with_segment.append(seed)
    print(f"{source}: an interval on {with_interval}, a segment on {with_segment}")
    assert len(with_interval) <= 3
    assert len(with_segment) <= 3
