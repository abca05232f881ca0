"""Budgets: limits are kept, floors come first, and money goes where it brings most."""

import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science.budgets import allocate_budgets
from customer_science.comparisons import Settings
from customer_science.economics import estimate_economics

COLUMNS = [
    "clv_tier", "strategy_code", "floor_share", "remaining_count", "capacity_count", "setup_cost", "contact_cost",
    "expected_contact_value",
]  # fmt: skip
OPTIONS = pd.DataFrame(
    [
        ("high", "call", 0.1, 100, 60, 0.0, 10.0, 50.0),
        ("high", "mail", 0.1, 100, np.nan, 0.0, 1.0, 4.0),
        ("low", "call", 0.2, 400, 60, 0.0, 10.0, 2.0),
        ("low", "mail", 0.2, 400, np.nan, 0.0, 1.0, 0.5),
    ],
    columns=COLUMNS,
).assign(scenario_code="plan", budget_amount=500.0)
# what the range of a contact's value needs
RANGE = {
    "kept_value": 1_000.0, "fixed_cost": 2.0, "pessimistic_save_rate": 0.02, "optimistic_save_rate": 0.08,
    "churn_error": 0.1,
}  # fmt: skip


def allocate(options):
    eligible = options.get("eligible_count", options["remaining_count"])
    return allocate_budgets(options.assign(eligible_count=eligible, **RANGE))


def allocated(options):
    return allocate(options).set_index(["clv_tier", "strategy_code"])


def test_money_goes_to_the_best_ratio_after_every_floor():
    plan = allocated(OPTIONS)
    # the floor of the low tier, 100, buys what is best there, though it brings less than it costs
    assert plan.loc[("low", "mail"), "planned_contact_count"] == 100
    # the other 400: first the 40 calls that 400 can pay at 5 for 1, the floor's 5 among them
    assert plan.loc[("high", "call"), "planned_contact_count"] == 40
    assert plan["planned_spend"].sum() == 500
    assert not plan["floor_shortfall"].any()


def test_nothing_is_bought_beyond_the_floors_that_brings_less_than_it_costs():
    plan = allocated(OPTIONS.assign(budget_amount=100_000.0, floor_share=0.0))
    assert plan["planned_contact_count"].to_dict() == {
        ("high", "call"): 60, ("high", "mail"): 40, ("low", "call"): 0, ("low", "mail"): 0,
    }  # fmt: skip


def test_a_contact_is_for_those_who_may_get_the_strategy():
    plan = allocated(
        OPTIONS.assign(budget_amount=100_000.0, floor_share=0.0, eligible_count=[20, 70, 400, 400])
    )
    # each customer of the tier once: 20 calls, and 50 mailings to the rest of the 70
    assert plan.loc["high", "planned_contact_count"].to_dict() == {"call": 20, "mail": 50}


@pytest.mark.parametrize("seed", range(20))
def test_limits_are_kept(seed):
    draw = np.random.default_rng(seed)
    tiers = {tier: int(draw.integers(0, 300)) for tier in ("high", "medium", "low")}
    strategies = {
        code: (float(draw.integers(0, 200)), float(draw.uniform(0, 60))) for code in "abcd"
    }
    options = pd.DataFrame(
        [
            (tier, code, draw.choice([0.0, 0.1, 0.3]) if code == "a" else 0.0, tiers[tier], *strategies[code],
             float(draw.uniform(0.5, 5)), float(draw.uniform(0, 20)))
            for tier, code in itertools.product(tiers, strategies)
        ],
        columns=COLUMNS,
    ).assign(scenario_code="plan", budget_amount=float(draw.integers(0, 1_000)))  # fmt: skip
    options["floor_share"] = options.groupby("clv_tier")["floor_share"].transform("max")
    plan = allocate(options).merge(options, on=["clv_tier", "strategy_code"])
    for kind in ("planned", "even"):
        contacts, spend = plan[f"{kind}_contact_count"], plan[f"{kind}_spend"]
        assert spend.sum() <= options["budget_amount"].iloc[0] + 1e-6
        assert (contacts.groupby(plan["clv_tier"]).sum() <= pd.Series(tiers).sort_index()).all()
        capacity = plan.groupby("strategy_code")["capacity_count"].first()
        assert (contacts.groupby(plan["strategy_code"]).sum() <= capacity.sort_index()).all()
        # set-up is paid once for each strategy that has a contact
        setup = plan.loc[contacts > 0].groupby("strategy_code")["setup_cost"].first().sum()
        assert spend.sum() == pytest.approx(setup + (contacts * plan["contact_cost"]).sum())
    floors = options.groupby("clv_tier")["floor_share"].first() * options["budget_amount"].iloc[0]
    missed = plan.groupby("clv_tier")["floor_shortfall"].first()
    assert (plan.groupby("clv_tier")["planned_spend"].sum() + missed >= floors - 0.02).all()


def best_by_brute_force(options):
    """The highest net value of all numbers of contacts that limits and money allow."""
    contacts = np.stack(
        np.meshgrid(*[np.arange(most + 1) for most in options["remaining_count"]], indexing="ij")
    ).reshape(len(options), -1)
    cost = options["contact_cost"].to_numpy() @ contacts
    for rows in options.groupby("clv_tier").indices.values():
        cost = np.where(
            contacts[rows].sum(0) > options["remaining_count"].iloc[rows[0]], np.inf, cost
        )
    for rows in options.groupby("strategy_code").indices.values():
        first, used = options.iloc[rows[0]], contacts[rows].sum(0)
        cost = np.where(used > 0, cost + first["setup_cost"], cost)
        if not np.isnan(first["capacity_count"]):
            cost = np.where(used > first["capacity_count"], np.inf, cost)
    net = np.where(
        cost <= options["budget_amount"].iloc[0] + 1e-9,
        options["expected_contact_value"].to_numpy() @ contacts - cost,
        -np.inf,
    )
    return net.max()


def test_the_plan_is_the_optimum_of_400_small_cases():
    draw = np.random.default_rng(1)
    cases = []
    for number in range(400):
        tiers = {f"tier {tier}": int(draw.integers(1, 7)) for tier in range(draw.integers(1, 3))}
        for code in ("call", "mail"):
            setup, cost = draw.choice([0, 0, 5, 20]), draw.lognormal(0, 1.2)
            capacity = draw.choice([np.nan, draw.integers(1, 8)])
            for tier, remaining in tiers.items():
                value = cost * draw.uniform(0.8, 6)
                cases.append(
                    (tier, code, 0.0, remaining, capacity, setup, cost, value, f"{number:03d}")
                )
    options = pd.DataFrame(cases, columns=[*COLUMNS, "scenario_code"])
    budgets = pd.Series(draw.uniform(0, 60, 400), index=sorted(options["scenario_code"].unique()))
    options["budget_amount"] = options["scenario_code"].map(budgets)
    plan = allocate(options).merge(options, on=["scenario_code", "clv_tier", "strategy_code"])
    net = plan["planned_contact_count"] * plan["expected_contact_value"] - plan["planned_spend"]
    found = net.groupby(plan["scenario_code"]).sum()
    best = pd.Series({s: best_by_brute_force(one) for s, one in options.groupby("scenario_code")})
    assert (found - best).abs().max() < 1e-6


def test_a_floor_that_cannot_be_spent_is_said_to_miss_something():
    plan = allocated(OPTIONS.assign(remaining_count=[100, 100, 3, 3]))
    # three calls take 30 of the 100 of the low tier
    assert plan["floor_shortfall"].groupby("clv_tier").first().round(6).to_dict() == {
        "high": 0,
        "low": 70,
    }
    assert plan.loc[("low", "call"), "planned_contact_count"] == 3


def test_the_even_spread_follows_the_number_of_customers():
    plan = allocated(OPTIONS)
    spend = plan["even_spend"].groupby("clv_tier").sum()
    assert spend["high"] == pytest.approx(100) and spend["low"] == pytest.approx(400)


def test_floors_above_the_budget_are_refused():
    with pytest.raises(ValueError, match="floors of scenario plan add up to 1.20"):
        allocate(OPTIONS.assign(floor_share=0.6))


def test_order_of_rows_changes_nothing_and_no_options_give_no_rows():
    pd.testing.assert_frame_equal(
        allocate(OPTIONS.sample(frac=1, random_state=1)), allocate(OPTIONS)
    )
    assert len(allocate(OPTIONS.iloc[:0])) == 0


def test_the_range_of_a_contact_is_that_of_the_economics_of_its_strategy():
    plan = allocated(OPTIONS)
    row = {
        "reached_count": 1,
        "churn_probability": 0.2,
        "active_share": 1.0,
        "evidence_level": "assumed",
    }
    row |= {"segment_scheme": "clv_tier", "segment_code": "high", "strategy_code": "call"} | RANGE
    economics = estimate_economics(pd.DataFrame([row]), Settings(0.95, 0.05)).iloc[0]
    assert plan["least_contact_value"].unique() == economics["least_net"]
    assert plan["most_contact_value"].unique() == economics["most_net"]
