"""A published file in every spelling that exports come in reads like the plain one, row for row."""

import csv
import io

import pytest
from conftest import real_folder

ROWS = "select * from intermediate.int_customers_conformed order by customer_id"
SELECTED = ("+int_customers_conformed",)


def respelled(header, rows, delimiter=",", line_end="\n"):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows([header, *rows])
    return text.getvalue()


def decimal_commas(rows):
    return [[value.replace(".", ",") for value in row] for row in rows]


def mixed_line_ends(text):
    lines = text.split("\n")[:-1]
    return "".join(line + ("\r\n", "\n", "\r")[number % 3] for number, line in enumerate(lines))


SPELLINGS = {
    "byte-order mark": lambda header, rows: respelled(header, rows).encode("utf-8-sig"),
    "cp1251": lambda header, rows: respelled(header, rows).encode("cp1251"),
    "semicolons and decimal commas in cp1251": lambda header, rows: respelled(
        header, decimal_commas(rows), ";"
    ).encode("cp1251"),
    "tabs": lambda header, rows: respelled(header, rows, "\t").encode(),
    "quoted decimal commas": lambda header, rows: respelled(header, decimal_commas(rows)).encode(),
    "columns in another order": lambda header, rows: respelled(
        header[::-1], [row[::-1] for row in rows]
    ).encode(),
    "mixed line ends": lambda header, rows: mixed_line_ends(respelled(header, rows)).encode(),
}


@pytest.fixture(scope="module")
def plain(run_dbt):
    """The file as published: its header and rows, a database with its seeds, and what dbt makes of it."""
    folder = real_folder("bank_scrooge")
    header, *rows = csv.reader((folder / "bank_scrooge.csv").read_text("utf-8").splitlines())
    build = run_dbt("seed", raw=folder, source_system="bank_scrooge")
    build = run_dbt("run", raw=folder, select=SELECTED, into=build, source_system="bank_scrooge")
    assert build.is_success, build.messages
    conformed = build.rows(ROWS)
    assert len(conformed) == len(rows) == 10_000
    return header, rows, build, conformed


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_spelling_reads_like_the_plain_file(run_dbt, plain, tmp_path, spelling):
    header, rows, build, expected = plain
    content = SPELLINGS[spelling](header, rows)
    (tmp_path / "bank_scrooge.csv").write_bytes(content)
    read = run_dbt("run", raw=tmp_path, select=SELECTED, into=build, source_system="bank_scrooge")
    assert read.is_success, read.messages
    assert read.rows(ROWS) == expected
