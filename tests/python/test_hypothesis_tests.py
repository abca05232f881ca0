"""Chi-square p- and q-values against SciPy's own tests of the same tables."""

import numpy as np
import pandas as pd
import pytest
from customer_science.hypothesis_tests import chi_square_p_values
from scipy import stats

# (churned, stayed) per value of a cut, from no relation to a strong one.
TABLES = {
    "independent": [[20, 80], [40, 160], [10, 40]],
    "weak": [[30, 70], [45, 155]],
    "strong": [[90, 10], [10, 90], [40, 60], [55, 45]],
    "certain": [[10_000, 0], [0, 10_000]],
}


def frame(tables):
    measured = [stats.chi2_contingency(table, correction=False) for table in tables.values()]
    return pd.DataFrame(
        {
            "cut_name": list(tables),
            "chi_square": [one.statistic for one in measured],
            "degrees_of_freedom": [one.dof for one in measured],
        }
    )


def test_p_values_are_those_of_the_contingency_tables():
    tested = chi_square_p_values(frame(TABLES)).set_index("cut_name")
    for name, table in TABLES.items():
        expected = stats.chi2_contingency(table, correction=False).pvalue
        assert tested.loc[name, "p_value"] == pytest.approx(expected, rel=1e-13), name
    assert tested["p_value"].between(0, 1).all()
    assert tested["p_value"].nunique() == len(TABLES)


def test_q_values_are_benjamini_and_hochbergs_over_all_rows():
    tested = chi_square_p_values(frame(TABLES))
    np.testing.assert_allclose(
        tested["q_value"], stats.false_discovery_control(tested["p_value"]), rtol=1e-15
    )
    assert (tested["q_value"] >= tested["p_value"]).all()
    assert (tested["q_value"] > tested["p_value"]).any()


def test_order_of_rows_and_their_index_change_nothing_but_the_order():
    cuts = frame(TABLES)
    shuffled = cuts.iloc[[2, 0, 3, 1]]  # keeps the index labels, out of order
    tested = chi_square_p_values(shuffled)
    assert list(tested["cut_name"]) == list(shuffled["cut_name"])
    pd.testing.assert_frame_equal(
        tested.sort_values("cut_name", ignore_index=True),
        chi_square_p_values(cuts).sort_values("cut_name", ignore_index=True),
    )


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_row_without_a_statistic_is_no_member_of_the_family(missing):
    cuts = frame(TABLES)
    # nullable, as DuckDB hands over a column with nulls of either kind
    with_gap = pd.concat(
        [pd.DataFrame({"cut_name": ["gap"], "chi_square": [np.nan], "degrees_of_freedom": [3]}), cuts],
        ignore_index=True,
    )  # fmt: skip
    with_gap["chi_square"] = with_gap["chi_square"].astype("Float64")
    with_gap.loc[0, "chi_square"] = missing
    tested = chi_square_p_values(with_gap)
    assert tested.loc[0, ["p_value", "q_value"]].isna().all()
    pd.testing.assert_frame_equal(tested.iloc[1:].reset_index(drop=True), chi_square_p_values(cuts))


def test_nothing_but_missing_statistics_gives_no_p_value():
    cuts = frame(TABLES).assign(chi_square=np.nan)
    tested = chi_square_p_values(cuts)
    assert list(tested["cut_name"]) == list(TABLES)
    assert tested[["p_value", "q_value"]].isna().all(axis=None)


def test_no_rows_give_no_rows_of_the_same_types():
    tested = chi_square_p_values(frame(TABLES).iloc[:0])
    assert len(tested) == 0
    assert tested.dtypes.equals(chi_square_p_values(frame(TABLES)).dtypes)


def test_input_is_left_as_it_was():
    cuts = frame(TABLES)
    before = cuts.copy(deep=True)
    chi_square_p_values(cuts)
    pd.testing.assert_frame_equal(cuts, before)
