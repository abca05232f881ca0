"""Contracts that are renewed or not: the shifted beta geometric model. Pure functions of pandas frames.

Source: Fader and Hardie (2007), "How to project customer retention". Each customer ends a contract at every renewal
with a probability of their own, drawn from a Beta(alpha, beta); so those who are still here are the more loyal ones.
"""

import numpy as np
import pandas as pd
from scipy.special import betaln

from customer_science.purchase_models import Fit, maximise

CONTRACT_STARTS = ((1.0, 1.0), (0.5, 4.0), (5.0, 20.0))
FIT_TYPES = {
    "cohort": "str",
    "measured_on": "datetime64[us]",
    "metric_name": "str",
    "metric_value": "float64",
    "customers_count": "int64",
}
PREDICTION_TYPES = {
    "policy_id": "str",
    "measured_on": "datetime64[us]",
    "renewal_probability": "float64",
    "constant_renewal_probability": "float64",
    "horizon_value": "float64",
}


def fit_shifted_beta_geometric(
    renewal_number: np.ndarray, ended_count: np.ndarray, remaining_count: np.ndarray
) -> Fit:
    """By maximum likelihood on contracts that ended at their n-th renewal, and those that were left after it when
    observation stopped (n renewals survived).

    `renewal_number` counts from 1 (0 adds nothing). Counts may be shares of a cohort. Raises ValueError where nothing
    ended or nothing survived, since then the heterogeneity is unknown.
    """
    number = np.asarray(renewal_number, float)
    ended, remaining = np.asarray(ended_count, float), np.asarray(remaining_count, float)
    if not ended[number > 0].sum() > 0 or not (
        remaining[number > 0].sum() > 0 or (ended[number > 1] > 0).any()
    ):
        raise ValueError(
            "shifted_beta_geometric cannot be fitted: contracts must both end and be renewed."
        )
    # the likelihood is a sum over single decisions: after n - 1 renewals, ending has the mean
    # alpha / (alpha + beta + n - 1)
    last = int(number.max())
    steps = np.arange(1, last + 1)
    ends = np.array([ended[number == step].sum() for step in steps])
    stays = np.array(
        [
            (ended + remaining)[number > step].sum() + remaining[number == step].sum()
            for step in steps
        ]
    )

    def likelihood(values):
        alpha, beta = values
        height = (
            ends.sum() * np.log(alpha)
            + stays @ np.log(beta + steps - 1)
            - (ends + stays) @ np.log(alpha + beta + steps - 1)
        )
        both = ((ends + stays) / (alpha + beta + steps - 1)).sum()
        return float(height), np.array(
            [ends.sum() / alpha - both, (stays / (beta + steps - 1)).sum() - both]
        )

    (alpha, beta), log_likelihood = maximise(likelihood, np.ones(2), CONTRACT_STARTS)
    return Fit(
        {"alpha": alpha, "beta": beta}, log_likelihood, int(round((ended + remaining).sum()))
    )


def survival(alpha: float, beta: float, renewal_count) -> np.ndarray:
    """Share of a cohort that is still here after so many renewals, S(t) = B(alpha, beta + t) / B(alpha, beta)."""
    return np.exp(betaln(alpha, beta + np.asarray(renewal_count, float)) - betaln(alpha, beta))


def renewal_probability(alpha: float, beta: float, renewed_count) -> np.ndarray:
    """Probability that a contract renewed so many times is renewed once more; rises with loyalty."""
    renewed = np.asarray(renewed_count, float)
    return (beta + renewed) / (alpha + beta + renewed)


def expected_renewals(
    alpha: float, beta: float, renewed_count, renewal_count: int, discount_rate: float
) -> np.ndarray:
    """Renewals to expect of the next `renewal_count`, of a contract renewed `renewed_count` times, each discounted by
    the years until it."""
    renewed = np.asarray(renewed_count, float)
    steps = np.arange(1, renewal_count + 1)
    here = (
        survival(alpha, beta, renewed[..., None] + steps)
        / survival(alpha, beta, renewed)[..., None]
    )
    return here @ (1 + discount_rate) ** -steps.astype(float)


def fit_contracts(counts: pd.DataFrame, minimum_count: int) -> pd.DataFrame:
    """The model of every cohort on every day, and of `all` cohorts together.

    `counts` has one row per cohort, measured_on, renewal_number (renewals survived; for contracts that have ended, the
    renewal at which they did) and is_ended, with contract_count. Returns one row per day, cohort and metric
    (parameter_alpha, parameter_beta, log_likelihood, and renewal_rate, the share of all decisions that were renewals,
    which knows no loyalty); no rows of a cohort with fewer than `minimum_count` contracts or without any ended or
    renewed.
    """
    rows = []
    for day, today in counts.groupby("measured_on", sort=True):
        cohorts = {"all": today, **dict(list(today.groupby("cohort", sort=True)))}
        for cohort, one in cohorts.items():
            number, count = (
                one[name].to_numpy(float) for name in ("renewal_number", "contract_count")
            )
            ended = np.where(one["is_ended"].to_numpy(bool), count, 0)
            decided = number @ count
            if count.sum() < minimum_count or not 0 < ended.sum() < decided:
                continue
            fit = fit_shifted_beta_geometric(number, ended, count - ended)
            metrics = {
                **{f"parameter_{name}": value for name, value in fit.parameters.items()},
                "log_likelihood": fit.log_likelihood,
                "renewal_rate": 1 - ended.sum() / decided,
            }
            rows += [
                {
                    "cohort": cohort,
                    "measured_on": day,
                    "metric_name": name,
                    "metric_value": value,
                    "customers_count": fit.customers_count,
                }
                for name, value in metrics.items()
            ]
    return pd.DataFrame(rows, columns=list(FIT_TYPES)).astype(FIT_TYPES)


def predict_contracts(
    contracts: pd.DataFrame, fits: pd.DataFrame, horizon_years: int, discount_rate: float
) -> pd.DataFrame:
    """What each running contract is expected to do after each day, by its cohort's model or else by that of all.

    `contracts` has one row per running contract and day: policy_id, cohort, measured_on, renewal_number (renewals
    survived) and annual_premium; `fits` is the result of `fit_contracts`. Returns as many rows, but for those without a
    model, with the columns of PREDICTION_TYPES: the probability of the next renewal, by the model and by the rate that
    knows no loyalty, and the premiums of renewals within the horizon, each year's at a discount.
    """
    wide = fits.pivot_table(
        index=["measured_on", "cohort"], columns="metric_name", values="metric_value"
    )
    parts = []
    for (day, cohort), one in contracts.groupby(["measured_on", "cohort"], sort=True):
        key = (day, cohort) if (day, cohort) in wide.index else (day, "all")
        if key not in wide.index:
            continue
        fit = wide.loc[key]
        alpha, beta = fit["parameter_alpha"], fit["parameter_beta"]
        one = one.sort_values("policy_id")
        renewed = one["renewal_number"].to_numpy(float)
        expected = expected_renewals(alpha, beta, renewed, horizon_years, discount_rate)
        parts.append(
            pd.DataFrame(
                {
                    "policy_id": one["policy_id"],
                    "measured_on": day,
                    "renewal_probability": renewal_probability(alpha, beta, renewed),
                    "constant_renewal_probability": fit["renewal_rate"],
                    "horizon_value": expected * one["annual_premium"].to_numpy(float),
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(PREDICTION_TYPES)).astype(PREDICTION_TYPES)
    return pd.concat(parts, ignore_index=True).astype(PREDICTION_TYPES)
