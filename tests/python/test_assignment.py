"""Places in strategies: the best assignment there is, within every limit, whatever the order of rows."""

import numpy as np
import pandas as pd
import pytest
from customer_science import assignment
from customer_science.assignment import assign_places


def options_of(gains, capacities):
    rows = [
        (f"C{customer:05d}", f"S{strategy}", gain, capacities[strategy])
        for (customer, strategy), gain in np.ndenumerate(gains)
        if gain > 0
    ]
    return pd.DataFrame(rows, columns=["customer_id", "strategy_code", "gain", "capacity_count"])


def draw_case(seed, customers, strategies):
    draw = np.random.default_rng(seed)
    gains = draw.lognormal(3, 1, (customers, 1)) * draw.uniform(0.01, 0.2, strategies) - 0.5
    gains = np.where(draw.random(gains.shape) < 0.3, 0, gains.clip(0))
    return gains, draw.integers(1, max(2, customers // strategies), strategies)


def total(options, assigned):
    taken = assigned.merge(options, on=["customer_id", "strategy_code"])
    assert len(taken) == len(assigned) and assigned["customer_id"].is_unique
    used = taken.groupby("strategy_code")
    assert (used.size() <= used["capacity_count"].first()).all()
    return taken["gain"].sum()


def best_by_brute_force(gains, capacities):
    """The highest sum over all ways to give each customer one place or none (the column added to `gains`)."""
    customers, none = len(gains), len(capacities)
    places = np.indices([none + 1] * customers).reshape(customers, -1)
    used = np.stack([(places == strategy).sum(0) for strategy in range(none)])
    sums = np.c_[gains, np.zeros(customers)][np.arange(customers)[:, None], places].sum(0)
    return sums[(used <= capacities[:, None]).all(0)].max()


def test_the_assignment_is_the_best_of_200_small_cases():
    for seed in range(200):
        gains, capacities = draw_case(seed, customers=5, strategies=3)
        options = options_of(gains, capacities)
        best = best_by_brute_force(gains, capacities)
        assert total(options, assign_places(options)) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(3))
def test_prices_come_as_near_to_the_linear_program_as_they_say(seed, monkeypatch):
    options = options_of(*draw_case(seed, customers=3_000, strategies=6))
    exact = total(options, assign_places(options))
    monkeypatch.setattr(assignment, "EXACT_SIZE", 0)
    assert total(options, assign_places(options)) >= (1 - assignment.TOLERATED_GAP) * exact


@pytest.mark.parametrize("exact_size", [0, assignment.EXACT_SIZE])
def test_a_strategy_without_places_has_nobody(exact_size, monkeypatch):
    monkeypatch.setattr(assignment, "EXACT_SIZE", exact_size)
    options = options_of(draw_case(0, customers=100, strategies=2)[0] + 1, [0, 5])
    assert assign_places(options)["strategy_code"].tolist() == ["S1"] * 5


@pytest.mark.parametrize("exact_size", [0, assignment.EXACT_SIZE])
def test_equal_gains_fill_all_places_whatever_the_order_of_rows(exact_size, monkeypatch):
    monkeypatch.setattr(assignment, "EXACT_SIZE", exact_size)
    options = options_of(np.full((50, 2), 7.0), [10, 5])
    assigned = assign_places(options)
    assert assigned["strategy_code"].value_counts().to_dict() == {"S0": 10, "S1": 5}
    pd.testing.assert_frame_equal(assigned, assign_places(options.sample(frac=1, random_state=1)))


def test_nobody_is_assigned_without_options():
    assert assign_places(options_of(np.zeros((3, 2)), [1, 1])).empty
