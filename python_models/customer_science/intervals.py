"""Intervals of customers' features in which churn differs: pure functions of pandas frames.

Sources: Breiman, Friedman, Olshen and Stone (1984) for the tree that proposes bounds; Kerber (1992), ChiMerge, for
merging neighbours that do not differ; Fisher (1922) for the exact test, Birch (1964) and Gart (1970) for that of
several windows.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import gammaln

from customer_science.hypothesis_tests import SMALLEST_EXPECTED, stratified_chi_square

# a number with more distinct values is a measure: one value of it (aged 41) is no interval
FEW_VALUES = 20
# a text's further values are `other`
LARGEST_TEXTS = 50
# the bands by which a number is tested
BANDS = 5
# probabilities that differ by less are equal but for the rounding of floating-point numbers
EQUAL_PROBABILITIES = 1e-7


class IntervalSettings(NamedTuple):
    """`maximum_count` intervals of a feature, each of at least `minimum_count` customers and `minimum_share` of them;
    neighbours stay apart where a chi-square test tells them apart at `split_level`."""

    maximum_count: int = 8
    minimum_count: int = 20
    minimum_share: float = 0.02
    split_level: float = 0.01


DEFAULTS = IntervalSettings()

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
}

FEATURE_TYPES = {
    "feature_name": "str",
    "p_value": "float64",
}


def find_intervals(
    customers: pd.DataFrame, features: pd.DataFrame, settings: IntervalSettings = DEFAULTS
) -> pd.DataFrame:
    """Parts every feature into intervals that differ in churn, as far as these customers show.

    `customers` has one row per customer and window: `is_churned`, a column per feature, and window_number where there
    are several windows; neighbours are then compared within windows. `features` has one row per feature:
    feature_name and feature_kind (`number`, `flag` or `text`). Returns the columns of FOUND_TYPES, the same whatever
    the order of rows; interval_kind is

    * `missing`: the value is unknown (null, or the text `unknown`);
    * `zero`: exactly 0;
    * `range`: a number within half-open bounds, an empty bound being no bound, zero excepted;
    * `value`: this text, or `yes` and `no` of a flag;
    * `other`: a text that too few customers have to stand alone, or that is rarer than LARGEST_TEXTS others.

    A range of a number with more than FEW_VALUES distinct values holds at least two of them, where there are three
    ranges or more.

    Missing, zero and other are always listed, because customers elsewhere may have such values where these have none.
    A feature of which nothing is known has no interval. No order of churn along a feature is assumed.
    """
    is_churned, window = customers["is_churned"].to_numpy(bool), window_codes(customers)
    smallest = max(settings.minimum_count, math.ceil(settings.minimum_share * len(customers)), 1)
    rows = []
    for feature in features.sort_values("feature_name").itertuples(index=False):
        column = customers[feature.feature_name]
        if feature.feature_kind == "number":
            values = column.to_numpy("float64", na_value=np.nan)
            bins = _number_bins(values, is_churned, window, smallest, settings)
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
    """Tests each interval against all other customers.

    `counts` has one row per feature, interval and window: feature_name, interval_number, window_number where there are
    several (1 is the latest), and confirmation_count and confirmation_churned_count, customers and churned customers
    of the half in which the interval was not found. p_value is Fisher's exact test (two-sided) of the interval
    against the feature's other intervals, within windows. Returns TESTED_TYPES, one row per feature and interval.
    """
    rows = []
    for feature_name, feature in counts.groupby("feature_name", sort=True):
        feature = feature.assign(window=window_codes(feature)).sort_values("interval_number")
        numbers, position = np.unique(feature["interval_number"], return_inverse=True)
        # a row per window, a column per interval
        n, k = np.zeros((2, feature["window"].max() + 1, len(numbers)), "int64")
        n[feature["window"], position] = feature["confirmation_count"]
        k[feature["window"], position] = feature["confirmation_churned_count"]
        totals, all_churned = n.sum(axis=1), k.sum(axis=1)
        rows += [
            (feature_name, number, exact_p(n[:, i], k[:, i], totals, all_churned))
            for i, number in enumerate(numbers)
        ]
    return pd.DataFrame(rows, columns=list(TESTED_TYPES)).astype(TESTED_TYPES)


def compare_features(customers: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Tests whether churn differs along each feature, in bands that are chosen without outcomes.

    `customers` and `features` as for `find_intervals`; since bands do not depend on who churned, but only on how many,
    both halves take part.
    Bands are fifths of a number, fewer where few customers churn; the values of a flag or text, the rarest together;
    and the unknown. Those that expect fewer than SMALLEST_EXPECTED churned or retained customers are put together.
    p_value is that of the chi-square within windows, NaN with fewer than two bands. Returns FEATURE_TYPES, one row per
    feature sorted by name, the same whatever the order of rows.
    """
    is_churned, window = customers["is_churned"].to_numpy(bool), window_codes(customers)
    rows = []
    for feature in features.sort_values("feature_name").itertuples(index=False):
        band = _bands(customers[feature.feature_name], feature.feature_kind, is_churned)
        n, k = np.zeros((2, window.max(initial=0) + 1, band.max(initial=0) + 1), "int64")
        np.add.at(n, (window, band), 1)
        np.add.at(k, (window, band), is_churned)
        n, k = _merged(n, k)
        p_value = np.nan
        if n.shape[1] > 1:
            tested = stratified_chi_square(n, k)
            p_value = stats.chi2.sf(tested.chi_square, tested.degrees_of_freedom)
        rows.append((feature.feature_name, p_value))
    return pd.DataFrame(rows, columns=list(FEATURE_TYPES)).astype(FEATURE_TYPES)


def _bands(column, kind, is_churned) -> np.ndarray:
    """The number of each customer's band: 0 where the value is unknown."""
    if kind == "number":
        values = column.to_numpy("float64", na_value=np.nan)
        known = values[~np.isnan(values)]
        expected = min(is_churned.sum(), (~is_churned).sum()) * len(known) / max(len(values), 1)
        count = int(min(BANDS, max(expected // SMALLEST_EXPECTED, 1)))
        shares = np.arange(1, count) / count
        bounds = np.unique(np.quantile(known, shares)) if len(known) else np.empty(0)
        return np.where(np.isnan(values), 0, np.searchsorted(bounds, values, side="right") + 1)
    known = column.astype("str").where(column.notna() & (column != "unknown"))
    values = known.value_counts().sort_index().sort_values(ascending=False, kind="stable").index
    numbers = dict(zip(values, np.minimum(np.arange(len(values)), LARGEST_TEXTS) + 1, strict=True))
    return known.map(numbers).fillna(0).to_numpy("int64")


def _merged(n, k) -> tuple[np.ndarray, np.ndarray]:
    """Counts by window and band, the two smallest bands put together while one of all expects too few."""
    present = n.any(axis=0)
    n, k = n[:, present], k[:, present]
    rates = k.sum(axis=1) / np.maximum(n.sum(axis=1), 1)
    while n.shape[1] > 1:
        expected = np.minimum(rates @ n, (1 - rates) @ n)
        if expected.min() >= SMALLEST_EXPECTED:
            break
        first, second, *rest = np.argsort(expected, kind="stable")
        n, k = (np.column_stack([x[:, first] + x[:, second], x[:, rest]]) for x in (n, k))
    return n, k


def window_codes(rows: pd.DataFrame) -> np.ndarray:
    """The place of each row's window_number among all, the latest first; all 0 where there is one window."""
    if "window_number" not in rows:
        return np.zeros(len(rows), "int64")
    numbers = rows["window_number"].astype("Float64").to_numpy(float, na_value=1.0)
    return np.unique(numbers, return_inverse=True)[1]


def exact_p(
    n: np.ndarray,
    k: np.ndarray,
    totals: np.ndarray,
    churned: np.ndarray,
    alternative: str = "two-sided",
) -> float:
    """Exact p-value of a group against the rest within windows: k of its n members churned in each window, `churned` of
    `totals` with the rest. The probability, where churn in each window falls on anybody alike, of all sums of k that
    are no likelier than the observed one, or no smaller if `alternative` is `greater`: Fisher's test with one window.
    NaN where no window has both."""
    compared = (n > 0) & (n < totals)
    if not compared.any():
        return np.nan
    distribution, place = np.ones(1), 0
    for a, members, every, all_churned in zip(
        *(x[compared] for x in (k, n, totals, churned)), strict=True
    ):
        least = max(0, members + all_churned - every)
        possible = np.arange(least, min(members, all_churned) + 1)
        chances = _hypergeometric(possible, every, all_churned, members)
        distribution = np.convolve(distribution, chances)
        place += a - least
    if alternative == "greater":
        return min(1.0, float(distribution[place:].sum()))
    as_likely = distribution <= distribution[place] * (1 + EQUAL_PROBABILITIES)
    return min(1.0, float(distribution[as_likely].sum()))


def _hypergeometric(k, total, churned, members) -> np.ndarray:
    """Probability that k of the members are among the churned; SciPy's takes ten times as long for a few values."""
    terms = (churned, total - churned, members, total - members)
    shown = (k, churned - k, members - k, total - churned - members + k)
    logs = sum(gammaln(one + 1.0) for one in terms) - gammaln(total + 1.0)
    return np.exp(logs - sum(gammaln(one + 1.0) for one in shown))


def roundest(above: float, up_to: float) -> float:
    """The number with the fewest digits in (above, up_to]: a bound between two values that people can read."""
    for exponent in range(15, -10, -1):
        step = 10.0**exponent
        candidate = round(math.floor(up_to / step) * step, max(0, -exponent))
        if above < candidate <= up_to:
            return candidate
    return up_to


def _number_bins(values, is_churned, window, smallest, settings) -> list[dict]:
    bins: list[dict] = [{"interval_kind": "missing"}, {"interval_kind": "zero"}]
    ranged = ~np.isnan(values) & (values != 0)
    if ranged.any():
        cuts = _bounds(values[ranged], is_churned[ranged], window[ranged], smallest, settings)
        edges = [np.nan, *cuts, np.nan]
        bins += [
            {"interval_kind": "range", "lower_bound": lower, "upper_bound": upper}
            for lower, upper in zip(edges, edges[1:], strict=False)
        ]
    return bins


def _bounds(values, is_churned, window, smallest, settings) -> list[float]:
    from sklearn.tree import DecisionTreeClassifier

    distinct, ranks = np.unique(values, return_inverse=True)
    if len(distinct) < 2 or len(values) < 2 * smallest:
        return []
    # ranks, because the tree reads single precision, in which close amounts of money fall together
    tree = DecisionTreeClassifier(
        max_leaf_nodes=settings.maximum_count, min_samples_leaf=smallest, random_state=0
    ).fit(ranks[:, None], is_churned)
    cuts = sorted(tree.tree_.threshold[tree.tree_.feature >= 0])
    leaves = np.searchsorted(cuts, ranks)
    # a row per window, a column per leaf
    shape = (window.max() + 1, len(cuts) + 1)
    n, k = np.zeros(shape, "int64"), np.zeros(shape, "int64")
    np.add.at(n, (window, leaves), 1)
    np.add.at(k, (window, leaves), is_churned)
    # two intervals stay, so that a feature without effect is listed as such
    while len(cuts) > 1:
        p_values = np.array(
            [_chi_square_p(n[:, i : i + 2], k[:, i : i + 2]) for i in range(len(cuts))]
        )
        edges = [-1, *(int(cut) for cut in cuts), len(distinct) - 1]
        is_value = (np.diff(edges) == 1) & (len(distinct) > FEW_VALUES)
        around_value = is_value[:-1] | is_value[1:]
        if around_value.any():
            weakest = int(np.argmax(np.where(around_value, p_values, -1.0)))
        else:
            weakest = int(np.argmax(p_values))
            if p_values[weakest] < settings.split_level:
                break
        del cuts[weakest]
        n, k = (
            np.add.reduceat(x, np.delete(np.arange(x.shape[1]), weakest + 1), 1) for x in (n, k)
        )
    positions = [int(cut) for cut in cuts]
    return [roundest(float(distinct[i]), float(distinct[i + 1])) for i in positions]


def _chi_square_p(n, k) -> float:
    chi_square = stratified_chi_square(n, k).chi_square
    return 1.0 if np.isnan(chi_square) else float(stats.chi2.sf(chi_square, 1))


def _text_bins(column: pd.Series, smallest: int) -> list[dict]:
    known = column[column.notna() & (column != "unknown")]
    alone = sorted(most_frequent(known[known.map(known.value_counts()) >= smallest]))
    return [
        {"interval_kind": "missing"},
        *({"interval_kind": "value", "value": value} for value in alone),
        {"interval_kind": "other"},
    ]


def most_frequent(texts: pd.Series) -> list[str]:
    """The LARGEST_TEXTS most frequent values, the first in the alphabet of equally frequent ones."""
    counts = texts.value_counts().sort_index()
    return list(counts.sort_values(ascending=False, kind="stable").index[:LARGEST_TEXTS])
