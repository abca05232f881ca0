"""Subgroups of customers with raised churn, by combinations of signs: pure functions of pandas frames.

Sources: Kloesgen (1996) and Wrobel (1997) for subgroup discovery; Westfall and Young (1993) for the maximum statistic
under permuted labels; Cochran (1954) for the excess within windows; Lavrac, Kavsek, Flach and Todorovski (2004) for
weighted covering, so that equally good overlapping rules do not crowd out distinct ones; Wilson (1927) for the
interval.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from customer_science.intervals import roundest, window_codes


class SubgroupSettings(NamedTuple):
    """What a segment has to be: of at least `minimum_share` of the customers, with a churn rate of `minimum_lift` times
    the base, sharing less than `maximum_overlap` (Jaccard) with a better one and adding `minimum_new_share` of the
    leavers to those already covered. `maximum_depth` signs are combined; `runner_up_count` candidates are listed beside
    each selected one; `significance` in (0, 1) is the level of tests, `confidence_level` that of intervals;
    `permutation_count` permutations of the labels are drawn from `random_seed`."""

    maximum_depth: int
    minimum_share: float
    minimum_lift: float
    maximum_overlap: float
    minimum_new_share: float
    covered_weight: float
    maximum_count: int
    runner_up_count: int
    significance: float
    confidence_level: float
    permutation_count: int
    random_seed: int


CANDIDATE_TYPES = {
    "candidate_number": "int64",
    "sign_number": "int64",
    "column_name": "str",
    "lower_bound": "float64",
    "upper_bound": "float64",
    "value": "str",
    "depth": "int64",
    "sampled_count": "int64",
    "sampled_churned_count": "int64",
    "permutation_q_value": "float64",
    "parent_gain": "float64",
    "parent_p_value": "float64",
    "overlap": "float64",
    "selection_order": "int64",
    "discovery_verdict": "str",
}


class _Sign(NamedTuple):
    column_name: str
    lower_bound: float
    upper_bound: float
    value: str | None


class _Candidates(NamedTuple):
    """Combinations of signs: their signs' positions, customers and leavers, and the customers as packed bits; in
    windows[0] and windows[1] customers and leavers by window (windows x combinations)."""

    signs: list[tuple[int, ...]]
    n: np.ndarray
    k: np.ndarray
    bits: np.ndarray
    windows: tuple[np.ndarray, np.ndarray]


def find_subgroups(
    customers: pd.DataFrame, intervals: pd.DataFrame, settings: SubgroupSettings
) -> pd.DataFrame:
    """Searches all combinations of signs for subgroups that leave more, and selects a small distinct set.

    `customers` has one row per customer of the discovery half and window: customer_id, is_churned, a column per
    feature, and window_number where there are several windows; comparisons and permutations are then within windows,
    and the base is what the subgroup's customers would leave at the rates of their windows. `intervals` has the
    features' intervals (columns of `intervals.FOUND_TYPES`). A sign is a text value, or a range between two bounds
    that the intervals found, and every customer whom it fits has a known value. Each candidate that is large and
    raised enough gets

    * permutation_q_value: probability that the best of all combinations reaches its z-score when labels are permuted;
    * parent_gain and parent_p_value: its rate over that of its best parent (one sign less), and a one-sided z-test
      against the parent's customers whom it leaves out;
    * overlap: largest Jaccard index with a candidate selected before it;
    * discovery_verdict: `selected`, `not significant`, `adds nothing to a simpler one`, `overlaps with a better one` or
      `adds too few leavers`; of the others the most raised are listed, as `not raised enough`.

    Returns one row per listed candidate and sign with CANDIDATE_TYPES, the same whatever the order of rows.
    """
    customers = customers.assign(window=window_codes(customers))
    customers = customers.sort_values(["customer_id", "window"])
    is_churned, window = customers["is_churned"].to_numpy(bool), customers["window"].to_numpy()
    is_in_window = window == np.arange(window.max(initial=0) + 1)[:, None]
    total, leavers = len(customers), int(is_churned.sum())
    empty = pd.DataFrame(columns=list(CANDIDATE_TYPES)).astype(CANDIDATE_TYPES)
    if not 0 < leavers < total:
        return empty
    minimum_size = max(2, math.ceil(settings.minimum_share * total))
    signs, masks = _signs(customers, intervals, minimum_size)
    if not signs:
        return empty
    found = _combine(signs, masks, is_churned, is_in_window, minimum_size, settings.maximum_depth)
    totals, churned = is_in_window.sum(axis=1), (is_in_window & is_churned).sum(axis=1)
    mean, deviation = _expectation(found.windows[0], totals[:, None], churned[:, None])
    base = mean / found.n
    # a base so high that no rate can be that many times it: half-way to certainty
    target = np.minimum(settings.minimum_lift * base, (1 + base) / 2)
    z_scores = (found.k - mean) / deviation
    passing = np.flatnonzero(_wilson_lower(found.k, found.n, settings.confidence_level) >= target)
    best = _best_under_permutation(found.bits, mean, deviation, is_churned, is_in_window, settings)
    # the observed labels count as one of the permutations
    reached = len(best) - np.searchsorted(np.sort(best), z_scores - 1e-12)
    q_values = (1 + reached) / (1 + len(best))
    gains, gain_p_values = _parent_gains(found, passing)
    is_member = np.unpackbits(found.bits.view(np.uint8), axis=1, bitorder="little")[:, :total]
    eligible = [
        i for i in passing
        if q_values[i] < settings.significance and gain_p_values[i] < settings.significance
    ]  # fmt: skip
    base_of_row = (churned / totals)[window]
    order, overlaps, closest = _cover(
        eligible, is_member, is_churned, base_of_row, z_scores, settings
    )
    verdicts = {}
    for i in passing:
        if i in order:
            verdicts[i] = "selected"
        elif q_values[i] >= settings.significance:
            verdicts[i] = "not significant"
        elif gain_p_values[i] >= settings.significance:
            verdicts[i] = "adds nothing to a simpler one"
        elif overlaps[i] >= settings.maximum_overlap:
            verdicts[i] = "overlaps with a better one"
        else:
            verdicts[i] = "adds too few leavers"
    # the best of the rest, so that a search without a finding shows how far it came
    rest = [i for i in np.lexsort((np.arange(len(z_scores)), -z_scores)) if i not in verdicts]
    verdicts |= {i: "not raised enough" for i in rest[: settings.runner_up_count]}
    listed = _listed(order, verdicts, closest, z_scores, settings.runner_up_count)
    rows = []
    for number, i in enumerate(listed, start=1):
        candidate = {
            "candidate_number": number,
            "depth": len(found.signs[i]),
            "sampled_count": found.n[i],
            "sampled_churned_count": found.k[i],
            "permutation_q_value": q_values[i],
            "parent_gain": gains.get(i, np.nan),
            "parent_p_value": gain_p_values.get(i, np.nan),
            "overlap": overlaps.get(i, np.nan),
            "selection_order": order.index(i) + 1 if i in order else 0,
            "discovery_verdict": verdicts[i],
        }
        rows += [
            candidate | signs[sign]._asdict() | {"sign_number": position}
            for position, sign in enumerate(found.signs[i], start=1)
        ]
    return pd.DataFrame(rows, columns=list(CANDIDATE_TYPES)).astype(CANDIDATE_TYPES)


def _signs(customers, intervals, minimum_size) -> tuple[list[_Sign], np.ndarray]:
    """Every sign that enough but not all customers show, and who shows it (signs x customers)."""
    signs, masks = [], []
    for name, found in intervals.sort_values("interval_number").groupby("feature_name", sort=True):
        column = customers[name]
        numbers = found[found["interval_kind"] == "range"]
        if len(numbers):
            values = column.to_numpy("float64", na_value=np.nan)
            cuts = sorted(numbers["lower_bound"].dropna())
            if (values == 0).any() and np.nanmin(values) == 0 and np.nanmax(values) > 0:
                cuts = sorted({roundest(0.0, float(values[values > 0].min())), *cuts})
            edges = [-np.inf, *cuts, np.inf]
            for low in range(len(edges) - 1):
                for high in range(low + 1, len(edges)):
                    if (low, high) == (0, len(edges) - 1):
                        continue
                    lower, upper = edges[low], edges[high]
                    signs.append(_Sign(name, _bound(lower), _bound(upper), None))
                    masks.append((values >= lower) & (values < upper))
        for value in found.loc[found["interval_kind"] == "value", "value"]:
            shown = column.map({True: "yes", False: "no"}) if value in ("yes", "no") else column
            signs.append(_Sign(name, np.nan, np.nan, value))
            masks.append((shown == value).fillna(False).to_numpy(bool))
    keep = [i for i, mask in enumerate(masks) if minimum_size <= mask.sum() < len(customers)]
    return [signs[i] for i in keep], np.array([masks[i] for i in keep])


def _bound(edge: float) -> float:
    return edge if np.isfinite(edge) else np.nan


def _packed(masks: np.ndarray) -> np.ndarray:
    """Rows of booleans as rows of 64-bit words, filled up with zeros."""
    width = -masks.shape[-1] % 64
    padded = np.pad(masks, [(0, 0)] * (masks.ndim - 1) + [(0, width)])
    return np.packbits(padded, axis=-1, bitorder="little").view(np.uint64)


def _counts(bits: np.ndarray) -> np.ndarray:
    return np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)


def _combine(signs, masks, is_churned, is_in_window, minimum_size, maximum_depth) -> _Candidates:
    """Every combination of up to maximum_depth signs of different columns that enough customers show."""
    packed = _packed(masks)
    columns = np.array([sign.column_name for sign in signs])
    level = [((i,), packed[i]) for i in range(len(signs))]
    combinations, bits = [(i,) for i in range(len(signs))], [packed]
    for _ in range(maximum_depth - 1):
        longer = []
        for combination, shown in level:
            others = np.arange(combination[-1] + 1, len(signs))
            others = others[~np.isin(columns[others], columns[list(combination)])]
            both = packed[others] & shown
            large = _counts(both) >= minimum_size
            longer += [
                ((*combination, int(other)), one)
                for other, one in zip(others[large], both[large], strict=True)
            ]
        if not longer:
            break
        level = longer
        combinations += [combination for combination, _ in level]
        bits.append(np.array([one for _, one in level]))
    bits = np.concatenate(bits)
    n, k = (
        np.array([_counts(bits & one) for one in _packed(rows)])
        for rows in (is_in_window, is_in_window & is_churned)
    )
    return _Candidates(combinations, n.sum(axis=0), k.sum(axis=0), bits, (n, k))


def _expectation(n, total, leavers) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the leavers among n customers drawn without replacement in each window."""
    base = leavers / total
    variance = (n * base * (1 - base) * (total - n) / np.maximum(total - 1, 1)).sum(axis=0)
    return (n * base).sum(axis=0), np.sqrt(np.where(variance > 0, variance, np.inf))


def _wilson_lower(k, n, level) -> np.ndarray:
    z = stats.norm.isf((1 - level) / 2)
    share = k / n
    centre = share + z * z / (2 * n)
    return (centre - z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)) / (1 + z * z / n)


def _best_under_permutation(
    bits, mean, deviation, is_churned, is_in_window, settings
) -> np.ndarray:
    """The largest z-score of all combinations in each permutation of the labels within windows."""
    if not settings.permutation_count:
        return np.empty(0)
    random = np.random.default_rng(settings.random_seed)
    permuted = np.zeros((settings.permutation_count, len(is_churned)), bool)
    for row in permuted:
        for rows in is_in_window:
            row[rows] = random.permutation(is_churned[rows])
    labels = _packed(permuted)
    best = np.full(len(labels), -np.inf)
    block = 128  # combinations at a time, so that they stay in the processor's cache
    for start in range(0, len(bits), block):
        part = slice(start, start + block)
        k = np.array([_counts(bits[part] & label) for label in labels])
        best = np.maximum(best, ((k - mean[part]) / deviation[part]).max(axis=1))
    return best


def _parent_gains(found, passing) -> tuple[dict, dict]:
    """Rate over the best parent's and one-sided p-value against the parent's other customers, by candidate."""
    position = {combination: i for i, combination in enumerate(found.signs)}
    gains, p_values = {}, {}
    for i in passing:
        combination = found.signs[i]
        if len(combination) == 1:
            gains[i], p_values[i] = np.nan, 0.0
            continue
        parents = [
            position[combination[:drop] + combination[drop + 1 :]]
            for drop in range(len(combination))
        ]
        parent = max(parents, key=lambda one: (found.k[one] / found.n[one], -one))
        gains[i] = found.k[i] / found.n[i] - found.k[parent] / found.n[parent]
        n, k, n_parent, k_parent = (x[:, one] for one in (i, parent) for x in found.windows)
        share = k_parent / np.maximum(n_parent, 1)
        excess = (k - n * share).sum()
        spread = (n * (n_parent - n) / np.maximum(n_parent, 1) * share * (1 - share)).sum()
        p_values[i] = float(stats.norm.sf(excess / math.sqrt(spread))) if spread > 0 else 1.0
    return gains, p_values


def _cover(eligible, is_member, is_churned, base, z_scores, settings) -> tuple[list, dict, dict]:
    """Selects one after the other what adds most leavers, above each row's base, to those already covered; the
    selected, and for each eligible candidate its largest overlap with one of them and which that is."""
    least = settings.minimum_new_share * is_churned.sum()
    members = is_member[eligible].astype(bool)
    weights = np.ones(len(is_churned))
    overlap, closest = np.zeros(len(eligible)), np.full(len(eligible), -1)
    selected = []
    while len(eligible) and len(selected) < settings.maximum_count:
        excess = members @ (weights * (is_churned - base))
        excess[overlap >= settings.maximum_overlap] = -np.inf
        excess[selected] = -np.inf
        # equal gains: the clearer one, then the one with fewer and earlier signs
        best = max(range(len(eligible)), key=lambda i: (excess[i], z_scores[eligible[i]], -i))
        if excess[best] < least:
            break
        shared = (members & members[best]).sum(axis=1)
        jaccard = shared / (members | members[best]).sum(axis=1)
        closer = jaccard > overlap
        others = np.ones(len(eligible), bool)
        others[[*selected, best]] = False
        overlap = np.where(closer & others, jaccard, overlap)
        closest = np.where(closer & others, eligible[best], closest)
        weights[members[best]] *= settings.covered_weight
        selected.append(best)
    return (
        [eligible[i] for i in selected],
        dict(zip(eligible, overlap.tolist(), strict=True)),
        dict(zip(eligible, closest.tolist(), strict=True)),
    )


def _listed(order, verdicts, closest, z_scores, runner_up_count) -> list[int]:
    """The selected, and the best of each kind of rejection around each selected one."""
    ranked = sorted(verdicts, key=lambda i: (-z_scores[i], i))
    groups: dict = {}
    for i in ranked:
        if i not in order:
            groups.setdefault((verdicts[i], closest.get(i)), []).append(i)
    runners_up = {i for members in groups.values() for i in members[:runner_up_count]}
    return order + [i for i in ranked if i in runners_up]
