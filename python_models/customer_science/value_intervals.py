"""Between which bounds a predicted value lies, and in which tier: conformal prediction, as pure functions of frames.

Sources: Vovk, Gammerman and Shafer (2005) for conformal prediction and its categories; Vovk, Nouretdinov, Manokhin and
Gammerman (2018) for predictive distributions.

The ratios of what customers were worth to what was predicted, observed where a prediction could be checked, are carried
over to customers of the same cell: a value is its prediction times one of these ratios, each as likely as another.
"""

import numpy as np
import pandas as pd

INTERVAL_TYPES = {
    "clv_family": "str",
    "prediction_basis": "str",
    "customer_id": "str",
    "lower_value": "float64",
    "upper_value": "float64",
    "is_covered": "boolean",
    "low_probability": "float64",
    "medium_probability": "float64",
    "high_probability": "float64",
}


def conformal_ranks(count: int, coverage: float) -> tuple[int, int]:
    """Positions, from 1, of the ordered ratios between which the next one lies with probability `coverage` or more.

    0 and count + 1 stand for no bound on that side, where there are too few to give one.
    """
    tail = (count + 1) * (1 - coverage) / 2
    # a hair is forgiven: .2 has no exact double
    return int(np.floor(tail + 1e-9)), int(np.ceil(count + 1 - tail - 1e-9))


def calibrate_values(
    predictions: pd.DataFrame, ratios: pd.DataFrame, bounds: pd.DataFrame, coverage: float = 0.8
) -> pd.DataFrame:
    """Interval of each predicted value and the probability of each tier.

    `predictions` has one row per family, basis and customer: clv_family, prediction_basis, customer_id, fold_number,
    value_cell, predicted_value (>= 0) and actual_value (null where unknown; only compared). `ratios` has what was
    observed: clv_family, fold_number (the fold that had no part in the ratio), value_cell, value_ratio. `bounds` has
    one row per family: medium_from, high_from, the lower bounds of the two higher tiers (null: no tiers). Returns one
    row per row of `predictions`, in INTERVAL_TYPES; a bound is null where a cell has observed too few ratios to give
    one, and everything is where it has none. A lower bound that is missing is 0, as no value is negative.
    """
    observed = {
        key: np.sort(one.to_numpy(float))
        for key, one in ratios.groupby(["clv_family", "fold_number", "value_cell"], sort=True)[
            "value_ratio"
        ]
    }
    tiers = {row.clv_family: (row.medium_from, row.high_from) for row in bounds.itertuples()}
    rows = predictions.sort_values(
        ["clv_family", "prediction_basis", "customer_id"], ignore_index=True
    )
    predicted = rows["predicted_value"].to_numpy(float)
    actual = rows["actual_value"].astype("Float64").to_numpy(float, na_value=np.nan)
    lower, upper, low, high = (np.full(len(rows), np.nan) for _ in range(4))
    keys = ["clv_family", "fold_number", "value_cell"]
    for key, positions in rows.groupby(keys, sort=True).indices.items():
        known = observed.get(key, np.empty(0))
        if not len(known):
            continue
        first, last = conformal_ranks(len(known), coverage)
        if known[first - 1 if first > 0 else 0] <= 0:
            # many are worth nothing: there is nothing below to leave out, so all that is left out lies above
            first, last = 0, int(np.ceil((len(known) + 1) * coverage - 1e-9))
        lower[positions] = predicted[positions] * (known[first - 1] if first > 0 else 0.0)
        if last <= len(known):
            upper[positions] = predicted[positions] * known[last - 1]
        medium_from, high_from = tiers.get(key[0], (None, None))
        if pd.isna(medium_from) or pd.isna(high_from):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            for bound, below in ((medium_from, low), (high_from, high)):
                # a prediction of nothing stays nothing, whatever the ratio
                share = np.searchsorted(known, float(bound) / predicted[positions], "left") / len(
                    known
                )
                below[positions] = np.where(predicted[positions] > 0, share, float(bound > 0))
    compared = ~np.isnan(actual) & ~np.isnan(lower) & ~np.isnan(upper)
    # to the cent, as values and bounds are told: beyond it lies what arithmetic leaves behind
    lowest, value, highest = (np.round(amounts, 2) for amounts in (lower, actual, upper))
    covered = pd.array((lowest <= value) & (value <= highest), "boolean")
    covered[~compared] = pd.NA
    return pd.DataFrame(
        {
            "clv_family": rows["clv_family"],
            "prediction_basis": rows["prediction_basis"],
            "customer_id": rows["customer_id"],
            "lower_value": lower,
            "upper_value": upper,
            "is_covered": covered,
            "low_probability": low,
            "medium_probability": high - low,
            "high_probability": 1 - high,
        }
    ).astype(INTERVAL_TYPES)
