"""What the simulator planted is found, and where it planted nothing, nothing is found."""

import json
import pathlib

import pytest
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
def planted(truth):
    """(cut_name, cut_value) -> the planted customers, churned and mean probability."""
    return {
        (cut, FLAGS.get(value, value)): planted
        for cut, values in truth["churn_rate_by_cut"].items()
        for value, planted in values.items()
    }


# --- with effects: the demo


def test_every_planted_cell_is_counted_to_the_customer(cells, planted):
    assert len(planted) >= 20
    cuts = {cut for cut, _ in planted}
    found = {key: tuple(counts[:2]) for key, counts in cells.items() if key[0] in cuts}
    assert found == {key: (one["customers"], one["churned"]) for key, one in planted.items()}


def test_wilson_intervals_hold_the_planted_rates(cells, planted):
    held, held_surely = [], []
    for key, one in planted.items():
        customers, churned, lower, upper = cells[key]
        held.append(lower <= one["mean_probability"] <= upper)
        wide = stats.binomtest(churned, customers).proportion_ci(0.999, method="wilson")
        held_surely.append(wide.low <= one["mean_probability"] <= wide.high)
    assert sum(held) >= 0.9 * len(held)
    assert all(held_surely)


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
    assert all(tests[cut][1] < 0.05 for cut in NULL_FEATURES)
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
        self.churned_share = build.row(
            "select sum(churned_count) / sum(customers_count) from marts.churn_rates "
            "where cut_name = 'gender'"
        )[0]

    def significant_families(self):
        return [name for name, q_value in self.families.items() if q_value < 0.05]

    def significant_cuts(self):
        return [name for name, q_value in self.cuts.items() if q_value < 0.05]


def most_by_chance(trials, rate=0.05):
    """So many findings, or fewer, come by chance in 995 of 1,000 series of trials at the nominal rate."""
    return stats.binom.ppf(0.995, trials, rate)


@pytest.fixture(scope="module")
def nothing_planted(run_dbt, tmp_path_factory):
    found, build = [], None
    for seed in NULL_SEEDS:
        raw = tmp_path_factory.mktemp("null")
        arguments = ["--customers", "4000", "--seed", str(seed), "--mean-contacts", "1.0"]
        simulate.main([*arguments, "--null-effects", "--no-dirty-rows", "--out", str(raw)])
        build = run_dbt(
            "build",
            raw=raw,
            into=build,
            select=["+churn_rates", "+churn_cut_tests"],
            env={"DBT_RESOURCE_TYPES": "seed model"},
        )
        assert build.is_success, build.messages
        found.append(Findings(build))
    return found


def test_each_simulation_is_another_one(nothing_planted):
    shares = [found.churned_share for found in nothing_planted]
    assert len(set(shares)) == len(NULL_SEEDS)
    assert all(abs(share - simulate.NULL_CHURN_PROBABILITY) < 0.03 for share in shares)


def test_single_cuts_find_no_more_than_chance(nothing_planted, demo):
    trials = sum(len(found.families) for found in nothing_planted)
    significant = [found.significant_families() for found in nothing_planted]
    assert trials >= 45
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
    assert len(p_values) == len(NULL_SEEDS) * len(Findings(demo).p_values)
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert stats.kstest(list(Findings(demo).p_values.values()), "uniform").pvalue < 0.001
