"""Tests of cuts against an outcome within windows: pure functions of pandas frames, with distributions from SciPy.

Sources: Pearson (1900) for chi-square, Cochran (1952) for the counts that it needs; Cochran (1954) for 2 x 2 tables of
several strata and Birch (1965) for larger ones; Yusuf, Peto, Lewis, Collins and Sleight (1985) for heterogeneity as
what the strata show above their sum; Benjamini and Hochberg (1995) for q-values.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

TESTED_TYPES = {
    "cut_name": "str",
    **dict.fromkeys(["value_count", "customers_count", "window_count", "tested_count"], "int64"),
    "chi_square": "float64",
    "degrees_of_freedom": "int64",
    **dict.fromkeys(["p_value", "cramers_v"], "float64"),
    "is_small_expected": "bool",
    "heterogeneity_p_value": "float64",
}
# churned and retained customers that a group has to expect for the chi-square to hold (Cochran 1952)
SMALLEST_EXPECTED = 5
# a share of a variance below this is rounding of floating-point numbers
ROUNDING = 1e-9


class StratifiedTest(NamedTuple):
    """A chi-square test of association within strata, and of whether the strata differ in it. NaN where the outcome
    does not vary; no heterogeneity where only one stratum has a say."""

    chi_square: float
    degrees_of_freedom: int
    heterogeneity: float
    heterogeneity_degrees: int


def stratified_chi_square(n: np.ndarray, k: np.ndarray) -> StratifiedTest:
    """The association of groups with a yes-or-no outcome within strata, added up over the strata.

    `n` and `k` have a row per stratum and a column per group: members, and those of them with the outcome. Groups that
    differ alike in every stratum are found; a difference between strata alone is not. With one stratum this is
    Pearson's chi-square without continuity correction, with two groups Cochran's test. Mantel and Haenszel (1959)
    divide by the members of a stratum less one where Cochran divides by the members.

    Heterogeneity is the sum of the strata's own chi-squares less the stratified one: large where groups differ, and
    not alike.
    """
    n, k = n.astype(float), k.astype(float)
    totals = n.sum(axis=1)
    rates = k.sum(axis=1) / np.maximum(totals, 1)
    varies = (rates > 0) & (rates < 1)
    if not varies.any():
        return StratifiedTest(np.nan, int((n.sum(axis=0) > 0).sum()) - 1, np.nan, 0)
    n, k, totals, rates = n[varies], k[varies], totals[varies], rates[varies]
    present = n.sum(axis=0) > 0
    n, k = n[:, present], k[:, present]
    excess = k - n * rates[:, None]
    variances = rates * (1 - rates)
    # The covariance of the groups' excesses is diagonal less a vector's square for each stratum. It is solved by
    # Woodbury's identity, which leaves a matrix of strata; singular, because the excesses of a stratum add up to zero.
    diagonal = variances @ n
    vectors = np.sqrt(variances / totals)[:, None] * n
    values, axes = np.linalg.eigh(np.eye(len(n)) - vectors / diagonal @ vectors.T)
    kept = values > ROUNDING
    summed = excess.sum(axis=0)
    along = axes[:, kept].T @ (vectors / diagonal @ summed)
    chi_square = float((summed**2 / diagonal).sum() + (along**2 / values[kept]).sum())
    degrees = n.shape[1] - int((~kept).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.nansum(excess**2 / (n * variances[:, None]), axis=1)
    own_degrees = int((n > 0).sum() - len(n))
    if own_degrees == degrees:
        return StratifiedTest(chi_square, degrees, np.nan, 0)
    heterogeneity = max(0.0, float(own.sum()) - chi_square)
    return StratifiedTest(chi_square, degrees, heterogeneity, own_degrees - degrees)


def compare_cuts(counts: pd.DataFrame) -> pd.DataFrame:
    """Tests each cut of the customers against churn, within windows.

    `counts` has one row per cut, value and window: cut_name and cut_value (text), window_number (1 is the latest),
    customers_count (at risk) and churned_count. Returns TESTED_TYPES, one row per cut with at least two values, sorted
    by name and the same whatever the order of rows:

    * customers_count: customers of the latest window; tested_count: those of all windows added up, a customer once for
      each window;
    * chi_square with degrees_of_freedom and p_value by `stratified_chi_square`, cramers_v the root of chi_square over
      tested_count; null where churn does not vary;
    * is_small_expected: a value expects fewer than five churned or retained customers over all windows;
    * heterogeneity_p_value: whether the cut differs in churn by another pattern in each window; null with one window.
    """
    rows = []
    for cut_name, cut in counts.groupby("cut_name", sort=True):
        n, k = (
            cut.pivot_table(column, "window_number", "cut_value", "sum", fill_value=0).to_numpy()
            for column in ("customers_count", "churned_count")
        )
        if n.shape[1] < 2:
            continue
        tested = stratified_chi_square(n, k)
        rates = k.sum(axis=1) / n.sum(axis=1)
        rows.append(
            {
                "cut_name": cut_name,
                "value_count": n.shape[1],
                "customers_count": n[0].sum(),
                "window_count": len(n),
                "tested_count": n.sum(),
                "chi_square": tested.chi_square,
                "degrees_of_freedom": tested.degrees_of_freedom,
                "p_value": stats.chi2.sf(tested.chi_square, tested.degrees_of_freedom),
                "cramers_v": np.minimum(1.0, np.sqrt(tested.chi_square / n.sum())),
                "is_small_expected": min((rates @ n).min(), ((1 - rates) @ n).min())
                < SMALLEST_EXPECTED,
                "heterogeneity_p_value": stats.chi2.sf(
                    tested.heterogeneity, tested.heterogeneity_degrees
                )
                if tested.heterogeneity_degrees
                else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=list(TESTED_TYPES)).astype(TESTED_TYPES)
