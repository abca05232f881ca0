"""What campaigns with a holdout have shown: pure functions of pandas frames.

Sources: Newcombe (1998) for the interval of the difference (see comparisons); Clopper and Pearson's exact binomial for
the split into arms; Welch (1947) for their balance; Gelman et al. (2013), chapter 2, for the beta posteriors with
Jeffreys' prior.
"""

import numpy as np
import pandas as pd
from scipy import stats

from customer_science.comparisons import Settings, compare_shares
from customer_science.economics import beta_of_range

KEYS = ["campaign_code", "segment_scheme", "segment_code", "outcome_code"]
READOUT_TYPES = {
    **dict.fromkeys(KEYS, "str"),
    **dict.fromkeys(
        [
            "difference", "difference_ci_lower", "difference_ci_upper", "p_value", "detectable_difference",
            "saved_customers", "least_relative_effect", "relative_effect", "most_relative_effect",
            "split_p_value", "balance_p_value",
        ],
        "float64",
    ),
    "fault_code": "str",
}  # fmt: skip
EVIDENCE_TYPES = {
    "strategy_code": "str",
    **dict.fromkeys(
        ["posterior_least_save_rate", "posterior_save_rate", "posterior_most_save_rate"], "float64"
    ),
}
# below this p-value arms are not what chance makes of a random split; lower than that of effects, because splits as
# planned are the rule
SPLIT_LEVEL = 0.001
# share of an arm whose outcome has to be known
KNOWN_SHARE = 0.95
BALANCED = ["age", "tenure_days", "logged_balance", "churn_probability"]
POINTS = 400


def read_campaigns(arms: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The effect of each campaign in each segment, for each outcome.

    `arms` has, by KEYS, for each arm (`treated`, `holdout`) <arm>_count, <arm>_known_count, <arm>_kept_count and of
    each measure in BALANCED <arm>_<measure>_count, _sum and _squares; and holdout_share (as planned; null is unknown).
    Returns READOUT_TYPES: the difference in the share kept (treated less holdout), the customers of the treated arm
    that it saved, the relative effect (share kept of those who would have churned) with its 5 and 95 % points, and the
    p-values of the split and of the worst balance (a test per measure, Bonferroni). `fault_code` says why nothing can
    be concluded: `no_holdout`, `not_yet`, `broken_randomisation`; it is empty where something can.
    """
    return pd.DataFrame(
        [_read(row, settings) for row in arms.sort_values(KEYS).to_dict("records")],
        columns=list(READOUT_TYPES),
    ).astype(READOUT_TYPES)


def _read(row: dict, settings: Settings) -> dict:
    sizes = [int(row[f"{arm}_known_count"]) for arm in ("treated", "holdout")]
    kept = [int(row[f"{arm}_kept_count"]) for arm in ("treated", "holdout")]
    found = compare_shares(kept, sizes, 0.0, settings)
    result = {name: row[name] for name in KEYS} | {"fault_code": ""}
    if found:
        result |= {
            "difference": found[0]["estimate"],
            "difference_ci_lower": found[0]["estimate_ci_lower"],
            "difference_ci_upper": found[0]["estimate_ci_upper"],
            "p_value": found[0]["p_value"],
            "detectable_difference": found[0]["smallest_detectable_effect"],
            "saved_customers": found[0]["estimate"] * row["treated_count"],
        }
    # where no held out customer churned, nobody could be kept from it
    if min(sizes) > 0 and kept[1] < sizes[1]:
        rates = save_rates(kept, sizes)
        points = np.quantile(rates, [0.05, 0.5, 0.95])
        result |= dict(
            zip(
                ["least_relative_effect", "relative_effect", "most_relative_effect"],
                points,
                strict=True,
            )
        )
    assigned = [int(row[f"{arm}_count"]) for arm in ("treated", "holdout")]
    if row["holdout_share"] is not None and not np.isnan(row["holdout_share"]) and any(assigned):
        result["split_p_value"] = stats.binomtest(
            assigned[1], sum(assigned), row["holdout_share"]
        ).pvalue
    result["balance_p_value"] = min(
        1.0, len(BALANCED) * min(_imbalance(row, name) for name in BALANCED)
    )
    if min(assigned) == 0:
        result["fault_code"] = "no_holdout"
    elif any(one < KNOWN_SHARE * all_ for one, all_ in zip(sizes, assigned, strict=True)):
        result["fault_code"] = "not_yet"
    elif min(result.get("split_p_value", 1.0), result["balance_p_value"]) < SPLIT_LEVEL:
        result["fault_code"] = "broken_randomisation"
    return result


def _imbalance(row: dict, measure: str) -> float:
    """The p-value of a difference in means between the arms (Welch's test, which holds for few customers, too); 1 where
    there is nothing to compare."""
    arms = []
    for arm in ("treated", "holdout"):
        count = row[f"{arm}_{measure}_count"]
        if not count > 1:
            return 1.0
        mean = row[f"{arm}_{measure}_sum"] / count
        spread = max(row[f"{arm}_{measure}_squares"] - count * mean**2, 0.0)
        arms += [mean, np.sqrt(spread / (count - 1)), count]
    if arms[1] == arms[4] == 0:
        return 1.0
    return float(stats.ttest_ind_from_stats(*arms, equal_var=False).pvalue)


def save_rates(kept, sizes) -> np.ndarray:
    """Equally likely values of the save rate, 1 - churn of the treated / that of the holdout (Jeffreys' posteriors)."""
    points = (np.arange(POINTS) + 0.5) / POINTS
    treated, holdout = (
        stats.beta.ppf(points, size - one + 0.5, one + 0.5)
        for one, size in zip(kept, sizes, strict=True)
    )
    return (1 - treated[:, None] / holdout[None, :]).ravel()


def update_save_rates(plans: pd.DataFrame, arms: pd.DataFrame) -> pd.DataFrame:
    """The save rate of each strategy after its campaigns: the plan's range as a beta prior, times what the arms say.

    `plans` has strategy_code, pessimistic_save_rate, optimistic_save_rate; `arms` a row per campaign that counts, with
    strategy_code and the known and kept counts of both arms. Returns EVIDENCE_TYPES for strategies with a row in
    `arms`: 5, 50 and 95 % points of the posterior, on a grid; the churn of the holdout has Jeffreys' prior.
    """
    results = []
    grid = (np.arange(POINTS) + 0.5) / POINTS
    for plan in plans.sort_values("strategy_code").to_dict("records"):
        own = arms[arms["strategy_code"] == plan["strategy_code"]]
        low, high = float(plan["pessimistic_save_rate"]), float(plan["optimistic_save_rate"])
        if own.empty or not high > low:
            continue
        a, b = beta_of_range(np.array([(low + high) / 2]), np.array([high - low]))
        # equally likely points of the prior, so that a narrow one is resolved as well as a wide one
        rates = stats.beta.ppf(grid, a[0], b[0])
        logs = np.zeros(POINTS)
        for arm in own.sort_values("campaign_code").to_dict("records"):
            lost = {
                name: arm[f"{name}_known_count"] - arm[f"{name}_kept_count"]
                for name in ("treated", "holdout")
            }
            churn = stats.beta.ppf(grid, lost["holdout"] + 0.5, arm["holdout_kept_count"] + 0.5)
            fits = stats.binom.logpmf(
                lost["treated"], arm["treated_known_count"], churn[None, :] * (1 - rates[:, None])
            )
            logs += np.logaddexp.reduce(fits, axis=1)
        weights = np.exp(logs - logs.max())
        points = np.interp(
            [0.05, 0.5, 0.95], (np.cumsum(weights) - weights / 2) / weights.sum(), rates
        )
        results.append([plan["strategy_code"], *points])
    return pd.DataFrame(results, columns=list(EVIDENCE_TYPES)).astype(EVIDENCE_TYPES)


SIZE_TYPES = {
    "campaign_code": "str",
    **dict.fromkeys(["expected_effect", "detectable_effect", "needed_count"], "float64"),
    "is_answerable": "bool",
}


def size_campaigns(audiences: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """What the test of each campaign can find.

    `audiences` has campaign_code, treated_count, holdout_count, churn_probability (of customers without contact) and
    save_rate (as expected). Returns SIZE_TYPES: the expected difference in churn, the one that a z test of these arms
    finds with the power of `settings` (Fleiss 1981, chapter 3), the customers of both arms together that the expected
    one needs at the same split, and whether the campaign has them.
    """
    table = audiences.sort_values("campaign_code", ignore_index=True)
    treated, holdout, churn, rate = (
        table[name].astype(float)
        for name in ("treated_count", "holdout_count", "churn_probability", "save_rate")
    )
    result = table[["campaign_code"]].copy()
    result["expected_effect"] = churn * rate
    share = holdout / (treated + holdout)
    spread = churn * (1 - churn) / (share * (1 - share)).where((share > 0) & (share < 1))
    result["detectable_effect"] = settings.detectable_errors * np.sqrt(spread / (treated + holdout))
    effect = result["expected_effect"].where(result["expected_effect"] > 0)
    result["needed_count"] = np.ceil(spread * (settings.detectable_errors / effect) ** 2)
    result["is_answerable"] = (result["detectable_effect"] <= effect).fillna(False)
    return result[list(SIZE_TYPES)].astype(SIZE_TYPES)
