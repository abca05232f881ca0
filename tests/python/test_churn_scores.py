"""Churn scores against the probabilities that were planted, and their metrics against scikit-learn and by hand."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from customer_science import churn_scores, simulate
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

CELL_WEIGHT = 30.0
CONFIDENCE_Z = 1.96
DRIVERS = {"product_count", "age", "city", "gender", "is_active"}
CATALOGUE = pd.DataFrame(
    [
        (code, code in ("age", "gender"), True)
        for code in sorted(
            DRIVERS | {"credit_score", "property_count", "balance", "has_credit_card"}
        )
    ],
    columns=["feature_name", "is_protected", "is_scored"],
)


def portfolio(null_effects=False, customers=10_000, seed=1):
    """Features as int_churn_features_built gives them, and the planted probability of each customer."""
    settings = simulate.Settings(customers, seed, None, "csv", 1.0, null_effects, False, False)
    drawn = simulate.draw_customers(settings, 0, customers)
    simulate.decide_churn(settings, 0, drawn, drawn["joined_on"])
    ids = [f"C{number:06}" for number in drawn["number"]]
    cell = pd.Series(drawn["product_count"]).astype(str) + " x " + drawn["city"].astype(str)
    features = pd.DataFrame(
        {
            "customer_id": ids,
            "score_basis": "snapshot",
            "fold_number": [int(hashlib.md5(i.encode()).hexdigest()[:8], 16) % 5 for i in ids],
            "is_sampled": True,
            "is_latest": True,
            "is_churned": pd.array(drawn["has_left"], "boolean"),
            "cell": cell,
            "protected_cell": cell + " x " + (drawn["age"] // 10).astype(str),
            "age": pd.array(drawn["age"], "Int64"),
            "city": np.array(simulate.CITIES)[drawn["city"]],
            "gender": np.array(simulate.GENDERS)[drawn["gender"]],
            "product_count": drawn["product_count"],
            "is_active": drawn["is_active"],
            "credit_score": drawn["credit_score"].astype(float),
            "property_count": drawn["property_count"],
            "has_credit_card": drawn["has_credit_card"],
            "balance": np.where(drawn["is_balance_missing"], np.nan, drawn["balance_cents"] / 100),
        }
    ).astype({"city": "str", "gender": "str"})
    features.loc[::50, "age"] = pd.NA
    return features, drawn["churn_probability"]


def score(features, catalogue=CATALOGUE):
    learned = churn_scores.learn_scores(features[features["is_sampled"]], catalogue, CELL_WEIGHT)
    return churn_scores.score_customers(features, *learned)


def measure(features, scores):
    predictions = scores.merge(features[["customer_id", "fold_number", "is_churned"]])
    return churn_scores.measure_models(predictions, CONFIDENCE_Z)


def metric(metrics, model_code, feature_set, metric_name, column="metric_value"):
    (value,) = metrics.loc[
        (metrics["model_code"] == model_code)
        & (metrics["feature_set"] == feature_set)
        & (metrics["metric_name"] == metric_name),
        column,
    ]
    return value


@pytest.fixture(scope="module")
def planted():
    features, probability = portfolio()
    scores = score(features)
    return features, probability, scores, measure(features, scores)


@pytest.fixture(scope="module")
def nothing_planted():
    features, _ = portfolio(null_effects=True)
    scores = score(features)
    return features, scores, measure(features, scores)


# --- known truth


def test_scores_rank_nearly_as_well_as_the_planted_probabilities(planted):
    features, probability, _, metrics = planted
    best = roc_auc_score(features["is_churned"].astype(int), probability)
    assert best > 0.85
    assert best - 0.02 < metric(metrics, "gradient_boosting", "all", "auc") < best + 0.005
    least = brier_score_loss(features["is_churned"].astype(int), probability)
    assert least < metric(metrics, "gradient_boosting", "all", "brier") < least + 0.006


def test_scores_are_calibrated_against_the_planted_probabilities(planted):
    _, probability, scores, metrics = planted
    assert metric(metrics, "gradient_boosting", "all", "ece") < 0.015
    assert abs(metric(metrics, "gradient_boosting", "all", "calibration_slope") - 1) < 0.06
    assert abs(metric(metrics, "gradient_boosting", "all", "calibration_intercept")) < 0.06
    # in each tenth by score, the mean score is the mean planted probability
    ordered = np.argsort(scores["churn_probability"].to_numpy(), kind="stable")
    for tenth in np.array_split(ordered, 10):
        assert (
            abs(scores["churn_probability"].to_numpy()[tenth].mean() - probability[tenth].mean())
            < 0.03
        )


def test_boosting_beats_its_baselines_and_protected_features_cost_when_left_out(planted):
    metrics = planted[-1]
    for feature_set in ("all", "without_protected"):
        ours = metric(metrics, "gradient_boosting", feature_set, "brier")
        for baseline in ("logistic", "cell_rate"):
            assert ours < metric(metrics, baseline, feature_set, "brier")
    assert metric(metrics, "gradient_boosting", "without_protected", "auc") < (
        metric(metrics, "gradient_boosting", "all", "auc") - 0.05
    )
    assert metric(metrics, "gradient_boosting", "all", "brier", "verdict") == "better"


def test_what_speaks_most_is_what_was_planted_and_in_its_direction(planted):
    features, _, scores, _ = planted
    joined = scores.merge(features, on="customer_id")
    assert scores["top_feature_1_name"].isin(DRIVERS).mean() > 0.97
    strongest = joined[joined["top_feature_1_effect"].abs() > 1]
    for code, value, sign in [("product_count", 2, -1), ("product_count", 3, 1)]:
        ours = strongest[(strongest["top_feature_1_name"] == code) & (strongest[code] == value)]
        assert len(ours) > 50 and (np.sign(ours["top_feature_1_effect"]) == sign).all()
    old = strongest[(strongest["top_feature_1_name"] == "age") & strongest["age"].between(45, 60)]
    assert len(old) > 500 and (old["top_feature_1_effect"] > 0).all()
    effects = scores[[f"top_feature_{n}_effect" for n in churn_scores.TOP_FEATURES]].abs()
    assert (effects.diff(axis=1).iloc[:, 1:].fillna(-1) <= 0).all().all()


def test_where_nothing_is_planted_nothing_is_found(nothing_planted):
    features, scores, metrics = nothing_planted
    for feature_set in ("all", "without_protected"):
        assert abs(metric(metrics, "gradient_boosting", feature_set, "auc") - 0.5) < 0.02
        assert metric(metrics, "gradient_boosting", feature_set, "brier") > (
            metric(metrics, "base_rate", "none", "brier") - 0.0002
        )
        assert metric(metrics, "gradient_boosting", feature_set, "brier", "verdict") != "better"
    # the sigmoid draws scores that rank by chance to the base rate, so none of them looks like a finding
    assert scores["churn_probability"].between(0.15, 0.26).all()


def test_without_calibration_scores_of_nothing_would_look_like_findings(
    nothing_planted, monkeypatch
):
    monkeypatch.setattr(churn_scores, "_sigmoid", lambda log_odds, outcome: (1.0, 0.0))
    scores = score(nothing_planted[0].head(3_000))
    assert not scores["churn_probability"].between(0.1, 0.4).all()


# --- what a score may know


def test_no_score_knows_its_own_outcome(planted):
    features, _, scores, _ = planted
    turned = features.copy()
    mine = turned["fold_number"] == 3
    turned.loc[mine, "is_churned"] = ~turned.loc[mine, "is_churned"]
    columns = ["churn_probability", *churn_scores.CANDIDATES]
    before, after = scores[mine], score(turned)[mine]
    pd.testing.assert_frame_equal(before[columns], after[columns])


def test_rows_outside_the_sample_are_scored_and_teach_nothing(planted):
    features, _, _, _ = planted
    some = features.head(2_000).copy()
    some["is_sampled"] = np.arange(len(some)) < 1_500
    scores = score(some)
    assert scores["churn_probability"].notna().all()
    unknown = some.copy()
    unknown.loc[~some["is_sampled"], "is_churned"] = pd.NA
    pd.testing.assert_frame_equal(score(unknown), scores)


def test_where_nothing_is_protected_both_feature_sets_are_one(planted):
    scores = score(planted[0].head(2_000), CATALOGUE.assign(is_protected=False))
    for model in ("logistic", "gradient_boosting"):
        assert (scores[f"{model}_all"] == scores[f"{model}_without_protected"]).all()


def test_scores_leave_out_what_is_not_theirs(planted):
    features, _, scores, _ = planted
    catalogue = CATALOGUE.assign(is_scored=~CATALOGUE["is_protected"])
    fair = score(features, catalogue)
    pd.testing.assert_series_equal(
        fair["churn_probability"], scores["gradient_boosting_without_protected"], check_names=False
    )
    tops = fair[[f"top_feature_{n}_name" for n in churn_scores.TOP_FEATURES]]
    assert not tops.isin(["age", "gender"]).any().any()


# --- determinism


def test_rows_may_come_in_any_order(planted):
    features, _, _, _ = planted
    some = features.head(2_000)
    shuffled = some.sample(frac=1, random_state=5)
    scores = score(some)
    pd.testing.assert_frame_equal(score(shuffled), scores)
    pd.testing.assert_frame_equal(
        measure(shuffled, scores.sample(frac=1, random_state=6)), measure(some, scores)
    )


# --- too little to learn from


def test_an_empty_frame_gives_an_empty_typed_one(planted):
    scores = score(planted[0].head(0))
    assert len(scores) == 0 and dict(scores.dtypes.astype(str)) == churn_scores.SCORE_TYPES
    metrics = measure(planted[0].head(0), scores)
    assert len(metrics) == 0 and dict(metrics.dtypes.astype(str)) == churn_scores.METRIC_TYPES


@pytest.mark.parametrize("outcome", [True, False])
def test_one_class_gives_no_scores(planted, outcome):
    features = planted[0].head(500).assign(is_churned=pd.array([outcome] * 500, "boolean"))
    assert len(score(features)) == 0


def test_a_fold_without_leavers_gives_no_scores(planted):
    features = planted[0].head(2_000).copy()
    features.loc[features["fold_number"] == 0, "is_churned"] = False
    assert len(score(features)) == 0


def test_nothing_known_but_protected_features_gives_no_scores(planted):
    features = planted[0].head(2_000).copy()
    features[list(CATALOGUE.loc[~CATALOGUE["is_protected"], "feature_name"])] = np.nan
    assert len(score(features)) == 0


def test_a_city_for_each_customer_is_no_fault(planted):
    features = planted[0].head(2_000).copy()
    features["city"] = "town " + features["customer_id"]
    assert score(features)["churn_probability"].between(0, 1).all()


# --- metrics


def test_metrics_are_those_of_the_libraries():
    generator = np.random.default_rng(7)
    probability = generator.beta(1, 4, 4_000)
    outcome = (generator.random(4_000) < probability**1.2).astype(float)
    log_odds = np.log(probability / (1 - probability))
    slope, intercept = churn_scores.calibration(outcome, probability)
    fitted = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
    assert slope == pytest.approx(fitted.fit(log_odds[:, None], outcome).coef_[0, 0], rel=1e-4)
    shifted = 1 / (1 + np.exp(-(log_odds + intercept)))
    assert shifted.mean() == pytest.approx(outcome.mean(), abs=1e-9)


def test_a_perfectly_calibrated_model_has_slope_1_and_intercept_0():
    probability = np.repeat([0.2, 0.5, 0.8], 10)
    outcome = np.concatenate([np.arange(10) < 10 * p for p in (0.2, 0.5, 0.8)]).astype(float)
    assert churn_scores.calibration(outcome, probability) == pytest.approx((1, 0), abs=1e-5)
    assert churn_scores.expected_calibration_error(outcome, probability) == pytest.approx(0)


def test_the_calibration_error_weighs_bins_by_their_customers():
    # nine at .05 of whom none left, one at .95 who left not: 9/10 x .05 + 1/10 x .95
    probability = np.array([0.05] * 9 + [0.95])
    error = churn_scores.expected_calibration_error(np.zeros(10), probability)
    assert error == pytest.approx(0.9 * 0.05 + 0.1 * 0.95)


def test_the_lift_of_the_top_tenth_counts_ties_in_part():
    outcome = np.array([1.0] * 4 + [0.0] * 16)
    assert churn_scores.top_decile_lift(outcome, np.linspace(1, 0, 20)) == 5
    assert churn_scores.top_decile_lift(outcome, np.linspace(0, 1, 20)) == 0
    assert churn_scores.top_decile_lift(outcome, np.full(20, 0.2)) == 1
    # the first is above the edge, and of the next four, three of whom left, one fits in
    edge = np.array([0.9] + [0.5] * 4 + [0.1] * 15)
    assert churn_scores.top_decile_lift(outcome, edge) == pytest.approx((1 + 3 / 4) / 2 / 0.2)


def test_the_base_rate_ranks_like_chance_and_has_no_slope(planted):
    metrics = planted[-1]
    names = set(metrics.loc[metrics["model_code"] == "base_rate", "metric_name"])
    assert names == {"auc", "brier", "ece", "top_decile_lift"}
    assert metric(metrics, "base_rate", "none", "auc") == 0.5
    assert metric(metrics, "base_rate", "none", "top_decile_lift") == pytest.approx(1)
