"""The project's own generic tests, tested: each on hand-made rows that must pass and rows that must fail."""

import pathlib
import re
from dataclasses import dataclass

import duckdb
import pytest

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "generic"
BETWEEN = "\n-- next test\n"


@dataclass(frozen=True)
class Case:
    """A generic test with its arguments, and sets of rows (SQL values) that it must pass or fail."""

    arguments: str
    columns: str
    passing: tuple[str, ...]
    failing: tuple[str, ...]
    passes_empty: bool = True


CASES = {
    "is_churn_definition": Case(
        arguments="",
        columns="churn_definition_code varchar, condition_number bigint, churn_kind varchar, drawdown_of varchar, "
        "window_days bigint, upper_bound double, former_share double, grace_days bigint, combination varchar, "
        "is_primary boolean",
        passing=(
            "('a', 1, 'flag', null, null, null, null, null, null, true)",
            "('a', 1, 'inactive', null, 1, null, null, 0, 'all', false), "
            "('a', 2, 'drawdown', 'balance', null, 1000, 1, 30, null, false)",
            "('a', 1, 'drawdown', 'spending', 90, null, 0.5, null, 'any', false), "
            "('b', 1, 'lapse', null, null, 2, null, null, 'all', true)",
        ),
        failing=(
            "('a', 1, 'inactive', null, 90, null, null, null, 'any', false), "
            "('a', 2, 'closed', null, null, null, null, null, null, false)",
            "('a', 1, 'inactive', null, 90, null, null, null, null, true), "
            "('a', 2, 'closed', null, null, null, null, null, null, false)",
            "('a', 1, 'inactive', null, 0, null, null, null, null, false)",
            "('a', 1, 'inactive', null, 90, 1000, null, null, null, false)",
            "('a', 1, 'closed', 'balance', null, null, null, null, null, false)",
            "('a', 1, 'drawdown', null, null, 1000, null, null, null, false)",
            "('a', 1, 'drawdown', 'balance', null, null, null, null, null, false)",
            "('a', 1, 'drawdown', 'balance', 90, 1000, null, null, null, false)",
            "('a', 1, 'product_attrition', null, null, null, 1.01, null, null, false)",
            "('a', 1, 'product_attrition', null, null, null, 0, null, null, false)",
            "('a', 1, 'lapse', null, null, null, null, -1, null, false)",
        ),
    ),
    "expectations": Case(
        arguments="unique=[['city', 'age']], named_by_vars={'scheme': ['standardisation_age_band_set', 'rfm_scheme']}, "
        "not_null=['city'], accepted={'city': ['a', \"o'clock\"], 'grade': [1, 2]}, "
        "known={'source_system': 'rule owners', 'name': 'rule columns'}, between={'share': [0, 1]}, "
        "inside_interval=['rate'], holds=[\"city <> 'a' or age < 100\"]",
        columns="scheme varchar default 'decades', city varchar default 'a', age double default 1, grade bigint, "
        "name varchar, source_system varchar, "
        "share double, rate double, rate_ci_lower double, rate_ci_upper double",
        passing=(
            "(city, age) ('o''clock', null), ('a', 1), ('o''clock', 100)",
            "(grade) (1)",
            "(scheme, age) (null, 1), ('decades', 2), ('other', 3)",
            "(share) (0)",
            "(share) (1)",
            "(share, age) (0.5, 1), (null, 2)",
            # what another layout names is its own
            "(name, source_system) ('age', 'any')",
            "(name, source_system) ('tier', 'cdnow')",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, 0.4, 0.6)",
            "(rate, rate_ci_lower, rate_ci_upper) (0, 0, 0.2)",
            "(rate, rate_ci_lower, rate_ci_upper) (-2, -3, -1)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, null, null)",
            # a rounding error, not a fault
            "(rate, rate_ci_lower, rate_ci_upper) (0.3, 0.30000000000000004, 0.6)",
            "(rate, rate_ci_lower, rate_ci_upper) (-0.3, -0.5, -0.30000000000000004)",
        ),
        failing=(
            "(city, age) ('a', 2), ('o''clock', 1), ('a', 2)",
            "(city, age) ('a', null), ('a', 1)",
            "(city) (null)",
            "(city) ('A')",
            "(grade) (3)",
            "(scheme) ('Decades')",
            "(scheme) (null)",
            "(name, source_system) ('Age', 'any')",
            "(name, source_system) ('recent_contact_count', 'demo_bank')",
            "(source_system) ('nobody')",
            "(share) (-1e-9)",
            "(share) (1.000000001)",
            "(share) ('nan')",
            "(share) ('inf')",
            "(share) ('-inf')",
            "(share, age) (0.5, 1), (null, 2), (7, 3)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.3, 0.4, 0.6)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.3, 0.3000000001, 0.6)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.3, 0.2, 0.2999999999)",
            "(rate, rate_ci_lower, rate_ci_upper) (-4, -3, -1)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, 0.6, 0.4)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, 0.4, null)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, null, 0.6)",
            "(rate, rate_ci_lower, rate_ci_upper) (null, 0, 1)",  # an interval of nothing
            "(rate, rate_ci_lower, rate_ci_upper) (null, null, 1)",
            "(rate, rate_ci_lower, rate_ci_upper) ('nan', 0.4, 0.6)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, 'nan', 0.6)",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, 0.4, 'nan')",
            "(rate, rate_ci_lower, rate_ci_upper) (0.5, 'nan', 'nan')",
            "(city, age) ('a', 100)",
        ),
        passes_empty=False,
    ),
    "unique_combination_of_columns": Case(
        arguments="combination_of_columns=['city', 'age']",
        columns="city text, age double",
        passing=(
            "('a', 1)",
            "('a', 1), ('a', 2), ('b', 1)",
            "('a', null), ('a', 1), (null, 1), (null, null)",
            "('a', 'nan'), ('a', 1), ('a', null)",
        ),
        failing=(
            "('a', 1), ('b', 1), ('a', 1)",
            "('a', null), ('a', null)",
            "(null, null), (null, null)",
            "(null, 1), (null, 1)",
            "('a', 'nan'), ('a', 'nan')",
        ),
    ),
}


def generic_tests():
    """Names of all generic tests in the folder; a file may define several."""
    return {
        name
        for path in FOLDER.rglob("*.sql")
        for name in re.findall(r"{%-?\s*test\s+(\w+)", path.read_text("utf-8"))
    }


def rows_of(kind):
    return [
        pytest.param(name, rows, id=f"{name}: {rows}")
        for name, case in CASES.items()
        for rows in ("", *getattr(case, kind))
        if rows or kind == "passing" and case.passes_empty
    ]


@pytest.fixture(scope="module")
def queries(compiled):
    """The query of each test over a table `hand_made`, as dbt renders it."""
    calls = [
        f"{{{{ test_{name}(model='hand_made', {case.arguments}) }}}}"
        for name, case in CASES.items()
    ]
    rendered = compiled(BETWEEN.join(calls)).split(BETWEEN)
    return dict(zip(CASES, rendered, strict=True))


def failures(query, columns, rows):
    """How many failing rows the test returns: what dbt counts."""
    with duckdb.connect() as connection:
        connection.execute(f"create table hand_made ({columns})")
        if rows:
            # rows may begin with the columns that they give, the others have their defaults
            names = re.match(r"\([a-z_, ]+\) (?=\()", rows)
            given, values = (names[0], rows[names.end() :]) if names else ("", rows)
            connection.execute(f"insert into hand_made {given} values {values}")
        return len(connection.execute(query).fetchall())


def test_every_generic_test_is_tested_here():
    assert set(CASES) == generic_tests()
    assert all(case.passing and case.failing for case in CASES.values())


@pytest.mark.parametrize(("name", "rows"), rows_of("passing"))
def test_sound_rows_pass(queries, name, rows):
    assert failures(queries[name], CASES[name].columns, rows) == 0


@pytest.mark.parametrize(("name", "rows"), rows_of("failing"))
def test_faulty_rows_fail_and_only_they_are_returned(queries, name, rows):
    # each set of rows above has one fault
    assert failures(queries[name], CASES[name].columns, rows) == 1
