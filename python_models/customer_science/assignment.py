"""Who gets a place in strategies of limited capacity: pure functions of pandas frames.

The assignment problem with capacities (Bertsekas 1998, chapter 7): each customer takes at most one place, each strategy
has as many as its capacity, and the sum of the gains is as high as it can be.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

ASSIGNMENT_TYPES = {"customer_id": "str", "strategy_code": "str"}
# customers and strategies up to which the linear program is solved; beyond, prices are found that leave a proven gap
EXACT_SIZE = 20_000
# share of the optimum that may be lost beyond that size, and sweeps after which the search ends in any case
TOLERATED_GAP = 0.005
SWEEPS = 200


def assign_places(options: pd.DataFrame) -> pd.DataFrame:
    """The strategy in which each customer has a place; customers without a place are left out.

    `options` has one row per customer and strategy: customer_id, strategy_code, gain (above 0, over what the customer
    brings without a place) and capacity_count (places of the strategy, alike in its rows). Returns the columns of
    ASSIGNMENT_TYPES. The sum of the gains is the optimum up to EXACT_SIZE options (the linear program has a whole
    solution), and beyond it within TOLERATED_GAP of the optimum, by the bound of duality, or as near as SWEEPS come.
    """
    if options.empty:
        return pd.DataFrame(columns=list(ASSIGNMENT_TYPES)).astype(ASSIGNMENT_TYPES)
    options = options.sort_values(["customer_id", "strategy_code"], ignore_index=True)
    customers, customer = np.unique(options["customer_id"].to_numpy(str), return_inverse=True)
    strategies, strategy = np.unique(options["strategy_code"].to_numpy(str), return_inverse=True)
    capacities = options.groupby("strategy_code")["capacity_count"].first().to_numpy(int)
    gain = options["gain"].to_numpy(float)
    if len(options) <= EXACT_SIZE:
        is_taken = _solve(customer, strategy, gain, capacities)
        place = np.full(len(customers), -1)
        place[customer[is_taken]] = strategy[is_taken]
    else:
        gains = np.zeros((len(customers), len(strategies)))
        gains[customer, strategy] = gain
        place = _assign_by_prices(gains, capacities)
    has_place = place >= 0
    return pd.DataFrame(
        {"customer_id": customers[has_place], "strategy_code": strategies[place[has_place]]}
    ).astype(ASSIGNMENT_TYPES)


def _solve(customer, strategy, gain, capacities) -> np.ndarray:
    """Which options are taken: a vertex of the transportation polytope, which is whole."""
    count = len(gain)
    columns = np.arange(count)
    limits = sparse.vstack(
        [
            sparse.csr_matrix((np.ones(count), (customer, columns))),
            sparse.csr_matrix((np.ones(count), (strategy, columns))),
        ]
    )
    most = np.concatenate([np.ones(customer.max() + 1), capacities])
    # the dual simplex method ends on a vertex
    result = linprog(-gain, A_ub=limits, b_ub=most, bounds=(0, 1), method="highs-ds")
    return result.x > 0.5


def _assign_by_prices(gains: np.ndarray, capacities: np.ndarray) -> np.ndarray:
    """The column in which each row has a place, or -1; a gain of 0 is no option.

    The price of a place rises to what the first customer without one would lose (coordinate descent on the dual), until
    customers who take what is best for them after its price fill the places well enough.
    """
    prices = np.zeros(len(capacities))
    best, most = np.full(len(gains), -1), -1.0
    for sweep in range(SWEEPS):
        for column, capacity in enumerate(capacities):
            needs = gains[:, column] - _best_elsewhere(gains - prices, column)
            is_scarce = capacity < len(needs)
            prices[column] = (
                max(0.0, -np.partition(-needs, capacity)[capacity]) if is_scarce else 0.0
            )
        if sweep % 5 == 0 or sweep == SWEEPS - 1:
            place = _fill(gains, capacities, prices)
            has_place = place >= 0
            total = gains[has_place, place[has_place]].sum()
            if total > most:
                best, most = place, total
            bound = np.maximum(0.0, (gains - prices).max(axis=1)).sum() + capacities @ prices
            if bound - most <= TOLERATED_GAP * bound:
                break
    return best


def _best_elsewhere(nets: np.ndarray, column: int) -> np.ndarray:
    nets = nets.copy()
    nets[:, column] = 0.0
    return np.maximum(0.0, nets.max(axis=1))


def _fill(gains: np.ndarray, capacities: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """Customers take what is best for them after its price; where too many want a place, those who would lose most
    have it, and the others look for what is left."""
    place, left = np.full(len(gains), -1), capacities.copy()
    nets = np.where(gains > 0, gains - prices, -np.inf)
    while True:
        waiting = np.flatnonzero(place < 0)
        free = np.where(left > 0, nets[waiting], -np.inf)
        wanted = free.argmax(axis=1)
        # at equal net gain a place is taken rather than left, as far as rounding allows
        is_wanting = free[np.arange(len(waiting)), wanted] > -1e-9 * gains.max()
        if not is_wanting.any():
            return place
        for column in np.unique(wanted[is_wanting]):
            rows = waiting[is_wanting & (wanted == column)]
            needs = gains[rows, column] - _best_elsewhere(
                np.where(left > 0, nets[rows], -np.inf), column
            )
            rows = rows[np.argsort(-needs, kind="stable")][: left[column]]
            place[rows] = column
            left[column] -= len(rows)
