"""Which counts of a part of a segment (women, card holders, customers kept by a campaign) are withheld."""

import pandas as pd

from customer_science.rule_sums import rule_sums
from customer_science.suppression import withheld_cells

KEYS = ["cut_name", "cut_value"]
CONDITIONS = ["column_name", "lower_bound", "upper_bound", "value"]


def withheld_parts(parts: pd.DataFrame, rules: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """cut_name and cut_value of the segments whose part is withheld, one row each.

    `parts` has one row per part_name and segment: cut_name and cut_value (its key), segment_scheme, is_exclusive
    (whether the scheme has each customer once, so that its parts add up), customers_count and part_count. `rules` has
    the conditions of segments: segment_scheme, segment_code, column_name with lower_bound and upper_bound, or value. A
    part is withheld if it, or what it leaves of the segment, has some customers, but fewer than `minimum`; and so are
    as many others as it takes that none of these follows within one, by sums or from segments that lie in each other.
    """
    found = [pd.DataFrame(columns=KEYS, dtype="str")]
    for _, rows in parts.groupby("part_name", sort=True):
        rows = rows.rename(columns={"part_count": "churned_count"})
        cells = rows[rows["is_exclusive"]].assign(
            dimension_1=rows["segment_scheme"], value_1=rows["cut_value"], dimension_2=None, value_2=None,
            dimension_3=None, value_3=None,
        )  # fmt: skip
        if cells.empty:
            raise ValueError("Parts of segments: expected a scheme that has each customer once")
        conditions = rows.merge(
            rules.rename(columns={"segment_code": "cut_value"}), on=["segment_scheme", "cut_value"]
        ).assign(half=None)
        conditions["rule_code"] = conditions["cut_name"] + ": " + conditions["cut_value"]
        none = pd.DataFrame(columns=["dimension", "value", "text", *CONDITIONS])
        every, sums = rule_sums(cells, none, conditions)
        found.append(withheld_cells(every, minimum, sums, protects_outcomes=True))
    return pd.concat(found, ignore_index=True)
