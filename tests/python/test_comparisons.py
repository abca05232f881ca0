"""Comparisons of groups against SciPy, against brute force, and under no effect at all."""

import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science.comparisons import (
    Settings,
    cliffs_delta,
    compare_groups,
    compare_means,
    compare_ranks,
    compare_shares,
)
from customer_science.hypothesis_tests import stratified_chi_square
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
    assert tested.equivalence_p_value["welch"] < 0.05


@pytest.mark.parametrize(
    ("sizes", "spread", "expected"),
    [((60, 600), 1.4, True), ((100, 900), 1.4, True), ((3_000, 4_000), 0.6, False), ((60, 600), 0, False)],
)  # fmt: skip
def test_means_of_few_and_skewed_values_are_marked(sizes, spread, expected):
    """Of balances (a log-normal spread of 1.4) 60 and 600 are too few: the interval of 95% holds the difference in less
    than 90% of such samples. A spread of 0 stands for normal values."""
    marked, held = [], []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        a, b = (
            np.exp(spread * generator.normal(size=size)) if spread else generator.normal(size=size)
            for size in sizes
        )
        (tested,) = compare_means(np.sort(a), np.sort(b), np.nan, SETTINGS)
        (ranks,) = compare_ranks(np.sort(a), np.sort(b), np.nan, SETTINGS)
        marked.append(tested["is_skewed"])
        held.append(tested["estimate_ci_lower"] <= 0 <= tested["estimate_ci_upper"])
        assert not ranks["is_skewed"]
    assert np.mean(marked) > 0.85 if expected else np.mean(marked) < 0.05
    assert expected or np.mean(held) > 0.85


def test_a_few_noisy_values_say_nothing_and_a_large_shift_is_a_difference():
    few = run({"a": [1.0, 9.0, 3.0], "b": [2.0, 8.0, 5.0]}, "value")
    assert not (few[["p_value", "equivalence_p_value"]] < 0.05).to_numpy().any()
    shifted = run({"a": np.arange(50.0), "b": np.arange(50.0) + 40}, "value")
    assert (shifted.p_value < 0.05).all()


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


def test_the_interval_of_a_difference_of_shares_is_newcombes():
    # example (a) of Newcombe (1998), method 10
    (row,) = compare_shares((56, 48), (70, 80), np.nan, SETTINGS)
    interval = row["estimate_ci_lower"], row["estimate_ci_upper"]
    assert interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_interval_of_a_difference_of_rare_shares_covers_it():
    """A share of 0.02 in 40 against 400, over all counts that are likely, and in two windows of half the size."""
    n, share = (40, 400), 0.02
    covered = 0.0
    for counts in itertools.product(range(8), range(25)):
        rows = compare_shares(counts, n, np.nan, SETTINGS)
        weight = stats.binom.pmf(counts, n, share).prod()
        covered += weight * (
            not rows or rows[0]["estimate_ci_lower"] <= 0 <= rows[0]["estimate_ci_upper"]
        )
    assert covered >= 0.93
    generator, covered = np.random.default_rng(3), 0
    for _ in range(300):
        first, second = (generator.binomial((20, 200), share) for _ in range(2))
        rows = compare_shares(
            tuple(first), (20, 200), np.nan, SETTINGS, [(tuple(second), (20, 200))]
        )
        covered += not rows or rows[0]["estimate_ci_lower"] <= 0 <= rows[0]["estimate_ci_upper"]
    assert covered >= stats.binom.ppf(0.005, 300, 0.95)


@pytest.mark.parametrize(
    ("shift", "spread"), [(0.0, 1), (2.3, 1), (3.3, 1), (4.1, 1), (5.2, 2), (6.4, 2)]
)
def test_the_interval_of_cliffs_delta_covers_it_up_to_the_edge(shift, spread):
    """Normal samples of 15 and 60, of deltas from 0 to 0.996."""
    truth = 2 * stats.norm.cdf(shift / np.hypot(spread, 1)) - 1
    generator, covered = np.random.default_rng(7), 0
    for _ in range(150):
        a = np.sort(generator.normal(shift, spread, 15))
        b = np.sort(generator.normal(0, 1, 60))
        (row,) = compare_ranks(a, b, np.nan, SETTINGS)
        assert -1 <= row["estimate_ci_lower"] <= row["estimate"] <= row["estimate_ci_upper"] <= 1
        covered += row["estimate_ci_lower"] <= truth <= row["estimate_ci_upper"]
    assert covered >= stats.binom.ppf(0.005, 150, 0.95)


def test_samples_that_do_not_overlap_have_an_interval():
    a, b = np.arange(10.0), np.arange(20.0, 40.0)
    (row,) = compare_ranks(a, b, np.nan, SETTINGS)
    assert row["estimate"] == row["estimate_ci_lower"] == -1
    assert -0.9 < row["estimate_ci_upper"] < -0.5


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
        families += (stats.false_discovery_control(tested.p_value) < 0.05).any()
    assert families <= stats.binom.ppf(0.995, 40, 0.05)


# --- several windows


def stacked(windows, part):
    """What several windows observe of the same groups, the latest first."""
    return pd.concat(
        observations(groups, part).assign(window_number=number)
        for number, groups in enumerate(windows, start=1)
    )


def run_windows(windows, part, **changes):
    tested = compare(stacked(windows, part), pd.DataFrame([hypothesis(part, **changes)]))
    return tested.set_index("test_name")


@pytest.fixture
def levels():
    """Three windows at different levels and sizes, in which `a` is higher by half a deviation."""
    draw = np.random.default_rng(9)
    return [
        {
            "a": draw.normal(level + 0.5, 1 + number, sizes[0]).round(1),
            "b": draw.normal(level, 1, sizes[1]).round(1),
        }
        for number, (level, sizes) in enumerate([(50, (20, 80)), (40, (35, 60)), (60, (15, 90))])
    ]


def test_means_are_compared_within_windows_with_cochrans_weights(levels):
    tested = run_windows(levels, "value").loc["welch"]
    weights = np.array([len(w["a"]) * len(w["b"]) / (len(w["a"]) + len(w["b"])) for w in levels])
    weights /= weights.sum()
    own = [stats.ttest_ind(w["a"], w["b"], equal_var=False) for w in levels]
    differences = np.array([w["a"].mean() - w["b"].mean() for w in levels])
    errors = differences / [one.statistic for one in own]
    difference, error = weights @ differences, np.sqrt(weights**2 @ errors**2)
    assert tested["estimate"] == pytest.approx(difference, rel=1e-12)
    width = tested["estimate_ci_upper"] - tested["estimate_ci_lower"]
    # its degrees of freedom are between the windows' fewest and all of them
    for freedom, sign in ((sum(map(len, (s for w in levels for s in w.values()))), 1), (14, -1)):
        assert sign * (width - 2 * stats.t.ppf(0.975, freedom) * error) > 0
    # counts and values are those of the latest
    latest = run(levels[0], "value").loc["welch"]
    shown = ["group_a_count", "group_b_count", "group_a_value", "group_b_value"]
    assert tested[shown].tolist() == latest[shown].tolist()


def test_ranks_are_compared_within_windows_as_van_elteren_does(levels):
    tested = run_windows(levels, "value").loc["mann_whitney"]
    excess = variance = 0.0
    for window in levels:
        n, m = len(window["a"]), len(window["b"])
        ranks = stats.rankdata(np.concatenate([window["a"], window["b"]]))
        excess += (ranks[:n].sum() - n * (n + m + 1) / 2) / (n + m + 1)
        # the exact variance of a sum of n of the n + m ranks, ties included
        variance += n * m / (n + m) * ranks.var(ddof=1) / (n + m + 1) ** 2
    step = 0.5 / (1 + max(len(w["a"]) + len(w["b"]) for w in levels))
    expected = 2 * stats.norm.sf((abs(excess) - step) / np.sqrt(variance))
    assert tested["p_value"] == pytest.approx(expected, rel=1e-9)
    assert np.sign(tested["estimate"]) == np.sign(excess)


def test_with_one_window_van_elterens_test_is_mann_and_whitneys(levels):
    for window in levels:
        pair = np.sort(window["a"]), np.sort(window["b"])
        ranks = stats.mannwhitneyu(*pair, method="asymptotic").pvalue
        assert run_windows([window], "value").p_value["mann_whitney"] == pytest.approx(ranks)
        twice = run_windows([window, window], "value").loc["mann_whitney"]
        assert twice["estimate"] == pytest.approx(run(window, "value").estimate["mann_whitney"])


def shares(windows):
    """Groups of ones and zeros from (churned, customers) of a and b."""
    return [
        {name: [1.0] * k + [0.0] * (n - k) for name, (k, n) in zip(("a", "b"), pairs, strict=True)}
        for pairs in windows
    ]


def test_shares_are_compared_within_windows_by_cochrans_test():
    windows = [((8, 40), (9, 100)), ((30, 50), (40, 120)), ((2, 30), (6, 90))]
    tested = run_windows(shares(windows), "rate").loc["two_proportion_z"]
    k, n = np.array(windows).transpose(2, 0, 1)
    expected = stratified_chi_square(n, k)
    assert tested["p_value"] == pytest.approx(stats.chi2.sf(expected.chi_square, 1), rel=1e-9)
    assert tested[["group_a_count", "group_b_count"]].tolist() == [40, 100]
    assert tested[["group_a_value", "group_b_value"]].tolist() == [0.2, 0.09]
    assert tested["estimate_ci_lower"] < tested["estimate"] < tested["estimate_ci_upper"]
    # alike in all windows, and so in their mean
    alike = run_windows(shares([((10, 50), (10, 100))] * 3), "rate").loc["two_proportion_z"]
    assert alike["estimate"] == pytest.approx(0.1)
    assert alike["effect_size"] == pytest.approx(2 * (np.arcsin(0.2**0.5) - np.arcsin(0.1**0.5)))


def test_many_groups_are_compared_within_windows():
    windows = [
        {"x": [1.0] * 10 + [0.0] * 90, "y": [1.0] * 30 + [0.0] * 70, "z": [0.0] * 50},
        {"x": [1.0] * 40 + [0.0] * 60, "y": [1.0] * 55 + [0.0] * 45},
    ]
    tested = run_windows(windows, "many").loc["chi_square"]
    n, k = np.array([[100, 100, 50], [100, 100, 0]]), np.array([[10, 30, 0], [40, 55, 0]])
    expected = stratified_chi_square(n, k)
    assert tested["estimate"] == pytest.approx(expected.chi_square)
    assert tested["p_value"] == pytest.approx(stats.chi2.sf(expected.chi_square, 2))
    assert tested[["group_a_value", "group_b_value"]].tolist() == [0.3, 0]


@pytest.mark.parametrize("part", ["value", "rate", "many"])
def test_what_the_latest_window_lacks_is_not_tested(part):
    groups = {"a": [1.0, 0.0, 1.0], "b": [0.0, 0.0, 1.0]}
    nobody = observations(groups, part).assign(window_number=2)
    assert compare(nobody, pd.DataFrame([hypothesis(part)])).empty
    one = observations({"a": [1.0, 0.0]}, part).assign(window_number=1)
    assert compare(pd.concat([one, nobody]), pd.DataFrame([hypothesis(part)])).empty


def test_a_difference_between_windows_alone_is_found_by_no_test():
    draw = np.random.default_rng(5)
    found = np.zeros(2)
    for _ in range(1_000):
        latest, earlier = (
            tuple(np.sort(draw.normal(level, 1, size)) for size in sizes)
            for level, sizes in ((0, (20, 60)), (2, (50, 30)))
        )
        tests = compare_means(*latest, 0.05, SETTINGS, [earlier])
        tests += compare_ranks(*latest, 0.1, SETTINGS, [earlier])
        found += [test["p_value"] < 0.05 for test in tests]
    for count in found:
        interval = stats.binomtest(int(count), 1_000).proportion_ci(0.99)
        assert interval.low <= 0.05 <= interval.high
