"""No small cell can be worked out from what is published, by an attack that knows every sum."""

import itertools

import numpy as np
import pandas as pd
import pytest
from customer_science import suppression

MINIMUM = 5


def withheld_cells(cells: pd.DataFrame, minimum: int) -> list[tuple[str, str]]:
    """Names and values of the cells to withhold."""
    found = suppression.withheld_cells(cells, minimum)
    assert list(found.columns) == ["cut_name", "cut_value"]
    return list(found.itertuples(index=False, name=None))


def cube_of(customers: pd.DataFrame) -> pd.DataFrame:
    """All cuts of one to three dimensions, with customers and leavers."""
    cuts = []
    dimensions = [name for name in customers.columns if name != "churned"]
    for size in range(1, len(dimensions) + 1):
        for names in itertools.combinations(dimensions, size):
            counted = customers.groupby(list(names))["churned"].agg(["size", "sum"]).reset_index()
            cuts.append(
                pd.DataFrame(
                    {
                        "cut_name": " x ".join(names),
                        "cut_value": counted[list(names)].agg(" x ".join, axis=1),
                        "customers_count": counted["size"],
                        "churned_count": counted["sum"],
                    }
                )
            )
    return pd.concat(cuts, ignore_index=True)


def attack(cube: pd.DataFrame, withheld: set) -> dict:
    """What follows for each withheld cell: the least-squares answer where the system has only one."""
    atoms = cube[cube["cut_name"] == max(cube["cut_name"], key=len)].reset_index(drop=True)
    names = atoms.at[0, "cut_name"].split(" x ")
    parts = [dict(zip(names, value.split(" x "), strict=True)) for value in atoms["cut_value"]]

    def row(cell):
        wanted = dict(zip(cell.cut_name.split(" x "), cell.cut_value.split(" x "), strict=True))
        return [float(all(p[k] == v for k, v in wanted.items())) for p in parts]

    # every published cell is a sum of the finest cells, and so is the portfolio
    cells = list(cube.itertuples())
    public = [cell for cell in cells if (cell.cut_name, cell.cut_value) not in withheld]
    matrix = np.array([row(cell) for cell in public] + [[1.0] * len(parts)])
    answers = np.array([cell.churned_count for cell in public] + [atoms["churned_count"].sum()])
    found = {}
    for cell in cells:
        if (cell.cut_name, cell.cut_value) in withheld:
            weights, *_ = np.linalg.lstsq(matrix.T, np.array(row(cell)), rcond=None)
            if np.allclose(weights @ matrix, row(cell), atol=1e-8):
                found[cell.cut_name, cell.cut_value] = round(float(weights @ answers), 6)
    return found


def simulated(seed: int, size: int) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "city": dice.choice(["a", "b", "c"], size, p=[0.6, 0.37, 0.03]),
            "gender": dice.choice(["f", "m"], size),
            "products": dice.choice(["1", "2", "3"], size, p=[0.55, 0.42, 0.03]),
            "churned": dice.random(size) < 0.3,
        }
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_small_cell_follows_from_the_published_ones(seed):
    cube = cube_of(simulated(seed, size=60 + 30 * seed))
    withheld = set(withheld_cells(cube, MINIMUM))
    small = cube[cube["customers_count"] < MINIMUM]
    small = set(zip(small["cut_name"], small["cut_value"], strict=True))
    assert small and small <= withheld
    assert not small & set(attack(cube, withheld))
    # the attack works: small cells alone, without the others, give themselves away
    if seed == 11:
        assert small & set(attack(cube, small))


def test_nothing_is_withheld_where_no_cell_is_small():
    cube = cube_of(simulated(1, size=20_000).query("city != 'c' and products != '3'"))
    assert withheld_cells(cube, MINIMUM) == []


def test_one_small_cell_takes_the_smallest_other_with_it():
    cells = pd.DataFrame(
        [
            ("city", "a", 3),
            ("city", "b", 40),
            ("city", "c", 20),
            ("gender", "f", 30),
            ("gender", "m", 33),
        ],
        columns=["cut_name", "cut_value", "customers_count"],
    )
    assert set(withheld_cells(cells, MINIMUM)) == {("city", "a"), ("city", "c")}


def test_two_small_cells_that_are_few_together_take_a_third():
    cells = pd.DataFrame(
        [("city", "a", 2), ("city", "b", 2), ("city", "c", 20), ("city", "d", 30)],
        columns=["cut_name", "cut_value", "customers_count"],
    )
    assert set(withheld_cells(cells, MINIMUM)) == {("city", name) for name in "abc"}


def test_the_order_of_rows_changes_nothing_and_a_separator_in_a_value_is_survived():
    cube = cube_of(simulated(3, size=90))
    shuffled = cube.sample(frac=1, random_state=1)
    assert withheld_cells(cube, MINIMUM) == withheld_cells(shuffled, MINIMUM)
    cells = pd.DataFrame(
        [("city", "a x b", 2), ("city", "c", 9)],
        columns=["cut_name", "cut_value", "customers_count"],
    )
    assert ("city", "a x b") in withheld_cells(cells, MINIMUM)
