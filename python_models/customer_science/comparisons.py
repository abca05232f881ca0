"""Registered comparisons of groups of customers: pure functions of pandas frames, with distributions from SciPy.

Sources: Welch (1947) for the t-test of unequal variances; Mann and Whitney (1947); Cliff (1996) for delta and its
variance; Schuirmann (1987) for the two one-sided tests of equivalence; Cohen (1988) for h; Benjamini and Hochberg
(1995) for q-values.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats


class Settings(NamedTuple):
    """What every comparison shares: the level of intervals, the power of the smallest detectable effect and the level
    of verdicts, all in (0, 1)."""

    confidence_level: float
    power: float
    significance: float

    @property
    def confidence_z(self) -> float:
        """The normal quantile of two-sided intervals."""
        return stats.norm.isf((1 - self.confidence_level) / 2)

    @property
    def detectable_errors(self) -> float:
        """Standard errors that a true difference needs to be found with the stated power."""
        return stats.norm.isf(self.significance / 2) + stats.norm.ppf(self.power)


RESULT_TYPES = {
    **dict.fromkeys(["hypothesis_code", "part", "hypothesis_family", "test_name"], "str"),
    **dict.fromkeys(["group_a_count", "group_b_count"], "int64"),
    **dict.fromkeys(["group_a_value", "group_b_value", "estimate", "estimate_ci_lower"], "float64"),
    **dict.fromkeys(["estimate_ci_upper", "p_value", "q_value"], "float64"),
    "effect_name": "str",
    **dict.fromkeys(
        ["effect_size", "equivalence_p_value", "smallest_detectable_effect"], "float64"
    ),
    "verdict": "str",
}


def compare_groups(
    observe: Callable[[str, str], pd.DataFrame],
    hypotheses: pd.DataFrame,
    settings: Settings,
    small_cell_size: int,
) -> pd.DataFrame:
    """Tests every registered hypothesis and gives each test its verdict.

    `observe` gives what was observed for a hypothesis_code and part, one at a time since money has nearly as many
    values as there are customers: one row per group and value: group_name (`a` or `b`; the group itself where many are
    compared), measured_value (double; null means unknown) and customers_count (who has it). `hypotheses` has one row
    per hypothesis and part: hypothesis_code, part, margin, delta_margin and hypothesis_family. Parts:

    * `level`: values other than zero and unknown, by Welch's t and by Mann-Whitney's U;
    * `value`: all known values, zeros too, by the same two tests;
    * `presence`: share of customers with a known value other than zero, by the two-proportion z-test;
    * `rate`: share of ones among known values, by the two-proportion z-test;
    * `many`: share of ones over several groups, by Pearson's chi-square without continuity correction; the highest and
      the lowest share are those among groups of at least `small_cell_size`, where there are two.

    A margin of equivalence is relative to the mean of group b for means and absolute for shares; delta_margin bounds
    Cliff's delta. Returns one row per hypothesis, part and test with the columns of RESULT_TYPES, the same whatever the
    order of rows. q-values are Benjamini-Hochberg within family. A hypothesis without two groups of at least two
    observations has no row.
    """
    rows = []
    for hypothesis in hypotheses.sort_values(["hypothesis_code", "part"]).itertuples(index=False):
        # sorted, so that sums do not depend on the order in which rows arrived
        observed = observe(hypothesis.hypothesis_code, hypothesis.part)
        observed = observed.sort_values(["measured_value", "group_name"])
        if observed.empty:
            continue
        known = observed.dropna(subset=["measured_value"])
        groups = {
            name: np.repeat(group["measured_value"].to_numpy(float), group["customers_count"])
            for name, group in known.groupby("group_name")
        }
        if hypothesis.part == "many":
            tests = _many_groups(groups, small_cell_size)
        elif hypothesis.part in ("presence", "rate"):
            a, b = groups.get("a", np.array([])), groups.get("b", np.array([]))
            counts = (int((a != 0).sum()), int((b != 0).sum()))
            sizes = (len(a), len(b))
            if hypothesis.part == "presence":
                everybody = observed.groupby("group_name")["customers_count"].sum()
                sizes = (int(everybody.get("a", 0)), int(everybody.get("b", 0)))
            tests = compare_shares(counts, sizes, hypothesis.margin, settings)
        else:
            a, b = groups.get("a", np.array([])), groups.get("b", np.array([]))
            if hypothesis.part == "level":
                a, b = a[a != 0], b[b != 0]
            tests = compare_means(a, b, hypothesis.margin, settings)
            tests += compare_ranks(a, b, hypothesis.delta_margin, settings)
        head = {
            name: getattr(hypothesis, name)
            for name in ("hypothesis_code", "part", "hypothesis_family")
        }
        rows += [head | test for test in tests]
    tested = pd.DataFrame(rows, columns=list(RESULT_TYPES))
    for family in sorted(set(tested["hypothesis_family"])):
        members = (tested["hypothesis_family"] == family) & tested["p_value"].notna()
        tested.loc[members, "q_value"] = stats.false_discovery_control(
            tested.loc[members, "p_value"]
        )
    tested["verdict"] = np.select(
        [
            tested["q_value"] < settings.significance,
            tested["equivalence_p_value"] < settings.significance,
        ],
        ["different", "equivalent"],
        "inconclusive",
    )
    return tested.astype(RESULT_TYPES)


def cliffs_delta(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Cliff's delta of two sorted samples, P(a > b) - P(a < b), and its standard error."""
    rows_a = (np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")) / len(b) - 1
    rows_b = (np.searchsorted(a, b, "left") + np.searchsorted(a, b, "right")) / len(a) - 1
    variance = np.var(rows_a, ddof=1) / len(a) + np.var(rows_b, ddof=1) / len(b)
    return float(rows_a.mean()), float(np.sqrt(variance))


def compare_means(a, b, margin, settings) -> list[dict]:
    """Welch's t-test of two samples; empty where there is nothing to compare. Without a margin (nan) there is no test
    of equivalence."""
    if not _is_comparable(a, b):
        return []
    welch = stats.ttest_ind(a, b, equal_var=False)
    difference = float(a.mean() - b.mean())
    error = float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
    interval = welch.confidence_interval(settings.confidence_level)
    bound = margin * abs(b.mean())
    return [
        {
            "test_name": "welch",
            "group_a_count": len(a),
            "group_b_count": len(b),
            "group_a_value": float(a.mean()),
            "group_b_value": float(b.mean()),
            "estimate": difference,
            "estimate_ci_lower": float(interval.low),
            "estimate_ci_upper": float(interval.high),
            "p_value": float(welch.pvalue),
            "effect_name": "cliffs_delta",
            "effect_size": cliffs_delta(a, b)[0],
            "equivalence_p_value": float(stats.t.sf((bound - abs(difference)) / error, welch.df)),
            "smallest_detectable_effect": settings.detectable_errors * error,
        }
    ]


def compare_ranks(a, b, delta_margin, settings) -> list[dict]:
    """Mann-Whitney's U of two sorted samples, with Cliff's delta; empty where there is nothing to compare. Without a
    margin (nan) there is no test of equivalence."""
    if not _is_comparable(a, b):
        return []
    delta, error = cliffs_delta(a, b)
    half = settings.confidence_z * error
    return [
        {
            "test_name": "mann_whitney",
            "group_a_count": len(a),
            "group_b_count": len(b),
            "group_a_value": float(np.median(a)),
            "group_b_value": float(np.median(b)),
            "estimate": delta,
            "estimate_ci_lower": max(-1.0, delta - half),
            "estimate_ci_upper": min(1.0, delta + half),
            "p_value": float(stats.mannwhitneyu(a, b, method="asymptotic").pvalue),
            "effect_name": "cliffs_delta",
            "effect_size": delta,
            "equivalence_p_value": _one_sided(delta_margin - abs(delta), error),
            "smallest_detectable_effect": settings.detectable_errors * error,
        }
    ]


def _is_comparable(a, b) -> bool:
    return min(len(a), len(b)) > 1 and (np.ptp(a) > 0 or np.ptp(b) > 0)


def compare_shares(counts, sizes, margin, settings) -> list[dict]:
    """The two-proportion z-test, counts[i] of sizes[i]; empty where there is nothing to compare."""
    if min(sizes) < 2 or sum(counts) in (0, sum(sizes)):
        return []
    share_a, share_b = counts[0] / sizes[0], counts[1] / sizes[1]
    pooled = sum(counts) / sum(sizes)
    pooled_error = np.sqrt(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1]))
    error = np.sqrt(share_a * (1 - share_a) / sizes[0] + share_b * (1 - share_b) / sizes[1])
    difference = share_a - share_b
    half = settings.confidence_z * error
    return [
        {
            "test_name": "two_proportion_z",
            "group_a_count": sizes[0],
            "group_b_count": sizes[1],
            "group_a_value": share_a,
            "group_b_value": share_b,
            "estimate": difference,
            "estimate_ci_lower": max(-1.0, difference - half),
            "estimate_ci_upper": min(1.0, difference + half),
            "p_value": float(2 * stats.norm.sf(abs(difference) / pooled_error)),
            "effect_name": "cohens_h",
            "effect_size": float(2 * np.arcsin(np.sqrt(share_a)) - 2 * np.arcsin(np.sqrt(share_b))),
            "equivalence_p_value": _one_sided(margin - abs(difference), error),
            "smallest_detectable_effect": settings.detectable_errors * float(error),
        }
    ]


def _many_groups(groups: dict[str, np.ndarray], small_cell_size: int) -> list[dict]:
    table = np.array(
        [[(values != 0).sum(), (values == 0).sum()] for _, values in sorted(groups.items())]
    )
    if len(table) < 2 or not table.sum(axis=0).all():
        return []
    chi_square = stats.chi2_contingency(table, correction=False)
    # a rate of few is the highest or the lowest by chance
    is_large = table.sum(axis=1) >= small_cell_size
    shown = table[is_large] if is_large.sum() > 1 else table
    rates = shown[:, 0] / shown.sum(axis=1)
    return [
        {
            "test_name": "chi_square",
            # over many groups: the one with the highest rate against the one with the lowest
            "group_a_count": int(shown[rates.argmax()].sum()),
            "group_b_count": int(shown[rates.argmin()].sum()),
            "group_a_value": float(rates.max()),
            "group_b_value": float(rates.min()),
            "estimate": float(chi_square.statistic),
            "p_value": float(chi_square.pvalue),
            "effect_name": "cramers_v",
            "effect_size": float(np.sqrt(chi_square.statistic / table.sum())),
        }
    ]


def _one_sided(distance: float, error: float) -> float:
    """p-value of a distance inside the margin, in standard errors; without any spread it is certain."""
    return float(stats.norm.sf(distance / error)) if error else float(distance <= 0)
