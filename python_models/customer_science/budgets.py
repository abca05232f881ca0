"""How a marketing budget is spent over tiers of customers: pure functions of pandas frames.

One contact a customer, limits of money and capacity, a set-up for each strategy that is used, and a minimum spend for
every tier: a mixed-integer program, solved to its optimum by HiGHS (Huangfu and Hall 2018) as SciPy has it.
"""

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from customer_science.economics import range_of, saved_shares

ALLOCATION_TYPES = {
    "scenario_code": "str",
    "clv_tier": "str",
    "strategy_code": "str",
    "planned_contact_count": "int64",
    "even_contact_count": "int64",
    "planned_spend": "float64",
    "even_spend": "float64",
    "floor_shortfall": "float64",
    "least_contact_value": "float64",
    "most_contact_value": "float64",
}
# money below this is rounding of the solver
CENT = 0.01


def allocate_budgets(options: pd.DataFrame) -> pd.DataFrame:
    """Contacts and spend of every option of every scenario, by value and, for comparison, spread evenly.

    `options` has one row per scenario, tier and strategy: scenario_code, budget_amount, clv_tier, strategy_code,
    floor_share (of the budget, to be spent on contacts of the tier), remaining_count (customers of the tier),
    eligible_count (those of them who may get the strategy), capacity_count (of the strategy; null is no limit),
    setup_cost, contact_cost, expected_contact_value, and, for the range of that value, kept_value and fixed_cost of a
    contact and the columns of `economics.saved_shares`. Returns one row per row of `options` with the columns of
    ALLOCATION_TYPES. By value: the plan with the highest expected value less its cost among those that spend each
    tier's floor, worth it or not, or miss as little of the floors as can be; `floor_shortfall` is what a tier misses.
    Evenly: each tier has the share of the budget that it has of the customers, and spends it on what is worth most. A
    strategy's set-up is paid once, by one of the tiers that use it.
    Raises ValueError where the floors of a scenario add up to more than its budget.
    """
    rows = options.sort_values(["scenario_code", "clv_tier", "strategy_code"], ignore_index=True)
    result = rows[["scenario_code", "clv_tier", "strategy_code"]].copy()
    for name, kind in ALLOCATION_TYPES.items():
        if name not in result:
            result[name] = np.zeros(len(rows), kind)
    for scenario, positions in rows.groupby("scenario_code", sort=True).indices.items():
        one = rows.iloc[positions].reset_index(drop=True)
        budget = float(one["budget_amount"].iloc[0])
        tiers = one.groupby("clv_tier", sort=True)
        floors = tiers["floor_share"].first()
        if floors.sum() > 1 + 1e-9:
            raise ValueError(
                f"The floors of scenario {scenario} add up to {floors.sum():.2f} of its budget: at most 1 can be kept."
            )
        customers = tiers["remaining_count"].first()
        shares = customers / max(customers.sum(), 1)
        plans = {
            "planned": _solve(
                one, budget, floors=budget * floors, caps=0 * floors + budget, is_net=True
            ),
            "even": _solve(one, budget, floors=0 * shares, caps=budget * shares, is_net=False),
        }
        for plan, (contacts, spend) in plans.items():
            result.loc[positions, f"{plan}_contact_count"] = contacts
            result.loc[positions, f"{plan}_spend"] = spend
        on_contacts = one["contact_cost"] * plans["planned"][0]
        missed = (budget * floors - on_contacts.groupby(one["clv_tier"]).sum()).where(
            lambda money: money >= CENT, 0.0
        )
        result.loc[positions, "floor_shortfall"] = one["clv_tier"].map(missed).to_numpy()
    kept, fixed = (rows[name].to_numpy(float)[:, None] for name in ("kept_value", "fixed_cost"))
    values = range_of(kept * saved_shares(rows) - fixed)
    result["least_contact_value"], result["most_contact_value"] = values
    return result[list(ALLOCATION_TYPES)].astype(ALLOCATION_TYPES)


def _solve(
    options: pd.DataFrame, budget: float, floors: pd.Series, caps: pd.Series, is_net: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Contacts and spend of every option of one scenario: first the least shortfall of the tiers' floors, then the
    highest value, less costs where `is_net`, with no tier above its cap."""
    size = len(options)
    in_tier = _members(options["clv_tier"])
    in_strategy = _members(options["strategy_code"])
    cost, setup, value, eligible = (
        options[name].to_numpy(float)
        for name in ("contact_cost", "setup_cost", "expected_contact_value", "eligible_count")
    )
    # a null is no limit
    capacity = options["capacity_count"].astype("Float64").fillna(np.inf).to_numpy(float)
    most = np.minimum(eligible, capacity)

    # the variables: contacts of each option, whether it pays its strategy's set-up, and the shortfall of each tier
    def row(contacts, setups, shortfalls=0.0):
        parts = [np.broadcast_to(part, (len(contacts), size)) for part in (contacts, setups)]
        return np.hstack([*parts, np.broadcast_to(shortfalls, (len(contacts), len(floors)))])

    spent = row(in_tier * cost, in_tier * setup)
    limits = [
        # the customers who may get one strategy of the tier and those who may get another are mostly the same
        LinearConstraint(row(in_tier, 0.0), ub=(in_tier * eligible).max(axis=1)),
        LinearConstraint(
            row(in_strategy, 0.0), ub=np.where(in_strategy > 0, capacity, 0).max(axis=1)
        ),
        # a strategy is set up once, before its first contact, by an option that has contacts
        LinearConstraint(row(0.0 * in_strategy, in_strategy), ub=1),
        LinearConstraint(row(-np.eye(size), np.eye(size)), ub=0),
        LinearConstraint(row(np.eye(size), -most[:, None] * (in_strategy.T @ in_strategy)), ub=0),
        LinearConstraint(spent.sum(axis=0), ub=budget),
        LinearConstraint(spent, ub=caps),
        # a floor is for contacts: a set-up that nobody needs would spend it, too
        LinearConstraint(row(in_tier * cost, 0.0, np.eye(len(floors))), lb=floors),
    ]
    whole = np.repeat([1, 1, 0], [size, size, len(floors)])
    bounds = Bounds(0, np.concatenate([most, np.ones(size), floors]))
    shortfall = np.repeat([0.0, 0.0, 1.0], [size, size, len(floors)])
    gain = np.concatenate([value - cost * is_net, -setup * is_net, 0 * floors])
    least = _optimum(shortfall, limits, whole, bounds) @ shortfall
    limits.append(LinearConstraint(shortfall, ub=least + CENT / 2))
    found = _optimum(-gain, limits, whole, bounds)
    contacts, paid = np.round(found[:size]).astype(int), np.round(found[size : 2 * size])
    return contacts, contacts * cost + paid * setup


def _members(values: pd.Series) -> np.ndarray:
    """1 where the option of a column has the value of a row, values in order."""
    return (values.to_numpy() == np.unique(values)[:, None]).astype(float)


def _optimum(costs, limits, whole, bounds) -> np.ndarray:
    # presolve and branching of HiGHS are deterministic; a gap of 0 is the optimum
    result = milp(
        costs, constraints=limits, integrality=whole, bounds=bounds, options={"mip_rel_gap": 0}
    )
    return result.x
