"""What a strategy earns in a segment and how sure that is: pure functions of pandas frames.

The net amount is linear in the save rate: what each unit of it keeps, less the offers that saved customers take, times
the rate, less what is spent whatever is saved. Both the save rate and the level of the churn probabilities are
uncertain; bounds are quantiles of the one distribution that follows.
"""

import numpy as np
import pandas as pd
from scipy import stats

from customer_science.comparisons import Settings

ECONOMICS_TYPES = {
    "segment_scheme": "str",
    "segment_code": "str",
    "strategy_code": "str",
    "least_saved_share": "float64",
    "most_saved_share": "float64",
    "least_net": "float64",
    "expected_net": "float64",
    "most_net": "float64",
    "break_even_save_rate": "float64",
    "gain_probability": "float64",
    "expected_effect": "float64",
    "smallest_detectable_effect": "float64",
    "needed_count": "float64",
    "decision_code": "str",
}
KEYS = ["segment_scheme", "segment_code", "strategy_code"]
# a plan's range of save rates, and the range of the net amount, hold nine of ten cases
RANGE_SHARE = 0.9
# points of each of the two distributions
POINTS = 101


def estimate_economics(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Net amounts, break-even and decision of each row of `rows`: a segment and a strategy.

    Columns of `rows`: the keys; reached_count (customers contacted), churn_probability (their mean), kept_value (money
    kept if all of those who would churn were saved, offers deducted), fixed_cost (what is spent whatever is saved),
    pessimistic_save_rate and optimistic_save_rate (the nine of ten in the middle), churn_error (standard error of the
    churn rate over the rate), active_share (of the period) and evidence_level. Null where it is not known; what follows
    from it is null, too. Returns the columns of ECONOMICS_TYPES.

    The save rate is a beta distribution with the mean and spread of the range (moments), the level of churn is
    normal. The smallest detectable effect is that of a two-sided z test of two shares between halves (Fleiss 1981,
    chapter 3). The decision is `hold` where no gain is expected, `do` where the evidence is not assumed and the least
    net amount (the 5% point of its distribution) is above zero, `test` where a test of all reached customers could find
    the expected effect, and else `cannot_be_tested`.
    """
    table = rows.sort_values(KEYS, ignore_index=True)
    result = table[KEYS].copy()
    low, high = (
        table["pessimistic_save_rate"].astype(float),
        table["optimistic_save_rate"].astype(float),
    )
    mean = (low + high) / 2
    kept, fixed = table["kept_value"].astype(float), table["fixed_cost"].astype(float)
    result["expected_net"] = mean * kept - fixed
    shares = saved_shares(table)
    nets = kept.to_numpy()[:, None] * shares - fixed.to_numpy()[:, None]
    result["least_saved_share"], result["most_saved_share"] = range_of(shares)
    result["least_net"], result["most_net"] = range_of(nets)
    known = result["expected_net"].notna()
    result["gain_probability"] = (nets > 0).mean(axis=1)
    result["gain_probability"] = result["gain_probability"].where(known)
    # above 1 no save rate earns what it costs
    result["break_even_save_rate"] = (fixed / kept).where((kept > 0) & (fixed <= kept))
    churn = table["churn_probability"].astype(float)
    result["expected_effect"] = churn * mean * table["active_share"].astype(float)
    spread = 2 * churn * (1 - churn)
    arm = table["reached_count"].astype(float) / 2
    result["smallest_detectable_effect"] = settings.detectable_errors * np.sqrt(
        spread / arm.where(arm > 0)
    )
    effect = result["expected_effect"].where(result["expected_effect"] > 0)
    result["needed_count"] = np.ceil(2 * spread * (settings.detectable_errors / effect) ** 2)
    can_be_tested = result["smallest_detectable_effect"] <= effect
    is_sure = (table["evidence_level"] != "assumed") & (result["least_net"] > 0)
    result["decision_code"] = np.select(
        [~known, ~(result["expected_net"] > 0), is_sure, can_be_tested],
        ["unknown", "hold", "do", "test"],
        "cannot_be_tested",
    )
    return result[list(ECONOMICS_TYPES)].astype(ECONOMICS_TYPES)


def saved_shares(rows: pd.DataFrame) -> np.ndarray:
    """Equally likely shares of the customers expected to churn whom a contact saves, in each row of `rows`: a save rate
    times a level of churn (1.1 is a tenth more than expected), which cannot be below none.

    Columns of `rows`, as in `estimate_economics`: pessimistic_save_rate, optimistic_save_rate and churn_error (null is
    no error). Returns an array of one line a row; lines are not numbers where the save rates are not known.
    """
    low, high = (
        rows[f"{name}_save_rate"].to_numpy(float) for name in ("pessimistic", "optimistic")
    )
    error = rows["churn_error"].astype(float).fillna(0).to_numpy()
    levels = (1 + error[:, None] * stats.norm.ppf(_midpoints())).clip(0)
    rates = _save_rates((low + high) / 2, high - low)
    return (rates[:, :, None] * levels[:, None, :]).reshape(len(rows), POINTS**2)


def range_of(cases: np.ndarray) -> np.ndarray:
    """The least and the most of each line of `cases`, with RANGE_SHARE of them between the two."""
    tail = (1 - RANGE_SHARE) / 2
    return np.quantile(cases, [tail, 1 - tail], axis=1)


def _midpoints() -> np.ndarray:
    return (np.arange(POINTS) + 0.5) / POINTS


def _save_rates(mean: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Equally likely save rates of each row; all at the mean where the range has no width."""
    a, b = beta_of_range(mean, width)
    with np.errstate(invalid="ignore"):
        rates = stats.beta.ppf(_midpoints(), a[:, None], b[:, None])
    return np.where(((width > 0) & (mean > 0))[:, None], rates, mean[:, None])


def beta_of_range(mean: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parameters of beta distributions with these means, whose spread is that of a normal distribution with
    RANGE_SHARE within `width`; infinite or not a number where a range has no width."""
    deviation = width / 2 / stats.norm.ppf((1 + RANGE_SHARE) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        # a beta distribution has less variance than one of noughts and ones
        size = mean * (1 - mean) / np.minimum(deviation**2, 0.99 * mean * (1 - mean)) - 1
        return mean * size, (1 - mean) * size
