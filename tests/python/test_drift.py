"""Drift of features: nothing where nothing moved, a planted move where it is, and the formulas by hand."""

import numpy as np
import pandas as pd
import pytest
from customer_science.drift import RESULT_TYPES, Bounds, measure_drift
from scipy import stats

FEATURES = pd.DataFrame(
    {"feature_name": ["money", "city", "never"], "feature_kind": ["number", "text", "number"]}
)


def draw(seed, size=2000, factor=1.0, unknown=0.2):
    dice = np.random.default_rng(seed)
    money = factor * dice.lognormal(8, 1, size)
    return pd.DataFrame(
        {
            "money": np.where(dice.random(size) < unknown, np.nan, money),
            "city": dice.choice(["a", "b", "c", "unknown"], size, p=[0.5, 0.3, 0.15, 0.05]),
            "never": np.full(size, np.nan),
        }
    )


def one_per_feature(found):
    return found.groupby("feature_name").first()


def test_of_200_null_pairs_at_most_5_percent_are_beyond_noise_and_none_is_moderate():
    found = [
        one_per_feature(measure_drift(draw(seed), draw(seed + 1000), FEATURES))
        for seed in range(200)
    ]
    for feature in ("money", "city"):
        p_values = [one.loc[feature, "p_value"] for one in found]
        false = sum(p < 0.05 for p in p_values)
        assert stats.binomtest(false, 200, 0.05, alternative="greater").pvalue > 0.05
        # the distribution is the one that the p-value says
        assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert {one.loc["money", "move"] for one in found} == {"small"}


def test_a_planted_move_is_found_where_it_is_and_nowhere_else():
    found = measure_drift(draw(1), draw(2, factor=2.0), FEATURES)
    money, city = one_per_feature(found).loc[["money", "city"]].itertuples()
    assert money.move == "large" and money.p_value < 1e-9 and money.ks_statistic > 0.2
    assert city.move == "small" and city.p_value > 0.05
    levels = found[found["feature_name"] == "money"].set_index("level_number")
    assert levels.loc[1, "now_share"] < 0.5 * levels.loc[1, "then_share"]
    assert levels.loc[10, "now_share"] > 1.5 * levels.loc[10, "then_share"]


def test_what_is_missing_more_often_is_a_move_of_its_own():
    found = one_per_feature(measure_drift(draw(1), draw(2, unknown=0.6), FEATURES)).loc["money"]
    assert found["missing_then_share"] == pytest.approx(0.2, abs=0.03)
    assert found["missing_now_share"] == pytest.approx(0.6, abs=0.03)
    assert found["move"] == "large" and found["ks_statistic"] < 0.06


def test_the_index_is_the_sum_over_levels_by_hand():
    then = pd.DataFrame({"city": ["a"] * 60 + ["b"] * 40})
    now = pd.DataFrame({"city": ["a"] * 30 + ["b"] * 20 + ["c"] * 50})
    found = measure_drift(then, now, FEATURES.iloc[1:2])
    before, after = np.array([60.5, 40.5, 0.5]) / 101.5, np.array([30.5, 20.5, 50.5]) / 101.5
    index = ((after - before) * np.log(after / before)).sum()
    assert found["feature_level"].to_list() == ["a", "b", "all others"]
    assert found["population_stability_index"].to_numpy() == pytest.approx([index] * 3)
    assert found["p_value"].to_numpy() == pytest.approx([stats.chi2.sf(50 * index, 2)] * 3)
    assert found["then_share"].to_list() == [0.6, 0.4, 0.0]


def test_a_feature_without_a_history_is_said_to_have_none():
    now = draw(2).assign(never=1.0)
    found = measure_drift(draw(1), now, FEATURES).set_index("feature_name").loc["never"]
    assert (found["move"], found["feature_level"]) == ("no_history", "all")
    assert (found["missing_then_share"], found["missing_now_share"]) == (1.0, 0.0)
    assert np.isnan(found["p_value"]) and np.isnan(found["population_stability_index"])


def test_order_of_rows_changes_nothing_and_no_value_of_a_customer_is_a_bound():
    then, now = draw(1), draw(2)
    found = measure_drift(then, now, FEATURES)
    shuffled = measure_drift(
        then.sample(frac=1, random_state=0), now.sample(frac=1, random_state=1), FEATURES[::-1]
    )
    pd.testing.assert_frame_equal(found, shuffled, check_exact=True)
    labels = found.loc[found["feature_name"] == "money", "feature_level"]
    bounds = {float(word) for label in labels for word in label.split() if word[0].isdigit()}
    assert len(bounds) == 9 and not bounds & set(then["money"])


def test_few_levels_many_levels_and_nobody():
    constant = pd.DataFrame(
        {"money": [5.0] * 10, "city": [str(n) for n in range(10)], "never": 1.0}
    )
    found = measure_drift(constant, constant, FEATURES, Bounds(levels=3))
    assert found.loc[found["feature_name"] == "money", "feature_level"].to_list() == ["any"]
    assert found.loc[found["feature_name"] == "city", "feature_level"].to_list() == [
        "0", "1", "2", "all others",
    ]  # fmt: skip
    assert (found["population_stability_index"] == 0).all()
    nobody = measure_drift(constant.head(0), constant.head(0), FEATURES)
    assert nobody.empty and nobody.dtypes.astype(str).to_dict() == RESULT_TYPES
