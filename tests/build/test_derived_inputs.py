"""What a declaration derives: translated, calculated values, rows left out, keys, customers of their transactions."""

import json
from decimal import Decimal

import pytest
from conftest import MODELS
from own_project import OwnProject

# the columns of a shop's till: no key of a line, no file of customers, and no amount
TILL = """Invoice;StockCode;Quantity;InvoiceDate;Price;Customer ID;Country
536365;A1;6;2010-12-01 08:26;2,55;17850;France
536365;A2;3;2010-12-01 08:26;3,39;17850;Belgium
536366;A1;1;2011-03-05 09:00;2,55;17850;Belgium
C536379;D;-1;2010-12-02 09:41;27,50;17850;France
536370;A3;2;2011-01-07 10:00;1,25;12583;Iceland
536371;A3;2;2011-02-07 10:00;1,25;12583;France
536372;POST;1;2011-02-07 10:00;18,00;12583;France
536373;A1;1;2011-05-01 10:00;2,55;;France
536374;A1;x;2011-05-01 10:00;2,55;12584;Spain
536375;A1;1;2011-05-01 10:00;2,55;12584;Spain
"""
WHERE = [
    {"condition": "Invoice not like 'C%' and Quantity > 0", "reason": "cancelled orders"},
    {"condition": "StockCode not in ('POST', 'DOT')", "reason": "postage"},
]
MAPPED = {"customer_id": ["Customer ID"]}
TRANSACTIONS = {
    "entity": "transactions",
    "file": "till.csv",
    "columns": {**MAPPED, "occurred_at": ["InvoiceDate"], "order_id": ["Invoice"]},
    "expressions": {"amount": "Quantity * Price", "product_code": "StockCode || '-' || Country"},
    "numbered_key": "transaction_id",
    "where": WHERE,
}
CUSTOMERS = {
    "entity": "customers",
    "file": "till.csv",
    "columns": {
        **MAPPED,
        "city": ["Country"],
        "joined_on": ["InvoiceDate"],
        "education": ["StockCode"],
    },
    "where": [
        {"condition": '"Customer ID" is not null', "reason": "sales without a customer"},
        {"condition": "Country <> 'Spain'", "reason": "another branch"},
    ],
    "one_row_per_key": {
        "ordered_by": "InvoiceDate",
        "take": {"city": "most_frequent", "joined_on": "first"},
    },
}
READ = ["+quality_reconciliation", "+quality_quarantine", "+quality_inputs"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = OwnProject(tmp_path_factory.mktemp("project"), shop=["customers", "transactions"])
    project.stage("shop", "customers", CUSTOMERS)
    project.stage("shop", "transactions", TRANSACTIONS)
    return project


@pytest.fixture(scope="module")
def shop(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "till.csv").write_text(TILL)
    build = project.run("shop", folder / "build", folder, select=READ, env=MODELS)
    assert build.is_success, build.messages
    return build


def test_amounts_are_calculated_and_keys_are_lines(shop):
    assert shop.rows(
        "select transaction_id, customer_id, amount, product_code "
        "from intermediate.int_transactions_conformed order by all"
    ) == [
        ("2", "17850", Decimal("15.30"), "A1-France"),
        ("3", "17850", Decimal("10.17"), "A2-Belgium"),
        ("4", "17850", Decimal("2.55"), "A1-Belgium"),
        ("6", "12583", Decimal("2.50"), "A3-Iceland"),
        ("7", "12583", Decimal("2.50"), "A3-France"),
    ]


def test_customers_are_made_of_their_transactions(shop):
    assert shop.rows(
        "select customer_id, city, cast(joined_on as varchar), education "
        "from intermediate.int_customers_conformed order by all"
    ) == [
        ("12583", "France", "2011-01-07", "POST"),
        # of two equally frequent cities the first in the alphabet, of everything else the latest
        ("17850", "Belgium", "2010-12-01", "A1"),
    ]


def test_what_is_left_out_on_purpose_is_counted_with_its_money_apart_from_what_is_wrong(shop):
    columns = "raw_count, conformed_count, quarantined_count, deduplicated_count, excluded_count"
    rows = shop.values(
        f"select source_name, {columns}, raw_amount, conformed_amount, quarantined_amount, excluded_amount, "
        "is_reconciled "
        "from marts.quality_reconciliation"
    )
    assert rows["shop.transactions"] == (
        10, 5, 2, 0, 3, Decimal("28.62"), Decimal("33.02"), Decimal("2.55"), Decimal("-6.95"), True,
    )  # fmt: skip
    assert rows["shop.customers"][:5] == (10, 2, 0, 5, 3)
    assert rows["shop.customers"][-1]
    assert shop.rows("select line_number, rule_code, column_name from marts.quality_quarantine order by 1") == [
        (9, "missing_value", "customer_id"), (10, "unparseable_value", "amount"),
    ]  # fmt: skip
    assert shop.rows(
        "select line_number, rule_code, broken_rules from intermediate.int_transactions_judged "
        "where row_status = 'excluded' order by 1"
    ) == [
        (5, "excluded", "cancelled orders"),
        (8, "excluded", "postage"),
        (11, "excluded_customer", "excluded_customer in customer_id"),
    ]


EXPRESSIONS = [
    ("number", "-(Quantity + 1) * Price / 2", None),
    ("text", "Invoice || ' of ''' || \"Customer ID\" || ''''", None),
    ("condition", "not (Quantity > 0 and Price <> 2.5) or Country is not null and StockCode in ('a', 'b')", None),
    ("number", "Quantity * Price); --", "expected columns and numbers with + - * / and brackets."),
    ("number", "Quantity; drop table x", "names 'drop', but file till.csv has no such column"),
    ("number", "Quantity ** Price", "expected columns and numbers"),
    ("number", "Quantity Price", "expected columns and numbers"),
    ("number", "read_csv('/etc/passwd')", "names 'read_csv', but file till.csv has no such column"),
    ("text", "Invoice || Price ||", "expected columns and quoted texts joined by ||."),
    ("text", "Invoice || '", "expected columns and quoted texts joined by ||."),
    ("condition", "Quantity > (select 1)", "names 'select', but file till.csv has no such column"),
    ("condition", "1 = 1", "expected comparisons of columns with values"),
    ("condition", "Quantity > 0 or", "expected comparisons of columns with values"),
    ("condition", "Country = 'a' --", "expected comparisons of columns with values"),
]  # fmt: skip


def test_nothing_but_columns_and_values_reaches_sql(compiled):
    header = TILL.splitlines()[0].split(";")
    source = {"file_name": "till.csv", "header": header, "format": "text"}
    calls = [
        f"{{{{ tojson(parsed_expression({source!r}, {text!r}, {goal!r})) }}}}"
        for goal, text, _ in EXPRESSIONS
    ]
    lines = compiled("\n".join(calls)).strip().splitlines()
    for (_, text, words), line in zip(EXPRESSIONS, lines, strict=True):
        read = json.loads(line)
        if words is None:
            assert read["positions"], text
        else:
            assert words in read["fault"], (text, read)
