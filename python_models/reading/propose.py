"""A first layout for a folder of files: what each file and column seems to be, as staging files to look through.

What cannot be guessed is a question in a comment of the file that is written, and a column that looks as if it told who
a customer is stays unread.
"""

import argparse
import csv
import datetime
import io
import itertools
import os
import pathlib
import pprint
import re
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from reading.text import described, in_utf8, opened

ROOT = pathlib.Path(__file__).parents[2]
LINES = 200_000  # of each file that are looked at
FEW_VALUES = 50  # different values of a text that may explain something

# Names of columns in plain letters, by entity and column, the surest first.
KEYS = (
    "customerid custid clientid clientnum clientno userid memberid subscriberid policyholderid member customer client "
    "subscriber shopperid shopper buyerid buyer customerno customernumber accountid"
)
NAMES: dict[str, dict[str, str]] = {
    "customers": {
        "customer_id": KEYS,
        "age": "age customerage",
        "birth_date": "birthdate dateofbirth dob born birthday",
        "gender": "gender sex",
        "city": "city town",
        "joined_on": "joinedon joined opened openedon customersince signupdate joindate registrationdate "
        "activationdate startdate",
        "closed_on": "closedon closed closingdate churndate exitdate cancellationdate terminationdate enddate",
        "is_churned": "ischurned churn churned exited attritionflag attrition churnflag churnlabel",
        "credit_score": "creditscore",
        "estimated_salary": "estimatedsalary salary",
        "balance": "balance accountbalance",
        "product_count": "productcount numofproducts numberofproducts products",
        "has_credit_card": "hascreditcard hascrcard",
        "is_active": "isactive isactivemember",
        "tenure_years": "tenureyears",
        "tenure_months": "tenuremonths monthsonbook",
        "education": "education educationlevel",
        "job": "job occupation",
        "marital_status": "maritalstatus marital",
        "marketing_consent": "marketingconsent consent",
    },
    "transactions": {
        "customer_id": KEYS,
        "transaction_id": "transactionid txnid receipt receiptid bookingid paymentid paymentno id",
        "occurred_at": "occurredat transactiondate date invoicedate bookingdate purchasedate orderdate paymentdate "
        "boughtat paidon paidat timestamp datetime time",
        "amount": "amount total transactionamount totalamount value sum price",
        "order_id": "orderid orderno ordernumber order invoice invoiceno invoiceid basketid",
        "product_code": "productcode product stockcode sku productid",
    },
    "interactions": {
        "customer_id": KEYS,
        "interaction_id": "interactionid contactid callid interaction contact call id",
        "occurred_at": "occurredat contactdate calldate contactedon calledon date timestamp datetime time",
        "channel": "channel",
        "direction": "direction",
    },
}
EVENTS = {"transactions": "transaction_id", "interactions": "interaction_id"}  # with their keys
# What the values of a canonical column must look like; other columns take any text.
NUMBERS = {"integer", "number", "money"}
KINDS = {
    **dict.fromkeys(("birth_date", "joined_on", "closed_on", "occurred_at"), {"date"}),
    **dict.fromkeys(
        (
            "age",
            "credit_score",
            "estimated_salary",
            "balance",
            "product_count",
            "tenure_years",
            "tenure_months",
            "amount",
        ),
        NUMBERS,
    ),
    # a column of 0 and 1 alone may be a number too
    **dict.fromkeys(("has_credit_card", "is_active", "marketing_consent"), {"flag"}),
    "is_churned": {"flag", "text"},
}
GENDERS = {
    "female",
    "f",
    "woman",
    "w",
    "male",
    "m",
    "man",
    "other",
    "o",
    "diverse",
    "d",
    "x",
    "unknown",
    "u",
    "non-binary",
}
QUANTITY, PRICE = ("quantity", "qty"), ("price", "unitprice")
PERSONAL = re.compile(
    r"name|mail|phone|mobile|address|street|passport|iban|ssn|cardnumber|zip|postcode"
)
MONEY = re.compile(r"amount|amt|limit|balance|price|salary|income|charge|spend|fee|premium|revolv")
YES = re.compile(r"^yes|^true|churn|attrit|left|closed|exit|lost|gone|cancel|terminat")
NO = re.compile(r"no|false|exist|active|current|retain|stay|remain|open")
LEFT = re.compile(YES.pattern.replace("^yes|^true|", ""))
LEAVING = re.compile(r"churn|attrit")
CURRENCY = re.compile(
    r"(?:^|[^A-Z])(AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|INR|JPY|NOK|PLN|RUB|SEK|TRY|USD)(?![A-Z])"
)
KEY_LIKE = re.compile(r"(id|no|nr|num|number|key|code)$")
FLAGS = {"1", "0", "true", "false", "t", "f", "yes", "no", "y", "n", "1.0", "0.0", ""}
DATE = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d([.]\d+)?)?)?|\d\d[.]\d\d[.]\d{4}( \d\d:\d\d(:\d\d)?)?|\d{8}"
)
OTHER_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}.*|\d{1,2}-[A-Za-z]{3}-\d{2,4}.*")
INTEGER, NUMBER = re.compile(r"[+-]?\d+([.]0*)?"), re.compile(r"[+-]?(\d[\d ]*)?[.,]?\d+")


@dataclass
class Column:
    """A column of a file, as its values are."""

    header: str
    values: list[str]
    known: list[str] = field(init=False)
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.known = [value for value in self.values if value]
        self.kind = kind_of(self.plain, self.known)

    @property
    def plain(self) -> str:
        return re.sub(r"[^a-z0-9]", "", self.header.lower())

    @property
    def distinct(self) -> int:
        return len(set(self.known))

    @property
    def is_key(self) -> bool:
        """A different value in every row."""
        return bool(self.known) and self.distinct == len(self.values)


@dataclass
class Source:
    """A file, the entity that it seems to have, and what is proposed for its columns."""

    file: str
    columns: list[Column]
    entity: str | None = None
    mapped: dict[str, Column] = field(default_factory=dict)
    own: dict[str, Column] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)


def kind_of(name: str, known: list[str]) -> str:
    """The kind of an own column with these values: number, integer, money, text, flag or date; else blank, date? (in a
    format that is not read) or free text."""
    if not known:
        return "blank"
    few = known[:LINES]

    def all_are(pattern: re.Pattern) -> bool:
        return all(pattern.fullmatch(value) for value in few)

    if {value.lower() for value in few} <= FLAGS:
        return "flag"
    if all_are(DATE) and not (
        all_are(re.compile(r"\d{8}")) and "date" not in name and not name.endswith("on")
    ):
        return "date"
    if all_are(OTHER_DATE):
        return "date?"
    if all_are(INTEGER):
        return "money" if MONEY.search(name) else "integer"
    if all_are(NUMBER):
        return "money" if MONEY.search(name) else "number"
    distinct = len(set(few))
    return "free text" if distinct > FEW_VALUES and distinct > len(few) / 2 else "text"


def read_source(path: pathlib.Path) -> Source:
    """The columns of a file of text or Parquet; SystemExit with one sentence for one that cannot be read."""
    if path.suffix.lower() == ".parquet":
        import duckdb

        relation = duckdb.connect().from_parquet(str(path)).limit(LINES)
        names, rows = relation.columns, relation.fetchall()
        cells = [["" if value is None else str(value) for value in row] for row in rows]
    else:
        with path.open("rb") as file:
            try:
                about = described(opened(file), None, None)
            except (ValueError, OSError, EOFError) as fault:
                raise SystemExit(f"File {path.name} {fault}") from None
            text = io.StringIO(in_utf8(file, about["encoding"]).decode("utf-8"), newline="")
        names = about["header"]
        lines = itertools.islice(text, about["header_line"], about["header_line"] + LINES)
        rows_read = csv.reader(lines, delimiter=about["delimiter"])
        cells = [[value.strip() for value in row] for row in rows_read if len(row) == len(names)]
    if not cells:
        raise SystemExit(f"File {path.name} has no rows: expected some beneath its header.")
    return Source(
        path.name,
        [
            Column(name, list(values))
            for name, values in zip(names, zip(*cells, strict=True), strict=True)
        ],
    )


def reserved_names(root: pathlib.Path = ROOT) -> set[str]:
    """Names that an own column may not have: macro reserved_names and what it reads name them in quotes."""
    files = (
        "macros/inputs/own_columns.sql",
        "macros/inputs/entities.sql",
        "macros/rules/segment_rules.sql",
    )
    return {
        name for file in files for name in re.findall(r"'(\w+)'", (root / file).read_text("utf-8"))
    }


def fits(name: str, column: Column) -> bool:
    """Whether the values of a column are those of the canonical column."""
    if name == "gender":
        return {value.lower() for value in column.known} <= GENDERS
    return column.kind != "blank" and (name not in KINDS or column.kind in KINDS[name])


def map_columns(source: Source, entity: str, keys: str = KEYS) -> dict[str, Column]:
    """Canonical column -> the column of the file whose name says so, the surest name first; `keys` are the names that
    the key of a customer may have."""
    found: dict[str, Column] = {}
    for column, names in NAMES[entity].items():
        for name in (keys if column == "customer_id" else names).split():
            match = [
                one for one in source.columns if one.plain == name and one not in found.values()
            ]
            if match and fits(column, match[0]):
                found[column] = match[0]
                break
    return found


def choose_entities(sources: list[Source]) -> None:
    """The entity of each file: customers where their key is different in every row, transactions where it repeats
    beside a day and an amount, contacts where there is only a day. A file of none has none. A key that no name tells is
    one that two files share, else the only one that is there."""
    choose_by_key(sources, KEYS)
    if not any(source.entity for source in sources):
        key = shared_key(sources) or only_key(sources)
        if key is not None:
            for source in sources:
                source.notes.clear()
            choose_by_key(sources, key.plain)
            for source in sources:
                if source.entity == "customers":
                    source.notes.append(
                        f"{key.header} is taken for the key of a customer. Is that so?"
                    )


def choose_by_key(sources: list[Source], names: str) -> None:
    for source in sources:
        found = {one.entity for one in sources}
        customers = map_columns(source, "customers", names)
        key = customers.get("customer_id")
        if key is not None and key.is_key and "customers" not in found:
            source.entity, source.mapped = "customers", customers
        elif key is not None:
            source.notes += guess_events(source, names, found)


def guess_events(source: Source, keys: str, found: set[str | None]) -> list[str]:
    """Makes a file with a day beside a key that repeats transactions, if it has an amount, else contacts; what no name
    tells is guessed. Returns what to ask."""
    notes = []
    mapped = map_columns(source, "transactions", keys)
    parts = quantity_and_price(source)
    if parts is not None and mapped.get("amount") in (None, parts[1]):
        mapped["amount"] = parts[1]
        source.raw["expressions"] = {"amount": " * ".join(quoted(one.header) for one in parts)}
        notes.append(f"The amount is {' times '.join(one.header for one in parts)}. Is that so?")
    amount = mapped.get("amount") or guessed(source, mapped, ("money", "number"))
    entity = "transactions" if amount is not None else "interactions"
    if entity in found:
        return [f"{source.file} is not read: another file has {entity}. What is it?"]
    if amount is None:
        source.raw.clear()
        mapped = map_columns(source, entity, keys)
        notes = [f"{source.file} is taken for contacts with customers. Is that so?"]
    elif "amount" not in mapped:
        mapped["amount"] = amount
        notes.append(f"{amount.header} is taken for the amount. Is that so?")
    if "occurred_at" not in mapped:
        day = guessed(source, mapped, ("date",))
        if day is None:
            source.raw.clear()
            strange = guessed(source, mapped, ("date?",))
            return [
                f"{source.file} is not read: "
                + (
                    "it has no day of an event. What is it?"
                    if strange is None
                    else unread_dates(strange)
                )
            ]
        mapped["occurred_at"] = day
        notes.append(f"{day.header} is taken for the day of an event. Is that so?")
    if is_snapshot(mapped["customer_id"], mapped["occurred_at"]):
        source.raw.clear()
        return [
            f"{source.file} is not read: it seems to have most customers on each of its days, as customer_snapshots "
            "have. Is that so?"
        ]
    if "expressions" in source.raw:
        del mapped["amount"]
    source.entity, source.mapped = entity, mapped
    return notes


def is_snapshot(key: Column, day: Column) -> bool:
    """Whether most customers are there on each day, once: what they had on that day, and no events."""
    pairs = list(zip(key.values, day.values, strict=True))
    return len(set(pairs)) == len(pairs) > key.distinct * day.distinct / 2 and day.distinct > 1


def guessed(source: Source, mapped: dict[str, Column], kinds: tuple[str, ...]) -> Column | None:
    """The first column of the first of these kinds that is not mapped yet."""
    left = [one for one in source.columns if one not in mapped.values()]
    return next((one for kind in kinds for one in left if one.kind == kind), None)


def are_read(column: Column, formats: list[str]) -> bool:
    """Whether each date has one of the formats that a build tries."""

    def is_read(value: str, code: str) -> bool:
        try:
            return bool(datetime.datetime.strptime(value, code))
        except ValueError:
            return False

    return all(any(is_read(value, code) for code in formats) for value in set(column.known))


def unread_dates(column: Column) -> str:
    return (
        f"dates such as {re.sub('[0-9]', '9', column.known[0])} in {column.header} are in no format of var "
        "date_formats. Which format is it?"
    )


def quantity_and_price(source: Source) -> tuple[Column, Column] | None:
    by_name = {column.plain: column for column in source.columns if column.kind in NUMBERS}
    quantity = next((by_name[name] for name in QUANTITY if name in by_name), None)
    price = next((by_name[name] for name in PRICE if name in by_name), None)
    return None if quantity is None or price is None else (quantity, price)


def shared_key(sources: list[Source]) -> Column | None:
    """A column that is different in every row of one file and repeats in another one."""
    for one, other in itertools.permutations(sources, 2):
        for key in one.columns:
            for column in other.columns:
                if key.plain == column.plain and key.is_key and column.known and not column.is_key:
                    values = set(column.known)
                    if len(values & set(key.known)) > len(values) / 2:
                        return key
    return None


def only_key(sources: list[Source]) -> Column | None:
    """The first column that is named like a key, and is different in every row."""
    columns = [column for source in sources for column in source.columns]
    return next((one for one in columns if KEY_LIKE.search(one.plain) and one.is_key), None)


def own_name(column: Column, taken: Iterable[str]) -> str:
    """A name that SQL can use, and that nothing else has."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.header)
    name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", words.lower())).strip("_")[:40]
    name = name if name[:1].isalpha() else f"own_{name}".rstrip("_")
    if column.kind == "date" and not name.endswith("_on"):
        name = re.sub("_(date|at|time)$", "", name) + "_on"
    if re.search("_(lower|upper|rules|value|measure|group|quartiles|known)$", name):
        name += "_given"
    while name in taken:
        name = f"own_{name}"
    return name


def propose_own(source: Source, taken: set[str]) -> None:
    for column in source.columns:
        if column in source.mapped.values():
            continue
        if is_personal(column):
            source.notes.append(
                f"{column.header} is not read: its name says that it tells who a customer is. Is that so?"
            )
        elif source.entity == "customers" and says_who_left(column):
            source.notes.append(
                f"{column.header} is not read: its values ({', '.join(sorted(set(column.known)))}) may say who has "
                "left. If they do, add it to columns as is_churned, and to values with what they mean."
            )
        elif source.entity == "customers" and says_when_left(column):
            source.notes.append(
                f"{column.header} is not read: it is blank for most customers, and may be the day on which the others "
                "left. If it is, add it to columns as closed_on."
            )
        elif column.kind in ("blank", "free text"):
            what = "no values" if column.kind == "blank" else f"{column.distinct:,} different texts"
            source.notes.append(f"{column.header} is not read: it has {what}. Is it needed?")
        elif column.kind == "date?":
            source.notes.append(f"{column.header} is not read: {unread_dates(column)}")
        elif column.kind in ("integer", "text") and column.is_key and column.distinct > FEW_VALUES:
            source.notes.append(
                f"{column.header} is not read: it is a different one in every row. Is it a key?"
            )
        elif source.entity == "interactions" or (
            source.entity == "transactions" and column.kind in ("text", "date")
        ):
            source.notes.append(
                f"{column.header} is not read: no mart uses such a column of {source.entity}. Is it needed?"
            )
        elif column.distinct == 1:
            source.notes.append(
                f"{column.header} is not read: it has one value only. Is that so in other extracts?"
            )
        else:
            name = own_name(column, taken)
            taken.add(name)
            source.own[name] = column


def is_personal(column: Column) -> bool:
    """Whether the name says that a column tells who a customer is, and not few values: PhoneService is yes or no."""
    is_few = column.kind == "flag" or column.distinct <= 5 < len(column.known) / 10
    return bool(PERSONAL.search(column.plain)) and not is_few


def says_who_left(column: Column) -> bool:
    """Whether one of a text's few values means that the customer has left: as a feature it would tell the outcome."""
    values = {value.lower() for value in column.known}
    return (
        column.kind == "text" and len(values) <= 5 and any(LEFT.search(value) for value in values)
    )


def says_when_left(column: Column) -> bool:
    return column.kind == "date" and len(column.known) < len(column.values) / 2


def propose_customers(source: Source) -> None:
    if "is_churned" not in source.mapped:
        for column in source.columns:
            is_flag = column.kind == "flag" or column.kind == "text" and column.distinct <= 5
            if LEAVING.search(column.plain) and is_flag and column not in source.mapped.values():
                source.mapped["is_churned"] = column
                break
    churn = source.mapped.get("is_churned")
    if churn is None and "closed_on" not in source.mapped:
        source.notes.append(
            "Which column says who has left (is_churned), or when (closed_on)? Without one, churn is inactivity."
        )
    if churn is not None and churn.kind != "flag":
        meanings: dict[str, str] = {}
        for value in sorted(set(churn.known)):
            is_yes, is_no = YES.search(value.lower()), NO.search(value.lower())
            if bool(is_yes) != bool(is_no):
                meanings[value] = "yes" if is_yes else "no"
        if len(meanings) == churn.distinct and len(set(meanings.values())) == 2:
            source.raw["values"] = {"is_churned": meanings}
        else:
            del source.mapped["is_churned"]
            source.notes.append(
                f"{churn.header} seems to say who has left, but not how: which of its values mean yes?"
            )


def propose_events(source: Source) -> None:
    name = EVENTS[source.entity or ""]
    key = source.mapped.get(name)
    if key is None or not key.is_key:
        source.mapped.pop(name, None)
        source.raw["numbered_key"] = name
        source.notes.append(f"The {name} is the number of a line. Is there a better key?")
    if any(not value for value in source.mapped["customer_id"].values):
        source.raw["where"] = [
            {
                "condition": f"{quoted(source.mapped['customer_id'].header)} is not null",
                "reason": "no customer is named",
            }
        ]
        source.notes.append("Rows without a customer are left out on purpose. Is that so?")


def quoted(header: str) -> str:
    return header if re.fullmatch(r"[^\W\d]\w*", header) else f'"{header}"'


def propose(folder: pathlib.Path, root: pathlib.Path = ROOT) -> list[Source]:
    """What each file of the folder seems to be."""
    paths = [
        path for path in sorted(folder.iterdir())
        if path.is_file() and re.search(r"[.](csv|txt|tsv|parquet|csv[.]gz)$", path.name.lower())
    ]  # fmt: skip
    if not paths:
        raise SystemExit(
            f"Folder '{folder}' has no file of text or Parquet: expected the extracts of one bank."
        )
    sources = [read_source(path) for path in paths]
    formats = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))["vars"]["date_formats"]
    for column in (one for source in sources for one in source.columns):
        if column.kind == "date?" and are_read(column, formats):
            column.kind = "date"
    choose_entities(sources)
    taken = reserved_names(root)
    for source in sources:
        if source.entity == "customers":
            propose_customers(source)
        elif source.entity in EVENTS:
            propose_events(source)
        if source.entity:
            propose_own(source, taken)
    entities = {source.entity for source in sources}
    if entities == {None} or not entities:
        raise SystemExit(
            f"No file in folder '{folder}' has customers: expected a column such as customer_id, with a different one "
            "in every row or beside a day and an amount. Rename it so, or write the staging file by hand "
            "(docs/own-layout.md)."
            + "".join(f" {note}" for source in sources for note in source.notes)
        )
    first = next(source for source in sources if source.entity)
    if not currencies_named(sources) and any(
        column.kind == "money" for source in sources if source.entity for column in source.columns
    ):
        first.notes.append(
            "Which currency are the amounts in? Add a row to seeds/reference/currencies.csv."
        )
    first.notes += [note for source in sources if not source.entity for note in source.notes]
    if "customers" not in entities:
        events = next(source for source in sources if source.entity in EVENTS)
        sources.append(customers_of(events))
    return sources


def customers_of(events: Source) -> Source:
    """The customers that a file of transactions names, where no file has them."""
    key = events.mapped["customer_id"]
    source = Source(
        events.file,
        events.columns,
        "customers",
        {"customer_id": key, "joined_on": events.mapped["occurred_at"]},
    )
    for column, one in map_columns(events, "customers").items():
        if column in ("age", "birth_date", "gender", "city"):
            source.mapped[column] = one
    source.raw = {
        "one_row_per_key": {
            "ordered_by": quoted(events.mapped["occurred_at"].header),
            "take": {
                "joined_on": "first",
                **({"city": "most_frequent"} if "city" in source.mapped else {}),
            },
        },
        **({"where": events.raw["where"]} if "where" in events.raw else {}),
    }
    source.notes = [
        "No file has one row per customer: customers are made of their transactions. Is there a file of customers?"
    ]
    return source


def declaration(source: Source) -> dict[str, Any]:
    own = {
        name: {"kind": column.kind, "headers": [column.header]}
        for name, column in source.own.items()
    }
    return {
        "entity": source.entity,
        "file": source.file,
        "columns": {name: [column.header] for name, column in source.mapped.items()},
        **source.raw,
        **({"own_columns": own} if own else {}),
    }


def staging_sql(source: Source, layout: str) -> str:
    # a header may hold what ends a comment
    questions = "".join(f"{{#- {note.replace('#}', '# }')} -#}}\n" for note in source.notes)
    raw = pprint.pformat(declaration(source), width=110, sort_dicts=False)
    return (
        f"{questions}{{% set raw = {raw} %}}\n"
        f"{{{{ config(meta={{'raw': raw}}, enabled=var('source_system') == '{layout}') }}}}\n\n{{{{ stage(raw) }}}}\n"
    )


def written_files(sources: list[Source], layout: str) -> dict[str, str]:
    """Path below the project's root -> text, of all that a layout needs but its line in dbt_project.yml."""
    files, models = {}, []
    folder = f"models/staging/{layout}"
    for source in sources:
        if source.entity is None:
            continue
        name = f"stg_{layout}__{source.entity}"
        files[f"{folder}/{name}.sql"] = staging_sql(source, layout)
        models.append(
            f"  - name: {name}\n    description: One row per raw row of {source.file}; typed, with the first fault "
            "of each row.\n"
        )
    files[f"{folder}/_{layout}__models.yml"] = "version: 2\n\nmodels:\n" + "\n".join(models)
    files[f"tests/build/test_{layout}.py"] = test_file(sources, layout)
    return files


EXAMPLES = {
    "number": "1.5", "integer": "7", "money": "100.50", "text": "a", "flag": "yes", "date": "2024-01-31",
    "free text": "x", "blank": "",
    "date?": "",
}  # fmt: skip


def test_file(sources: list[Source], layout: str) -> str:
    """A test of the layout with made-up rows, since those of a bank belong in no repository."""
    texts = {}
    for source in sources:
        if source.entity is None or source.file.endswith((".parquet", ".gz")):
            continue
        churn = next(iter(source.raw.get("values", {}).get("is_churned", {})), None)
        cells = []
        for column in source.columns:
            value = EXAMPLES[column.kind]
            if column is source.mapped.get("customer_id"):
                value = "C1"
            elif column is source.mapped.get("is_churned"):
                value = churn or "1"
            elif column is source.mapped.get("gender"):
                value = "female"
            cells.append(value)
        texts[source.file] = (
            ";".join(column.header for column in source.columns) + "\n" + ";".join(cells) + "\n"
        )
    return (
        f'"""Layout {layout}: made-up rows, one of each file, are read as the staging files say."""\n\n'
        "from conftest import MODELS\n\n"
        f"FILES = {pprint.pformat(texts, width=96)}\n\n\n"
        f"def test_a_row_of_each_file_conforms(run_dbt, tmp_path):\n"
        "    for name, text in FILES.items():\n"
        "        (tmp_path / name).write_text(text)\n"
        f'    build = run_dbt(raw=tmp_path, source_system="{layout}", select=["+quality_reconciliation"], env=MODELS)\n'
        "    assert build.is_success, build.messages\n"
        '    rows = build.rows("select conformed_count, raw_count from marts.quality_reconciliation")\n'
        "    assert rows\n"
        "    assert all(conformed == 1 for conformed, _ in rows)\n"
    )


# --- rules of the layout's own, to begin with


def seed_rows(sources: list[Source], layout: str) -> dict[str, list[dict[str, str]]]:
    """Seed -> rows of the layout, by column of the seed: what the files can answer, by own columns and with general
    strategies. They show where a bank's own rules belong, and are there to be replaced."""
    rows: dict[str, list[dict[str, str]]] = {}
    customers = next(source for source in sources if source.entity == "customers")
    halves = split_in_halves(customers)
    if halves is not None:
        name, middle = halves
        low, high = f"{name}_low", f"{name}_high"
        rows["segment_rules"] = [
            {"segment_scheme": "rule", "segment_code": low, "column_name": name, "upper_bound": middle},
            {"segment_scheme": "rule", "segment_code": high, "column_name": name, "lower_bound": middle},
        ]  # fmt: skip
        rows["segment_strategies"] = [
            {"segment_scheme": "rule", "segment_code": code, "strategy_code": strategy, "strategy_rank": "1"}
            for code, strategy in ((low, "low_cost_contact"), (high, "premium_loyalty"))
        ]  # fmt: skip
    groups = sorted(
        (column.distinct, name)
        for name, column in customers.own.items()
        if column.kind in ("text", "flag") and column.distinct > 1
    )
    if len(groups) > 1:
        (_, first), (_, second) = groups[:2]
        rows["churn_cuts"] = [{"dimension_1": first, "dimension_2": second}]
    compared = compared_groups(customers.own)
    if compared is not None:
        number, text, a, b = compared
        rows["hypotheses"] = [
            {
                "hypothesis_code": f"{number}_by_{text}",
                "part": "value",
                "statement": f"{words(number).capitalize()} of {words(text)} {a} against {b}",
                "measure_column": number,
                "group_column": text,
                "group_a": a,
                "group_b": b,
                "margin": "0.05",
                "delta_margin": "0.1",
                "hypothesis_family": layout,
            }
        ]
    if any(source.entity in EVENTS for source in sources):
        rows["churn_definitions"] = [
            {
                "churn_definition_code": "inactive_90_days", "condition_number": "1", "churn_kind": "inactive",
                "window_days": "90", "is_primary": "false",
            }
        ]  # fmt: skip
    currencies = currencies_named(sources)
    if len(currencies) == 1:
        rows["currencies"] = [{"currency_code": currencies.pop()}]
    return {
        seed: [{"source_system": layout, **row} for row in of_seed]
        for seed, of_seed in rows.items()
    }


def currencies_named(sources: list[Source]) -> set[str]:
    """The currencies that headers of amounts name, as Amount_EUR does."""
    headers = [one.header for source in sources for one in source.columns if one.kind in NUMBERS]
    return {match.group(1) for header in headers for match in CURRENCY.finditer(header)}


def compared_groups(own: dict[str, Column]) -> tuple[str, str, str, str] | None:
    """An amount or number, a text, and its two most frequent values, in each of which the number varies."""
    numbers = [name for name, column in own.items() if column.kind in ("number", "money")]
    texts = [name for name, column in own.items() if column.kind == "text" and column.distinct > 1]
    for number, text in itertools.product(numbers, texts):
        (a, _), (b, _) = Counter(own[text].known).most_common(2)
        pairs = set(zip(own[text].values, own[number].values, strict=True))
        if all(sum(value == group for value, _ in pairs) > 2 for group in (a, b)):
            return number, text, a, b
    return None


def words(name: str) -> str:
    return name.replace("_", " ")


def split_in_halves(source: Source) -> tuple[str, str] | None:
    """The first amount or number that divides customers, own columns before canonical ones, and its median."""
    canonical = {
        name: source.mapped[name]
        for name in ("balance", "estimated_salary", "credit_score")
        if name in source.mapped
    }
    for name, column in {**source.own, **canonical}.items():
        if column.kind in NUMBERS:
            numbers = [float(re.sub(r"[\s_]", "", one).replace(",", ".")) for one in column.known]
            middle = float(f"{statistics.median(numbers):.3g}")
            if 0.25 <= sum(number < middle for number in numbers) / len(numbers) <= 0.75:
                return name, f"{middle:.10f}".rstrip("0").rstrip(".")
    return None


def described_row(row: dict[str, str]) -> str:
    return " ".join(value for name, value in row.items() if name != "source_system")


def with_rows(seed: str, text: str, rows: list[dict[str, str]]) -> str:
    """The text of a seed with these rows at its end; SystemExit where it has rows of their layout."""
    reader = csv.DictReader(io.StringIO(text))
    layout = rows[0]["source_system"]
    if any(row["source_system"] == layout for row in reader):
        raise SystemExit(
            f"Seed {seed}.csv has rows of source_system {layout} already: choose another name for the layout, or "
            "delete them."
        )
    out = io.StringIO()
    writer = csv.DictWriter(out, reader.fieldnames or [], restval="", lineterminator="\n")
    writer.writerows(rows)
    return text.rstrip("\n") + "\n" + out.getvalue()


def with_layout(settings: str, layout: str, entities: list[str]) -> str:
    """The text of dbt_project.yml with a line for the layout, after those of the others."""
    match = re.search(r"\n  layouts:[^\n]*\n(?:    [^\n]*\n)+", settings)
    if match is None:
        raise SystemExit(
            "dbt_project.yml has no vars: layouts: expected the entities of each layout there."
        )
    if re.search(rf"^    {layout}:", match.group(), re.MULTILINE):
        raise SystemExit(f"Layout '{layout}' is in dbt_project.yml already: choose another name.")
    return (
        settings[: match.end()]
        + f"    {layout}: [{', '.join(entities)}]\n"
        + settings[match.end() :]
    )


def profile(sources: list[Source]) -> str:
    """What every column seems to be, one line each."""
    lines = []
    for source in sources:
        lines.append(f"{source.file}: {source.entity or 'not read'}")
        names = {id(column): name for name, column in {**source.mapped, **source.own}.items()}
        for column in source.columns:
            name = names.get(id(column), "")
            own = " (own column)" if name in source.own else ""
            blanks = len(column.values) - len(column.known)
            lines.append(
                f"  {column.header} -> {name + own or 'not read'}: {column.kind}, {column.distinct:,} different, "
                f"{blanks:,} blank"
            )
        lines += [f"  ? {note}" for note in source.notes if source.entity]
    return "\n".join(lines)


def check(layout: str, folder: pathlib.Path) -> None:
    """SystemExit with one sentence where the layout has no name or the folder is not there."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", layout):
        raise SystemExit(
            f"Layout '{layout}' is no name: expected small letters, digits and underscores, such as my_bank."
        )
    if not folder.is_dir():
        raise SystemExit(
            f"Folder '{folder}' is missing: expected the folder of your files (RAW=folder)."
        )


def write(layout: str, folder: pathlib.Path, root: pathlib.Path = ROOT) -> str:
    """Writes the layout into the project and gives what to tell; SystemExit with one sentence before it writes."""
    check(layout, folder)
    project = root / "dbt_project.yml"
    sources = propose(folder, root)
    entities = [source.entity for source in sources if source.entity]
    settings = with_layout(project.read_text("utf-8"), layout, entities)
    files = written_files(sources, layout)
    for name in files:
        if (root / name).exists():
            raise SystemExit(
                f"File {name} exists: choose another name for the layout, or delete the file."
            )
    own_rows = seed_rows(sources, layout)
    seeds = {}
    for seed, rows in own_rows.items():
        (path,) = (root / "seeds").glob(f"*/{seed}.csv")
        seeds[path] = with_rows(seed, path.read_text("utf-8"), rows)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    for path, text in seeds.items():
        path.write_text(text, "utf-8")
    project.write_text(settings, "utf-8")
    count = sum(len(source.notes) for source in sources if source.entity)
    questions = "question in a comment" if count == 1 else f"{count} questions in the comments"
    return "\n".join(
        [
            profile(sources),
            "",
            f"Wrote {', '.join(files)}, and a line in dbt_project.yml.",
            f"Look through the {questions} of the staging files, then build:"
            if count
            else "Build:",
            f"  CLIENTELE_RAW={folder} dbt build --vars 'source_system: {layout}'",
            f"Rules of your own are rows with source_system {layout} in the seeds. To begin with, there are:",
            *(
                f"  {path.relative_to(root)}: {', '.join(described_row(row) for row in own_rows[path.stem])}"
                for path in seeds
            ),
            "Replace them: they divide customers at a median, and say nothing of your bank.",
        ]
    )


def declared(layout: str, folder: pathlib.Path, root: pathlib.Path = ROOT) -> str:
    """What to tell of the folder, and the declaration for another project's dbt_project.yml; writes nothing."""
    check(layout, folder)
    sources = propose(folder, root)
    of_entity = {}
    for source in sources:
        if source.entity:
            of_entity[source.entity] = {
                name: value for name, value in declaration(source).items() if name != "entity"
            }
    variables = {"clientele": {"source_system": layout, "declarations": {layout: of_entity}}}
    text = yaml.safe_dump(
        {"vars": variables}, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    return f"{profile(sources)}\n\n{text}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Propose a layout for a folder of files.")
    parser.add_argument("--layout", default=os.environ.get("LAYOUT", ""), help="default: LAYOUT")
    parser.add_argument("--raw", default=os.environ.get("RAW", ""), help="default: RAW")
    parser.add_argument(
        "--declare",
        action="store_true",
        help="print the declaration for a project that has clientele as a package, and write nothing",
    )
    arguments = parser.parse_args()
    if not arguments.layout or not arguments.raw:
        raise SystemExit("Which layout of which folder? make init LAYOUT=my_bank RAW=folder")
    tell = declared if arguments.declare else write
    print(tell(arguments.layout, pathlib.Path(arguments.raw)))


if __name__ == "__main__":
    main()
