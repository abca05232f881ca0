"""How much features moved between two days: pure functions of pandas frames, with distributions from SciPy.

Sources: Siddiqi (2006) for the bounds of the population stability index; Yurdakul and Naranjo (2020) for its
distribution where nothing moved, a chi-square by the sizes of both samples; Kolmogorov and Smirnov, as SciPy has them.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats


class Bounds(NamedTuple):
    """Bins of a number, levels of a text that stand alone, and where a move is moderate and large."""

    bins: int = 10
    levels: int = 20
    moderate: float = 0.1
    large: float = 0.25


RESULT_TYPES = {
    **dict.fromkeys(["feature_name", "feature_level"], "str"),
    "level_number": "int64",
    **dict.fromkeys(["then_count", "now_count"], "int64"),
    **dict.fromkeys(
        ["then_share", "now_share", "missing_then_share", "missing_now_share"], "float64"
    ),
    **dict.fromkeys(["population_stability_index", "ks_statistic", "p_value"], "float64"),
    "move": "str",
}
UNKNOWN, OTHERS = "unknown", "all others"


def measure_drift(
    then: pd.DataFrame, now: pd.DataFrame, features: pd.DataFrame, bounds: Bounds | None = None
) -> pd.DataFrame:
    """One row per feature and level.

    `then` and `now` have one row per customer and a column per feature: numbers, or texts (null or `unknown` where not
    known); `features` has feature_name and feature_kind (`number`, or anything else for texts). Levels of numbers are
    the deciles of the first day, at two digits. Half a customer is added to each level, so that an empty one has a
    finite logarithm.
    `move` says how large the move is, whether or not it is beyond noise: small, moderate, large, or no_history where
    the feature is known on one day only. p_value is that of the index where nothing moved, null without a history.
    """
    bounds, parts = bounds or Bounds(), []
    for name, kind in sorted(zip(features["feature_name"], features["feature_kind"], strict=True)):
        one, other = (
            (_numbers if kind == "number" else _texts)(frame[name]) for frame in (then, now)
        )
        known = one.dropna(), other.dropna()
        if not min(len(known[0]), len(known[1])):
            if max(len(known[0]), len(known[1])):
                parts.append(pd.DataFrame([_row(name, one, other, move="no_history")]))
            continue
        labels, codes = _levels(kind, known[0], one, other, bounds)
        counts = [np.bincount(code, minlength=len(labels)) for code in codes]
        is_used = counts[0] + counts[1] > 0
        shares = [(c[is_used] + 0.5) / (c.sum() + 0.5 * is_used.sum()) for c in counts]
        index = float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
        noise = 1 / counts[0].sum() + 1 / counts[1].sum()
        ks = stats.ks_2samp(*known, method="asymp").statistic if kind == "number" else None
        row = _row(
            name,
            one,
            other,
            population_stability_index=index,
            ks_statistic=ks,
            p_value=stats.chi2.sf(index / noise, is_used.sum() - 1) if is_used.sum() > 1 else 1.0,
            move="small"
            if index < bounds.moderate
            else "moderate"
            if index < bounds.large
            else "large",
        )
        parts.append(
            pd.DataFrame(
                [
                    row
                    | {
                        "feature_level": labels[level],
                        "level_number": level + 1,
                        "then_count": counts[0][level],
                        "now_count": counts[1][level],
                        "then_share": counts[0][level] / counts[0].sum(),
                        "now_share": counts[1][level] / counts[1].sum(),
                    }
                    for level in np.flatnonzero(is_used)
                ]
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(RESULT_TYPES)).astype(RESULT_TYPES)
    return pd.concat(parts, ignore_index=True)[list(RESULT_TYPES)].astype(RESULT_TYPES)


def _numbers(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values, errors="coerce").astype("Float64").astype("float64")


def _texts(values: pd.Series) -> pd.Series:
    texts = values.astype("object")
    return texts.where(texts.notna() & (texts != UNKNOWN), None)


def _row(name: str, one: pd.Series, other: pd.Series, **rest) -> dict:
    empty = {key: None for key in RESULT_TYPES}
    return (
        empty
        | {
            "feature_name": name,
            "feature_level": "all",
            "level_number": 1,
            "then_count": len(one),
            "now_count": len(other),
            "missing_then_share": one.isna().mean() if len(one) else None,
            "missing_now_share": other.isna().mean() if len(other) else None,
        }
        | rest
    )


def _levels(kind, known, one, other, bounds) -> tuple[list[str], list[np.ndarray]]:
    """The labels of the levels, the unknown last, and the level of each customer on both days."""
    if kind == "number":
        deciles = np.quantile(known, np.arange(1, bounds.bins) / bounds.bins)
        # rounded, because a quantile is the value of some customer
        cuts = np.unique([float(f"{cut:.2g}") for cut in deciles])
        # a cut at the lowest value would leave nobody below it
        cuts = cuts[cuts > known.min()]
        texts = [f"{cut:.10g}" for cut in cuts]
        labels = (
            [f"below {texts[0]}"]
            + [f"{low} to below {high}" for low, high in zip(texts, texts[1:], strict=False)]
            + [f"from {texts[-1]}"]
            if texts
            else ["any"]
        )
        codes = [
            np.where(values.isna(), len(labels), np.searchsorted(cuts, values.to_numpy(), "right"))
            for values in (one, other)
        ]
        return [*labels, UNKNOWN], codes
    frequent = known.value_counts()
    order = sorted(frequent.items(), key=lambda item: (-item[1], str(item[0])))[: bounds.levels]
    labels = [str(value) for value, _ in order]
    place = {label: number for number, label in enumerate(labels)}
    codes = [
        values.map(
            lambda v: len(labels) + 1 if pd.isna(v) else place.get(str(v), len(labels))
        ).to_numpy(int)
        for values in (one, other)
    ]
    return [*labels, OTHERS, UNKNOWN], codes
