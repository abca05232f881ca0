"""Which cells add up to the outcomes of rules and of intervals: a pure function of pandas frames.

A rule may be a union of published cells, and two rules may differ by a few customers. A reader who knows the outcomes
of rules therefore knows sums over cells. They are found from conditions and sizes alone.
"""

import itertools
import math

import pandas as pd

HALF = "half"
# what a rule has of cells that it cuts, and what it leaves of them; what a rule has more than another
PARTS = "parts of rules"

Conditions = dict[str, tuple]  # column -> (lower, upper) or (text,)


def rule_sums(
    cells: pd.DataFrame, conditions: pd.DataFrame, rules: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cells with those of rules and of their parts, and the sums that these obey.

    `cells` as for suppression.withheld_cells. `conditions` has dimension and value of cells with the condition they
    stand for: column_name with lower_bound and upper_bound (half-open, null where unbounded), or text; a cell that it
    does not have stands for the text of its value in the column of its dimension. `rules` has one row per condition of
    a rule: cut_name and cut_value (its key), rule_code, half (null for a rule of both), customers_count and
    churned_count, and column_name with lower_bound and upper_bound, or value. Returns `cells` with `adds_up` (false for
    the cells that are added), and sums as rows of sum_number, cut_name, cut_value and factor: the outcomes of its
    cells, times their factors, are 0 together.
    """
    book = _Book(cells)
    meanings = {
        (row.dimension, row.value): (row.column_name, _condition(row.lower_bound, row.upper_bound, row.text))
        for row in conditions.itertuples()
    }  # fmt: skip
    cuts: dict[str, list] = {}
    for key, places in book.places.items():
        pairs = [meanings.get(pair, (pair[0], (pair[1],))) for pair in places if pair[0] != HALF]
        half = next((value for name, value in places if name == HALF), None)
        cuts.setdefault(key[0], []).append((key, dict(pairs), half))
    items = _rules(book, rules) + _intervals(book, cuts)
    for parts, found, half in items:
        for name, members in sorted(cuts.items()):
            of_half = [
                (key, meant)
                for key, meant, other in members
                if other == half and set(meant) == set(found)
            ]
            if of_half:
                book.divide(parts, found, of_half, name)
    for (small, a, half), (large, b, other) in itertools.permutations(items, 2):
        if half == other and len(a) >= len(b) and all(c in a and _lies_in(a[c], b[c]) for c in b):
            book.subtract(small, large)
    return book.result()


def _rules(book: "_Book", rules: pd.DataFrame) -> list[tuple[list, Conditions, str | None]]:
    """The keys that add up to each rule, its conditions and its half; both halves of a rule are one more."""
    items: list[tuple[list, Conditions, str | None]] = []
    halves: dict[str, tuple[list, Conditions]] = {}
    columns = ["cut_name", "cut_value", "rule_code", HALF, "customers_count", "churned_count"]
    for key, rows in rules.groupby(columns, dropna=False, sort=True):
        name, value, code, half, size, outcome = key
        half = None if pd.isna(half) else half
        meant = {
            row.column_name: _condition(row.lower_bound, row.upper_bound, row.value)
            for row in rows.itertuples()
        }
        pairs = [("rule", code)] + ([(HALF, half)] if half else [])
        # it may be among the cells
        if (name, value) not in book.sizes:
            book.add((name, value), pairs, size, outcome, True)
        items.append(([(name, value)], meant, half))
        if half:
            halves.setdefault(code, ([], meant))[0].append((name, value))
    return items + [(keys, meant, None) for keys, meant in halves.values() if len(keys) == 2]


def _intervals(book: "_Book", cuts: dict[str, list]) -> list[tuple[list, Conditions, str | None]]:
    """The same of intervals, of which cells have the halves."""
    found: dict[frozenset, tuple[list, Conditions]] = {}
    for members in cuts.values():
        for key, meant, half in members:
            if half and len(meant) == 1:
                place = frozenset(pair for pair in book.places[key] if pair[0] != HALF)
                found.setdefault(place, ([], meant))[0].append(key)
    return [(keys, meant, None) for keys, meant in found.values() if len(keys) == 2]


def _condition(lower, upper, text) -> tuple:
    if not pd.isna(text):
        return (text,)
    return (-math.inf if pd.isna(lower) else float(lower), math.inf if pd.isna(upper) else float(upper))  # fmt: skip


def _lies_in(one: tuple, other: tuple) -> bool:
    if len(one) != len(other) or len(one) == 1:
        return one == other
    return other[0] <= one[0] and one[1] <= other[1]


def _is_apart(one: tuple, other: tuple) -> bool:
    if len(one) != len(other) or len(one) == 1:
        return one != other
    return one[1] <= other[0] or other[1] <= one[0]


class _Book:
    """Cells by their keys (cut_name, cut_value), and sums of them."""

    def __init__(self, cells: pd.DataFrame):
        self.cells = cells
        self.places = {}
        dimensions = [(f"dimension_{i}", f"value_{i}") for i in range(1, 4)]
        for row in cells.to_dict("records"):
            pairs = [(row[name], row[value]) for name, value in dimensions]
            key = (row["cut_name"], row["cut_value"])
            self.places[key] = [pair for pair in pairs if not pd.isna(pair[0])]
        keys = list(zip(cells["cut_name"], cells["cut_value"], strict=True))
        self.sizes = dict(zip(keys, cells["customers_count"].astype(int), strict=True))
        self.outcomes = dict(zip(keys, cells["churned_count"].astype(int), strict=True))
        self.added: list[dict] = []
        self.sums: list[dict] = []

    def add(self, key, pairs, size, outcome, is_published) -> None:
        self.sizes[key], self.outcomes[key] = int(size), int(outcome)
        self.added.append(
            {"cut_name": key[0], "cut_value": key[1], "customers_count": int(size), "churned_count": int(outcome)}
            | {f"dimension_{i}": name for i, (name, _) in enumerate(pairs, 1)}
            | {f"value_{i}": value for i, (_, value) in enumerate(pairs, 1)}
            | {"is_published": is_published, "adds_up": False}
        )  # fmt: skip

    def part(self, name: str, terms: list[tuple]) -> tuple:
        """A cell of what is left of a sum of (key, factor), which nobody shows."""
        key = (PARTS, name)
        size = sum(factor * self.sizes[one] for one, factor in terms)
        outcome = sum(factor * self.outcomes[one] for one, factor in terms)
        self.add(key, [("part", name)], size, outcome, False)
        self.total([*terms, (key, -1)])
        return key

    def total(self, terms: list[tuple]) -> None:
        number = len(self.sums) and self.sums[-1]["sum_number"] + 1
        self.sums += [
            {"sum_number": number, "cut_name": name, "cut_value": value, "factor": float(factor)}
            for (name, value), factor in terms
        ]

    def divide(self, parts: list, found: Conditions, members: list, name: str) -> None:
        """What the parts have is whole cells of a cut, and some customers of those that they cut."""
        whole = [key for key, meant in members if all(_lies_in(meant[c], found[c]) for c in found)]
        cut = [
            key
            for key, meant in members
            if key not in whole and not any(_is_apart(meant[c], found[c]) for c in found)
        ]
        left = sum(self.sizes[key] for key in parts) - sum(self.sizes[key] for key in whole)
        room = sum(self.sizes[key] for key in cut)
        if not 0 <= left <= room:
            return  # counted among other customers
        if left == room:
            whole, left = whole + cut, 0
        terms = [(key, 1) for key in parts] + [(key, -1) for key in whole]
        if left == 0:
            self.total(terms)
            return
        label = f"{' and '.join(': '.join(key) for key in parts)} in {name}"
        inner = self.part(f"{label}, cut", terms)
        self.part(f"{label}, left", [(key, 1) for key in cut] + [(inner, -1)])

    def subtract(self, small: list, large: list) -> None:
        """What one has more than another that lies in it."""
        difference = sum(self.sizes[key] for key in large) - sum(self.sizes[key] for key in small)
        terms = [(key, 1) for key in large] + [(key, -1) for key in small]
        if difference == 0 and large < small:
            self.total(terms)
        elif difference > 0:
            labels = [" and ".join(": ".join(key) for key in keys) for keys in (large, small)]
            self.part(" less ".join(labels), terms)

    def result(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        cells = self.cells.assign(adds_up=True)
        if self.added:
            cells = pd.concat([cells, pd.DataFrame(self.added)], ignore_index=True)
        columns = ["sum_number", "cut_name", "cut_value", "factor"]
        return cells, pd.DataFrame(self.sums, columns=columns)
