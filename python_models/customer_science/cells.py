"""Tests of cells against all other customers within windows: pure functions of pandas frames.

Sources: Cochran (1954) for 2 x 2 tables of several windows; Fisher (1922) for the exact test, where a count is expected
below five.
"""

import numpy as np
import pandas as pd
from scipy import stats

from customer_science.hypothesis_tests import SMALLEST_EXPECTED
from customer_science.intervals import exact_p

COMPARED_TYPES = {
    **dict.fromkeys(["cut_name", "cut_value"], "str"),
    "p_value": "float64",
}
# Hundreds of crossed cells are corrected together, so their p-values have to hold far in the tail, where the normal
# approximation is too small by half even at counts of hundreds.
SMALLEST_EXPECTED_OF_CROSSED = 500
COUNTS = ["customers_count", "churned_count", "portfolio_count", "portfolio_churned_count"]


def compare_cells(strata: pd.DataFrame) -> pd.DataFrame:
    """Tests the churn of each cell against that of everybody else.

    `strata` has rows per cut_name, cut_value and window_number, which are added up: is_crossed (whether the cut has
    several dimensions), customers_count and churned_count of a part of the cell, portfolio_count and
    portfolio_churned_count of the whole cut, the same in each row of a cut and window. p_value is
    Cochran's, two-sided, or exact where the cell or the rest is expected to have fewer than SMALLEST_EXPECTED churned
    or retained customers over all windows, in crossed cells SMALLEST_EXPECTED_OF_CROSSED; null where nothing varies.
    Returns COMPARED_TYPES, one row per cell sorted by name, the same whatever the order of rows.
    """
    keys = ["cut_name", "cut_value", "is_crossed"]
    parts = strata.groupby([*keys, "window_number", *COUNTS[2:]], sort=True)
    counts = parts[COUNTS[:2]].sum().reset_index()
    n, k, total, churned = (counts[name].to_numpy(float) for name in COUNTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(total > 0, churned / total, 0.0)
        variance = np.where(total > 0, n * (total - n) / total * rate * (1 - rate), 0.0)
    measured = counts[keys].assign(
        excess=k - n * rate,
        variance=variance,
        **{"0": n * rate, "1": n * (1 - rate), "2": (total - n) * rate, "3": (total - n) * (1 - rate)},
    )  # fmt: skip
    cells = measured.groupby(keys, sort=True).sum().reset_index()
    with np.errstate(divide="ignore", invalid="ignore"):
        z_scores = cells["excess"] / np.sqrt(cells["variance"])
    cells["p_value"] = np.where(cells["variance"] > 0, 2 * stats.norm.sf(np.abs(z_scores)), np.nan)
    least = np.where(cells["is_crossed"], SMALLEST_EXPECTED_OF_CROSSED, SMALLEST_EXPECTED)
    is_small = (cells["variance"] > 0) & (cells[list("0123")].min(axis=1) < least)
    rows_of = counts.groupby(keys, sort=True).indices
    known: dict = {}  # equal counts, of which small cells have many, are tested once
    tables, p_values = counts[COUNTS].to_numpy("int64"), cells["p_value"].to_numpy(copy=True)
    for i in np.flatnonzero(is_small):
        table = tables[rows_of[tuple(cells.loc[i, keys])]].T
        if table.tobytes() not in known:
            known[table.tobytes()] = exact_p(*table)
        p_values[i] = known[table.tobytes()]
    cells["p_value"] = p_values
    return cells[list(COMPARED_TYPES)].astype(COMPARED_TYPES)
