"""Places in strategies, and which are set up: the best there is, within every limit, whatever the order of rows."""

import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science import assignment
from customer_science.assignment import choose_strategies
from scipy.optimize import linear_sum_assignment


def options_of(gains, capacities):
    rows = [
        (f"C{customer:05d}", customer, f"S{strategy}", gain, capacities[strategy], 0.0)
        for (customer, strategy), gain in np.ndenumerate(gains)
        if gain > 0
    ]
    names = [
        "customer_id",
        "customer_number",
        "strategy_code",
        "gain",
        "capacity_count",
        "setup_cost",
    ]
    return pd.DataFrame(rows, columns=names)


def placed(options):
    """Who has a place."""
    return choose_strategies(options).dropna(subset="customer_id")


def draw_case(seed, customers, strategies):
    draw = np.random.default_rng(seed)
    gains = draw.lognormal(3, 1, (customers, 1)) * draw.uniform(0.01, 0.2, strategies) - 0.5
    gains = np.where(draw.random(gains.shape) < 0.3, 0, gains.clip(0))
    return gains, draw.integers(1, max(2, customers // strategies), strategies)


def total(options, chosen):
    """What customers gain, each by a place or else by the best strategy that is not limited."""
    places = chosen.dropna(subset="customer_id").merge(options, on=["customer_id", "strategy_code"])
    assert len(places) == chosen["customer_id"].nunique() == chosen["customer_id"].count()
    used = places.groupby("strategy_code")
    assert (used.size() <= used["capacity_count"].first()).all()
    free = chosen.loc[chosen["is_set_up"] & ~chosen["is_limited"], "strategy_code"]
    others = options[~options["customer_id"].isin(places["customer_id"])]
    others = others[others["strategy_code"].isin(free)].groupby("customer_id")["gain"].max()
    return places["gain"].sum() + others.sum()


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
        assert total(options, choose_strategies(options)) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(3))
def test_prices_come_as_near_to_the_linear_program_as_they_say(seed, monkeypatch):
    options = options_of(*draw_case(seed, customers=3_000, strategies=6))
    exact = total(options, choose_strategies(options))
    monkeypatch.setattr(assignment, "EXACT_SIZE", 0)
    found = total(options, choose_strategies(options))
    assert found >= (1 - assignment.TOLERATED_GAP) * exact


@pytest.mark.parametrize("exact_size", [0, assignment.EXACT_SIZE])
def test_a_strategy_without_places_has_nobody(exact_size, monkeypatch):
    monkeypatch.setattr(assignment, "EXACT_SIZE", exact_size)
    options = options_of(draw_case(0, customers=100, strategies=2)[0] + 1, [0, 5])
    assert placed(options)["strategy_code"].tolist() == ["S1"] * 5


@pytest.mark.parametrize("exact_size", [0, assignment.EXACT_SIZE])
def test_equal_gains_fill_all_places_whatever_the_order_of_rows(exact_size, monkeypatch):
    monkeypatch.setattr(assignment, "EXACT_SIZE", exact_size)
    options = options_of(np.full((50, 2), 7.0), [10, 5])
    assert placed(options)["strategy_code"].value_counts().to_dict() == {"S0": 10, "S1": 5}
    shuffled = options.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(choose_strategies(options), choose_strategies(shuffled))


def draw_plan(seed, customers=40, strategies=5):
    """Options of which a third or so are not worth their set-up; half of the strategies have few places."""
    draw = np.random.default_rng(seed)
    gains = draw.lognormal(3, 1, (customers, 1)) * draw.uniform(0.01, 0.2, strategies)
    gains = gains * draw.lognormal(0, 0.7, (customers, strategies)) - 0.5
    gains = np.where(draw.random(gains.shape) < 0.5, 0, gains.clip(0))
    places = np.where(
        draw.random(strategies) < 0.5, np.nan, draw.integers(1, customers // 2, strategies)
    )
    return options_of(gains, places), draw.uniform(0, 60, strategies)


def net_of(options, costs, codes):
    """The gains of the best assignment to these strategies, found with a column for each place, less their set-up."""
    gains = options.pivot(index="customer_id", columns="strategy_code", values="gain").fillna(0)
    places = options.groupby("strategy_code")["capacity_count"].first().fillna(len(gains))
    columns = []
    for code in codes:
        columns += [gains[code].to_numpy()] * int(places[code])
    columns += [np.zeros(len(gains))] * len(gains)
    matrix = np.column_stack(columns)
    best = linear_sum_assignment(matrix, maximize=True)
    return matrix[best].sum() - sum(costs[code] for code in codes)


def test_the_strategies_set_up_are_within_a_per_cent_of_the_best_of_all_subsets_in_200_cases():
    gaps, dropped = [], 0
    for seed in range(200):
        options, costs = draw_plan(seed)
        costs = dict(zip((f"S{number}" for number in range(5)), costs, strict=True))
        options["setup_cost"] = options["strategy_code"].map(costs)
        chosen = choose_strategies(options)
        codes = set(chosen.loc[chosen["is_set_up"], "strategy_code"])
        net = total(options, chosen) - sum(costs[code] for code in codes)
        assert net == pytest.approx(net_of(options, costs, codes))
        best = max(
            net_of(options, costs, subset)
            for size in range(6)
            for subset in itertools.combinations(sorted(costs), size)
        )
        gaps.append((best - net_of(options, costs, codes)) / max(best, 1))
        dropped += 5 - len(codes)
    print(f"largest gap {max(gaps):.4%}, {np.count_nonzero(np.array(gaps) > 1e-9)} cases with one")
    assert max(gaps) <= 0.01
    # the cases ask for both
    assert 100 < dropped < 900


def test_the_choice_of_strategies_does_not_depend_on_the_order_of_rows():
    for seed in range(10):
        options, costs = draw_plan(seed)
        options["setup_cost"] = costs[options["strategy_code"].str[1:].astype(int)]
        pd.testing.assert_frame_equal(
            choose_strategies(options),
            choose_strategies(options.sample(frac=1, random_state=seed)),
        )


@pytest.mark.parametrize(("cost", "is_set_up"), [(29.99, True), (30.01, False)])
def test_a_strategy_has_to_earn_its_set_up_beside_what_its_customers_gain_otherwise(
    cost, is_set_up
):
    options = options_of(np.array([[40.0, 20.0], [15.0, 5.0]]), [np.nan, np.nan])
    options["setup_cost"] = np.where(options["strategy_code"] == "S0", cost, 0.0)
    chosen = choose_strategies(options)
    assert chosen["strategy_code"].tolist() == ["S0", "S1"] and chosen["customer_id"].isna().all()
    assert chosen["is_set_up"].tolist() == [is_set_up, True]


def test_without_costs_all_strategies_are_set_up_and_without_options_there_are_none():
    options = options_of(np.array([[1.0, 2.0]]), [1, np.nan])
    assert choose_strategies(options)["is_set_up"].tolist() == [True, True]
    assert choose_strategies(options.iloc[:0]).empty
