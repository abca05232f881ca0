"""Segments of customers with raised churn, by combinations of conditions: pure functions of pandas frames.

Sources: Kloesgen (1996) and Wrobel (1997) for subgroup discovery; Cochran (1954) for the excess within windows; Lavrac,
Kavsek, Flach and Todorovski (2004) for weighted covering, so that equally good overlapping rules do not crowd out
distinct ones; Katz et al. (1978) for the bound of a lift in the search; Fisher (1922) for the exact test; Benjamini and
Hochberg (1995) for q-values.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from customer_science.batches import empty_frame
from customer_science.comparisons import ratio_lower
from customer_science.intervals import exact_p, find_intervals, roundest, window_codes


class SubgroupSettings(NamedTuple):
    """What a segment has to be: of at least `minimum_share` of the customers, with a lift against the rest whose lower
    bound at `confidence_level` is above `minimum_lift`, sharing less than `maximum_overlap` (Jaccard) with a better one
    and adding `minimum_new_share` of the churned customers to those already covered. `maximum_depth` conditions are
    combined; `runner_up_count` candidates are listed beside each selected one; `significance` in (0, 1) is the level of
    tests."""

    minimum_share: float
    minimum_lift: float
    significance: float
    confidence_level: float
    maximum_depth: int = 3
    maximum_overlap: float = 0.4
    minimum_new_share: float = 0.02
    covered_weight: float = (
        0.5  # of a churned customer for the next segment, once for each that covers the customer
    )
    maximum_count: int = 10
    runner_up_count: int = 5


CANDIDATE_TYPES = {
    "proposing_half": "str",
    "candidate_number": "int64",
    "sign_number": "int64",
    "column_name": "str",
    "lower_bound": "float64",
    "upper_bound": "float64",
    "value": "str",
    "depth": "int64",
    "sampled_count": "int64",
    "sampled_churned_count": "int64",
    "parent_gain": "float64",
    "overlap": "float64",
    "selection_order": "int64",
    "discovery_verdict": "str",
}
CONFIRMED_TYPES = {
    "candidate_number": "int64",
    "proposing_half": "str",
    "condition_q_value": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "verdict": "str",
}

# Pairs of conditions from which combinations of three are built, of all and of each pair of columns: a beam, so that
# time and memory do not grow with the third power of the conditions.
BEAM_COUNT = 400
BEAM_COUNT_OF_COLUMNS = 5
# Candidates that selection looks at, of all and of each set of columns.
POOL_COUNT = 3000
POOL_COUNT_OF_COLUMNS = 12
# z-score by which a segment has to be raised also among customers whom no segment selected before it covers
NEW_Z_SCORE = 3.0
# counts of a candidate in a half, and of that half
COUNTED = ["count", "churned_count", "half_count", "half_churned_count"]
# which half's outcomes judge what a half proposed: the first is the discovery half of intervals
DECIDES = {"first": "confirmation", "second": "discovery"}


class Condition(NamedTuple):
    """A value, or a range from `lower` to below `upper`; None is no bound."""

    column_name: str
    lower: float | None
    upper: float | None
    value: str | None


Rule = tuple[Condition, ...]


class _Pool(NamedTuple):
    """Candidates, the most raised first, with how many of their depth would be as much raised by chance."""

    rules: list[Rule]
    z_scores: np.ndarray
    by_chance: np.ndarray


class _Sample(NamedTuple):
    """Churn of the sampled customers, sorted by window: the rows of each window, its rate, and that rate by row."""

    is_churned: np.ndarray
    windows: list[slice]
    rates: np.ndarray
    base: np.ndarray


def find_in_both_halves(
    customers: pd.DataFrame, features: pd.DataFrame, settings: SubgroupSettings
) -> pd.DataFrame:
    """What each half of the customers proposes, for the other to judge (`confirm_subgroups`).

    `customers` are as for `find_subgroups`, with is_discovery: the first half are those where it is true; `features`
    has feature_name and feature_kind. Equal rules of both halves have the same candidate_number. Returns
    CANDIDATE_TYPES.
    """
    found = []
    for half in DECIDES:
        members = customers[customers["is_discovery"] == (half == "first")]
        intervals = find_intervals(members, features)
        found.append(find_subgroups(members, intervals, settings).assign(proposing_half=half))
    both = pd.concat(found, ignore_index=True)
    numbers: dict[Rule, int] = {}
    for _, rows in both.groupby(["proposing_half", "candidate_number"]):
        both.loc[rows.index, "candidate_number"] = numbers.setdefault(_rule(rows), len(numbers) + 1)
    return both.astype(CANDIDATE_TYPES)


def find_subgroups(
    customers: pd.DataFrame, intervals: pd.DataFrame, settings: SubgroupSettings
) -> pd.DataFrame:
    """Searches combinations of conditions for segments that churn more, and selects a small distinct set.

    `customers` has one row per customer of the discovery half and window: customer_id, is_churned, a column per
    feature, and window_number where there are several windows; comparisons are then within windows, and the base is
    the churn that the segment's customers would have at the rates of their windows. `intervals` has the features'
    intervals (columns of `intervals.FOUND_TYPES`), each once or once a window. A condition is a text value, or a range
    between two bounds that the intervals found, and every customer whom it fits has a known value. All single
    conditions and pairs are looked at; larger combinations grow from the best pairs. Each candidate that is large and
    raised enough gets

    * parent_gain: its rate over that of its best simpler rule, one condition or one bound of a range less;
    * overlap: largest Jaccard index with a candidate selected before it;
    * discovery_verdict: `selected`, `adds nothing to a simpler one`, `overlaps with a better one` or
      `adds too few churned customers`; of the others the most raised are listed, as `not raised enough`. The simpler
      rules of selected ones are listed as `simpler`, because confirmation may prefer them.

    None of these is a p-value: the search has seen the outcomes, and `confirm_subgroups` judges by others'. Returns one
    row per listed candidate and condition with CANDIDATE_TYPES, the same whatever the order of rows.
    """
    customers = customers.assign(window=window_codes(customers))
    customers = customers.sort_values(["window", "customer_id"], ignore_index=True)
    empty = pd.DataFrame(columns=list(CANDIDATE_TYPES)).astype(CANDIDATE_TYPES)
    if not customers["is_churned"].any() or customers["is_churned"].all():
        return empty
    sample = _sample(customers)
    minimum_size = max(2, math.ceil(settings.minimum_share * len(customers)))
    intervals = intervals.drop_duplicates(["feature_name", "interval_number"])
    masks = _conditions(customers, intervals, minimum_size)
    if not masks:
        return empty
    pool = _combine(masks, sample, minimum_size, settings.maximum_depth)
    members = np.array([_members(rule, masks) for rule in pool.rules])
    expected = members @ sample.base
    n, k = members.sum(axis=1), members[:, sample.is_churned].sum(axis=1)
    lower = _lift_lower(n, k, expected, sample, settings.confidence_level)
    passing = np.flatnonzero((pool.by_chance < 1) & (lower > settings.minimum_lift)).tolist()
    gains = {}
    for i in passing:
        parents = {rule: _members(rule, masks, customers) for rule in simpler(pool.rules[i])}
        gains[i] = _gain(members[i], parents, sample)
    eligible = [i for i in passing if gains[i][1] < settings.significance]
    order, overlaps, closest = _cover(eligible, members, n, sample, settings)
    verdicts = {}
    for i in passing:
        if i in order:
            verdicts[i] = "selected"
        elif i not in overlaps:
            verdicts[i] = "adds nothing to a simpler one"
        elif overlaps[i] >= settings.maximum_overlap:
            verdicts[i] = "overlaps with a better one"
        else:
            verdicts[i] = "adds too few churned customers"
    # the best of the rest, so that a search without a finding shows how far it came
    rest = [i for i in range(len(pool.rules)) if i not in verdicts]
    verdicts |= {i: "not raised enough" for i in rest[: settings.runner_up_count]}
    listed = _listed(order, verdicts, closest, settings.runner_up_count)
    candidates = [
        (pool.rules[i], members[i], verdicts[i], gains.get(i, (np.nan,))[0], overlaps.get(i), i)
        for i in listed
    ]
    named = {rule for rule, *_ in candidates}
    for i in order:
        for rule in sorted(_all_simpler(pool.rules[i]) - named, key=str):
            named.add(rule)
            shown = _members(rule, masks, customers)
            candidates.append((rule, shown, "simpler", np.nan, np.nan, -1))
    rows = []
    for number, (rule, shown, verdict, gain, overlap, i) in enumerate(candidates, start=1):
        candidate = {
            "proposing_half": "first",
            "candidate_number": number,
            "depth": len(rule),
            "sampled_count": shown.sum(),
            "sampled_churned_count": (shown & sample.is_churned).sum(),
            "parent_gain": gain,
            "overlap": overlap,
            "selection_order": order.index(i) + 1 if i in order else 0,
            "discovery_verdict": verdict,
        }
        rows += [
            candidate
            | {"sign_number": position, "column_name": one.column_name, "value": one.value}
            | {"lower_bound": _or_nan(one.lower), "upper_bound": _or_nan(one.upper)}
            for position, one in enumerate(rule, start=1)
        ]
    return pd.DataFrame(rows, columns=list(CANDIDATE_TYPES)).astype(CANDIDATE_TYPES)


def simpler(rule: Rule) -> list[Rule]:
    """The rules with one condition, or one bound of a range with two, less; none of a single bound or value."""
    found = []
    for position, one in enumerate(rule):
        before, after = rule[:position], rule[position + 1 :]
        if one.lower is not None and one.upper is not None:
            found.append((*before, one._replace(lower=None), *after))
            found.append((*before, one._replace(upper=None), *after))
        elif len(rule) > 1:
            found.append((*before, *after))
    return found


def _all_simpler(rule: Rule) -> set[Rule]:
    found: set[Rule] = set()
    level = {rule}
    while level:
        level = {one for longer in level for one in simpler(longer)} - found
        found |= level
    return found


def _or_nan(bound: float | None) -> float:
    return np.nan if bound is None else bound


def _sample(customers: pd.DataFrame) -> _Sample:
    window = customers["window"].to_numpy()
    return _sample_of(customers["is_churned"].to_numpy(bool), window, window.max() + 1)


def _sample_of(is_churned, window, count) -> _Sample:
    ends = np.searchsorted(window, np.arange(count + 1))
    windows = [slice(*pair) for pair in itertools.pairwise(ends)]
    rates = np.array([is_churned[rows].sum() / max(rows.stop - rows.start, 1) for rows in windows])
    return _Sample(is_churned, windows, rates, rates[window])


def _conditions(customers, intervals, minimum_size) -> dict[Condition, np.ndarray]:
    """Every condition that enough but not all customers meet, and who meets it."""
    found = {}
    for name, rows in intervals.sort_values("interval_number").groupby("feature_name", sort=True):
        numbers = rows[rows["interval_kind"] == "range"]
        if len(numbers):
            values = customers[name].to_numpy("float64", na_value=np.nan)
            cuts = sorted(numbers["lower_bound"].dropna())
            if (values == 0).any() and np.nanmin(values) == 0 and np.nanmax(values) > 0:
                cuts = sorted({roundest(0.0, float(values[values > 0].min())), *cuts})
            edges = [None, *cuts, None]
            for low, high in itertools.combinations(range(len(edges)), 2):
                if (low, high) != (0, len(edges) - 1):
                    one = Condition(name, edges[low], edges[high], None)
                    found[one] = _meets(customers, one)
        for value in rows.loc[rows["interval_kind"] == "value", "value"]:
            one = Condition(name, None, None, value)
            found[one] = _meets(customers, one)
    return {one: mask for one, mask in found.items() if minimum_size <= mask.sum() < len(customers)}


def _meets(customers: pd.DataFrame, one: Condition) -> np.ndarray:
    column = customers[one.column_name]
    if one.value is not None:
        shown = column.map({True: "yes", False: "no"}) if one.value in ("yes", "no") else column
        return (shown == one.value).fillna(False).to_numpy(bool)
    values = column.to_numpy("float64", na_value=np.nan)
    lower = -np.inf if one.lower is None else one.lower
    upper = np.inf if one.upper is None else one.upper
    return (values >= lower) & (values < upper)


def _members(rule, masks, customers=None) -> np.ndarray:
    for one in rule:
        if one not in masks:  # a wider range than any that was searched
            masks[one] = _meets(customers, one)
    return np.all([masks[one] for one in rule], axis=0)


def _combine(masks, sample, minimum_size, maximum_depth) -> _Pool:
    """The most raised combinations of up to maximum_depth conditions of different columns, the best first."""
    conditions = list(masks)
    names = sorted({one.column_name for one in conditions})
    column = np.array([names.index(one.column_name) for one in conditions])
    # single precision holds counts exactly, and its products are quick
    shown = np.array([masks[one] for one in conditions], "float32")
    level = np.arange(len(conditions))[:, None]
    n, k = (np.diagonal(x, axis1=1, axis2=2) for x in _products(shown, shown, sample))
    found = [_ranked(level, _z_scores(n, k, sample), column, POOL_COUNT_OF_COLUMNS)]
    beam = level
    for depth in range(2, maximum_depth + 1):
        held = np.array([shown[list(rule)].prod(axis=0) for rule in beam], "float32")
        n, k = _products(held, shown, sample)
        both = np.argwhere(n.sum(axis=0) >= minimum_size)
        rules = np.column_stack([beam[both[:, 0]], both[:, 1]])
        columns = np.sort(column[rules], axis=1)
        is_new = (np.diff(columns, axis=1) > 0).all(axis=1)
        if depth == 2:
            is_new &= rules[:, 0] < rules[:, 1]
        both, rules = both[is_new], np.sort(rules[is_new], axis=1)
        if not len(rules):
            break
        # a combination of three is reached from each of its pairs
        rules, first = np.unique(rules, axis=0, return_index=True)
        n, k = (x[:, both[first, 0], both[first, 1]] for x in (n, k))
        z_scores = _z_scores(n, k, sample)
        found.append(_ranked(rules, z_scores, column, POOL_COUNT_OF_COLUMNS))
        beam = _ranked(rules, z_scores, column, BEAM_COUNT_OF_COLUMNS)[0][:BEAM_COUNT]
    pool = [tuple(conditions[i] for i in rule) for level, _, _ in found for rule in level]
    z_scores, by_chance = (np.concatenate([one[i] for one in found]) for i in (1, 2))
    best = np.argsort(-z_scores, kind="stable")[:POOL_COUNT]
    return _Pool([pool[i] for i in best], z_scores[best], by_chance[best])


def _products(held, shown, sample) -> tuple[np.ndarray, np.ndarray]:
    """Customers and churned customers who meet both, by window, combination and condition."""
    n, k = [], []
    for rows in sample.windows:
        a, b = held[:, rows], shown[:, rows]
        churned = sample.is_churned[rows]
        n.append(a @ b.T)
        k.append(a[:, churned] @ b[:, churned].T)
    return np.array(n, "float64"), np.array(k, "float64")


def _z_scores(n, k, sample) -> np.ndarray:
    """Churned customers above those expected of n drawn without replacement in each window, in standard deviations."""
    totals = np.array([rows.stop - rows.start for rows in sample.windows])[:, None]
    base = sample.rates[:, None]
    variance = (n * base * (1 - base) * (totals - n) / np.maximum(totals - 1, 1)).sum(axis=0)
    # rounded, so that equal combinations stay equal
    return ((k - n * base).sum(axis=0) / np.sqrt(np.where(variance > 0, variance, np.inf))).round(9)


def _ranked(rules, z_scores, column, count_of_columns):
    """Rules and z-scores, the largest first, at most count_of_columns of each set of columns; and how many of as many
    rules would reach each z-score by chance."""
    best = np.argsort(-z_scores, kind="stable")
    sets = pd.DataFrame(np.sort(column[rules[best]], axis=1))
    best = best[(sets.groupby(list(sets.columns)).cumcount() < count_of_columns).to_numpy()]
    return rules[best], z_scores[best], len(rules) * stats.norm.sf(z_scores[best])


def _lift_lower(n, k, expected, sample, level) -> np.ndarray:
    """Lower bound of the churn of n customers over that of the rest, each relative to what their windows expect."""
    total, churned = len(sample.is_churned), sample.is_churned.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = (k / expected) / ((churned - k) / (churned - expected))
        error = np.sqrt(1 / k - 1 / n + 1 / (churned - k) - 1 / (total - n))
        bound = lift * np.exp(-stats.norm.isf((1 - level) / 2) * error)
    return np.where(churned == k, np.inf, np.nan_to_num(bound))


def _gain(shown, parents, sample) -> tuple[float, float]:
    """Rate over that of the best simpler rule, and the largest of the one-sided p-values against the customers whom
    each simpler rule has in addition."""
    if not parents:
        return np.nan, 0.0
    rate, p_values = sample.is_churned[shown].mean(), []
    for parent in parents.values():
        excess = spread = 0.0
        for rows in sample.windows:
            n, n_parent = shown[rows].sum(), parent[rows].sum()
            churned = sample.is_churned[rows]
            share = churned[parent[rows]].mean() if n_parent else 0.0
            excess += churned[shown[rows]].sum() - n * share
            spread += n * (n_parent - n) / max(n_parent, 1) * share * (1 - share)
        p_values.append(float(stats.norm.sf(excess / math.sqrt(spread))) if spread > 0 else 1.0)
    best = max(sample.is_churned[parent].mean() for parent in parents.values())
    return float(rate - best), max(p_values)


def _cover(eligible, members, n, sample, settings) -> tuple[list, dict, dict]:
    """Selects one after the other what is clearest above the base, with less weight on customers already covered; the
    selected, and for each eligible candidate its largest overlap with one of them and which that is."""
    least = settings.minimum_new_share * sample.is_churned.sum()
    members, n = members[eligible], n[eligible]
    size = members @ (sample.base * (1 - sample.base))
    weights, covered = np.ones(len(sample.base)), np.zeros(len(sample.base), bool)
    overlap, closest = np.zeros(len(eligible)), np.full(len(eligible), -1)
    selected: list[int] = []
    while len(eligible) and len(selected) < settings.maximum_count:
        excess = members @ (weights * (sample.is_churned - sample.base))
        score = np.round(excess / np.sqrt(size), 9)
        is_open = (overlap < settings.maximum_overlap) & (excess >= least)
        if selected:
            is_open &= _new_z_scores(members, covered, sample) >= NEW_Z_SCORE
        is_open[selected] = False
        if not is_open.any():
            break
        best = int(np.argmax(np.where(is_open, score, -np.inf)))
        shared = (members & members[best]).sum(axis=1)
        jaccard = shared / (n + n[best] - shared)
        others = np.ones(len(eligible), bool)
        others[[*selected, best]] = False
        closer = (jaccard > overlap) & others
        overlap = np.where(closer, jaccard, overlap)
        closest = np.where(closer, eligible[best], closest)
        weights[members[best]] *= settings.covered_weight
        covered |= members[best]
        selected.append(best)
    return (
        [eligible[i] for i in selected],
        dict(zip(eligible, overlap.tolist(), strict=True)),
        dict(zip(eligible, closest.tolist(), strict=True)),
    )


def _new_z_scores(members, covered, sample) -> np.ndarray:
    """z-scores of groups among the customers who are not covered."""
    rows = np.flatnonzero(~covered)
    window = np.repeat(np.arange(len(sample.windows)), [x.stop - x.start for x in sample.windows])
    rest = _sample_of(sample.is_churned[rows], window[rows], len(sample.windows))
    members = members[:, rows]
    churned = members & rest.is_churned
    n, k = (
        np.array([shown[:, rows].sum(axis=1) for rows in rest.windows])
        for shown in (members, churned)
    )
    return _z_scores(n, k, rest)


def _listed(order, verdicts, closest, runner_up_count) -> list[int]:
    """The selected, and the best of each kind of rejection around each selected one."""
    groups: dict = {}
    for i in sorted(verdicts):
        if i not in order:
            groups.setdefault((verdicts[i], closest.get(i)), []).append(i)
    return order + sorted(i for members in groups.values() for i in members[:runner_up_count])


def confirm_subgroups(
    found: pd.DataFrame, counts: pd.DataFrame, customers: pd.DataFrame, settings: SubgroupSettings
) -> pd.DataFrame:
    """Judges what each half of the customers selected by the outcomes of the other, and prefers simpler rules.

    `found` is the result of `find_in_both_halves`; `counts` has one row per candidate_number and window_number (1 is
    the latest), with COUNTED of each half: of the candidate, and of the whole half; `customers` are those of
    `find_in_both_halves`.

    A condition (a bound of a range with two is one too) stays if those who meet it churn more than the other customers
    of the simpler rule, by the exact test within windows, one-sided because the other half fixed the direction. All
    conditions of a rule have to be shown, each corrected for their number; while one is not, the one that is shown
    least is dropped. The rule that is left is then compared with everybody else by the same test: its p-value times the
    number of rules of as many terms that could have been left of the one that was proposed, Benjamini-Hochberg over the
    rules that are left of both halves.
    Returns CONFIRMED_TYPES, one row per candidate that was listed for itself or was left: condition_q_value is the
    largest of its conditions, verdict one of

    * `kept`: large enough, significantly raised, and with the lower bound of the lift above `minimum_lift`;
    * `a condition was not confirmed`: a simpler rule took its place;
    * `too small in the other half`, `not confirmed`, `confirmed, but not raised enough`;
    * `overlaps with a better one`, where rules came closer as conditions were dropped, or the halves found the same;
    * the verdict of discovery.

    Rules compete in the order of how clear they are in the half that proposed them. A rule that both halves proposed
    has one row, that in which it was kept, else that of the first.
    """
    if found.empty:
        return empty_frame(CONFIRMED_TYPES)
    rules = {number: _rule(rows) for number, rows in found.groupby("candidate_number")}
    numbers = {rule: number for number, rule in rules.items()}
    counts = counts.assign(window=window_codes(counts)).sort_values("window")
    counted = dict(iter(counts.groupby("candidate_number")))
    tests = {half: _Tests(rules, numbers, counted, DECIDES[half]) for half in DECIDES}
    customers = customers.assign(window=window_codes(customers))
    customers = customers.sort_values(["window", "customer_id"], ignore_index=True)
    firsts = found.drop_duplicates(["proposing_half", "candidate_number"])
    firsts = firsts.set_index(["proposing_half", "candidate_number"]).sort_values("selection_order")
    chosen = sorted(firsts.index[firsts["selection_order"] > 0], key=lambda key: key[0])
    verdicts: dict = firsts["discovery_verdict"].to_dict()
    left: dict[tuple[str, int], int] = {}
    for half, number in chosen:
        one = number
        while len(conditions := tests[half].conditions(one)):
            if _corrected(conditions) < settings.significance:
                break
            one = max(conditions, key=lambda parent: (conditions[parent], parent))
        verdicts[half, number] = "a condition was not confirmed"
        ends = [rules[number], *_all_simpler(rules[number])]
        choice = sum(_terms(end) == _terms(rules[one]) for end in ends)
        left[half, one] = max(choice, left.get((half, one), 0))
    p_values = {(half, number): tests[half].raised(number) for half, number in left}
    corrected = [min(1.0, p_values[key] * left[key]) for key in left]
    q_values = dict(zip(left, _q_values(corrected).tolist(), strict=True))
    masks: dict[Condition, np.ndarray] = {}
    kept: list[np.ndarray] = []
    z = stats.norm.isf((1 - settings.confidence_level) / 2)
    clearest = {
        key: _score(_members(rules[key[1]], masks, customers), customers, key[0]) for key in left
    }
    for half, number in sorted(left, key=lambda key: -clearest[key]):
        n, k, total, churned = (int(x[0]) for x in tests[half].counts(number))
        lower = ratio_lower(k, n, churned - k, total - n, z)
        shown = _members(rules[number], masks, customers)
        overlaps = [(shown & other).sum() / (shown | other).sum() for other in kept]
        if n < settings.minimum_share * total:
            verdict = "too small in the other half"
        elif not q_values[half, number] < settings.significance or k * total <= churned * n:
            verdict = "not confirmed"
        elif not lower > settings.minimum_lift:
            verdict = "confirmed, but not raised enough"
        elif max(overlaps, default=0) >= settings.maximum_overlap:
            verdict = "overlaps with a better one"
        elif kept and _new_z_score(shown, kept, customers, half) < NEW_Z_SCORE:
            verdict = "adds too few churned customers"
        else:
            verdict = "kept"
            kept.append(shown)
        verdicts[half, number] = verdict
    rows = [
        {
            "candidate_number": number,
            "proposing_half": half,
            "condition_q_value": _corrected(tests[half].conditions(number))
            if (half, number) in left
            else np.nan,
            "p_value": p_values.get((half, number)),
            "q_value": q_values.get((half, number)),
            "verdict": verdict,
        }
        for (half, number), verdict in verdicts.items()
        if verdict != "simpler"
    ]
    rows.sort(
        key=lambda row: (row["verdict"] != "kept", row["proposing_half"], row["candidate_number"])
    )
    judged = pd.DataFrame(rows, columns=list(CONFIRMED_TYPES)).drop_duplicates("candidate_number")
    return judged.sort_values("candidate_number", ignore_index=True).astype(CONFIRMED_TYPES)


class _Tests:
    """Exact tests of rules by the counts of the half that decides."""

    def __init__(self, rules, numbers, counted, half):
        self.rules, self.numbers, self.counted = rules, numbers, counted
        self.names = [f"{half}_{name}" for name in COUNTED]
        self.known: dict[int, dict[int, float]] = {}

    def counts(self, number) -> list[np.ndarray]:
        return [self.counted[number][name].to_numpy() for name in self.names]

    def raised(self, number) -> float:
        """The p-value of a rule against everybody else."""
        return _raised_p(*self.counts(number))

    def conditions(self, number) -> dict[int, float]:
        """The p-value of each condition of a rule, by the number of the rule without it."""
        if number not in self.known:
            parents = [self.numbers[one] for one in simpler(self.rules[number])]
            n, k = self.counts(number)[:2]
            self.known[number] = {
                parent: _raised_p(n, k, *self.counts(parent)[:2]) for parent in parents
            }
        return self.known[number]


def _terms(rule: Rule) -> int:
    """Values and bounds of a rule."""
    return sum((one.lower is not None) + (one.upper is not None) or 1 for one in rule)


def _corrected(conditions) -> float:
    """The largest p-value times the number of conditions; NaN without any."""
    return min(1.0, max(conditions.values()) * len(conditions)) if conditions else np.nan


def _rule(rows: pd.DataFrame) -> Rule:
    """The rule of a candidate's rows, which may be those of both halves."""
    return tuple(
        Condition(
            row.column_name,
            None if np.isnan(row.lower_bound) else row.lower_bound,
            None if np.isnan(row.upper_bound) else row.upper_bound,
            None if pd.isna(row.value) else row.value,
        )
        for row in rows.drop_duplicates("sign_number").sort_values("sign_number").itertuples()
    )


def _score(shown, customers, half) -> float:
    """How clear the excess of a group is in the half that proposed it: what `_cover` chooses by."""
    rows = (customers["is_discovery"] == (half == "first")).to_numpy(bool)
    sample = _sample(customers[rows])
    shown = shown[rows]
    size = (sample.base * (1 - sample.base))[shown].sum()
    return round(float((sample.is_churned - sample.base)[shown].sum() / math.sqrt(size or 1)), 9)


def _new_z_score(shown, kept, customers, half) -> float:
    """z-score of a group among the customers of its half that no group in `kept` covers."""
    rows = (customers["is_discovery"] == (half == "first")).to_numpy(bool)
    covered = np.any([np.zeros(len(shown), bool), *kept], axis=0)
    return _new_z_scores(shown[rows][None], covered[rows], _sample(customers[rows]))[0]


def _raised_p(n, k, totals, churned) -> float:
    """The p-value of a group that churns more than the others; 1 where there are no others."""
    p_value = exact_p(n, k, totals, churned, alternative="greater")
    return 1.0 if np.isnan(p_value) else p_value


def _q_values(p_values) -> np.ndarray:
    p_values = np.nan_to_num(np.asarray(p_values, float), nan=1.0)
    return stats.false_discovery_control(p_values) if len(p_values) else p_values
