"""Churn probabilities, what drives them, and how good they are beside baselines: pure functions of pandas frames.

Sources: Friedman (2001) for gradient boosting; Platt (1999) for the sigmoid that calibrates it; Breiman, Friedman,
Olshen and Stone (1984) for the one-standard-error rule; Brier (1950); Naeini, Cooper and Hauskrecht (2015) for the
expected calibration error; Cox (1958) for the calibration slope.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from customer_science import contributions
from customer_science.batches import empty_frame
from customer_science.boosted_trees import BoostedTrees, Tree, boosted_trees
from customer_science.value_metrics import top_decile_capture

KEY = ["customer_id", "churn_basis"]
# feature set -> the cells whose rate is its baseline
CELLS = {"without_protected": "cell", "all": "protected_cell"}
# the features whose values a cell combines; those of a protected cell enter in bands, whose bounds are not known here
CELL_FEATURES = {"without_protected": ("product_count", "city"), "all": ()}
# column of predictions -> model and feature set; within a feature set the simplest model first
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
    **dict.fromkeys(KEY, "str"),
    **dict.fromkeys(CANDIDATES, "float64"),
}
SCORE_TYPES = {
    **PREDICTION_TYPES,
    **dict.fromkeys(["model_code", "feature_set"], "str"),
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

GROUP_KEY = ["feature_set", "age_band", "gender"]
GROUP_TYPES = {**dict.fromkeys(GROUP_KEY, "str"), "odds_factor": "float64"}
GROUP_PRIOR = 10  # customers who do as the scores say, in each group

# customers of the rarer outcome that a leaf of a tree is expected to hold, and that each tree needs: with fewer the
# trees learn single customers by heart
OUTCOMES_PER_LEAF = 10
OUTCOMES_PER_TREE = 10
FEWEST_TREES, MOST_TREES = 10, 50
FEWEST_IN_LEAF = 20
LARGEST_CATEGORIES = 50  # a text feature's further values are one category: trees take 255 at most
UNKNOWN_CATEGORY = LARGEST_CATEGORIES + 1
EXPLAINED_AT_ONCE = 50_000  # customers; what fits into the processor's cache
# a difference of Brier scores below this share of the base rate's is rounding of floating-point numbers
ROUNDING_SHARE = 1e-9


class TrainingSet(NamedTuple):
    """The rows that models of one feature set are fitted on, sorted by key.

    `matrix` has a column per feature, codes where `is_text`, NaN where unknown; `cell` numbers the cells, which
    combine the features at `cell_positions`, and `fold` the folds; `outcome` is 1 for churned, 0 for retained;
    `is_rated` marks the rows whose rate the probabilities hold: those of the latest window, or all."""

    matrix: np.ndarray
    is_text: np.ndarray
    cell_positions: list[int]
    cell: np.ndarray
    outcome: np.ndarray
    fold: np.ndarray
    is_rated: np.ndarray


class Encoder(NamedTuple):
    """Turns rows of features into the numbers that models of one feature set read."""

    encodings: dict[str, pd.Series | None]  # see learn_encodings
    cell_name: str
    cells: pd.Index

    def encode(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """The matrix of features, and the number of each row's cell: -1 for a cell that was not fitted."""
        matrix, _ = encode_features(rows, self.encodings)
        return matrix, self.cells.get_indexer(rows[self.cell_name])


# A fitted model gives the `probabilities` of rows, and the `parts` that add up to its log-odds, but for a constant.


class BaseRate(NamedTuple):
    """The churn rate of all customers."""

    rate: float

    def probabilities(self, matrix: np.ndarray, cell: np.ndarray) -> np.ndarray:
        return np.full(len(matrix), self.rate)

    def parts(self) -> list["Part"]:
        return []


class CellTable(NamedTuple):
    """The log-odds of each cell by the values of the features that it combines."""

    levels: dict[int, np.ndarray]  # position of a feature -> its values in order, unknown last
    values: np.ndarray  # an axis per feature; its last place is of values that were not fitted

    @property
    def positions(self) -> list[int]:
        return list(self.levels)

    def places(self, matrix: np.ndarray) -> np.ndarray:
        return np.ravel_multi_index(_places(self.levels, matrix), self.values.shape)


class CellRates(NamedTuple):
    """The churn rate of each cell."""

    rates: np.ndarray  # by number of the cell; the last is of cells that were not fitted
    table: CellTable | None  # none where the features do not determine the cell

    def probabilities(self, matrix: np.ndarray, cell: np.ndarray) -> np.ndarray:
        return self.rates[cell]

    def parts(self) -> list["Part"]:
        return [self.table] if self.table else []


class NumberTerm(NamedTuple):
    """What a number adds to the log-odds of a logistic regression."""

    position: int
    slope: float
    intercept: float
    unknown: float  # added where the number is unknown

    def log_odds(self, matrix: np.ndarray) -> np.ndarray:
        column = matrix[:, self.position]
        return np.where(np.isnan(column), self.unknown, self.intercept + self.slope * column)


class CategoryTerm(NamedTuple):
    """What a category adds to the log-odds of a logistic regression."""

    position: int
    effects: np.ndarray  # by code; the last where the category is unknown

    def log_odds(self, matrix: np.ndarray) -> np.ndarray:
        return self.effects[_category_codes(matrix[:, self.position])]


class Logistic(NamedTuple):
    """A logistic regression: an intercept, and a term per feature.

    Terms are added one by one, so a row's log-odds are the same bits whatever rows are scored with it."""

    intercept: float
    terms: list[NumberTerm | CategoryTerm]

    def probabilities(self, matrix: np.ndarray, cell: np.ndarray) -> np.ndarray:
        log_odds = np.full(len(matrix), self.intercept)
        for term in self.terms:
            log_odds += term.log_odds(matrix)
        return expit(log_odds)

    def parts(self) -> list["Part"]:
        return list(self.terms)


class CalibratedBoosting(NamedTuple):
    """Gradient boosting whose log-odds a sigmoid calibrates."""

    trees: BoostedTrees
    slope: float
    intercept: float

    def probabilities(self, matrix: np.ndarray, cell: np.ndarray) -> np.ndarray:
        return expit(self.slope * self.trees.log_odds(matrix) + self.intercept)

    def parts(self) -> list["Part"]:
        return [tree._replace(values=self.slope * tree.values) for tree in self.trees.trees]


Part = CellTable | NumberTerm | CategoryTerm | Tree
FullModel = BaseRate | CellRates | Logistic | CalibratedBoosting


class Shifted(NamedTuple):
    """A model of several windows, with its log-odds shifted to the rate of the latest."""

    model: FullModel
    shift: float

    def probabilities(self, matrix: np.ndarray, cell: np.ndarray) -> np.ndarray:
        return expit(logit(self.model.probabilities(matrix, cell)) + self.shift)

    def parts(self) -> list[Part]:
        return self.model.parts()


FittedModel = FullModel | Shifted


class ServedModel(NamedTuple):
    """The model that scores customers: which candidate it is, and its fit without each fold."""

    model_code: str
    feature_set: str  # as in CANDIDATES: `none` for the base rate
    encoder: Encoder
    fitted: dict[int, FittedModel]  # by the fold that the fit has not seen
    explained: dict[int, list]  # by the same fold: contributions to each part of the fit


def fit_churn_models(
    features: pd.DataFrame, catalogue: pd.DataFrame, cell_weight: float
) -> tuple[pd.DataFrame, ServedModel | None]:
    """Out-of-fold churn probabilities of the sampled customers by every candidate, and the model that is served.

    `features` has one row per customer, basis and window: customer_id, churn_basis, window_number (1 is the latest
    outcome window, null on a snapshot), is_sampled, fold_number, is_churned (the outcome, known in sampled rows), cell
    and protected_cell (text), and the features that `catalogue` lists by feature_name, is_protected and is_scored
    (whether the score may use it). Models are fitted on the sampled rows of all windows given, and their log-odds
    shifted to the rate of the latest: by the intercept that calibrates them there, over the one that calibrates them
    in all windows (Cox 1958). A customer's rows are in one fold. `cell_weight` is the number of customers at the base
    rate with which a cell's own are averaged. Returns customer_id, churn_basis and the columns of CANDIDATES for the
    rows of the latest window, the same whatever the order of rows and the number of threads; no rows and no model
    where only protected features are known, or a fold or the latest window lacks an outcome.

    No model has seen the fold that it predicts. Boosting is calibrated by a sigmoid of its log-odds, fitted on
    predictions by models that saw neither the fold predicted nor the fold scored. `choose_model` selects the served
    model by the latest window, among the candidates of the score's feature set, the base rate included.
    """
    rows = _sampled_rows(features)
    is_rated = ~(_window_numbers(rows) > 1)
    codes_by_set = _codes_by_set(rows, catalogue)
    if not codes_by_set or not _outcomes_count(rows[is_rated]):
        return empty_frame(PREDICTION_TYPES), None
    score_set = "all" if catalogue["is_scored"].astype(bool).all() else "without_protected"

    predictions = rows.loc[is_rated, KEY].reset_index(drop=True)
    # by features: where none is protected, both feature sets share them
    boosters: dict[tuple[str, ...], Callable] = {}
    # one thread: sums are added in one order, and trees as small as these wait for each other longer than they work
    with threadpool_limits(1):
        for feature_set, codes in codes_by_set.items():
            encoder, training = _training_set(rows, codes, feature_set, is_rated)
            booster = boosters.setdefault(tuple(codes), _boosters(training))
            fitters = _fitters(training, cell_weight, booster)
            fitted_by_column = {}
            for column, model_code in _columns_of(feature_set).items():
                fitted_by_column[column] = {
                    int(fold): fitters[model_code](frozenset([int(fold)]))
                    for fold in np.unique(training.fold)
                }
                predictions[column] = _out_of_fold(
                    fitted_by_column[column],
                    training.matrix[is_rated],
                    training.cell[is_rated],
                    training.fold[is_rated],
                )
            if feature_set == score_set:
                served = choose_model(
                    training.outcome[is_rated],
                    {column: predictions[column].to_numpy() for column in fitted_by_column},
                )
                fitted = fitted_by_column[served]
                explained = _explained(fitted, training)
                model = ServedModel(*CANDIDATES[served], encoder, fitted, explained)
    return predictions[list(PREDICTION_TYPES)].astype(PREDICTION_TYPES), model


def predict_out_of_time(
    earlier: pd.DataFrame,
    later: pd.DataFrame,
    catalogue: pd.DataFrame,
    cell_weight: float,
    minimum_outcomes: int,
) -> pd.DataFrame:
    """Churn probabilities of a later window by models fitted on an earlier one.

    `earlier` and `later` hold the rows of one window each, `catalogue` and `cell_weight` are as for
    `fit_churn_models`. Each candidate is one model, fitted on all sampled rows of `earlier`; boosting is calibrated by
    predictions of models that had not seen the fold predicted. Returns customer_id, churn_basis and the columns of
    CANDIDATES for the sampled rows of `later`; no rows where either window has fewer than `minimum_outcomes` churned or
    retained customers, or where only protected features are known in `earlier` or one of its folds lacks an outcome.

    A customer may be in both windows: the outcome predicted is later than any that the models have seen.
    """
    training_rows, rows = _sampled_rows(earlier), _sampled_rows(later)
    codes_by_set = _codes_by_set(training_rows, catalogue)
    outcomes_count = min(_outcomes_count(training_rows), _outcomes_count(rows))
    if not codes_by_set or outcomes_count < max(1, minimum_outcomes):
        return empty_frame(PREDICTION_TYPES)
    predictions = rows[KEY].copy()
    # by features: where none is protected, both feature sets share them
    boosters: dict[tuple[str, ...], Callable] = {}
    with threadpool_limits(1):  # see fit_churn_models
        for feature_set, codes in codes_by_set.items():
            is_rated = np.full(len(training_rows), True)
            encoder, training = _training_set(training_rows, codes, feature_set, is_rated)
            booster = boosters.setdefault(tuple(codes), _boosters(training))
            fitters = _fitters(training, cell_weight, booster)
            for column, model_code in _columns_of(feature_set).items():
                model = fitters[model_code](frozenset())
                predictions[column] = model.probabilities(*encoder.encode(rows))
    return predictions[list(PREDICTION_TYPES)].astype(PREDICTION_TYPES)


def score_customers(
    features: pd.DataFrame, predictions: pd.DataFrame, model: ServedModel | None
) -> pd.DataFrame:
    """Churn probabilities by the served model, and the three features that contribute most to each.

    `features` as for `fit_churn_models`, of any customers, with is_latest (whether the row is explained); `predictions`
    and `model` are what `fit_churn_models` returned. Each row is scored by itself, by the model that has not seen its
    fold; rows of earlier windows than the latest are left out. Returns the columns of SCORE_TYPES, sorted by key, with
    the served model in model_code and feature_set; the candidates' probabilities are null outside the rows that models
    are fitted on; no rows without a model.

    Contributions are to the log-odds, against the customers that the row's model has seen, see contributions.py; above
    zero they raise the score. Null where fewer features contribute: the base rate uses none, cell rates those of
    CELL_FEATURES.
    """
    if model is None:
        return empty_frame(SCORE_TYPES)
    rows = features[~(_window_numbers(features) > 1)].sort_values(KEY, ignore_index=True)
    matrix, cell = model.encoder.encode(rows)
    fold = rows["fold_number"].to_numpy("int64")
    # a fold without sampled customers has been seen by no model
    fold = np.where(np.isin(fold, list(model.fitted)), fold, min(model.fitted))
    scores = rows[KEY].merge(predictions, how="left")
    scores["model_code"], scores["feature_set"] = model.model_code, model.feature_set
    with threadpool_limits(1):  # see fit_churn_models
        scores["churn_probability"] = _out_of_fold(model.fitted, matrix, cell, fold)
        tops = _top_features(model, matrix, fold, rows["is_latest"].to_numpy(bool))
    scores = scores.join(tops)
    return scores[list(SCORE_TYPES)].astype(SCORE_TYPES)


def choose_model(outcome: np.ndarray, predictions: dict[str, np.ndarray]) -> str:
    """The name of the simplest model that is as good as the best by its Brier score.

    `predictions` has the probabilities of each model, the simplest first. A model is as good as the best if the mean
    difference of their squared errors is within one standard error: the one-standard-error rule (Breiman et al. 1984),
    with the error of the paired difference, as all models predict the same customers. Among these, a model whose score
    is higher than a simpler one's is passed over, so no model is served that loses to a baseline.
    """
    errors = {name: (probability - outcome) ** 2 for name, probability in predictions.items()}
    briers = {name: error.mean() for name, error in errors.items()}
    names = list(errors)
    contenders = [
        name
        for position, name in enumerate(names)
        if all(briers[name] < briers[simpler] for simpler in names[:position])
    ]
    best = contenders[-1]
    return next(
        name
        for name in contenders
        if not _exceeds_noise(errors[name] - errors[best], 1.0, briers[names[0]])
    )


def measure_models(
    predictions: pd.DataFrame, confidence_level: float, is_out_of_time: bool = False
) -> pd.DataFrame:
    """How good each model's probabilities are, on customers that it has not seen.

    `predictions` has one row per customer: customer_id, fold_number, is_churned (known) and the columns of CANDIDATES
    in (0, 1), by `fit_churn_models` or, where `is_out_of_time`, by `predict_out_of_time`. Returns one row per candidate
    and metric with the columns of METRIC_TYPES:

    * `auc` and `top_decile_lift` (the churn rate of the top decile by score over everybody's; a tie at its edge counts
      in part): means over folds with both outcomes, since each fold is ranked by a model of its own; over all rows
      where `is_out_of_time`, since one model ranks them;
    * `brier`, with a verdict: `better` or `worse` than the base rate where the mean difference of squared errors
      exceeds both its bound at `confidence_level` and the rounding of floating-point numbers, else
      `inconclusive`;
    * `ece`, over ten bins of equal width;
    * `calibration_slope` of a logistic regression on the log-odds, and `calibration_intercept` with the slope held
      at 1: 1 and 0 are perfect. A model that gives each customer of a fold one value has neither; out of time it has
      the intercept, which says by how much the churn rate has shifted.
    """
    rows = predictions.sort_values("customer_id", ignore_index=True)
    outcome = rows["is_churned"].to_numpy(float)
    fold = np.zeros(len(rows)) if is_out_of_time else rows["fold_number"].to_numpy()
    base_error = (rows["base_rate_none"].to_numpy(float) - outcome) ** 2
    measured = []
    for column, (model_code, feature_set) in CANDIDATES.items() if len(rows) else ():
        probability = rows[column].to_numpy(float)
        gains = base_error - (probability - outcome) ** 2
        verdict = "inconclusive"
        quantile = stats.norm.isf((1 - confidence_level) / 2)
        for word, gain in [("better", gains), ("worse", -gains)]:
            if _exceeds_noise(gain, quantile, base_error.mean()):
                verdict = word
        folds = [(outcome[fold == one], probability[fold == one]) for one in np.unique(fold)]
        # the latest of several windows may lack an outcome in a fold
        ranked = [one for one in folds if 0 < one[0].mean() < 1]
        metrics = {
            "auc": np.mean([roc_auc_score(*one) for one in ranked]),
            "top_decile_lift": np.mean([top_decile_lift(*one) for one in ranked]),
            "brier": brier_score_loss(outcome, probability),
            "ece": expected_calibration_error(outcome, probability),
        }
        has_slope = len(set(probability)) > len(folds)
        if has_slope or is_out_of_time:
            slope, intercept = calibration(outcome, probability)
            metrics |= {"calibration_slope": slope} if has_slope else {}
            metrics |= {"calibration_intercept": intercept}
        measured += [
            {
                "model_code": model_code,
                "feature_set": feature_set,
                "metric_name": name,
                "metric_value": value,
                "verdict": verdict if name == "brier" and model_code != "base_rate" else None,
                "customers_count": len(outcome),
                "churned_count": int(outcome.sum()),
            }
            for name, value in metrics.items()
        ]
    return pd.DataFrame(measured, columns=list(METRIC_TYPES)).astype(METRIC_TYPES)


def measure_samples(predictions: pd.DataFrame, confidence_level: float) -> pd.DataFrame:
    """`measure_models` for each `sample` of the predictions: `cross_validation` or `out_of_time`."""
    parts = [measure_models(predictions.iloc[:0], confidence_level).assign(sample="")]
    for sample, rows in predictions.groupby("sample", sort=True):
        parts.append(
            measure_models(rows, confidence_level, sample == "out_of_time").assign(sample=sample)
        )
    measured = pd.concat(parts, ignore_index=True).astype({"sample": "str"})
    return measured[["sample", *METRIC_TYPES]]


def expected_calibration_error(outcome: np.ndarray, probability: np.ndarray) -> float:
    """Mean distance between predicted and observed rate over ten bins of equal width, weighted by their customers."""
    bins = np.minimum((10 * probability).astype(int), 9)
    return float(np.abs(np.bincount(bins, probability - outcome)).sum() / len(outcome))


def top_decile_lift(outcome: np.ndarray, probability: np.ndarray) -> float:
    """Churn rate of the top decile over everybody's: ten times the share of churned customers in it."""
    return 10 * top_decile_capture(outcome, probability)


def calibration(outcome: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """Slope of the outcome on the log-odds, and intercept with the slope held at 1 (Cox 1958)."""
    log_odds = logit(np.clip(probability, 1e-12, 1 - 1e-12))
    with threadpool_limits(1):
        fitted = LogisticRegression(C=np.inf, tol=1e-8).fit(log_odds[:, None], outcome)
    return float(fitted.coef_[0, 0]), _intercept(log_odds, outcome.mean())


def _intercept(log_odds: np.ndarray, rate: float) -> float:
    """What has to be added to the log-odds so that their probabilities have this mean."""
    bound = np.abs(log_odds).max() + np.abs(logit(rate))
    return float(brentq(lambda shift: expit(shift + log_odds).mean() - rate, -bound, bound))


def calibrate_groups(tested: pd.DataFrame) -> pd.DataFrame:
    """By how much the odds of each group are to be multiplied so that its mean probability is its churn rate.

    `tested` has one row per feature set and customer: feature_set, age_band, gender, is_churned, churn_probability.
    GROUP_PRIOR customers who do as the scores say are added to each group, so that few customers change little.
    Returns one row per feature set, age band and gender with odds_factor, the same whatever the order of rows.
    """
    rows = []
    for key, group in tested.groupby(GROUP_KEY, sort=True):
        group = group.sort_values(["churn_probability", "is_churned"])
        probability = np.clip(group["churn_probability"].to_numpy(float), 1e-12, 1 - 1e-12)
        churned_count = group["is_churned"].to_numpy(bool).sum()
        rate = (churned_count + GROUP_PRIOR * probability.mean()) / (len(group) + GROUP_PRIOR)
        rows.append((*key, np.exp(_intercept(logit(probability), rate))))
    return pd.DataFrame(rows, columns=list(GROUP_TYPES)).astype(GROUP_TYPES)


def learn_encodings(features: pd.DataFrame) -> dict[str, pd.Series | None]:
    """For each feature how its values become numbers: None for numbers, for text the rank of each value by frequency.
    What is rarer than LARGEST_CATEGORIES others, or was never seen, shares one code."""
    encodings: dict[str, pd.Series | None] = {}
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


def _window_numbers(features: pd.DataFrame) -> np.ndarray:
    """The number of each row's outcome window, NaN where it has none: on a snapshot, and for current customers."""
    return features["window_number"].astype("Float64").to_numpy(float, na_value=np.nan)


def _sampled_rows(features: pd.DataFrame) -> pd.DataFrame:
    rows = features[features["is_sampled"].astype(bool)]
    return rows.sort_values([*KEY, "window_number"], ignore_index=True)


def _outcomes_count(rows: pd.DataFrame) -> int:
    """The number of churned or of retained customers, whichever is smaller."""
    churned_count = int(rows["is_churned"].astype(bool).sum())
    return min(churned_count, len(rows) - churned_count)


def _codes_by_set(rows: pd.DataFrame, catalogue: pd.DataFrame) -> dict[str, list[str]]:
    """The known features of each feature set; empty where no model can be fitted and calibrated on the rows."""
    known = catalogue[rows[list(catalogue["feature_name"])].notna().any().to_numpy(bool)]
    codes = {
        "without_protected": list(known.loc[~known["is_protected"].astype(bool), "feature_name"]),
        "all": list(known["feature_name"]),
    }
    outcomes_seen = rows[["fold_number", "is_churned"]].drop_duplicates()
    # a sigmoid needs two folds besides the one that it serves
    is_enough = len(outcomes_seen) >= 2 * max(3, rows["fold_number"].nunique())
    return codes if codes["without_protected"] and is_enough else {}


def _training_set(
    rows: pd.DataFrame, codes: list[str], feature_set: str, is_rated: np.ndarray
) -> tuple[Encoder, TrainingSet]:
    cell_name = CELLS[feature_set]
    encoder = Encoder(learn_encodings(rows[codes]), cell_name, pd.Index(rows[cell_name].unique()))
    matrix, cell = encoder.encode(rows)
    is_text = np.array([ranks is not None for ranks in encoder.encodings.values()])
    outcome = rows["is_churned"].astype("Float64").to_numpy(float)
    fold = rows["fold_number"].to_numpy("int64")
    cell_positions = [codes.index(code) for code in CELL_FEATURES[feature_set] if code in codes]
    return encoder, TrainingSet(matrix, is_text, cell_positions, cell, outcome, fold, is_rated)


def _columns_of(feature_set: str) -> dict[str, str]:
    """Column of predictions -> model, for the candidates of a feature set, the base rate among them."""
    return {
        column: model_code
        for column, (model_code, its_set) in CANDIDATES.items()
        if its_set in ("none", feature_set)
    }


def _fitters(
    training: TrainingSet, cell_weight: float, booster: Callable
) -> Mapping[str, Callable[[frozenset], FittedModel]]:
    """For each model a function that fits it on all folds but those given."""
    fitters: dict[str, Callable[[frozenset], FullModel]] = {
        "base_rate": lambda excluded: BaseRate(_without(training, excluded).outcome.mean()),
        "cell_rate": lambda excluded: _fit_cell_rates(
            _without(training, excluded), training.cell.max() + 1, cell_weight
        ),
        "logistic": lambda excluded: _fit_logistic(_without(training, excluded)),
        "gradient_boosting": lambda excluded: _fit_boosting(training, excluded, booster),
    }
    if training.is_rated.all():
        return fitters

    def shifted(fit: Callable[[frozenset], FullModel]) -> Callable[[frozenset], FittedModel]:
        return lambda excluded: _shifted(fit(excluded), _without(training, excluded))

    return {model_code: shifted(fit) for model_code, fit in fitters.items()}


def _shifted(model: FullModel, training: TrainingSet) -> Shifted:
    """The model at the rate of the rated rows. Half a customer of each outcome is added, so that the shift is finite;
    what overfitting adds to the intercept is in both."""
    log_odds = logit(model.probabilities(training.matrix, training.cell))
    rated, every = (
        _intercept(log_odds[rows], (training.outcome[rows].sum() + 0.5) / (rows.sum() + 1))
        for rows in (training.is_rated, np.full(len(training.fold), True))
    )
    return Shifted(model, rated - every)


def _boosters(training: TrainingSet) -> Callable[[frozenset], BoostedTrees]:
    """A function that fits trees on all folds but those given, once: without two folds they calibrate for both."""

    @cache
    def fit(excluded: frozenset) -> BoostedTrees:
        booster = _fit_booster(_without(training, excluded))
        return boosted_trees(booster, training.is_text, UNKNOWN_CATEGORY)

    return fit


def _without(training: TrainingSet, folds: frozenset) -> TrainingSet:
    kept = ~np.isin(training.fold, list(folds))
    return training._replace(
        matrix=training.matrix[kept],
        cell=training.cell[kept],
        outcome=training.outcome[kept],
        fold=training.fold[kept],
        is_rated=training.is_rated[kept],
    )


def _fit_cell_rates(training: TrainingSet, cells_count: int, cell_weight: float) -> CellRates:
    """Churn rate of each cell, averaged with `cell_weight` customers at the base rate."""
    base_rate = training.outcome.mean()
    counts = np.bincount(training.cell, minlength=cells_count)
    churned = np.bincount(training.cell, training.outcome, cells_count)
    rates = np.append((churned + cell_weight * base_rate) / (counts + cell_weight), base_rate)
    return CellRates(rates, _cell_table(training, rates))


def _cell_table(training: TrainingSet, rates: np.ndarray) -> CellTable | None:
    if not training.cell_positions:
        return None
    log_odds = logit(rates)
    levels = {
        position: np.unique(training.matrix[:, position]) for position in training.cell_positions
    }
    values = np.full([len(level) + 1 for level in levels.values()], log_odds[-1])
    places = _places(levels, training.matrix)
    values[places] = log_odds[training.cell]
    is_determined = (values[places] == log_odds[training.cell]).all()
    return CellTable(levels, values) if is_determined else None


def _places(levels: dict[int, np.ndarray], matrix: np.ndarray) -> tuple[np.ndarray, ...]:
    """Where each row's values stand among the levels; a new value comes after the last."""
    places = []
    for position, level in levels.items():
        column = matrix[:, position]
        place = np.searchsorted(level, column)
        found = level[np.minimum(place, len(level) - 1)]
        is_new = (found != column) & ~(np.isnan(found) & np.isnan(column))
        places.append(np.where(is_new, len(level), place))
    return tuple(places)


def _fit_logistic(training: TrainingSet) -> Logistic:
    """A logistic regression on standardised numbers, with an indicator of each category and of unknown numbers."""
    designs = [
        (_category_design if is_text else _number_design)(position, training.matrix[:, position])
        for position, is_text in enumerate(training.is_text)
    ]
    columns = np.hstack([block for block, _ in designs])
    fitted = LogisticRegression(max_iter=1_000).fit(columns, training.outcome)
    ends = np.cumsum([block.shape[1] for block, _ in designs])
    coefficients = np.split(fitted.coef_[0], ends[:-1])
    terms = [term(own) for (_, term), own in zip(designs, coefficients, strict=True)]
    return Logistic(float(fitted.intercept_[0]), terms)


def _number_design(position: int, column: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Columns of a number for a logistic regression, and the term that their coefficients make.

    An unknown number is the median, with an indicator."""
    unknown = np.isnan(column)
    median = np.median(column[~unknown]) if not unknown.all() else 0.0
    columns = [np.where(unknown, median, column)]
    if unknown.any():
        columns.append(unknown.astype(float))
    centres = np.array([one.mean() for one in columns])
    scales = np.array([one.std() if np.ptp(one) > 0 else 1.0 for one in columns])

    def term(coefficients):
        slopes = coefficients / scales
        intercept = -slopes @ centres
        return NumberTerm(
            position, slopes[0], intercept, intercept + slopes[0] * median + slopes[1:].sum()
        )

    return (np.column_stack(columns) - centres) / scales, term


def _category_design(position: int, column: np.ndarray) -> tuple[np.ndarray, Callable]:
    """Indicators of the categories, and the term that their coefficients make. New categories have no effect."""
    codes = _category_codes(column)
    seen = np.unique(codes)

    def term(coefficients):
        effects = np.zeros(UNKNOWN_CATEGORY + 1)
        effects[seen] = coefficients
        return CategoryTerm(position, effects)

    return (codes[:, None] == seen).astype(float), term


def _category_codes(column: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(column), UNKNOWN_CATEGORY, column).astype(int)


def _fit_boosting(
    training: TrainingSet, excluded: frozenset, booster: Callable
) -> CalibratedBoosting:
    """Boosting on all folds but `excluded`, and the sigmoid of predictions by models that had not seen the fold."""
    log_odds = np.full(len(training.fold), np.nan)
    for one in {int(fold) for fold in np.unique(training.fold)} - excluded:
        held_out = training.fold == one
        log_odds[held_out] = booster(excluded | {one}).log_odds(training.matrix[held_out])
    calibrating = ~np.isnan(log_odds)
    return CalibratedBoosting(
        booster(excluded), *_sigmoid(log_odds[calibrating], training.outcome[calibrating])
    )


def _fit_booster(training: TrainingSet) -> HistGradientBoostingClassifier:
    rarer = min(training.outcome.sum(), (1 - training.outcome).sum())
    booster = HistGradientBoostingClassifier(
        learning_rate=0.2,
        max_iter=int(np.clip(rarer // OUTCOMES_PER_TREE, FEWEST_TREES, MOST_TREES)),
        max_leaf_nodes=8,
        min_samples_leaf=max(
            FEWEST_IN_LEAF, int(np.ceil(OUTCOMES_PER_LEAF * len(training.outcome) / rarer))
        ),
        categorical_features=training.is_text,
        early_stopping=False,
        random_state=0,
    )
    return booster.fit(training.matrix, training.outcome)


def _sigmoid(log_odds: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Slope and intercept that calibrate log-odds; where they rank no better than chance, the base rate for all."""
    fitted = LogisticRegression(C=np.inf, tol=1e-8).fit(log_odds[:, None], outcome)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return (slope, intercept) if slope > 0 else (0.0, float(logit(outcome.mean())))


def _out_of_fold(
    fitted: dict[int, FittedModel], matrix: np.ndarray, cell: np.ndarray, fold: np.ndarray
) -> np.ndarray:
    """Probabilities, each by the model that has not seen the row's fold."""
    probabilities = np.empty(len(fold))
    for one in np.unique(fold):
        rows = fold == one
        probabilities[rows] = fitted[one].probabilities(matrix[rows], cell[rows])
    return probabilities


def _exceeds_noise(gains: np.ndarray, standard_errors: float, base_brier: float) -> bool:
    """Whether the mean gain exceeds so many of its standard errors, and the rounding of floating-point numbers."""
    half = standard_errors * gains.std(ddof=1) / np.sqrt(len(gains))
    return bool(gains.mean() > max(half, ROUNDING_SHARE * base_brier))


def _explained(fitted: dict[int, FittedModel], training: TrainingSet) -> dict[int, list]:
    """For each fold the contributions to the parts of its model, against the customers of the other folds."""
    explained = {}
    for fold, model in fitted.items():
        seen = training.matrix[training.fold != fold]
        explained[fold] = [
            contributions.of_term(part, seen)
            if isinstance(part, NumberTerm | CategoryTerm)
            else contributions.of_table(part, seen)
            for part in model.parts()
        ]
    return explained


def _top_features(
    model: ServedModel, matrix: np.ndarray, fold: np.ndarray, explained: np.ndarray
) -> pd.DataFrame:
    """The features with the largest contributions to each explained row, by the model of the row's fold."""
    codes = list(model.encoder.encodings)
    effects = np.zeros((max(len(codes), len(TOP_FEATURES)), len(fold)))
    for one in np.unique(fold[explained]):
        rows = np.flatnonzero((fold == one) & explained)
        for batch in np.array_split(rows, len(rows) // EXPLAINED_AT_ONCE + 1):
            effects[: len(codes), batch] = contributions.added_up(
                model.explained[one], matrix[batch]
            )
    names = np.array([*codes, *[None] * len(TOP_FEATURES)], dtype=object)
    sizes, columns = np.abs(effects), np.arange(len(fold))
    top = {}
    for number in TOP_FEATURES:
        # of equal ones the first in the order of the catalogue
        position = sizes.argmax(axis=0)
        effect = effects[position, columns]
        name = names[position]
        name[effect == 0] = None
        top[f"top_feature_{number}_name"] = name
        top[f"top_feature_{number}_effect"] = np.where(effect == 0, np.nan, effect)
        sizes[position, columns] = -1
    return pd.DataFrame(top)
