"""Tests of cuts against SciPy's own with one window, and against published and straightforward sums with several."""

import numpy as np
import pandas as pd
import pytest
from customer_science.hypothesis_tests import compare_cuts, stratified_chi_square
from scipy import stats

# (churned, stayed) per value of a cut, from no relation to a strong one.
TABLES = {
    "independent": [[20, 80], [40, 160], [10, 40]],
    "weak": [[30, 70], [45, 155]],
    "strong": [[90, 10], [10, 90], [40, 60], [55, 45]],
    "certain": [[10_000, 0], [0, 10_000]],
}
# Graduate admissions at Berkeley (Bickel, Hammel and O'Connell 1975): applicants and admitted, men and women, in six
# departments. R's mantelhaen.test gives 1.5246 without continuity correction, with n - 1 in place of n.
APPLICANTS = np.array([[825, 108], [560, 25], [325, 593], [417, 375], [191, 393], [373, 341]])
ADMITTED = np.array([[512, 89], [353, 17], [120, 202], [138, 131], [53, 94], [22, 24]])


def frame(tables):
    rows = [
        (cut, f"value {number}", 1, churned + stayed, churned)
        for cut, table in tables.items()
        for number, (churned, stayed) in enumerate(table)
    ]
    columns = ["cut_name", "cut_value", "window_number", "customers_count", "churned_count"]
    return pd.DataFrame(rows, columns=columns)


def stacked(n, k, cut_name="cut"):
    """The counts of a cut with a row per window and a column per value, empty cells left out."""
    windows, values = np.nonzero(n)
    return pd.DataFrame(
        {
            "cut_name": cut_name,
            "cut_value": [f"value {value}" for value in values],
            "window_number": windows + 1,
            "customers_count": n[windows, values],
            "churned_count": k[windows, values],
        }
    )


def by_definition(n, k):
    """The sum of excesses, weighted by the generalised inverse of their covariance."""
    totals, rates = n.sum(axis=1), k.sum(axis=1) / n.sum(axis=1)
    excess = (k - n * rates[:, None]).sum(axis=0)
    covariance = sum(
        rate * (1 - rate) * (np.diag(row) - np.outer(row, row) / total)
        for row, total, rate in zip(n, totals, rates, strict=True)
    )
    statistic = excess @ np.linalg.pinv(covariance) @ excess
    return statistic, np.linalg.matrix_rank(covariance)


# --- one window


def test_with_one_window_the_tests_are_those_of_the_contingency_tables():
    tested = compare_cuts(frame(TABLES)).set_index("cut_name")
    for name, table in TABLES.items():
        expected = stats.chi2_contingency(table, correction=False)
        one = tested.loc[name]
        assert one["chi_square"] == pytest.approx(expected.statistic, rel=1e-12, abs=1e-12), name
        assert one["p_value"] == pytest.approx(expected.pvalue, rel=1e-10), name
        assert one["degrees_of_freedom"] == expected.dof, name
        assert one["cramers_v"] == pytest.approx(
            stats.contingency.association(table, method="cramer"), abs=1e-12
        ), name
        assert one["customers_count"] == one["tested_count"] == np.sum(table), name
    assert (tested["window_count"] == 1).all() and tested["heterogeneity_p_value"].isna().all()


def test_order_of_rows_changes_nothing_and_the_input_is_left_as_it_was():
    counts = pd.concat([frame(TABLES), stacked(APPLICANTS, ADMITTED)], ignore_index=True)
    before = counts.copy(deep=True)
    shuffled = counts.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(compare_cuts(shuffled), compare_cuts(counts))
    pd.testing.assert_frame_equal(counts, before)


@pytest.mark.parametrize("churned", [0, 40])
def test_a_cut_in_which_churn_does_not_vary_has_no_statistic(churned):
    gap = stacked(np.array([[40, 40, 40]]), np.full((1, 3), churned), "gap")
    tested = compare_cuts(pd.concat([gap, frame(TABLES)])).set_index("cut_name")
    columns = ["chi_square", "p_value", "cramers_v"]
    assert tested.loc["gap", columns].isna().all()
    assert tested.loc["gap", "degrees_of_freedom"] == 2
    pd.testing.assert_frame_equal(
        tested.drop("gap").reset_index(), compare_cuts(frame(TABLES)), check_dtype=False
    )


def test_a_cut_with_one_value_is_not_listed_and_no_rows_give_no_rows_of_the_same_types():
    one = stacked(np.array([[40]]), np.array([[10]]))
    tested = compare_cuts(one)
    assert len(tested) == 0
    assert tested.dtypes.equals(compare_cuts(frame(TABLES)).dtypes)
    assert len(compare_cuts(one.iloc[:0])) == 0


@pytest.mark.parametrize(("churned", "is_small"), [(9, True), (10, False)])
def test_a_cell_is_small_where_it_expects_fewer_than_five(churned, is_small):
    counts = stacked(np.array([[50, 50]]), np.array([[churned, 0]]))
    assert list(compare_cuts(counts)["is_small_expected"]) == [is_small]
    # what two windows expect is added up
    halves = stacked(np.array([[25, 25], [25, 25]]), np.array([[churned - 5, 0], [5, 0]]))
    assert list(compare_cuts(halves)["is_small_expected"]) == [is_small]


# --- several windows


def test_two_groups_in_strata_are_the_published_example():
    tested = stratified_chi_square(APPLICANTS, ADMITTED)
    # by hand, with n - 1: (sum of excesses)^2 over the sum of hypergeometric variances
    totals, admitted = APPLICANTS.sum(axis=1), ADMITTED.sum(axis=1)
    variance = (
        APPLICANTS[:, 0] * APPLICANTS[:, 1] * admitted * (totals - admitted)
        / (totals.astype(float) ** 2 * (totals - 1))
    )  # fmt: skip
    excess = ADMITTED[:, 0] - APPLICANTS[:, 0] * admitted / totals
    assert excess.sum() ** 2 / variance.sum() == pytest.approx(1.5246, abs=1e-4)
    cochran = variance * (totals - 1) / totals
    assert tested.chi_square == pytest.approx(excess.sum() ** 2 / cochran.sum(), rel=1e-12)
    assert tested.chi_square == pytest.approx(1.5246, rel=2e-3)
    assert (tested.degrees_of_freedom, tested.heterogeneity_degrees) == (1, 5)
    # one department admitted more women, the others did not differ
    assert stats.chi2.sf(tested.heterogeneity, 5) < 0.01


@pytest.mark.parametrize("seed", range(5))
def test_several_groups_in_strata_are_the_quadratic_form_of_the_definition(seed):
    draw = np.random.default_rng(seed)
    n = draw.integers(0, 150, (3, 7)) * (draw.random((3, 7)) < 0.8)
    n[0] += 5
    k = draw.binomial(n, np.array([[0.05], [0.2], [0.5]]))
    tested = stratified_chi_square(n, k)
    statistic, rank = by_definition(n, k)
    assert tested.chi_square == pytest.approx(statistic, rel=1e-8)
    assert tested.degrees_of_freedom == rank
    own = [stratified_chi_square(n[[w]], k[[w]]).chi_square for w in range(3)]
    assert tested.heterogeneity == pytest.approx(sum(own) - statistic, rel=1e-8)


def test_values_that_no_window_compares_are_compared_within_theirs_only():
    n = np.array([[50, 50, 0, 0], [0, 0, 60, 40]])
    k = np.array([[10, 20, 0, 0], [0, 0, 5, 20]])
    tested = stratified_chi_square(n, k)
    own = [stratified_chi_square(n[[w]], k[[w]]).chi_square for w in (0, 1)]
    assert tested.chi_square == pytest.approx(sum(own))
    assert (tested.degrees_of_freedom, tested.heterogeneity_degrees) == (2, 0)
    assert compare_cuts(stacked(n, k))["heterogeneity_p_value"].isna().all()


def test_a_difference_between_windows_alone_is_no_difference_between_values():
    # the second value is found in the window with the higher rate: within windows all rates are equal
    n, k = np.array([[900, 100], [100, 900]]), np.array([[90, 10], [40, 360]])
    (tested,) = compare_cuts(stacked(n, k)).to_dict("records")
    assert tested["p_value"] == pytest.approx(1) and tested["heterogeneity_p_value"] == 1
    assert tested["customers_count"] == 1_000 and tested["tested_count"] == 2_000
    assert stats.chi2_contingency([k.sum(axis=0), (n - k).sum(axis=0)]).pvalue < 1e-20


def draw_windows(draw, rates, sizes):
    """Counts of customers who are at risk in one window after the other: who churns is not there in the next one."""
    n, k, remaining = [], [], sizes
    for window_rates in rates:
        churned = draw.binomial(remaining, window_rates)
        n.append(remaining)
        k.append(churned)
        # as many join as churn, so that most customers are in all windows
        remaining = remaining - churned + draw.multinomial(churned.sum(), sizes / sizes.sum())
    return np.array(n), np.array(k)


def test_where_nothing_has_an_effect_five_percent_of_cuts_are_significant_although_windows_differ():
    draw = np.random.default_rng(3)
    sizes = np.array([300, 150, 100, 50])
    rates = [[0.04] * 4, [0.1] * 4, [0.15] * 4]
    drawn = [stratified_chi_square(*draw_windows(draw, rates, sizes)) for _ in range(4_000)]
    for statistic, degrees in ((0, 1), (2, 3)):
        found = sum(stats.chi2.sf(one[statistic], one[degrees]) < 0.05 for one in drawn)
        interval = stats.binomtest(found, len(drawn)).proportion_ci(0.99)
        assert interval.low <= 0.05 <= interval.high, (statistic, found)


def test_customers_with_unequal_hazards_who_stay_for_several_windows_are_no_finding():
    draw = np.random.default_rng(6)
    found = 0
    for _ in range(2_000):
        hazard, group = draw.gamma(0.5, 2, 600), draw.integers(0, 3, 600)
        is_there = np.full(600, True)
        n, k = [], []
        for level in (0.05, 0.1, 0.2):
            leaves = is_there & (draw.random(600) < -np.expm1(-level * hazard))
            n.append(np.bincount(group[is_there], minlength=3))
            k.append(np.bincount(group[leaves], minlength=3))
            is_there &= ~leaves
        tested = stratified_chi_square(np.array(n), np.array(k))
        found += stats.chi2.sf(tested.chi_square, tested.degrees_of_freedom) < 0.05
    interval = stats.binomtest(int(found), 2_000).proportion_ci(0.99)
    assert interval.low <= 0.05 <= interval.high, found


def test_an_effect_that_the_latest_window_alone_would_miss_is_found():
    draw = np.random.default_rng(4)
    sizes = np.array([400, 100])
    alone = pooled = 0
    for _ in range(200):
        n, k = draw_windows(draw, [[0.08, 0.14]] * 3, sizes)
        alone += stats.chi2.sf(stratified_chi_square(n[-1:], k[-1:]).chi_square, 1) < 0.05
        pooled += stats.chi2.sf(stratified_chi_square(n, k).chi_square, 1) < 0.05
    assert alone < 120 and pooled > 150, (alone, pooled)


def test_an_effect_that_turns_round_is_heterogeneity():
    n, k = np.full((2, 2), 500), np.array([[50, 100], [100, 50]])
    (tested,) = compare_cuts(stacked(n, k)).to_dict("records")
    assert tested["p_value"] == pytest.approx(1) and tested["heterogeneity_p_value"] < 1e-6
