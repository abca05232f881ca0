"""Registered comparisons of groups of customers: pure functions of pandas frames, with distributions from SciPy.

Sources: Welch (1947) for the t-test of unequal variances; Cochran (1977) for means of skewed values; Mann and Whitney
(1947), van Elteren (1960) within windows; Cliff (1996) for delta and its variance; Hanley and McNeil (1982) and
Newcombe (2006) for its interval; Newcombe (1998) for that of a difference of shares, Zou and Donner (2008) for sums of
such, Donner and Zou (2012) for a ratio; Cochran (1954) for shares within windows and the weights of windows; Schuirmann
(1987) for the two one-sided tests of equivalence; Cohen (1988) for h.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from customer_science.hypothesis_tests import stratified_chi_square
from customer_science.intervals import window_codes


class Settings(NamedTuple):
    """What every comparison shares: the level of intervals, the power of the smallest detectable effect and the level
    of verdicts, all in (0, 1)."""

    confidence_level: float
    significance: float
    power: float = 0.8

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
    **dict.fromkeys(["estimate_ci_upper", "p_value"], "float64"),
    "effect_name": "str",
    **dict.fromkeys(
        ["effect_size", "equivalence_p_value", "smallest_detectable_effect"], "float64"
    ),
    "is_skewed": "bool",
}
# Cochran's rule for intervals of means: more than 25 times the squared skewness of the values as observations, which is
# a skewness of the mean below this
LARGEST_SKEWNESS = 0.2


def compare_groups(
    observe: Callable[[str, str], pd.DataFrame],
    hypotheses: pd.DataFrame,
    settings: Settings,
    small_cell_size: int,
) -> pd.DataFrame:
    """Tests every registered hypothesis.

    `observe` gives what was observed for a hypothesis_code and part, one at a time since money has nearly as many
    values as there are customers: one row per group and value: group_name (`a` or `b`; the group itself where many are
    compared), measured_value (double; null means unknown), customers_count (who has it), and window_number where there
    are several (1 is the latest). Groups are then compared within windows; their counts and values are the latest's.
    `hypotheses` has one row per hypothesis and part: hypothesis_code, part, margin, delta_margin and
    hypothesis_family. Parts:

    * `level`: values other than zero and unknown, by Welch's t and by Mann-Whitney's U;
    * `value`: all known values, zeros too, by the same two tests;
    * `presence`: share of customers with a known value other than zero, by the two-proportion z-test;
    * `rate`: share of ones among known values, by the two-proportion z-test;
    * `many`: share of ones over several groups, by Pearson's chi-square without continuity correction; the highest and
      the lowest share are those among groups of at least `small_cell_size`, where there are two.

    A margin of equivalence is relative to the mean of group b for means and absolute for shares; delta_margin bounds
    Cliff's delta. Returns one row per hypothesis, part and test with the columns of RESULT_TYPES, the same whatever the
    order of rows. A hypothesis without two groups of at least two observations has no row.
    """
    rows = []
    for hypothesis in hypotheses.sort_values(["hypothesis_code", "part"]).itertuples(index=False):
        # sorted, so that sums do not depend on the order in which rows arrived
        observed = observe(hypothesis.hypothesis_code, hypothesis.part)
        observed = observed.sort_values(["measured_value", "group_name"])
        if observed.empty or (observed.get("window_number", pd.Series([1])) != 1).all():
            continue
        windows = [rows for _, rows in observed.groupby(window_codes(observed))]
        groups = [_values_by_group(rows) for rows in windows]
        if hypothesis.part == "many":
            tests = _many_groups(groups, small_cell_size)
        elif hypothesis.part in ("presence", "rate"):
            pairs = [_pair(one) for one in groups]
            counts = [(int((a != 0).sum()), int((b != 0).sum())) for a, b in pairs]
            sizes = [(len(a), len(b)) for a, b in pairs]
            if hypothesis.part == "presence":
                everybody = [
                    rows.groupby("group_name")["customers_count"].sum() for rows in windows
                ]
                sizes = [(int(one.get("a", 0)), int(one.get("b", 0))) for one in everybody]
            earlier = list(zip(counts[1:], sizes[1:], strict=True))
            tests = compare_shares(counts[0], sizes[0], hypothesis.margin, settings, earlier)
        else:
            pairs = [_pair(one) for one in groups]
            if hypothesis.part == "level":
                pairs = [(a[a != 0], b[b != 0]) for a, b in pairs]
            (a, b), *before = pairs
            tests = compare_means(a, b, hypothesis.margin, settings, before)
            tests += compare_ranks(a, b, hypothesis.delta_margin, settings, before)
        head = {
            name: getattr(hypothesis, name)
            for name in ("hypothesis_code", "part", "hypothesis_family")
        }
        rows += [head | test for test in tests]
    return pd.DataFrame(rows, columns=list(RESULT_TYPES)).astype(RESULT_TYPES)


def _values_by_group(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    known = rows.dropna(subset=["measured_value"])
    return {
        name: np.repeat(group["measured_value"].to_numpy(float), group["customers_count"])
        for name, group in known.groupby("group_name")
    }


def _pair(groups: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return groups.get("a", np.array([])), groups.get("b", np.array([]))


def cliffs_delta(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Cliff's delta of two sorted samples, P(a > b) - P(a < b), and its standard error."""
    rows_a = (np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")) / len(b) - 1
    rows_b = (np.searchsorted(a, b, "left") + np.searchsorted(a, b, "right")) / len(a) - 1
    variance = np.var(rows_a, ddof=1) / len(a) + np.var(rows_b, ddof=1) / len(b)
    return float(rows_a.mean()), float(np.sqrt(variance))


def compare_means(a, b, margin, settings, earlier=()) -> list[dict]:
    """Welch's t-test of two samples; empty where there is nothing to compare. Without a margin (nan) there is no test
    of equivalence. is_skewed: few large values make the difference so skewed that its interval is too narrow.

    `earlier` has such pairs of samples of earlier windows: the difference is then the mean of the windows' own, by
    Cochran's weights, with the degrees of freedom of all its variances (Satterthwaite 1946)."""
    if not _is_comparable(a, b):
        return []
    pairs = [(a, b), *(pair for pair in earlier if _is_comparable(*pair))]
    weights = _weights(pairs)
    difference = sum(
        w * float(x.mean() - y.mean()) for w, (x, y) in zip(weights, pairs, strict=True)
    )
    variances, degrees = np.array(
        [
            (w * w * sample.var(ddof=1) / len(sample), len(sample) - 1)
            for w, pair in zip(weights, pairs, strict=True)
            for sample in pair
        ]
    ).T
    error = float(np.sqrt(variances.sum()))
    freedom = float(variances.sum() ** 2 / (variances**2 / degrees).sum())
    half = stats.t.ppf((1 + settings.confidence_level) / 2, freedom) * error
    bound = margin * abs(sum(w * y.mean() for w, (_, y) in zip(weights, pairs, strict=True)))
    return [
        {
            "test_name": "welch",
            "group_a_count": len(a),
            "group_b_count": len(b),
            "group_a_value": float(a.mean()),
            "group_b_value": float(b.mean()),
            "estimate": difference,
            "estimate_ci_lower": difference - half,
            "estimate_ci_upper": difference + half,
            "p_value": float(2 * stats.t.sf(abs(difference) / error, freedom)),
            "effect_name": "cliffs_delta",
            "effect_size": _delta(pairs)[0],
            "equivalence_p_value": float(stats.t.sf((bound - abs(difference)) / error, freedom)),
            "smallest_detectable_effect": settings.detectable_errors * error,
            "is_skewed": _skewness(pairs, weights) / error**3 > LARGEST_SKEWNESS,
        }
    ]


def _skewness(pairs, weights) -> float:
    """Third central moment of the mean difference. All samples have the skewness of the most skewed: of few values one
    shows it less than there is."""
    moments, skewnesses = 0.0, [0.0]
    for weight, pair in zip(weights, pairs, strict=True):
        for sample, sign in zip(pair, (1, -1), strict=True):
            spread = sample.std()
            moments += sign * weight**3 * spread**3 / len(sample) ** 2
            if spread > 0:
                skewnesses.append(abs(((sample - sample.mean()) ** 3).mean()) / spread**3)
    return max(skewnesses) * abs(moments)


def compare_ranks(a, b, delta_margin, settings, earlier=()) -> list[dict]:
    """Mann-Whitney's U of two sorted samples, with Cliff's delta; empty where there is nothing to compare. Without a
    margin (nan) there is no test of equivalence.

    `earlier` as for `compare_means`: U is then added up over windows by van Elteren's weights, 1 / (size + 1)."""
    if not _is_comparable(a, b):
        return []
    pairs = [(a, b), *(pair for pair in earlier if _is_comparable(*pair))]
    delta, error = _delta(pairs)
    lower, upper = delta_interval(delta, error, pairs, settings.confidence_z)
    return [
        {
            "test_name": "mann_whitney",
            "group_a_count": len(a),
            "group_b_count": len(b),
            "group_a_value": float(np.median(a)),
            "group_b_value": float(np.median(b)),
            "estimate": delta,
            "estimate_ci_lower": lower,
            "estimate_ci_upper": upper,
            "p_value": _ranks_p(pairs),
            "effect_name": "cliffs_delta",
            "effect_size": delta,
            "equivalence_p_value": _one_sided(delta_margin - abs(delta), error),
            "smallest_detectable_effect": settings.detectable_errors * error,
            "is_skewed": False,
        }
    ]


def _is_comparable(a, b) -> bool:
    return min(len(a), len(b)) > 1 and (np.ptp(a) > 0 or np.ptp(b) > 0)


def _weights(pairs, extra=0) -> np.ndarray:
    """The weight of each window, summing to 1: the harmonic mean of its samples' sizes."""
    weights = np.array([len(a) * len(b) / (len(a) + len(b) + extra) for a, b in pairs])
    return weights / weights.sum()


def _delta(pairs) -> tuple[float, float]:
    """Cliff's delta within windows, by van Elteren's weights, and its standard error."""
    weights = _weights(pairs, extra=1)
    deltas, errors = np.array([cliffs_delta(*pair) for pair in pairs]).T
    return float(weights @ deltas), float(np.sqrt(weights**2 @ errors**2))


def delta_interval(delta: float, error: float, pairs, z: float) -> tuple[float, float]:
    """Bounds of Cliff's delta: the values that lie z standard errors of their own from it.

    The error of a value t of (delta + 1) / 2 is that of Hanley and McNeil with the mean size of both samples (Newcombe
    2006), so that it neither vanishes nor leaves [-1, 1] near the edge; where the samples show more variance at delta
    itself, it is as many times larger everywhere."""
    weights = _weights(pairs, extra=1)

    def variance(t):
        return sum(
            w * w * t * (1 - t) / (len(a) * len(b))
            * (1 + ((len(a) + len(b)) / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t)))
            for w, (a, b) in zip(weights, pairs, strict=True)
        )  # fmt: skip

    share = (delta + 1) / 2
    edge = 0.5 / sum(len(a) * len(b) for a, b in pairs)
    inside = min(max(share, edge), 1 - edge)
    inflation = max(1.0, (error / 2) ** 2 / variance(inside))

    def bound(end):
        """Where distance and error meet on the way to 0 or 1; the end itself where the error stays larger."""
        start = share + (end - share) * 1e-9
        if start == share:
            return share

        def excess(t):
            return abs(share - t) - z * np.sqrt(inflation * variance(t))

        last = end + (share - end) * 1e-12
        return brentq(excess, start, last) if excess(last) > 0 else end

    return 2 * bound(0.0) - 1, 2 * bound(1.0) - 1


def _ranks_p(pairs) -> float:
    """Two-sided p-value of U by its normal approximation with correction for ties, and for continuity by half the
    smallest step."""
    if len(pairs) == 1:
        return float(stats.mannwhitneyu(*pairs[0], method="asymptotic").pvalue)
    excess = variance = 0.0
    for a, b in pairs:
        size = len(a) + len(b)
        above = (np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")).sum() / 2
        ties = np.unique(np.concatenate([a, b]), return_counts=True)[1].astype(float)
        shrunk = (ties**3 - ties).sum() / (size * (size - 1))
        excess += (above - len(a) * len(b) / 2) / (size + 1)
        variance += len(a) * len(b) / 12 * (size + 1 - shrunk) / (size + 1) ** 2
    step = 0.5 / (max(len(a) + len(b) for a, b in pairs) + 1)
    return min(1.0, float(2 * stats.norm.sf((abs(excess) - step) / np.sqrt(variance))))


def compare_shares(counts, sizes, margin, settings, earlier=()) -> list[dict]:
    """The two-proportion z-test, counts[i] of sizes[i], with Newcombe's hybrid score interval of the difference; empty
    where there is nothing to compare.

    `earlier` has such counts and sizes of earlier windows: the difference is then the mean of the windows' own by
    Cochran's weights, and the test his."""
    windows = [(counts, sizes), *earlier]
    windows = [one for one in windows if min(one[1]) > 1 and 0 < sum(one[0]) < sum(one[1])]
    if windows[:1] != [(counts, sizes)]:
        return []
    k, n = (np.array(one, float) for one in zip(*windows, strict=True))
    weights = n.prod(axis=1) / n.sum(axis=1)
    weights /= weights.sum()
    shares, pooled = k / n, k.sum(axis=1) / n.sum(axis=1)
    pooled_error = np.sqrt(weights**2 @ (pooled * (1 - pooled) * (1 / n).sum(axis=1)))
    error = np.sqrt(weights**2 @ (shares * (1 - shares) / n).sum(axis=1))
    difference = float(weights @ (shares[:, 0] - shares[:, 1]))
    angles = 2 * np.arcsin(np.sqrt(shares))
    lower, upper = wilson(k, n, settings.confidence_z)
    # what each bound of a share adds, squared and summed over shares and windows
    below = np.array([shares[:, 0] - lower[:, 0], upper[:, 1] - shares[:, 1]])
    above = np.array([upper[:, 0] - shares[:, 0], shares[:, 1] - lower[:, 1]])
    return [
        {
            "test_name": "two_proportion_z",
            "group_a_count": sizes[0],
            "group_b_count": sizes[1],
            "group_a_value": shares[0, 0],
            "group_b_value": shares[0, 1],
            "estimate": difference,
            "estimate_ci_lower": difference - float(np.sqrt((weights**2 * below**2).sum())),
            "estimate_ci_upper": difference + float(np.sqrt((weights**2 * above**2).sum())),
            "p_value": float(2 * stats.norm.sf(abs(difference) / pooled_error)),
            "effect_name": "cohens_h",
            "effect_size": float(weights @ (angles[:, 0] - angles[:, 1])),
            "equivalence_p_value": _one_sided(margin - abs(difference), error),
            "smallest_detectable_effect": settings.detectable_errors * float(error),
            "is_skewed": False,
        }
    ]


def wilson(k, n, z) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the shares k / n (Wilson 1927)."""
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return centre - half, centre + half


def ratio_lower(k: int, n: int, other_k: int, other_n: int, z: float) -> float:
    """Lower bound of the share k / n over other_k / other_n from the Wilson bounds of both (Donner and Zou 2012): macro
    risk_ratio_bound. 0 where k is 0 or a group is empty; finite also where other_k is 0."""
    if not k or not other_n:
        return 0.0
    share, other = k / n, other_k / other_n
    lower, upper = wilson(k, n, z)[0], wilson(other_k, other_n, z)[1]
    square = lower * (2 * share - lower)
    spread = square * (upper - other) ** 2 + (other * (share - lower)) ** 2
    return float(square / (share * other + np.sqrt(spread)))


def _many_groups(windows: list[dict[str, np.ndarray]], small_cell_size: int) -> list[dict]:
    names = sorted({name for groups in windows for name in groups})
    # a row per window, a column per group
    n, k = (
        np.array([[count(groups.get(name, np.array([]))) for name in names] for groups in windows])
        for count in (len, np.count_nonzero)
    )
    latest_n, latest_k = n[0][n[0] > 0], k[0][n[0] > 0]
    if len(latest_n) < 2 or latest_k.sum() in (0, latest_n.sum()):
        return []
    tested = stratified_chi_square(n, k)
    # a rate of few is the highest or the lowest by chance
    is_large = latest_n >= small_cell_size
    shown = is_large if is_large.sum() > 1 else np.full(len(latest_n), True)
    sizes, rates = latest_n[shown], latest_k[shown] / latest_n[shown]
    return [
        {
            "test_name": "chi_square",
            # over many groups: the one with the highest rate against the one with the lowest
            "group_a_count": int(sizes[rates.argmax()]),
            "group_b_count": int(sizes[rates.argmin()]),
            "group_a_value": float(rates.max()),
            "group_b_value": float(rates.min()),
            "estimate": tested.chi_square,
            "p_value": float(stats.chi2.sf(tested.chi_square, tested.degrees_of_freedom)),
            "effect_name": "cramers_v",
            "effect_size": float(np.sqrt(tested.chi_square / n.sum())),
            "is_skewed": False,
        }
    ]


def _one_sided(distance: float, error: float) -> float:
    """p-value of a distance inside the margin, in standard errors; without any spread it is certain."""
    return float(stats.norm.sf(distance / error)) if error else float(distance <= 0)
