"""What is published of small marts, by the SQL that publishing runs."""

import duckdb
import pandas as pd
import pytest
from publishing.withholding import Rules, published_marts, published_rows

RULES = Rules(
    minimum=5,
    text_type="varchar",
    corrected="select *, p_value as published_q_value from cells_withheld",
)


def node(name, columns, tags=None, **meta):
    meta = {"grain": columns[:1]} | meta
    return {
        "name": name,
        "resource_type": "model",
        "fqn": ["clientele", "marts", name],
        "relation_name": name,
        "config": {"enabled": True, "meta": meta},
        "columns": {
            column: {"config": {"meta": {(tags or {}).get(column, "none"): True}}} for column in columns
        },
    }  # fmt: skip


def published(rows, columns, rules=RULES, tags=None, others=(), **meta):
    """The rows that are published of a mart with these rows, in their order."""
    mart = node("mart", columns, tags, **meta)
    nodes = {"mart": mart}
    connection = duckdb.connect()
    for name, values in {"mart": rows, **dict(others)}.items():
        names = columns if name == "mart" else ["cut_name", "cut_value"]
        nodes.setdefault(name, node(name, names))
        connection.register(name, pd.DataFrame(values, columns=names))
    return connection.execute(published_rows(mart, nodes, rules) + " order by 1").fetchall()


def test_a_small_cell_keeps_its_name_and_size_and_nothing_else():
    rows = [("a", 4, 0.25), ("b", 5, 0.5), ("c", 90, 0.1)]
    columns = ["city", "customers_count", "churn_rate"]
    found = published(rows, columns, cells={})
    assert found == [("a", 4, None), ("b", 5, 0.5), ("c", 90, 0.1)]


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ((4, 9, 90), (None, None, 0.5)),  # the next larger one protects it
        ((4, 3, 90), (None, None, 0.5)),  # two together are large enough
        ((1, 2, 90), (None, None, None)),  # two are not
        ((4, 2, 1), (None, None, None)),
        ((6, 9, 90), (0.5, 0.5, 0.5)),
    ],
)
def test_what_is_missing_from_a_sum_says_nothing_of_a_small_cell(sizes, told):
    rows = [(name, size, 0.5) for name, size in zip("abc", sizes, strict=True)]
    columns = ["city", "customers_count", "churn_rate"]
    found = published(rows, columns, cells={"add_up_within": []})
    assert tuple(rate for _, _, rate in found) == told


def test_a_small_part_or_rest_is_withheld_with_what_tells_it_and_other_columns_stay():
    rows = [("few", 100, 3, 0.03, 7), ("rest", 100, 98, 0.98, 7), ("told", 100, 50, 0.5, 7)]
    columns = ["city", "customers_count", "churned_count", "churn_rate", "age"]
    parts = {"churned_count": {"tells": ["churn_rate"]}}
    assert published(rows, columns, cells={"parts": parts}) == [
        ("few", 100, None, None, 7),
        ("rest", 100, None, None, 7),
        ("told", 100, 50, 0.5, 7),
    ]


def test_a_column_is_told_where_a_part_has_an_exception():
    rows = [("assumed", 100, 3, 9, True), ("few", 100, 3, 9, False)]
    columns = ["city", "customers_count", "churned_count", "plan", "is_active"]
    part = {"tells": ["plan"], "except": "is_active", "except_columns": ["plan"]}
    found = published(rows, columns, cells={"parts": {"churned_count": part}})
    assert [row[2:4] for row in found] == [(None, 9), (None, None)]


def test_withheld_outcomes_hide_what_tells_them_and_round_what_may_give_them_away():
    rows = [("a", 100, 0.25, 0.123456), ("b", 100, 0.5, 0.123456)]
    columns = ["city", "customers_count", "churn_rate", "p_value"]
    outcome = {"withheld_in": "hidden", "cut_name": "'city'", "cut_value": "city", "tells": ["churn_rate"],
               "rounds": ["p_value"]}  # fmt: skip
    others = {"hidden": [("city", "a"), ("age", "b")]}
    found = published(rows, columns, others=others, cells={"outcomes": [outcome]})
    assert found == [("a", 100, None, 0.123), ("b", 100, 0.5, 0.123456)]


@pytest.mark.parametrize(
    ("hidden", "told"),
    [
        ("c", (None, 0.5, None)),  # the small cell and the hidden one protect each other
        ("x", (None, None, 0.5)),  # the next larger one protects the small cell
    ],
)
def test_a_cell_whose_outcome_is_withheld_counts_among_those_that_are(hidden, told):
    rows = [("a", 4, 0.5), ("b", 30, 0.5), ("c", 40, 0.5)]
    columns = ["city", "customers_count", "churn_rate"]
    outcome = {"withheld_in": "hidden", "cut_name": "'city'", "cut_value": "city"}
    cells = {"outcomes": [outcome], "add_up_within": []}
    found = published(rows, columns, others={"hidden": [("city", hidden)]}, cells=cells)
    assert tuple(rate for _, _, rate in found) == told


def test_ranks_are_of_the_rows_that_are_told_and_sentences_say_that_they_are_withheld():
    rows = [("a", 4, 2, "x"), ("b", 50, 1, "y"), ("c", 90, 3, "z")]
    columns = ["city", "customers_count", "position", "sentence"]
    cells = {"ranks": {"position": ["true"]}, "withheld_texts": ["sentence"]}
    found = published(rows, columns, cells=cells)
    assert [(rank, text) for *_, rank, text in found] == [
        (None, "Withheld: it would disclose what few customers did."), (1, "y"), (2, "z")
    ]  # fmt: skip


def test_withheld_rows_are_left_out_where_their_existence_says_too_much():
    rows = [("a", 4, 0.5), ("b", 50, 0.5)]
    columns = ["city", "customers_count", "churn_rate"]
    assert published(rows, columns, cells={"leaves_out": True}) == [("b", 50, 0.5)]


def test_people_are_published_without_personal_columns_and_by_their_pseudonyms():
    rows = [("C1", "Ann", 3)]
    columns = ["customer_id", "name", "customers_count"]
    tags = {"customer_id": "is_person_key", "name": "is_personal"}
    rules = Rules(5, "varchar", RULES.corrected, pseudonym="md5('salt' || COLUMN)")
    assert published(rows, columns, tags=tags, cells={}) == [("C1", 3)]
    ((key, count),) = published(rows, columns, rules=rules, tags=tags, cells={})
    assert len(key) == 32 and count == 3


def test_marts_are_published_unless_they_say_otherwise():
    nodes = {
        "b": node("b", ["x"]),
        "a": node("a", ["x"], is_published=True),
        "no": node("no", ["x"], is_published=False),
        "deep": node("deep", ["x"]) | {"fqn": ["clientele", "intermediate", "deep"]},
    }
    assert [mart["name"] for mart in published_marts(nodes)] == ["a", "b"]
