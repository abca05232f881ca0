"""Portraits against SciPy and against a count of pairs."""

import numpy as np
import pandas as pd
import pytest
from customer_science.comparisons import Settings
from customer_science.portraits import PORTRAIT_TYPES, compare_portraits
from scipy import stats

SETTINGS = Settings(confidence_level=0.95, power=0.8, significance=0.05)
FEATURES = pd.DataFrame(
    [("age", "number"), ("city", "text"), ("is_active", "flag")],
    columns=["feature_name", "feature_kind"],
)
TYPES = pd.DataFrame(columns=list(PORTRAIT_TYPES)).astype(PORTRAIT_TYPES).dtypes


@pytest.fixture
def customers():
    generator = np.random.default_rng(8)
    active = generator.choice([True, False, None], 120, p=[0.5, 0.4, 0.1])
    return pd.DataFrame(
        {
            "customer_id": [f"{i:04}" for i in range(120)],
            "age": np.where(generator.random(120) < 0.1, np.nan, generator.integers(18, 80, 120)),
            "city": generator.choice(["Rybinsk", "Yaroslavl", "unknown"], 120),
            "is_active": pd.Series(active, dtype=object),
        }
    )


@pytest.fixture
def members(customers):
    """Two portraits that overlap, with somebody who is not among the customers."""
    older = customers.loc[customers["age"] > 40, "customer_id"].iloc[::2]
    first = customers["customer_id"].iloc[:30]
    return pd.DataFrame(
        {
            "portrait_code": ["older"] * (len(older) + 1) + ["first"] * 30,
            "customer_id": [*older, "elsewhere", *first],
        }
    )


@pytest.fixture
def compared(customers, members):
    rows = compare_portraits(customers, members, FEATURES, SETTINGS)
    return rows.set_index(["portrait_code", "feature_name", "feature_level"])


def sides(customers, members, portrait):
    ids = members.loc[members["portrait_code"] == portrait, "customer_id"]
    is_member = customers["customer_id"].isin(ids)
    return customers[is_member], customers[~is_member]


@pytest.mark.parametrize("portrait", ["first", "older"])
def test_a_number_is_compared_as_scipy_does(customers, members, compared, portrait):
    inside, outside = (side["age"].dropna() for side in sides(customers, members, portrait))
    row = compared.loc[portrait, "age", "all"]
    expected = stats.mannwhitneyu(inside, outside, method="asymptotic")
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-12)
    pairs = np.sign(inside.to_numpy()[:, None] - outside.to_numpy()[None, :])
    assert row["effect_size"] == pytest.approx(pairs.mean(), rel=1e-12)


def test_a_value_is_compared_by_its_share_of_the_known(customers, members, compared):
    for feature, value, level in (("city", "Rybinsk", "Rybinsk"), ("is_active", True, "yes")):
        known = [
            side[side[feature].notna() & (side[feature] != "unknown")][feature]
            for side in sides(customers, members, "first")
        ]
        k, n = [(side == value).sum() for side in known], [len(side) for side in known]
        row = compared.loc["first", feature, level]
        assert row["effect_size"] == pytest.approx(k[0] / n[0] - k[1] / n[1], rel=1e-12)
        table = [[k[0], n[0] - k[0]], [k[1], n[1] - k[1]]]
        chi_square = stats.chi2_contingency(table, correction=False)
        assert row["p_value"] == pytest.approx(chi_square.pvalue, rel=1e-9)


def test_order_of_rows_changes_nothing(customers, members):
    one = compare_portraits(customers, members, FEATURES, SETTINGS)
    other = compare_portraits(
        customers.sample(frac=1, random_state=1), members[::-1], FEATURES[::-1], SETTINGS
    )
    pd.testing.assert_frame_equal(one, other)


def test_a_portrait_of_everybody_or_of_one_is_compared_with_nobody(customers):
    codes = {"everybody": customers["customer_id"], "one": customers["customer_id"][:1]}
    for code, ids in codes.items():
        members = pd.DataFrame({"portrait_code": code, "customer_id": ids})
        found = compare_portraits(customers, members, FEATURES, SETTINGS)
        assert found.empty and found.dtypes.equals(TYPES)


def test_empty_inputs_keep_their_types(customers, members):
    for one, other in (
        (customers[:0], members),
        (customers, members[:0]),
        (customers[:0], members[:0]),
    ):
        found = compare_portraits(one, other, FEATURES, SETTINGS)
        assert found.empty and found.dtypes.equals(TYPES)


def test_of_a_text_of_many_values_the_most_frequent_are_compared():
    jobs = np.repeat([f"job {number:03}" for number in range(80)], np.arange(80) + 1)
    customers = pd.DataFrame({"customer_id": [f"{i:05}" for i in range(len(jobs))], "job": jobs})
    members = pd.DataFrame({"portrait_code": "odd", "customer_id": customers["customer_id"][1::2]})
    features = pd.DataFrame({"feature_name": ["job"], "feature_kind": ["text"]})
    levels = compare_portraits(customers, members, features, SETTINGS)["feature_level"]
    assert sorted(levels) == [f"job {number:03}" for number in range(30, 80)]


def test_features_that_define_a_portrait_are_left_out_of_it(customers, members):
    """So is whether they are known: everybody older than 40 has a known age."""
    customers["has_known_age"] = customers["age"].notna()
    features = pd.concat(
        [FEATURES, pd.DataFrame({"feature_name": ["has_known_age"], "feature_kind": ["flag"]})]
    )
    defining = pd.DataFrame({"portrait_code": ["older"], "feature_name": ["age"]})
    rows = compare_portraits(customers, members, features, SETTINGS, defining)
    features_shown = rows.groupby("portrait_code")["feature_name"].agg(set)
    assert features_shown["older"] == {"city", "is_active"}
    assert features_shown["first"] == {"age", "city", "has_known_age", "is_active"}
