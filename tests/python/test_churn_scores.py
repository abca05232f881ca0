"""Churn scores against the probabilities that were planted, and their metrics against scikit-learn and by hand."""

import functools
import hashlib
import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science import churn_scores, contributions, simulate
from customer_science.boosted_trees import boosted_trees
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

CELL_WEIGHT = 30.0
CONFIDENCE_LEVEL = 0.95
MINIMUM_OUTCOMES = 100
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


def portfolio(null_effects=False, customers=6_000, seed=1):
    """Features as the feature model gives them, and the planted probability of each customer."""
    settings = simulate.Settings(3 * customers, seed, None, "csv", 1.0, null_effects, False, False)
    drawn = simulate.draw_customers(settings, 0, settings.customers)
    drawn["age"] = simulate.ages_at(drawn, drawn["first_month"])
    table = simulate.HazardTable(simulate.population(null_effects), drawn)
    drawn["risk"] = -np.expm1(-simulate.YEAR_DAYS * table.daily_hazards(drawn["age"]))
    # Those who are customers when the window opens.
    chosen = np.flatnonzero(~drawn["is_joiner"])[:customers]
    drawn = {k: v[chosen] for k, v in drawn.items() if len(v) == settings.customers}
    probability, age = drawn["risk"], drawn["age"]
    has_churned = np.random.default_rng(seed).random(customers) < probability
    ids = [f"C{number:06}" for number in drawn["number"]]
    cell = pd.Series(drawn["product_count"]).astype(str) + " x " + drawn["city"].astype(str)
    features = pd.DataFrame(
        {
            "customer_id": ids,
            "churn_basis": "snapshot",
            "window_number": 1,
            "fold_number": [int(hashlib.md5(i.encode()).hexdigest()[:8], 16) % 5 for i in ids],
            "is_sampled": True,
            "is_latest": True,
            "is_churned": pd.array(has_churned, "boolean"),
            "cell": cell,
            "protected_cell": cell + " x " + (age // 10).astype(str),
            "age": pd.array(age, "Int64"),
            "city": np.array(simulate.CITIES)[drawn["city"]],
            "gender": np.array(simulate.GENDERS)[drawn["gender"]],
            "product_count": drawn["product_count"],
            "is_active": drawn["was_active"],
            "credit_score": drawn["credit_score"].astype(float),
            "property_count": drawn["property_count"],
            "has_credit_card": drawn["has_credit_card"],
            "balance": np.where(drawn["has_no_balance"], np.nan, drawn["balance_cents"] / 100),
        }
    ).astype({"city": "str", "gender": "str"})
    features.loc[::50, "age"] = pd.NA
    return features, probability


def world(log_odds, customers, seed, window_number=1):
    """Customers with two numbers, a flag and a city that drive churn by `log_odds`, and a number that does not."""
    draw = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "customer_id": [f"C{number:06}" for number in range(customers)],
            "churn_basis": "window",
            "window_number": window_number,
            "fold_number": np.arange(customers) % 5,
            "is_sampled": True,
            "is_latest": True,
            "x": draw.normal(size=customers),
            "z": draw.normal(size=customers),
            "flag": draw.integers(0, 2, customers),
            "city": draw.choice(["a", "b", "c"], customers),
            "noise": draw.normal(size=customers),
        }
    ).astype({"city": "str"})
    features["cell"] = features["protected_cell"] = features["city"]
    probability = 1 / (1 + np.exp(-log_odds(features)))
    features["is_churned"] = pd.array(draw.random(customers) < probability, "boolean")
    return features


def nothing(rows):
    return -1.4 + 0 * rows["x"]


def linear(rows):
    return -1 + 0.9 * rows["x"] + 0.9 * rows["flag"] + 0.8 * (rows["city"] == "a")


def interaction(rows):
    return -1 + 2 * np.sign(rows["x"] * rows["z"]) + 0.9 * rows["flag"]


WORLD_CATALOGUE = pd.DataFrame(
    {
        "feature_name": ["city", "flag", "noise", "x", "z"],
        "is_protected": False,
        "is_scored": True,
    }
)


def score(features, catalogue=CATALOGUE):
    fitted = churn_scores.fit_churn_models(features, catalogue, CELL_WEIGHT)
    return churn_scores.score_customers(features, *fitted)


def measure(features, scores, **options):
    predictions = scores[["customer_id", *churn_scores.CANDIDATES]].merge(
        features[["customer_id", "fold_number", "is_churned"]]
    )
    return churn_scores.measure_models(predictions, CONFIDENCE_LEVEL, **options)


def metric(metrics, model_code, feature_set, metric_name, column="metric_value"):
    (value,) = metrics.loc[
        (metrics["model_code"] == model_code)
        & (metrics["feature_set"] == feature_set)
        & (metrics["metric_name"] == metric_name),
        column,
    ]
    return value


def log_odds(probability):
    return np.log(probability / (1 - probability))


@pytest.fixture(scope="module")
def planted():
    features, probability = portfolio()
    scores = score(features)
    return features, probability, scores, measure(features, scores)


@pytest.fixture(scope="module")
def served():
    """A world, its fitted models and the scores of its customers, by the model that it favours."""
    fitted = {}
    for name, world_log_odds in {"logistic": linear, "gradient_boosting": interaction}.items():
        features = world(world_log_odds, 2_500, seed=2)
        models = churn_scores.fit_churn_models(features, WORLD_CATALOGUE, CELL_WEIGHT)
        fitted[name] = features, models, churn_scores.score_customers(features, *models)
    return fitted


# --- known truth


def test_scores_rank_nearly_as_well_as_the_planted_probabilities(planted):
    features, probability, _, metrics = planted
    best = roc_auc_score(features["is_churned"].astype(int), probability)
    assert best > 0.85
    assert best - 0.02 < metric(metrics, "gradient_boosting", "all", "auc") < best + 0.005
    least = brier_score_loss(features["is_churned"].astype(int), probability)
    assert least < metric(metrics, "gradient_boosting", "all", "brier") < least + 0.008


def test_scores_are_calibrated_against_the_planted_probabilities(planted):
    _, probability, scores, metrics = planted
    assert metric(metrics, "gradient_boosting", "all", "ece") < 0.015
    assert abs(metric(metrics, "gradient_boosting", "all", "calibration_slope") - 1) < 0.06
    assert abs(metric(metrics, "gradient_boosting", "all", "calibration_intercept")) < 0.06
    # in each decile of scores, the mean score is the mean planted probability
    ordered = np.argsort(scores["churn_probability"].to_numpy(), kind="stable")
    for decile in np.array_split(ordered, 10):
        assert (
            abs(scores["churn_probability"].to_numpy()[decile].mean() - probability[decile].mean())
            < 0.06
        )


def test_boosting_beats_its_baselines_and_leaving_out_protected_features_costs(planted):
    metrics = planted[-1]
    for feature_set in ("all", "without_protected"):
        ours = metric(metrics, "gradient_boosting", feature_set, "brier")
        for baseline in ("logistic", "cell_rate"):
            assert ours < metric(metrics, baseline, feature_set, "brier")
    assert metric(metrics, "gradient_boosting", "without_protected", "auc") < (
        metric(metrics, "gradient_boosting", "all", "auc") - 0.05
    )
    assert metric(metrics, "gradient_boosting", "all", "brier", "verdict") == "better"
    assert set(planted[2]["model_code"]) == {"gradient_boosting"}


def test_the_largest_contributions_are_what_was_planted_in_its_direction(planted):
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


@pytest.mark.parametrize("seed", [1, 3])  # the gain of boosting at seed 1 is rounding alone
def test_where_nothing_is_planted_the_base_rate_is_served_and_no_model_is_better(seed):
    features = world(nothing, 2_000, seed)
    scores = score(features, WORLD_CATALOGUE)
    assert set(scores["model_code"]) == {"base_rate"}
    assert (scores["churn_probability"] == scores["base_rate_none"]).all()
    assert scores[[f"top_feature_{n}_name" for n in churn_scores.TOP_FEATURES]].isna().all().all()
    assert "better" not in set(measure(features, scores)["verdict"])
    # the sigmoid draws scores that rank by chance to the base rate, so none of them looks like a finding
    assert scores["gradient_boosting_all"].between(0.14, 0.26).all()


def test_without_calibration_boosting_on_nothing_would_look_like_findings(monkeypatch):
    monkeypatch.setattr(churn_scores, "_sigmoid", lambda log_odds, outcome: (1.0, 0.0))
    scores = score(world(nothing, 2_000, seed=0), WORLD_CATALOGUE)
    assert not scores["gradient_boosting_all"].between(0.1, 0.4).all()


# --- the served model


def test_of_few_outcomes_trees_learn_the_world_and_not_the_customers():
    """1% of 8,000 customers churn, by a number of products and a score; four further features are noise."""
    found, best = [], []
    for seed in range(3):
        draw = np.random.default_rng(seed)
        matrix = draw.normal(size=(28_000, 6))
        matrix[:, 0] = draw.integers(1, 5, 28_000)
        odds = 0.6 * (matrix[:, 0] - 2) ** 2 + 0.4 * matrix[:, 1]
        probability = 1 / (1 + np.exp(5.9 - odds))
        outcome = (draw.random(28_000) < probability).astype(float)
        fitted = churn_scores._fit_booster(
            churn_scores.TrainingSet(
                matrix[:8_000], np.full(6, False), [], np.zeros(8_000, int), outcome[:8_000],
                np.zeros(8_000, int), np.full(8_000, True),
            )
        )  # fmt: skip
        found.append(roc_auc_score(outcome[8_000:], fitted.decision_function(matrix[8_000:])))
        best.append(roc_auc_score(outcome[8_000:], probability[8_000:]))
    assert np.mean(best) - np.mean(found) < 0.035, (found, best)


@pytest.mark.parametrize("model_code", ["logistic", "gradient_boosting"])
def test_the_model_that_fits_the_world_is_served(served, model_code):
    _, (_, model), scores = served[model_code]
    assert (model.model_code, model.feature_set) == (model_code, "all")
    assert (scores["model_code"] == model_code).all() and (scores["feature_set"] == "all").all()
    assert (scores["churn_probability"] == scores[f"{model_code}_all"]).all()


def test_cell_rates_are_served_where_only_the_cell_matters_and_its_features_contribute():
    features = world(lambda rows: -1.5 + 2.5 * (rows["city"] == "a"), 2_000, seed=1)
    catalogue = WORLD_CATALOGUE.assign(is_scored=WORLD_CATALOGUE["feature_name"] != "noise")
    models = churn_scores.fit_churn_models(features, catalogue, CELL_WEIGHT)
    scores = churn_scores.score_customers(features, *models)
    assert (scores["churn_probability"] == scores["cell_rate_without_protected"]).all()
    assert set(scores["top_feature_1_name"]) == {"city"}
    assert scores["top_feature_2_name"].isna().all()
    fold = features["fold_number"]
    for one in range(5):
        cities = features.loc[fold != one, "city"].value_counts(normalize=True)
        rates = scores[fold == one].groupby(features["city"])["churn_probability"].first()
        mean = (cities * log_odds(rates)).sum()
        expected = (log_odds(scores["churn_probability"]) - mean)[fold == one]
        assert scores.loc[fold == one, "top_feature_1_effect"].to_numpy() == pytest.approx(
            expected.to_numpy()
        )


def test_cells_that_features_do_not_determine_have_no_contributions():
    features = world(lambda rows: -1.5 + 2.5 * (rows["x"] > 1), 2_000, seed=1)
    features["cell"] = np.where(features["x"] > 1, "high", "low")
    catalogue = WORLD_CATALOGUE.assign(is_scored=WORLD_CATALOGUE["feature_name"] != "noise")
    models = churn_scores.fit_churn_models(features, catalogue, CELL_WEIGHT)
    scores = churn_scores.score_customers(features, *models)
    assert set(scores["model_code"]) == {"cell_rate"}
    assert scores["top_feature_1_name"].isna().all()


@pytest.mark.parametrize(
    ("better_count", "chosen"), [(54, "simple"), (57, "complex"), (0, "simple")]
)
def test_a_complex_model_must_beat_a_simpler_one_by_more_than_one_standard_error(
    better_count, chosen
):
    # squared errors of .25 against .15 and .35: 54 of 100 smaller ones are a gain of .8 standard errors, 57 of 1.4
    errors = np.where(np.arange(100) < better_count, 0.15, 0.35)
    predictions = {"simple": np.full(100, 0.5), "complex": np.sqrt(errors)}
    assert churn_scores.choose_model(np.zeros(100), predictions) == chosen


def test_rounding_is_no_gain():
    outcome = (np.arange(1_000) % 5 == 0).astype(float)
    base = np.full(1_000, 0.2)
    rounded = {column: base for column in churn_scores.CANDIDATES}
    rounded |= {
        "logistic_all": base * (1 + 1e-12 * (2 * outcome - 1)),
        "gradient_boosting_all": base * (1 - 1e-12 * (2 * outcome - 1)),
    }
    predictions = pd.DataFrame(rounded).assign(
        customer_id=np.arange(1_000).astype(str), fold_number=0, is_churned=outcome
    )
    gains = (base - outcome) ** 2 - (rounded["logistic_all"] - outcome) ** 2
    assert gains.mean() > CONFIDENCE_LEVEL * gains.std() / np.sqrt(len(gains))
    metrics = churn_scores.measure_models(predictions, CONFIDENCE_LEVEL)
    assert set(metrics["verdict"].dropna()) == {"inconclusive"}
    assert churn_scores.choose_model(outcome, {"base": base, "other": rounded["logistic_all"]}) == (
        "base"
    )


def test_no_model_is_served_that_loses_to_a_simpler_one():
    error = np.full(100, 0.25)
    errors = {
        "base_rate": error,
        "cell_rate": error - 0.010,
        # worse than the cells, though its noise hides by how much it is worse than the best
        "logistic": error - 0.005 + 0.2 * np.where(np.arange(100) % 2, 1, -1),
        "gradient_boosting": error - 0.011,
    }
    predictions = {name: np.sqrt(error) for name, error in errors.items()}
    assert churn_scores.choose_model(np.zeros(100), predictions) == "gradient_boosting"


# --- contributions


def mixed_world(log_odds, seed):
    """With unknown values, and a text feature that is not the first of the catalogue."""
    features = world(log_odds, 1_500, seed)
    features.loc[::7, "x"] = np.nan
    features.loc[::9, "city"] = None
    features = features.rename(columns={"city": "residence"}).astype({"residence": "str"})
    catalogue = WORLD_CATALOGUE.replace("city", "residence").sort_values("feature_name")
    return features, churn_scores.fit_churn_models(features, catalogue, CELL_WEIGHT)


def shapley_values(score, row, background):
    """By definition: what each feature adds to the mean score over the background, in all orders of the features."""

    @functools.cache
    def worth(given):
        rows = background.copy()
        rows[:, list(given)] = row[list(given)]
        return score(rows).mean()

    orders = list(itertools.permutations(range(len(row))))
    return [
        np.mean(
            [
                worth(frozenset(order[: order.index(position) + 1]))
                - worth(frozenset(order[: order.index(position)]))
                for order in orders
            ]
        )
        for position in range(len(row))
    ]


@pytest.mark.parametrize("model_code", ["logistic", "gradient_boosting"])
def test_contributions_are_the_shapley_values_of_the_log_odds(model_code):
    features, (predictions, model) = mixed_world(
        linear if model_code == "logistic" else interaction, seed=3
    )
    assert model.model_code == model_code
    scores = churn_scores.score_customers(features, predictions, model)
    matrix, cell = model.encoder.encode(features)
    fold = features["fold_number"].to_numpy()
    codes = list(model.encoder.encodings)
    for number in (0, 7, 9, 63, 101):
        background = matrix[fold != fold[number]]

        def score(rows, number=number):
            return log_odds(model.fitted[fold[number]].probabilities(rows, cell))

        values = shapley_values(score, matrix[number], background)
        expected = dict(zip(codes, values, strict=True))
        largest = sorted(codes, key=lambda code: -abs(expected[code]))  # noqa: B023
        for top in churn_scores.TOP_FEATURES:
            assert scores[f"top_feature_{top}_name"][number] == largest[top - 1]
            effect = scores[f"top_feature_{top}_effect"][number]
            assert effect == pytest.approx(expected[largest[top - 1]], abs=1e-9)


def test_contributions_add_up_to_the_score_minus_its_mean(served):
    for features, (_, model), _ in served.values():
        matrix, cell = model.encoder.encode(features)
        for fold, fitted in model.fitted.items():
            scored = log_odds(fitted.probabilities(matrix, cell))
            mean = scored[features["fold_number"] != fold].mean()
            total = contributions.added_up(model.explained[fold], matrix).sum(axis=0)
            assert total == pytest.approx(scored - mean, abs=1e-9)


def test_trees_score_as_those_of_the_library():
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(4_000, 3))
    matrix[:, 1] = draw.integers(0, 6, 4_000)
    matrix[draw.random(matrix.shape) < 0.1] = np.nan
    odds = np.nansum(matrix[:, [0, 2]], axis=1) + np.isin(matrix[:, 1], [1, 4]) - 1
    outcome = (draw.random(4_000) < 1 / (1 + np.exp(-odds))).astype(float)
    is_text = np.array([False, True, False])
    booster = churn_scores._fit_booster(
        churn_scores.TrainingSet(
            matrix, is_text, [], np.zeros(4_000, int), outcome, np.zeros(4_000, int),
            np.full(4_000, True),
        )
    )  # fmt: skip
    matrix[::9, 1] = churn_scores.LARGEST_CATEGORIES  # not seen
    trees = boosted_trees(booster, is_text, churn_scores.UNKNOWN_CATEGORY)
    assert {place for tree in trees.trees for place in tree.positions} == {0, 1, 2}
    assert (trees.log_odds(matrix) == booster.decision_function(matrix)).all()


def test_the_logistic_regression_is_that_of_the_library():
    features = world(linear, 1_500, seed=4)
    features.loc[::7, "x"] = np.nan
    features.loc[::9, "city"] = None
    scores = score(features, WORLD_CATALOGUE)
    numbers = ["flag", "noise", "x", "z"]
    library = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(), ["city"]),
            (
                make_pipeline(
                    SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
                ),
                numbers,
            ),
        ),
        LogisticRegression(max_iter=1_000),
    )
    held_out = features["fold_number"] == 2
    library.fit(features[~held_out], features.loc[~held_out, "is_churned"].astype(int))
    expected = library.predict_proba(features[held_out])[:, 1]
    assert scores.loc[held_out, "logistic_all"].to_numpy() == pytest.approx(expected, abs=1e-6)


# --- what a score may know


def test_no_score_knows_its_own_outcome(served):
    features, _, scores = served["logistic"]
    turned = features.copy()
    mine = turned["fold_number"] == 3
    turned.loc[mine, "is_churned"] = ~turned.loc[mine, "is_churned"]
    columns = list(churn_scores.CANDIDATES)
    pd.testing.assert_frame_equal(
        scores[mine][columns], score(turned, WORLD_CATALOGUE)[mine][columns]
    )


def test_rows_outside_the_sample_are_scored_and_no_model_is_fitted_on_them(served):
    features = served["gradient_boosting"][0].copy()
    features["is_sampled"] = np.arange(len(features)) < 1_200
    scores = score(features, WORLD_CATALOGUE)
    assert scores["churn_probability"].notna().all()
    unknown = features.copy()
    unknown.loc[~features["is_sampled"], ["is_churned", "window_number"]] = pd.NA
    pd.testing.assert_frame_equal(score(unknown, WORLD_CATALOGUE), scores)


@pytest.fixture(scope="module")
def pooled():
    """A latest window with few churned customers, and two earlier ones whose churn odds are four times as high."""
    latest = world(lambda rows: linear(rows) - 2.4, 1_200, seed=11)
    earlier = [
        world(lambda rows: linear(rows) - 1, 1_200, seed=11 + number, window_number=number)
        for number in (2, 3)
    ]
    return latest, pd.concat([latest, *earlier], ignore_index=True)


def test_earlier_windows_are_fitted_and_give_no_row_and_no_rate(pooled):
    latest, rows = pooled
    alone, scores = score(latest, WORLD_CATALOGUE), score(rows, WORLD_CATALOGUE)
    assert scores["customer_id"].tolist() == alone["customer_id"].tolist()
    rate = latest["is_churned"].astype(float).mean()
    for column in churn_scores.CANDIDATES:
        assert scores[column].mean() == pytest.approx(rate, rel=0.1), column
        assert not scores[column].equals(alone[column]) or column == "base_rate_none"
    alone, scores = measure(latest, alone), measure(latest, scores)
    gain = [metric(m, "gradient_boosting", "all", "auc") for m in (alone, scores)]
    assert gain[1] > gain[0] + 0.01
    assert metric(scores, "logistic", "all", "brier") < metric(alone, "logistic", "all", "brier")


def test_no_model_has_seen_the_customer_in_any_window(pooled):
    _, rows = pooled
    mine = rows["fold_number"] == 3
    turned = rows.assign(is_churned=rows["is_churned"] ^ mine)
    columns = list(churn_scores.CANDIDATES)
    before, after = (score(each, WORLD_CATALOGUE)[columns] for each in (rows, turned))
    own = (np.arange(len(before)) % 5) == 3
    pd.testing.assert_frame_equal(before[own], after[own])
    assert not before[~own].equals(after[~own])


def test_a_fold_without_a_churned_customer_in_the_latest_window_is_not_ranked(pooled):
    latest, rows = pooled
    lacks = (rows["window_number"] == 1) & (rows["fold_number"] == 2)
    rows = rows.assign(is_churned=rows["is_churned"] & ~lacks)
    measured = measure(rows[rows["window_number"] == 1], score(rows, WORLD_CATALOGUE))
    assert measured["metric_value"].notna().all()


def test_without_a_churned_customer_in_the_latest_window_there_is_no_model(pooled):
    _, rows = pooled
    nobody = rows.assign(is_churned=rows["is_churned"] & (rows["window_number"] != 1))
    assert score(nobody, WORLD_CATALOGUE).empty


def test_a_fold_without_sampled_customers_is_scored(served):
    features, models, _ = served["logistic"]
    scores = churn_scores.score_customers(features.assign(fold_number=7), *models)
    assert scores["churn_probability"].between(0, 1).all()


def test_where_nothing_is_protected_both_feature_sets_are_one(served):
    _, _, scores = served["gradient_boosting"]
    for model in ("logistic", "gradient_boosting"):
        assert (scores[f"{model}_all"] == scores[f"{model}_without_protected"]).all()


def test_scores_leave_out_features_that_they_may_not_use(planted):
    features = planted[0].head(2_000)
    catalogue = CATALOGUE.assign(is_scored=~CATALOGUE["is_protected"])
    fair = score(features, catalogue)
    assert set(zip(fair["model_code"], fair["feature_set"], strict=True)) == {
        ("gradient_boosting", "without_protected")
    }
    pd.testing.assert_series_equal(
        fair["churn_probability"], fair["gradient_boosting_without_protected"], check_names=False
    )
    tops = fair[[f"top_feature_{n}_name" for n in churn_scores.TOP_FEATURES]]
    assert not tops.isin(["age", "gender"]).any().any()


# --- determinism


@pytest.mark.parametrize("model_code", ["logistic", "gradient_boosting"])
def test_rows_may_come_in_any_order_and_on_any_number_of_threads(served, model_code):
    features, models, scores = served[model_code]
    shuffled = features.sample(frac=1, random_state=5)
    with threadpool_limits(1):
        pd.testing.assert_frame_equal(score(shuffled, WORLD_CATALOGUE), scores)
    pd.testing.assert_frame_equal(
        measure(shuffled, scores.sample(frac=1, random_state=6)), measure(features, scores)
    )


@pytest.mark.parametrize("model_code", ["logistic", "gradient_boosting"])
def test_each_row_is_scored_by_itself(served, model_code):
    features, models, scores = served[model_code]
    batches = [
        churn_scores.score_customers(features.iloc[start : start + 701], *models)
        for start in range(0, len(features), 701)
    ]
    pd.testing.assert_frame_equal(pd.concat(batches, ignore_index=True), scores)


# --- out of time


@pytest.fixture(scope="module")
def shifted():
    """Models fitted on one window, on a later one whose churn odds are e times as high."""
    earlier = world(lambda rows: linear(rows) - 1, 4_000, seed=6, window_number=2)
    later = world(linear, 4_000, seed=7)
    predictions = churn_scores.predict_out_of_time(
        earlier, later, WORLD_CATALOGUE, CELL_WEIGHT, MINIMUM_OUTCOMES
    )
    return earlier, later, predictions, measure(later, predictions, is_out_of_time=True)


def test_a_shift_of_the_churn_rate_shows_in_the_intercept_out_of_time(shifted):
    earlier, later, _, metrics = shifted
    for model_code in ("logistic", "gradient_boosting"):
        assert metric(metrics, model_code, "all", "calibration_intercept") == pytest.approx(
            1, abs=0.2
        )
        assert metric(metrics, model_code, "all", "calibration_slope") == pytest.approx(1, abs=0.2)
    rates = [rows["is_churned"].mean() for rows in (earlier, later)]
    assert metric(metrics, "base_rate", "none", "calibration_intercept") == pytest.approx(
        log_odds(rates[1]) - log_odds(rates[0])
    )
    same = measure(later, score(later, WORLD_CATALOGUE))
    assert abs(metric(same, "logistic", "all", "calibration_intercept")) < 0.1


def test_one_model_ranks_all_customers_out_of_time(shifted):
    _, later, predictions, metrics = shifted
    outcome = later["is_churned"].astype(int)
    for column, (model_code, feature_set) in churn_scores.CANDIDATES.items():
        assert metric(metrics, model_code, feature_set, "auc") == pytest.approx(
            roc_auc_score(outcome, predictions[column])
        )
    assert predictions["base_rate_none"].nunique() == 1
    assert predictions["cell_rate_all"].nunique() == 3
    names = set(metrics.loc[metrics["model_code"] == "base_rate", "metric_name"])
    assert names == {"auc", "brier", "calibration_intercept", "ece", "top_decile_lift"}


def test_a_cell_that_is_new_out_of_time_has_the_base_rate(shifted):
    earlier, later, _, _ = shifted
    later = later.assign(cell="new").astype({"cell": "str"})
    predictions = churn_scores.predict_out_of_time(
        earlier, later, WORLD_CATALOGUE, CELL_WEIGHT, MINIMUM_OUTCOMES
    )
    new = predictions["cell_rate_without_protected"]
    assert (new == predictions["base_rate_none"]).all()


def test_out_of_time_only_sampled_rows_count_in_any_order(shifted):
    earlier, later, predictions, _ = shifted
    others = [
        rows.head(300).assign(customer_id="other " + rows["customer_id"], is_sampled=False)
        for rows in (earlier, later)
    ]
    for other in others:
        other["is_churned"] = pd.NA
    windows = [
        pd.concat([rows, other]).sample(frac=1, random_state=8)
        for rows, other in zip((earlier, later), others, strict=True)
    ]
    again = churn_scores.predict_out_of_time(
        *windows, WORLD_CATALOGUE, CELL_WEIGHT, MINIMUM_OUTCOMES
    )
    pd.testing.assert_frame_equal(again, predictions)


@pytest.mark.parametrize(("earlier_count", "later_count"), [(0, 4_000), (200, 4_000), (4_000, 0)])
def test_too_few_outcomes_give_no_predictions_out_of_time(shifted, earlier_count, later_count):
    earlier, later, _, _ = shifted
    predictions = churn_scores.predict_out_of_time(
        earlier.head(earlier_count),
        later.head(later_count),
        WORLD_CATALOGUE,
        CELL_WEIGHT,
        MINIMUM_OUTCOMES,
    )
    assert len(predictions) == 0
    assert dict(predictions.dtypes.astype(str)) == churn_scores.PREDICTION_TYPES
    assert len(measure(later, predictions, is_out_of_time=True)) == 0


# --- too little to fit a model on


def test_an_empty_frame_gives_an_empty_typed_one(planted):
    assert score(planted[0], CATALOGUE.head(0)).empty
    scores = score(planted[0].head(0))
    assert len(scores) == 0 and dict(scores.dtypes.astype(str)) == churn_scores.SCORE_TYPES
    metrics = measure(planted[0].head(0), scores)
    assert len(metrics) == 0 and dict(metrics.dtypes.astype(str)) == churn_scores.METRIC_TYPES


@pytest.mark.parametrize("outcome", [True, False])
def test_one_class_gives_no_scores(planted, outcome):
    features = planted[0].head(500).assign(is_churned=pd.array([outcome] * 500, "boolean"))
    assert len(score(features)) == 0


def test_a_fold_without_churned_customers_gives_no_scores(planted):
    features = planted[0].head(2_000).copy()
    features.loc[features["fold_number"] == 0, "is_churned"] = False
    assert len(score(features)) == 0


def test_nothing_known_but_protected_features_gives_no_scores(planted):
    features = planted[0].head(2_000).copy()
    features[list(CATALOGUE.loc[~CATALOGUE["is_protected"], "feature_name"])] = np.nan
    assert len(score(features)) == 0


def test_each_customer_may_have_a_city_of_its_own(planted):
    features = planted[0].head(1_000).copy()
    features["city"] = "city " + features["customer_id"]
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
    # nine at .05 and one at .95, all retained: 9/10 x .05 + 1/10 x .95
    probability = np.array([0.05] * 9 + [0.95])
    error = churn_scores.expected_calibration_error(np.zeros(10), probability)
    assert error == pytest.approx(0.9 * 0.05 + 0.1 * 0.95)


def test_the_lift_of_the_top_decile_counts_ties_in_part():
    outcome = np.array([1.0] * 4 + [0.0] * 16)
    assert churn_scores.top_decile_lift(outcome, np.linspace(1, 0, 20)) == 5
    assert churn_scores.top_decile_lift(outcome, np.linspace(0, 1, 20)) == 0
    assert churn_scores.top_decile_lift(outcome, np.full(20, 0.2)) == 1
    # the first is above the edge, and one of the next four fits in, of whom three churned
    edge = np.array([0.9] + [0.5] * 4 + [0.1] * 15)
    assert churn_scores.top_decile_lift(outcome, edge) == pytest.approx((1 + 3 / 4) / 2 / 0.2)


def test_the_base_rate_ranks_like_chance_and_has_no_slope(planted):
    metrics = planted[-1]
    names = set(metrics.loc[metrics["model_code"] == "base_rate", "metric_name"])
    assert names == {"auc", "brier", "ece", "top_decile_lift"}
    assert metric(metrics, "base_rate", "none", "auc") == 0.5
    assert metric(metrics, "base_rate", "none", "top_decile_lift") == pytest.approx(1)


def test_a_group_s_probabilities_get_its_churn_rate_and_keep_their_order():
    generator = np.random.default_rng(1)
    probability = generator.uniform(0.05, 0.4, 4_000)
    tested = pd.DataFrame(
        {
            "feature_set": "all",
            "age_band": np.where(np.arange(4_000) < 2_000, "old", "young"),
            "gender": "female",
            "churn_probability": probability,
            "is_churned": generator.uniform(size=4_000) < np.repeat([0.5, 0.1], 2_000),
        }
    )
    factors = churn_scores.calibrate_groups(tested)
    pd.testing.assert_frame_equal(factors, churn_scores.calibrate_groups(tested[::-1]))
    factor = tested.merge(factors)["odds_factor"].to_numpy()
    calibrated = probability * factor / (1 - probability + probability * factor)
    for band in ("old", "young"):
        ours = (tested["age_band"] == band).to_numpy()
        # ten customers who do as the scores say among two thousand
        assert abs(calibrated[ours].mean() - tested["is_churned"][ours].mean()) < 0.003
        assert (np.argsort(calibrated[ours]) == np.argsort(probability[ours])).all()
    few = tested[ours][:1].assign(is_churned=True)
    assert 1 < churn_scores.calibrate_groups(few)["odds_factor"][0] < 2
