"""How a marketing budget is spent over tiers of customers: pure functions of pandas frames.

Money goes where it is expected to bring most, one contact a customer, after every tier has had its floor. The problem
is a knapsack; taking the best ratio of value to cost first (Dantzig 1957) is within one contact of the best there is,
set-up costs aside.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

ALLOCATION_TYPES = {
    "scenario_code": "str",
    "clv_tier": "str",
    "strategy_code": "str",
    "floor_contact_count": "int64",
    "planned_contact_count": "int64",
    "even_contact_count": "int64",
    "planned_spend": "float64",
    "even_spend": "float64",
}


class Purse(NamedTuple):
    """What is left of the budget's limits while contacts are bought."""

    customers: dict[str, int]  # by tier, not contacted yet
    capacity: dict[str, float]  # by strategy
    started: set[str]  # strategies whose set-up is paid


def allocate_budgets(options: pd.DataFrame) -> pd.DataFrame:
    """Contacts and spend of every option of every scenario, by value and, for comparison, spread evenly.

    `options` has one row per scenario, tier and strategy: scenario_code, budget_amount, clv_tier, strategy_code,
    floor_share (of the budget, kept for the tier), remaining_count (customers of the tier), capacity_count (of the
    strategy; null is no limit), setup_cost, contact_cost, expected_contact_value. Returns one row per row of
    `options` with the columns of ALLOCATION_TYPES. By value: first each tier's floor buys its best strategies, worth
    it or not; then the rest of the budget goes to the option with the highest expected value per cost, as long as it
    brings more than it costs. Evenly: each tier has the share of the budget that it has of the customers. A
    strategy's set-up is paid once. Raises ValueError where the floors of a scenario add up to more than its budget.
    """
    rows = options.sort_values(["scenario_code", "clv_tier", "strategy_code"], ignore_index=True)
    result = rows[["scenario_code", "clv_tier", "strategy_code"]].copy()
    for name, kind in ALLOCATION_TYPES.items():
        if name not in result:
            result[name] = np.zeros(len(rows), kind)
    for scenario, positions in rows.groupby("scenario_code", sort=True).indices.items():
        one = rows.iloc[positions]
        budget = float(one["budget_amount"].iloc[0])
        tiers = one.groupby("clv_tier", sort=True)
        floors = tiers["floor_share"].first()
        if floors.sum() > 1 + 1e-9:
            raise ValueError(
                f"The floors of scenario {scenario} add up to {floors.sum():.2f} of its budget: at most 1 can be kept."
            )
        customers = tiers["remaining_count"].first()
        even_shares = customers / max(customers.sum(), 1)
        for plan, shares in (("planned", floors), ("even", even_shares)):
            purse = _full_purse(one)
            contacts = {position: 0 for position in positions}
            spent = {position: 0.0 for position in positions}
            for tier, share in shares.items():
                own = one.index[one["clv_tier"] == tier]
                _buy(one, own, budget * share, purse, contacts, spent, only_if_worth_it=False)
            if plan == "planned":
                result.loc[positions, "floor_contact_count"] = [contacts[p] for p in positions]
                rest = budget - sum(spent.values())
                _buy(one, one.index, rest, purse, contacts, spent, only_if_worth_it=True)
            result.loc[positions, f"{plan}_contact_count"] = [contacts[p] for p in positions]
            result.loc[positions, f"{plan}_spend"] = [spent[p] for p in positions]
    return result[list(ALLOCATION_TYPES)].astype(ALLOCATION_TYPES)


def _full_purse(options: pd.DataFrame) -> Purse:
    capacity = options.groupby("strategy_code")["capacity_count"].first().astype("Float64")
    return Purse(
        options.groupby("clv_tier")["remaining_count"].first().astype(int).to_dict(),
        {
            code: float("inf") if pd.isna(limit) else float(limit)
            for code, limit in capacity.items()
        },
        set(),
    )


def _buy(options, positions, money, purse, contacts, spent, only_if_worth_it) -> None:
    """Buys contacts of the options at `positions` in place, the best first, until money, customers or capacity end."""
    waiting = list(positions)
    while waiting:
        offers = []
        for position in waiting:
            option = options.loc[position]
            setup = 0.0 if option["strategy_code"] in purse.started else float(option["setup_cost"])
            cost = float(option["contact_cost"])
            most = min(purse.customers[option["clv_tier"]], purse.capacity[option["strategy_code"]])
            # a hair is forgiven, so that a sum of costs that makes up the money exactly is not one contact short
            able = most if cost == 0 else min(most, np.floor((money - setup) / cost + 1e-9))
            if able < 1 or setup > money + 1e-9:
                continue
            price = setup + able * cost
            value = able * float(option["expected_contact_value"])
            if only_if_worth_it and value <= price:
                continue
            # equal ratios in the order of tier and strategy
            offers.append((-value / price if price > 0 else -np.inf, position, int(able), price))
        if not offers:
            return
        _, position, able, price = min(offers)
        option = options.loc[position]
        contacts[position] += able
        spent[position] += price
        money -= price
        purse.customers[option["clv_tier"]] -= able
        purse.capacity[option["strategy_code"]] -= able
        purse.started.add(option["strategy_code"])
        waiting.remove(position)
