"""What a reader of the published file works out about small cells: every mart read together, whole numbers only.

An integer program asks, for each withheld outcome of a small cell, for the lowest and the highest number that agrees
with all published ones: counts of churned customers add up from fine cells to coarse ones, and lie between 0 and the
size. Rules of segments and intervals are unions of cells, parts of cells, and differ from each other by some customers.
"""

import collections
import itertools
import re

import duckdb
import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_matrix

MINIMUM = 5


def name_of(band):
    ((_, name),) = band
    return name


def ages_of(band):
    """The whole numbers of a band: 18-24, 60+, up to 17, 4; none if it has no bounds."""
    name = name_of(band)
    found = re.fullmatch(r"(?:(\d+)-|up to )?(\d+)(\+)?", name)
    if not found:
        return set()
    first, last, is_open = found.groups()
    lower = 0 if name.startswith("up to") else int(first or last)
    return set(range(lower, 200 if is_open else int(last) + 1))


# column of a rule -> the dimension of the cube that has its values
DIMENSIONS = {
    "age": "age_band", "credit_score": "credit_score_band", "product_count": "product_count",
    "property_count": "property_count", "city": "city", "gender": "gender", "is_active": "is_active",
    "has_credit_card": "has_credit_card", "has_known_balance": "has_known_balance",
}  # fmt: skip
COLUMNS = {dimension: column for column, dimension in DIMENSIONS.items()}


def meaning(predicate):
    """Column -> what a predicate says of it: a text, or lower bound, upper bound and the values that are left out."""
    found = {}
    for part in predicate.split(" and "):
        flag = re.fullmatch(r"(not )?(\w+)", part)
        text = re.fullmatch(r"(\w+) = '(.*)'", part)
        unknown = re.fullmatch(r"(\w+) is null", part)
        other = re.fullmatch(r"(\w+) not in \(.*\)", part)
        known = re.fullmatch(r"(\w+) is not null", part)
        if flag:
            found[flag[2]] = "no" if flag[1] else "yes"
        elif text:
            found[text[1]] = text[2]
        elif unknown:
            found[unknown[1]] = "unknown"
        elif other:
            found[other[1]] = "any other"
        elif known:
            found[known[1]] = (-np.inf, np.inf, frozenset())
        else:
            column, sign, number = re.fullmatch(r"(\w+) (>=|<|=|<>) (-?[\d.e+-]+)", part).groups()
            number = float(number)
            lower, upper, without = found.get(column, (-np.inf, np.inf, frozenset()))
            if sign == "<>":
                without |= {number}
            if sign in (">=", "="):
                lower = max(lower, number)
            if sign == "<":
                upper = min(upper, number)
            if sign == "=":
                upper = np.nextafter(number, np.inf)
            found[column] = (lower, upper, without)
    return found


def value_meaning(dimension, value):
    """The same of the value of a dimension; numbers are whole."""
    column = COLUMNS[dimension]
    if value == "unknown" or column in ("city", "gender") or column.startswith(("is_", "has_")):
        return value
    if column.endswith("_count"):
        return (float(value), np.nextafter(float(value), np.inf), frozenset())
    first, last, is_open = re.fullmatch(r"(?:(\d+)-|up to )?(\d+)(\+)?", value).groups()
    lower = -np.inf if value.startswith("up to") else float(first or last)
    return (lower, np.inf if is_open else float(last) + 1, frozenset())


def lies_in(one, other):
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    outside = {number for number in other[2] - one[2] if one[0] <= number < one[1]}
    return other[0] <= one[0] and one[1] <= other[1] and not outside


def is_apart(one, other):
    if isinstance(one, str) or isinstance(other, str):
        return one != other
    points = [a for a in (one, other) if a[1] == np.nextafter(a[0], np.inf)]
    if points and points[0][0] in one[2] | other[2]:
        return True
    return one[1] <= other[0] or other[1] <= one[0]


class Reader:
    """Unknown outcomes of cells; a cell is a set of (dimension, value) pairs. The reader also knows how many customers
    are of each age."""

    def __init__(self, path, ages=None):
        self.sizes, self.known, self.equations, self.ages = {}, {}, [], ages or {}
        self.partitions = []  # lists of cells of the same dimensions that hold everybody once
        with duckdb.connect(str(path), read_only=True) as connection:
            self.rows = lambda sql: connection.sql(sql).fetchall()
            self.read_cube()
            self.read_cuts()
            self.read_portraits()
            self.read_intervals()
            self.read_distributions()
            self.read_segments()
            self.read_rates()
            self.read_history()
            self.read_rules()
        self.add_up()

    def see(self, cell, size, outcome):
        # a size may be withheld too; where it stands in one mart, it is known
        if self.sizes.get(cell) is None:
            self.sizes[cell] = size
        assert size is None or self.sizes[cell] == size, cell
        if outcome is not None:
            assert self.known.setdefault(cell, outcome) == outcome, cell

    def is_sum(self, members, size):
        sizes = [self.sizes[cell] for cell in members]
        return None not in sizes and sum(sizes) == size

    def total(self, members, outcome, whole=()):
        """The members' outcomes add up to a number and to those of `whole`."""
        self.equations.append((collections.Counter(members), collections.Counter(whole), outcome))

    def read_cube(self):
        rows = self.rows(
            "select cut_name, cut_value, customers_count, churned_count from marts.churn_rates where cut_count > 0"
        )
        values = collections.defaultdict(set)
        for name, value, *_ in rows:
            if " x " not in name:
                values[name].add(value)
        for name, value, size, outcome in rows:
            # a value may hold the separator: the parts are values that the single cuts have
            dimensions, words = name.split(" x "), value.split(" x ")
            for ends in itertools.combinations(range(1, len(words)), len(dimensions) - 1):
                edges = [0, *ends, len(words)]
                parts = [" x ".join(words[a:b]) for a, b in itertools.pairwise(edges)]
                pairs = list(zip(dimensions, parts, strict=True))
                if len(dimensions) == 1 or all(part in values[key] for key, part in pairs):
                    self.see(frozenset(pairs), size, outcome)
        shapes = collections.defaultdict(list)
        for cell in self.sizes:
            shapes[frozenset(name for name, _ in cell)].append(cell)
        self.partitions += [cells for shape, cells in shapes.items() if shape <= COLUMNS.keys()]
        # the portfolio's row, and each single cut without a withheld value, tell what all add up to
        told = self.rows(
            "select sum(customers_count), sum(churned_count) from marts.churn_rates where cut_count < 2 "
            "group by cut_name having count(*) = count(churned_count)"
        )
        assert len(set(told)) == 1
        self.portfolio = tuple(map(int, told[0]))

    def read_cuts(self):
        for mart, value in (
            ("age_band", "age_band"),
            ("city", "city"),
            ("gender", "gender"),
            ("product_code", "product_code"),
            ("product_count", "coalesce(cast(product_count as varchar), 'unknown')"),
        ):
            table = f"marts.churn_rates_by_{mart.replace('product_code', 'product')}"
            for key, size, outcome in self.rows(
                f"select {value}, customers_count, churned_count from {table}"
            ):
                self.see(frozenset([(mart, key)]), size, outcome)
        sets = collections.defaultdict(list)
        for name, key in self.rows(
            "select age_band_set, age_band from marts.churn_rates_by_age_band"
        ):
            sets[name].append(frozenset([("age_band", key)]))
        for members in sets.values():
            self.total(members, self.portfolio[1])
            self.partitions.append(members)
        # what bands of two sets share
        for one, other in itertools.combinations(sorted(sets), 2):
            shared = collections.defaultdict(list)
            for a, b in itertools.product(sets[one], sets[other]):
                size = sum(self.ages.get(age, 0) for age in ages_of(a) & ages_of(b))
                if size:
                    cell = frozenset([(one, name_of(a)), (other, name_of(b))])
                    self.see(cell, size, None)
                    shared[a].append(cell)
                    shared[b].append(cell)
            for band, cells in shared.items():
                if self.is_sum(cells, self.sizes[band]):
                    self.total(cells, 0, [band])
        # holders of two products are counted twice, as in the sum over numbers of products
        codes = [cell for cell in self.sizes if next(iter(cell))[0] == "product_code"]
        counts = {
            cell: int(value)
            for cell in self.sizes
            for name, value in cell
            if len(cell) == 1 and name == "product_count" and value.isdigit()
        }
        if codes and sum(self.sizes[c] for c in codes) == sum(
            self.sizes[c] * k for c, k in counts.items()
        ):
            self.equations.append((collections.Counter(codes), collections.Counter(counts), 0))

    def read_portraits(self):
        unknown = {"age": ("age_band", "unknown"), "credit_score": ("credit_score_band", "unknown")}
        unknown["balance"] = ("has_known_balance", "no")
        size, churned = self.portfolio
        for code, whole in (("churned", churned), ("retained", size - churned)):
            for feature, level, known, count, all_count in self.rows(
                "select feature_name, feature_level, known_count, level_count, portfolio_level_count "
                f"from marts.churn_portraits where portrait_code = '{code}'"
            ):
                if count is not None:
                    outcome = count if code == "churned" else all_count - count
                    self.see(frozenset([(feature, level)]), all_count, outcome)
                rest = frozenset([unknown.get(feature, (feature, "unknown"))])
                if known is not None and rest in self.sizes:
                    cells = [rest, *self.unknown_too(feature)]
                    missing = whole - known
                    size = sum(self.sizes[cell] for cell in cells)
                    self.total(cells, missing if code == "churned" else size - missing)

    def unknown_too(self, feature):
        """Customers of whom not even is known whether their balance is known."""
        cell = frozenset([("has_known_balance", "unknown")])
        return [cell] if feature == "balance" and cell in self.sizes else []

    def read_intervals(self):
        halves = collections.defaultdict(list)
        for feature, value, kind, *counts in self.rows(
            "select feature_name, value, interval_kind, discovery_count, discovery_churned_count, "
            "confirmation_count, confirmation_churned_count from marts.churn_intervals"
        ):
            value = "unknown" if kind == "missing" else value
            for half in (0, 1):
                size, outcome = counts[2 * half : 2 * half + 2]
                name = value or len(halves[feature, half])
                cell = frozenset([(feature, name), ("half", half)])
                halves[feature, half].append(cell)
                self.see(cell, size, outcome)
        for half in (0, 1):
            sums = [
                sum(self.known[cell] for cell in cells)
                for (_, one), cells in halves.items()
                if one == half and all(cell in self.known for cell in cells)
            ]
            for (_, one), cells in halves.items():
                if one == half and sums:
                    self.total(cells, sums[0])

    def read_distributions(self):
        unknown = {"age": ("age_band", "unknown"), "balance": ("has_known_balance", "no")}
        self.bins = collections.defaultdict(
            list
        )  # feature -> cells of its values and what they mean
        members = collections.defaultdict(list)
        rows = self.rows(
            "select feature_name, interval_number, interval_kind, lower_bound, upper_bound, customers_count, "
            "churned_count from marts.churn_distributions"
        )
        with_zero = {feature for feature, _, kind, *_ in rows if kind == "zero"}
        for feature, number, kind, lower, upper, size, outcome in rows:
            pair = ("distribution of " + feature, str(number))
            rest = unknown.get(feature, (feature, "unknown"))
            if kind == "missing" and not self.unknown_too(feature):
                pair = rest
            cell = frozenset([pair])
            self.see(cell, size, outcome)
            if kind == "missing" and pair != rest:
                self.total([frozenset([rest]), *self.unknown_too(feature)], 0, [cell])
            members[feature].append(cell)
            if kind == "missing":
                self.bins[feature].append((cell, "unknown"))
            elif kind == "zero":
                self.bins[feature].append((cell, (0.0, np.nextafter(0.0, np.inf), frozenset())))
            elif kind == "range":
                without = frozenset([0.0]) if feature in with_zero else frozenset()
                lower, upper = (
                    -np.inf if lower is None else lower,
                    np.inf if upper is None else upper,
                )
                self.bins[feature].append((cell, (lower, upper, without)))
        for cells in members.values():
            if self.is_sum(cells, self.portfolio[0]):
                self.total(cells, self.portfolio[1])
        # what these ages share with the bands of each set
        bands = self.rows("select age_band_set, age_band from marts.churn_rates_by_age_band")
        shared = collections.defaultdict(list)
        ranges = [(cell, one) for cell, one in self.bins["age"] if one != "unknown"]
        for (name, key), (cell, (lower, upper, _)) in itertools.product(bands, ranges):
            band = frozenset([("age_band", key)])
            size = sum(self.ages.get(age, 0) for age in ages_of(band) if lower <= age < upper)
            if size:
                part = frozenset([(name, key), *cell])
                self.see(part, size, None)
                shared[band, name].append(part)
                shared[cell, name].append(part)
        for (whole, _), parts in shared.items():
            if self.is_sum(parts, self.sizes[whole]):
                self.total(parts, 0, [whole])

    def read_segments(self):
        for table, scheme, code in (
            ("rfm_segments", "'rfm ' || rfm_scheme", "rfm_segment"),
            ("cluster_profiles", "'cluster ' || cluster_set", "cluster_code"),
            ("clv_tiers", "'tier ' || tier_set", "clv_tier"),
            ("strategy_segments", "'scheme ' || segment_scheme", "segment_code"),
        ):
            schemes = collections.defaultdict(list)
            for name, value, size, outcome in self.rows(
                f"select {scheme}, {code}, known_outcome_count, churned_count from marts.{table}"
            ):
                cell = frozenset([(name, value)])
                schemes[name].append(cell)
                self.see(cell, size, outcome)
            for members in schemes.values():
                if self.is_sum(members, self.portfolio[0]):
                    self.total(members, self.portfolio[1])

    def read_rates(self):
        """Counts that follow from a rate and its base, in marts that say it again in other words."""
        for table, columns in (
            ("segment_briefs", "known_outcome_count, churn_rate"),
            ("strategy_priorities", "evidence_count, churn_rate"),
        ):
            for scheme, code, size, rate in self.rows(
                f"select distinct segment_scheme, segment_code, {columns} from marts.{table}"
            ):
                cell = frozenset([("scheme " + scheme, code)])
                if rate is not None and self.sizes.get(cell) == size:
                    self.see(cell, size, round(rate * size))
        for name, value, size, rate in self.rows(
            "select group_name, group_value, customers_count, churn_rate from marts.quality_fairness "
            "where decision_name = 'score' and group_name <> 'portfolio'"
        ):
            cell = frozenset([(name, value)])
            if self.sizes.get(cell) == size:
                self.see(cell, size, None if rate is None else round(rate * size))
        deciles = []
        for decile, size, outcome in self.rows(
            "select churn_decile, customers_count, churned_count from marts.churn_score_deciles "
            "where churn_basis = 'window'"
        ):
            deciles.append(frozenset([("decile", str(decile))]))
            self.see(deciles[-1], size, outcome)
        if deciles and self.is_sum(deciles, self.portfolio[0]):
            self.total(deciles, self.portfolio[1])

    def read_history(self):
        """Churn of segments between two days of the history: how many went to the state `churned`, or else to any other
        place, where all places of the row are told; a row that is told without that state has nobody in it."""
        (dates,) = self.rows(
            "select distinct observed_on, window_days from marts.strategy_segments"
        )
        matrices = collections.defaultdict(dict)
        sizes = {}
        for scheme, day, code, count, known, churned in self.rows(
            "select segment_scheme, observed_on, segment_code, customers_count, known_outcome_count, churned_count "
            "from marts.segment_history"
        ):
            sizes[scheme, day, code] = count
            if known is not None:
                matrices[scheme, 1, day].setdefault(code, {})["history"] = (known, churned)
        for scheme, span, day, last, code, to_code, size, count in self.rows(
            "select segment_scheme, span_months, from_on, to_on, from_segment_code, to_segment_code, from_count, "
            "customers_count from marts.segment_migration where from_segment_code not in ('not_yet', 'churned')"
        ):
            assert sizes[scheme, day, code] == size
            row = matrices[scheme, span, day].setdefault(code, {})
            row[to_code] = count
            row["is_rated"] = (day, (last - day).days) == dates
        for (scheme, span, day), rows in matrices.items():
            is_rated = any(row.get("is_rated") for row in rows.values())
            name = f"scheme {scheme}" if is_rated else f"history {scheme} {span} {day}"
            cells, told = [], {}
            for (one, on, code), size in sizes.items():
                if (one, on) != (scheme, day):
                    continue
                row = rows.get(code, {})
                known, churned = row.pop("history", (None, None))
                row.pop("is_rated", None)
                if row:
                    known, churned = size - row.get("ended", 0), row.get("churned", 0)
                cell = frozenset([(name, code)])
                cells.append(cell)
                told[cell] = churned
                self.see(cell, size if known is None else known, churned)
            if all(outcome is not None for outcome in told.values()):
                continue
            # the churn of everybody at risk is known from other schemes and from the churn of months
            if is_rated:
                continue
            total = self.churned_between(scheme, span, day)
            if total is not None:
                self.total(cells, total)

        self.read_outcome_windows(dates)

    def read_outcome_windows(self, dates):
        """Churn of segments within the outcome windows of days of the history."""
        days = collections.defaultdict(lambda: collections.defaultdict(list))
        for scheme, day, window_days, code, count, known, churned in self.rows(
            "select segment_scheme, observed_on, outcome_window_days, segment_code, customers_count, "
            "outcome_known_count, outcome_churned_count from marts.segment_history "
            "where outcome_window_days is not null"
        ):
            is_rated = (day, window_days) == dates
            cell = frozenset(
                [(f"scheme {scheme}" if is_rated else f"history outcome {scheme} {day}", code)]
            )
            if known is not None or not is_rated:
                self.see(cell, count if known is None else known, churned)
            if not is_rated:
                days[day][scheme].append((cell, churned))
        for schemes in days.values():
            totals = [
                sum(churned for _, churned in rows)
                for rows in schemes.values()
                if all(churned is not None for _, churned in rows)
            ]
            for rows in schemes.values():
                if totals and any(churned is None for _, churned in rows):
                    self.total([cell for cell, _ in rows], totals[0])

    def churned_between(self, scheme, span, day):
        """Of all customers at risk on a day, by the months' churn or by a scheme that withholds none."""
        if span == 1:
            ((total,),) = self.rows(
                f"select max(churned_count) from marts.churn_rates_by_month where month_starts_on = date '{day}' + 1"
            ) or [(None,)]
            return total
        found = self.rows(
            "select sum(customers_count) filter (where to_segment_code = 'churned') from marts.segment_migration "
            f"where span_months = {span} and from_on = date '{day}' group by segment_scheme "
            "having sum(customers_count) filter (where from_segment_code not in ('not_yet', 'churned')) = ("
            "select max(whole) from (select sum(customers_count) as whole from marts.segment_history "
            f"where observed_on = date '{day}' group by segment_scheme))"
        )
        return int(found[0][0] or 0) if found else None

    def read_rules(self):
        """What rules, and both halves of rules and intervals, have of cells and of each other."""
        items, halves = [], collections.defaultdict(list)
        for mart in ("churn_segment_candidates", "churn_segments"):
            for code, predicate, proposing_half, *counts in self.rows(
                "select churn_segment_code, predicate_sql, proposing_half, discovery_count, discovery_churned_count, "
                f"confirmation_count, confirmation_churned_count from marts.{mart}"
            ):
                if proposing_half == "second":
                    counts = counts[2:] + counts[:2]
                for half in (0, 1):
                    cell = frozenset([("rule", code), ("half", half)])
                    if cell not in self.sizes:
                        items.append(([cell], meaning(predicate), half))
                        halves["rule", predicate].append(cell)
                    self.see(cell, *counts[2 * half : 2 * half + 2])
        numbers = collections.Counter()
        intervals = collections.defaultdict(list)
        for feature, value, kind, predicate in self.rows(
            "select feature_name, value, interval_kind, predicate_sql from marts.churn_intervals"
        ):
            value = "unknown" if kind == "missing" else value
            for half in (0, 1):
                # as read_intervals names it
                name = value or numbers[feature, half]
                numbers[feature, half] += 1
                cell = frozenset([(feature, name), ("half", half)])
                intervals[feature, half].append((cell, meaning(predicate)[feature]))
                halves["interval", predicate].append(cell)
        items += [(cells, meaning(predicate), None) for (_, predicate), cells in halves.items()]
        for scheme, code, predicate, size, outcome in self.rows(
            "select segment_scheme, segment_code, predicate_sql, known_outcome_count, churned_count "
            "from marts.strategy_segments where predicate_sql is not null and segment_scheme <> 'churn'"
        ):
            cell = frozenset([("scheme " + scheme, code)])
            self.see(cell, size, outcome)
            items.append(([cell], meaning(predicate), None))
        items = [item for item in items if None not in map(self.sizes.get, item[0])]
        for cells, meant, half in items:
            if half is not None and len(meant) == 1:
                ((feature, one),) = meant.items()
                self.divide(
                    cells,
                    meant,
                    [(cell, {feature: other}) for cell, other in intervals[feature, half]],
                )
            if half is None and len(meant) == 1 and self.bins[next(iter(meant))]:
                ((feature, one),) = meant.items()
                self.divide(
                    cells, meant, [(cell, {feature: other}) for cell, other in self.bins[feature]]
                )
            for members in self.partitions if half is None else []:
                if {name for name, _ in members[0]} == {DIMENSIONS.get(column) for column in meant}:
                    self.divide(cells, meant, [
                        (cell, {COLUMNS[name]: value_meaning(name, value) for name, value in cell})
                        for cell in members
                    ])  # fmt: skip
        for (small, a, half), (large, b, other) in itertools.permutations(items, 2):
            if half == other and all(column in a and lies_in(a[column], b[column]) for column in b):
                size = sum(self.sizes[cell] for cell in large) - sum(self.sizes[cell] for cell in small)  # fmt: skip
                rest = self.part(size, ("less", frozenset(large), frozenset(small)))
                self.total([*small, *rest], 0, large)

    def divide(self, cells, meant, members):
        """The cells hold whole members, and a part of those that they cut."""
        if "any other" in meant.values():
            return  # than the values of other rules, which are not followed up
        whole, cut = [], []
        for cell, one in members:
            if all(lies_in(one[column], meant[column]) for column in meant):
                whole.append(cell)
            elif not any(is_apart(one[column], meant[column]) for column in meant):
                cut.append(cell)
        sizes = [sum(self.sizes[cell] or 0 for cell in some) for some in (cells, whole, cut)]
        if None in [self.sizes[cell] for cell in whole + cut]:
            return
        inner, outer = sizes[0] - sizes[1], sizes[1] + sizes[2] - sizes[0]
        assert inner >= 0 and outer >= 0, (meant, sizes)
        name = frozenset(cells), frozenset(whole), frozenset(cut)
        part = self.part(inner, ("of", name))
        self.total([*whole, *part], 0, cells)
        self.total([*part, *self.part(outer, ("but", name))], 0, cut)

    def part(self, size, name):
        """A cell of so many customers, which no mart shows; none if there are none."""
        assert size >= 0, name
        if size == 0:
            return []
        cell = frozenset([("part", name)])
        self.see(cell, size, None)
        return [cell]

    def add_up(self):
        groups = collections.defaultdict(list)
        for cell in self.sizes:
            for length in range(len(cell)):
                for kept in itertools.combinations(sorted(cell, key=str), length):
                    if not kept or frozenset(kept) in self.sizes:
                        dimensions = frozenset(name for name, _ in cell)
                        groups[dimensions, frozenset(kept)].append(cell)
        for (dimensions, coarse), members in groups.items():
            if any(str(name).startswith("history ") for name in dimensions):
                continue  # what followed until another day adds up to another sum
            size = self.sizes[coarse] if coarse else self.portfolio[0]
            if self.is_sum(members, size):
                self.total(members, 0 if coarse else self.portfolio[1], [coarse] if coarse else [])

    def small(self):
        return [cell for cell, size in self.sizes.items() if 0 < (size or 0) < MINIMUM]

    def bounds(self, cells=None):
        """Lowest and highest outcome of each small cell, withheld or not."""
        unknown = {cell: i for i, cell in enumerate(c for c in self.sizes if c not in self.known)}
        lines, columns, factors, answers = [], [], [], []
        for members, whole, outcome in self.equations:
            line = collections.Counter()
            for cell, factor in [*members.items(), *((c, -f) for c, f in whole.items())]:
                if cell in unknown:
                    line[unknown[cell]] += factor
                else:
                    outcome -= factor * self.known[cell]
            line = {column: factor for column, factor in line.items() if factor}
            if line:
                lines += [len(answers)] * len(line)
                columns += line.keys()
                factors += line.values()
                answers.append(outcome)
            else:
                assert outcome == 0, (members, whole)
        matrix = csr_matrix((factors, (lines, columns)), shape=(len(answers), len(unknown)))
        limits = (
            np.zeros(len(unknown)),
            np.array([np.inf if (n := self.sizes[cell]) is None else n for cell in unknown]),
        )
        found = {}
        for cell in self.small() if cells is None else cells:
            if cell in self.known:
                found[cell] = (self.known[cell], self.known[cell])
                continue
            both = []
            for sign in (1, -1):
                aim = np.zeros(len(unknown))
                aim[unknown[cell]] = sign
                solved = milp(
                    aim,
                    integrality=np.ones(len(unknown)),
                    bounds=limits,
                    constraints=LinearConstraint(matrix, answers, answers),
                )
                assert solved.status == 0, solved.message
                both.append(sign * round(solved.fun))
            found[cell] = tuple(both)
        return found

    def worked_out(self, cells=None):
        """Small cells whose outcome is told, or follows exactly or within one."""
        return {
            cell: (lowest, highest)
            for cell, (lowest, highest) in self.bounds(cells).items()
            if highest - lowest < min(2, self.sizes[cell])
        }


class Counts:
    """Counts of a part of some customers (women, chosen, kept), and what they add up to in all marts together."""

    def __init__(self, path):
        self.told, self.wholes, self.sums, self.sizes, self.rests = {}, {}, [], set(), set()
        with duckdb.connect(str(path), read_only=True) as connection:
            self.rows = lambda sql: connection.sql(sql).fetchall()
            self.read_meanings()
            self.read_segments()
            self.read_engagement()
            self.read_decisions()
            self.read_campaigns()

    def see(self, key, count, whole, is_size=False):
        """`whole` is a number, or the key of another count."""
        self.wholes[key] = whole
        if is_size:
            self.sizes.add(key)
        if count is not None:
            self.told[key] = count
        return key

    def read_meanings(self):
        """Which segments lie in which others, by their rules; each lies in itself under another name."""
        meanings = {
            (scheme, code): meaning(predicate)
            for scheme, code, predicate in self.rows(
                "select segment_scheme, segment_code, predicate_sql from marts.strategy_segments "
                "where predicate_sql is not null"
            )
        }
        self.nested = [
            (small, large)
            for (small, a), (large, b) in itertools.permutations(meanings.items(), 2)
            if all(column in a and lies_in(a[column], b[column]) for column in b)
        ]

    def nest(self, keys):
        """Counts of segments, by scheme and code: what the larger one counts more is of the customers it has more."""
        for small, large in self.nested:
            if small in keys and large in keys and keys[small] != keys[large]:
                one, other = keys[small], keys[large]
                sizes = [
                    self.told.get(w) if isinstance(w := self.wholes[k], tuple) else w
                    for k in (one, other)
                ]
                if None in sizes:
                    continue
                assert sizes[0] <= sizes[1], (small, large)
                rest = self.see(("rest", one, other), None, sizes[1] - sizes[0])
                if one in self.told and other in self.told:
                    self.told[rest] = self.told[other] - self.told[one]
                self.rests.add(rest)
                self.sums.append(([one, rest], [other]))

    def read_segments(self):
        """Schemes that have everybody once agree about how many there are in all."""
        rows = self.rows(
            "select segment_scheme, segment_code, customers_count, women_count, credit_card_count "
            "from marts.strategy_segments"
        )
        sizes = collections.Counter()
        for scheme, _, size, *_ in rows:
            sizes[scheme] += size
        everybody = sizes[next(scheme for scheme in ("rule", "rfm") if scheme in sizes)]
        for place, name in ((3, "women"), (4, "cards")):
            everyone = self.see(("segments", name), None, everybody)
            keys = {row[:2]: self.see((*row[:2], name), row[place], row[2]) for row in rows}
            self.nest(keys)
            for scheme in sizes:
                cells = [key for (one, _), key in keys.items() if one == scheme]
                if sizes[scheme] == everybody:
                    self.sums.append((cells, [everyone]))
        ((women,),) = self.rows(
            "select coalesce(max(customers_count), 0) from marts.rfm_by_gender where gender = 'female'"
        )
        if women <= everybody:
            self.told["segments", "women"] = women

    def read_engagement(self):
        parts = ("engaged_count", "champions_and_loyal_share", "at_risk_share")
        for mart, group in (
            ("rfm_by_city", "'city'"), ("rfm_by_gender", "'gender'"), ("rfm_by_age_band", "age_band_set"),
        ):  # fmt: skip
            groups = collections.defaultdict(list)
            value = mart.removeprefix("rfm_by_")
            for scheme, set_name, key, size, *counts in self.rows(
                f"select rfm_scheme, {group}, {value}, customers_count, {', '.join(parts)} from marts.{mart}"
            ):
                for part, count in zip(parts, counts, strict=True):
                    if count is not None and part.endswith("_share"):
                        count = round(count * size)
                    cell = self.see((scheme, set_name, key, part), count, size)
                    groups[scheme, set_name, part].append(cell)
            for (scheme, _, part), cells in groups.items():
                size = sum(self.wholes[cell] for cell in cells)
                everyone = (scheme, size, part)
                self.wholes.setdefault(everyone, size)
                self.sums.append((cells, [everyone]))

    def read_decisions(self):
        groups = collections.defaultdict(list)
        for decision, features, name, value, size, count in self.rows(
            "select decision_name, feature_set, group_name, group_value, customers_count, selected_count "
            "from marts.quality_fairness"
        ):
            cell = self.see((decision, features, name, value), count, size)
            groups[decision, features, name].append(cell)
        for (decision, features, name), cells in groups.items():
            if name != "portfolio":
                self.sums.append((cells, groups[decision, features, "portfolio"]))

    def read_campaigns(self):
        arms = ("blocked", "treated", "holdout")
        reasons = [
            name
            for (name,) in self.rows(
                "select column_name from information_schema.columns where table_name = 'campaign_sizes' "
                "and column_name like 'blocked%count' and column_name <> 'blocked_count'"
            )
        ]
        assert len(reasons) > 5
        for code, size, *counts in self.rows(
            f"select campaign_code, customers_count, {', '.join(f'{arm}_count' for arm in arms)}, {', '.join(reasons)} "
            "from marts.campaign_sizes"
        ):
            cells = {
                name: self.see(("campaign", code, name), count, size)
                for name, count in zip([*arms, *reasons], counts, strict=True)
            }
            everybody = self.see(("campaign", code), size, size, is_size=True)
            self.sums.append(([cells[arm] for arm in arms], [everybody]))
            self.sums.append(([cells[reason] for reason in reasons], [cells["blocked"]]))
        columns = [
            f"{arm}_{what}count"
            for arm in ("treated", "holdout")
            for what in ("", "known_", "kept_")
        ]
        schemes, sizes = collections.defaultdict(list), collections.Counter()
        for campaign, scheme, segment, outcome, size, is_told, *counts in self.rows(
            "select campaign_code, segment_scheme, segment_code, outcome_code, customers_count, "
            f"coalesce(difference is not null or sentence like '%retained%', false), {', '.join(columns)} "
            "from marts.campaign_readout"
        ):
            # a difference of rates, and a sentence with them, tell the counts
            assert None not in counts or not is_told, (campaign, scheme, segment)
            row = (campaign, outcome, scheme)
            schemes[row].append(segment)
            sizes[row] += size
            whole = self.see((*row, segment), size, size, is_size=True)
            for arm in (0, 3):
                of = whole
                for column, count in zip(
                    columns[arm : arm + 3], counts[arm : arm + 3], strict=True
                ):
                    of = self.see((*row, segment, column), count, of, is_size="kept" not in column)
            self.sums.append(([(*row, segment, columns[arm]) for arm in (0, 3)], [whole]))
        for campaign, outcome in dict.fromkeys(row[:2] for row in schemes):
            for column in (columns[2], columns[5]):
                self.nest({
                    (scheme, code): (campaign, outcome, scheme, code, column)
                    for (one, other, scheme), codes in schemes.items()
                    for code in codes
                    if (one, other) == (campaign, outcome)
                })  # fmt: skip
        evidence = collections.defaultdict(list)
        for campaign, outcome, scheme in schemes:
            everybody = (campaign, outcome, "all")
            if sizes[campaign, outcome, scheme] == sizes[everybody] and scheme != "all":
                for column in columns:
                    cells = [
                        (campaign, outcome, scheme, one, column)
                        for one in schemes[campaign, outcome, scheme]
                    ]
                    self.sums.append((cells, [(*everybody, "all", column)]))
        # a strategy's evidence is what its campaigns have shown, each by one outcome
        for strategy, campaign, outcome in self.rows(
            "select strategy_code, campaign_code, min(outcome_code) from marts.campaign_readout "
            "where segment_scheme = 'all' and coalesce(verdict, 'works') in ('works', 'harms', 'inconclusive') "
            "group by strategy_code, campaign_code"
        ):
            evidence[strategy].append((campaign, outcome, "all", "all"))
        for strategy, size, count, *counts in self.rows(
            "select strategy_code, customers_count, campaign_count, treated_known_count, treated_kept_count, "
            "holdout_known_count, holdout_kept_count from marts.strategy_evidence where campaign_count > 0"
        ):
            if count != len(evidence[strategy]):
                continue
            told = [columns[1], columns[2], columns[4], columns[5]]
            for column, number in zip(told, counts, strict=True):
                whole = self.see(
                    ("evidence", strategy, column), number, size, is_size="kept" not in column
                )
                self.sums.append(([(*cell, column) for cell in evidence[strategy]], [whole]))

    def size(self, key):
        whole = self.wholes[key]
        if not isinstance(whole, tuple):
            return whole
        return self.told[whole] if whole in self.told else self.size(whole)

    def small(self):
        """Where all counts are told: those that are small, leave few, or are of few. Sizes are public."""
        found = set()
        for key, count in self.told.items():
            whole = self.wholes[key]
            whole = self.told.get(whole) if isinstance(whole, tuple) else whole
            is_size = key in self.sizes or whole is None
            if key in self.rests:
                # nobody shows it: only its few customers are protected
                found |= {key} if 0 < whole < MINIMUM else set()
            elif not is_size and {count, whole - count, whole} & set(range(1, MINIMUM)):
                found.add(key)
        return found

    def worked_out(self, keys):
        """Which of these counts are told, or follow exactly or within one."""
        unknown = {
            key: i for i, key in enumerate(key for key in self.wholes if key not in self.told)
        }
        limits = [(0, self.size(key)) for key in unknown]
        lines, least, most = [], [], []

        def add(terms, low, high):
            answer = 0
            line = collections.Counter()
            for key, factor in terms:
                if key in unknown:
                    line[unknown[key]] += factor
                else:
                    answer -= factor * self.told[key]
            line = {column: factor for column, factor in line.items() if factor}
            if line:
                lines.append(line)
                least.append(answer + low)
                most.append(answer + high)
            else:
                assert low <= -answer <= high, terms

        for cells, whole in self.sums:
            add([(c, 1) for c in cells] + [(c, -1) for c in whole], 0, 0)
        for key, whole in self.wholes.items():
            if isinstance(whole, tuple):
                add([(key, 1), (whole, -1)], -np.inf, 0)
        matrix = csr_matrix(
            (
                [factor for line in lines for factor in line.values()],
                (
                    [i for i, line in enumerate(lines) for _ in line],
                    [column for line in lines for column in line],
                ),
            ),
            shape=(len(lines), len(unknown)),
        )
        low, high = (np.array(side, float) for side in zip(*limits, strict=True))
        found = {}
        for key in keys:
            if key in self.told:
                found[key] = (self.told[key], self.told[key])
                continue
            both = []
            for sign in (1, -1):
                aim = np.zeros(len(unknown))
                aim[unknown[key]] = sign
                solved = milp(
                    aim,
                    integrality=np.ones(len(unknown)),
                    bounds=(low, high),
                    constraints=LinearConstraint(matrix, least, most),
                )
                assert solved.status == 0, solved.message
                both.append(sign * round(solved.fun))
            if both[1] - both[0] < min(2, self.size(key)):
                found[key] = tuple(both)
        return found
