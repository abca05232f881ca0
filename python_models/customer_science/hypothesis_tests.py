"""Hypothesis tests over tables of statistics: pure functions of pandas frames, with distributions from SciPy."""

import pandas as pd
from scipy import stats


def chi_square_p_values(cuts: pd.DataFrame) -> pd.DataFrame:
    """p-values of chi-square statistics and their Benjamini-Hochberg q-values over all rows.

    `cuts` has one row per test: cut_name (text), chi_square (>= 0, null where the outcome does not vary) and
    degrees_of_freedom (>= 1). Returns cut_name, p_value and q_value (doubles in [0, 1]) in the same order; rows
    without a statistic have neither and are no member of the family.
    Source: Pearson (1900); Benjamini and Hochberg (1995).
    """
    tested = pd.DataFrame({"cut_name": cuts["cut_name"].astype(str)})
    p_values = pd.Series(
        stats.chi2.sf(cuts["chi_square"].astype(float), cuts["degrees_of_freedom"].astype(float)),
        index=cuts.index,
        dtype=float,
    )
    known = p_values.notna()
    tested["p_value"] = p_values
    tested["q_value"] = pd.Series(float("nan"), index=cuts.index)
    if known.any():
        tested.loc[known, "q_value"] = stats.false_discovery_control(p_values[known])
    return tested
