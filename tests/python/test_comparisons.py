"""Comparisons of groups against SciPy, against brute force, and under no effect at all."""

import numpy as np
import pandas as pd
import pytest
from customer_science.comparisons import Settings, cliffs_delta, compare_groups
from scipy import stats

SETTINGS = Settings(confidence_level=0.95, power=0.8, significance=0.05)


def hypothesis(part, code="h", margin=0.05, delta_margin=0.1, family="f"):
    return {
        "hypothesis_code": code,
        "part": part,
        "margin": margin,
        "delta_margin": delta_margin,
        "hypothesis_family": family,
    }


def observations(groups: dict, part, code="h"):
    rows = [
        {
            "hypothesis_code": code,
            "part": part,
            "group_name": name,
            "measured_value": value,
            "customers_count": 1,
        }
        for name, values in groups.items()
        for value in values
    ]
    return pd.DataFrame(rows)


def compare(rows, hypotheses):
    def observe(code, part):
        return rows[(rows["hypothesis_code"] == code) & (rows["part"] == part)]

    return compare_groups(observe, hypotheses, SETTINGS, 30)


def run(groups, part, **changes):
    tested = compare(observations(groups, part), pd.DataFrame([hypothesis(part, **changes)]))
    return tested.set_index("test_name")


@pytest.fixture
def samples():
    generator = np.random.default_rng(7)
    return generator.normal(0, 1, 60).round(1), generator.normal(0.4, 2, 45).round(1)


def test_cliffs_delta_equals_the_count_of_pairs(samples):
    a, b = map(np.sort, samples)
    signs = np.sign(a[:, None] - b[None, :])
    delta, error = cliffs_delta(a, b)
    assert delta == pytest.approx(signs.mean(), abs=1e-14)
    variance = signs.mean(axis=1).var(ddof=1) / len(a) + signs.mean(axis=0).var(ddof=1) / len(b)
    assert error == pytest.approx(np.sqrt(variance), rel=1e-12)


def test_two_samples_agree_with_scipy(samples):
    a, b = samples
    tested = run({"a": a, "b": b}, "value")
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert tested.p_value["welch"] == pytest.approx(welch.pvalue, rel=1e-12)
    assert tested.estimate_ci_lower["welch"] == pytest.approx(
        welch.confidence_interval().low, rel=1e-9
    )
    ranks = stats.mannwhitneyu(a, b, method="asymptotic")
    assert tested.p_value["mann_whitney"] == pytest.approx(ranks.pvalue, rel=1e-12)
    assert tested.estimate["mann_whitney"] == pytest.approx(
        2 * ranks.statistic / len(a) / len(b) - 1
    )


def test_equivalence_is_the_worse_of_two_one_sided_tests(samples):
    a, b = samples[0] + 50, samples[1] + 50
    tested = run({"a": a, "b": b}, "value")
    bound = 0.05 * b.mean()
    below = stats.ttest_ind(a, b - bound, equal_var=False, alternative="greater").pvalue
    above = stats.ttest_ind(a, b + bound, equal_var=False, alternative="less").pvalue
    assert tested.equivalence_p_value["welch"] == pytest.approx(max(below, above), rel=1e-9)
    assert tested.verdict["welch"] == "equivalent"


def test_a_few_noisy_values_are_inconclusive_and_a_large_shift_is_different():
    few = {"a": [1.0, 9.0, 3.0], "b": [2.0, 8.0, 5.0]}
    assert set(run(few, "value").verdict) == {"inconclusive"}
    shifted = {"a": np.arange(50.0), "b": np.arange(50.0) + 40}
    assert set(run(shifted, "value").verdict) == {"different"}


def test_money_is_compared_in_two_parts():
    groups = {"a": [0, None, 10, 12, 14, 16], "b": [0, 0, 0, None, 11, 13]}
    level = run(groups, "level")
    assert level.loc["welch", ["group_a_count", "group_b_count"]].tolist() == [4, 2]
    presence = run(groups, "presence").loc["two_proportion_z"]
    assert (presence.group_a_count, presence.group_b_count) == (6, 6)
    assert (presence.group_a_value, presence.group_b_value) == (4 / 6, 2 / 6)


def test_rates_agree_with_chi_square():
    groups = {"a": [1] * 30 + [0] * 70, "b": [1] * 45 + [0] * 60}
    rate = run(groups, "rate").loc["two_proportion_z"]
    many = run(groups, "many").loc["chi_square"]
    assert rate.p_value == pytest.approx(many.p_value, rel=1e-12)
    assert many.effect_size == pytest.approx(
        stats.contingency.association(np.array([[30, 70], [45, 60]]), method="cramer"), rel=1e-12
    )


def test_a_rate_of_few_is_neither_the_highest_nor_the_lowest():
    groups = {"few": [1] * 3, "some": [1] * 30 + [0] * 70, "more": [1] * 60 + [0] * 60}
    tested = run(groups, "many").loc["chi_square"]
    assert (tested.group_a_value, tested.group_b_value) == (0.5, 0.3)
    assert (tested.group_a_count, tested.group_b_count) == (120, 100)
    # all take part in the test, and speak where there are no others
    assert tested.p_value != run({**groups, "few": [0] * 3}, "many").loc["chi_square"].p_value
    small = run({"few": [1] * 3, "some": [1, 0]}, "many").loc["chi_square"]
    assert (small.group_a_value, small.group_b_value) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("groups", "part"),
    [({"a": [1.0, 2.0]}, "value"), ({"a": [3.0] * 5, "b": [3.0] * 5}, "value"), ({"a": [1], "b": [0]}, "rate"),
     ({"a": [None] * 3, "b": [None] * 3}, "presence"), ({"a": [1] * 3, "b": [1] * 3}, "rate"),
     ({"x": [1, 1], "y": [1, 1]}, "many"), ({"a": [None] * 3, "b": [None] * 3}, "value")],
)  # fmt: skip
def test_what_cannot_be_tested_has_no_row(groups, part):
    assert run(groups, part).empty


def test_rows_may_come_in_any_order_and_counted(samples):
    a, b = samples
    rows = observations({"a": a, "b": b}, "value")
    counted = rows.groupby([*rows.columns[:4]], as_index=False)["customers_count"].sum()
    assert len(counted) < len(rows)
    registered = pd.DataFrame([hypothesis("value")])
    expected = compare(rows, registered)
    shuffled = compare(counted.sample(frac=1, random_state=3), registered)
    pd.testing.assert_frame_equal(shuffled, expected, rtol=0, atol=0)


def test_q_values_are_corrected_within_their_family():
    generator = np.random.default_rng(1)
    codes = [f"h{number}" for number in range(6)]
    rows = pd.concat(
        observations(
            {"a": generator.normal(number / 4, 1, 40), "b": generator.normal(0, 1, 40)},
            "value",
            code,
        )
        for number, code in enumerate(codes)
    )
    registered = pd.DataFrame([hypothesis("value", code, family=code[-1] < "3") for code in codes])
    tested = compare(rows, registered)
    for _, family in tested.groupby("hypothesis_family"):
        assert np.allclose(family.q_value, stats.false_discovery_control(family.p_value))


def test_without_any_effect_few_hypotheses_are_called_different():
    """200 nulls in 40 families of 5: the chance of any false discovery in a family is .05 at the most."""
    generator = np.random.default_rng(11)
    families = 0
    for family in range(40):
        codes = [f"h{family}_{number}" for number in range(5)]
        rows = pd.concat(
            observations(
                {"a": generator.gamma(2, 1, 50), "b": generator.gamma(2, 1, 70)}, "value", code
            )
            for code in codes
        )
        tested = compare(rows, pd.DataFrame([hypothesis("value", code) for code in codes]))
        families += (tested.verdict == "different").any()
    assert families <= stats.binom.ppf(0.995, 40, 0.05)
