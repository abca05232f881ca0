"""Conformal intervals: their coverage on data that had no part, and what happens where little is known."""

import numpy as np
import pandas as pd
import pytest
from customer_science.value_intervals import calibrate_values, conformal_ranks

BOUNDS = pd.DataFrame({"clv_family": ["policies"], "medium_from": [50.0], "high_from": [150.0]})


def customers(count, seed, zero_share=0.0, cell="one"):
    draw = np.random.default_rng(seed)
    predicted = draw.uniform(20, 300, count)
    ratio = draw.lognormal(0, 0.6, count) * (draw.random(count) >= zero_share)
    return pd.DataFrame(
        {
            "clv_family": "policies",
            "prediction_basis": "latest",
            "customer_id": [f"C{number:06}" for number in range(count)],
            "fold_number": 0,
            "value_cell": cell,
            "predicted_value": predicted,
            "actual_value": predicted * ratio,
            "value_ratio": ratio,
        }
    )


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("zero_share", [0.0, 0.3])
def test_coverage_is_what_was_asked_for(coverage, zero_share):
    known, new = customers(4_000, 1, zero_share), customers(20_000, 2, zero_share)
    covered = calibrate_values(new, known, BOUNDS, coverage)["is_covered"].astype(float).mean()
    assert covered == pytest.approx(coverage, abs=0.025)


def test_few_observations_give_wide_intervals_and_too_few_no_upper_bound():
    assert conformal_ranks(9, 0.8) == (1, 9)
    assert conformal_ranks(4, 0.8) == (0, 5)
    calibrated = calibrate_values(customers(10, 1), customers(4, 2), BOUNDS, 0.8)
    assert (calibrated["lower_value"] == 0).all() and calibrated["upper_value"].isna().all()
    assert calibrated["is_covered"].isna().all()


def test_with_nine_observations_coverage_still_holds_on_average():
    covered = [
        calibrate_values(customers(50, 2 * seed), customers(9, 2 * seed + 1), BOUNDS, 0.8)["is_covered"].mean()
        for seed in range(150)
    ]  # fmt: skip
    assert np.mean(covered) == pytest.approx(0.8, abs=0.03)


def test_probabilities_of_tiers_add_up_and_come_true():
    known, new = customers(4_000, 1), customers(20_000, 2)
    calibrated = calibrate_values(new, known, BOUNDS, 0.8)
    parts = calibrated[["low_probability", "medium_probability", "high_probability"]]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(1)
    assert ((parts >= 0) & (parts <= 1)).all(axis=None)
    happened = [(new["actual_value"] < 50).mean(), 0, (new["actual_value"] >= 150).mean()]
    happened[1] = 1 - happened[0] - happened[2]
    assert parts.mean().to_numpy() == pytest.approx(happened, abs=0.02)


def test_cells_and_folds_keep_to_their_own_observations():
    known = pd.concat(
        [customers(500, 1, cell="one"), customers(500, 2, cell="two").assign(value_ratio=2.0)]
    )
    new = customers(10, 3, cell="two")
    calibrated = calibrate_values(new, known, BOUNDS, 0.8)
    assert calibrated["upper_value"].to_numpy() == pytest.approx(2 * new["predicted_value"])
    other_fold = calibrate_values(new.assign(fold_number=1), known, BOUNDS, 0.8)
    assert other_fold["lower_value"].isna().all() and other_fold["high_probability"].isna().all()


def test_a_prediction_of_nothing_is_in_the_lowest_tier():
    calibrated = calibrate_values(
        customers(1, 1).assign(predicted_value=0.0), customers(99, 2), BOUNDS, 0.8
    )
    assert list(calibrated["low_probability"]) == [1.0]
    assert list(calibrated["upper_value"]) == [0.0]


def test_order_of_rows_changes_nothing():
    known, new = customers(500, 1), customers(300, 2)
    expected = calibrate_values(new, known, BOUNDS, 0.8)
    again = calibrate_values(
        new.sample(frac=1, random_state=1), known.sample(frac=1, random_state=2), BOUNDS, 0.8
    )
    pd.testing.assert_frame_equal(again, expected, check_exact=True)
