"""A relation in batches gives what it gives in one piece, with the types that were asked for."""

import duckdb
import pandas as pd
import pytest
from customer_science.batches import apply_in_batches

TYPES = {"customer_id": "str", "doubled_amount": "float64"}


@pytest.fixture
def session():
    with duckdb.connect() as connection:
        connection.execute(
            "create table customers as select 'C' || range as customer_id, "
            "case when range % 7 <> 0 then cast(range as decimal(18, 2)) / 4 end as amount from range(10000)"
        )
        yield connection


def write(session, reader):
    """By the connection that the relation belongs to, as dbt does."""
    session.register("reader", reader)
    session.execute("create table results as select * from reader")


def doubled(rows):
    assert (
        rows["amount"].dtype == "float64"
    )  # as every other frame has it, not a column of decimals
    return pd.DataFrame({"customer_id": rows["customer_id"], "doubled_amount": rows["amount"] * 2})


def test_batches_make_the_table_that_one_piece_makes(session):
    sizes = []

    def counted(rows):
        sizes.append(len(rows))
        return doubled(rows)

    customers = session.table("customers")
    reader = apply_in_batches(session, customers, counted, TYPES, 2_048)
    write(session, reader)
    assert len(sizes) > 3 and max(sizes) <= 2_048
    found = session.sql("select * from results order by customer_id").df()
    expected = doubled(customers.order("customer_id").df()).astype(TYPES)
    pd.testing.assert_frame_equal(found, expected)


def test_no_rows_make_an_empty_table_with_types(session):
    reader = apply_in_batches(
        session, session.table("customers").filter("false"), doubled, TYPES, 2_048
    )
    write(session, reader)
    described = session.sql("describe results").fetchall()
    assert [(row[0], row[1]) for row in described] == [
        ("customer_id", "VARCHAR"),
        ("doubled_amount", "DOUBLE"),
    ]
