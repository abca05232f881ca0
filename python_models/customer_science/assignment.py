"""Who gets a place in strategies of limited capacity: pure functions of pandas frames.

The assignment problem with capacities (Bertsekas 1998, chapter 7): each customer takes at most one place, each strategy
has as many as its capacity, and the sum of the gains is as high as it can be.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

ASSIGNMENT_TYPES = {"customer_id": "str", "strategy_code": "str"}
# customers and strategies up to which the linear program is solved; beyond, an auction leaves a proven gap
EXACT_SIZE = 20_000
# share of the optimum that may be lost beyond that size
TOLERATED_GAP = 0.005


def assign_places(options: pd.DataFrame) -> pd.DataFrame:
    """The strategy in which each customer has a place; customers without a place are left out.

    `options` has one row per customer and strategy: customer_id, strategy_code, gain (above 0, over what the customer
    brings without a place) and capacity_count (places of the strategy, alike in its rows). Returns the columns of
    ASSIGNMENT_TYPES. The sum of the gains is the optimum up to EXACT_SIZE options (the linear program has a whole
    solution), and beyond it within TOLERATED_GAP of the optimum, by the bound of duality (Bertsekas 1988, The auction
    algorithm).
    """
    # who asks for a strategy without a place gets none
    options = options[options["capacity_count"] > 0]
    if options.empty:
        return pd.DataFrame(columns=list(ASSIGNMENT_TYPES)).astype(ASSIGNMENT_TYPES)
    options = options.sort_values(["customer_id", "strategy_code"], ignore_index=True)
    customers, customer = np.unique(options["customer_id"].to_numpy(str), return_inverse=True)
    strategies, strategy = np.unique(options["strategy_code"].to_numpy(str), return_inverse=True)
    capacities = options.groupby("strategy_code")["capacity_count"].first().to_numpy(int)
    gain = options["gain"].to_numpy(float)
    if len(options) <= EXACT_SIZE:
        is_taken = _solve(customer, strategy, gain, capacities)
    else:
        is_taken = _assign_by_auction(customer, strategy, gain, capacities)
    return pd.DataFrame(
        {
            "customer_id": customers[customer[is_taken]],
            "strategy_code": strategies[strategy[is_taken]],
        }
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


def _assign_by_auction(customer, strategy, gain, capacities) -> np.ndarray:
    """Which options are taken; `customer` ascends.

    The less a bid has to raise a price, the nearer is the end to the optimum: the smallest raise is lowered until the
    bound of duality proves that it is near enough.
    """
    first = np.unique(customer, return_index=True)[1]
    raise_ = 2 * TOLERATED_GAP * gain.mean()
    while True:
        is_taken, prices = _auction(customer, strategy, gain, capacities, first, raise_)
        nets = np.maximum.reduceat(gain - prices[strategy], first)
        bound = np.maximum(0.0, nets).sum() + capacities @ prices
        if bound - gain[is_taken].sum() <= TOLERATED_GAP * bound:
            return is_taken
        raise_ /= 4


def _auction(customer, strategy, gain, capacities, first, raise_) -> tuple[np.ndarray, np.ndarray]:
    """Which options are taken, and the price of a place in each strategy.

    In each round every customer without a place who would gain at today's prices bids for what gains most: as much as
    leaves what is second best, and the raise. Each strategy keeps its highest bids; the lowest of them is its price
    once all places are taken. A customer with a place then has the best option but for less than the raise.
    """
    sizes = np.diff(np.append(first, len(customer)))
    prices = np.zeros(len(capacities))
    held = [np.zeros(0, int)] * len(capacities)  # options that have a place, by strategy
    bids = np.zeros(len(gain))
    waiting = np.arange(len(first))
    while len(waiting):
        counts = sizes[waiting]
        ends = np.cumsum(counts)
        options = np.arange(ends[-1]) + np.repeat(first[waiting] - ends + counts, counts)
        nets = gain[options] - prices[strategy[options]]
        starts = ends - counts
        best = np.maximum.reduceat(nets, starts)
        is_best = np.flatnonzero(nets == np.repeat(best, counts))
        is_best = is_best[np.unique(customer[options[is_best]], return_index=True)[1]]
        nets[is_best] = -np.inf
        second = np.maximum(0.0, np.maximum.reduceat(nets, starts))
        is_bidding = best > 0
        wanted = options[is_best[is_bidding]]
        bids[wanted] = gain[wanted] - second[is_bidding] + raise_
        outbid = []
        for column in np.unique(strategy[wanted]):
            offers = np.concatenate([held[column], wanted[strategy[wanted] == column]])
            capacity = capacities[column]
            if len(offers) >= capacity:
                # the highest bids; among equal ones those that came first
                lowest = -np.partition(-bids[offers], capacity - 1)[capacity - 1]
                is_kept = bids[offers] > lowest
                equal = np.flatnonzero(bids[offers] == lowest)
                is_kept[equal[: capacity - is_kept.sum()]] = True
                outbid.append(customer[offers[~is_kept]])
                offers, prices[column] = offers[is_kept], lowest
            held[column] = offers
        waiting = np.sort(np.concatenate([np.zeros(0, int), *outbid]))
    is_taken = np.zeros(len(gain), bool)
    is_taken[np.concatenate(held)] = True
    return is_taken, prices
