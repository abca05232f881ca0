"""The two files of the study of RFM clusters: inputs that are no canonical entity, and still accounted for."""

from decimal import Decimal

import pytest
from conftest import NO_UNIT_TESTS

LAYOUT = {"source_system": "bank_marketing"}
CLIENTS = [
    '"age";"job";"marital";"education";"default";"balance";"housing";"loan";"contact";"day";"month";"y"',
    '58;"management";"married";"tertiary";"no";2143;"yes";"no";"unknown";5;"may";"no"',
    '35;"admin.";"single";"unknown";"no";-7,5;"yes";"no";"cellular";6;"jun";"no"',
    '35;"admin.";"single";"unknown";"no";much;"yes";"no";"cellular";6;"jun";"no"',
    '35;"";"single";"unknown";"no";100;"yes";"no";"cellular";6;"jun";"no"',
    '35;"admin.";"single";"unknown";"no";1000;"yes";"no"',
]
NAMES = [
    "age", "job", "marital", "education", "default", "housing", "loan", "contact", "month", "day_of_week", "duration",
    "campaign", "pdays", "previous", "poutcome", "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m",
    "nr.employed", "y",
]  # fmt: skip
CONTACT = [
    "58", "management", "married", "tertiary", "no", "unknown", "no", "cellular", "may", "mon", "261", "1", "999", "0",
    "nonexistent", "1.1", "93.9", "-36.4", "4.86", "5099.1", "yes",
]  # fmt: skip
CONTACTS = [NAMES, CONTACT, CONTACT, ["58.5", *CONTACT[1:]], [*CONTACT[:-1], "maybe"]]
# The recipe behind the published table, up to its customers.
RECIPE = """
    with joined as (
        select
            contacts.* exclude (line_number, month, fault),
            contacts.month as contact_month, balance, day, clients.month
        from staging.stg_bank_marketing__contacts as contacts
        inner join staging.stg_bank_marketing__clients as clients using (age, job, marital_status, education)
    ),

    kept as (
        select distinct * from joined
    )

    select
        (select count(*) from joined), count(*), count(distinct (age, job, marital_status)), sum(balance)
    from kept
"""


def in_folder(folder, clients=CLIENTS, contacts=CONTACTS):
    (folder / "bank-full.csv").write_text("\n".join(clients))
    (folder / "bank-additional-full.csv").write_text("\n".join(map(";".join, contacts)))
    return folder


@pytest.fixture(scope="module")
def small(run_dbt, tmp_path_factory):
    """Everything built, on a few rows."""
    folder = in_folder(tmp_path_factory.mktemp("bank_marketing"))
    return run_dbt(raw=folder, env=NO_UNIT_TESTS, **LAYOUT)


def test_the_other_marts_build_empty(small):
    assert small.is_success, [message for message in small.messages if "rror" in message]
    assert small.row("select count(*) from marts.rfm_customers") == (0,)
    notes = small.values(
        "select entity_name, is_supplied, conformed_count, note from marts.quality_inputs"
    )
    assert notes["customers"] == (
        False,
        0,
        "This layout has no customers; all marts of customers are empty",
    )
    assert notes["clients"][:2] == notes["contacts"][:2] == (True, 2)
    assert "Columns of bank-full.csv not read: default" in notes["clients"][2]


def test_values_arrive_typed(small):
    good = "where fault is null order by line_number"
    assert small.rows(f"select * exclude (fault) from staging.stg_bank_marketing__clients {good}") == [
        (2, 58, "management", "married", "tertiary", Decimal("2143.00"), 5, "may"),
        (3, 35, "admin.", "single", "unknown", Decimal("-7.50"), 6, "jun"),
    ]  # fmt: skip
    contact = (
        58, "management", "married", "tertiary", "no", "unknown", "no", "cellular", "may", "mon", 261, 1, 999, 0,
        "nonexistent", 1.1, 93.9, -36.4, 4.86, 5099.1, True,
    )  # fmt: skip
    assert small.rows(f"select * exclude (fault) from staging.stg_bank_marketing__contacts {good}") == [
        (2, *contact), (3, *contact)
    ]  # fmt: skip


def test_faulty_rows_are_quarantined_and_all_is_reconciled(small):
    assert small.rows(
        "select * exclude (broken_rules) from marts.quality_quarantine order by file_name, line_number"
    ) == [
        ("bank_marketing.contacts", "bank-additional-full.csv", 4, "unparseable_value", "age", "##.#"),
        ("bank_marketing.contacts", "bank-additional-full.csv", 5, "unparseable_value", "is_subscribed", "xxxxx"),
        ("bank_marketing.clients", "bank-full.csv", 4, "unparseable_value", "balance", "xxxx"),
        ("bank_marketing.clients", "bank-full.csv", 5, "missing_value", "job", None),
        ("bank_marketing.clients", "bank-full.csv", 6, "wrong_field_count", None,
         '##;"xxxxx.";"xxxxxx";"xxxxxxx";"xx";####'),
    ]  # fmt: skip
    assert small.values(
        "select source_name, * exclude (source_name, file_name, excluded_count, excluded_amount) "
        "from marts.quality_reconciliation"
    ) == {
        "bank_marketing.clients": (
            5, 2, 3, 0, Decimal("3235.50"), Decimal("2135.50"), Decimal("1100.00"), 0, True,
        ),
        "bank_marketing.contacts": (4, 2, 2, 0, 0, 0, 0, 0, True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "bank-full.csv").unlink(), "File bank-full.csv is missing: expected it in folder"),
        (
            lambda folder: in_folder(folder, contacts=[CONTACT, CONTACT]),
            "File bank-additional-full.csv has no column 'age': expected it for contacts.age, but the header line has "
            "none of the expected names.",
        ),
    ],
    ids=["no file", "no header"],
)  # fmt: skip
def test_what_cannot_be_read_stops_the_build_with_one_sentence(run_dbt, tmp_path, change, sentence):
    change(in_folder(tmp_path))
    build = run_dbt("run", raw=tmp_path, select=["stg_bank_marketing__clients"], **LAYOUT)
    assert not build.is_success
    assert any(sentence in message for message in build.messages), build.messages


def test_the_recipe_of_the_study_gives_its_rows_and_money(bank_marketing):
    assert bank_marketing.row(RECIPE) == (8529, 8528, 398, Decimal("12310759.00"))
