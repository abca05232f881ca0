"""No small cell can be worked out from what is published, by an attack that knows every sum and every size."""

import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science import suppression
from scipy.optimize import LinearConstraint, milp

MINIMUM = 5


def withheld_cells(cells: pd.DataFrame, minimum: int = MINIMUM) -> set[tuple[str, str]]:
    """Names and values of the cells to withhold."""
    found = suppression.withheld_cells(cells, minimum)
    assert list(found.columns) == ["cut_name", "cut_value"] and not found.duplicated().any()
    return set(found.itertuples(index=False, name=None))


def cells_of(rows: list[tuple], **dimensions: str) -> pd.DataFrame:
    """Cells (cut, value, customers, churned), whose dimension is their cut unless stated."""
    cells = pd.DataFrame(
        rows, columns=["cut_name", "cut_value", "customers_count", "churned_count"]
    )
    for number in range(1, 4):
        cells[f"dimension_{number}"] = cells[f"value_{number}"] = None
    cells["dimension_1"] = [dimensions.get(cut, cut) for cut in cells["cut_name"]]
    cells["value_1"] = cells["cut_value"]
    return cells


def cube_of(customers: pd.DataFrame, largest: int = 3) -> pd.DataFrame:
    """All cuts of one to three dimensions, with customers and churned customers."""
    cuts = []
    dimensions = [name for name in customers.columns if name != "churned"]
    for size in range(1, largest + 1):
        for names in itertools.combinations(dimensions, size):
            counted = customers.groupby(list(names))["churned"].agg(["size", "sum"]).reset_index()
            cut = pd.DataFrame(
                {
                    "cut_name": " x ".join(names),
                    "cut_value": counted[list(names)].agg(" x ".join, axis=1),
                    "customers_count": counted["size"],
                    "churned_count": counted["sum"].astype(int),
                }
            )
            for number in range(3):
                name = names[number] if number < size else None
                cut[f"dimension_{number + 1}"] = name
                cut[f"value_{number + 1}"] = counted[name] if name else None
            cuts.append(cut)
    return pd.concat(cuts, ignore_index=True)


def keys_of(cells: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(cells["cut_name"], cells["cut_value"], strict=True))


def attack(cube: pd.DataFrame, withheld: set, wanted: set) -> dict:
    """Lowest and highest outcome of each wanted cell, by integer programs over the finest cells."""
    places = [
        {
            getattr(cell, f"dimension_{i}"): getattr(cell, f"value_{i}")
            for i in (1, 2, 3)
            if getattr(cell, f"dimension_{i}") is not None
        }
        for cell in cube.itertuples()
    ]
    most = max(map(len, places))
    atoms = [i for i, place in enumerate(places) if len(place) == most]
    rows = np.array(
        [[places[i].items() <= places[a].items() for a in atoms] for i in range(len(cube))]
    )
    sizes, outcomes = (cube[name].to_numpy() for name in ("customers_count", "churned_count"))
    keys = list(zip(cube["cut_name"], cube["cut_value"], strict=True))
    told = [i for i, key in enumerate(keys) if key not in withheld]
    matrix = np.vstack([rows[told], np.ones((1, len(atoms)))]).astype(float)
    answers = np.append(outcomes[told], outcomes[atoms].sum())
    found = {}
    for i, key in enumerate(keys):
        if key in wanted:
            ends = [
                milp(
                    sign * rows[i].astype(float),
                    integrality=np.ones(len(atoms)),
                    bounds=(np.zeros(len(atoms)), sizes[atoms]),
                    constraints=LinearConstraint(matrix, answers, answers),
                ).fun
                for sign in (1, -1)
            ]
            found[key] = (round(ends[0]), round(-ends[1]), sizes[i])
    return found


def worked_out(cube: pd.DataFrame, withheld: set) -> set:
    """Small cells whose outcome follows exactly or within one."""
    small = keys_of(cube[cube["customers_count"] < MINIMUM])
    bounds = attack(cube, withheld, small)
    return {key for key, (low, high, size) in bounds.items() if high - low < min(2, size)}


def simulated(seed: int, size: int, cities: int = 3) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    names = [f"city {number}" for number in range(cities - 1)] + ["Aix x Zurich"]
    shares = np.linspace(1.0, 0.05, cities)
    return pd.DataFrame(
        {
            "city": dice.choice(names, size, p=shares / shares.sum()),
            "gender": dice.choice(["f", "m"], size),
            "products": dice.choice(["1", "2", "3"], size, p=[0.55, 0.42, 0.03]),
            "churned": dice.random(size) < 0.3,
        }
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_small_cell_follows_from_the_published_ones(seed):
    cube = cube_of(simulated(seed, size=60 + 30 * seed))
    withheld = withheld_cells(cube)
    small = keys_of(cube[cube["customers_count"] < MINIMUM])
    assert small and small <= withheld
    assert not worked_out(cube, withheld)
    # the attack works: small cells alone, without the others, give themselves away
    if seed == 11:
        assert len(worked_out(cube, small)) > len(small) / 3
    # and the module's own audit agrees with it
    is_told = [key not in small for key in zip(cube["cut_name"], cube["cut_value"], strict=True)]
    found = suppression.disclosed_cells(cube, np.array(is_told), MINIMUM)
    assert keys_of(found) == worked_out(cube, small)
    assert (found["lowest_count"] <= found["churned_count"]).all()
    assert (found["churned_count"] <= found["highest_count"]).all()


def test_nothing_is_withheld_where_no_cell_is_small():
    customers = simulated(1, size=20_000).query("city != 'Aix x Zurich' and products != '3'")
    assert withheld_cells(cube_of(customers)) == set()
    assert withheld_cells(cube_of(customers).iloc[:0]) == set()


def test_a_small_cell_takes_others_with_it_until_its_outcome_is_open():
    # c, where nobody churned, can have had two of a's
    cells = cells_of([("city", "a", 3, 2), ("city", "b", 40, 9), ("city", "c", 20, 0)])
    assert withheld_cells(cells) == {("city", "a"), ("city", "c")}
    # b and c, where nobody churned, have none to lend: a and b would be 0 of 43
    cells = cells_of([("city", "a", 3, 0), ("city", "b", 40, 0), ("city", "c", 50, 6)])
    assert withheld_cells(cells) == {("city", "a"), ("city", "c")}
    assert worked_out(cells, {("city", "a"), ("city", "b")}) == {("city", "a")}
    # two that are withheld together say enough of each other where all of both churned
    cells = cells_of(
        [("city", "a", 2, 2), ("city", "b", 2, 2), ("city", "c", 20, 9), ("city", "d", 30, 9)]
    )
    assert withheld_cells(cells) == {("city", name) for name in "abc"}


def test_a_small_cell_in_a_cell_without_churned_customers_takes_that_with_it():
    customers = simulated(3, size=3000).query("city != 'Aix x Zurich' and products != '3'")
    quiet = pd.DataFrame(
        {"city": "quiet", "gender": ["f"] * 3 + ["m"] * 30, "products": "1", "churned": False}
    )
    cube = cube_of(pd.concat([customers, quiet]))
    withheld = withheld_cells(cube)
    # 0 % of the city would say that nobody of its three women churned
    assert ("city x gender", "quiet x f") in withheld and ("city", "quiet") in withheld
    assert not worked_out(cube, withheld)


def test_what_cannot_be_protected_is_reported_and_the_rest_is_withheld():
    cells = cells_of([("city", "a", 3, 0), ("city", "b", 40, 1)])
    assert withheld_cells(cells) == {("city", "a"), ("city", "b")}
    # only one customer of all churned: a's outcome is 0 or 1, whatever is withheld
    (found,) = suppression.disclosed_cells(cells, np.array([False, False]), MINIMUM).itertuples()
    assert (found.cut_value, found.lowest_count, found.highest_count) == ("a", 0, 1)


def test_one_cell_in_two_tables_is_told_in_both_or_in_neither():
    one = cells_of([("city", "a", 3, 1), ("city", "b", 40, 9), ("city", "c", 60, 9)])
    other = one.assign(cut_name="city (again)")
    cells = pd.concat([one, other], ignore_index=True)
    withheld = withheld_cells(cells)
    by_table = [
        {value for name, value in withheld if name == cut} for cut in ("city", "city (again)")
    ]
    assert by_table[0] == by_table[1] and "a" in by_table[0]


def test_what_two_sets_of_bands_share_is_protected_though_it_is_not_published():
    cells = cells_of(
        [("one", "low", 40, 10), ("one", "high", 60, 20), ("other", "low", 43, 12), ("other", "high", 57, 18),
         ("both", "low low", 40, 10), ("both", "high low", 3, 2), ("both", "high high", 57, 18)]
    )  # fmt: skip
    both = cells["cut_name"] == "both"
    cells.loc[both, ["dimension_1", "dimension_2"]] = ["one", "other"]
    cells.loc[both, ["value_1", "value_2"]] = [pair.split() for pair in cells["cut_value"][both]]
    cells["is_published"] = ~both
    # of the three in between, two churned: 20 - 18 = 12 - 10
    assert withheld_cells(cells) in (
        {("one", "low"), ("one", "high")},
        {("other", "low"), ("other", "high")},
    )
    assert withheld_cells(cells[~both]) == set()


def test_numbers_of_products_and_holders_of_products_are_one_sum():
    cells = cells_of(
        [
            ("product_count", "1", 60, 20),
            ("product_count", "2", 30, 8),
            ("product_count", "3", 2, 1),
        ]
        + [
            ("product_code", "card", 70, 20),
            ("product_code", "loan", 30, 9),
            ("product_code", "safe", 26, 10),
        ]
    )
    holdings = sum(int(value) * count for value, count in zip("123", (60, 30, 2), strict=True))
    assert holdings == cells.loc[cells["cut_name"] == "product_code", "customers_count"].sum()
    withheld = withheld_cells(cells)
    # two of the numbers alone would follow: their sum, and the sum of their holdings, are known
    hidden = {
        cut: sum(name == cut for name, _ in withheld) for cut in ("product_count", "product_code")
    }
    assert hidden["product_count"] == 3 or hidden["product_code"] > 0


def test_the_order_of_cells_does_not_matter():
    cube = cube_of(simulated(2, size=200))
    shuffled = cube.sample(frac=1, random_state=1)
    one, other = (suppression.withheld_cells(cells, MINIMUM) for cells in (cube, shuffled))
    pd.testing.assert_frame_equal(one, other)


def test_a_bank_with_150_cities_is_protected():
    cube = cube_of(simulated(5, size=1500, cities=150))
    withheld = withheld_cells(cube)
    small = sorted(keys_of(cube[cube["customers_count"] < MINIMUM]))
    assert len(small) > 500 and set(small) <= withheld
    # broad cuts stay told
    assert not [name for name, _ in withheld if name in ("gender", "products")]
    is_told = [key not in withheld for key in zip(cube["cut_name"], cube["cut_value"], strict=True)]
    assert suppression.disclosed_cells(cube, np.array(is_told), MINIMUM).empty
    # the attack, which is slower, on some of them
    wanted = set(small[:: len(small) // 5])
    for key, (low, high, size) in attack(cube, withheld, wanted).items():
        assert high - low >= min(2, size), key
