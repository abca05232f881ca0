"""What follows from outcomes of rules, halves and bands together is found from conditions and sizes alone."""

import numpy as np
import pandas as pd
from customer_science.rule_sums import rule_sums
from customer_science.suppression import disclosed_cells, withheld_cells

MINIMUM = 5
BANDS = {"18-29": (18, 30), "30-49": (30, 50), "50+": (50, None)}
INTERVALS = {"range 1": (None, 25), "range 2": (25, 50), "range 3": (50, None)}
RULES = {
    "from_30": {"age": (30, None)},
    "from_31": {"age": (31, None)},
    "below_50": {"age": (None, 50)},
    "women": {"gender": "female"},
    "women_from_50": {"gender": "female", "age": (50, None)},
    "women_from_51": {"gender": "female", "age": (51, None)},
}


def bank(seed=0, size=300):
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": dice.integers(18, 70, size),
            "gender": dice.choice(["female", "male"], size, p=[0.7, 0.3]),
            "half": dice.choice(["discovery", "confirmation"], size),
            "churned": dice.random(size) < 0.2,
        }
    )


def named(ages, bounds):
    return [
        next(n for n, (low, high) in bounds.items() if (low or 0) <= a < (high or 99)) for a in ages
    ]


def counted(customers, name, columns):
    """A cut of dimensions -> the columns with their values."""
    groups = customers.groupby(list(columns.values()))["churned"].agg(["size", "sum"])
    rows = []
    for values, (size, churned) in zip(groups.index, groups.to_numpy(), strict=True):
        values = values if isinstance(values, tuple) else (values,)
        row = {"cut_name": name, "cut_value": " x ".join(values), "customers_count": size}
        row |= {"churned_count": churned, "is_published": True}
        for number, (dimension, value) in enumerate(zip(columns, values, strict=True), 1):
            row |= {f"dimension_{number}": dimension, f"value_{number}": value}
        rows.append(row)
    return pd.DataFrame(rows)


def listed(customers, rules=RULES):
    """Cells, conditions and rules, as the models list them."""
    seen = customers.assign(
        band=named(customers["age"], BANDS), interval=named(customers["age"], INTERVALS)
    )
    cuts = [
        counted(seen, "age_band", {"age_band": "band"}),
        counted(seen, "gender", {"gender": "gender"}),
        counted(seen, "gender x age_band", {"gender": "gender", "age_band": "band"}),
        counted(seen, "half", {"half": "half"}),
        counted(seen, "halves of age", {"age": "interval", "half": "half"}),
    ]
    cells = pd.concat(cuts, ignore_index=True)
    for number in (1, 2, 3):
        for column in (f"dimension_{number}", f"value_{number}"):
            cells[column] = cells.get(column, pd.Series(None, index=cells.index, dtype=object))
    conditions = pd.DataFrame(
        [
            {"dimension": name, "value": value, "column_name": "age", "lower_bound": low, "upper_bound": high}
            for name, bounds in (("age_band", BANDS), ("age", INTERVALS))
            for value, (low, high) in bounds.items()
        ]
    ).assign(text=None)  # fmt: skip
    rows = []
    for code, rule in rules.items():
        for half in ("discovery", "confirmation"):
            found = customers[(customers["half"] == half) & met(customers, rule)]
            for column, one in rule.items():
                low, high, value = (None, None, one) if isinstance(one, str) else (*one, None)
                rows.append(
                    {"cut_name": f"rules: {half}", "cut_value": code, "rule_code": code, "half": half,
                     "customers_count": len(found), "churned_count": int(found["churned"].sum()),
                     "column_name": column, "lower_bound": low, "upper_bound": high, "value": value}
                )  # fmt: skip
    return cells, conditions, pd.DataFrame(rows)


def met(customers, rule):
    is_met = pd.Series(True, index=customers.index)
    for column, one in rule.items():
        if isinstance(one, str):
            is_met &= customers[column] == one
        else:
            is_met &= customers[column].between(one[0] or 0, (one[1] or 99) - 1)
    return is_met


def keys(cells):
    return list(zip(cells["cut_name"], cells["cut_value"], strict=True))


def test_sums_hold_for_sizes_and_outcomes_whatever_the_customers():
    for seed in range(5):
        cells, sums = rule_sums(*listed(bank(seed)))
        assert len(set(keys(cells))) == len(cells) and (cells["customers_count"] > 0).all()
        assert (cells["churned_count"].between(0, cells["customers_count"])).all()
        rows = cells.set_index(["cut_name", "cut_value"])
        for column in ("customers_count", "churned_count"):
            found = sums.join(rows[column], on=["cut_name", "cut_value"])
            assert found[column].notna().all()
            added = (found["factor"] * found[column]).groupby(found["sum_number"]).sum()
            assert (added == 0).all()


def test_unions_of_cells_and_differences_of_rules_are_found():
    cells, sums = rule_sums(*listed(bank()))
    found = [frozenset(keys(rows)) for _, rows in sums.groupby("sum_number")]
    halves = [("halves of age", f"range {number} x discovery") for number in (1, 2)]
    # an interval's union in a half, bands of both halves, a cut of two dimensions
    assert {("rules: discovery", "below_50"), *halves} in found
    both = {("rules: discovery", "from_30"), ("rules: confirmation", "from_30")}
    assert {*both, ("age_band", "30-49"), ("age_band", "50+")} in found
    both = {("rules: discovery", "women_from_50"), ("rules: confirmation", "women_from_50")}
    assert {*both, ("gender x age_band", "female x 50+")} in found
    # what lies between two rules, and what a rule cuts from a band, are cells that nobody shows
    between = "rules: discovery: from_30 less rules: discovery: from_31"
    part = cells.set_index("cut_value").loc[between]
    customers = bank().query("age == 30 and half == 'discovery'")
    assert tuple(part[["customers_count", "churned_count"]]) == (
        len(customers),
        customers["churned"].sum(),
    )
    assert not part["is_published"] and not part["adds_up"]
    cut = cells[cells["cut_value"].str.contains("from_31 in age_band, cut")]
    ages = bank()["age"].between(31, 49)
    assert cut["customers_count"].tolist() == [ages.sum()]


def test_a_small_cell_that_follows_from_rules_is_protected():
    unsafe = 0
    for seed in range(8):
        customers = bank(seed, size=120)
        cells, conditions, rules = listed(customers)
        plain = set(keys(withheld_cells(cells, MINIMUM)))
        more, sums = rule_sums(cells, conditions, rules)
        protected = set(keys(withheld_cells(more, MINIMUM, sums)))
        disclosed = []
        for withheld in (plain, protected):
            is_told = [key not in withheld for key in keys(more)]
            is_told = np.array(is_told) & more["is_published"].to_numpy(bool)
            disclosed.append(disclosed_cells(more, is_told, MINIMUM, sums))
        unsafe += len(disclosed[0])
        assert disclosed[1].empty, disclosed[1]
    assert unsafe > 8


def test_no_rule_changes_nothing_and_the_order_of_rows_does_not_matter():
    cells, conditions, rules = listed(bank())
    more, sums = rule_sums(cells, conditions, rules.iloc[:0])
    # the intervals and the bands remain
    assert not more["cut_name"].str.startswith("rules:").any() and len(sums)
    one = withheld_cells(*in_order(cells, conditions, rules))
    frames = (frame.sample(frac=1, random_state=2) for frame in (cells, conditions, rules))
    pd.testing.assert_frame_equal(one, withheld_cells(*in_order(*frames)))


def in_order(*frames):
    cells, sums = rule_sums(*frames)
    return cells, MINIMUM, sums
