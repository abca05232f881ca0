"""Intervals of features: planted steps, bounds that part the same values, and tests against SciPy and scikit-learn."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from customer_science.intervals import (
    FOUND_TYPES,
    TESTED_TYPES,
    IntervalSettings,
    compare_features,
    compare_intervals,
    exact_p,
    find_intervals,
    roundest,
)
from scipy import stats

SETTINGS = IntervalSettings(maximum_count=8, minimum_count=50, minimum_share=0.02, split_level=0.01)


def features(**kinds):
    return pd.DataFrame({"feature_name": list(kinds), "feature_kind": list(kinds.values())})


def found_in(values, is_churned, kind="number", settings=SETTINGS):
    customers = pd.DataFrame({"x": values, "is_churned": is_churned})
    return find_intervals(customers, features(x=kind), settings)


def bounds(found):
    return list(found["upper_bound"].dropna())


def drawn(rates, seed=1):
    return np.random.default_rng(seed).random(len(rates)) < rates


# --- bounds


@pytest.mark.parametrize(
    ("above", "up_to", "expected"),
    [
        (17, 18, 18),
        (1187, 1243, 1200),
        (99.5, 1243.7, 1000),
        (0.0312, 0.0371, 0.037),
        (-5, -3, -3),
        (-1243, -1187, -1200),
        (-0.35, 0.2, 0),
        (-0.39, -0.28, -0.3),
        (123456.78, 123456.79, 123456.79),
    ],
)
def test_roundest_is_the_number_that_people_can_say(above, up_to, expected):
    assert roundest(above, up_to) == expected


def test_roundest_parts_the_same_values_and_no_rounder_number_does():
    generator = random.Random(5)
    for _ in range(2000):
        scale = 10 ** generator.randint(1, 12)
        above, up_to = sorted(generator.sample(range(-scale, scale), 2))
        exponent = max(k for k in range(15) if up_to // 10**k * 10**k > above)
        assert roundest(above, up_to) == up_to // 10**exponent * 10**exponent
        # in cents, which doubles do not hold exactly
        assert above / 100 < roundest(above / 100, up_to / 100) <= up_to / 100


# --- what is found


def test_an_inverted_u_is_found_with_its_steps():
    ages = np.random.default_rng(2).integers(18, 90, 6000)
    found = found_in(ages, drawn(np.where((ages >= 40) & (ages < 60), 0.5, 0.1)))
    assert bounds(found) == [40, 60]


def test_a_feature_without_effect_keeps_two_intervals():
    values = np.random.default_rng(3).normal(10, 1, 4000)
    assert len(bounds(found_in(values, drawn(np.full(4000, 0.2))))) == 1


def test_missing_and_zero_are_intervals_of_their_own():
    found = found_in([np.nan] * 100 + [0.0] * 100 + [-2.0] * 100 + [5.0] * 100, [True, False] * 200)
    assert list(found["interval_kind"]) == ["missing", "zero", "range", "range"]
    # zero lies within a range and is not of it, so the bound between -2 and 5 may be 0
    assert bounds(found) == [0]


def test_amounts_closer_than_single_precision_are_told_apart():
    amounts = np.repeat(1e8 + np.arange(4), 200)
    assert len(set(amounts.astype("float32"))) == 1
    assert bounds(found_in(amounts, drawn(np.where(amounts >= 1e8 + 2, 0.6, 0.1)))) == [1e8 + 2]


def test_every_interval_has_the_smallest_size():
    values = np.repeat([1.0, 2.0, 3.0], [49, 500, 451])
    is_churned = values == 1  # as clear as can be, and one customer short
    assert 2 not in bounds(found_in(values, is_churned))
    large_enough = SETTINGS._replace(minimum_count=49)
    assert 2 in bounds(found_in(values, is_churned, settings=large_enough))


def test_rare_texts_are_other_and_unknown_is_missing():
    texts = ["large"] * 60 + ["rare"] * 49 + ["unknown"] * 60 + [None] * 3
    found = found_in(texts, [True, False] * 86, kind="text")
    assert list(zip(found["interval_kind"], found["value"].fillna(""), strict=True)) == [
        ("missing", ""),
        ("value", "large"),
        ("other", ""),
    ]


def test_of_many_texts_the_most_frequent_stand_alone():
    texts = np.repeat([f"city {number:03}" for number in range(100)], np.arange(100) + 2)
    found = found_in(
        texts,
        np.arange(len(texts)) % 2 == 0,
        "text",
        SETTINGS._replace(minimum_share=0, minimum_count=2),
    )
    assert list(found["value"].dropna()) == [f"city {number:03}" for number in range(50, 100)]


def test_one_value_of_a_measure_is_no_interval():
    """Age 41 alone churns more, as it may by chance; a step at 60 is real."""
    ages = np.random.default_rng(2).integers(18, 90, 9000)
    is_churned = drawn(np.select([ages == 41, ages >= 60], [0.6, 0.4], 0.1))
    found = bounds(found_in(ages, is_churned, settings=SETTINGS._replace(minimum_share=0.01)))
    assert 60 in found and all(np.diff([18, *found, 90]) > 1), found
    # of a number with few values each may stand alone
    few = ages // 8
    found = bounds(found_in(few, drawn(np.where(few == 5, 0.6, 0.1))))
    assert found == [5, 6]


def test_both_values_of_a_flag_are_listed_however_rare():
    found = found_in(pd.Series([True] * 60 + [None] * 3, dtype=object), [True] * 63, kind="flag")
    assert list(found["value"].dropna()) == ["no", "yes"]
    assert "other" not in set(found["interval_kind"])


def test_a_feature_of_which_nothing_is_known_has_no_interval():
    for kind in ("number", "flag", "text"):
        assert found_in(pd.Series([None] * 200, dtype=object), [True, False] * 100, kind).empty


def test_order_of_rows_changes_nothing():
    generator = np.random.default_rng(4)
    customers = pd.DataFrame(
        {
            "x": generator.integers(0, 50, 3000).astype(float),
            "y": generator.choice(["a", "b", "c"], 3000),
            "is_churned": generator.random(3000) < 0.3,
        }
    )
    kinds = features(x="number", y="text")
    found = find_intervals(customers, kinds, SETTINGS)
    other = find_intervals(customers.sample(frac=1, random_state=1), kinds[::-1], SETTINGS)
    pd.testing.assert_frame_equal(found, other)


def test_one_outcome_only_makes_one_range():
    found = found_in(np.arange(1.0, 401.0), np.zeros(400, bool))
    assert list(found["interval_kind"]) == ["missing", "zero", "range"]


# --- tests of the intervals


def counts(rows, name="x"):
    columns = [
        "discovery_count",
        "discovery_churned_count",
        "confirmation_count",
        "confirmation_churned_count",
    ]
    numbered = [(name, number, *row) for number, row in enumerate(rows, start=1)]
    return pd.DataFrame(numbered, columns=["feature_name", "interval_number", *columns])


def test_intervals_are_tested_as_scipy_does():
    rows = [(40, 10, 60, 30), (25, 5, 30, 3), (35, 30, 45, 11)]
    others = [(50, 20, 70, 20), (50, 25, 65, 24)]
    tested = compare_intervals(pd.concat([counts(rows), counts(others, "y")]))
    expected = []
    for feature in (rows, others):
        total, churned = sum(row[2] for row in feature), sum(row[3] for row in feature)
        for *_, n, k in feature:
            table = [[k, n - k], [churned - k, total - n - (churned - k)]]
            expected.append(stats.fisher_exact(table).pvalue)
    assert tested["p_value"].tolist() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("churned_members", [0, 6, 20, 30])
def test_a_known_direction_is_tested_on_one_side_as_scipy_does(churned_members):
    n, k, total, churned = (np.array([one]) for one in (40, churned_members, 150, 50))
    table = [
        [churned_members, 40 - churned_members],
        [50 - churned_members, 110 - 50 + churned_members],
    ]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert exact_p(n, k, total, churned, alternative="greater") == pytest.approx(expected, rel=1e-9)


def in_window(number, rows):
    return counts(rows).assign(window_number=number)


def by_enumeration(n, k, totals, churned):
    """The probability of all tables that are no likelier than the observed one: every sum of every window's draws."""
    chances = {}
    ranges = [range(min(one) + 1) for one in zip(n, churned, strict=True)]
    for drawn in itertools.product(*ranges):
        chance = np.prod(
            [stats.hypergeom.pmf(*one) for one in zip(drawn, totals, churned, n, strict=True)]
        )
        chances[sum(drawn)] = chances.get(sum(drawn), 0.0) + chance
    observed = chances[sum(k)]
    return sum(chance for chance in chances.values() if chance <= observed * (1 + 1e-9))


def test_in_several_windows_an_interval_is_compared_within_each_by_the_exact_distribution():
    windows = [
        [(40, 10, 12, 4), (25, 5, 9, 0), (35, 30, 20, 6)],
        [(40, 10, 10, 6), (25, 5, 15, 3), (35, 30, 0, 0)],
        [(40, 10, 7, 1), (25, 5, 0, 0), (35, 30, 6, 5)],
    ]
    tested = compare_intervals(
        pd.concat([in_window(number, rows) for number, rows in enumerate(windows, start=1)])
    )
    expected = []
    for i in range(3):
        there = [rows for rows in windows if 0 < rows[i][2] < sum(row[2] for row in rows)]
        n, k = ([rows[i][column] for rows in there] for column in (2, 3))
        totals, churned = ([sum(row[c] for row in rows) for rows in there] for c in (2, 3))
        expected.append(by_enumeration(n, k, totals, churned))
    assert tested["p_value"].tolist() == pytest.approx(expected, rel=1e-9)
    assert tested["interval_number"].tolist() == [1, 2, 3]


def test_a_window_that_compares_nothing_changes_nothing():
    rows = [(40, 10, 60, 30), (25, 5, 30, 3)]
    alone = compare_intervals(counts(rows))
    pooled = compare_intervals(
        pd.concat([in_window(1, rows), in_window(2, [(10, 1, 30, 9), (0, 0, 0, 0)])])
    )
    pd.testing.assert_frame_equal(pooled, alone)


def test_bounds_are_kept_where_churn_differs_within_windows_and_not_where_windows_differ():
    draw = np.random.default_rng(2)
    settings = SETTINGS._replace(split_level=1e-4)
    window = np.repeat([1, 2, 3], 2_000)
    # the higher the churn rate of the window, the higher x
    customers = pd.DataFrame({"x": draw.normal(10 + window), "window_number": window})
    customers["is_churned"] = draw.random(6_000) < 0.1 * window
    found = find_intervals(customers, features(x="number"), settings)
    assert (found["interval_kind"] == "range").sum() == 2  # the fewest that are listed
    one = customers.drop(columns="window_number")
    found = find_intervals(one, features(x="number"), settings)
    assert (found["interval_kind"] == "range").sum() > 2
    # a hump within each window
    customers["x"] = draw.uniform(1, 4, 6_000)
    rate = np.where(customers["x"].between(2, 3), 0.25, 0.05) * window
    customers["is_churned"] = draw.random(6_000) < rate
    found = find_intervals(customers, features(x="number"), settings)
    for bound in (2, 3):
        assert abs(found["lower_bound"].dropna() - bound).min() < 0.05


def test_intervals_without_anybody_or_with_everybody_have_no_p_value():
    tested = compare_intervals(counts([(10, 2, 0, 0), (10, 3, 20, 5)]))
    assert tested["p_value"].isna().all()


def test_one_outcome_only_differs_nowhere():
    tested = compare_intervals(counts([(10, 0, 20, 0), (10, 0, 20, 0)]))
    assert tested["p_value"].tolist() == [1, 1]


def test_empty_inputs_keep_their_types():
    nobody = pd.DataFrame({"x": [], "is_churned": []})
    found = find_intervals(nobody, features(x="number"), SETTINGS)
    assert found.empty and found.dtypes.equals(
        pd.DataFrame(columns=list(FOUND_TYPES)).astype(FOUND_TYPES).dtypes
    )
    tested = compare_intervals(counts([]))
    assert tested.empty and tested.dtypes.equals(
        pd.DataFrame(columns=list(TESTED_TYPES)).astype(TESTED_TYPES).dtypes
    )


# --- tests of whole features


def portfolio(count, seed, logit=lambda customers: 0.0, base=0.2):
    dice = np.random.default_rng(seed)
    customers = pd.DataFrame(
        {
            "age": np.clip(np.round(dice.normal(40, 12, count)), 18, 90),
            "balance": np.where(dice.random(count) < 0.3, np.nan, dice.lognormal(11, 1.5, count)),
            "city": dice.choice(["A", "B", "C", "unknown"], count),
            "is_active": dice.random(count) < 0.5,
        }
    )
    odds = np.log(base / (1 - base)) + logit(customers)
    return customers.assign(is_churned=dice.random(count) < 1 / (1 + np.exp(-odds)))


KINDS = {"age": "number", "balance": "number", "city": "text", "is_active": "flag"}


def test_a_feature_is_tested_by_the_chi_square_of_its_bands():
    customers = portfolio(3000, 7)
    tested = compare_features(customers, features(**KINDS)).set_index("feature_name")["p_value"]
    fifths = [-np.inf, *customers["balance"].quantile([0.2, 0.4, 0.6, 0.8]), np.inf]
    balance = pd.cut(customers["balance"], fifths, labels=False, right=False).fillna(-1)
    for name, band in (("balance", balance), ("city", customers["city"])):
        table = pd.crosstab(band, customers["is_churned"])
        assert tested[name] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    shuffled = compare_features(customers.sample(frac=1, random_state=1), features(**KINDS))
    assert shuffled.set_index("feature_name")["p_value"].equals(tested)


def test_bands_of_few_churned_customers_are_put_together_until_they_can_be_tested():
    rare = portfolio(1500, 3, base=0.01)
    rare["is_churned"] = np.arange(1500) < 12  # two bands of a number, and no more
    rare["age"] = np.arange(1500) % 50
    tested = compare_features(rare, features(age="number")).loc[0, "p_value"]
    table = pd.crosstab(rare["age"] >= 25, rare["is_churned"])
    assert tested == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    nobody = compare_features(rare.assign(is_churned=False), features(**KINDS))
    assert len(nobody) == len(KINDS) and nobody["p_value"].isna().all()


def test_weak_effects_are_found_as_often_as_by_one_test_of_all_customers_and_noise_is_not():
    p_values = [
        compare_features(portfolio(1000, seed), features(**KINDS))["p_value"] for seed in range(250)
    ]
    # 995 of 1,000 series have no more than these at the nominal rate
    assert (np.array(p_values) < 0.05).sum() <= stats.binom.ppf(0.995, 4 * 250, 0.05)
    found = 0
    for seed in range(40):
        customers = portfolio(2000, seed, lambda customers: 0.5 * (customers["age"] >= 45))
        tested = compare_features(customers, features(**KINDS)).set_index("feature_name")
        found += tested.loc["age", "p_value"] < 0.05 / len(KINDS)
    assert found >= 34
