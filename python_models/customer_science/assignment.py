"""Which strategies are set up, and who gets a place in those of limited capacity: pure functions of pandas frames.

The assignment problem with capacities (Bertsekas 1998, chapter 7): each customer takes at most one place, each strategy
has as many as its capacity, and the sum of the gains is as high as it can be. With set-up costs it is the problem of
locating facilities (Kuehn and Hamburger 1963): which of them to open, so that the gains less the costs are highest.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

ASSIGNMENT_TYPES = {"customer_id": "str", "strategy_code": "str"}
SET_UP_TYPES = {"strategy_code": "str", "is_set_up": "bool"}
# customers and strategies up to which the linear program is solved; beyond, an auction leaves a proven gap
EXACT_SIZE = 20_000
# share of the optimum that may be lost beyond that size
TOLERATED_GAP = 0.005


def choose_strategies(options: pd.DataFrame) -> pd.DataFrame:
    """Whether each strategy is worth its set-up cost, among customers who take the best of those that are set up.

    `options` has one row per customer and strategy: customer_id, strategy_code, gain (above 0), capacity_count (null is
    no limit) and setup_cost, alike in the rows of a strategy. Returns the columns of SET_UP_TYPES, one row for each
    strategy of `options`.

    The search starts with all strategies. It leaves out the one without which the gains less the set-up costs rise
    most, until none is left whose customers, beside what they would gain otherwise, do not earn what it costs; then it
    brings back one, or exchanges one for another, as long as that gains. Prices of scarce places give an upper bound of
    each step, so that only steps that may gain are computed. In 200 random cases of five strategies it ends with the
    best of all subsets (tests/python/test_assignment.py).
    """
    if options.empty:
        return pd.DataFrame(columns=list(SET_UP_TYPES)).astype(SET_UP_TYPES)
    options = options.sort_values(["customer_id", "strategy_code"], ignore_index=True)
    strategies, strategy = np.unique(options["strategy_code"].to_numpy(str), return_inverse=True)
    customers, customer = np.unique(options["customer_id"].to_numpy(str), return_inverse=True)
    gains = np.zeros((len(customers), len(strategies)))
    gains[customer, strategy] = options["gain"].to_numpy(float)
    first = options.groupby("strategy_code")[["capacity_count", "setup_cost"]].first()
    capacities = first["capacity_count"].astype(float).fillna(np.inf).to_numpy()
    plan = _Plan(gains, capacities, first["setup_cost"].to_numpy(float))
    return pd.DataFrame({"strategy_code": strategies, "is_set_up": plan.search()}).astype(
        SET_UP_TYPES
    )


class _Plan:
    """Strategies that may be set up: what customers (rows of `gains`) gain by them, their places and their costs."""

    def __init__(self, gains: np.ndarray, capacities: np.ndarray, costs: np.ndarray):
        self.gains, self.capacities, self.costs = gains, capacities, costs
        self.is_limited = (gains > 0).sum(axis=0) > capacities
        # what rounding errors of sums may seem to gain
        self.least_gain = 1e-9 * max(1.0, gains.sum())

    def search(self) -> np.ndarray:
        open_ = np.ones(len(self.costs), bool)
        value, prices = self.evaluate(open_)
        while True:
            for steps in (self.leave_out, self.change):
                found = self.best_step(open_, value, prices, steps(open_, prices))
                if found is not None:
                    open_, value, prices = found
                    break
            else:
                return open_

    def best_step(self, open_, value, prices, steps):
        """The first step that gains, of those that promise most; None where none does. `steps` are pairs of a bound and
        the strategies that change."""
        for bound, changed in sorted(steps, key=lambda step: (-step[0], step[1])):
            if bound <= value + self.least_gain:
                return None
            tried = open_.copy()
            tried[list(changed)] ^= True
            result = self.evaluate(tried)
            if result[0] > value + self.least_gain:
                return tried, *result
        return None

    def evaluate(self, open_) -> tuple[float, np.ndarray]:
        """What is gained with these strategies, and the price of a place in each."""
        prices = np.zeros(len(self.costs))
        free = np.flatnonzero(open_ & ~self.is_limited)
        base = self.gains[:, free].max(axis=1, initial=0.0)
        value = base.sum() - self.costs[open_].sum()
        scarce = np.flatnonzero(open_ & self.is_limited)
        places = self.capacities[scarce].astype(int)
        more = (self.gains[:, scarce] - base[:, None]).clip(0)
        if places.sum() < len(more):
            # of the customers of a strategy no more can matter than there are places in all of them
            least = np.partition(more, -places.sum() - 1, axis=0)[-places.sum() - 1]
            more[more < least] = 0.0
        customer, column = np.nonzero(more)
        if len(customer) == 0 or places.sum() == 0:
            return value, prices
        gain = more[customer, column]
        _, number = np.unique(customer, return_inverse=True)
        taken, prices[scarce] = _assign(number, column, gain, places)
        return value + gain[taken].sum(), prices

    def nets(self, open_, prices):
        """Of each customer the best and the second best net of open strategies at these prices, and which is best."""
        nets = np.where(open_, self.gains - prices, 0.0).clip(0)
        best = nets.argmax(axis=1)
        rows = np.arange(len(nets))
        highest = nets[rows, best]
        nets[rows, best] = 0.0
        return highest, nets.max(axis=1, initial=0.0), best

    def fixed(self, prices):
        """What an open strategy adds to the bound: its places at their price, less its set-up."""
        return np.where(self.is_limited, self.capacities, 0.0) * prices - self.costs

    def leave_out(self, open_, prices):
        highest, second, best = self.nets(open_, prices)
        lost = np.bincount(best, highest - second, len(self.costs))
        fixed = self.fixed(prices)
        bound = highest.sum() + fixed[open_].sum()
        return [(bound - lost[one] - fixed[one], (one,)) for one in np.flatnonzero(open_)]

    def change(self, open_, prices):
        """Bounds of bringing one back, alone or in exchange for another."""
        highest, second, best = self.nets(open_, prices)
        fixed = self.fixed(prices)
        bound = highest.sum() + fixed[open_].sum()
        steps: list[tuple[float, tuple[int, ...]]] = []
        for one in np.flatnonzero(~open_).tolist():
            # a strategy that is not open has no price
            with_one = np.maximum(highest, self.gains[:, one])
            added = bound + with_one.sum() - highest.sum() + fixed[one]
            steps.append((added, (one,)))
            lost = np.bincount(
                best, with_one - np.maximum(second, self.gains[:, one]), len(self.costs)
            )
            steps += [
                (added - lost[other] - fixed[other], (one, other))
                for other in np.flatnonzero(open_).tolist()
            ]
        return steps


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
    is_taken, _ = _assign(customer, strategy, gain, capacities)
    return pd.DataFrame(
        {
            "customer_id": customers[customer[is_taken]],
            "strategy_code": strategies[strategy[is_taken]],
        }
    ).astype(ASSIGNMENT_TYPES)


def _assign(customer, strategy, gain, capacities) -> tuple[np.ndarray, np.ndarray]:
    """Which options are taken, and the price of a place in each strategy; `customer` ascends."""
    if len(gain) <= EXACT_SIZE:
        return _solve(customer, strategy, gain, capacities)
    return _assign_by_auction(customer, strategy, gain, capacities)


def _solve(customer, strategy, gain, capacities) -> tuple[np.ndarray, np.ndarray]:
    """Which options are taken, a vertex of the transportation polytope, which is whole; and the prices of places."""
    count = len(gain)
    columns = np.arange(count)
    shapes = [(customer, customer.max() + 1), (strategy, len(capacities))]
    limits = sparse.vstack(
        [
            sparse.csr_matrix((np.ones(count), (rows, columns)), (size, count))
            for rows, size in shapes
        ]
    )
    most = np.concatenate([np.ones(customer.max() + 1), capacities])
    # the dual simplex method ends on a vertex
    result = linprog(-gain, A_ub=limits, b_ub=most, bounds=(0, 1), method="highs-ds")
    return result.x > 0.5, -result.ineqlin.marginals[customer.max() + 1 :]


def _assign_by_auction(customer, strategy, gain, capacities) -> tuple[np.ndarray, np.ndarray]:
    """Which options are taken, and the prices of places.

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
            return is_taken, prices
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
