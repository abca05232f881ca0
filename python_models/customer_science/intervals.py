"""Intervals of customers' features in which churn differs: pure functions of pandas frames.

Sources: Breiman, Friedman, Olshen and Stone (1984) for the tree that proposes bounds; Kerber (1992), ChiMerge, for
merging neighbours that do not differ; Fisher (1922) for the exact test; Benjamini and Hochberg (1995) for q-values.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats


class IntervalSettings(NamedTuple):
    """`maximum_count` intervals of a feature, each of at least `minimum_count` customers and `minimum_share` of them;
    neighbours stay apart where a chi-square test tells them apart at `split_level`."""

    maximum_count: int
    minimum_count: int
    minimum_share: float
    split_level: float


FOUND_TYPES = {
    "feature_name": "str",
    "interval_number": "int64",
    "interval_kind": "str",
    "lower_bound": "float64",
    "upper_bound": "float64",
    "value": "str",
}

TESTED_TYPES = {
    "feature_name": "str",
    "interval_number": "int64",
    "p_value": "float64",
    "q_value": "float64",
    "feature_auc": "float64",
}


def find_intervals(
    customers: pd.DataFrame, features: pd.DataFrame, settings: IntervalSettings
) -> pd.DataFrame:
    """Parts every feature into intervals that differ in churn, as far as these customers show.

    `customers` has one row per customer: `is_churned` and a column per feature. `features` has one row per feature:
    feature_name and feature_kind (`number`, `flag` or `text`). Returns the columns of FOUND_TYPES, the same whatever
    the order of rows; interval_kind is

    * `missing`: the value is unknown (null, or the text `unknown`);
    * `zero`: exactly 0;
    * `range`: a number within half-open bounds, an empty bound being no bound, zero excepted;
    * `value`: this text, or `yes` and `no` of a flag;
    * `other`: a text that too few customers have to stand alone.

    Missing, zero and other are always listed, because customers elsewhere may have such values where these have none.
    A feature of which nothing is known has no interval. No order of churn along a feature is assumed.
    """
    is_churned = customers["is_churned"].to_numpy(bool)
    smallest = max(settings.minimum_count, math.ceil(settings.minimum_share * len(customers)), 1)
    rows = []
    for feature in features.sort_values("feature_name").itertuples(index=False):
        column = customers[feature.feature_name]
        if feature.feature_kind == "number":
            values = column.to_numpy("float64", na_value=np.nan)
            bins = _number_bins(values, is_churned, smallest, settings)
        elif feature.feature_kind == "flag":
            # both values, because customers elsewhere may have the one that nobody has here
            values = ("no", "yes") if column.notna().any() else ()
            bins = [{"interval_kind": "missing"}]
            bins += [{"interval_kind": "value", "value": value} for value in values]
        else:
            bins = _text_bins(column, smallest)
        if any(one["interval_kind"] in ("range", "value") for one in bins):
            rows += [
                {"feature_name": feature.feature_name, "interval_number": number, **one}
                for number, one in enumerate(bins, start=1)
            ]
    return pd.DataFrame(rows, columns=list(FOUND_TYPES)).astype(FOUND_TYPES)


def compare_intervals(counts: pd.DataFrame) -> pd.DataFrame:
    """Tests each interval against all other customers, and each feature alone as a predictor of churn.

    `counts` has one row per feature and interval: feature_name, interval_number, and discovery_count,
    discovery_churned_count, confirmation_count and confirmation_churned_count, customers and leavers of the half in
    which the interval was found and of the other one. On the confirmation half, p_value is Fisher's exact test
    (two-sided) of the interval against the feature's other intervals and q_value its Benjamini-Hochberg value within
    one family of all intervals of all features. On the discovery half, so that choices made by it do not read the
    other one, feature_auc is the area under the ROC curve of customers ordered by the rate of their interval. Returns
    TESTED_TYPES.
    """
    counts = counts.sort_values(["feature_name", "interval_number"]).reset_index(drop=True)
    p_values, aucs = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    for _, feature in counts.groupby("feature_name"):
        n, k = _halves(feature, "confirmation")
        for row, customers, churned in zip(feature.index, n, k, strict=True):
            rest, rest_churned = n.sum() - customers, k.sum() - churned
            if customers and rest:
                table = [[churned, customers - churned], [rest_churned, rest - rest_churned]]
                p_values[row] = min(1.0, stats.fisher_exact(table).pvalue)
        aucs[feature.index] = _grouped_auc(*_halves(feature, "discovery"))
    tested = counts[["feature_name", "interval_number"]].copy()
    tested["p_value"], tested["q_value"], tested["feature_auc"] = p_values, np.nan, aucs
    known = ~np.isnan(p_values)
    if known.any():
        tested.loc[known, "q_value"] = stats.false_discovery_control(p_values[known])
    return tested.astype(TESTED_TYPES)


def roundest(above: float, up_to: float) -> float:
    """The number with the fewest digits in (above, up_to]: a bound between two values that people can read."""
    for exponent in range(15, -10, -1):
        step = 10.0**exponent
        candidate = round(math.floor(up_to / step) * step, max(0, -exponent))
        if above < candidate <= up_to:
            return candidate
    return up_to


def _number_bins(values, is_churned, smallest, settings) -> list[dict]:
    bins = [{"interval_kind": "missing"}, {"interval_kind": "zero"}]
    ranged = ~np.isnan(values) & (values != 0)
    if ranged.any():
        cuts = _bounds(values[ranged], is_churned[ranged], smallest, settings)
        edges = [np.nan, *cuts, np.nan]
        bins += [
            {"interval_kind": "range", "lower_bound": lower, "upper_bound": upper}
            for lower, upper in zip(edges, edges[1:], strict=False)
        ]
    return bins


def _bounds(values, is_churned, smallest, settings) -> list[float]:
    from sklearn.tree import DecisionTreeClassifier

    distinct, ranks = np.unique(values, return_inverse=True)
    if len(distinct) < 2 or len(values) < 2 * smallest:
        return []
    # ranks, because the tree reads single precision, in which close amounts of money fall together
    tree = DecisionTreeClassifier(
        max_leaf_nodes=settings.maximum_count, min_samples_leaf=smallest, random_state=0
    ).fit(ranks[:, None], is_churned)
    cuts = np.sort(tree.tree_.threshold[tree.tree_.feature >= 0])
    leaves = np.searchsorted(cuts, ranks)
    n = np.bincount(leaves, minlength=len(cuts) + 1)
    k = np.bincount(leaves, is_churned, minlength=len(cuts) + 1)
    cuts, n, k = list(cuts), list(n), list(k)
    # two intervals stay, so that a feature without effect is listed as such
    while len(cuts) > 1:
        p_values = [_chi_square_p(n[i], k[i], n[i + 1], k[i + 1]) for i in range(len(cuts))]
        weakest = int(np.argmax(p_values))
        if p_values[weakest] < settings.split_level:
            break
        del cuts[weakest]
        n[weakest : weakest + 2] = [n[weakest] + n[weakest + 1]]
        k[weakest : weakest + 2] = [k[weakest] + k[weakest + 1]]
    positions = [int(cut) for cut in cuts]
    return [roundest(float(distinct[i]), float(distinct[i + 1])) for i in positions]


def _chi_square_p(n1, k1, n2, k2) -> float:
    share = (k1 + k2) / (n1 + n2)
    if share in (0.0, 1.0):
        return 1.0
    z = (k1 / n1 - k2 / n2) / math.sqrt(share * (1 - share) * (1 / n1 + 1 / n2))
    return float(stats.chi2.sf(z * z, 1))


def _text_bins(column: pd.Series, smallest: int) -> list[dict]:
    known = column[column.notna() & (column != "unknown")]
    counts = known.value_counts()
    alone = sorted(counts.index[counts >= smallest])
    return [
        {"interval_kind": "missing"},
        *({"interval_kind": "value", "value": value} for value in alone),
        {"interval_kind": "other"},
    ]


def _halves(counts: pd.DataFrame, half: str) -> tuple[np.ndarray, np.ndarray]:
    return (
        counts[f"{half}_count"].to_numpy("int64"),
        counts[f"{half}_churned_count"].to_numpy("int64"),
    )


def _grouped_auc(n, k) -> float:
    """Area under the ROC curve of customers ordered by the rate k / n of their group; nan with one outcome only."""
    stayed = n - k
    if not k.sum() or not stayed.sum():
        return np.nan
    scores = k / np.maximum(n, 1)
    below = scores[:, None] > scores[None, :]
    equal = scores[:, None] == scores[None, :]
    pairs = k[:, None].astype(float) * stayed[None, :]
    return float((pairs * (below + 0.5 * equal)).sum() / (k.sum() * stayed.sum()))
