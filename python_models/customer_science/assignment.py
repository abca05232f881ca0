"""Which strategies are set up, and who gets a place in those of limited capacity: pure functions of pandas frames.

The assignment problem with capacities (Bertsekas 1998, chapter 7): each customer takes at most one place, each strategy
has as many as its capacity, and the sum of the gains is as high as it can be. With set-up costs it is the problem of
locating facilities (Kuehn and Hamburger 1963): which of them to open, so that the gains less the costs are highest.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

CHOICE_TYPES = {
    "strategy_code": "str",
    "customer_id": "str",
    "is_set_up": "bool",
    "is_limited": "bool",
}
# customers and strategies up to which the linear program is solved; beyond, an auction leaves a proven gap
EXACT_SIZE = 20_000
# share of the optimum that may be lost beyond that size
TOLERATED_GAP = 0.005


def choose_strategies(options: pd.DataFrame) -> pd.DataFrame:
    """Which strategies are worth their set-up cost, and which customers have a place in those of limited capacity.

    `options` has one row per customer and strategy: customer_id with customer_number (a whole number in its order),
    strategy_code, gain (above 0), capacity_count (null is no limit) and setup_cost, alike in the rows of a strategy.
    A customer takes one strategy: a place, or else the best of those that are set up and have places for all who might
    take them. Returns the columns of CHOICE_TYPES, one row for each customer with a place, and one without a customer
    for each strategy of `options` in which nobody has one: it is not set up, or is not limited.

    The search starts with all strategies. It leaves out the one without which the gains less the set-up costs rise
    most, until none is left whose customers, beside what they would gain otherwise, do not earn what it costs; then it
    brings back one, or exchanges one for another, as long as that gains. Prices of scarce places give an upper bound of
    each step, so that only steps that may gain are computed. In 200 random cases of five strategies it loses at most
    1% to the best of all subsets (tests/python/test_assignment.py). The sum of the gains from places is the optimum
    where up to EXACT_SIZE options compete for them (the linear program has a whole solution), and beyond it within
    TOLERATED_GAP of the optimum, by the bound of duality (Bertsekas 1988, The auction algorithm).
    """
    if options.empty:
        return pd.DataFrame(columns=list(CHOICE_TYPES)).astype(CHOICE_TYPES)
    strategy, strategies = pd.factorize(options["strategy_code"], sort=True)
    order = np.lexsort([strategy, options["customer_number"].to_numpy()])
    first = options.groupby("strategy_code", sort=True)[["capacity_count", "setup_cost"]].first()
    plan = _Plan(
        options["customer_number"].to_numpy()[order],
        strategy[order],
        options["gain"].to_numpy(float)[order],
        first["capacity_count"].astype(float).fillna(np.inf).to_numpy(),
        first["setup_cost"].to_numpy(float),
    )
    is_set_up, placed = plan.search()
    without = np.setdiff1d(np.arange(len(strategies)), plan.strategy[placed])
    chosen = np.concatenate([plan.strategy[placed], without])
    return pd.DataFrame(
        {
            "strategy_code": strategies[chosen],
            "customer_id": [*options["customer_id"].iloc[order[placed]], *[None] * len(without)],
            "is_set_up": is_set_up[chosen],
            "is_limited": plan.is_limited[chosen],
        }
    ).astype(CHOICE_TYPES)


class _Plan:
    """Strategies that may be set up: what customers gain by them (a row each, by customer), their places and costs."""

    def __init__(self, customer, strategy, gain, capacities, costs):
        is_first = np.diff(customer, prepend=customer[0] - 1) != 0
        self.first = np.flatnonzero(is_first)
        self.customer = np.cumsum(is_first) - 1
        self.strategy, self.gain = strategy, gain
        self.capacities, self.costs = capacities, costs
        self.rows = [np.flatnonzero(strategy == one) for one in range(len(costs))]
        self.is_limited = np.array([len(rows) for rows in self.rows]) > capacities
        # what rounding errors of sums may seem to gain
        self.least_gain = 1e-9 * max(1.0, gain.sum())

    def search(self) -> tuple[np.ndarray, np.ndarray]:
        """Which strategies are set up, and the rows that have a place."""
        open_ = np.ones(len(self.costs), bool)
        value, prices, placed = self.evaluate(open_)
        while True:
            for steps in (self.leave_out, self.change):
                found = self.best_step(open_, value, steps(open_, prices))
                if found is not None:
                    open_, value, prices, placed = found
                    break
            else:
                return open_, placed

    def best_step(self, open_, value, steps):
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

    def evaluate(self, open_) -> tuple[float, np.ndarray, np.ndarray]:
        """What is gained with these strategies, the price of a place in each, and the rows that have one."""
        prices = np.zeros(len(self.costs))
        is_free = open_ & ~self.is_limited
        base = np.maximum.reduceat(np.where(is_free[self.strategy], self.gain, 0.0), self.first)
        value = base.sum() - self.costs[open_].sum()
        # who asks for a strategy without a place gets none
        scarce = np.flatnonzero(open_ & self.is_limited & (self.capacities > 0))
        places = self.capacities[scarce].astype(int)
        more = self.gain - base[self.customer]
        asked = []
        for one in scarce:
            rows = self.rows[one][more[self.rows[one]] > 0]
            # of the customers of a strategy no more can matter than there are places in all of them
            asked.append(rows[_are_highest(more[rows], places.sum())])
        rows = np.sort(np.concatenate([np.zeros(0, int), *asked]))
        if len(rows) == 0:
            return value, prices, rows
        number = np.cumsum(np.diff(self.customer[rows], prepend=self.customer[rows[0]]) != 0)
        column = np.searchsorted(scarce, self.strategy[rows])
        is_taken, prices[scarce] = _assign(number, column, more[rows], places)
        return value + more[rows[is_taken]].sum(), prices, rows[is_taken]

    def nets(self, open_, prices):
        """Of each customer the best and the second best net of open strategies at these prices, and which is best."""
        nets = np.where(open_[self.strategy], self.gain - prices[self.strategy], 0.0).clip(0)
        highest = np.maximum.reduceat(nets, self.first)
        is_best = np.flatnonzero(nets == highest[self.customer])
        is_best = is_best[np.diff(self.customer[is_best], prepend=-1) != 0]
        nets[is_best] = 0.0
        return highest, np.maximum.reduceat(nets, self.first), self.strategy[is_best]

    def fixed(self, prices):
        """What an open strategy adds to the bound: its places at their price, less its set-up."""
        return np.where(self.is_limited, self.capacities, 0.0) * prices - self.costs

    def leave_out(self, open_, prices):
        highest, second, best = self.nets(open_, prices)
        lost = np.bincount(best, highest - second, len(self.costs))
        fixed = self.fixed(prices)
        bound = highest.sum() + fixed[open_].sum()
        return [(bound - lost[one] - fixed[one], (one,)) for one in np.flatnonzero(open_).tolist()]

    def change(self, open_, prices):
        """Bounds of bringing one back, alone or in exchange for another."""
        highest, second, best = self.nets(open_, prices)
        fixed = self.fixed(prices)
        bound = highest.sum() + fixed[open_].sum()
        steps: list[tuple[float, tuple[int, ...]]] = []
        for one in np.flatnonzero(~open_).tolist():
            # a strategy that is not open has no price
            gains = np.zeros(len(highest))
            gains[self.customer[self.rows[one]]] = self.gain[self.rows[one]]
            with_one = np.maximum(highest, gains)
            added = bound + with_one.sum() - highest.sum() + fixed[one]
            steps.append((added, (one,)))
            lost = np.bincount(best, with_one - np.maximum(second, gains), len(self.costs))
            steps += [
                (added - lost[other] - fixed[other], (one, other))
                for other in np.flatnonzero(open_).tolist()
            ]
        return steps


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


def _are_highest(values, count) -> np.ndarray:
    """Which are the `count` highest; among equal ones those that come first."""
    if len(values) <= count:
        return np.ones(len(values), bool)
    lowest = np.partition(values, -count)[-count]
    is_kept = values > lowest
    equal = np.flatnonzero(values == lowest)
    is_kept[equal[: count - is_kept.sum()]] = True
    return is_kept


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
                is_kept = _are_highest(bids[offers], capacity)
                outbid.append(customer[offers[~is_kept]])
                offers = offers[is_kept]
                prices[column] = bids[offers].min()
            held[column] = offers
        waiting = np.sort(np.concatenate([np.zeros(0, int), *outbid]))
    is_taken = np.zeros(len(gain), bool)
    is_taken[np.concatenate(held)] = True
    return is_taken, prices
