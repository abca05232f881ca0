"""Metrics of value by hand and against scikit-learn and SciPy."""

import numpy as np
import pandas as pd
import pytest
from customer_science.value_metrics import (
    calibration_by_decile,
    measure_values,
    normalised_gini,
    top_decile_capture,
    value_metrics,
)
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

DRAW = np.random.default_rng(1)
ACTUAL = DRAW.gamma(1.0, 100, 1_000) * (DRAW.random(1_000) < 0.6)
PREDICTED = ACTUAL * DRAW.lognormal(0, 0.5, 1_000) + DRAW.gamma(1, 20, 1_000)


def test_errors_are_scikit_learns():
    metrics = value_metrics(ACTUAL, PREDICTED)
    assert metrics["mae"] == pytest.approx(mean_absolute_error(ACTUAL, PREDICTED))
    assert metrics["rmse"] == pytest.approx(root_mean_squared_error(ACTUAL, PREDICTED))
    assert metrics["r2"] == pytest.approx(r2_score(ACTUAL, PREDICTED))
    assert metrics["spearman"] == pytest.approx(spearmanr(ACTUAL, PREDICTED).statistic)
    assert metrics["total_bias"] == pytest.approx(PREDICTED.sum() / ACTUAL.sum() - 1)
    assert (metrics["actual_total"], metrics["predicted_total"]) == (ACTUAL.sum(), PREDICTED.sum())


def test_mape_is_over_customers_worth_something():
    assert value_metrics([0, 10, 20], [5, 15, 10])["mape"] == pytest.approx(0.5)


def test_gini_is_the_area_between_concentration_curves():
    order = np.argsort(-PREDICTED)
    ideal = np.sort(ACTUAL)[::-1]
    share = np.arange(1, 1_001) / 1_000

    def area(values):
        return (np.cumsum(values) / values.sum() - share).sum()

    assert normalised_gini(ACTUAL, PREDICTED) == pytest.approx(area(ACTUAL[order]) / area(ideal))


def test_gini_of_the_best_the_worst_and_no_order():
    assert normalised_gini(ACTUAL, ACTUAL) == pytest.approx(1)
    assert normalised_gini(ACTUAL, -ACTUAL) == pytest.approx(-1)
    assert normalised_gini(ACTUAL, np.ones(1_000)) == pytest.approx(0, abs=1e-12)


def test_ties_at_the_edge_of_the_highest_tenth_count_in_part():
    actual = np.array([10.0, 4, 2, *[0] * 17])
    predicted = np.array([9.0, 5, 5, *[1] * 17])
    # two customers make a tenth: the first, and one of two equal ones
    assert top_decile_capture(actual, predicted) == pytest.approx((10 + 3) / 16)


def test_tenths_of_the_predictions_compare_means():
    deciles = calibration_by_decile(np.arange(100.0), np.arange(100.0) * 2)
    assert list(deciles["decile"]) == list(range(1, 11))
    assert (deciles["customers_count"] == 10).all()
    assert (deciles["predicted_mean"] == 2 * deciles["actual_mean"]).all()
    assert list(calibration_by_decile(np.arange(10.0), np.ones(10))["decile"]) == [1]
    assert value_metrics(np.arange(100.0), np.arange(100.0) * 2)[
        "calibration_error"
    ] == pytest.approx(1)


def test_what_has_no_value_is_left_out():
    metrics = value_metrics([0, 0, 0], [1, 2, 3])
    assert set(metrics) == {"actual_total", "predicted_total", "mae", "rmse"}
    assert "spearman" not in value_metrics([2, 2, 2], [1, 2, 3])


def test_equal_predictions_rank_nobody():
    metrics = value_metrics([1, 2, 3], [2, 2, 2])
    assert (metrics["spearman"], metrics["gini"]) == (0, 0)


def frame(**columns):
    base = {
        "clv_family": "purchases",
        "measured_on": pd.Timestamp("2025-01-01"),
        "target_name": "spend",
        "shuffle_number": 1,
        "model_code": "mean",
        "feature_set": "none",
        "customer_id": [f"C{number:04}" for number in range(1_000)],
        "actual_value": ACTUAL,
        "predicted_value": PREDICTED,
        "is_rank_only": False,
    }
    return pd.DataFrame(base | columns)


def test_a_metric_is_the_mean_over_shuffles():
    second = PREDICTED + 10
    measured = measure_values(
        pd.concat([frame(), frame(shuffle_number=2, predicted_value=second)])
    ).set_index("metric_name")
    expected = np.mean([mean_absolute_error(ACTUAL, one) for one in (PREDICTED, second)])
    assert measured.loc["mae", "metric_value"] == pytest.approx(expected)
    assert (measured["customers_count"] == 1_000).all()


def test_of_a_ranking_only_ranks_are_measured():
    measured = measure_values(frame(is_rank_only=True))
    assert set(measured["metric_name"]) == {"gini", "spearman", "top_decile_capture"}


def test_order_of_rows_changes_nothing_and_no_rows_give_none():
    measured = measure_values(frame())
    shuffled = measure_values(frame().sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(shuffled, measured, check_exact=True)
    assert len(measure_values(frame().iloc[:0])) == 0
