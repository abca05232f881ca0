"""Readouts of campaigns: planted effects are found, null campaigns are not, and broken ones are called so."""

import numpy as np
import pandas as pd
import pytest
from customer_science.campaigns import read_campaigns, size_campaigns, update_save_rates
from customer_science.comparisons import Settings
from scipy import stats

SETTINGS = Settings(confidence_level=0.95, significance=0.05)


def arms(treated, holdout, kept, other_kept, **changes):
    row = {
        "campaign_code": "spring", "segment_scheme": "all", "segment_code": "all", "outcome_code": "closing",
        "holdout_share": 0.5, "strategy_code": "call",
    } | {
        f"{arm}_{name}": value
        for arm, size, one in (("treated", treated, kept), ("holdout", holdout, other_kept))
        for name, value in {
            "count": size, "known_count": size, "kept_count": one, "age_count": size, "age_sum": 40 * size,
            "age_squares": 1_700 * size, "tenure_days_count": size, "tenure_days_sum": 0, "tenure_days_squares": 0,
            "logged_balance_count": size, "logged_balance_sum": 9 * size, "logged_balance_squares": 90 * size,
            # not known of anybody before the contact
            "churn_probability_count": 0, "churn_probability_sum": None, "churn_probability_squares": None,
        }.items()
    }  # fmt: skip
    return row | changes


def read(*rows):
    return read_campaigns(pd.DataFrame(rows), SETTINGS)


def draw(seed, count, save_rate, churn=0.15, size=1_000):
    rng = np.random.default_rng(seed)
    treated, holdout = (
        rng.binomial(size, churn * (1 - save_rate), count),
        rng.binomial(size, churn, count),
    )
    return read(*[
        arms(size, size, size - one, size - other, campaign_code=f"{number:03d}")
        for number, (one, other) in enumerate(zip(treated, holdout, strict=True))
    ])  # fmt: skip


def test_null_campaigns_work_in_one_of_twenty_at_most():
    found = draw(1, 500, save_rate=0.0)
    works = ((found["p_value"] < 0.05) & (found["difference"] > 0)).mean()
    # half of the five hundredths of a two-sided test, within three standard errors
    assert works <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 500) and not found["fault_code"].any()


def test_planted_effects_are_inside_their_intervals():
    found = draw(2, 500, save_rate=0.3)
    is_inside = found["difference_ci_lower"].le(0.045) & found["difference_ci_upper"].ge(0.045)
    assert 0.93 <= is_inside.mean() <= 0.97
    is_inside = found["least_relative_effect"].le(0.3) & found["most_relative_effect"].ge(0.3)
    assert 0.86 <= is_inside.mean() <= 0.94
    assert found["saved_customers"].mean() == pytest.approx(45, abs=3)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"holdout_count": 0, "holdout_known_count": 0, "holdout_kept_count": 0}, "no_holdout"),
        ({"treated_known_count": 940, "treated_kept_count": 900}, "not_yet"),
        ({"holdout_share": 0.4}, "broken_randomisation"),
        ({"holdout_share": None}, ""),
        ({"treated_age_sum": 42_000, "treated_age_squares": 1_864_000}, "broken_randomisation"),
        ({"treated_logged_balance_sum": 8_000}, "broken_randomisation"),
        ({"treated_logged_balance_sum": 8_950}, ""),
    ],
)
def test_what_nothing_can_be_concluded_from(changes, fault):
    assert read(arms(1_000, 1_000, 900, 880, **changes))["fault_code"].tolist() == [fault]


def test_without_churn_in_the_holdout_there_is_no_relative_effect():
    names = ["least_relative_effect", "relative_effect", "most_relative_effect"]
    assert read(arms(20, 20, 19, 20))[names].isna().all(axis=None)
    assert read(arms(20, 20, 20, 19))[names].notna().all(axis=None)


def test_few_customers_of_nearly_one_age_break_no_randomisation():
    ages = {"treated": [40, 55, 30, 62, 48], "holdout": [70, 71]}
    measures = {
        f"{arm}_age_{name}": value
        for arm, ages_ in ages.items()
        for name, value in {"count": len(ages_), "sum": sum(ages_), "squares": sum(a * a for a in ages_)}.items()
    }  # fmt: skip
    found = read(arms(5, 2, 5, 1, **measures)).iloc[0]
    expected = stats.ttest_ind(*ages.values(), equal_var=False).pvalue
    assert found["balance_p_value"] == pytest.approx(4 * expected) and found["fault_code"] == ""


def test_the_posterior_of_many_customers_is_what_they_say_and_of_none_the_plan():
    plans = pd.DataFrame(
        [("call", 0.02, 0.4)],
        columns=["strategy_code", "pessimistic_save_rate", "optimistic_save_rate"],
    )
    many = update_save_rates(plans, pd.DataFrame([arms(200_000, 200_000, 179_000, 170_000)])).iloc[
        0
    ]
    assert many["posterior_save_rate"] == pytest.approx(0.3, abs=0.01)
    none = update_save_rates(plans, pd.DataFrame([arms(0, 0, 0, 0)])).iloc[0]
    variance = (0.38 / 2 / stats.norm.ppf(0.95)) ** 2
    size = 0.21 * 0.79 / variance - 1
    prior = stats.beta(0.21 * size, 0.79 * size)
    for name, share in (("least_save_rate", 0.05), ("save_rate", 0.5), ("most_save_rate", 0.95)):
        assert none[f"posterior_{name}"] == pytest.approx(prior.ppf(share), abs=0.002)


def test_a_campaign_of_the_stated_size_finds_the_expected_effect_in_four_of_five():
    asked = {
        "campaign_code": "spring",
        "treated_count": 800,
        "holdout_count": 200,
        "churn_probability": 0.2,
        "save_rate": 0.3,
    }
    (size,) = size_campaigns(pd.DataFrame([asked]), SETTINGS).to_dict("records")
    assert size["expected_effect"] == pytest.approx(0.06) and not size["is_answerable"]
    holdout = int(size["needed_count"] / 5)
    rng = np.random.default_rng(3)
    # the stated error is that of the churn without contact, which is the middle of both arms here
    lost = [
        rng.binomial(4 * holdout, 0.17, 20_000) / (4 * holdout),
        rng.binomial(holdout, 0.23, 20_000) / holdout,
    ]
    pooled = 0.8 * lost[0] + 0.2 * lost[1]
    error = np.sqrt(pooled * (1 - pooled) * (1 / holdout + 1 / (4 * holdout)))
    found = (lost[1] - lost[0]) / error > stats.norm.ppf(0.975)
    assert found.mean() == pytest.approx(0.8, abs=0.03)
    enough = asked | {"treated_count": 4 * holdout + 4, "holdout_count": holdout + 1}
    assert size_campaigns(pd.DataFrame([enough]), SETTINGS)["is_answerable"].tolist() == [True]
    nobody = asked | {"treated_count": 0, "holdout_count": 0}
    assert size_campaigns(pd.DataFrame([nobody]), SETTINGS)["is_answerable"].tolist() == [False]
