"""Subgroups with raised churn: planted ones found, chance left alone, and the permutation test against brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science.intervals import FOUND_TYPES, IntervalSettings, find_intervals
from customer_science.subgroups import CANDIDATE_TYPES, SubgroupSettings, find_subgroups
from scipy import stats

SETTINGS = SubgroupSettings(
    maximum_depth=3,
    minimum_share=0.03,
    minimum_lift=2.0,
    maximum_overlap=0.4,
    minimum_new_share=0.02,
    covered_weight=0.5,
    maximum_count=10,
    runner_up_count=5,
    significance=0.05,
    confidence_level=0.95,
    permutation_count=99,
    random_seed=1,
)
INTERVALS = IntervalSettings(
    maximum_count=6, minimum_count=30, minimum_share=0.02, split_level=0.01
)


KEYS = ("customer_id", "is_churned", "window_number")


def flags(seed, count, **shares):
    """Customers with independent flags, each `yes` with its share; `is_churned` is left to the test."""
    generator = np.random.default_rng(seed)
    drawn = {name: generator.random(count) < share for name, share in shares.items()}
    return pd.DataFrame({"customer_id": [f"{i:06}" for i in range(count)], **drawn})


def churned(customers, rates, seed=1):
    return customers.assign(is_churned=np.random.default_rng(seed).random(len(customers)) < rates)


def search(customers, settings=SETTINGS, **kinds):
    names = [name for name in customers.columns if name not in KEYS]
    features = pd.DataFrame(
        {"feature_name": names, "feature_kind": [kinds.get(name, "flag") for name in names]}
    )
    return find_subgroups(customers, find_intervals(customers, features, INTERVALS), settings)


def segments(found, verdict="selected"):
    """The signs of each candidate with a verdict, in the order of candidates."""
    rows = found[found["discovery_verdict"] == verdict]
    return [
        {(row.column_name, row.value) for row in group.itertuples()}
        for _, group in rows.groupby("candidate_number")
    ]


def test_a_planted_conjunction_is_one_segment():
    customers = flags(1, 4000, a=0.4, b=0.4, c=0.5)
    found = search(churned(customers, np.where(customers["a"] & ~customers["b"], 0.6, 0.08)))
    assert segments(found) == [{("a", "yes"), ("b", "no")}]
    best = found[found["selection_order"] == 1].iloc[0]
    members = customers["a"] & ~customers["b"]
    assert best["sampled_count"] == members.sum()
    # one signs more adds nothing
    assert {("a", "yes"), ("b", "no"), ("c", "yes")} in segments(
        found, "adds nothing to a simpler one"
    )


def test_a_range_inside_a_number_is_one_sign():
    generator = np.random.default_rng(6)
    customers = flags(6, 4000, a=0.5).assign(age=generator.integers(18, 90, 4000))
    middle = customers["age"].between(40, 59)
    found = search(churned(customers, np.where(middle & customers["a"], 0.7, 0.08)), age="number")
    best = found[found["selection_order"] == 1].set_index("column_name")
    assert set(best.index) == {"a", "age"}
    assert (best.loc["age", "lower_bound"], best.loc["age", "upper_bound"]) == (40, 60)


def test_equal_overlapping_segments_do_not_crowd_out_another():
    customers = flags(2, 6000, a=0.12, z=0.06)
    generator = np.random.default_rng(2)
    for copy in ("b", "c", "d"):
        customers[copy] = customers["a"] ^ (generator.random(6000) < 0.01)
    customers = customers[["customer_id", "a", "b", "c", "d", "z"]]
    rates = np.where(customers["a"], 0.6, np.where(customers["z"], 0.5, 0.05))
    settings = SETTINGS._replace(maximum_count=2, maximum_depth=1)
    found = search(churned(customers, rates), settings)
    first, second = segments(found)
    assert len(first & {(name, "yes") for name in "abcd"}) == 1
    assert second == {("z", "yes")}
    overlapping = found[found["discovery_verdict"] == "overlaps with a better one"]
    assert len(overlapping) == 3 and (overlapping["overlap"] > 0.8).all()


def test_a_parent_that_does_as_well_is_preferred():
    customers = flags(3, 4000, a=0.2, b=0.5)
    customers = churned(customers, np.where(customers["a"], 0.6, 0.05))
    found = search(customers)
    assert segments(found) == [{("a", "yes")}]
    is_child = found["discovery_verdict"] == "adds nothing to a simpler one"
    children = found[is_child & (found["column_name"] == "b")]
    assert len(children) >= 1
    for child in children.itertuples():
        parent = customers[customers["a"]]
        is_member = parent["b"] == (child.value == "yes")
        inside, outside = parent["is_churned"][is_member], parent["is_churned"][~is_member]
        share = parent["is_churned"].mean()
        error = np.sqrt(share * (1 - share) * (1 / len(inside) + 1 / len(outside)))
        assert child.parent_gain == pytest.approx(inside.mean() - share)
        z = (inside.mean() - outside.mean()) / error
        assert child.parent_p_value == pytest.approx(stats.norm.sf(z), rel=1e-9)


def test_q_value_is_the_share_of_all_permutations_that_do_as_well():
    members = np.array([[1, 1, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1, 0, 0, 0]], bool)
    is_churned = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 1], bool)
    customers = pd.DataFrame(
        {
            "customer_id": list("abcdefghij"),
            "a": members[0],
            "b": members[1],
            "is_churned": is_churned,
        }
    )
    settings = SETTINGS._replace(maximum_depth=1, minimum_share=0.3, permutation_count=20_000)
    found = search(customers, settings)

    def best(labels):
        sides = np.concatenate([members, ~members])
        n, k = sides.sum(axis=1), sides[:, list(labels)].sum(axis=1)
        return (k - n * 0.4) / np.sqrt(n * 0.4 * 0.6 * (10 - n) / 9)

    drawn = np.array([best(labels).max() for labels in itertools.combinations(range(10), 4)])
    observed = best(np.flatnonzero(is_churned))[0]
    row = found[(found["column_name"] == "a") & (found["value"] == "yes")].iloc[0]
    assert row["permutation_q_value"] == pytest.approx((drawn >= observed - 1e-9).mean(), abs=0.01)


def test_no_segment_comes_from_chance_more_often_than_stated():
    settings = SETTINGS._replace(minimum_lift=1.0, permutation_count=39)
    selected = raised = 0
    for seed in range(40):
        customers = flags(seed, 400, a=0.5, b=0.3, c=0.2, d=0.6)
        found = search(churned(customers, np.full(400, 0.2), seed + 1000), settings)
        selected += bool(segments(found))
        raised += "not significant" in set(found["discovery_verdict"])
    # 995 of 1,000 series have no more than these at the nominal rate; one by one more look raised
    most_by_chance = stats.binom.ppf(0.995, 40, 0.05)
    assert selected <= most_by_chance < raised


def windows(seed, count, rates, lifts, **shares):
    """The same customers in windows of different churn rates, in which members of `a` churn `lifts` times as often and
    flag `b` is commoner the higher the rate: without effect within a window, with one across them."""
    drawn = []
    for number, rate in enumerate(rates, start=1):
        customers = flags(seed, count, **shares).assign(window_number=number)
        draw = np.random.default_rng([seed, number])
        customers["b"] = draw.random(count) < 2 * rate
        rate = np.where(customers["a"], lifts, 1.0) * rate
        drawn.append(customers.assign(is_churned=draw.random(count) < rate))
    return pd.concat(drawn, ignore_index=True)


def test_windows_of_different_rates_yield_no_segment_more_often_than_stated():
    settings = SETTINGS._replace(minimum_lift=1.0, permutation_count=39)
    within = across = 0
    for seed in range(40):
        customers = windows(seed, 300, (0.05, 0.15, 0.35), 1.0, a=0.5, c=0.2)
        within += bool(segments(search(customers, settings)))
        # what would be found if windows did not count
        one = customers.assign(customer_id=[f"{i:06}" for i in range(len(customers))])
        across += bool(segments(search(one.drop(columns="window_number"), settings)))
    assert within <= stats.binom.ppf(0.995, 40, 0.05) < across


def test_a_planted_segment_that_the_latest_window_alone_would_miss_is_found():
    alone = pooled = 0
    for seed in range(10):
        customers = windows(seed, 900, (0.07, 0.05, 0.08), 3.5, a=0.15, c=0.3)
        latest = customers[customers["window_number"] == 1]
        settings = SETTINGS._replace(minimum_lift=1.5)
        alone += [{("a", "yes")}] == segments(search(latest, settings))
        pooled += [{("a", "yes")}] == segments(search(customers, settings))
    assert alone < pooled and pooled >= 8, (alone, pooled)


def test_order_of_rows_in_several_windows_changes_nothing():
    customers = windows(5, 900, (0.1, 0.2), 3.0, a=0.3, c=0.5)
    found = search(customers)
    assert len(found)
    pd.testing.assert_frame_equal(found, search(customers.sample(frac=1, random_state=1)))


@pytest.mark.parametrize(("permutations", "is_selected"), [(0, False), (19, False), (20, True)])
def test_too_few_permutations_prove_nothing(permutations, is_selected):
    customers = flags(4, 2000, a=0.2)
    settings = SETTINGS._replace(permutation_count=permutations)
    found = search(churned(customers, np.where(customers["a"], 0.6, 0.05)), settings)
    assert found["permutation_q_value"].min() == pytest.approx(1 / (permutations + 1))
    assert bool(segments(found)) is is_selected


def test_order_of_rows_changes_nothing():
    customers = flags(5, 2000, a=0.2, b=0.5)
    customers = churned(customers, np.where(customers["a"], 0.6, 0.05))
    pd.testing.assert_frame_equal(
        search(customers), search(customers.sample(frac=1, random_state=1))
    )


@pytest.mark.parametrize("rate", [0, 1])
def test_one_outcome_only_has_no_segment(rate):
    found = search(churned(flags(5, 200, a=0.5), np.full(200, float(rate))))
    assert found.empty and found.dtypes.equals(
        pd.DataFrame(columns=list(CANDIDATE_TYPES)).astype(CANDIDATE_TYPES).dtypes
    )


def test_empty_inputs_keep_their_types():
    expected = pd.DataFrame(columns=list(CANDIDATE_TYPES)).astype(CANDIDATE_TYPES).dtypes
    nobody = churned(flags(5, 0, a=0.5), np.zeros(0))
    assert search(nobody).dtypes.equals(expected)
    somebody = churned(flags(5, 200, a=0.5), np.full(200, 0.5))
    no_intervals = pd.DataFrame(columns=list(FOUND_TYPES)).astype(FOUND_TYPES)
    assert find_subgroups(somebody, no_intervals, SETTINGS).dtypes.equals(expected)
