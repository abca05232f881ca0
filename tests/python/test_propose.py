"""A layout proposed for files nobody has described: what is guessed, what is asked, and what is refused."""

import csv
import io
import pathlib
import re
import shutil

import jinja2
import pytest
import yaml
from reading.propose import (
    ROOT,
    Column,
    compared_groups,
    declaration,
    declared,
    own_name,
    propose,
    reserved_names,
    write,
)

CLIENTS = (
    "CLIENTNUM,Attrition_Flag,Customer_Age,Sex,Card_Category,Credit_Limit,E-mail,Balance,Joined\n"
    + "".join(
        f"{100 + i},{'Attrited' if i % 3 else 'Existing'} Customer,{20 + i % 50},{'MF'[i % 2]},"
        f"{'Blue' if i % 4 else 'Gold'},"
        f"{i * 10}.5,c{i}@bank.example,{i},{1 + i % 12}/2/2010\n"
        for i in range(120)
    )
)
SALES = "Invoice;Quantity;Price;InvoiceDate;Customer ID;Country\n" + "".join(
    f"{500 + i // 2};{i % 4};2,{i % 10}5;2010-12-{1 + i % 28:02d} 08:26;"
    f"{'' if i == 7 else 100 + i % 9};{'France' if i % 3 else 'Spain'}\n"
    for i in range(90)
)


@pytest.fixture
def folder(tmp_path):
    def make(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        return tmp_path

    return make


@pytest.fixture
def root(tmp_path_factory):
    """A project's settings and the macros that name what is taken."""
    root = tmp_path_factory.mktemp("project")
    (root / "macros").symlink_to(ROOT / "macros")
    (root / "dbt_project.yml").write_text((ROOT / "dbt_project.yml").read_text("utf-8"), "utf-8")
    shutil.copytree(ROOT / "seeds", root / "seeds")
    return root


def test_customers_are_mapped_translated_and_given_own_columns(folder):
    (source,) = propose(folder(clients=CLIENTS))
    declared = declaration(source)
    assert declared["columns"] == {
        "customer_id": ["CLIENTNUM"], "age": ["Customer_Age"], "gender": ["Sex"],
        "is_churned": ["Attrition_Flag"], "balance": ["Balance"],
    }  # fmt: skip
    assert declared["values"] == {
        "is_churned": {"Attrited Customer": "yes", "Existing Customer": "no"}
    }
    assert declared["own_columns"] == {
        "card_category": {"kind": "text", "headers": ["Card_Category"]},
        "credit_limit": {"kind": "money", "headers": ["Credit_Limit"]},
    }
    asked = " ".join(source.notes)
    assert "E-mail is not read: its name says that it tells who a customer is." in asked
    assert (
        "Joined is not read: dates such as 9/9/9999 in Joined are in no format of var date_formats."
        in asked
    )


def test_customers_without_a_file_are_made_of_their_transactions(folder):
    transactions, customers = propose(folder(sales=SALES))
    declared = declaration(transactions)
    assert declared["expressions"] == {"amount": "Quantity * Price"}
    assert declared["numbered_key"] == "transaction_id"
    assert declared["columns"]["order_id"] == ["Invoice"]
    assert declared["where"] == [
        {"condition": '"Customer ID" is not null', "reason": "no customer is named"}
    ]
    declared = declaration(customers)
    assert declared["entity"] == "customers"
    assert declared["one_row_per_key"] == {
        "ordered_by": "InvoiceDate",
        "take": {"joined_on": "first"},
    }
    assert declared["where"]


def test_what_says_who_left_is_asked_for_and_explains_nothing(folder):
    (source,) = propose(
        folder(
            clients="id,status\n"
            + "".join(f"{i},{'Left' if i % 2 else 'Here'}\n" for i in range(9))
        )
    )
    assert "own_columns" not in declaration(source)
    assert any(
        "status is not read: its values (Here, Left) may say who has left" in note
        for note in source.notes
    )


SUBSCRIBERS = "Nr;Phone_Service;Phone_No;Fee_Class;Monthly_Fee;Churn_Status\n" + "".join(
    f"S{i};{'yes' if i % 3 else 'no'};+49 {i};{'AB'[i % 2]};{i % 10},50;{'Cancelled' if i % 4 else 'Active'}\n"
    for i in range(120)
)
PAYMENTS = "Payment;Nr;Settled;Sum_EUR\n" + "".join(
    f"P{i};S{i % 70};{1 + i % 28:02d}.03.2024;{i},10\n" for i in range(140)
)


def test_a_key_that_no_name_tells_is_the_one_that_both_files_share(folder):
    payments, subscribers = propose(folder(payments=PAYMENTS, subscribers=SUBSCRIBERS))
    assert (payments.entity, subscribers.entity) == ("transactions", "customers")
    assert declaration(payments)["columns"] == {
        "customer_id": ["Nr"], "occurred_at": ["Settled"], "amount": ["Sum_EUR"],
    }  # fmt: skip
    assert declaration(subscribers)["columns"] == {
        "customer_id": ["Nr"],
        "is_churned": ["Churn_Status"],
    }
    assert declaration(subscribers)["values"]["is_churned"] == {"Active": "no", "Cancelled": "yes"}
    # a service by phone tells nobody who a customer is, a number does
    assert set(subscribers.own) == {"phone_service", "fee_class", "monthly_fee"}
    asked = " ".join(payments.notes + subscribers.notes)
    for guess in (
        "Nr is taken for the key of a customer. Is that so?",
        "Settled is taken for the day of an event. Is that so?",
        "Sum_EUR is taken for the amount. Is that so?",
    ):
        assert guess in asked


@pytest.mark.parametrize(
    ("text", "entity", "words"),
    [
        (
            "customer_id,called_on\n" + "".join(f"{100 + i % 9},2024-01-{10 + i % 19}\n" for i in range(40)),
            "interactions", "a.csv is taken for contacts with customers. Is that so?",
        ),
        (
            "customer_id,day,balance\n" + "".join(f"{100 + i // 3},2024-0{1 + i % 3}-28,{i}.5\n" for i in range(90)),
            None, "a.csv is not read: it seems to have most customers on each of its days",
        ),
        (
            "customer_id,price\n" + "".join(f"{100 + i % 9},{i}.5\n" for i in range(20)),
            None, "a.csv is not read: it has no day of an event. What is it?",
        ),
        (
            "customer_id,on,price\n" + "".join(f"{100 + i % 9},1/{i % 9}/24,{i}.5\n" for i in range(20)),
            None, "a.csv is not read: dates such as 9/9/99 in on are in no format of var date_formats.",
        ),
    ],
)  # fmt: skip
def test_a_second_file_is_what_it_has_or_a_question(folder, text, entity, words):
    second, clients = propose(folder(a=text, clients=CLIENTS))
    assert (second.entity, clients.entity) == (entity, "customers")
    # what is not read is asked in the staging file of what is
    assert any(words in note for note in (second if entity else clients).notes)


def test_dates_in_a_format_that_a_build_tries_are_dates(folder, root):
    settings = root / "dbt_project.yml"
    settings.write_text(
        settings.read_text("utf-8").replace(
            "  date_formats:", '  date_formats:\n    - "%m/%d/%Y"\n   ', 1
        )
    )
    (source,) = propose(folder(clients=CLIENTS), root)
    assert declaration(source)["columns"]["joined_on"] == ["Joined"]


def test_a_day_that_most_customers_lack_may_be_that_on_which_the_others_left(folder):
    text = "id,joined,gone\n" + "".join(
        f"{i},2020-01-01,{'2024-03-01' if i % 5 == 0 else ''}\n" for i in range(20)
    )
    (source,) = propose(folder(clients=text))
    assert "own_columns" not in declaration(source)
    assert any("gone is not read: it is blank for most customers" in note for note in source.notes)


def test_values_that_all_say_the_same_do_not_say_who_has_left(folder):
    text = "id,churn\n" + "".join(f"{i},{'active' if i % 2 else 'not active'}\n" for i in range(9))
    (source,) = propose(folder(clients=text))
    assert "is_churned" not in source.mapped
    assert any("which of its values mean yes?" in note for note in source.notes)


def test_rules_to_begin_with_are_rows_of_the_layout_in_the_seeds(folder, root):
    before = {path: path.read_text("utf-8") for path in (root / "seeds").glob("*/*.csv")}
    said = write("telco", folder(payments=PAYMENTS, subscribers=SUBSCRIBERS), root)
    written = {}
    for path, text in before.items():
        now = path.read_text("utf-8")
        assert now.startswith(text)  # the rules of others stay as they are
        rows = [
            row for row in csv.DictReader(io.StringIO(now)) if row.get("source_system") == "telco"
        ]
        if rows:
            assert f"{path.relative_to(root)}: " in said
            written[path.stem] = rows
        else:
            assert now == text
    assert set(written) == {
        "segment_rules", "segment_strategies", "churn_cuts", "hypotheses", "churn_definitions", "currencies",
    }  # fmt: skip
    assert written["currencies"] == [{"source_system": "telco", "currency_code": "EUR"}]
    low, high = written["segment_rules"]
    assert (low["column_name"], low["upper_bound"]) == ("monthly_fee", high["lower_bound"])
    general = {
        row["strategy_code"]
        for row in csv.DictReader(io.StringIO(before[root / "seeds/strategy/strategies.csv"]))
        if row["source_system"] == "any"
    }
    assert {row["strategy_code"] for row in written["segment_strategies"]} <= general
    assert {row["segment_code"] for row in written["segment_strategies"]} == {
        low["segment_code"],
        high["segment_code"],
    }
    assert [row["is_primary"] for row in written["churn_definitions"]] == ["false"]


def test_for_another_project_the_declaration_is_printed_and_nothing_is_written(folder, root):
    said = declared("telco", folder(payments=PAYMENTS, subscribers=SUBSCRIBERS), root)
    variables = yaml.safe_load(said[said.index("vars:") :])["vars"]["clientele"]
    assert variables["source_system"] == "telco"
    assert set(variables["declarations"]["telco"]) == {"transactions", "customers"}
    customers = variables["declarations"]["telco"]["customers"]
    assert customers["file"] == "subscribers.csv"
    assert customers["columns"]["is_churned"] == ["Churn_Status"]
    assert "? Phone_No is not read" in said
    assert not (root / "models").exists()
    assert "telco" not in (root / "dbt_project.yml").read_text("utf-8")


def test_a_number_that_each_group_fixes_is_no_hypothesis():
    text = Column("Tariff", ["a", "b"] * 30)
    own = {"fee": Column("Fee", ["9.5", "19.5"] * 30), "tariff": text}
    assert compared_groups(own) is None
    own["data_gb"] = Column("Data", [f"{i}.5" for i in range(60)])
    assert compared_groups(own) == ("data_gb", "tariff", "a", "b")


def test_rows_of_a_layout_that_was_deleted_are_not_doubled(folder, root):
    write("telco", folder(subscribers=SUBSCRIBERS), root)
    shutil.rmtree(root / "models")
    shutil.rmtree(root / "tests")
    (root / "dbt_project.yml").write_text((ROOT / "dbt_project.yml").read_text("utf-8"), "utf-8")
    with pytest.raises(SystemExit, match="has rows of source_system telco already"):
        write("telco", folder(), root)
    assert not (root / "models").exists()


@pytest.mark.parametrize(
    ("header", "values", "kind", "name"),
    [
        ("Total_Trans_Ct", ["12", "7"], "integer", "total_trans_ct"),
        ("UnitPrice", ["2,55", "1.5"], "money", "unit_price"),
        ("Avg Ratio", [".061", "1"], "number", "avg_ratio"),
        ("HasApp", ["Y", "n"], "flag", "has_app"),
        ("Last Visit Date", ["2024-01-31", "31.01.2024"], "date", "last_visit_on"),
        ("Balance", ["1", "2"], "money", "own_balance"),  # a canonical name
        ("order", ["a", "b"], "text", "own_order"),  # a word of SQL
        ("1st value", ["a", "b"], "text", "own_1st_value_given"),
    ],
)
def test_columns_get_a_kind_and_a_name_that_can_be_used(header, values, kind, name):
    column = Column(header, values)
    assert column.kind == kind
    assert own_name(column, reserved_names()) == name


def test_what_is_written_is_a_staging_file_whatever_the_headers_are(folder, root):
    hostile = "id,it's,%} {{ x }} #},age\n" + "".join(
        f"{i},{i % 2},{'ab'[i % 2]},3\n" for i in range(9)
    )
    said = write("my_bank", folder(clients=hostile), root)
    text = (root / "models/staging/my_bank/stg_my_bank__customers.sql").read_text("utf-8")
    raw = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text).make_module(
        {"config": lambda **_: "", "var": lambda _: "my_bank", "stage": lambda raw: ""}
    ).raw  # fmt: skip
    assert [column["headers"] for column in raw["own_columns"].values()] == [
        ["it's"],
        ["%} {{ x }} #}"],
    ]
    settings = (root / "dbt_project.yml").read_text("utf-8")
    assert re.search(
        r"\n    bank_marketing: [^\n]+\n    my_bank: \[customers\]\n  declarations", settings
    )
    assert "id -> customer_id: integer, 9 different, 0 blank" in said
    compile((root / "tests/build/test_my_bank.py").read_text("utf-8"), "test", "exec")
    with pytest.raises(SystemExit, match="is in dbt_project.yml already"):
        write("my_bank", folder(), root)


@pytest.mark.parametrize(
    ("layout", "files", "words"),
    [
        ("My Bank", {"a": CLIENTS}, "Layout 'My Bank' is no name: expected small letters"),
        ("demo_bank", {"a": CLIENTS}, "Layout 'demo_bank' is in dbt_project.yml already"),
        ("my_bank", {}, "has no file of text or Parquet"),
        ("my_bank", {"a": "x,y\n1,2\n"}, "No file in folder"),
        ("my_bank", {"a": "x,y\n"}, "File a.csv has no rows"),
        ("my_bank", {"a": ""}, "File a.csv is empty"),
    ],
)
def test_a_wrong_use_gets_one_sentence_and_writes_nothing(folder, root, layout, files, words):
    with pytest.raises(SystemExit) as stopped:
        write(layout, folder(**files), root)
    assert words in str(stopped.value)
    assert str(stopped.value).endswith((".", ")."))
    assert not (root / "models").exists()


def test_a_missing_folder_is_named(root):
    with pytest.raises(SystemExit, match="Folder 'nowhere' is missing"):
        write("my_bank", pathlib.Path("nowhere"), root)
