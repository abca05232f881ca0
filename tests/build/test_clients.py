"""What people read the published marts with gets whole tables in their declared types."""

import datetime
import json
import re
import subprocess
import sys
from decimal import Decimal

import adbc_driver_duckdb
import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pyarrow.parquet
import pytest
from adbc_driver_manager import dbapi
from conftest import ROOT
from publishing.export import export, reading_order

QUERY = (
    "select customer_id, as_of_date, recency_days, monetary_amount, rfm_score, rfm_segment "
    "from marts.rfm_customers where monetary_amount > 0 order by rfm_scheme, customer_id limit 50"
)


@pytest.fixture(scope="module")
def expected(demo):
    with duckdb.connect(str(demo.customers), read_only=True) as connection:
        rows = connection.execute(QUERY).fetchall()
    first = rows[0]
    assert [type(value) for value in first] == [str, datetime.date, int, Decimal, float, str]
    return rows


def test_sqlalchemy_reads_rows_and_reflects_tables(demo, expected):
    # another process, because this one has the file open in another mode
    script = f"""
import sqlalchemy
engine = sqlalchemy.create_engine("duckdb:///{demo.customers}", connect_args={{"read_only": True}})
with engine.connect() as connection:
    rows = [tuple(row) for row in connection.execute(sqlalchemy.text({QUERY!r}))]
table = sqlalchemy.Table("rfm_customers", sqlalchemy.MetaData(), schema="marts", autoload_with=engine)
print(repr(rows))
print({{column.name: str(column.type) for column in table.columns}})
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    rows, types = result.stdout.splitlines()
    assert eval(rows, {"datetime": datetime, "Decimal": Decimal}) == expected
    types = eval(types)
    assert types["as_of_date"] == "DATE" and types["frequency_count"] == "BIGINT"
    assert types["monetary_amount"] == "NUMERIC(18, 2)" and types["customer_id"] == "VARCHAR"


def test_adbc_pandas_and_polars_read_the_same(demo, expected):
    options = {"path": str(demo.customers), "access_mode": "read_only"}
    with dbapi.connect(
        driver=adbc_driver_duckdb.driver_path(), entrypoint="duckdb_adbc_init", db_kwargs=options
    ) as connection:
        with connection.cursor() as cursor:
            cursor.execute(QUERY)
            table = cursor.fetch_arrow_table()
        polars = pl.read_database(QUERY, connection)
    assert [str(field.type) for field in table.schema][1:4] == [
        "date32[day]",
        "int64",
        "decimal128(18, 2)",
    ]
    assert [tuple(row.values()) for row in table.to_pylist()] == expected
    with duckdb.connect(str(demo.customers), read_only=True) as connection:
        frame = connection.execute(QUERY).df()
        assert pd.api.types.is_integer_dtype(frame["recency_days"])
        assert [round(Decimal(value), 2) for value in frame["monetary_amount"]] == [
            r[3] for r in expected
        ]
        assert [value.date() for value in frame["as_of_date"]] == [row[1] for row in expected]
    assert polars.rows() == expected
    assert polars.schema["monetary_amount"] == pl.Decimal(18, 2)


def test_the_readme_s_first_query_says_what_the_readme_shows(demo):
    text = (ROOT / "README.md").read_text("utf-8")
    query, shown = re.search(r"sql\('''(.*?)'''\).*?```\n(┌.*?)\n```", text, re.S).groups()
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        assert str(connection.sql(query)).rstrip() == shown


def test_polars_and_pandas_read_the_parquet_files(demo):
    path = demo.published.parent / "clientele_customers" / "rfm_customers.parquet"
    lazy = pl.scan_parquet(path)
    schema = lazy.collect_schema()
    assert schema["as_of_date"] == pl.Date and schema["frequency_count"] == pl.Int64
    assert schema["monetary_amount"] == pl.Decimal(18, 2)
    assert lazy.select(pl.len()).collect().item() == len(pd.read_parquet(path))


def test_text_arrives_as_utf_8(tmp_path):
    path = tmp_path / "some.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.towns as select 'Ростов Великий' as city, 'ß€' as note"
        )
        connection.execute("copy marts.towns to '" + str(tmp_path / "towns.parquet") + "'")
    assert pl.read_parquet(tmp_path / "towns.parquet").rows() == [("Ростов Великий", "ß€")]
    export(str(path), tmp_path / "export")
    text = (tmp_path / "export" / "towns.csv").read_text("utf-8-sig")
    assert text == "city,note\nРостов Великий,ß€\n"


# --- spreadsheets


def test_formulas_are_quoted_and_cells_have_their_types(tmp_path):
    path = tmp_path / "some.duckdb"
    hostile = [
        "=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1", "  =1", "\u00a0=1", "\u200b=1", "\ufeff+1", "\u2060\u3000-1",
        "＝1", "\u00a0＝1", "＋1", "－1", "＠a", "﹦1", "\u3164=1", "\u034f=1",
    ]  # fmt: skip
    plain = ["plain", "a=b", "", "é=1", "\u00a0plain"]
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.some as select unnest(?) as note, -2::bigint as net_count, "
            "date '2025-01-31' as seen_on, 1.25::decimal(18, 2) as net_amount, true as is_new, null::double as rate",
            [hostile + plain],
        )
    export(str(path), tmp_path / "one")
    export(str(path), tmp_path / "two")
    quoted = ["'" + text for text in hostile] + plain
    frame = pd.read_csv(
        tmp_path / "one" / "some.csv",
        encoding="utf-8-sig",
        keep_default_na=False,
        lineterminator="\n",
    )
    assert list(frame["note"]) == quoted and set(frame["net_count"]) == {-2}
    sheet = openpyxl.load_workbook(tmp_path / "one" / "clientele.xlsx")["some"]
    cells = list(sheet.iter_rows(min_row=2))
    assert not [cell for row in cells for cell in row if cell.data_type == "f"]
    assert cells[0][0].value == "'=1+1" and cells[len(hostile)][0].value == "plain"
    assert [cell.value for cell in cells[0]][1:] == [
        -2,
        datetime.datetime(2025, 1, 31),
        1.25,
        True,
        None,
    ]
    for name in ("some.csv", "clientele.xlsx"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_every_mart_is_exported_whole(demo, tmp_path):
    assert export(str(demo.published), tmp_path / "export") == []
    book = openpyxl.load_workbook(tmp_path / "export" / "clientele.xlsx", read_only=True)
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        marts = dict(
            connection.execute(
                "select table_name, estimated_size from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        )
    files = {file.stem for file in (tmp_path / "export").glob("*.csv")}
    assert files == set(marts) and book.sheetnames[0] == "Contents"
    assert len(book.sheetnames) == len(marts) + 1
    for mart in ("strategy_segments", "churn_rates", "run_manifest"):
        assert len(list(book[mart].iter_rows())) - 1 == marts[mart]
        assert len(pd.read_csv(tmp_path / "export" / f"{mart}.csv")) == marts[mart]


@pytest.fixture(scope="module")
def workbook(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("workbook")
    export(str(demo.published), folder / "export")
    return openpyxl.load_workbook(folder / "export" / "clientele.xlsx")


def test_the_first_sheet_asks_questions_and_leads_to_their_answers(demo, workbook):
    sheet = workbook["Contents"]
    rows = list(sheet.iter_rows())
    facts = {row[0].value: row[1].value for row in rows[1:5]}
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        (build_id,) = connection.execute("select max(build_id) from marts.run_manifest").fetchone()
        counts = dict(
            connection.execute(
                "select table_name, estimated_size from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        )
    assert facts["Build"] == build_id and facts["Source"] == "demo_bank"
    day = datetime.datetime.fromtimestamp(demo.published.stat().st_mtime, datetime.UTC).date()
    assert facts["Published on"].date() == day and facts["As of"] == "2025-12-31"
    head = [row[0].value for row in rows].index("Question")
    assert sheet.freeze_panes == f"A{head + 2}"
    assert facts["Source"] == "demo_bank" and rows[head][2].alignment.horizontal == "right"
    first = {row[0].value: row[1].value for row in rows[:head]}
    assert first["Currency"] == "RUB" and first["Customers"] == 10000
    assert first["Churn rate"] == (
        "19.9% (95% CI 18.9% to 21.0%) of 5,151 customers at risk on 2024-12-31, within 365 days"
    )
    # what is to be done comes first, then the areas of the documentation
    areas = [row[0].value for row in rows[head + 1 :] if row[0].value and not row[1].value]
    assert areas[:3] == ["What should we do?", "Engagement", "Churn"] and areas[-1] == "Quality"
    listed = [row for row in rows[head + 1 :] if row[1].value]
    assert [row[1].value for row in listed][:2] == ["strategy_priorities", "strategy_economics"]
    assert not [
        row for row in listed if "`" in row[3].value or re.search(r"\bvar \w+_", row[3].value)
    ]
    assert [row[1].value for row in listed] == [name for name in workbook.sheetnames[1:]]
    for question, mart, count, grain in listed:
        assert question.value.endswith("?") and grain.value.startswith("One row per")
        assert count.value == counts[mart.value]
        assert mart.hyperlink.location == f"'{mart.value}'!A1"


def test_sheets_are_formatted_filtered_described_and_in_reading_order(demo, workbook):
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        notes = {
            (table, column): comment
            for table, column, comment in connection.execute(
                "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'"
            ).fetchall()
        }
    for sheet in workbook.worksheets[1:]:
        assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref.startswith("A1:")
        # of an empty mart it has a row beside the header
        assert sheet.auto_filter.ref.endswith(str(max(sheet.max_row, 2)))
        # neighbours of equal width are one entry
        widths = {
            number: one.width
            for one in sheet.column_dimensions.values()
            for number in range(one.min, one.max + 1)
        }
        for cell in sheet[1]:
            told = cell.comment.text.removesuffix(" In RUB.")
            assert told == notes[sheet.title, cell.value]
            assert (told != cell.comment.text) == (
                cell.value.endswith("_amount") or cell.value in ("balance", "premium")
            )
            assert widths[cell.column] >= len(cell.value)
    sheet = workbook["churn_rates_by_age_band"]
    row = {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert (
        row["churn_rate"].number_format == "0.0%"
        and row["customers_count"].number_format == "#,##0"
    )
    assert (
        row["q_value"].number_format.endswith("0.000")
        and row["observed_on"].number_format == "yyyy-mm-dd"
    )
    bands = [
        line[1].value for line in sheet.iter_rows(min_row=2) if line[0].value == "metanprom_deck"
    ]
    assert bands == ["18-26", "27-32", "33-36", "37-41", "42-52", "53-92", "unknown"]
    sheet = workbook["strategy_economics"]
    heads = [cell.value for cell in sheet[1]]
    amount = heads.index("expected_net_amount")
    assert sheet.cell(2, amount + 1).number_format == "#,##0.00"
    # as on the page: segments by their rate, names before codes
    sheet = workbook["churn_segments"]
    heads = [cell.value for cell in sheet[1]]
    rate = heads.index("confirmation_churn_rate")
    rates = [line[rate] for line in sheet.iter_rows(min_row=2, values_only=True)]
    told = [rate for rate in rates if rate is not None]
    assert told == sorted(told, reverse=True) and rates[: len(told)] == told and len(told) > 3
    assert heads.index("segment_name") < heads.index("churn_segment_code")
    for mart in ("strategy_priorities", "strategy_economics", "cluster_profiles"):
        heads = [cell.value for cell in workbook[mart][1]]
        assert heads.index("strategy_name") < heads.index("strategy_code")
    sheet = workbook["segment_migration"]
    days = [line[3] for line in sheet.iter_rows(min_row=2, max_col=4, values_only=True)]
    assert sheet.cell(1, 4).value == "to_on"
    assert days == sorted(days, reverse=True)


def test_sheets_print_at_a_scale_that_can_be_read(workbook):
    for sheet in workbook.worksheets:
        shown = [
            number
            for number in range(1, sheet.max_column + 1)
            if not sheet.column_dimensions[openpyxl.utils.get_column_letter(number)].hidden
        ]
        assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows
        assert "&A" in str(sheet.oddFooter.left.text) and "&P" in str(sheet.oddFooter.right.text)
        if len(shown) > 20:
            assert (
                not sheet.page_setup.fitToWidth or not sheet.sheet_properties.pageSetUpPr.fitToPage
            )
            assert sheet.print_title_cols and sheet.page_setup.scale == 60
    assert workbook["churn_rates_by_month"].sheet_properties.pageSetUpPr.fitToPage


def test_an_empty_sheet_says_why_and_empty_columns_are_hidden(tmp_path):
    path = tmp_path / "some.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.quality_changes as select 'a' as mart_name limit 0")
        connection.execute("create table marts.some as select 1 as a_count, null::double as rate")
    export(str(path), tmp_path / "export")
    book = openpyxl.load_workbook(tmp_path / "export" / "clientele.xlsx")
    assert "no earlier publication" in book["quality_changes"]["A2"].value
    assert book["some"].column_dimensions["B"].hidden
    assert not book["some"].column_dimensions["A"].hidden


def test_names_stand_before_codes_and_sentences_early():
    assert reading_order("some", ["scheme", "segment_code", "size_count", "segment_name"]) == [
        "scheme", "segment_name", "segment_code", "size_count",
    ]  # fmt: skip
    assert reading_order("some", ["feature_name", "feature_label"]) == ["feature_label", "feature_name"]  # fmt: skip
    assert reading_order("customer_explanations", ["customer_id", "a", "decision", "sentence"]) == [
        "customer_id", "sentence", "decision", "a",
    ]  # fmt: skip


def test_parquet_files_carry_the_descriptions(demo):
    path = demo.published.parent / "churn_rates.parquet"
    metadata = pyarrow.parquet.read_metadata(path).metadata
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        described = dict(
            connection.execute(
                "select column_name, comment from duckdb_columns() "
                "where schema_name = 'marts' and table_name = 'churn_rates'"
            ).fetchall()
        )
    assert json.loads(metadata[b"column_descriptions"]) == described
    assert metadata[b"description"].decode().startswith("One row per") and metadata[b"build_id"]
