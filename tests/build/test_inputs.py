"""How raw files are read: every fault is found and accounted for, every accepted spelling reads the same."""

import csv
import datetime
import functools
import gzip
import io
import json
import os
import pathlib
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal, InvalidOperation

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, real_folder

HEADER = [
    "RowNumber", "CustomerId", "Surname", "CreditScore", "Geography", "Gender", "Age", "Tenure",
    "Balance", "NumOfProducts", "HasCrCard", "IsActiveMember", "EstimatedSalary", "Exited",
]  # fmt: skip
METANPROM_HEADER = {
    "CustomerId": "userid", "CreditScore": "score", "Geography": "City", "Gender": "Gender",
    "Age": "Age", "Tenure": "Objects", "Balance": "Balance", "NumOfProducts": "Products",
    "HasCrCard": "CreditCard", "IsActiveMember": "Loyalty", "EstimatedSalary": "estimated_salary",
    "Exited": "Churn",
}  # fmt: skip
FILE_NAME = "Churn_Modelling.csv"
CITIES = {"France": "Ярославль", "Spain": "Рыбинск", "Germany": "Ростов Великий"}
# Every letter and sign of cp1251's upper half, so that a wrong table cannot go unnoticed.
CP1251_UPPER_HALF = bytes(code for code in range(128, 256) if code != 0x98).decode("cp1251")
SURNAMES = ["Hargrave", "Щёголев", "Ёлкина", "Mitchell", "Пёсик «Младший» — №2", "Chu"]

CANONICAL = [
    "customer_id", "age", "birth_date", "gender", "city", "joined_on", "closed_on", "closed_reason",
    "is_churned", "credit_score", "estimated_salary", "balance", "product_count", "has_credit_card",
    "is_active", "property_count", "tenure_years", "tenure_months", "education", "job", "marital_status",
    "marketing_consent",
]  # fmt: skip
DBT = str(pathlib.Path(sys.executable).with_name("dbt"))
QUALITY = ["+quality_reconciliation", "+quality_quarantine", "+quality_inputs"]
CONFORMED = "select * from intermediate.int_customers_conformed order by customer_id"
QUARANTINE = (
    "select line_number, rule_code, column_name from marts.quality_quarantine order by line_number"
)


def generated_rows(count=200):
    """Rows of the published layout, always the same ones."""
    rows = []
    for i in range(count):
        city = ["France", "Spain", "Germany", "Ярославль", "Ростов Великий", "Рыбинск"][i % 6]
        city = {50: "Посёлок «Заря» — №5", 51: CP1251_UPPER_HALF}.get(i, city)
        balance = "0" if i % 3 == 0 else f"{1000 + i * 577 % 150000}.{i % 100:02d}"
        values = [
            i + 1, 15_600_000 + i * 37, SURNAMES[i % 6], 400 + i * 7 % 450, city,
            "Female" if i % 2 else "Male", 18 + i * 11 % 70, i % 11, balance, 1 + i % 4, i % 2,
            i // 2 % 2, f"{20000 + i * 911}.{i * 3 % 100:02d}", int(i % 5 == 0),
        ]  # fmt: skip
        rows.append(dict(zip(HEADER, map(str, values), strict=True)))
    return rows


def published_rows():
    path = real_folder("churn_modelling") / FILE_NAME
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def delimited(rows, header=None, delimiter=",", line_end="\n", quoting=csv.QUOTE_MINIMAL) -> str:
    names = list(rows[0])
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerow(header or names)
    writer.writerows([row[name] for name in names] for row in rows)
    return file.getvalue()


def changed(rows, column, change):
    return [{**row, column: change(row[column])} for row in rows]


def in_folder(folder: pathlib.Path, content, file_name=FILE_NAME) -> pathlib.Path:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / file_name).write_bytes(data)
    return folder


def reader(run_dbt, source_system):
    """read(folder, *models) builds them; one database serves all calls, so a build is looked at before the next."""
    seeded = run_dbt("seed", source_system=source_system)

    def read(folder, *select):
        return run_dbt(
            "run", raw=folder, into=seeded, select=select or ("+int_customers_conformed",),
            env={"DBT_WRITE_JSON": "0"},  # nothing reads the artifacts, and they take a third of the time
            source_system=source_system,
        )  # fmt: skip

    return read


@pytest.fixture(scope="module")
def read(run_dbt):
    return reader(run_dbt, "churn_modelling")


@pytest.fixture(scope="module")
def read_canonical(run_dbt):
    return reader(run_dbt, "canonical")


@pytest.fixture(scope="module")
def clean(read, tmp_path_factory):
    """clean(name) -> the rows of a clean file and the conformed rows that it gives, by customer."""

    @functools.cache
    def base(name):
        rows = generated_rows() if name == "generated" else published_rows()
        build = read(in_folder(tmp_path_factory.mktemp("clean"), delimited(rows)))
        assert build.is_success, build.messages
        conformed = {row[0]: row for row in build.rows(CONFORMED)}
        assert list(conformed) == sorted(row["CustomerId"] for row in rows)
        return rows, conformed

    return base


def judged(entity: str) -> str:
    """Every row of an entity of the canonical layout with its verdict, as a relation."""
    return f"""(
        select staged.*, coalesce(row_status, 'conformed') as row_status, rule_code, column_name
        from staging.stg_canonical__{entity} as staged
        left join intermediate.int_{entity}_judged as judged on staged.line_number = judged.line_number
    )"""


def assert_masked(masked: str):
    letters_and_digits = {character for character in masked if character.isalnum()}
    assert letters_and_digits <= {"x"}, masked
    assert len(masked) <= 40


def physical_lines(text: str) -> list[str]:
    return [line for line in re.split("\r\n|\r|\n", text)[1:] if line.strip()]


def amount(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() else Decimal(0)


# Faults in one row: what is done to it, and the rule and column under which it must be found.
# A function gets the row's values and returns the line; a dict replaces values.
ROW_FAULTS = {
    "age of 200": ({"Age": "200"}, "out_of_range", "age"),
    "negative age": ({"Age": "-1"}, "out_of_range", "age"),
    "text in a number": ({"CreditScore": "good"}, "unparseable_value", "credit_score"),
    "NaN": ({"EstimatedSalary": "NaN"}, "unparseable_value", "estimated_salary"),
    "infinity": ({"Balance": "inf"}, "unparseable_value", "balance"),
    "formula in the city": ({"Geography": "=1+cmd"}, "formula_like_text", "city"),
    "formula in the key": ({"CustomerId": "@SUM(A1)"}, "formula_like_text", "customer_id"),
    "unterminated quote": (
        lambda values: ",".join(values).replace(values[2], '"' + values[2]),
        "unbalanced_quote",
        None,
    ),
    "extra field": (lambda values: ",".join([*values, "7"]), "wrong_field_count", None),
    "too few fields": (lambda values: ",".join(values[:-3]), "wrong_field_count", None),
    "blank key": ({"CustomerId": ""}, "missing_key", "customer_id"),
    "key of spaces": ({"CustomerId": "  \u00a0 "}, "missing_key", "customer_id"),
    "product count of -1": ({"NumOfProducts": "-1"}, "out_of_range", "product_count"),
    "fractional product count": (
        {"NumOfProducts": "1.5"},
        "unparseable_value",
        "product_count",
    ),
    "gender Q": ({"Gender": "Q"}, "unparseable_value", "gender"),
    "flag maybe": ({"HasCrCard": "maybe"}, "unparseable_value", "has_credit_card"),
    "flag of 2": ({"IsActiveMember": "2"}, "unparseable_value", "is_active"),
    "blank flag that the layout requires": ({"Exited": ""}, "missing_value", "is_churned"),
}
LAST_LINES = {
    "cut in the middle": (lambda line: line[: line.rindex(",") - 3], "wrong_field_count", None),
    "cut before its last value": (
        lambda line: line[: line.rindex(",") + 1],
        "missing_value",
        "is_churned",
    ),
}


def damaged(rows, last_line):
    """The file's text, the expected quarantine, the rows that stay, and the balances of dropped copies."""
    lines, quarantine, kept, copies = [",".join(HEADER)], [], [], []

    def add(line, rule_code=None, column_name=None):
        lines.append(line)
        if rule_code:
            quarantine.append((len(lines), rule_code, column_name))

    faults = {5 + 4 * i: fault for i, fault in enumerate(ROW_FAULTS.values())}
    for i, row in enumerate(rows):
        line = ",".join(row.values())
        if i in faults:
            change, *verdict = faults[i]
            values = row | change if isinstance(change, dict) else row
            add(",".join(values.values()) if values != row else change([*row.values()]), *verdict)
        elif i == 100:  # two people under one key: neither can be told to be the right one
            other = row | {"Age": str(int(row["Age"]) + 1)}
            add(line, "duplicate_key", "customer_id")
            add(",".join(other.values()), "duplicate_key", "customer_id")
        elif i == 110:  # three copies are one customer
            kept.append(row)
            copies += [row["Balance"]] * 2
            for _ in range(3):
                add(line)
        elif i == 120:  # a blank city is no fault
            kept.append(row | {"Geography": ""})
            add(",".join(kept[-1].values()))
        elif i == 130:  # the column is not read
            kept.append(row)
            add(",".join((row | {"Surname": "=cmd|' /C calc'!A0"}).values()))
        elif i == 140:  # blank lines are no rows
            kept.append(row)
            lines.extend(["", "   "])
            add(line)
        elif i == len(rows) - 1:
            change, *verdict = LAST_LINES[last_line]
            add(change(line), *verdict)
        else:
            kept.append(row)
            add(line)
    return "\n".join(lines), quarantine, kept, copies


def without_city(conformed, row):
    values = [*conformed[row["CustomerId"]]]
    values[CANONICAL.index("city")] = None
    return tuple(values)


class TestRowFaults:
    """Every kind of broken row, all in one file."""

    @pytest.fixture(
        scope="class",
        params=[
            ("generated", "cut in the middle"),
            ("generated", "cut before its last value"),
            ("published", "cut in the middle"),
        ],
        ids=", ".join,
    )
    @classmethod
    def faulty(cls, request, clean, read, tmp_path_factory):
        name, last_line = request.param
        rows, conformed = clean(name)
        text, quarantine, kept, copies = damaged(rows, last_line)
        clean = [
            conformed[row["CustomerId"]] if row["Geography"] else without_city(conformed, row)
            for row in sorted(kept, key=lambda row: row["CustomerId"])
        ]
        folder = in_folder(tmp_path_factory.mktemp("faulty"), text)
        build = read(folder, "+int_customers_profiled", *QUALITY)
        assert build.is_success, build.messages
        return build, text, quarantine, clean, copies

    def test_each_fault_is_quarantined_under_its_line_rule_and_column(self, faulty):
        build, _, quarantine, *_ = faulty
        assert build.rows(QUARANTINE) == quarantine

    def test_rows_and_money_add_up(self, faulty):
        build, text, quarantine, clean, copies = faulty
        lines = physical_lines(text)
        position = HEADER.index("Balance")
        raw_amount = sum(
            amount(line.split(",")[position]) for line in lines if line.count('"') % 2 == 0
        )
        (row,) = build.rows(
            "select * exclude (excluded_count, excluded_amount) from marts.quality_reconciliation"
        )
        assert row[:2] == ("churn_modelling.customers", FILE_NAME)
        assert row[2:6] == (len(lines), len(clean), len(quarantine), len(copies))
        assert row[2] == sum(row[3:6])
        conformed_amount = build.row(
            "select sum(balance) from intermediate.int_customers_conformed"
        )[0]
        copied_amount = sum(map(Decimal, copies))
        assert row[6:10] == (
            raw_amount,
            conformed_amount,
            raw_amount - conformed_amount - copied_amount,
            copied_amount,
        )
        assert row[10] is True

    def test_what_is_left_is_the_clean_file_without_the_faulty_rows(self, faulty):
        build, _, _, clean, _ = faulty
        assert build.rows(CONFORMED) == clean

    def test_raw_values_are_masked(self, faulty):
        build, _, quarantine, *_ = faulty
        masked = build.values("select line_number, raw_value_masked from marts.quality_quarantine")
        for line, _, column in quarantine:
            if column in (None, "city", "customer_id") and masked[line]:
                assert_masked(masked[line])
        by_rule = {(rule, column): masked[line] for line, rule, column in quarantine}
        # a number, flag or date that cannot be read is no name, and its owner has to see it
        assert by_rule["unparseable_value", "credit_score"] == "good"
        assert by_rule["unparseable_value", "has_credit_card"] == "maybe"
        assert by_rule["formula_like_text", "city"] == "=#+xxx"
        assert by_rule["missing_key", "customer_id"] is None
        assert build.row(
            "select count(*) from marts.quality_quarantine where raw_value_masked = '200'"
        ) == (1,)

    def test_a_blank_city_is_kept_as_unknown_and_noted(self, faulty):
        build, *_ = faulty
        note = build.values("select entity_name, note from marts.quality_inputs")["customers"]
        assert re.search(r"\bcity 1\b", note)
        assert build.row(
            "select count(*) from intermediate.int_customers_profiled where city = 'unknown'"
        ) == (1,)


def test_a_letter_cut_in_half_costs_its_line_and_not_the_file(read, tmp_path):
    """One invalid byte does not turn a UTF-8 file into cp1251, where every city would be garbled."""
    rows = generated_rows()
    data = delimited(rows).encode()
    lines = data.split(b"\n")
    assert rows[9]["Geography"] == "Ярославль"
    lines[10] = lines[10].replace("Ярославль".encode(), "Ярославль".encode()[:-1])
    rows[11]["Surname"] = "Щёголев"
    lines[12] = lines[12].replace(rows[11]["Surname"].encode(), b"\xd0")
    lines[200] = lines[200][: lines[200].index("л".encode()) + 1]
    build = read(in_folder(tmp_path, b"\n".join(lines[:201])), *QUALITY)
    assert build.is_success, build.messages
    assert build.rows(QUARANTINE) == [
        (11, "unparseable_value", "city"),
        (201, "wrong_field_count", None),
    ]
    broken = {rows[9]["CustomerId"], rows[199]["CustomerId"]}
    cities = build.values("select customer_id, city from intermediate.int_customers_conformed")
    assert set(cities) == {row["CustomerId"] for row in rows} - broken
    assert cities[rows[50]["CustomerId"]] == "Посёлок «Заря» — №5"


def spaced(text):
    """1234567.89 -> 1 234 567.89"""
    return f"{Decimal(text):,}".replace(",", " ")


def commas(rows):
    return changed(
        changed(rows, "Balance", lambda text: text.replace(".", ",")),
        "EstimatedSalary",
        lambda text: text.replace(".", ","),
    )


def flags(rows, yes, no):
    for column in ("HasCrCard", "IsActiveMember", "Exited"):
        rows = changed(rows, column, {"1": yes, "0": no}.get)
    return rows


def whole_floats(rows):
    for column in ("Age", "NumOfProducts", "Tenure", "CreditScore", "HasCrCard", "Exited"):
        rows = changed(rows, column, lambda text: text + ".0")
    return rows


def mixed_line_ends(text):
    head, *lines = text.rstrip("\n").split("\n")
    ends = ["\r\n", "\n", "\r"]
    return head + "\r\n" + "".join(line + ends[i % 3] for i, line in enumerate(lines))


def padded(rows):
    """Blank characters around values, as copies from web pages and spreadsheets have them."""
    blanks = ["\u00a0", " ", "\t", "\u200b", "\ufeff", "\u202f"]
    return [
        {name: f"{blanks[i % 6]}{value} " for i, (name, value) in enumerate(row.items())}
        for row in rows
    ]


# Spellings of the same 200 rows: each must read as the plain comma-delimited UTF-8 file does.
SPELLINGS = {
    "byte-order mark before a quoted name": lambda rows: delimited(
        rows, quoting=csv.QUOTE_ALL
    ).encode("utf-8-sig"),
    "cp1251, quoted, with \\r\\n": lambda rows: delimited(
        rows, line_end="\r\n", quoting=csv.QUOTE_ALL
    ).encode("cp1251"),
    "tabs, UTF-16": lambda rows: delimited(rows, delimiter="\t").encode("utf-16"),
    "semicolons": lambda rows: delimited(rows, delimiter=";"),
    "tabs, no final line end": lambda rows: delimited(rows, delimiter="\t").rstrip("\n"),
    "pipes, blank lines at both ends": lambda rows: (
        "\n  \n" + delimited(rows, delimiter="|") + "\n\n   \n"
    ),
    "semicolons and decimal commas": lambda rows: delimited(commas(rows), delimiter=";"),
    "quoted decimal commas": lambda rows: delimited(commas(rows)),
    "reordered columns and some more": lambda rows: delimited(
        [{"x": "1", 'y"': ""} | {name: row[name] for name in reversed(HEADER)} for row in rows]
    ),
    "mixed line ends": lambda rows: mixed_line_ends(delimited(rows)),
    "quotes and delimiters inside quotes": lambda rows: delimited(
        changed(rows, "Surname", lambda text: f'{text} "O"Neil, Jr; the | 3rd')
    ),
    "a quote inside an unquoted field": lambda rows: delimited(
        changed(rows, "Surname", lambda text: text + "☺")
    ).replace("☺", '"'),
    "upper-case names with blanks around": lambda rows: delimited(
        rows, header=[f" {name.upper()} " for name in HEADER]
    ),
    "a delimiter inside a quoted name": lambda rows: delimited(
        rows, header=["No.; of, row" if name == "RowNumber" else name for name in HEADER]
    ),
    "thousands parted by spaces": lambda rows: delimited(changed(rows, "EstimatedSalary", spaced)),
    "thousands parted by no-break spaces": lambda rows: delimited(
        changed(
            commas(rows),
            "EstimatedSalary",
            lambda text: spaced(text.replace(",", ".")).replace(" ", "\u00a0").replace(".", ","),
        ),
        delimiter=";",
    ),  # fmt: skip
    "blanks around values": lambda rows: delimited(padded(rows)),
    "integers as +42.0, amounts with exponents": lambda rows: delimited(
        changed(changed(whole_floats(rows), "Age", "+{}".format), "EstimatedSalary", "{}e0".format)
    ),
    "yes and no, F and M": lambda rows: delimited(
        changed(flags(rows, "Yes", "no"), "Gender", {"Female": "F", "Male": "m"}.get)
    ),
    "true and false, Ж and М": lambda rows: delimited(
        changed(flags(rows, "TRUE", "false"), "Gender", {"Female": "Ж", "Male": "М"}.get)
    ),
    "да and нет, names of cities": lambda rows: delimited(
        changed(
            flags(rows, "Да", "нет"),
            "Geography",
            lambda city: CITIES.get(city, city).upper() if city in CITIES else city,
        )
    ),  # fmt: skip
}


class TestSpellings:
    @pytest.fixture
    def plain(self, clean):
        return list(clean("generated")[1].values())

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_the_same_rows_read_the_same(self, read, tmp_path, plain, spelling):
        build = read(in_folder(tmp_path, SPELLINGS[spelling](generated_rows())))
        assert build.is_success, build.messages
        assert build.rows(CONFORMED) == plain

    def test_letters_of_the_file_arrive_as_they_are(self, plain):
        cities = {row[CANONICAL.index("city")] for row in plain}
        assert cities == {
            "Yaroslavl", "Rostov Veliky", "Rybinsk", "Посёлок «Заря» — №5", CP1251_UPPER_HALF
        }  # fmt: skip

    def test_a_folder_whose_name_looks_like_a_pattern_is_read(self, read, tmp_path, plain):
        folder = tmp_path / "extract [2024] it's"
        folder.mkdir()
        build = read(in_folder(folder, delimited(generated_rows())))
        assert build.is_success, build.messages
        assert build.rows(CONFORMED) == plain

    def test_a_header_without_rows_is_an_empty_input(self, read, tmp_path):
        build = read(in_folder(tmp_path, ",".join(HEADER)), "+int_customers_profiled", *QUALITY)
        assert build.is_success, build.messages
        assert build.rows(CONFORMED) == []
        row = build.row("select raw_count, is_reconciled from marts.quality_reconciliation")
        assert row == (0, True)
        notes = build.values("select entity_name, is_supplied, note from marts.quality_inputs")
        assert notes["customers"][0] is False
        assert notes["customers"][1].startswith("Nothing was supplied")


@pytest.mark.parametrize("name", ["generated", "published"])
def test_both_headers_of_the_published_table_read_equal(clean, read, tmp_path, name):
    rows, conformed = clean(name)
    metanprom = [
        {METANPROM_HEADER[name]: row[name] for name in METANPROM_HEADER}
        | {
            "City": CITIES.get(row["Geography"], row["Geography"]),
            "Gender": {"Female": "Ж", "Male": "М"}[row["Gender"]],
            "Balance": "" if float(row["Balance"]) == 0 else row["Balance"],
        }
        for row in rows
    ]
    build = read(in_folder(tmp_path, delimited(metanprom)))
    assert build.is_success, build.messages
    assert build.rows(CONFORMED) == list(conformed.values())


def without(column):
    return delimited(
        [{name: row[name] for name in HEADER if name != column} for row in generated_rows()]
    )


# What is wrong with the file, and words that the one sentence must have: file, column, expectation.
STOPS = {
    "no file": (None, ["Churn_Modelling.csv is missing", "expected it in folder", "CLIENTELE_RAW"]),
    "no column": (
        without("NumOfProducts"),
        [
            "Churn_Modelling.csv has no column 'NumOfProducts' or 'Products'",
            "expected it for customers.product_count", "the header is: RowNumber, CustomerId, Surname",
        ],
    ),
    "a column twice": (
        delimited(generated_rows(), header=[*HEADER[:2], "age", *HEADER[3:]]),
        ["Churn_Modelling.csv has column 'age' more than once", "expected one"],
    ),
    "nothing in the file": ("", ["Churn_Modelling.csv is empty", "expected a header line"]),
    "blank lines only": (" \n\n", ["Churn_Modelling.csv is empty", "expected a header line"]),
    "no header": (
        delimited(generated_rows()).partition("\n")[2],
        [
            "Churn_Modelling.csv has no column 'CustomerId' or 'userid'", "expected it for customers.customer_id",
            "but the header line has none of the expected names.",  # and no person's values are shown
        ],
    ),
}  # fmt: skip


def assert_one_sentence(output, words):
    sentences = [line.strip() for line in output.splitlines() if words[0] in line]
    assert len(set(sentences)) == 1, output
    assert all(word in sentences[0] for word in words), sentences[0]
    assert sentences[0].endswith((".", ")."))
    assert "Traceback" not in output


class TestStops:
    """A file that cannot be read stops the build before it touches anything, with one sentence."""

    @pytest.fixture(scope="class")
    @classmethod
    def built(cls, read, tmp_path_factory):
        folder = in_folder(tmp_path_factory.mktemp("good"), delimited(generated_rows()))
        build = read(folder, *QUALITY)
        assert build.is_success, build.messages
        return build

    @staticmethod
    def contents(build):
        tables = build.rows(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('intermediate', 'marts') and table_type = 'BASE TABLE' order by 1"
        )
        assert ("marts.quality_reconciliation",) in tables
        return {name: build.rows(f"select * from {name} order by all") for (name,) in tables}

    @pytest.mark.parametrize("stop", STOPS)
    def test_the_build_stops_and_the_last_one_stays(self, read, built, tmp_path, stop):
        before = self.contents(built)
        content, words = STOPS[stop]
        build = read(in_folder(tmp_path, content) if content is not None else tmp_path, *QUALITY)
        assert not build.is_success
        assert set(build.statuses.values()) <= {"error", "skipped"}
        assert_one_sentence("\n".join(build.messages), words)
        assert self.contents(built) == before

    def test_the_command_line_shows_no_traceback(self, built, tmp_path):
        before = self.contents(built)
        content, words = STOPS["no column"]
        values = {
            "CLIENTELE_DB": str(built.path),
            "CLIENTELE_RAW": str(in_folder(tmp_path, content)),
        }
        process = subprocess.run(
            [
                DBT, "build", "--target-path", str(built.target),
                "--log-path", str(tmp_path / "logs"), "--vars", "source_system: churn_modelling",
                "--project-dir", str(ROOT), "--profiles-dir", str(ROOT),
            ],
            env={**os.environ, **values}, cwd=ROOT, capture_output=True, text=True,
        )  # fmt: skip
        assert process.returncode != 0
        assert process.stderr == ""
        assert_one_sentence(process.stdout, words)
        assert self.contents(built) == before

    def test_an_unknown_layout_is_named_beside_the_known_ones(self, run_dbt, built, tmp_path):
        before = self.contents(built)
        hostile = "x'; drop table marts.quality_inputs; --"
        build = run_dbt(
            "run", raw=in_folder(tmp_path, "a\n"), into=built, select=QUALITY, source_system=hostile
        )
        assert not build.is_success
        words = [f"source_system '{hostile}' is not a declared layout", "expected one of demo_bank"]
        assert_one_sentence("\n".join(build.messages), words)
        assert self.contents(built) == before


def date(text):
    return datetime.date.fromisoformat(text)


def moment(text):
    return datetime.datetime.fromisoformat(text)


ENTITIES = {
    "customers": ("customer_id", [
        {"customer_id": f"C{i}", "age": 30 + i, "birth_date": date(f"199{i}-02-03"),
         "gender": ["female", "male", "unknown"][i % 3], "city": ["Yaroslavl", "Углич", None][i % 3],
         "joined_on": date("2020-01-31"), "closed_on": date("2024-05-06") if i == 2 else None,
         "closed_reason": "death" if i == 2 else None, "is_churned": i == 2,
         "credit_score": 600.5 + i, "estimated_salary": Decimal(f"{i}000.10"),
         "balance": None if i == 1 else Decimal(f"-{i}.05"), "product_count": i,
         "has_credit_card": i % 2 == 0, "is_active": True, "property_count": 0,
         "tenure_years": 1.25 * i, "tenure_months": 15.0 * i, "education": "school", "job": "clerk, senior",
         "marital_status": None, "marketing_consent": None}
        for i in range(6)
    ]),
    "customer_snapshots": ("customer_id, observed_on", [
        {"customer_id": f"C{i}", "observed_on": date(f"2024-0{month}-28"), "credit_score": 600.5,
         "estimated_salary": None, "balance": Decimal(f"{month}00.05"), "product_count": i,
         "has_credit_card": None, "is_active": month == 1, "property_count": 0}
        for i in range(2) for month in range(1, 4)
    ]),
    "product_holdings": ("holding_id", [
        {"holding_id": f"H{i}", "customer_id": f"C{i}", "product_code": "mortgage",
         "opened_on": date("2021-03-04"), "closed_on": None}
        for i in range(3)
    ]),
    "interactions": ("interaction_id", [
        {"interaction_id": f"I{i}", "customer_id": "C0", "occurred_at": moment(f"2024-01-0{i} 23:59:59"),
         "channel": "branch", "direction": None}
        for i in range(1, 4)
    ]),
    "transactions": ("transaction_id", [
        {"transaction_id": f"T{i}", "customer_id": "C1", "occurred_at": moment(f"2024-02-0{i} 00:00:01"),
         "amount": Decimal(f"{i}99.99"), "product_code": None, "order_id": f"O{i}"}
        for i in range(1, 4)
    ]),
    "policies": ("policy_id", [
        {"policy_id": f"P{i}", "customer_id": "C2", "vehicle_class": "SUV", "coverage": "Basic",
         "renew_offer_type": None, "employment_status": "Employed", "marital_status": "single",
         "education": "school", "income": Decimal("0.00"), "policy_count": 2,
         "monthly_premium": Decimal("66.00"), "total_claim_amount": Decimal("153.61"),
         "observed_clv": Decimal("3805.98"), "starts_on": date("2021-12-27"), "ends_on": None,
         "is_renewed": False}
        for i in range(2)
    ]),
    "campaign_contacts": ("contact_id", [
        {"contact_id": "K1", "campaign_code": "spring", "customer_id": "C0", "arm": "treated",
         "contacted_on": date("2024-03-16"), "is_retained": True},
        {"contact_id": "K2", "campaign_code": "spring", "customer_id": "C1", "arm": "holdout",
         "contacted_on": None, "is_retained": None},
    ]),
}  # fmt: skip
CONFORMED_ENTITIES = [f"+int_{name}_conformed" for name in ENTITIES]


def as_csv(rows):
    def text(value):
        return "" if value is None else str(int(value) if isinstance(value, bool) else value)

    return delimited([{name: text(value) for name, value in row.items()} for row in rows])


def conformed(build):
    return {
        name: build.rows(f"select * from intermediate.int_{name}_conformed order by {key}")
        for name, (key, _) in ENTITIES.items()
    }


def expected_entities():
    return {name: [tuple(row.values()) for row in rows] for name, (_, rows) in ENTITIES.items()}


# A cell of the canonical customers file as written, and the value that it reads as or the rule that it breaks.
UNPARSEABLE = "unparseable_value"
CELLS = [
    ("birth_date", "1990-05-06", date("1990-05-06")),
    ("birth_date", "06.05.1990", date("1990-05-06")),
    ("birth_date", "19900506", date("1990-05-06")),
    ("birth_date", "1990-05-06 00:00:00", date("1990-05-06")),
    ("birth_date", "1990-05-06T12:30:00", date("1990-05-06")),
    ("joined_on", "31.02.2024", UNPARSEABLE),
    ("joined_on", "2023-02-29", UNPARSEABLE),
    ("joined_on", "05/06/2024", UNPARSEABLE),
    ("joined_on", "Infinity", UNPARSEABLE),
    ("closed_on", "-infinity", UNPARSEABLE),
    ("joined_on", "epoch", UNPARSEABLE),
    ("joined_on", "2024115", UNPARSEABLE),  # 15 January or 5 November
    ("joined_on", "2024-1-15", date("2024-01-15")),
    ("joined_on", "2024-01-15 10:30", date("2024-01-15")),
    ("joined_on", "2024-01-15T23:30:00.1234567-05:00", date("2024-01-16")),
    ("joined_on", "2024-01-15T23:30:00+15:00", UNPARSEABLE),
    ("joined_on", "2024-01-15-05", UNPARSEABLE),
    ("birth_date", "NaT", None),
    ("closed_on", "0000-00-00 00:00:00", None),
    ("joined_on", "00.00.0000", None),
    ("joined_on", "1970-01-01", None),
    ("birth_date", "1970-01-01", date("1970-01-01")),
    ("joined_on", "0.0.20", UNPARSEABLE),
    ("age", "#N/A", None),
    ("balance", "?", None),
    ("balance", "nul", UNPARSEABLE),
    ("credit_score", "-", None),
    ("has_credit_card", "(null)", None),
    ("gender", "None", None),
    ("gender", "MĘŻCZYZNA", "male"),
    ("gender", "Frau", "female"),
    ("gender", "h", UNPARSEABLE),  # a man in Spanish, where m may be a woman
    ("has_credit_card", "Nein", False),
    ("has_credit_card", "TAK", True),
    ("gender", "Diverse", "other"),
    ("gender", "non-binary", "other"),
    ("gender", "Non_binary", "other"),
    ("gender", "prefer not to say", "unknown"),
    ("city", "NULL", None),
    ("city", "\\N", None),
    ("city", "#REF!", None),
    ("city", "#ADI!", None),
    ("balance", "########", None),
    ("city", "#1", "#1"),
    ("city", "Nulles", "Nulles"),
    ("city", "x" * 2_000_000, UNPARSEABLE),
    ("job", "<NA>", None),
    ("joined_on", "06.05.24", UNPARSEABLE),
    ("joined_on", "0001-01-01", None),
    ("joined_on", "9999-12-31", None),
    ("joined_on", "1899-12-31", "out_of_range"),
    ("joined_on", "2100-01-01", "out_of_range"),
    ("closed_on", "2100-01-01", None),
    ("closed_on", "1899-12-31", "out_of_range"),
    ("age", " 42 ", 42),
    ("age", "\u00a042\u00a0", 42),
    ("age", "\u200b42", 42),
    ("age", "4\u200b2", UNPARSEABLE),
    ("age", "4\x002", UNPARSEABLE),
    ("age", "+7", 7),
    ("age", "42.", 42),
    ("age", "42,0", 42),
    ("age", "42,000", UNPARSEABLE),  # in a comma-delimited file: forty-two thousand
    ("age", "1e1", UNPARSEABLE),
    ("age", "0x10", UNPARSEABLE),
    ("age", "4_2", UNPARSEABLE),
    ("age", "٤٢", UNPARSEABLE),
    ("age", "121", "out_of_range"),
    ("product_count", "9223372036854775807", 9223372036854775807),
    ("product_count", "9223372036854775808", UNPARSEABLE),
    ("product_count", "9" * 5000, UNPARSEABLE),
    ("credit_score", "1e3", 1000.0),
    ("credit_score", ".5", 0.5),
    ("credit_score", "1e400", UNPARSEABLE),
    ("credit_score", "Infinity", UNPARSEABLE),
    ("credit_score", "nan", UNPARSEABLE),
    ("credit_score", "5 %", UNPARSEABLE),
    ("balance", "-0.005", Decimal("-0.01")),
    ("balance", "1e3", Decimal("1000.00")),
    ("balance", "1 234 567,5", Decimal("1234567.50")),
    ("balance", "12 34", UNPARSEABLE),
    ("balance", "101,348", UNPARSEABLE),
    ("balance", "1,234.56", UNPARSEABLE),
    ("balance", "1.234,56", UNPARSEABLE),
    ("balance", "1'234'567.5", Decimal("1234567.50")),
    ("balance", "(5.00)", UNPARSEABLE),
    ("balance", "1e30", UNPARSEABLE),
    ("balance", "12345678901234567", UNPARSEABLE),
    ("has_credit_card", "Y", True),
    ("has_credit_card", "1.0", True),
    ("has_credit_card", "НЕТ", False),
    ("has_credit_card", "-1", UNPARSEABLE),
    ("gender", "ЖЕНСКИЙ", "female"),
    ("gender", "u", "unknown"),
    ("gender", "F/M", UNPARSEABLE),
    ("closed_reason", " Customer ", "customer"),
    ("closed_reason", "БАНК", "bank"),
    ("closed_reason", "deceased", "death"),
    ("closed_reason", "u", "unknown"),
    ("closed_reason", "moved", UNPARSEABLE),
    ("city", "ростов", "Rostov Veliky"),
    ("city", "O'Neil", "O'Neil"),
    ("city", "x'); drop table customers; --", "x'); drop table customers; --"),
    ("city", "{{ drop() }}", "{{ drop() }}"),
    ("city", "-5", "-5"),
    ("city", "+cmd", "formula_like_text"),
    ("city", "\t=cmd", "formula_like_text"),
    ("city", "\u00a0@cmd", "formula_like_text"),
    ("job", "a\x00b", "a\x00b"),
    ("job", "x" * 2_000_000, "x" * 2_000_000),
]  # fmt: skip


class TestCells:
    """One cell a row, through a comma-delimited file with the canonical columns."""

    @pytest.fixture(scope="class")
    @classmethod
    def cells(cls, read_canonical, tmp_path_factory):
        columns = sorted({column for column, *_ in CELLS})
        rows = [
            {"customer_id": str(i)} | dict.fromkeys(columns, "") | {column: written}
            for i, (column, written, _) in enumerate(CELLS)
        ]
        hostile = 'x"); drop table seeds.cities; --'
        text = delimited([{**row, hostile: hostile} for row in rows], quoting=csv.QUOTE_ALL)
        folder = in_folder(tmp_path_factory.mktemp("cells"), text, "customers.csv")
        build = read_canonical(folder, *QUALITY, *CONFORMED_ENTITIES)
        assert build.is_success, build.messages
        return build

    @pytest.mark.parametrize(
        ("number", "column", "written", "expected"),
        [pytest.param(i, *cell, id=f"{cell[0]} {cell[1][:20]!a}") for i, cell in enumerate(CELLS)],
    )
    def test_a_cell_reads_as(self, cells, number, column, written, expected):
        ((value, status, rule_code, column_name, line_number),) = cells.rows(
            f"select {column}, row_status, rule_code, column_name, line_number "
            f"from {judged('customers')} where customer_id = '{number}'"
        )
        assert line_number == number + 2
        if expected in (UNPARSEABLE, "out_of_range", "formula_like_text"):
            assert (status, rule_code, column_name) == ("quarantined", expected, column)
        else:
            assert (status, value) == ("conformed", expected)

    def test_all_are_accounted_for_and_masked(self, cells):
        row = cells.row("select raw_count, is_reconciled from marts.quality_reconciliation")
        assert row == (len(CELLS), True)
        for _, masked in cells.rows(
            "select line_number, raw_value_masked from marts.quality_quarantine"
        ):
            assert len(masked) <= 40

    def test_a_hostile_header_or_value_runs_nothing(self, cells):
        assert cells.row("select count(*) > 0 from seeds.cities") == (True,)

    def test_the_rest_is_empty_where_only_customers_are_brought(self, cells):
        counts = cells.values("select entity_name, staged_count from marts.quality_inputs")
        assert counts == dict.fromkeys(ENTITIES, 0) | {"customers": len(CELLS)}
        assert {name: len(rows) for name, rows in conformed(cells).items() if rows} == {
            "customers": cells.row("select count(*) from intermediate.int_customers_conformed")[0]
        }


def rows_read(build, entity, columns):
    return build.rows(
        f"select {columns}, coalesce(rule_code, row_status) from {judged(entity)} order by line_number"
    )


KEYS = {
    "1000.0": "1000", "1002.": "1002", "7.0000000000": "7", "42,0": "42", "9.50": "9.50", "00012": "00012",
    "C-1": "C-1", "é1": "é1", "x1" * 500: "x1" * 500, "totally": "totally", "Sumatra": "Sumatra", "page": "page",
    "endive": "endive", "source": "source", "averages": "averages",
    "NULL": "missing_key", "#N/A": "missing_key", "#N/D": "missing_key", "k.A.": "missing_key", "#ADI!": "missing_key",
    "???": "missing_key",
    "------": "formula_like_text",
} | dict.fromkeys([
    "Total", "grand total", "sub-total", "Итого: 7", "Totaal", "Celkem", "Total général", "Rows: 7", "Seite 1",
    "12 Zeilen ausgewählt.", "* End of report *", "*** END ***", "(2 rows affected)", "Average",
    "Completion time: 10:00", "Exported on 1 May", "customer_id", "Customer_ID", "1.23E+07", "a\x01b", "x" * 1001,
], UNPARSEABLE)  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_no_key_is_no_customer(read_canonical, tmp_path, kind):
    rows = [{"customer_id": key, "age": "42"} for key in KEYS]
    if kind == "csv":
        in_folder(tmp_path, delimited(rows), "customers.csv")
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "customers.parquet")
    build = read_canonical(tmp_path, "+int_customers_judged")
    assert build.is_success, build.messages
    found = dict(zip(KEYS, rows_read(build, "customers", "customer_id"), strict=True))
    expected = {key: (read, "conformed") for key, read in KEYS.items()}
    expected |= {key: (None, rule) for key, rule in KEYS.items() if "_" in rule}
    if kind == "parquet":  # no line there is a header
        expected |= {name: (name, "conformed") for name in ("customer_id", "Customer_ID")}
    assert found == expected


# The values of a column, and what they read as (none: set aside) by the convention that they show together.
NUMBERS = {
    "balance": (["12,000", "5.50", "-1,234.56", "12,34"], ["12000.00", "5.50", "-1234.56", None]),
    "estimated_salary": (["12.000", "5,50", "1.234,56", "0,125"], ["12000.00", "5.50", "1234.56", "0.13"]),
    "tenure_years": (["12,000", "1.234", "3", "4"], [None, None, 3.0, 4.0]),  # nothing tells what either is
    "credit_score": (["1,5", "1.5", "1.234", "1,234"], [1.5, 1.5, None, None]),  # both are
    "product_count": (["1.000", "12", "1.000.000", "7,0"], [1000, 12, 1000000, 7]),
}  # fmt: skip


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_a_column_of_numbers_is_read_by_one_convention(read_canonical, tmp_path, delimiter):
    numbers = NUMBERS | {
        "balance": ([*NUMBERS["balance"][0][:3], "1"], [*NUMBERS["balance"][1][:3], "1.00"])
    }
    rows = [
        {"customer_id": f"{column}{i}"} | dict.fromkeys(numbers, "") | {column: values[i]}
        for column, (values, _) in numbers.items()
        for i in range(4)
    ]  # fmt: skip
    build = read_canonical(
        in_folder(tmp_path, delimited(rows, delimiter=delimiter), "customers.csv"), "+int_customers_judged"
    )  # fmt: skip
    assert build.is_success, build.messages
    for column, (_, expected) in numbers.items():
        found = build.rows(
            f"select {column}, row_status from {judged('customers')} "
            f"where customer_id like '{column}%' order by line_number"
        )
        assert [value for value, _ in found] == [
            Decimal(value) if isinstance(value, str) else value for value in expected
        ], column
        assert [status for _, status in found] == [
            "quarantined" if value is None else "conformed" for value in expected
        ]


TRANSACTION = "transaction_id,customer_id,occurred_at,amount"


def test_offsets_are_read_row_by_row_and_on_every_machine(read_canonical, tmp_path):
    times = {
        "2024-03-31T23:30:00+03:00": "2024-03-31 20:30",
        "2024-03-31T23:30:00": "2024-03-31 23:30",
        "2024-03-31 23:30:00-0500": "2024-04-01 04:30",
        "2024-03-31 23:30:00 ": "2024-03-31 23:30",
        "2024-03-31T23:30Z": "2024-03-31 23:30",
        "2024-03-31 23:30:00.123456789+05:30": "2024-03-31 18:00:00.123456",
    }
    lines = [TRANSACTION, *(f"T{i},1,{time},1" for i, time in enumerate(times))]
    in_folder(tmp_path, "\n".join(lines), "transactions.csv")
    in_folder(tmp_path, "customer_id\n1\n", "customers.csv")
    build = read_canonical(tmp_path, "+int_transactions_judged")
    assert build.is_success, build.messages
    assert rows_read(build, "transactions", "occurred_at") == [
        (moment(time), "conformed") for time in times.values()
    ]


def test_the_parts_of_a_source_are_read_as_one(read_canonical, run_dbt, tmp_path):
    in_folder(tmp_path, "customer_id\n1\n", "customers.csv")
    in_folder(
        tmp_path, f"{TRANSACTION}\nT1,1,2024-01-01,1\nT2,1,bad,1\n", "transactions_2024-01.csv"
    )
    packed = f"\ufeff{TRANSACTION.upper()}\n\nT3,1,2024-02-01,1\nT4,1,bad,1\nT1,1,2024-01-01,1\n"
    in_folder(tmp_path, gzip.compress(packed.encode()), "Transactions_2024-02.csv.gz")
    holdings = tmp_path / "product_holdings.parquet"
    for month in (1, 2):
        part = holdings / f"month={month}"
        part.mkdir(parents=True)
        rows = {
            "holding_id": [f"H{month}", None],
            "customer_id": ["1", "1"],
            "product_code": ["a", "b"],
        }
        pq.write_table(pa.table(rows), part / "part-0.parquet")
    build = read_canonical(tmp_path, *QUALITY, *CONFORMED_ENTITIES)
    assert build.is_success, build.messages
    tested = run_dbt(
        "test", raw=tmp_path, into=build, select=["int_raw_rows_counted"], source_system="canonical"
    )
    assert tested.is_success, tested.messages
    assert build.values(
        "select file_name, raw_count, conformed_count, quarantined_count, deduplicated_count, is_reconciled "
        "from marts.quality_reconciliation"
    ) == {
        "customers.csv": (1, 1, 0, 0, True),
        "transactions_*.csv": (5, 2, 2, 1, True),
        "product_holdings.parquet/": (4, 2, 2, 0, True),
    }
    assert build.rows("select file_name, line_number, column_name from marts.quality_quarantine order by all") == [
        ("Transactions_2024-02.csv.gz", 4, "occurred_at"),
        ("product_holdings.parquet/month=1/part-0.parquet", 2, "holding_id"),
        ("product_holdings.parquet/month=2/part-0.parquet", 2, "holding_id"),
        ("transactions_2024-01.csv", 3, "occurred_at"),
    ]  # fmt: skip


PARTS = [
    "_01", "_2024-01", "20240131", "_2024q1", "_part-00000", "-2024Jan", "_march", "_1of2", "_part1of3", ".1",
    "_20240131T1200",
]  # fmt: skip
NO_PARTS = ["", "_part", "_old", "_v2", " (1)", "_market", "_2024_backup", "_" + "0" * 60 + "x"]


def test_numbers_dates_and_months_make_a_part(compiled):
    names = [f"{name.lower()}.csv" for name in PARTS + NO_PARTS]
    text = (
        "{% for name in " + repr(names) + " %}"
        "{{ modules.re.fullmatch(part_pattern(), name) is not none }} {% endfor %}"
    )
    assert compiled(text).split() == ["True"] * len(PARTS) + ["False"] * len(NO_PARTS)


CLOSE = {
    "transactions": "transaction transactionlist banktransactions trasnactions tranzactions",
    "productholdings": "holdings productholding", "policies": "policy", "ischurned": "churn ischurn",
}  # fmt: skip
FAR = {
    "transactions": "tran customers interactions transfers", "age": "package", "city": "capacity",
    "balance": "agency",
}  # fmt: skip


def test_a_name_is_close_if_it_holds_the_other_or_is_mistyped(compiled):
    close, far = (
        [
            f"is_near('{name}', '{expected}')"
            for expected, names in pairs.items()
            for name in names.split()
        ]
        for pairs in (CLOSE, FAR)
    )
    answers = compiled("{{ [" + ", ".join(close + far) + "] }}")
    assert answers.strip() == str([True] * len(close) + [False] * len(far))


def test_what_reading_leaves_open_is_noted(run_dbt, tmp_path):
    header = "customer_id;City;Joined On;Balance (EUR);remark"
    rows = [
        "1;Köln;;;",
        "2;KÖLN;;;",
        "3;Köln ;;;",
        "03;rostov  veliky;;;",
        "4;Gießen;;;",
        "5;GIESSEN;;;",
    ]
    in_folder(tmp_path, "\n".join(["sep=;", header, *rows]).encode("latin-1"), "customers.csv")
    lines = [
        f"{TRANSACTION},product_code",
        "T1,1,2024-01-01,1,Card",
        "T2,2,2024-01-01,1,CARD",
        "T3,002,2024-01-01,1,card",
        "T4,1,2024-01-02,1,c ard",
        "T5,1,2024-01-02,1,10 1",
        "T6,1,2024-01-02,1,101",
    ]
    in_folder(tmp_path, "\n".join(lines), "transactions.csv")
    in_folder(tmp_path, "x", "interaction_2024.txt")
    (tmp_path / "policies").mkdir()
    in_folder(tmp_path / "policies", "policy_id,customer_id\nP1,1\n", "part-0.csv")
    in_folder(tmp_path / "policies", "x", "part-1.txt")
    (tmp_path / "old").mkdir()
    in_folder(tmp_path / "old", "x", "holdings.csv")
    in_folder(tmp_path, "x", "readme.md")
    build = run_dbt(
        raw=tmp_path, select=[*QUALITY, "+int_customers_profiled"], source_system="canonical",
        env={"DBT_INDIRECT_SELECTION": "cautious", "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test"},
    )  # fmt: skip
    assert build.is_success, build.messages
    assert build.rows(
        "select city, count(*) from intermediate.int_customers_profiled group by 1 order by 1"
    ) == [("Gießen", 2), ("Köln", 3), ("Rostov Veliky", 1)]
    products = build.rows(
        "select product_code, count(*) from intermediate.int_transactions_conformed group by 1 order by 1"
    )
    assert products == [("10 1", 1), ("101", 1), ("CARD", 3)]
    notes = build.values("select entity_name, note from marts.quality_inputs")
    for words in (
        "close to expected ones: Joined On, Balance (EUR)",
        "not read: Joined On, Balance (EUR), remark; columns that it lacks",
        "read as cp1252", "Spellings of city read as one value: 6 as 3",
        "Keys that differ from another only in leading zeros, case, blanks or the form of letters: 2",
    ):  # fmt: skip
        assert words in notes["customers"]
    for words in (
        "Spellings of product_code",
        "Rows of unknown customers: 1, of which 1 differ from a known one only in leading zeros",
    ):
        assert words in notes["transactions"]
    places = ["interaction_2024.txt", "policies/part-1.txt", "old/holdings.csv"]
    for entity, place in zip(["interactions", "policies", "product_holdings"], places, strict=True):
        assert f"{place} lies in the folder and is not read" in notes[entity]
    assert notes["not read"] == (
        "In the folder and not read: interaction_2024.txt, old, policies/part-1.txt, readme.md"
    )
    said = "\n".join(build.said)
    for words in (
        "Joined On, Balance (EUR).",
        "interaction_2024.txt lies",
        "Rows of unknown customers: 1",
    ):
        assert words in said
    assert "readme.md" not in said


# An entry of the raw folder that cannot be read, and words of the one sentence that says so.
ENTRIES = {
    "a workbook": ("customers.csv", b"PK\x03\x04", "is a ZIP archive or a workbook, not text"),
    "text as Parquet": ("customers.parquet", b"customer_id\n1\n", "is no whole Parquet file"),
    "another name": ("customer.csv", b"customer_id\n1\n", "what it has is customer.csv"),
    "a typing error": ("costumers.txt", b"customer_id\n1\n", "what it has is costumers.txt"),
    "a link": ("customers", "..", "outside of folder"),
}  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_that_cannot_be_read_has_one_sentence(read_canonical, tmp_path, entry):
    name, content, words = ENTRIES[entry]
    folder = tmp_path / "raw"
    folder.mkdir()
    if isinstance(content, str):
        os.symlink(content, folder / name)
    else:
        in_folder(folder, content, name)
    build = read_canonical(folder, *QUALITY)
    assert not build.is_success
    assert_one_sentence("\n".join(build.messages), [words])


def test_parts_with_another_header_stop_the_build(read_canonical, tmp_path):
    in_folder(tmp_path, "customer_id\n1\n", "customers_1.csv")
    in_folder(tmp_path, "customer_id,age\n2,3\n", "customers_2.csv")
    build = read_canonical(tmp_path, *QUALITY)
    assert not build.is_success
    words = ["File customers_2.csv has another header than customers_1.csv", "the same columns"]
    assert_one_sentence("\n".join(build.messages), words)


class TestCanonicalFiles:
    @pytest.mark.parametrize("kind", ["csv", "parquet"])
    def test_every_entity_reads_the_same(self, read_canonical, tmp_path, kind):
        for name, (_, rows) in ENTITIES.items():
            if kind == "csv":
                in_folder(tmp_path, as_csv(rows), f"{name}.csv")
            else:
                pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
        build = read_canonical(tmp_path, *QUALITY, *CONFORMED_ENTITIES)
        assert build.is_success, build.messages
        assert conformed(build) == expected_entities()
        counts = build.values(
            "select file_name, raw_count, is_reconciled from marts.quality_reconciliation"
        )
        assert counts == {
            f"{name}.{kind}": (len(rows), True) for name, (_, rows) in ENTITIES.items()
        }

    def test_text_of_parquet_reads_as_that_of_a_text_file(self, read_canonical, tmp_path):
        """Most of it is plain and not looked at closely: each character that may begin it, and what may not end it."""
        blanks = [" ", "\t", "\u00a0", "\u200b", "\ufeff", "\u3000"]
        texts = [f"{chr(code)}1" for code in range(33, 127)]
        texts += [f"a{place}{blank}" for place, blank in enumerate(blanks, 2)]
        texts += ["nan", "NaN", "inf", "nano", "né", "\ufffda", "a\ufffd", "é\u00a0", "я", ""]
        rows = [{"customer_id": text, "city": text} for text in texts]
        results = []
        for kind in ("csv", "parquet"):
            folder = tmp_path / kind
            folder.mkdir()
            if kind == "csv":
                in_folder(folder, as_csv(rows), "customers.csv")
            else:
                pq.write_table(pa.Table.from_pylist(rows), folder / "customers.parquet")
            build = read_canonical(folder, *QUALITY, "+int_customers_conformed")
            assert build.is_success, build.messages
            quarantined = [
                (line - (kind == "csv"), *rest) for line, *rest in build.rows(QUARANTINE)
            ]
            results.append((build.rows(CONFORMED), quarantined))
        assert results[0] == results[1]
        kept, quarantined = results[0]
        assert {"a1", "01", "[1", "a2", "a7", "né", "nano", "я", "é"} <= {row[0] for row in kept}
        assert {text for text in texts if text and text[-1] in blanks}.isdisjoint(
            row[0] for row in kept
        )
        assert len(kept) + len(quarantined) == len(texts)
        assert {rule for _, rule, _ in quarantined} == {
            "formula_like_text", "missing_key", "unparseable_value",
        }  # fmt: skip

    def test_a_missing_key_column_stops_the_build(self, read_canonical, tmp_path):
        build = read_canonical(in_folder(tmp_path, "age\n42\n", "customers.csv"), *QUALITY)
        assert not build.is_success
        assert_one_sentence("\n".join(build.messages), [
            "File customers.csv has no column 'customer_id'", "expected it for customers.customer_id",
        ])  # fmt: skip

    def test_a_column_twice_in_parquet_stops_the_build(self, read_canonical, tmp_path):
        table = pa.table([["C1"], [42], [43]], names=["customer_id", "age", "AGE"])
        pq.write_table(table, tmp_path / "customers.parquet")
        build = read_canonical(tmp_path, *QUALITY)
        assert not build.is_success
        words = ["File customers.parquet has column 'age' more than once", "expected one"]
        assert_one_sentence("\n".join(build.messages), words)

    def test_a_parquet_file_without_rows_is_an_empty_input(self, read_canonical, tmp_path):
        table = pa.Table.from_pylist(ENTITIES["customers"][1])
        pq.write_table(table.slice(0, 0), tmp_path / "customers.parquet")
        build = read_canonical(tmp_path, *QUALITY)
        assert build.is_success, build.messages
        assert build.rows("select raw_count, is_reconciled from marts.quality_reconciliation") == [
            (0, True)
        ]
        assert build.rows(
            "select file_name, entity_name from marts.quality_inputs where file_name is not null"
        ) == [("customers.parquet", "customers")]

    def test_rows_that_differ_only_in_where_a_separator_stands_are_no_copies(
        self, read_canonical, tmp_path
    ):
        text = "customer_id,education,job\n1,a|b,c\n1,a,b|c\n2,~,\n2,,~\n3,a,b\n3,a,b\n"
        build = read_canonical(in_folder(tmp_path, text, "customers.csv"))
        assert build.rows(
            f"select line_number, row_status from {judged('customers')} order by 1"
        ) == [(line, "quarantined") for line in (2, 3, 4, 5)] + [
            (6, "conformed"),
            (7, "deduplicated"),
        ]

    def test_an_empty_folder_stops_the_build(self, read_canonical, tmp_path):
        build = read_canonical(tmp_path, *QUALITY)
        assert not build.is_success
        assert_one_sentence("\n".join(build.messages), [
            "File customers.parquet or customers.csv is missing", "expected it in folder",
        ])  # fmt: skip


def test_a_snapshot_is_known_by_its_customer_and_its_day(read_canonical, tmp_path):
    in_folder(tmp_path, "customer_id\n1\n2\n", "customers.csv")
    lines = [
        "customer_id,observed_on,balance,product_count,is_active",
        "1,2024-01-31,100,1,1",
        "1,2024-02-29,100,1,1",  # another day
        "2,2024-01-31,100,1,1",  # another customer
        "1,2024-01-31,100,1,1",  # a copy
        "2,2024-02-29,100,1,1",  # two balances on one day
        "2,29.02.2024,200,1,1",
        "3,2024-01-31,100,1,1",
        ",2024-01-31,100,1,1",
        "1,,100,1,1",
        "1,2024-04-31,100,1,1",
        "1,2024-03-31,100,-1,1",
        "2,2024-03-31,100,1,maybe",
    ]
    in_folder(tmp_path, "\n".join(lines), "customer_snapshots.csv")
    build = read_canonical(tmp_path, *QUALITY, "+int_customer_snapshots_conformed")
    assert build.is_success, build.messages
    assert build.rows(
        "select customer_id, observed_on, balance from intermediate.int_customer_snapshots_conformed order by all"
    ) == [
        ("1", date("2024-01-31"), Decimal(100)),
        ("1", date("2024-02-29"), Decimal(100)),
        ("2", date("2024-01-31"), Decimal(100)),
    ]
    assert build.rows(
        "select line_number from intermediate.int_customer_snapshots_judged where row_status = 'deduplicated'"
    ) == [(5,)]
    assert build.rows(QUARANTINE) == [
        (6, "duplicate_key", "customer_id, observed_on"),
        (7, "duplicate_key", "customer_id, observed_on"),
        (8, "unknown_customer", "customer_id"),
        (9, "missing_key", "customer_id"),
        (10, "missing_key", "observed_on"),
        (11, UNPARSEABLE, "observed_on"),
        (12, "out_of_range", "product_count"),
        (13, UNPARSEABLE, "is_active"),
    ]
    assert build.row(
        "select raw_value_masked from marts.quality_quarantine where line_number = 6"
    ) == ("#, ####-##-##",)
    assert build.row(
        "select raw_count, conformed_count, raw_amount, conformed_amount, quarantined_amount, "
        "deduplicated_amount, is_reconciled from marts.quality_reconciliation "
        "where source_name = 'canonical.customer_snapshots'"
    ) == (12, 3, Decimal(1300), Decimal(300), Decimal(900), Decimal(100), True)


@pytest.mark.parametrize(
    ("header", "column"), [("customer_id", "observed_on"), ("observed_on", "customer_id")]
)
def test_a_snapshot_needs_both_columns_of_its_key(read_canonical, tmp_path, header, column):
    in_folder(tmp_path, "customer_id\n1\n", "customers.csv")
    build = read_canonical(in_folder(tmp_path, f"{header}\n", "customer_snapshots.csv"), *QUALITY)
    assert not build.is_success
    words = [
        f"customer_snapshots.csv has no column '{column}'",
        f"expected it for customer_snapshots.{column}",
    ]
    assert_one_sentence("\n".join(build.messages), words)


class TestTypedFiles:
    """Parquet columns whose type is not the canonical one."""

    @pytest.fixture(scope="class")
    @classmethod
    def typed(cls, read_canonical, tmp_path_factory):
        folder = tmp_path_factory.mktemp("typed")
        nan, infinity = float("nan"), float("inf")
        utc = datetime.UTC
        columns = {
            # a key with a gap becomes a column of floats
            "customer_id": pa.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, None, nan, 1e15]),
            "AGE": pa.array([42.0, 5.7, nan, 42.0, 42.0, 42.0, 42.0, 42.0, 42.0, None]),
            "balance": pa.array([0.1, 0.1, 0.1, nan, infinity, 0.1, 0.1, 0.1, 0.1, None]),
            "credit_score": pa.array([1, 1, 1, 1, 1, 1, 1, 1, 1, None], pa.int32()),
            "is_active": pa.array([1, 0, 1, 1, 1, 2, 1, 1, 1, None], pa.int8()),
            "joined_on": pa.array([20240131] * 6 + [20240231, 20240131, 20240131, None]),
            "birth_date": pa.array(
                [datetime.datetime(1990, 1, 1, 23, 30, tzinfo=utc)] * 9 + [None],
                pa.timestamp("us", tz="America/New_York"),
            ),
            "city": pa.array(["  ", "\u00a0", *["Рыбинск"] * 7, "=cmd\nof two lines"]),
            "line_number": pa.array([99] * 10),
            "file_row_number": pa.array([99] * 10),
            "tenure_years": pa.array([1, None, *[1] * 8], pa.decimal128(20, 10)),
            "closed_on": pa.array(
                [1735689599 * 10**9 + 999_999_999] * 9 + [None], pa.timestamp("ns", tz="Asia/Tokyo")
            ),
            "job": pa.array([None] * 10, pa.list_(pa.int32())),
            "education": pa.array([None] * 7 + [{"a": 1}, None, None]),
            'x"); drop table seeds.cities; --': pa.array(["'; drop table seeds.cities; --"] * 10),
        }
        pq.write_table(pa.table(columns), folder / "customers.parquet")
        build = read_canonical(folder, *QUALITY, "+int_customers_conformed")
        assert build.is_success, build.messages
        return build

    def test_values_that_do_not_fit_are_quarantined_under_their_row(self, typed):
        assert typed.rows(QUARANTINE) == [
            (2, UNPARSEABLE, "age"),
            (3, UNPARSEABLE, "age"),
            (4, UNPARSEABLE, "balance"),
            (5, UNPARSEABLE, "balance"),
            (6, UNPARSEABLE, "is_active"),
            (7, UNPARSEABLE, "joined_on"),
            (8, UNPARSEABLE, "education"),
            (9, UNPARSEABLE, "customer_id"),
            (10, "formula_like_text", "city"),
        ]

    def test_values_that_fit_are_read(self, typed):
        assert typed.rows(
            "select customer_id, age, balance, credit_score, is_active, joined_on, birth_date, closed_on, city "
            "from intermediate.int_customers_conformed"
        ) == [
            ("1", 42, Decimal("0.10"), 1.0, True, date("2024-01-31"), date("1990-01-01"), date("2024-12-31"), None)
        ]  # fmt: skip

    def test_rows_are_reconciled_and_nothing_is_run(self, typed):
        row = typed.row("select raw_count, is_reconciled from marts.quality_reconciliation")
        assert row == (10, True)
        assert typed.row("select count(*) > 0 from seeds.cities") == (True,)


def test_tables_of_the_database_are_read_like_files(run_dbt):
    variables = {"source_system": "canonical", "canonical_schema": "brought"}
    build = run_dbt("seed", **variables)
    with duckdb.connect(str(build.path)) as connection:
        connection.sql("create schema brought")
        for name, (_, rows) in ENTITIES.items():
            table = pa.Table.from_pylist(rows)
            connection.register("given", table)
            connection.sql(f"create table brought.{name} as select * from given")
        connection.sql("""
            create table brought.customers_all as
            select * from brought.customers
            union all by name select 'C5' as customer_id, 200 as age
            union all by name select 'C6' as customer_id, 200 as age
            union all by name select 'C7' as customer_id, -1 as age
            union all select * from brought.customers where customer_id = 'C0'
        """)
        connection.sql("drop table brought.customers")
        connection.sql("create view brought.customers as select * from brought.customers_all")
    build = run_dbt(
        "build", into=build, select=[*QUALITY, *CONFORMED_ENTITIES],
        # tests that also read marts which are not built here are left out
        env={"DBT_INDIRECT_SELECTION": "cautious"}, **variables,
    )  # fmt: skip
    assert build.is_success, build.messages
    assert conformed(build) == expected_entities()
    assert build.rows(
        "select file_name, line_number, rule_code, column_name from marts.quality_quarantine order by 2"
    ) == [
        ("brought.customers", 7, "out_of_range", "age"),
        ("brought.customers", 8, "out_of_range", "age"),
        ("brought.customers", 9, "out_of_range", "age"),
    ]
    assert build.row(
        "select raw_count, conformed_count, quarantined_count, deduplicated_count, is_reconciled "
        "from marts.quality_reconciliation where file_name = 'brought.customers'"
    ) == (10, 6, 3, 1, True)


class TestDemoBank:
    @pytest.fixture
    def truth(self):
        return json.loads((ROOT / "data" / "demo" / "truth.json").read_text("utf-8"))

    def test_quarantine_is_the_planted_rows_and_no_other(self, demo, truth):
        found = demo.rows(
            "select file_name, line_number, rule_code, column_name from marts.quality_quarantine"
        )
        planted = [
            (row["file_name"], row["line_number"], row["rule_code"], row["column_name"])
            for row in truth["dirty_rows"]
        ]
        assert planted
        assert Counter(found) == Counter(planted)

    def test_planted_copies_are_removed_and_all_is_reconciled(self, demo, truth):
        rows = demo.values(
            "select source_name, deduplicated_count, conformed_count, is_reconciled "
            "from marts.quality_reconciliation"
        )
        assert {name: row[0] for name, row in rows.items()} == {
            f"demo_bank.{name}": count for name, count in truth["duplicates"].items()
        }
        assert all(row[2] for row in rows.values())
        assert len(rows) == len(ENTITIES)  # the demo bank brings no snapshots


HOSTILE = "x'; drop schema seeds cascade; --"


def test_hostile_variables_end_no_literal(run_dbt, tmp_path):
    variables = {
        "source_system": "canonical",
        "age_band_set": HOSTILE,
        "standardisation_age_band_set": HOSTILE,
        "date_formats": ["%d %b %Y", "%y%m%d", "%Y-%m-%d", HOSTILE],
    }
    # days as words and without a century have formats too, which are read beside the others
    text = as_csv(ENTITIES["customers"][1])
    text = text.replace("1990-02-03", "3 feb 1990").replace("2024-05-06", "240506")
    folder = in_folder(tmp_path, text, "customers.csv")
    build = run_dbt("seed", raw=folder, **variables)
    select = ["+int_churn_cuts_listed", "+int_customers_conformed"]
    build = run_dbt("run", raw=folder, into=build, select=select, **variables)
    assert build.is_success, build.messages
    assert build.rows(CONFORMED) == expected_entities()["customers"]
    assert build.row("select count(*) > 0 from seeds.cities") == (True,)
    band_sets = build.values(
        "select distinct age_band_set, 1 from intermediate.int_churn_cuts_listed"
    )
    assert HOSTILE in band_sets


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("as_of_date", f"Var as_of_date is '{HOSTILE}': expected a date as YYYY-MM-DD."),
        ("canonical_schema", f"canonical_schema '{HOSTILE}' is no schema: expected letters"),
    ],
)
def test_a_hostile_date_or_schema_is_refused(read_canonical, run_dbt, tmp_path, variable, words):
    folder = in_folder(tmp_path, as_csv(ENTITIES["customers"][1]), "customers.csv")
    built = read_canonical(folder)
    variables = {"source_system": "canonical", variable: HOSTILE}
    build = run_dbt(
        "run", raw=folder, into=built, select=QUALITY, parsed_with=variables, **variables
    )
    assert not build.is_success
    assert_one_sentence("\n".join(build.messages), [words])
    assert built.row("select count(*) > 0 from seeds.cities") == (True,)
    assert built.rows(CONFORMED) == expected_entities()["customers"]
