"""Economics of strategies: break-even to the cent, one distribution, and decisions that a test could answer."""

import numpy as np
import pandas as pd
import pytest
from customer_science.comparisons import Settings
from customer_science.economics import estimate_economics
from scipy import stats

SETTINGS = Settings(confidence_level=0.95, significance=0.05)

ROW = {
    "segment_scheme": "rule", "segment_code": "core", "strategy_code": "call", "reached_count": 1_000,
    "churn_probability": 0.2, "kept_value": 200_000.0, "fixed_cost": 6_000.0, "pessimistic_save_rate": 0.02,
    "optimistic_save_rate": 0.08, "churn_error": 0.1, "active_share": 0.8, "evidence_level": "assumed",
}  # fmt: skip


def estimated(**changes):
    return estimate_economics(pd.DataFrame([ROW | changes]), SETTINGS).iloc[0]


def test_at_the_save_rate_that_breaks_even_the_net_amount_is_nothing():
    rate = estimated()["break_even_save_rate"]
    at = estimated(pessimistic_save_rate=rate, optimistic_save_rate=rate, churn_error=0.0)
    assert [round(at[name], 2) for name in ("least_net", "expected_net", "most_net")] == [0, 0, 0]


def test_the_range_is_that_of_the_one_distribution():
    row = estimated()
    assert row["expected_net"] == pytest.approx(0.05 * 200_000 - 6_000)
    draw = np.random.default_rng(1)
    variance = (0.06 / 2 / stats.norm.ppf(0.95)) ** 2
    size = 0.05 * 0.95 / variance - 1
    nets = (
        200_000 * draw.beta(0.05 * size, 0.95 * size, 400_000) * draw.normal(1, 0.1, 400_000)
        - 6_000
    )
    assert [row["least_net"], row["most_net"]] == pytest.approx(
        np.quantile(nets, [0.05, 0.95]), abs=80
    )
    assert row["gain_probability"] == pytest.approx((nets > 0).mean(), abs=0.01)
    # two extremes multiplied are wider
    assert row["most_net"] < 200_000 * 0.08 * (1 + 0.1 * stats.norm.ppf(0.95)) - 6_000


def test_a_test_of_the_stated_size_finds_the_expected_effect_in_four_of_five():
    row = estimated()
    arm, effect = int(row["needed_count"] / 2), row["expected_effect"]
    assert row["decision_code"] == "cannot_be_tested" and effect == pytest.approx(0.2 * 0.05 * 0.8)
    draw = np.random.default_rng(2)
    one, other = (
        draw.binomial(arm, 0.2 + effect / 2, 20_000),
        draw.binomial(arm, 0.2 - effect / 2, 20_000),
    )
    pooled = (one + other) / (2 * arm)
    found = (one - other) / arm / np.sqrt(2 * pooled * (1 - pooled) / arm) > stats.norm.ppf(0.975)
    assert found.mean() == pytest.approx(0.8, abs=0.03)
    # at the needed size, and not with a customer less
    decisions = [
        estimated(reached_count=int(row["needed_count"]) - missing)["decision_code"]
        for missing in (0, 1)
    ]
    assert decisions == ["test", "cannot_be_tested"]


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({"evidence_level": "tested", "pessimistic_save_rate": 0.05}, "do"),
        (
            {"evidence_level": "tested", "pessimistic_save_rate": 0.0, "reached_count": 10},
            "cannot_be_tested",
        ),
        ({"fixed_cost": 20_000.0}, "hold"),
        ({"kept_value": None}, "unknown"),
        ({"reached_count": 0, "kept_value": 0.0, "fixed_cost": 0.0}, "hold"),
    ],
)
def test_decisions(changes, decision):
    assert estimated(**changes)["decision_code"] == decision


def test_no_rows_give_no_rows():
    assert estimate_economics(pd.DataFrame([ROW]).iloc[:0], SETTINGS).empty
