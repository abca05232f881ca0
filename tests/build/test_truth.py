"""What the simulator planted is found, and where it planted nothing, nothing is found."""

import json
import math
import pathlib

import pandas as pd
import pytest
from conftest import MODELS
from customer_science import simulate
from scipy import stats

ROOT = pathlib.Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"
NULL_SEEDS = (1, 2, 3, 4, 5)
NULL_FEATURES = ("has_credit_card", "credit_score_band", "property_count")
FLAGS = {"true": "yes", "false": "no"}  # the simulator's words, the marts' words


@pytest.fixture(scope="module")
def truth():
    return json.loads((DEMO / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def cells(demo):
    """(cut_name, cut_value) -> (customers, churned, Wilson bounds) of the single cuts."""
    return {
        (cut, value): rest
        for cut, value, *rest in demo.rows(
            "select cut_name, cut_value, customers_count, churned_count, churn_rate_ci_lower, "
            "churn_rate_ci_upper from marts.churn_rates where cut_count = 1"
        )
    }


@pytest.fixture(scope="module")
def planted(truth, demo):
    """(cut_name, cut_value) -> the planted counts and risk of customers at risk when the latest window opened."""
    (opened_on,) = demo.row("select observed_on from intermediate.int_churn_days where is_rated")
    return {
        (cut, FLAGS.get(value, value)): planted
        for cut, values in truth["window_risks"][str(opened_on)].items()
        for value, planted in values.items()
        if cut not in ("all", "cluster")  # the simulator's clusters are no cut
    }


# --- with effects: the demo


def test_the_window_is_the_planted_one(demo, truth):
    at_risk, churned, days = demo.row(
        "select count(*), count(*) filter (where is_churned), max(window_days) "
        "from marts.churn_observations"
    )
    everybody = truth["window_risks"]["2024-12-31"]["all"]["all"]
    assert (at_risk, churned, days) == (everybody["at_risk"], everybody["closed"], 365)


def test_every_planted_cell_is_counted_to_the_customer(cells, planted):
    assert len(planted) >= 19
    cuts = {cut for cut, _ in planted}
    found = {key: tuple(counts[:2]) for key, counts in cells.items() if key[0] in cuts}
    assert found == {key: (one["at_risk"], one["closed"]) for key, one in planted.items()}


def test_wilson_intervals_hold_the_planted_risks(cells, planted):
    held, held_surely = [], []
    for key, one in planted.items():
        customers, churned, lower, upper = cells[key]
        held.append(lower <= one["implied_risk"] <= upper)
        wide = stats.binomtest(churned, customers).proportion_ci(0.999, method="wilson")
        held_surely.append(wide.low <= one["implied_risk"] <= wide.high)
    assert sum(held) >= 0.9 * len(held)
    assert all(held_surely)


def test_plans_expect_the_planted_risk_of_current_customers(demo, truth):
    """Of every exclusive scheme that covers everybody, within a tenth of what the hazard implies."""
    risk = truth["window_risks"]["2024-12-31"]["all"]["all"]["implied_risk"]
    (current,) = demo.row(
        "select count(*) from intermediate.int_customers_churned where is_current"
    )
    for scheme, remaining, expected in demo.rows(
        "select segment_scheme, sum(remaining_count), sum(expected_churned_customers) from ("
        "select distinct segment_scheme, segment_code, remaining_count, expected_churned_customers "
        "from marts.strategy_priorities where segment_scheme in ('rule', 'rfm', 'cluster')) group by 1"
    ):
        assert remaining > 0.99 * current, scheme
        assert expected == pytest.approx(risk * remaining, rel=0.1), scheme


def test_the_plan_of_a_window_earlier_came_true(demo):
    """The back-test of segments that were not searched for: most counts lie within their prediction intervals."""
    rows = demo.rows(
        "select back_test_churned_count between back_test_expected_customers_ci_lower "
        "and back_test_expected_customers_ci_upper from marts.strategy_segments "
        "where segment_scheme in ('rule', 'rfm', 'cluster') and back_test_count >= 100"
    )
    assert len(rows) >= 10
    assert sum(inside for (inside,) in rows) >= 0.7 * len(rows)


def test_cut_tests_are_scipys(demo, cells):
    tests = demo.values(
        "select cut_name, chi_square, degrees_of_freedom, p_value, cramers_v from marts.churn_cut_tests"
    )
    cuts = {cut for cut, _ in cells}
    assert len(cuts) >= 9
    for name in cuts:
        table = [(k, n - k) for (cut, _), (n, k, *_) in cells.items() if cut == name]
        expected = stats.chi2_contingency(table, correction=False)
        association = stats.contingency.association(table, method="cramer")
        assert tests[name] == pytest.approx(
            (expected.statistic, expected.dof, expected.pvalue, association), rel=1e-10
        ), name


def test_planted_effects_are_found(demo):
    q_values = demo.values("select cut_name, q_value from marts.churn_cut_tests")
    for cut in ("product_count", "age_band", "city", "gender", "is_active"):
        assert q_values[cut] < 0.05, cut


def test_features_without_effect_stay_without(demo, truth):
    tests = demo.values("select cut_name, q_value, cramers_v from marts.churn_cut_tests")
    assert {"has_credit_card", "credit_score", "property_count"} <= set(
        truth["churn"]["features_without_effect"]
    )
    # Among so many real effects a q-value is close to its p-value, so each of the three is called an effect by chance
    # one time in twenty, two of them one time in a hundred. Its size is negligible all the same.
    assert sum(tests[cut][0] < 0.05 for cut in NULL_FEATURES) <= 1
    assert all(tests[cut][1] < 0.06 for cut in NULL_FEATURES)
    weakest = min(tests[cut][1] for cut in ("product_count", "age_band", "city", "is_active"))
    assert weakest > 0.1


# --- without effects: what is found is found by chance


class Findings:
    """What one build calls significant: families of cells, and cuts."""

    def __init__(self, build):
        # Without any effect Benjamini-Hochberg finds something in a family with probability .05 at most, and what it
        # finds may then be several cells: so families are counted, not cells. Cells under small_cell_size customers
        # are left out, where the normal approximation is none.
        self.families = build.values(
            "select cut_name, min(q_value) filter (where not is_small_cell) "
            "from marts.churn_rates where cut_count = 1 group by cut_name"
        )
        self.cuts = build.values("select cut_name, q_value from marts.churn_cut_tests")
        self.p_values = build.values(
            "select cut_name, p_value from marts.churn_cut_tests where cut_name not like '% %'"
        )
        self.rates = build.rows(
            "select churn_rate_ci_lower, churn_rate_ci_upper from marts.churn_rates where cut_count = 1"
        )
        self.intervals = build.rows(
            "select feature_name from marts.churn_intervals where is_significant"
        )
        self.hypotheses = build.rows(
            "select hypothesis_code from marts.churn_hypothesis_tests where verdict = 'different' "
            "and hypothesis_code like '%churn%'"
        )
        self.segments = build.rows("select churn_segment_code from marts.churn_segments")
        self.days = build.row(
            "select churn_basis, window_days from intermediate.int_churn_days where is_rated"
        )
        self.explained_by = {
            name
            for (name,) in build.rows(
                "select distinct feature_name from marts.churn_intervals union "
                "select distinct cut_name from marts.churn_rates where cut_count = 1 union "
                "select distinct feature_name from intermediate.int_churn_features_listed where is_scorable "
                "and feature_name in ('balance', 'is_active')"
            )
        }
        (self.note,) = build.row(
            "select note from marts.quality_inputs where entity_name = 'customers'"
        )

    def significant_families(self):
        return [name for name, q_value in self.families.items() if q_value < 0.05]

    def significant_cuts(self):
        return [name for name, q_value in self.cuts.items() if q_value < 0.05]


def most_by_chance(trials, rate=0.05):
    """So many findings, or fewer, come by chance in 995 of 1,000 series of trials at the nominal rate."""
    return stats.binom.ppf(0.995, trials, rate)


# what is found, without segments of other kinds
STUDY = ["+churn_rates", "+churn_cut_tests", "+churn_intervals", "+churn_segments"]
STUDY += ["+churn_hypothesis_tests", "+quality_inputs"]


@pytest.fixture(scope="module")
def build_world(run_dbt, tmp_path_factory):
    """build_world(seed, change) -> Findings of a dated world in which nothing has an effect on closing."""
    builds = []

    def build(seed, change=None):
        raw = tmp_path_factory.mktemp("null")
        arguments = ["--customers", "4000", "--seed", str(seed), "--mean-contacts", "2.0"]
        simulate.main([*arguments, "--null-effects", "--no-dirty-rows", "--out", str(raw)])
        if change:
            change(raw)
        built = run_dbt(
            "build",
            raw=raw,
            into=builds[-1] if builds else None,
            select=STUDY,
            env=MODELS,
        )
        assert built.is_success, built.messages
        builds.append(built)
        return Findings(built)

    return build


@pytest.fixture(scope="module")
def nothing_planted(build_world):
    return [build_world(seed) for seed in NULL_SEEDS]


def test_the_worlds_are_dated(nothing_planted):
    assert {found.days for found in nothing_planted} == {("window", 365)}


def test_intervals_hold_the_constant_hazard(nothing_planted):
    rates = [one for found in nothing_planted for one in found.rates]
    truth = 1 - math.exp(-0.08)
    held = sum(lower <= truth <= upper for lower, upper in rates)
    assert len(rates) >= 100
    assert held >= stats.binom.ppf(0.005, len(rates), 0.95)


def test_single_cuts_find_no_more_than_chance(nothing_planted, demo):
    trials = sum(len(found.families) for found in nothing_planted)
    significant = [found.significant_families() for found in nothing_planted]
    assert trials >= 40
    assert sum(map(len, significant)) <= most_by_chance(trials), significant
    # the bound can be broken: it is where effects are planted
    planted = Findings(demo)
    assert len(planted.significant_families()) > most_by_chance(len(planted.families))


def test_cut_tests_find_no_more_than_chance(nothing_planted, demo):
    # the cuts of one build are one family, which has a finding with probability .05 at most
    significant = [found.significant_cuts() for found in nothing_planted]
    assert sum(map(bool, significant)) <= most_by_chance(len(NULL_SEEDS)), significant
    # a family that has a finding by chance has few; with effects it has many
    assert all(len(names) < 5 for names in significant), significant
    assert len(Findings(demo).significant_cuts()) >= 20


def test_p_values_are_even_where_nothing_is_planted(nothing_planted, demo):
    p_values = [p for found in nothing_planted for p in found.p_values.values()]
    assert len(p_values) >= len(NULL_SEEDS) * 8
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert stats.kstest(list(Findings(demo).p_values.values()), "uniform").pvalue < 0.001


def test_intervals_and_hypotheses_find_no_more_than_chance_and_no_segment_is_kept(nothing_planted):
    for kind in ("intervals", "hypotheses"):
        found = [getattr(one, kind) for one in nothing_planted]
        # one family each, with a finding by chance in one build of twenty
        assert sum(map(bool, found)) <= most_by_chance(len(NULL_SEEDS)), (kind, found)
    # halves that judge each other keep a segment by chance in at most one build of twenty, too
    assert sum(bool(one.segments) for one in nothing_planted) <= 1


def closing_empties(raw):
    """As in a core banking system: what closing changes is known on the last day only, and closed customers lack it."""
    (raw / "customer_snapshots.csv").unlink()
    customers = pd.read_csv(raw / "customers.csv", dtype="str")
    is_closed = customers["closed_on"].notna()
    customers.loc[is_closed, ["balance", "is_active"]] = [None, "0"]
    customers.to_csv(raw / "customers.csv", index=False)


def test_nothing_is_based_on_what_closing_empties(build_world):
    found = build_world(1, closing_empties)
    assert found.days == ("window", 365)
    assert {"age", "tenure_years", "product_count", "city"} <= found.explained_by
    emptied = {"balance", "is_active", "has_known_balance", "has_credit_card", "credit_score_band"}
    assert not found.explained_by & emptied
    assert "no value on the day on which the window opens: active, balance" in found.note
    assert not found.significant_cuts() and not found.intervals
    assert not [code for (code,) in found.segments if any(name in code for name in emptied)]


# --- few churned customers


@pytest.fixture(scope="module")
def small_bank(run_dbt, tmp_path_factory):
    raw = tmp_path_factory.mktemp("few")
    simulate.main(["--customers", "800", "--seed", "11", "--out", str(raw)])
    built = run_dbt("build", raw=raw, select=STUDY, env=MODELS)
    assert built.is_success, built.messages
    return built


def test_with_few_churned_customers_tests_compare_within_windows_and_rates_are_the_latest(
    small_bank,
):
    rows = small_bank.rows(
        "select window_number, gender, count(*), count(*) filter (where is_churned) "
        "from intermediate.int_churn_observations where is_tested and is_churned is not null "
        "group by window_number, gender"
    )
    counts = pd.DataFrame(rows, columns=["window", "gender", "n", "k"])
    n, k = (counts.pivot(index="window", columns="gender", values=v) for v in ("n", "k"))
    assert n.index.tolist() == [1, 2] and k.loc[1].sum() < 200
    assert set(n) == {"female", "male"}
    rates, all_n = k.sum(axis=1) / n.sum(axis=1), n.sum(axis=1)
    excess = (k["female"] - n["female"] * rates).sum()
    variance = (n["female"] * n["male"] / all_n * rates * (1 - rates)).sum()
    p_value = stats.chi2.sf(excess**2 / variance, 1)

    cut = small_bank.values(
        "select cut_name, window_count, customers_count, tested_count, p_value, heterogeneity_p_value "
        "from marts.churn_cut_tests"
    )["gender"]
    assert cut[:3] == (2, all_n[1], all_n.sum())
    assert cut[3] == pytest.approx(p_value, rel=1e-9) and 0 <= cut[4] <= 1
    cells = small_bank.values(
        "select cut_value, customers_count, churned_count, p_value from marts.churn_rates where cut_name = 'gender'"
    )
    (hypothesis,) = small_bank.rows(
        "select p_value, group_a_count, group_b_count from marts.churn_hypothesis_tests "
        "where hypothesis_code = 'churn_by_gender'"
    )
    assert hypothesis == (pytest.approx(p_value, rel=1e-9), n.loc[1, "female"], n.loc[1, "male"])
    for gender in ("female", "male"):
        assert cells[gender][:2] == (n.loc[1, gender], k.loc[1, gender])
        assert cells[gender][2] == pytest.approx(p_value, rel=1e-9)


def test_a_reader_is_told_the_churn_rate_of_each_window(small_bank):
    (note,) = small_bank.row(
        "select note from marts.quality_inputs where entity_name = 'customers'"
    )
    rows = small_bank.rows(
        "select observed_on, avg(is_churned::int) from intermediate.int_churn_observations "
        "where is_tested group by observed_on"
    )
    assert len(rows) == 2
    for observed_on, rate in rows:
        assert f"{100 * rate:.1f}% (95% CI " in note and f"from {observed_on} on" in note
