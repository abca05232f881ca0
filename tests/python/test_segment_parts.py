"""No small part of a segment follows from the parts of segments that lie in each other."""

import pandas as pd
from customer_science.segment_parts import withheld_parts

MINIMUM = 5


def withheld(segments: dict, rules: list[tuple] = ()) -> set[tuple[str, str]]:
    """`segments` has (scheme, code) -> customers and women, `rules` scheme, code, column and bounds."""
    parts = pd.DataFrame(
        [(scheme, code, *counts) for (scheme, code), counts in segments.items()],
        columns=["segment_scheme", "cut_value", "customers_count", "part_count"],
    ).assign(part_name="women")
    parts["cut_name"] = "women " + parts["segment_scheme"]
    parts["is_exclusive"] = parts["segment_scheme"] != "churn"
    columns = ["segment_scheme", "segment_code", "column_name", "lower_bound", "upper_bound"]
    conditions = pd.DataFrame(list(rules), columns=columns).assign(value=None)
    found = withheld_parts(parts, conditions, MINIMUM)
    assert list(found.columns) == ["cut_name", "cut_value"] and not found.duplicated().any()
    return {(name.removeprefix("women "), value) for name, value in found.itertuples(index=False)}


FEW_AND_MANY = {("rule", "few"): (800, 410), ("rule", "many"): (700, 300), ("rule", "rest"): (13, 9)}  # fmt: skip
BY_PRODUCTS = [("rule", "few", "product_count", None, 3), ("rule", "many", "product_count", 3, None)]  # fmt: skip


def test_small_parts_are_withheld_with_what_they_would_follow_from():
    found = withheld(FEW_AND_MANY)
    assert ("rule", "rest") in found and len(found) == 2
    # all or none of a large segment is no small part
    assert withheld({("rule", "a"): (800, 0), ("rule", "b"): (700, 700)}) == set()
    assert withheld({}) == set()


def test_a_segment_of_the_same_customers_is_withheld_with_its_like():
    like = {("churn", "many products"): (700, 300), ("churn", "few products"): (800, 410)}
    rules = [
        ("churn", "many products", "product_count", 3, None),
        ("churn", "few products", "product_count", None, 3),
    ]
    found = withheld(FEW_AND_MANY | like, BY_PRODUCTS + rules)
    # the companion of the rest is one of two, under both its names
    assert found in (
        {("rule", "rest"), ("rule", "few"), ("churn", "few products")},
        {("rule", "rest"), ("rule", "many"), ("churn", "many products")},
    )
    # without their rules nobody would know
    assert len(withheld(FEW_AND_MANY | like)) == 2


def test_the_few_customers_that_a_segment_has_more_than_another_tell_nothing():
    segments = FEW_AND_MANY | {("rule", "rest"): (100, 50), ("churn", "3 to 9"): (697, 299)}
    rules = [*BY_PRODUCTS, ("churn", "3 to 9", "product_count", 3, 10)]
    found = withheld(segments, rules)
    assert ("churn", "3 to 9") in found or ("rule", "many") in found
    # nor do more
    segments[("churn", "3 to 9")] = (690, 295)
    assert withheld(segments, rules) == set()
