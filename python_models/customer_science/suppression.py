"""Which cells of a cube keep their outcome to themselves, so that no small one can be worked out from sums."""

import itertools

import numpy as np
import pandas as pd
from scipy.linalg import null_space

SEPARATOR = " x "


def withheld_cells(cells: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """cut_name and cut_value of the cells to withhold, one row each.

    `cells` has cut_name (names of dimensions, joined by ` x `), cut_value (their values in the same order) and
    customers_count; every cut adds up to each coarser cut and to the portfolio, whose sums are public. Cells below
    `minimum` are withheld, and with them as many others as it takes that no withheld small cell follows from the
    sums (complementary suppression): one further cell of each small group, then further ones wherever the linear
    system of all sums still has one answer for a small cell. Cuts of one dimension are settled first and among
    themselves, because other tables show them too.
    """
    cells = cells.sort_values(["cut_name", "customers_count", "cut_value"]).reset_index(drop=True)
    names = cells["cut_name"].str.split(SEPARATOR, regex=False)
    values = [
        value.split(SEPARATOR) if len(name) > 1 else [value]
        for name, value in zip(names, cells["cut_value"], strict=True)
    ]
    counts = cells["customers_count"].to_numpy()
    # a value that holds the separator cannot be told apart: its cell stands in no sum
    places = [
        dict(zip(n, v, strict=True)) if len(n) == len(v) else None
        for n, v in zip(names, values, strict=True)
    ]
    is_small = (counts > 0) & (counts < minimum)
    is_single = np.array([len(n) == 1 for n in names], dtype=bool)
    hidden = is_small.copy()
    for _, group in cells[is_single].groupby("cut_name"):
        _complete(group.index.to_numpy(), counts, hidden, minimum)
    sums = _sums(places)
    for _ in range(len(cells)):
        open_sums = [np.array(members) for _, members in sums]
        for members in open_sums:
            finer = members[~is_single[members]]
            if len(finer):
                _complete(finer, counts, hidden, minimum)
        exposed = [cell for cell in _determined(sums, hidden) if is_small[cell]]
        if not exposed:
            break
        before = hidden.sum()
        for cell in exposed:
            near = [m for _, members in sums if cell in members for m in members]
            same_cut = cells.index[cells["cut_name"] == cells.at[cell, "cut_name"]]
            for candidate in sorted(set(near), key=lambda m: (counts[m], m)) + list(same_cut):
                if not hidden[candidate] and not is_single[candidate] and counts[candidate] > 0:
                    hidden[candidate] = True
                    break
        if hidden.sum() == before:
            break
    return cells.loc[hidden, ["cut_name", "cut_value"]].astype("str").reset_index(drop=True)


def _complete(members, counts, hidden, minimum) -> None:
    """Hides the smallest open cell of a group whose hidden cells are one, or together below the minimum."""
    known = members[counts[members] > 0]
    shut = known[hidden[known]]
    if len(shut) and (len(shut) == 1 or counts[shut].sum() < minimum):
        rest = known[~hidden[known]]
        if len(rest):
            hidden[rest[np.argmin(counts[rest])]] = True


def _sums(places) -> list[tuple[int | None, list[int]]]:
    """(cell of the coarser cut or None for the portfolio, the cells of one finer cut that add up to it)."""
    by_place = {frozenset(place.items()): index for index, place in enumerate(places) if place}
    groups: dict[tuple, list[int]] = {}
    for index, place in enumerate(places):
        if not place:
            continue
        for size in range(len(place)):
            for kept in itertools.combinations(sorted(place), size):
                coarse = frozenset((name, place[name]) for name in kept)
                if not coarse or coarse in by_place:
                    groups.setdefault((tuple(sorted(place)), coarse), []).append(index)
    return [(by_place.get(coarse), members) for (_, coarse), members in groups.items()]


def _determined(sums, hidden) -> list[int]:
    """The hidden cells for which the open cells and the sums leave one answer."""
    unknowns = np.flatnonzero(hidden)
    column = {cell: position for position, cell in enumerate(unknowns)}
    rows = []
    for coarse, members in sums:
        row = np.zeros(len(unknowns))
        for member in members:
            if hidden[member]:
                row[column[member]] = 1
        if coarse is not None and hidden[coarse]:
            row[column[coarse]] = -1
        if row.any():
            rows.append(row)
    if not rows:
        return []
    free = null_space(np.array(rows))
    is_fixed = np.abs(free).max(axis=1, initial=0) < 1e-9
    return [int(cell) for cell in unknowns[is_fixed]]
