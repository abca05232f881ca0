"""Portraits of groups of customers: what sets a group apart from the others. Pure functions of pandas frames.

Sources: Mann and Whitney (1947) and Cliff (1996) for numbers; the two-proportion z-test for shares, whose difference is
Cliff's delta of a value that customers have or do not have.
"""

import numpy as np
import pandas as pd

from customer_science.comparisons import Settings, compare_ranks, compare_shares
from customer_science.intervals import most_frequent

PORTRAIT_TYPES = {
    "portrait_code": "str",
    "feature_name": "str",
    "feature_level": "str",
    "effect_size": "float64",
    "effect_size_ci_lower": "float64",
    "effect_size_ci_upper": "float64",
    "p_value": "float64",
}


def compare_portraits(
    customers: pd.DataFrame,
    members: pd.DataFrame,
    features: pd.DataFrame,
    settings: Settings,
    defining: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compares the members of each portrait with all other customers, feature by feature.

    `customers` has one row per customer: customer_id and a column per feature; `members` one row per portrait_code
    and customer_id; `features` feature_name and feature_kind (`number`, `flag` or `text`); `defining` the
    portrait_code and feature_name of features that define a portrait: it differs in these by definition, and in whether
    they are known (`has_known_` before their name), so both are left out of it. A number is one row with the level
    `all`, over its known values; a flag has one row per known value, a text one for each of its most frequent.
    effect_size is Cliff's delta, from -1 (all members below all others; no member has the value) to 1. Returns
    PORTRAIT_TYPES, the same whatever the order of rows; a comparison without spread or with fewer than two customers on
    a side has no row.
    """
    customers = customers.sort_values("customer_id")
    columns = {}
    for feature in features.sort_values("feature_name").itertuples(index=False):
        column = customers[feature.feature_name]
        if feature.feature_kind == "number":
            columns[feature.feature_name, "all"] = column.to_numpy("float64", na_value=np.nan)
            continue
        if feature.feature_kind == "flag":
            column = column.map({True: "yes", False: "no"})
        known = column.notna() & (column != "unknown")
        for level in sorted(most_frequent(column[known])):
            shown = np.where(column == level, 1.0, 0.0)
            columns[feature.feature_name, level] = np.where(known, shown, np.nan)
    is_number = dict(
        zip(features["feature_name"], features["feature_kind"] == "number", strict=True)
    )
    left_out: set[tuple[str, str]] = set()
    if defining is not None:
        for prefix in ("", "has_known_"):
            left_out |= set(
                zip(defining["portrait_code"], prefix + defining["feature_name"], strict=True)
            )
    rows = []
    for portrait, group in members.groupby("portrait_code", sort=True):
        is_member = customers["customer_id"].isin(group["customer_id"]).to_numpy(bool)
        for (feature, level), values in columns.items():
            if (portrait, feature) in left_out:
                continue
            a, b = (np.sort(values[side & ~np.isnan(values)]) for side in (is_member, ~is_member))
            if is_number[feature]:
                tests = compare_ranks(a, b, np.nan, settings)
            else:
                counts, sizes = (int(a.sum()), int(b.sum())), (len(a), len(b))
                tests = compare_shares(counts, sizes, np.nan, settings)
            rows += [
                {
                    "portrait_code": portrait,
                    "feature_name": feature,
                    "feature_level": level,
                    "effect_size": test["estimate"],
                    "effect_size_ci_lower": test["estimate_ci_lower"],
                    "effect_size_ci_upper": test["estimate_ci_upper"],
                    "p_value": test["p_value"],
                }
                for test in tests
                if np.isfinite(test["p_value"])
            ]
    return pd.DataFrame(rows, columns=list(PORTRAIT_TYPES)).astype(PORTRAIT_TYPES)
