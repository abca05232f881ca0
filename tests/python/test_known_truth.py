"""Worlds whose truth is known, at the level of functions: where nothing has an effect, little is found, by chance."""

import numpy as np
import pandas as pd
import pytest
from customer_science import intervals
from scipy import stats

HAZARD = 0.08  # a year, for everybody
DRAWS = 200
CUSTOMERS = 1_200
SETTINGS = intervals.IntervalSettings(8, 50, 0.02, 0.01)
FEATURES = pd.DataFrame(
    [("tenure_years", "number"), ("product_count", "number"), ("city", "text")],
    columns=["feature_name", "feature_kind"],
)


def dated_null_world(seed):
    """Customers at risk on a day of a bank in which people join and close over time and nothing has an effect:
    features as of that day, and whether the customer closes within the year after it."""
    generator = np.random.default_rng(seed)
    joined = generator.uniform(-8, 0, 3 * CUSTOMERS)  # years before the window opens
    closes = joined + generator.exponential(1 / HAZARD, len(joined))
    at_risk = np.flatnonzero(closes > 0)[:CUSTOMERS]
    tenure = -joined[at_risk]
    return pd.DataFrame(
        {
            "tenure_years": tenure,
            # opened over time, so it grows with tenure
            "product_count": 1.0 + generator.poisson(0.25 * tenure),
            "city": generator.choice(["Rostov", "Rybinsk", "Yaroslavl"], len(at_risk)),
            "is_churned": closes[at_risk] <= 1,
            "is_discovery": generator.random(len(at_risk)) < 0.5,
        }
    )


def counted(customers, found):
    """What int_churn_intervals_counted counts of each interval in both halves."""
    rows = []
    for one in found.itertuples(index=False):
        value = customers[one.feature_name]
        if one.interval_kind == "range":
            low = -np.inf if np.isnan(one.lower_bound) else one.lower_bound
            high = np.inf if np.isnan(one.upper_bound) else one.upper_bound
            inside = (value >= low) & (value < high) & (value != 0)
        else:
            inside = value == (0 if one.interval_kind == "zero" else one.value)
        halves = {}
        for half, is_half in (("discovery", True), ("confirmation", False)):
            members = inside & (customers["is_discovery"] == is_half)
            halves[f"{half}_count"] = int(members.sum())
            halves[f"{half}_churned_count"] = int((members & customers["is_churned"]).sum())
        rows.append(one._asdict() | halves)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def studied():
    """Of each draw: the lowest q-value of any interval, and counts and churned counts by number of products."""
    lowest, groups = [], []
    for seed in range(DRAWS):
        customers = dated_null_world(seed)
        half = customers[customers["is_discovery"]]
        found = intervals.find_intervals(half, FEATURES, SETTINGS)
        tested = intervals.compare_intervals(counted(customers, found))
        lowest.append(stats.false_discovery_control(tested["p_value"].dropna()).min())
        by_products = customers.groupby(customers["product_count"].clip(upper=4))["is_churned"]
        groups += list(by_products.agg(["size", "sum"]).itertuples(index=False, name=None))
    return lowest, groups


def test_no_more_draws_have_a_finding_than_the_nominal_rate_allows(studied):
    findings = int(sum(q < 0.05 for q in studied[0]))
    upper = stats.binomtest(findings, DRAWS).proportion_ci(0.99).low
    assert upper <= 0.05, findings


def test_intervals_of_rates_hold_the_hazard_of_the_window(studied):
    truth = -np.expm1(-HAZARD)
    held = 0
    for size, churned in studied[1]:
        interval = stats.binomtest(int(churned), int(size)).proportion_ci(method="wilson")
        held += interval.low <= truth <= interval.high
    assert len(studied[1]) >= 3 * DRAWS
    assert held >= 0.93 * len(studied[1])


def test_the_share_that_ever_churned_would_find_what_is_not_there():
    """The same world by the share that ever closed: products look like an effect, which is why rates have windows."""
    generator = np.random.default_rng(1)
    joined = generator.uniform(-8, 0, 8 * CUSTOMERS)
    life = generator.exponential(1 / HAZARD, len(joined))
    has_closed = joined + life <= 0
    products = 1 + generator.poisson(0.25 * np.where(has_closed, life, -joined))
    table = pd.crosstab(np.minimum(products, 4), has_closed)
    assert stats.chi2_contingency(table).pvalue < 1e-6
