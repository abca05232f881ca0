"""How good predictions of money are, in the money's own scale: pure functions of arrays and pandas frames.

Sources: Gini (1914) through the concentration curve of Yitzhaki and Schechtman (2013); Spearman (1904).
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

METRIC_TYPES = {
    "clv_family": "str",
    "measured_on": "datetime64[us]",
    "target_name": "str",
    "model_code": "str",
    "feature_set": "str",
    "metric_name": "str",
    "metric_value": "float64",
    "customers_count": "int64",
}

RANK_METRICS = ("gini", "spearman", "top_decile_capture")


def value_metrics(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Metrics of predictions of what customers turned out to be worth, by name; those that have no value are left out.

    * `actual_total`, `predicted_total`, `mae`, `rmse`: in the unit of the values;
    * `r2`: 1 less the squared errors over those of the mean of `actual`;
    * `mape`: mean of the absolute error over the actual value, over customers worth more than nothing;
    * `total_bias`: predicted total over the actual total, less 1;
    * `gini`: normalised, the concentration of the actual value in the order of the predictions over that in its own
      order; 1 is a perfect ranking, 0 a random one. Equal predictions share what they hold;
    * `spearman`: rank correlation, 0 where all predictions are equal;
    * `top_decile_capture`: share of the actual total held by the tenth with the highest predictions, a tie at its edge
      in part;
    * `calibration_error`: mean distance of predicted and actual total over tenths of the predictions, over the mean.
    """
    actual, predicted = np.asarray(actual, float), np.asarray(predicted, float)
    error = predicted - actual
    metrics = {
        "actual_total": actual.sum(),
        "predicted_total": predicted.sum(),
        "mae": np.abs(error).mean(),
        "rmse": np.sqrt((error**2).mean()),
    }
    spread = ((actual - actual.mean()) ** 2).sum()
    if spread > 0:
        metrics["r2"] = 1 - (error**2).sum() / spread
    if (actual > 0).any():
        metrics["mape"] = np.abs(error[actual > 0] / actual[actual > 0]).mean()
    if actual.sum() > 0:
        metrics["total_bias"] = predicted.sum() / actual.sum() - 1
        deciles = calibration_by_decile(actual, predicted)
        gaps = (
            np.abs(deciles["predicted_mean"] - deciles["actual_mean"]) * deciles["customers_count"]
        )
        metrics["calibration_error"] = gaps.sum() / actual.sum()
    if spread > 0 and actual.sum() > 0:
        metrics["gini"] = normalised_gini(actual, predicted)
        metrics["top_decile_capture"] = top_decile_capture(actual, predicted)
    if spread > 0:
        # equal predictions rank nobody, as in the Gini coefficient
        is_ranking = np.ptp(predicted) > 0
        metrics["spearman"] = (
            np.corrcoef(rankdata(actual), rankdata(predicted))[0, 1] if is_ranking else 0.0
        )
    return {name: float(value) for name, value in metrics.items()}


def normalised_gini(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Covariance of the actual value with its rank in the predictions, over that with its own rank."""
    centred = np.asarray(actual, float) - np.mean(actual)
    return float(centred @ rankdata(predicted) / (centred @ rankdata(actual)))


def top_decile_capture(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the total that the highest tenth of the predictions holds; of ties at its edge, the part that fits."""
    size = len(actual) / 10
    edge = np.sort(predicted)[-int(np.ceil(size))]
    above, tied = predicted > edge, predicted == edge
    held = actual[above].sum() + (size - above.sum()) * actual[tied].mean()
    return float(held / actual.sum())


def calibration_by_decile(actual: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    """Predicted and actual mean of each tenth of the predictions, the lowest first; equal predictions share a tenth.

    Returns one row per tenth that holds anybody: decile (1 to 10), customers_count, predicted_mean, actual_mean.
    """
    ranks = rankdata(predicted, method="min") - 1
    tenth = np.floor(10 * ranks / len(ranks)).astype("int64")
    counts = np.bincount(tenth, minlength=10)
    held = np.flatnonzero(counts)
    sums = [np.bincount(tenth, values, 10)[held] for values in (predicted, actual)]
    return pd.DataFrame(
        {
            "decile": held + 1,
            "customers_count": counts[held],
            "predicted_mean": sums[0] / counts[held],
            "actual_mean": sums[1] / counts[held],
        }
    )


def measure_values(predictions: pd.DataFrame) -> pd.DataFrame:
    """Metrics of every model of every family beside its baselines, each group on the same rows.

    `predictions` has one row per customer and prediction: clv_family, measured_on (null where the test is no time),
    target_name, shuffle_number, model_code, feature_set, customer_id, actual_value, predicted_value, is_rank_only
    (for a model that ranks customers and says no value: of it only what ranks are good for is measured). Where
    predictions were made in several shuffles of the folds, a metric is its mean over them. Returns one row per
    family, day, target, model, feature set and metric; calibration by decile as metrics `calibration_decile_01` and
    so on, predicted over actual mean.
    """
    keys = ["clv_family", "measured_on", "target_name", "model_code", "feature_set"]
    rows = []
    for key, one in predictions.groupby(keys, sort=True, dropna=False):
        shuffles = []
        for _, shuffle in one.groupby("shuffle_number", sort=True):
            shuffle = shuffle.sort_values("customer_id")
            actual, predicted = (
                shuffle[name].to_numpy(float) for name in ("actual_value", "predicted_value")
            )
            metrics = value_metrics(actual, predicted)
            if shuffle["is_rank_only"].any():
                shuffles.append({name: metrics[name] for name in RANK_METRICS if name in metrics})
                continue
            for decile in calibration_by_decile(actual, predicted).itertuples():
                if decile.actual_mean > 0:
                    name = f"calibration_decile_{decile.decile:02}"
                    metrics[name] = decile.predicted_mean / decile.actual_mean
            shuffles.append(metrics)
        # a tenth may be empty in one shuffle and not in another
        names = dict.fromkeys(name for metrics in shuffles for name in metrics)
        for name in names:
            values = [metrics[name] for metrics in shuffles if name in metrics]
            rows.append(
                {
                    **dict(zip(keys, key, strict=True)),
                    "metric_name": name,
                    "metric_value": float(np.mean(values)),
                    "customers_count": one["customer_id"].nunique(),
                }
            )
    return pd.DataFrame(rows, columns=list(METRIC_TYPES)).astype(METRIC_TYPES)
