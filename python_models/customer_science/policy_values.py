"""What policyholders are worth, learned from those whose value is known: pure functions of pandas frames.

Sources: Breiman (2001) for forests and out-of-bag predictions; Friedman (2001) for boosting; Johansson, Bostrom,
Lofstrom and Linusson (2014) for conformal prediction from out-of-bag errors.

The rule of three numbers values a policyholder at the monthly premium times one factor for one, one for two and one
for more policies. The model that is served is a forest that corrects it: it learns by which ratio the value differs
from the rule, so that large and small policies count alike, and is scaled so that totals agree (a mean-type loss for
money).
"""

import hashlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from customer_science.batches import empty_frame
from customer_science.churn_scores import encode_features, learn_encodings
from customer_science.settings import RANDOM_SEED

TARGET = "observed_clv"
SERVED_MODEL = "rule_forest"
BASELINES = ("mean", "three_number_rule", "linear", "gradient_boosting", "random_forest")
RULE_CELLS = 4  # one, two, three or more policies, and an unknown number
PREDICTION_TYPES = {
    "customer_id": "str",
    "shuffle_number": "int64",
    "fold_number": "int64",
    "model_code": "str",
    "feature_set": "str",
    "prediction_kind": "str",
    "predicted_value": "float64",
}
# prediction kind -> what it changes about a policyholder, and from which column it takes the new value
CHANGES = {
    "with_next_coverage": {
        "coverage": "next_coverage",
        "monthly_premium": "next_coverage_monthly_premium",
    },
    "with_next_policy": {"policy_count": "next_policy_count"},
}


class PolicySettings(NamedTuple):
    """How the models learn and are tested."""

    minimum_count: int  # policyholders of known value without whom nothing is learned
    fold_count: int = 5  # as macro clv_fold_count
    shuffle_count: int = 1  # partitions into folds over which metrics are averaged; the first one makes the predictions
    tree_count: int = 40
    random_seed: int = RANDOM_SEED


class Lessons(NamedTuple):
    """What the models see, one entry a policyholder."""

    matrix: np.ndarray
    is_text: np.ndarray
    premium: np.ndarray
    cell: np.ndarray

    def at(self, positions: np.ndarray) -> "Lessons":
        return Lessons(
            self.matrix[positions], self.is_text, self.premium[positions], self.cell[positions]
        )


class Taught(NamedTuple):
    """What the models are told of those they learn from."""

    value: np.ndarray
    profile: np.ndarray  # number of the distinct profile


def keep_rows(policies: pd.DataFrame, filters: list[dict]) -> np.ndarray:
    """Which rows models may learn from: those inside every filter, {column, lower_bound, upper_bound}, half-open.

    Raises ValueError where a filter reads the target: to leave out the customers whom a model predicts badly makes any
    metric look good and no prediction better.
    """
    kept = np.ones(len(policies), bool)
    for one in filters:
        if one["column"] == TARGET or one["column"] not in policies.columns:
            raise ValueError(
                f"Rows cannot be left out by {one['column']}: only a known column other than the target {TARGET} may "
                "decide what a model learns from."
            )
        values = policies[one["column"]].astype("Float64").to_numpy(float, na_value=np.nan)
        for bound, outside in (("lower_bound", np.less), ("upper_bound", np.greater_equal)):
            if one.get(bound) is not None:
                kept &= ~outside(values, float(one[bound]))
    return kept


def profile_folds(profiles: pd.Series, shuffle_number: int, settings: PolicySettings) -> np.ndarray:
    """Fold of each row, 0 to fold_count - 1: by a hash of its profile, so that equal profiles share one."""
    salt = f"{settings.random_seed}:{shuffle_number}:"
    distinct = {
        profile: int(hashlib.md5((salt + profile).encode()).hexdigest()[:8], 16)
        % settings.fold_count
        for profile in profiles.unique()
    }
    return profiles.map(distinct).to_numpy("int64")


def rule_factors(premium: np.ndarray, cell: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Value over premium, summed over the policyholders of each cell.

    Of all together for a cell without any value and for an unknown number of policies, which may be any.
    """
    cell_values = np.bincount(cell, value, RULE_CELLS)
    cell_premiums = np.bincount(cell, premium, RULE_CELLS)
    overall = value.sum() / premium.sum()
    is_known = (cell_values > 0) & (np.arange(RULE_CELLS) < RULE_CELLS - 1)
    return np.divide(cell_values, cell_premiums, out=np.full(RULE_CELLS, overall), where=is_known)


def rule_cells(policy_count: pd.Series) -> np.ndarray:
    """0 for one policy, 1 for two, 2 for more, 3 for an unknown number."""
    counts = policy_count.astype("Float64").to_numpy(float, na_value=RULE_CELLS)
    known = np.clip(counts, 1, RULE_CELLS - 1)
    return np.where(policy_count.isna(), RULE_CELLS, known).astype("int64") - 1


class PolicyModel(NamedTuple):
    """The served forests, a function from lessons to values for each fold, and what they see."""

    forests: dict
    encodings: dict[str, pd.Series | None]  # see churn_scores.learn_encodings
    feature_set: str
    settings: PolicySettings


def learn_policies(
    policies: pd.DataFrame, catalogue: pd.DataFrame, filters: list[dict], settings: PolicySettings
) -> tuple[pd.DataFrame, PolicyModel | None]:
    """Out-of-fold values of those of known value by every model that is not served, and the model that is.

    `policies` has one row per policyholder of known value: customer_id, profile (text, equal for equal features),
    observed_clv, monthly_premium (above 0), policy_count and the features that `catalogue` lists by feature_name,
    is_protected and is_used. Returns rows of PREDICTION_TYPES, the same whatever the order of rows and number of
    threads:

    * `out_of_fold`: by the model that has not seen the fold of the policyholder's profile; metrics are taken over them;
    * `out_of_bag`: for those the served model of a fold learned from, by the trees that did not: its errors, from which
      intervals for that fold are made, without the fold having had a part.

    No rows and no model where fewer than `minimum_count` values are known or all are nothing. Raises ValueError where a
    filter reads the target.
    """
    rows = policies.sort_values("customer_id", ignore_index=True)
    learned = keep_rows(rows, filters)
    if learned.sum() < settings.minimum_count or not rows.loc[learned, TARGET].sum() > 0:
        return empty_frame(PREDICTION_TYPES), None

    seen = catalogue[[rows.loc[learned, c].notna().any() for c in catalogue["feature_name"]]]
    is_protected = seen["is_protected"].to_numpy(bool)
    # whether protected features may be used is the house's decision, whether there are any the extract's
    is_allowed = (catalogue["is_protected"] & catalogue["is_used"]).any()
    used_set = "all" if is_allowed else "without_protected"
    encodings = learn_encodings(rows.loc[learned, list(seen["feature_name"])])
    lessons = _lessons(rows, encodings)
    value = rows[TARGET].astype("Float64").to_numpy(float)
    profile = np.unique(rows["profile"].to_numpy(str), return_inverse=True)[1]
    feature_sets = {"without_protected": ~is_protected}
    if is_protected.any() or used_set == "all":
        feature_sets["all"] = np.ones(len(seen), bool)

    parts, forests = [], {}
    with threadpool_limits(1):  # trees as small as these wait for each other longer than they work
        for shuffle in range(1, settings.shuffle_count + 1):
            folds = profile_folds(rows["profile"], shuffle, settings)
            for fold in range(settings.fold_count):
                labels: dict[str, int | str] = {"shuffle_number": shuffle, "fold_number": fold}
                training = np.flatnonzero(learned & (folds != fold))
                tested = np.flatnonzero(folds == fold)
                taught = Taught(value[training], profile[training])
                if len(training) == 0 or not taught.value.sum() > 0:
                    continue
                for model in BASELINES if len(tested) else ():
                    columns = feature_sets["without_protected"]
                    values = _baseline(
                        model, lessons.at(training), taught, lessons.at(tested), columns, settings
                    )
                    labels |= {
                        "model_code": model,
                        "feature_set": "none" if model in BASELINES[:2] else "without_protected",
                    }
                    parts.append(_labelled(rows, tested, labels, "out_of_fold", values))
                for feature_set, columns in feature_sets.items():
                    labels |= {"model_code": SERVED_MODEL, "feature_set": feature_set}
                    predict, out_of_bag = _rule_forest(
                        lessons.at(training), taught, columns, settings
                    )
                    if shuffle == 1 and feature_set == used_set:
                        forests[fold] = predict
                        parts.append(_labelled(rows, training, labels, "out_of_bag", out_of_bag))
                    else:
                        values = predict(lessons.at(tested))
                        parts.append(_labelled(rows, tested, labels, "out_of_fold", values))
    predictions = pd.concat(parts, ignore_index=True).astype(PREDICTION_TYPES)
    return predictions, PolicyModel(forests, encodings, used_set, settings)


def value_policies(
    policies: pd.DataFrame, predictions: pd.DataFrame, model: PolicyModel | None
) -> pd.DataFrame:
    """What every model says of each policyholder, and the served model of changes.

    `policies` as for `learn_policies`, of anybody, with the columns that CHANGES reads; `predictions` and `model` are
    what `learn_policies` returned. Returns the rows of `predictions` that are these policyholders', and by the served
    model of the fold of each one's profile `out_of_fold` and, all else equal, `with_next_coverage` and
    `with_next_policy`. No rows without a model.
    """
    if model is None:
        return empty_frame(PREDICTION_TYPES)
    rows = policies.sort_values("customer_id", ignore_index=True)
    folds = profile_folds(rows["profile"], 1, model.settings)
    parts = [predictions[predictions["customer_id"].isin(rows["customer_id"])]]
    versions = {"out_of_fold": rows.assign(is_changed=True)}
    versions |= {kind: _changed(rows, columns) for kind, columns in CHANGES.items()}
    with threadpool_limits(1):
        for kind, version in versions.items():
            lessons = _lessons(version, model.encodings)
            for fold, predict in model.forests.items():
                shown = np.flatnonzero((folds == fold) & version["is_changed"].to_numpy(bool))
                labels = {
                    "shuffle_number": 1,
                    "fold_number": fold,
                    "model_code": SERVED_MODEL,
                    "feature_set": model.feature_set,
                }
                parts.append(_labelled(rows, shown, labels, kind, predict(lessons.at(shown))))
    return pd.concat(parts, ignore_index=True).astype(PREDICTION_TYPES)


def _lessons(rows: pd.DataFrame, encodings: dict) -> Lessons:
    return Lessons(
        *encode_features(rows, encodings),
        rows["monthly_premium"].to_numpy(float),
        rule_cells(rows["policy_count"]),
    )


def _labelled(rows, positions, labels, kind, values) -> pd.DataFrame:
    """Predictions of the policyholders at `positions`, if any."""
    ids = rows["customer_id"].to_numpy()[positions]
    named = pd.DataFrame({"customer_id": ids, **labels, "prediction_kind": kind})
    return named.assign(predicted_value=np.maximum(values, 0.0))


def _changed(rows: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """The policyholders with each column replaced where all of the new values are known."""
    changed = rows.copy()
    changed["is_changed"] = rows[list(columns.values())].notna().all(axis=1)
    for column, source in columns.items():
        changed[column] = (
            rows[source].where(changed["is_changed"], rows[column]).astype(rows[column].dtype)
        )
    return changed


def _grouped(taught: Taught) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Equal profiles as one: position of the first of each, mean value, weight, and the group of each row.

    Each is learned from once, or a tree would be tested out of bag on copies of what it has learned.
    """
    _, first, group, weight = np.unique(
        taught.profile, return_index=True, return_inverse=True, return_counts=True
    )
    mean = np.bincount(group, taught.value) / weight
    return first, mean, weight.astype(float), group


def _forest(settings: PolicySettings, **options) -> RandomForestRegressor:
    return RandomForestRegressor(
        settings.tree_count, random_state=settings.random_seed % 2**32, n_jobs=1, **options
    )


def _rule_forest(lessons: Lessons, taught: Taught, columns, settings):
    """A function from lessons to values, and the out-of-bag values of those it was taught."""
    first, mean, weight, group = _grouped(taught)
    factors = rule_factors(lessons.premium, lessons.cell, taught.value)

    def ruled(rows: Lessons):
        rule = factors[rows.cell] * rows.premium
        return rule, np.column_stack([rows.matrix[:, columns], rule])

    rule, matrix = ruled(lessons)
    # a tree learns from half of the profiles: as good as from all, faster, and more trees speak out of bag for each
    forest = _forest(
        settings, min_samples_leaf=20, max_features=0.33, max_samples=0.5, oob_score=True
    )
    forest.fit(matrix[first], mean / rule[first])
    out_of_bag = forest.oob_prediction_ * rule[first]
    # means of ratios do not add up to the ratio of the totals, which is what money is about
    scale = (weight @ mean) / (weight @ out_of_bag)

    def predict(rows: Lessons):
        rule, matrix = ruled(rows)
        return scale * rule * (forest.predict(matrix) if len(rule) else np.empty(0))

    return predict, scale * out_of_bag[group]


def _baseline(
    model: str, lessons: Lessons, taught: Taught, tested: Lessons, columns, settings
) -> np.ndarray:
    """Values of the tested policyholders by a simpler model, or one that does not know the rule."""
    if model == "mean":
        return np.full(len(tested.cell), taught.value.mean())
    if model == "three_number_rule":
        return (
            rule_factors(lessons.premium, lessons.cell, taught.value)[tested.cell] * tested.premium
        )
    is_text = lessons.is_text[columns]
    if model == "linear":
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        estimator = make_pipeline(
            make_column_transformer(
                (OneHotEncoder(handle_unknown="ignore"), is_text), (numbers, ~is_text)
            ),
            LinearRegression(),
        )
    elif model == "gradient_boosting":
        estimator = HistGradientBoostingRegressor(
            max_iter=100,
            max_leaf_nodes=8,
            categorical_features=is_text,
            early_stopping=False,
            random_state=settings.random_seed % 2**32,
        )
    else:
        estimator = _forest(settings, min_samples_leaf=5, max_features=0.5)
    return estimator.fit(lessons.matrix[:, columns], taught.value).predict(
        tested.matrix[:, columns]
    )
