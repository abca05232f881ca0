"""Which cells keep their outcome to themselves, so that no small one can be worked out from sums and sizes."""

import itertools

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, vstack

DIMENSIONS = 3
# a customer with three products is counted with each of them
HOLDERS, HOLDINGS = "product_code", "product_count"
# how much of the outcome of a small cell must stay open: more than one customer, or all of a cell of one
SPREAD = 2
# what it costs to withhold a cell of one, two and three dimensions: broad cuts are what most readers look at
COSTS = (30.0, 3.0, 1.0)
# what it is worth to move a small cell by one customer: more than any change costs
REWARD = 1e5
TOLERANCE = 1e-6
# as many small cells are moved one by one; more are moved together first
FEW = 6000
# after as many cells, those that have room by now are found all at once
OFTEN = 200
# values of the widest dimension among which a change is looked for first
PARTNERS = 3


def withheld_cells(
    cells: pd.DataFrame,
    minimum: int,
    sums: pd.DataFrame | None = None,
    protects_outcomes: bool = False,
) -> pd.DataFrame:
    """cut_name and cut_value of the cells whose outcome is withheld, one row each.

    `cells` has one row per cell with an outcome: cut_name and cut_value (its key), dimension_1 to dimension_3 and
    value_1 to value_3 (texts, null where the cell has fewer dimensions), customers_count and churned_count (whole
    numbers), and is_published (default true; a cell that is not is protected where sums tell of it). Cells of the same
    dimensions, values and size are one cell that several tables show. A cell with `adds_up` (default true) of false is
    in no sum but those of `sums`: rows of sum_number, cut_name, cut_value and factor, see rule_sums.py. The sizes are
    public, and so are the outcome of the portfolio and which cells add up to which: the cells of a cut to those of
    each coarser cut. Cells with 0 < customers_count < `minimum` are withheld, and with them as many others as it takes
    that the outcome of no small one follows exactly or within one: between 0 and the size of each withheld cell there
    are numbers that agree with all sums and leave it two customers apart (one, in a cell of one customer). They are
    found by linear programs: the cheapest change of outcomes that moves a small cell, where a cell that is still told
    has a cost, and is withheld if the change needs it. Where hardly anybody churned, or was retained, even withholding
    everything leaves less than that. With `protects_outcomes`, a published cell is also withheld, and protected as a
    small one, if some but fewer than `minimum` of its customers churned, or did not.

    Source: Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data with linear constraints;
    the step from cell to cell is that of Kelly, Golden and Assad (1992).
    """
    cells = cells.sort_values(["cut_name", "cut_value"]).reset_index(drop=True)
    if cells.empty:
        return cells[["cut_name", "cut_value"]].astype("str")
    system = _System(cells, sums)
    is_small = (system.counts > 0) & (system.counts < minimum)
    is_published = cells.get("is_published", pd.Series(True, index=cells.index)).to_numpy(bool)
    is_shown = np.zeros_like(is_small)
    is_shown[system.owners[is_published]] = True
    if protects_outcomes:
        for count in (system.outcomes, system.counts - system.outcomes):
            is_small |= is_shown & (count > 0) & (count < minimum)
    state = _State(system, is_small, is_small | ~is_shown)
    # most at once, in random directions, until few remain or they do not give way
    dice = np.random.default_rng(0)
    is_crossed = system.breadth > 1
    remaining = state.exposed()
    while len(remaining) > FEW:
        signs = dice.choice([-1, 1], len(remaining))
        signs[system.outcomes[remaining] == 0] = 1
        signs[system.outcomes[remaining] == system.counts[remaining]] = -1
        state.move(remaining, signs, is_crossed)
        before, remaining = len(remaining), state.exposed()
        if len(remaining) > 0.95 * before:
            break
    # then one by one: within a few values of the widest dimension, which is quick; among crossed cells; at any cost
    state.move_one_by_one(system.neighbours)
    state.move_one_by_one(lambda _, hidden: is_crossed | hidden)
    state.move_one_by_one(lambda _, hidden: np.ones_like(hidden))
    found = cells.loc[state.hidden[system.owners] & is_published, ["cut_name", "cut_value"]]
    return found.astype("str").reset_index(drop=True)


def disclosed_cells(
    cells: pd.DataFrame, is_told: np.ndarray, minimum: int, sums: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The small cells that a reader can work out, exactly or within one, with the bounds of their outcome.

    `cells` as for `withheld_cells`, whose outcomes the reader knows where `is_told` (booleans, one per row), besides
    the sums over each cut. Returns the rows of small cells with lowest_count and highest_count (whole numbers) less
    than two apart (less than one, in a cell of one customer); none if the promise holds.
    """
    cells = cells.reset_index(drop=True)
    system = _System(cells, sums)
    hidden = np.ones(len(system.counts), dtype=bool)
    hidden[system.owners[np.asarray(is_told)]] = False
    state = _State(system, (system.counts > 0) & (system.counts < minimum), hidden)
    state.move_one_by_one(lambda target, hidden: system.neighbours(target, hidden) & hidden)
    state.move_one_by_one(lambda _, hidden: hidden)
    exposed = np.zeros_like(hidden)
    exposed[state.exposed()] = True
    found = cells.assign(
        lowest_count=np.ceil(state.lowest - TOLERANCE).astype(int)[system.owners],
        highest_count=np.floor(state.highest + TOLERANCE).astype(int)[system.owners],
    )
    return found[exposed[system.owners]].reset_index(drop=True)


class _State:
    """Which cells are hidden, and between which outcomes each is known to have room."""

    def __init__(self, system: "_System", is_small: np.ndarray, hidden: np.ndarray):
        self.system, self.is_small, self.hidden = system, is_small, hidden
        self.lowest, self.highest = system.outcomes.astype(float), system.outcomes.astype(float)
        self.needed = np.minimum(SPREAD, system.counts)

    def is_exposed(self, cell):
        room = np.floor(self.highest[cell] + TOLERANCE) - np.ceil(self.lowest[cell] - TOLERANCE)
        return self.is_small[cell] & (room < self.needed[cell])

    def exposed(self) -> np.ndarray:
        return np.flatnonzero(self.is_exposed(np.arange(len(self.is_small))))

    def move_one_by_one(self, may_change) -> None:
        """Moves each cell that lacks room, first to the side that has more of it."""
        for number, target in enumerate(self.exposed()):
            if number % OFTEN == 0:
                self.move_within_hidden()
            outcome = self.system.outcomes[target]
            side = 1 if 2 * outcome <= self.system.counts[target] else -1
            for sign in (side, -side):
                if self.is_exposed(target) and self.hidden[target]:
                    self.move(np.array([target]), np.array([sign]), may_change(target, self.hidden))

    def move_within_hidden(self) -> None:
        """Moves all cells that lack room at once, in random directions, as long as that shows the room of many."""
        dice, before = np.random.default_rng(0), len(self.hidden)
        remaining = self.exposed()
        while OFTEN < len(remaining) < 0.95 * before:
            before = len(remaining)
            self.move(remaining, dice.choice([-1, 1], len(remaining)), self.hidden)
            remaining = self.exposed()

    def move(self, targets, signs, may_change) -> None:
        """Moves the targets in the direction of their signs, as far as needed, and hides what must change with them."""
        change = self.system.cheapest_change(
            targets, signs * self.needed[targets], self.hidden, may_change
        )
        self.hidden |= np.abs(change) > TOLERANCE
        np.minimum(self.lowest, self.system.outcomes + change, out=self.lowest)
        np.maximum(self.highest, self.system.outcomes + change, out=self.highest)


class _System:
    """The distinct cells behind the rows of a table, and the sums that they obey."""

    def __init__(self, cells: pd.DataFrame, sums: pd.DataFrame | None = None):
        dimensions = [
            list(zip(cells[f"dimension_{i}"], cells[f"value_{i}"], strict=True))
            for i in range(1, DIMENSIONS + 1)
        ]
        places = [
            frozenset(pair for pair in row if not pd.isna(pair[0]))
            for row in zip(*dimensions, strict=True)
        ]
        keys = list(zip(places, cells["customers_count"], strict=True))
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        self.owners = np.array([numbers[key] for key in keys], dtype=int)
        self.places = [place for place, _ in numbers]
        self.counts = np.zeros(len(numbers), dtype=int)
        self.outcomes = np.zeros(len(numbers), dtype=int)
        self.counts[self.owners] = cells["customers_count"]
        self.outcomes[self.owners] = cells["churned_count"]
        self.breadth = np.array([len(place) for place in self.places])
        self.cost = np.array(COSTS)[np.clip(self.breadth, 1, len(COSTS)) - 1] * (
            1 + np.log2(1 + self.counts)
        )
        adds_up = cells.get("adds_up", pd.Series(True, index=cells.index)).astype(bool)
        self.is_alone = np.ones(len(numbers), dtype=bool)
        self.is_alone[self.owners[adds_up]] = False
        self.sums = vstack(
            [self._sums(cells.loc[adds_up, "cut_name"]), self._further_sums(cells, sums)],
            format="csr",
        )
        values: dict[str, set] = {}
        for place in itertools.compress(self.places, ~self.is_alone):
            for name, value in place:
                values.setdefault(name, set()).add(value)
        self.widest = max(sorted(values), key=lambda name: len(values[name]))
        self.by_value: dict[str, list[int]] = {}
        self.by_rest: dict[frozenset, list[int]] = {}
        self.rests: list[frozenset] = []
        for cell, place in enumerate(self.places):
            rest = frozenset(pair for pair in place if pair[0] != self.widest)
            self.rests.append(rest)
            for _, value in place - rest:
                self.by_value.setdefault(value, []).append(cell)
                self.by_rest.setdefault(rest, []).append(cell)

    def _sums(self, cut_names) -> csr_matrix:
        """One row per sum: 1 for what is added up, -1 for what it adds up to."""
        by_place = {place: number for number, place in enumerate(self.places)}
        holders, holdings = [], []
        for cell, place in enumerate(self.places):
            if len(place) == 1:
                ((name, value),) = place
                if name == HOLDERS:
                    holders.append((cell, 1.0))
                elif name == HOLDINGS and value.isdigit():
                    holdings.append((cell, -float(value)))
        is_held = bool(holders) and not sum(
            self.counts[cell] * factor for cell, factor in holders + holdings
        )
        cuts = {
            name: sorted(set(self.owners[rows]))
            for name, rows in cut_names.groupby(cut_names).groups.items()
        }
        shapes = {
            name: frozenset(key for member in members for key, _ in self.places[member])
            for name, members in cuts.items()
        }
        sums: list[tuple[int | None, list]] = []
        for name, members in sorted(cuts.items()):
            smaller = {shape for shape in shapes.values() if shape < shapes[name]}
            coarser = [shape for shape in smaller if not any(shape < other for other in smaller)]
            is_whole = False
            for kept in sorted(coarser, key=sorted):
                groups: dict[frozenset, list] = {}
                for member in members:
                    part = frozenset(pair for pair in self.places[member] if pair[0] in kept)
                    groups.setdefault(part, []).append(member)
                complete = [
                    (by_place[part], group)
                    for part, group in groups.items()
                    if part in by_place and self.counts[group].sum() == self.counts[by_place[part]]
                ]
                is_whole = is_whole or len(complete) == len(groups)
                sums += complete
            if not is_whole and not (is_held and HOLDERS in shapes[name]):
                sums.append((None, members))
        terms = [
            [(member, 1.0) for member in members] + ([(whole, -1.0)] if whole is not None else [])
            for whole, members in sums
        ]
        terms += [holders + holdings] if is_held else []
        entries = [(line, *term) for line, one in enumerate(terms) for term in one]
        lines, columns, factors = (np.array(part) for part in zip(*entries, strict=True))
        return csr_matrix((factors, (lines, columns)), shape=(len(terms), len(self.counts)))

    def _further_sums(self, cells: pd.DataFrame, sums: pd.DataFrame | None) -> csr_matrix:
        if sums is None or sums.empty:
            return csr_matrix((0, len(self.counts)))
        keys = zip(cells["cut_name"], cells["cut_value"], strict=True)
        owner_of = dict(zip(keys, self.owners, strict=True))
        columns = [owner_of[key] for key in zip(sums["cut_name"], sums["cut_value"], strict=True)]
        entries = (sums["factor"].to_numpy(float), (sums["sum_number"].to_numpy(int), columns))
        return csr_matrix(entries, shape=(int(sums["sum_number"].max()) + 1, len(self.counts)))

    def cheapest_change(self, targets, wanted, hidden, may_change) -> np.ndarray:
        """The change of outcomes, 0 in every sum, that moves the targets by what is wanted, or as far as possible, at
        the lowest cost of changed cells that are not hidden."""
        may_change = may_change.copy()
        may_change[targets] = True
        free = np.flatnonzero(may_change)
        sums = self.sums[:, free]
        sums = sums[sums.getnnz(axis=1) > 0]
        lower = -self.outcomes[free].astype(float)
        upper = (self.counts - self.outcomes)[free].astype(float)
        price = np.where(hidden[free], 0.0, self.cost[free])
        place = np.searchsorted(free, targets)
        lower[place], upper[place] = (
            np.where(wanted < 0, np.maximum(lower[place], wanted), 0),
            np.where(wanted > 0, np.minimum(upper[place], wanted), 0),
        )
        price[place] = -REWARD * np.sign(wanted)
        # a told cell costs the same in both directions: its decrease is a column of its own
        told = np.flatnonzero(~hidden[free])
        decrease = -lower[told]
        lower[told] = 0
        solved = linprog(
            np.concatenate([price, price[told]]),
            A_eq=hstack([sums, -sums[:, told]]).tocsc(),
            b_eq=np.zeros(sums.shape[0]),
            bounds=np.column_stack(
                [np.concatenate([lower, 0 * decrease]), np.concatenate([upper, decrease])]
            ),
            method="highs",
        )
        if solved.x is None:
            raise RuntimeError(f"No cells to withhold are found: {solved.message}")
        change = np.zeros(len(self.counts))
        change[free] = solved.x[: len(free)]
        change[free[told]] -= solved.x[len(free) :]
        return change

    def neighbours(self, target, hidden) -> np.ndarray:
        """The cells of the target's value on the widest dimension, and of those in which a like cell has most room."""
        value = dict(self.places[target]).get(self.widest)
        if value is None:
            # the cells without that dimension, and those of the values with most room, where they are hidden
            rooms = {
                one: np.minimum(self.outcomes, self.counts - self.outcomes)[cells].sum()
                for one, cells in self.by_value.items()
            }
            far = sorted(rooms, key=lambda one: (rooms[one], one))[: -2 * PARTNERS]
            may_change = hidden.copy()
            for one in far:
                may_change[self.by_value[one]] = False
            return may_change
        like = self.by_rest[self.rests[target]]
        room = np.minimum(self.outcomes, self.counts - self.outcomes)
        like = sorted(like, key=lambda cell: (not hidden[cell], -room[cell], cell))[:PARTNERS]
        near = {value} | {dict(self.places[cell])[self.widest] for cell in like}
        may_change = np.zeros(len(self.counts), dtype=bool)
        for one in near:
            may_change[self.by_value[one]] = True
        return may_change
