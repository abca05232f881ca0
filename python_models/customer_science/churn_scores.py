"""Churn probabilities, what speaks for them, and how good they are beside baselines: pure functions of pandas frames.

Sources: Friedman (2001) for gradient boosting; Platt (1999) for the sigmoid that calibrates it; Robnik-Sikonja and
Kononenko (2008) for the effect of a feature; Brier (1950); Naeini, Cooper and Hauskrecht (2015) for the expected
calibration error; Cox (1958) for the calibration slope.
"""

from copy import copy
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from customer_science.batches import empty_frame
from customer_science.value_metrics import top_decile_capture

# feature set -> the cells whose rate is its baseline
CELLS = {"without_protected": "cell", "all": "protected_cell"}
# column of predictions -> model and feature set
CANDIDATES = {
    "base_rate_none": ("base_rate", "none"),
    **{
        f"{model}_{feature_set}": (model, feature_set)
        for model in ("cell_rate", "logistic", "gradient_boosting")
        for feature_set in CELLS
    },
}
TOP_FEATURES = (1, 2, 3)
PREDICTION_TYPES = {
    **dict.fromkeys(["customer_id", "score_basis"], "str"),
    **dict.fromkeys(CANDIDATES, "float64"),
}
SCORE_TYPES = {
    **PREDICTION_TYPES,
    "churn_probability": "float64",
    **{f"top_feature_{number}_name": "str" for number in TOP_FEATURES},
    **{f"top_feature_{number}_effect": "float64" for number in TOP_FEATURES},
}
METRIC_TYPES = {
    **dict.fromkeys(["model_code", "feature_set", "metric_name"], "str"),
    "metric_value": "float64",
    "verdict": "str",
    **dict.fromkeys(["customers_count", "churned_count"], "int64"),
}

LARGEST_CATEGORIES = 50  # a text feature's further values are one category: trees take 255 at most
# quantiles that stand for a feature's distribution when its effect is measured
REFERENCE_VALUES = 5
EXPLAINED_AT_ONCE = 50_000  # customers; what fits into the processor's cache


class Lessons(NamedTuple):
    """What models of one feature set learn from, one row per customer and basis, sorted by key.

    `matrix` has a column per feature, codes where `is_text`, NaN where unknown; `outcome` is 1 for churned, 0 for
    stayed; `fold` numbers the folds."""

    matrix: np.ndarray
    is_text: np.ndarray
    outcome: np.ndarray
    fold: np.ndarray

    def folds(self):
        """Each fold with the rows that it predicts and those of the other folds."""
        for one in np.unique(self.fold):
            yield one, self.fold == one, self.fold != one


class ScoreModel(NamedTuple):
    """Calibrated boosting for each fold, and what speaks in its scores."""

    encodings: dict[str, pd.Series | None]  # see learn_encodings
    boosted: dict  # fold -> model, slope and intercept of its calibrated log-odds
    swaps: dict  # fold -> see _swaps


def learn_scores(
    features: pd.DataFrame, catalogue: pd.DataFrame, cell_weight: float
) -> tuple[pd.DataFrame, ScoreModel | None]:
    """Out-of-fold churn probabilities of those whom models learn from, by every model, and the model that scores.

    `features` has one row per customer and basis: customer_id, score_basis, fold_number, is_churned (the outcome,
    known), cell and protected_cell (text), and the features that `catalogue` lists by feature_name, is_protected and
    is_scored (whether the score uses it). `cell_weight` is the number of customers at the base rate with which a cell's
    own are averaged. Returns customer_id, score_basis and the columns of CANDIDATES, the same whatever the order of
    rows and the number of threads; no rows and no model where nothing but protected features is known or a fold lacks
    an outcome.

    No model has seen the fold that it predicts. Boosting is calibrated by a sigmoid of its log-odds, fitted on
    predictions by models that saw neither the fold predicted nor the fold scored.
    """
    rows = features.sort_values(["customer_id", "score_basis"], ignore_index=True)
    fold = rows["fold_number"].to_numpy("int64")
    outcome = rows["is_churned"].astype("Float64").to_numpy(float)
    known = catalogue[[rows[code].notna().any() for code in catalogue["feature_name"]]]
    codes_by_set = {
        "without_protected": list(known.loc[~known["is_protected"].astype(bool), "feature_name"]),
        "all": list(known["feature_name"]),
    }
    score_set = "all" if known["is_scored"].astype(bool).all() else "without_protected"
    outcomes_seen = set(zip(fold, outcome, strict=True))
    # a sigmoid needs two folds besides the one that it serves
    if not codes_by_set["without_protected"] or len(outcomes_seen) < 2 * max(3, len(set(fold))):
        return empty_frame(PREDICTION_TYPES), None

    predictions = rows[["customer_id", "score_basis"]].copy()
    # one thread: sums are added in one order, and trees as small as these wait for each other longer than they work
    with threadpool_limits(1):
        for feature_set, codes in codes_by_set.items():
            encodings = learn_encodings(rows[codes])
            lessons = Lessons(*encode_features(rows, encodings), outcome, fold)
            cells = pd.factorize(rows[CELLS[feature_set]])[0]
            predictions["base_rate_none"] = _cell_rates(lessons, np.zeros_like(cells), cell_weight)
            predictions[f"cell_rate_{feature_set}"] = _cell_rates(lessons, cells, cell_weight)
            predictions[f"logistic_{feature_set}"] = _logistic(lessons)
            boosted = _calibrated_boosting(lessons)
            predictions[f"gradient_boosting_{feature_set}"] = _predicted(
                boosted, lessons.matrix, lessons.fold
            )
            if feature_set == score_set:
                model = ScoreModel(encodings, boosted, _swaps(lessons, boosted))
    return predictions[list(PREDICTION_TYPES)].astype(PREDICTION_TYPES), model


def score_customers(
    features: pd.DataFrame, predictions: pd.DataFrame, model: ScoreModel | None
) -> pd.DataFrame:
    """Churn probabilities, and the three features that speak most in each.

    `features` as for `learn_scores`, of anybody, with is_latest (whether the row is explained); `predictions` and
    `model` are what `learn_scores` returned. Each row is scored by itself, by the model that has not seen its fold.
    Returns the columns of SCORE_TYPES, sorted by key; what other models say is null outside the rows that are learned
    from; no rows without a model. The effect of a feature is the score's log-odds less their mean over the values of
    the feature, all else equal; above zero it raises the score.
    """
    if model is None:
        return empty_frame(SCORE_TYPES)
    rows = features.sort_values(["customer_id", "score_basis"], ignore_index=True)
    matrix, _ = encode_features(rows, model.encodings)
    fold = rows["fold_number"].to_numpy("int64")
    scores = rows[["customer_id", "score_basis"]].merge(predictions, how="left")
    with threadpool_limits(1):  # see learn_scores
        scores["churn_probability"] = _predicted(model.boosted, matrix, fold)
        tops = _top_features(model, matrix, fold, rows["is_latest"].to_numpy(bool))
    scores = scores.join(tops)
    return scores[list(SCORE_TYPES)].astype(SCORE_TYPES)


def measure_models(predictions: pd.DataFrame, confidence_z: float) -> pd.DataFrame:
    """How good each model's out-of-fold probabilities are.

    `predictions` has one row per customer: customer_id, fold_number, is_churned (known) and the columns of CANDIDATES
    in (0, 1). Returns one row per candidate and metric with the columns of METRIC_TYPES:

    * `auc` and `top_decile_lift` (the churn rate of the tenth with the highest scores over everybody's; a tie at its
      edge counts in part), the means over folds, since each fold is ranked by a model of its own;
    * `brier`, with a verdict: `better` or `worse` than the base rate where the mean difference of squared errors is
      more than `confidence_z` of its standard errors from zero, else `inconclusive`;
    * `ece`, over ten bins of equal width;
    * `calibration_slope` of a logistic regression on the log-odds, and `calibration_intercept` with the slope held
      at 1: 1 and 0 are perfect. A model that gives each fold one value has neither.
    """
    rows = predictions.sort_values("customer_id", ignore_index=True)
    outcome = rows["is_churned"].to_numpy(float)
    fold = rows["fold_number"].to_numpy()
    measured = []
    for column, (model_code, feature_set) in CANDIDATES.items() if len(rows) else ():
        probability = rows[column].to_numpy(float)
        gains = (rows["base_rate_none"] - outcome) ** 2 - (probability - outcome) ** 2
        half = confidence_z * gains.std() / np.sqrt(len(gains))
        verdict = np.select(
            [gains.mean() > half, gains.mean() < -half], ["better", "worse"], "inconclusive"
        )
        folds = [(outcome[fold == one], probability[fold == one]) for one in np.unique(fold)]
        metrics = {
            "auc": np.mean([roc_auc_score(*one) for one in folds]),
            "top_decile_lift": np.mean([top_decile_lift(*one) for one in folds]),
            "brier": brier_score_loss(outcome, probability),
            "ece": expected_calibration_error(outcome, probability),
        }
        if len(set(probability)) > len(set(fold)):
            slope, intercept = calibration(outcome, probability)
            metrics |= {"calibration_slope": slope, "calibration_intercept": intercept}
        measured += [
            {
                "model_code": model_code,
                "feature_set": feature_set,
                "metric_name": name,
                "metric_value": value,
                "verdict": str(verdict) if name == "brier" and model_code != "base_rate" else None,
                "customers_count": len(outcome),
                "churned_count": int(outcome.sum()),
            }
            for name, value in metrics.items()
        ]
    return pd.DataFrame(measured, columns=list(METRIC_TYPES)).astype(METRIC_TYPES)


def expected_calibration_error(outcome: np.ndarray, probability: np.ndarray) -> float:
    """Mean distance between predicted and observed rate over ten bins of equal width, weighted by their customers."""
    bins = np.minimum((10 * probability).astype(int), 9)
    return float(np.abs(np.bincount(bins, probability - outcome)).sum() / len(outcome))


def top_decile_lift(outcome: np.ndarray, probability: np.ndarray) -> float:
    """Churn rate of the highest tenth over everybody's: ten times the share of the leavers that it holds."""
    return 10 * top_decile_capture(outcome, probability)


def calibration(outcome: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Slope of the outcome on the log-odds, and intercept with the slope held at 1 (Cox 1958)."""
    log_odds = logit(np.clip(probability, 1e-12, 1 - 1e-12))
    with threadpool_limits(1):
        fitted = LogisticRegression(C=np.inf, tol=1e-8).fit(log_odds[:, None], outcome)
    bound = np.abs(log_odds).max() + np.abs(logit(outcome.mean()))
    intercept = brentq(lambda shift: (expit(shift + log_odds) - outcome).mean(), -bound, bound)
    return float(fitted.coef_[0, 0]), float(intercept)


def learn_encodings(features: pd.DataFrame) -> dict[str, pd.Series | None]:
    """For each feature how its values become numbers: None for numbers, for text the rank of each value by frequency.
    What is rarer than LARGEST_CATEGORIES others, or was never seen, shares one code."""
    encodings = {}
    for code in features:
        encodings[code] = None
        if pd.api.types.is_string_dtype(features[code]):
            counts = (
                features[code]
                .value_counts()
                .sort_index()
                .sort_values(ascending=False, kind="stable")
            )
            encodings[code] = pd.Series(
                np.minimum(np.arange(len(counts)), LARGEST_CATEGORIES), counts.index
            )
    return encodings


def encode_features(
    features: pd.DataFrame, encodings: dict[str, pd.Series | None]
) -> tuple[np.ndarray, np.ndarray]:
    """The encoded features as doubles, a column each, NaN where unknown; and which of them are text."""
    columns = []
    for code, ranks in encodings.items():
        column = features[code]
        if ranks is not None:
            column = column.map(ranks).where(
                column.isin(ranks.index) | column.isna(), LARGEST_CATEGORIES
            )
        columns.append(column.astype("Float64").to_numpy(float, na_value=np.nan))
    return np.column_stack(columns), np.array([ranks is not None for ranks in encodings.values()])


def _cell_rates(lessons: Lessons, cells: np.ndarray, cell_weight: float) -> np.ndarray:
    """Churn rate of each row's cell in the other folds, averaged with `cell_weight` customers at the base rate."""
    rates = np.empty(len(cells))
    for _, predicted, training in lessons.folds():
        base_rate = lessons.outcome[training].mean()
        counts = np.bincount(cells[training], minlength=cells.max() + 1)
        churned = np.bincount(cells[training], lessons.outcome[training], cells.max() + 1)
        shrunk = (churned + cell_weight * base_rate) / (counts + cell_weight)
        rates[predicted] = shrunk[cells[predicted]]
    return rates


def _logistic(lessons: Lessons) -> np.ndarray:
    """Probabilities by a logistic regression with an indicator of each unknown value."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), lessons.is_text),
            (numbers, ~lessons.is_text),
        ),
        LogisticRegression(max_iter=1_000),
    )
    probabilities = np.empty(len(lessons.fold))
    for _, predicted, training in lessons.folds():
        model.fit(lessons.matrix[training], lessons.outcome[training])
        probabilities[predicted] = model.predict_proba(lessons.matrix[predicted])[:, 1]
    return probabilities


def _calibrated_boosting(lessons: Lessons) -> dict:
    """Fold -> model, slope and intercept of its calibrated log-odds."""

    def fitted_without(*folds):
        training = ~np.isin(lessons.fold, folds)
        model = HistGradientBoostingClassifier(
            learning_rate=0.2,
            max_iter=50,
            max_leaf_nodes=8,
            categorical_features=lessons.is_text,
            early_stopping=False,
            random_state=0,
        )
        return model.fit(lessons.matrix[training], lessons.outcome[training])

    folds = [int(one) for one in np.unique(lessons.fold)]
    # a model without two folds serves the sigmoids of both
    without_pair = {pair: fitted_without(*pair) for pair in combinations(folds, 2)}
    calibrated = {}
    for one, _, training in lessons.folds():
        log_odds = np.empty(len(lessons.fold))
        for other in set(folds) - {one}:
            held_out = training & (lessons.fold == other)
            model = without_pair[min(one, other), max(one, other)]
            log_odds[held_out] = model.decision_function(lessons.matrix[held_out])
        calibrated[one] = (
            fitted_without(one),
            *_sigmoid(log_odds[training], lessons.outcome[training]),
        )
    return calibrated


def _sigmoid(log_odds: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Slope and intercept that calibrate log-odds; where they rank no better than chance, the base rate for all."""
    fitted = LogisticRegression(C=np.inf, tol=1e-8).fit(log_odds[:, None], outcome)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return (slope, intercept) if slope > 0 else (0.0, float(logit(outcome.mean())))


def _predicted(boosted: dict, matrix: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Calibrated probabilities, each by the model of the row's fold."""
    probabilities = np.empty(len(fold))
    for one in np.unique(fold):
        predicted = fold == one
        model, slope, intercept = boosted[one]
        log_odds = model.decision_function(matrix[predicted])
        probabilities[predicted] = expit(slope * log_odds + intercept)
    return probabilities


def _swaps(lessons: Lessons, boosted: dict) -> dict:
    """For each fold and feature: its position, the trees of the fold's model that ask for it, and the values that stand
    for its distribution with their shares. The other trees say the same whatever the feature."""
    swaps = {}
    for one, _, training in lessons.folds():
        model = boosted[one][0]
        swaps[one] = []
        for position in range(lessons.matrix.shape[1]):
            asking = copy(model)
            asking._predictors = [
                trees
                for trees in model._predictors
                if any(
                    (tree.nodes["feature_idx"] == position)[tree.nodes["is_leaf"] == 0].any()
                    for tree in trees
                )
            ]
            if asking._predictors:
                values = _distribution(lessons.matrix[training, position])
                swaps[one].append((position, asking, values))
    return swaps


def _top_features(
    model: ScoreModel, matrix: np.ndarray, fold: np.ndarray, explained: np.ndarray
) -> pd.DataFrame:
    """The features with the largest effects on each explained row, by the model of the row's fold."""
    codes = list(model.encodings)
    effects = np.zeros((len(fold), max(len(codes), len(TOP_FEATURES))))
    for one in np.unique(fold[explained]):
        slope = model.boosted[one][1]
        rows = np.flatnonzero((fold == one) & explained)
        for batch in np.array_split(rows, len(rows) // EXPLAINED_AT_ONCE + 1):
            for position, asking, values in model.swaps[one]:
                here = matrix[batch]
                log_odds = asking.decision_function(here)
                for value, share in values:
                    here[:, position] = value
                    difference = log_odds - asking.decision_function(here)
                    effects[batch, position] += share * slope * difference
    # the largest first; a stable sort leaves ties in the order of the catalogue
    order = np.argsort(-np.abs(effects), axis=1, kind="stable")
    names = np.array([*codes, *[None] * len(TOP_FEATURES)], dtype=object)
    top = {}
    for number in TOP_FEATURES:
        position = order[:, number - 1]
        effect = effects[np.arange(len(effects)), position]
        top[f"top_feature_{number}_name"] = np.where(effect == 0, None, names[position])
        top[f"top_feature_{number}_effect"] = np.where(effect == 0, np.nan, effect)
    return pd.DataFrame(top)


def _distribution(column: np.ndarray) -> list[tuple[float, float]]:
    """Values that stand for a feature's distribution, unknown among them, with their shares."""
    known = column[~np.isnan(column)]
    values, counts = np.unique(known, return_counts=True)
    if len(values) > REFERENCE_VALUES:
        steps = (np.arange(REFERENCE_VALUES) + 0.5) / REFERENCE_VALUES
        quantiles = np.quantile(known, steps, method="inverted_cdf")
        values, counts = np.unique(quantiles, return_counts=True)
    shares = counts / counts.sum() * len(known) / len(column)
    pairs = list(zip(values, shares, strict=True))
    if len(known) < len(column):
        pairs.append((np.nan, 1 - len(known) / len(column)))
    return pairs
