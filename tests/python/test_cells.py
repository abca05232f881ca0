"""Cells of the cube against SciPy, and in worlds where churn has to do with nothing."""

import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science.cells import COMPARED_TYPES, COUNTS, compare_cells
from scipy import stats

NAMES = ["cut_name", "cut_value", "window_number", *COUNTS]


def cells(rows, is_crossed=False):
    return pd.DataFrame(rows, columns=NAMES).assign(is_crossed=is_crossed)


@pytest.mark.parametrize(
    ("is_crossed", "counts"),
    [(False, (60, 20, 400, 90)), (False, (60, 0, 900, 90)), (False, (200, 31, 400, 90)),
     (True, (4000, 1100, 9000, 2100))],
)  # fmt: skip
def test_a_large_cell_is_tested_as_scipy_does(is_crossed, counts):
    n, k, total, churned = counts
    table = [[k, n - k], [churned - k, total - n - churned + k]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    (found,) = compare_cells(cells([("a", "x", 1, *counts)], is_crossed))["p_value"]
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("is_crossed", "counts"),
    [(False, (4, 4, 400, 90)), (False, (24, 9, 400, 80)), (False, (380, 90, 400, 90)), (False, (60, 60, 400, 396)),
     (True, (60, 20, 400, 90)), (True, (1200, 400, 9000, 2100))],
)  # fmt: skip
def test_a_small_expected_count_is_tested_exactly(is_crossed, counts):
    n, k, total, churned = counts
    table = [[k, n - k], [churned - k, total - n - churned + k]]
    (found,) = compare_cells(cells([("a", "x", 1, *counts)], is_crossed))["p_value"]
    assert found == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_windows_are_added_up_within_themselves():
    windows = [(60, 20, 400, 90), (80, 10, 300, 30)]
    rows = [("a", "x", number, *counts) for number, counts in enumerate(windows, start=1)]
    excess = sum(k - n * churned / total for n, k, total, churned in windows)
    variance = sum(
        n * (total - n) / total * churned / total * (1 - churned / total)
        for n, _, total, churned in windows
    )
    (found,) = compare_cells(cells(rows[::-1]))["p_value"]
    assert found == pytest.approx(2 * stats.norm.sf(abs(excess) / variance**0.5), rel=1e-9)


def test_the_strata_of_a_cell_are_added_up():
    whole = compare_cells(cells([("a", "x", 1, 60, 20, 400, 90)]))
    parts = compare_cells(cells([("a", "x", 1, 45, 20, 400, 90), ("a", "x", 1, 15, 0, 400, 90)]))
    pd.testing.assert_frame_equal(parts, whole)


def test_nothing_is_compared_with_nobody():
    (found,) = compare_cells(cells([("d", "everybody", 1, 400, 90, 400, 90)]))["p_value"]
    assert np.isnan(found)
    assert dict(compare_cells(cells([])).dtypes) == {
        name: pd.Series(dtype=kind).dtype for name, kind in COMPARED_TYPES.items()
    }


def null_draws(seed, draws, customers=4000, base=0.2):
    """Counts of crossed cells of five dimensions, some of few customers, where churn has to do with none of them."""
    generator = np.random.default_rng(seed)
    shares = [[0.5, 0.25, 0.25], [0.45, 0.55], [0.08, 0.2, 0.2, 0.22, 0.2, 0.1],
              [0.508, 0.459, 0.027, 0.006], [0.5, 0.5]]  # fmt: skip
    finest = list(itertools.product(*(range(len(one)) for one in shares)))
    weights = np.array(
        [np.prod([one[i] for one, i in zip(shares, cell, strict=True)]) for cell in finest]
    )
    names, holds = [], []
    for dimensions in itertools.chain(
        *(itertools.combinations(range(5), depth) for depth in (2, 3))
    ):
        values = np.array([str([cell[i] for i in dimensions]) for cell in finest])
        for value in np.unique(values):
            names.append((str(dimensions), value))
            holds.append(values == value)
    holds = np.array(holds, float)
    for _ in range(draws):
        n = generator.multinomial(customers, weights)
        k = generator.binomial(n, base)
        rows = pd.DataFrame(names, columns=NAMES[:2]).assign(window_number=1, is_crossed=True)
        rows[COUNTS] = np.column_stack(
            [holds @ n, holds @ k, np.full(len(holds), n.sum()), np.full(len(holds), k.sum())]
        ).astype("int64")
        yield rows[rows["customers_count"] > 0]


def test_crossed_cells_alarm_in_no_more_worlds_without_effect_than_stated():
    draws = 40
    tested = [compare_cells(rows) for rows in null_draws(1, draws)]
    alarms = sum((stats.false_discovery_control(one["p_value"]) < 0.05).any() for one in tested)
    assert alarms <= stats.binom.ppf(0.995, draws, 0.05)
    # corrected within each cut, as the cells were before, most worlds would have one
    by_cut = sum(
        any(
            (stats.false_discovery_control(cut["p_value"]) < 0.05).any()
            for _, cut in one.groupby("cut_name")
        )
        for one in tested
    )
    assert by_cut > stats.binom.ppf(0.995, draws, 0.05)
