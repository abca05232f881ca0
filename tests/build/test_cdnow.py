"""The CDNOW purchases: lines without a header, of four or five values, that name both customers and purchases."""

import re
from decimal import Decimal

import pytest

LAYOUT = {"source_system": "cdnow"}
SELECTED = ["+rfm_customers", "+quality_reconciliation", "+quality_quarantine"]
RECONCILED = (
    "select source_name, raw_count, conformed_count, quarantined_count, deduplicated_count, is_reconciled "
    "from marts.quality_reconciliation"
)
PURCHASES = (
    "select transaction_id, customer_id, cast(cast(occurred_at as date) as varchar), amount "
    "from intermediate.int_transactions_conformed order by transaction_id"
)
LINES = [
    " 00004 0001 19970101  2   29.33",
    " 00004 0001 19970118  2   29.73",
    " 00004 0001 19970118  2   29.73",  # twice on one day is two purchases
    " 00021 0002 19970101  3   63.34",
]
READ = [
    ("00004", "1997-01-01", Decimal("29.33")),
    ("00004", "1997-01-18", Decimal("29.73")),
    ("00004", "1997-01-18", Decimal("29.73")),
    ("00021", "1997-01-01", Decimal("63.34")),
]


@pytest.fixture(scope="module")
def read(run_dbt, tmp_path_factory):
    """read(text, file_name) -> what dbt makes of the file; one database serves all calls."""
    seeded = run_dbt("seed", **LAYOUT)

    def read(text, *file_names, select=("+int_transactions_conformed",)):
        folder = tmp_path_factory.mktemp("cdnow")
        for name in file_names or ("CDNOW_sample.txt",):
            (folder / name).write_bytes(text.encode())
        return run_dbt("run", raw=folder, into=seeded, select=select, **LAYOUT)

    return read


def without_second(line):
    first, _, *rest = line.split()
    return " ".join([first, *rest])


def text(lines, line_end="\n"):
    return line_end.join(lines) + line_end


FOUR = [without_second(line) for line in LINES]
SPELLINGS = {
    "five values": text(LINES),
    "four values": text(FOUR),
    "tabs, no final line end": text("\t".join(line.split()) for line in LINES).rstrip("\n"),
    "decimal commas": text(line.replace(".", ",") for line in LINES),
    "a byte-order mark, \\r\\n and blank lines at the end": "\ufeff" + text(LINES, "\r\n") + "\r\n  \r\n",
}  # fmt: skip
HEADERS = {
    "a header over five values": text(["master_id sample_id date cds amount", *LINES]),
    "a header over four values": text(['"ID"  "DATE"  "CDS"  "AMOUNT"', *FOUR]),
    "a header in another order": text(
        ["amount date extra customer_id", "29.33 19970101 x 00004", "29.73 19970118 x 00004",
         "29.73 19970118 x 00004", "63.34 19970101 x 00021"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("spelling", [*SPELLINGS, *HEADERS])
def test_the_same_purchases_read_the_same(read, spelling):
    build = read((SPELLINGS | HEADERS)[spelling], "CDNOW_master.txt")
    assert build.is_success, build.messages
    first_line = 2 if spelling in HEADERS else 1
    assert build.rows(PURCHASES) == [
        (str(first_line + i), *purchase) for i, purchase in enumerate(READ)
    ]


def test_bad_lines_are_quarantined_and_the_rest_is_read(read):
    bad = [
        "00004 0001 19970101 2",  # before any good line: the number of columns is the usual one
        "00004 0001 19970231 2 29.33",
        "00004 0001 19970101 2 29.33.1",
        "00004 0001 19970101 2 NaN",
        "00004 0001 19970101 2 29.33 7",
        "00004 0001 18991231 2 29.33",
    ]
    build = read(text([bad[0], *LINES, *bad[1:]]), select=SELECTED)
    assert build.is_success, build.messages
    found = build.rows(
        "select file_name, line_number, rule_code, column_name from marts.quality_quarantine "
        "where source_name = 'cdnow.transactions' order by line_number"
    )
    assert found == [
        ("CDNOW_sample.txt", line, rule, column)
        for line, rule, column in [
            (1, "wrong_field_count", None),
            (6, "unparseable_value", "occurred_at"),
            (7, "unparseable_value", "amount"),
            (8, "unparseable_value", "amount"),
            (9, "wrong_field_count", None),
            (10, "out_of_range", "occurred_at"),
        ]
    ]
    assert build.values(RECONCILED) == {
        "cdnow.transactions": (10, 4, 6, 0, True),
        # a line that cannot be read names no customer either; one that can does
        "cdnow.customers": (10, 2, 5, 3, True),
    }
    assert [row[1:] for row in build.rows(PURCHASES)] == READ


STOPS = {
    "no file": ([], "", "File CDNOW_sample.txt or CDNOW_master.txt is missing: expected it in folder"),
    "both files": (["CDNOW_sample.txt", "CDNOW_master.txt"], text(LINES),
                   "has both CDNOW_sample.txt and CDNOW_master.txt: expected one of them."),
    "nothing in the file": (["CDNOW_sample.txt"], "", "File CDNOW_sample.txt is empty: expected rows."),
    "another number of values": (
        ["CDNOW_sample.txt"], "1 2 3\n",
        "File CDNOW_sample.txt has no line of 5 or 4 values: expected master_id, sample_id, date, cds, amount or "
        "master_id, date, cds, amount.",
    ),
    "a header of unknown names": (
        ["CDNOW_master.txt"], text(["who when what much", *FOUR]),
        "File CDNOW_master.txt has no column 'master_id' or 'customer_id'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("stop", STOPS)
def test_what_cannot_be_read_stops_the_build_with_one_sentence(run_dbt, read, tmp_path, stop):
    names, content, sentence = STOPS[stop]
    for name in names:
        (tmp_path / name).write_text(content)
    build = run_dbt("run", raw=tmp_path, select=["stg_cdnow__transactions"], **LAYOUT)
    assert not build.is_success
    lines = {line.strip() for message in build.messages for line in message.splitlines()}
    (found,) = [line for line in lines if sentence in line]
    assert re.search(r"[.)]$", found)


def test_every_line_of_the_published_file_arrives(cdnow):
    assert cdnow.is_success, cdnow.messages
    assert cdnow.values(RECONCILED) == {
        "cdnow.transactions": (6919, 6919, 0, 0, True),
        "cdnow.customers": (6919, 2357, 0, 4562, True),
    }


def test_the_published_purchases_have_the_purchases_scheme(cdnow):
    assert cdnow.rows(
        "select rfm_scheme, count(*), sum(monetary_amount), cast(max(as_of_date) as varchar) "
        "from marts.rfm_customers group by rfm_scheme"
    ) == [("purchases", 2357, Decimal("244091.94"), "1998-06-30")]
