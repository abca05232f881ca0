"""Purchases of customers who never say goodbye: how many to expect, worth how much. Pure functions of pandas frames.

Sources: Fader, Hardie and Lee (2005), "Counting your customers the easy way", for BG/NBD; Batislam, Denizel and
Filiztekin (2007) for MBG/NBD, in which a customer may leave right after the first purchase; Fader and Hardie (2013),
"The Gamma-Gamma model of monetary value". Derivations of the gradients are ours.

Time is in weeks. A customer is x repeat purchase days, t_x weeks from the first purchase to the last, and T weeks from
the first purchase to the day on which the customer is looked at.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaincinv as beta_quantile
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1, logsumexp
from threadpoolctl import threadpool_limits

# model -> what is added to the successes of not leaving: in MBG/NBD the first purchase is a chance to leave too
COUNT_MODELS = {"bg_nbd": 0, "mbg_nbd": 1}
COUNT_PARAMETERS = ("r", "alpha", "a", "b")
SPEND_PARAMETERS = ("p", "q", "v")
# what a forecast reads of a customer
HISTORY = (
    "customer_id", "measured_on", "repeat_count", "recency_weeks", "observed_weeks", "average_repeat_amount",
    "holdout_weeks",
)  # fmt: skip
FIT_TYPES = {
    "measured_on": "datetime64[us]",
    "model_code": "str",
    "metric_name": "str",
    "metric_value": "float64",
    "customers_count": "int64",
}
PREDICTION_TYPES = {
    "customer_id": "str",
    "measured_on": "datetime64[us]",
    **{
        f"{model}_{what}": "float64"
        for model in COUNT_MODELS
        for what in ("alive_probability", "holdout_purchases", "horizon_value")
    },
    "gamma_gamma_purchase_value": "float64",
    "more_purchases_1_value": "float64",
    "more_purchases_2_value": "float64",
    "more_purchases_3_value": "float64",
}
# of a value on an earlier day, by the parameters of measured_on
HISTORY_VALUE_TYPES = {"customer_id": "str", "month_number": "int64", "horizon_value": "float64"}
# Starts of the search, as factors of the scale of each parameter; the likelihood of sparse data has several hills.
COUNT_STARTS = ((0.5, 0.5, 0.5, 2.0), (1.0, 1.0, 1.0, 1.0), (0.2, 0.1, 0.2, 5.0))
SPEND_STARTS = ((5.0, 4.0, 3.0), (1.0, 2.0, 1.0), (20.0, 10.0, 1.0))
LEAVING_QUANTILES = 50
WIDEST_LOG = 12.0  # of a parameter from its scale: beyond it the heterogeneity that it describes has vanished


class Fit(NamedTuple):
    """Parameters by name, the log-likelihood in their maximum, and the customers it was taken over."""

    parameters: dict[str, float]
    log_likelihood: float
    customers_count: int


class Horizon(NamedTuple):
    """How far value is looked for. Money of a period counts as if it came in the middle of it."""

    horizon_days: int
    discount_rate: float  # a year
    period_days: int = 91


def group_counts(
    repeat_count: np.ndarray, recency_weeks: np.ndarray, observed_weeks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Distinct (x, t_x, T), sorted, one a row; and how many customers each stands for."""
    return np.unique(
        np.column_stack([repeat_count, recency_weeks, observed_weeks]).astype(float),
        axis=0,
        return_counts=True,
    )


def fit_count_model(model: str, groups: np.ndarray, weights: np.ndarray) -> Fit:
    """`bg_nbd` or `mbg_nbd` by maximum likelihood over distinct (x, t_x, T) and the customers each stands for.

    Raises ValueError where nobody bought twice, since then nothing tells silence from leaving.
    """
    if not (groups[:, 0] > 0).any():
        raise ValueError(f"{model} cannot be fitted: no customer bought on a second day.")
    shift = COUNT_MODELS[model]
    scales = np.array([1.0, groups[:, 2].max(), 1.0, 1.0])
    best = maximise(
        lambda values: _count_likelihood(values, shift, groups, weights), scales, COUNT_STARTS
    )
    return Fit(dict(zip(COUNT_PARAMETERS, best[0], strict=True)), best[1], int(weights.sum()))


def alive_probability(
    model: str,
    parameters: dict[str, float],
    repeat_count: np.ndarray,
    recency_weeks: np.ndarray,
    observed_weeks: np.ndarray,
) -> np.ndarray:
    """Probability that each customer has not left, P(alive); in (0, 1]."""
    r, alpha, a, b = (parameters[name] for name in COUNT_PARAMETERS)
    x = np.asarray(repeat_count, float)
    stays = b + x + COUNT_MODELS[model] - 1
    can_have_left = (x > 0) | (COUNT_MODELS[model] == 1)
    silence = (r + x) * np.log((alpha + observed_weeks) / (alpha + recency_weeks))
    log_odds_left = np.log(a) - np.log(np.where(can_have_left, stays, 1.0)) + silence
    return np.where(can_have_left, expit(-log_odds_left), 1.0)


def expected_purchases(
    model: str,
    parameters: dict[str, float],
    weeks: float,
    repeat_count: np.ndarray,
    recency_weeks: np.ndarray,
    observed_weeks: np.ndarray,
) -> np.ndarray:
    """Purchase days to expect of each customer within the next `weeks`, E[Y(t) | x, t_x, T]; never negative.

    The published formula multiplies a tiny power by a huge hypergeometric function. Euler's and Pfaff's transformations
    turn it into one whose upper parameters do not grow with x, and which stays finite however often a customer buys.
    """
    r, alpha, a, b = (parameters[name] for name in COUNT_PARAMETERS)
    # at a = 1 the formula is a limit; next to it, it is as good as the limit
    a_less_1 = a - 1 if abs(a - 1) > 1e-6 else 1e-6
    x = np.asarray(repeat_count, float)
    total = a_less_1 + b + x + COUNT_MODELS[model]
    growth = weeks / (alpha + np.asarray(observed_weeks, float))
    with np.errstate(over="ignore", invalid="ignore"):
        remaining = (1 + growth) ** -a_less_1 * hyp2f1(
            a_less_1, total - r - x, total, growth / (1 + growth)
        )
    here = total / a_less_1 * (1 - remaining)
    # where customers hardly differ, parameters are huge and the function overflows or loses all digits: there are more
    # purchases than of a customer who never leaves, or fewer than none. Then the mean over quantiles of the chance of
    # leaving
    at_most = (r + x) * growth
    broken = ~np.isfinite(remaining) | (here < 0) | (here > at_most * (1 + 1e-6))
    if broken.any():
        shares = (np.arange(LEAVING_QUANTILES) + 0.5) / LEAVING_QUANTILES
        stays = np.broadcast_to(b + x + COUNT_MODELS[model], broken.shape)[broken, None]
        leaving = beta_quantile(a, stays, shares)
        growth, at_most, x_broken = (
            np.broadcast_to(one, broken.shape)[broken, None] for one in (growth, at_most, x)
        )
        left = -np.expm1(-(r + x_broken) * np.log1p(leaving * growth))
        can_leave = leaving > 1e-12
        here = np.array(here)
        here[broken] = np.where(can_leave, left / np.where(can_leave, leaving, 1), at_most).mean(
            axis=1
        )
    alive = alive_probability(model, parameters, x, recency_weeks, observed_weeks)
    return np.maximum(here * alive, 0.0)


def discounted_purchases(
    model: str,
    parameters: dict[str, float],
    horizon: Horizon,
    repeat_count: np.ndarray,
    recency_weeks: np.ndarray,
    observed_weeks: np.ndarray,
) -> np.ndarray:
    """Purchase days to expect within the horizon, those of later periods counted at a discount; never negative."""
    total = before = np.zeros(np.shape(repeat_count))
    start = 0
    while start < horizon.horizon_days:
        end = min(start + horizon.period_days, horizon.horizon_days)
        until_end = expected_purchases(
            model, parameters, end / 7, repeat_count, recency_weeks, observed_weeks
        )
        discount = (1 + horizon.discount_rate) ** (-(start + end) / 2 / 365.25)
        total = total + discount * np.maximum(until_end - before, 0.0)
        before, start = until_end, end
    return total


def fit_gamma_gamma(repeat_count: np.ndarray, average_amount: np.ndarray) -> Fit:
    """Gamma-Gamma by maximum likelihood over repeaters: purchase days and their mean spend.

    Repeaters who spent nothing on average are left out, as the likelihood of a mean of zero is zero; they are valued
    by `expected_spend` all the same. q is held above 1, below which mean spend would be infinite. Raises ValueError
    where nobody is left.
    """
    x, mean = np.asarray(repeat_count, float), np.asarray(average_amount, float)
    used = (x > 0) & (mean > 0)
    if not used.any():
        raise ValueError("gamma_gamma cannot be fitted: no repeater spent anything.")
    pairs, counts = np.unique(np.column_stack([x, mean])[used], axis=0, return_counts=True)
    x, mean = pairs.T

    def likelihood(values):
        p, q, v = values[0], 1 + values[1], values[2]
        shape, rate = p * x + q, np.log(v + x * mean)
        each = (
            gammaln(shape) - gammaln(p * x) - gammaln(q) + q * np.log(v)
            + (p * x - 1) * np.log(mean) + p * x * np.log(x) - shape * rate
        )  # fmt: skip
        slopes = np.column_stack([
            x * (digamma(shape) - digamma(p * x) + np.log(mean) + np.log(x) - rate),
            digamma(shape) - digamma(q) + np.log(v) - rate,
            q / v - shape / (v + x * mean),
        ])  # fmt: skip
        return float(counts @ each), counts @ slopes

    scales = np.array([1.0, 1.0, (counts @ mean) / counts.sum()])
    (p, q_less_1, v), log_likelihood = maximise(likelihood, scales, SPEND_STARTS)
    parameters = dict(zip(SPEND_PARAMETERS, (p, 1 + q_less_1, v), strict=True))
    return Fit(parameters, log_likelihood, int(counts.sum()))


def expected_spend(
    parameters: dict[str, float], repeat_count: np.ndarray, average_amount: np.ndarray
) -> np.ndarray:
    """Money to expect of one purchase day of each customer, E[M | x, mean]; never negative.

    Without a repeat it is the mean of all customers; a mean below zero (returns) counts as zero.
    """
    p, q, v = (parameters[name] for name in SPEND_PARAMETERS)
    x = np.asarray(repeat_count, float)
    mean = np.where(x > 0, np.maximum(np.nan_to_num(np.asarray(average_amount, float)), 0), 0)
    return p * (v + x * mean) / (p * x + q - 1)


def fit_purchases(customers: pd.DataFrame) -> pd.DataFrame:
    """Every purchase model on every day that customers are looked at.

    `customers` has one row per customer and day: customer_id, measured_on, repeat_count, recency_weeks,
    observed_weeks, average_repeat_amount (null without a repeat) and is_sampled (whether models learn from the row).
    Returns one row per day, model and metric (parameter_r, ..., log_likelihood), the same whatever the order of rows
    and number of threads; no rows of a day on which nobody has repeated or no repeater has spent.
    """
    rows = []
    sampled = customers[customers["is_sampled"].astype(bool)]
    for day, today in sampled.groupby("measured_on", sort=True):
        repeaters = today[today["repeat_count"] > 0]
        if not (repeaters["average_repeat_amount"].astype(float) > 0).any():
            continue
        groups, weights = group_counts(
            *(
                today[name].to_numpy(float)
                for name in ("repeat_count", "recency_weeks", "observed_weeks")
            )
        )
        fits = {model: fit_count_model(model, groups, weights) for model in COUNT_MODELS}
        fits["gamma_gamma"] = fit_gamma_gamma(
            repeaters["repeat_count"].to_numpy(float),
            repeaters["average_repeat_amount"].to_numpy(float),
        )
        for model, fit in fits.items():
            metrics = {f"parameter_{name}": value for name, value in fit.parameters.items()}
            rows += [
                {
                    "measured_on": day,
                    "model_code": model,
                    "metric_name": name,
                    "metric_value": value,
                    "customers_count": fit.customers_count,
                }
                for name, value in {**metrics, "log_likelihood": fit.log_likelihood}.items()
            ]
    return pd.DataFrame(rows, columns=list(FIT_TYPES)).astype(FIT_TYPES)


def predict_purchases(
    customers: pd.DataFrame, fits: pd.DataFrame, horizon: Horizon, served_model: str
) -> pd.DataFrame:
    """What each customer is expected to do after each day, by the models fitted on that day.

    `customers` has the columns of HISTORY, as for `fit_purchases`, and holdout_weeks, the time after the day that is
    known (null where none is); `fits` is the result of `fit_purchases`. Returns one row per customer and day with the
    columns of PREDICTION_TYPES: P(alive), purchase days within the holdout, discounted value within the horizon, value
    of a purchase day, and the value (by `served_model`) that one, two and three further purchase days up to the day
    would give. No rows of a day without fits.
    """
    parameters = _parameters_by_day(fits)
    parts = []
    for day, today in customers.groupby("measured_on", sort=True):
        if (day, "gamma_gamma") not in parameters:
            continue
        today = today.sort_values("customer_id", ignore_index=True)
        history = [
            today[name].to_numpy(float)
            for name in ("repeat_count", "recency_weeks", "observed_weeks")
        ]
        # customers with the same history share a forecast; only what they spend is their own
        groups, inverse = np.unique(np.column_stack(history), axis=0, return_inverse=True)
        inverse = inverse.ravel()
        x, recency, observed = groups.T
        spend_model = parameters[day, "gamma_gamma"]
        average = today["average_repeat_amount"].astype("Float64").to_numpy(float, na_value=np.nan)
        spend = expected_spend(spend_model, history[0], average)
        predicted = {
            "customer_id": today["customer_id"],
            "measured_on": day,
            "gamma_gamma_purchase_value": spend,
        }
        holdout = today["holdout_weeks"].astype("Float64").to_numpy(float, na_value=np.nan)
        for model in COUNT_MODELS:
            fitted = parameters[day, model]
            alive = alive_probability(model, fitted, x, recency, observed)
            predicted[f"{model}_alive_probability"] = alive[inverse]
            value = discounted_purchases(model, fitted, horizon, x, recency, observed)
            predicted[f"{model}_horizon_value"] = value[inverse] * spend
            predicted[f"{model}_holdout_purchases"] = (
                np.full(len(today), np.nan)
                if np.isnan(holdout).all()
                else expected_purchases(model, fitted, holdout[0], x, recency, observed)[inverse]
            )
        for more in (1, 2, 3):
            value = discounted_purchases(
                served_model, parameters[day, served_model], horizon, x + more, observed, observed
            )
            predicted[f"more_purchases_{more}_value"] = value[inverse] * spend
        parts.append(pd.DataFrame(predicted)[list(PREDICTION_TYPES)])
    if not parts:
        return pd.DataFrame(columns=list(PREDICTION_TYPES)).astype(PREDICTION_TYPES)
    return pd.concat(parts, ignore_index=True).astype(PREDICTION_TYPES)


def value_histories(
    customers: pd.DataFrame, fits: pd.DataFrame, horizon: Horizon, served_model: str
) -> pd.DataFrame:
    """The discounted value within the horizon that histories of purchases had on earlier days.

    `customers` has one row per customer and month: customer_id, month_number, measured_on (the day of `fits` whose
    parameters apply), repeat_count, recency_weeks, observed_weeks and average_repeat_amount. The value is that of
    `predict_purchases`, without the rest of the forecast. No rows where measured_on has no fits.
    """
    parameters, parts = _parameters_by_day(fits), []
    for day, those in customers.groupby("measured_on", sort=True):
        if (day, "gamma_gamma") not in parameters:
            continue
        history = [
            those[name].to_numpy(float)
            for name in ("repeat_count", "recency_weeks", "observed_weeks")
        ]
        groups, inverse = np.unique(np.column_stack(history), axis=0, return_inverse=True)
        value = discounted_purchases(
            served_model, parameters[day, served_model], horizon, *groups.T
        )
        average = those["average_repeat_amount"].astype("Float64").to_numpy(float, na_value=np.nan)
        spend = expected_spend(parameters[day, "gamma_gamma"], history[0], average)
        parts.append(
            those[["customer_id", "month_number"]].assign(
                horizon_value=value[inverse.ravel()] * spend
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(HISTORY_VALUE_TYPES)).astype(HISTORY_VALUE_TYPES)
    return pd.concat(parts, ignore_index=True).astype(HISTORY_VALUE_TYPES)


def _parameters_by_day(fits: pd.DataFrame) -> dict:
    """(day, model) -> its parameters by name."""
    return {
        key: {
            name.removeprefix("parameter_"): value
            for name, value in zip(one["metric_name"], one["metric_value"], strict=True)
            if name.startswith("parameter_")
        }
        for key, one in fits.groupby(["measured_on", "model_code"], sort=True)
    }


def _count_likelihood(values, shift, groups, weights) -> tuple[float, np.ndarray]:
    """Log-likelihood and its gradient in r, alpha, a, b."""
    r, alpha, a, b = values
    x, recency, observed = groups.T
    can_have_left = (x > 0) | (shift == 1)
    stays = np.where(can_have_left, b + x + shift - 1, 1.0)
    log_observed, log_recency = np.log(alpha + observed), np.log(alpha + recency)
    here = -(r + x) * log_observed
    left = np.where(can_have_left, np.log(a) - np.log(stays) - (r + x) * log_recency, -np.inf)
    either = logsumexp([here, left], axis=0)
    each = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        + betaln(a, b + x + shift) - betaln(a, b) + either
    )  # fmt: skip
    was_here, has_left = np.exp(here - either), np.exp(left - either)
    ends = digamma(a + b) - digamma(a + b + x + shift)
    slopes = np.column_stack([
        digamma(r + x) - digamma(r) + np.log(alpha) - was_here * log_observed - has_left * log_recency,
        r / alpha - (r + x) * (was_here / (alpha + observed) + has_left / (alpha + recency)),
        ends + has_left / a,
        ends + digamma(b + x + shift) - digamma(b) - has_left / stays,
    ])  # fmt: skip
    return float(weights @ each), weights @ slopes


def maximise(likelihood, scales, starts) -> tuple[np.ndarray, float]:
    """Where a log-likelihood is highest over several starts, and how high.

    `likelihood` takes positive parameters and returns its value and gradient; `starts` are factors of `scales`. The
    search is in the logarithm of each parameter over its scale.
    """

    def loss(logs):
        values = scales * np.exp(logs)
        height, slope = likelihood(values)
        return -height, -slope * values

    bounds = [(-WIDEST_LOG, WIDEST_LOG)] * len(scales)
    with threadpool_limits(1):  # sums are added in one order
        found = [
            minimize(
                loss,
                np.log(start),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": 1_000, "ftol": 1e-13, "gtol": 1e-7},
            )
            for start in starts
        ]
    best = min(found, key=lambda one: one.fun)
    return scales * np.exp(best.x), -float(best.fun)
