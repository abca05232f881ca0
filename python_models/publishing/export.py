"""The published marts for spreadsheets: one CSV file per mart and one workbook with a sheet per mart.

Marts with a row per customer are in a folder of their own. The first sheet of the workbook lists the questions that the
marts answer. Headers carry the descriptions of the columns as notes.

Text that a spreadsheet would take for a formula is quoted by an apostrophe, and every cell has its type.
"""

import argparse
import datetime
import pathlib
import re
from decimal import Decimal

import duckdb
import xlsxwriter

from publishing.files import Publication, keep_access, published_path

# What spreadsheets take for the beginning of a formula, in the widths that they read as one, behind anything that is
# not seen: blanks, separators, control and zero-width characters, marks, and the letters that are drawn as nothing.
FORMULA = (
    r"^[\s\p{Z}\p{C}\p{M}\x{115F}\x{1160}\x{2800}\x{3164}\x{FFA0}]*"
    r"[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}\x{FE66}\x{FE62}\x{FE63}\x{FE6B}]|^[\t\r]"
)
MARKER = "made-by-clientele"
SHEET_ROWS = 1_048_575  # below the header
CONTENTS = "Contents"
CONTENTS_WIDTHS = (70, 34, 12, 90)
# the table of marts by question, from which a reader of the documentation knows their order
QUESTIONS = pathlib.Path(__file__).parents[2] / "docs" / "marts.md"
# What a column's name says of its numbers, the first that fits.
NUMBERS = [
    (r".*_(rate|share)(_ci_lower|_ci_upper)?|.*_probability", "0.0%"),
    (r"(average|median)_.*_days", "#,##0"),
    (r"(average|median)_.*", "#,##0.00"),
    (r"(p|q)_value|.*_(p|q)_value", '[<0.001]"<0.001";0.000'),
    (r".*_amount|balance|premium", "#,##0.00"),
    (r".*_year", "0"),
    (r".*_customers(_ci_lower|_ci_upper)?|effort_days", "#,##0.0"),
    (r".*_(count|days|months|number|rank)", "#,##0"),
    # of several measures or features: counts and money beside shares
    (
        r"(before|after)_value|change|change_ci_(lower|upper)|(lower|upper)_bound",
        "[>=1000]#,##0;General",
    ),
]
MONEY = r".*_amount|balance|premium"
WIDTHS = (9, 60)
CODE_WIDTH = 30  # of codes whose names stand beside them
ONE_PAGE = 210  # characters that are still read when they are squeezed to the width of a page, ten to twelve columns
PRINT_SCALE = 60  # percent, of wider sheets
# what a reader who looks for things to do opens first; the others follow by area, as in the documentation
FIRST = (
    "What should we do?",
    [
        "strategy_priorities", "strategy_economics", "budget_allocation", "strategy_reach", "segment_briefs",
        "customer_explanations", "strategy_customers",
    ],
)  # fmt: skip
# columns that a reader looks for before all others but the key
EARLY = {
    "customer_explanations": ["sentence", "decision"],
    "segment_briefs": ["sentence"],
    "strategy_priorities": ["strategy_name", "priority_rank", "decision_code", "expected_net_amount"],
    "strategy_economics": [
        "strategy_name", "decision_code", "reached_count", "expected_net_amount", "least_net_amount", "most_net_amount",
    ],
}  # fmt: skip
# why a mart may have no row
EMPTY = {
    "quality_changes": "No row: there is no earlier publication to compare with, or nothing differs from it.",
    "campaign_readout": "No row: no campaign has been read out.",
    "campaign_sizes": "No row: no campaign is planned or running.",
}
NO_ROW = "No row: the extract has nothing to make one of. The sheet quality_inputs says which inputs are missing."
# how a mart is read, where the order in which it is published is another
ORDERS = {
    "churn_rates": "cut_count, cut_name, cut_value_number nulls last, age_band_number nulls last, cut_value",
    "churn_rates_by_age_band": "age_band_set, age_band_number nulls last",
    "churn_portraits": "portrait_code, feature_rank nulls last",
    "churn_hypothesis_tests": "hypothesis_rank nulls last",
    "churn_segments": "confirmation_churn_rate desc nulls last, segment_rank",
    "churn_intervals": "feature_name, interval_number",
    "churn_distributions": "feature_name, interval_number",
    "churn_score_deciles": "churn_basis, churn_decile desc",
    "rfm_segments": "rfm_scheme, customers_count desc",
    "rfm_by_age_band": "rfm_scheme, age_band_set, try_cast(regexp_extract(age_band, '[0-9]+') as integer) nulls last",
    "rfm_by_city": "rfm_scheme, customers_count desc",
    "rfm_by_product": "rfm_scheme, customers_count desc",
    "segment_history": "segment_scheme, observed_on desc, customers_count desc",
    "segment_migration": "to_on desc, span_months, segment_scheme, customers_count desc nulls last",
    "strategy_segments": "segment_scheme, remaining_count desc",
    "segment_briefs": "segment_scheme, remaining_count desc",
    "cluster_profiles": "cluster_set, customers_count desc",
    "clv_tiers": "is_active desc, tier_set, tier_number desc",
    "strategy_priorities": "segment_scheme, priority_rank nulls last",
    "strategy_economics": "segment_scheme, expected_net_amount desc nulls last",
    "budget_allocation": "budget_amount, clv_tier, planned_contact_count desc",
    "churn_scores": "churn_basis, churn_probability desc",
    "clv_customers": "clv_amount desc nulls last",
}


def neutral(name: str, kind: str) -> str:
    """The column as SQL, without formulas where it is text."""
    column = quoted(name)
    if kind != "VARCHAR":
        return column
    return f"case when regexp_matches({column}, '{FORMULA}') then '''' || {column} else {column} end as {column}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def sheet_name(mart: str, taken: set[str]) -> str:
    """At most 31 characters, and no two alike."""
    name, number = mart[:31], 1
    while name.lower() in taken:
        number += 1
        name = f"{mart[:28]}_{number}"
    taken.add(name.lower())
    return name


def questions() -> dict[str, tuple[str, str]]:
    """Mart -> the area and the question that it answers, in the order in which they are read."""
    found: dict[str, tuple[str, str]] = {}
    if QUESTIONS.is_file():
        area = ""
        for line in QUESTIONS.read_text("utf-8").splitlines():
            if line.startswith("## "):
                area = line[3:]
            if row := re.match(r"\| ([^|]+\?.*?) \| (.*?) \| [^|]* \|$", line):
                for mart in re.findall(r"`(\w+)`", row[2]):
                    found.setdefault(mart, (area, row[1]))
    title, first = FIRST
    return {name: (title, found[name][1]) for name in first if name in found} | {
        name: place for name, place in found.items() if name not in first
    }


def plain(text: str) -> str:
    """A description without the marks of code."""
    text = re.sub(r"\bvar `?(\w+)`?", lambda name: f"the setting {name[1].replace('_', ' ')}", text)
    return text.replace("`", "")


def reading_order(name: str, columns: list[str]) -> list[str]:
    """Names before the codes that they stand for, and what is looked for early behind the key."""
    ordered = list(columns)
    for column in columns:
        base, _, kind = column.rpartition("_")
        partners = {"name": (f"{base}_code", base), "label": (f"{base}_name",)}.get(kind, ())
        code = next((other for other in ordered if other in partners), None)
        if code is None and kind == "name":
            code = next((other for other in ordered if other.endswith(f"_{base}_code")), None)
        if code and ordered.index(code) < ordered.index(column):
            ordered.remove(column)
            ordered.insert(ordered.index(code), column)
    early = [column for column in EARLY.get(name, []) if column in ordered]
    rest = [column for column in ordered if column not in early]
    key = 2 if rest[:2] == ["segment_scheme", "segment_name"] else 1
    return rest[:key] + early + rest[key:]


class Mart:
    """A published mart with its columns, how it is read, and what is said of it."""

    def __init__(self, connection, name: str):
        self.name = name
        self.columns: list[tuple[str, str]] = []
        self.notes: dict[str, str] = {}
        for column, kind, comment in connection.execute(
            "select column_name, data_type, comment from duckdb_columns() "
            "where schema_name = 'marts' and table_name = ? order by column_index",
            [name],
        ).fetchall():
            self.columns.append((column, kind))
            self.notes[column] = comment or ""
        ((self.description, self.count),) = connection.execute(
            f"select comment, (select count(*) from marts.{quoted(name)}) from duckdb_tables() "
            "where schema_name = 'marts' and table_name = ?",
            [name],
        ).fetchall()
        kinds = dict(self.columns)
        self.sheet_columns = [
            (column, kinds[column]) for column in reading_order(name, list(kinds))
        ]

    def select(self, columns: list[tuple[str, str]]) -> str:
        ordered = [ORDERS[self.name]] if self.name in ORDERS else []
        return (
            f"select {', '.join(neutral(*column) for column in columns)} from marts.{quoted(self.name)} "
            f"order by {', '.join([*ordered, 'rowid'])}"
        )


def export(published: str, folder: pathlib.Path) -> list[str]:
    """Writes the files; the names of marts that are too long for a sheet and are in CSV only."""
    connection = duckdb.connect(published, read_only=True)
    asked = questions()
    places = {name: number for number, name in enumerate(asked)}
    names = [
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
        ).fetchall()
    ]
    marts = [
        Mart(connection, name)
        for name in sorted(names, key=lambda name: places.get(name, len(places)))
    ]
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    # equal marts make equal bytes: no clock but the day on which they were published
    published_at = datetime.datetime.fromtimestamp(
        pathlib.Path(published).resolve().stat().st_mtime, datetime.UTC
    )
    book = xlsxwriter.Workbook(folder / "clientele.xlsx", {"constant_memory": True})
    book.set_properties({"created": datetime.datetime(2000, 1, 1)})
    styles = Styles(book)
    taken = {CONTENTS.lower()}
    sheets = {mart.name: sheet_name(mart.name, taken) for mart in marts if mart.count <= SHEET_ROWS}
    facts = headline(connection, set(names))
    contents(book, styles, marts, sheets, asked, facts, published_at.date())
    for mart in marts:
        write_csv(connection, mart, folder / f"{mart.name}.csv")
        if mart.name in sheets:
            write_sheet(
                connection,
                mart,
                book.add_worksheet(sheets[mart.name]),
                styles,
                facts.get("Currency"),
            )
    book.close()
    connection.close()
    return [mart.name for mart in marts if mart.name not in sheets]


def write_csv(connection, mart: Mart, path: pathlib.Path) -> None:
    target = str(path).replace("'", "''")
    connection.execute(f"copy ({mart.select(mart.columns)}) to '{target}' (header)")
    # so that spreadsheets read the text as UTF-8
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


class Styles:
    """The formats of a workbook."""

    def __init__(self, book):
        self.book = book
        self.header = book.add_format(
            {"bold": True, "bg_color": "#E3EDF7", "bottom": 1, "valign": "top"}
        )
        self.number_header = book.add_format(
            {"bold": True, "bg_color": "#E3EDF7", "bottom": 1, "valign": "top", "align": "right"}
        )
        self.flag = book.add_format({"num_format": '"yes";"yes";"no"'})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.link = book.add_format({"font_color": "#0B5394", "underline": 1, "valign": "top"})
        self.area = book.add_format({"bold": True, "font_size": 12, "valign": "vcenter"})
        self.remark = book.add_format({"italic": True})
        self.text = book.add_format({"text_wrap": True, "valign": "top", "indent": 1})
        self.count = book.add_format({"num_format": "#,##0", "valign": "top"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.made: dict[str, object] = {}

    def of(self, column: str, kind: str):
        """The format of a column: dates by their type, numbers by their name."""
        if kind == "DATE":
            return self.day
        if kind.startswith("TIMESTAMP"):
            return self.moment
        if kind == "BOOLEAN":
            return self.flag
        if kind == "VARCHAR":
            return None
        text = next((text for name, text in NUMBERS if re.fullmatch(name, column)), None)
        if text is None:
            text = {"BIGINT": "#,##0", "INTEGER": "#,##0", "DOUBLE": "[>=1000]#,##0.00;0.000"}.get(
                kind
            )
        if text is None:
            return None
        return self.made.setdefault(text, self.book.add_format({"num_format": text}))


def headline(connection, marts: set[str]) -> dict[str, str | int]:
    """From which build the marts are, and its first figures."""
    found: dict[str, str | int] = {}
    items = {}
    if "run_manifest" in marts:
        items = dict(
            connection.execute(
                "select item_name, item_value from marts.run_manifest where item_kind = 'build' "
                "or item_name = 'confidence_level' "
                "union all select 'build_id', max(build_id) from marts.run_manifest"
            ).fetchall()
        )
    for label, name in (
        ("Build", "build_id"), ("Source", "source_system"), ("As of", "as_of_date"), ("Currency", "currency"),
    ):  # fmt: skip
        if items.get(name):
            found[label] = items[name]
    counts = {
        "Customers": ("quality_inputs", "conformed_count", "entity_name = 'customers'"),
        "Current customers with a score": ("churn_score_deciles", "customers_count", "churn_basis = 'current'"),
    }  # fmt: skip
    for label, (mart, column, rows) in counts.items():
        if mart in marts:
            query = f"select sum({column}) from marts.{mart} where {rows}"
            if count := connection.execute(query).fetchone()[0]:
                found[label] = int(count)
    if "churn_rates" in marts and (
        row := connection.execute(
            "select churn_rate, churn_rate_ci_lower, churn_rate_ci_upper, customers_count, observed_on, window_days "
            "from marts.churn_rates where cut_name = 'portfolio' and churn_rate is not null"
        ).fetchone()
    ):
        rate, lower, upper, count, day, days = row
        level = (
            f"{100 * float(items['confidence_level']):.4g}% " if "confidence_level" in items else ""
        )
        period = f"at risk on {day}, within {days} days" if days else "of the snapshot"
        found["Churn rate"] = (
            f"{100 * rate:.1f}% ({level}CI {100 * lower:.1f}% to {100 * upper:.1f}%) of {count:,} customers {period}"
        )
    return found


def contents(book, styles, marts, sheets, asked, facts, day: datetime.date) -> None:
    """The first sheet: the build with its first figures, and the questions with links to their answers."""
    sheet = book.add_worksheet(CONTENTS)
    for position, width in enumerate(CONTENTS_WIDTHS):
        sheet.set_column(position, position, width)
    sheet.write_string(0, 0, "clientele: marts by question", styles.title)
    sheet.write_string(1, 0, "Published on")
    left = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    number = book.add_format({"num_format": "#,##0", "align": "left"})
    sheet.write_datetime(1, 1, datetime.datetime.combine(day, datetime.time()), left)
    line = 2
    for label, value in facts.items():
        sheet.write_string(line, 0, label)
        if isinstance(value, int):
            sheet.write_number(line, 1, value, number)
        else:
            sheet.write_string(line, 1, value)
        line += 1
    sheet.write_string(
        line,
        0,
        "Columns without any value are hidden; the note of a header says what a column means.",
    )
    line += 2
    for position, head in enumerate(("Question", "Mart", "Rows", "One row per")):
        sheet.write_string(
            line, position, head, styles.number_header if head == "Rows" else styles.header
        )
    sheet.freeze_panes(line + 1, 0)
    printed(sheet, line, sum(CONTENTS_WIDTHS))
    area = None
    for mart in marts:
        found = asked.get(mart.name, ("Other", ""))
        if found[0] != area:
            area = found[0]
            line += 1
            sheet.set_row(line, 24)
            sheet.write_string(line, 0, area, styles.area)
        line += 1
        question, description = found[1], plain(mart.description or "")
        # a program that does not fit rows to wrapped text is told their height
        lines = max(-(-len(description) // 85), -(-len(question) // 65), 1)
        sheet.set_row(line, 15 * lines + 3)
        sheet.write_string(line, 0, question, styles.text)
        if mart.name in sheets:
            place = f"internal:'{sheets[mart.name]}'!A1"
            sheet.write_url(line, 1, place, styles.link, mart.name)
        else:
            sheet.write_string(line, 1, f"{mart.name}.csv", styles.text)
        sheet.write_number(line, 2, mart.count, styles.count)
        sheet.write_string(line, 3, description, styles.text)


def printed(sheet, header: int, width: float, keys: int = 0) -> None:
    """As pages with the header on each: one page wide where that can be read, else with the key on each."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.repeat_rows(header)
    sheet.set_footer("&L&A&RPage &P of &N")
    if width <= ONE_PAGE:
        sheet.fit_to_pages(1, 0)
    else:
        sheet.set_print_scale(PRINT_SCALE)
        sheet.print_across()
        sheet.repeat_columns(0, keys - 1)


def write_sheet(connection, mart: Mart, sheet, styles: Styles, currency=None) -> None:
    sheet.freeze_panes(1, 1)
    columns = mart.sheet_columns
    formats = [styles.of(*column) for column in columns]
    measured = connection.execute(
        "select "
        + ", ".join(
            f"max(length({quoted(name)}::varchar)), count({quoted(name)})" for name, _ in columns
        )
        + f" from marts.{quoted(mart.name)}"
    ).fetchone()
    widths = []
    for position, (column, kind) in enumerate(columns):
        longest, known = measured[2 * position] or 0, measured[2 * position + 1]
        head = 1.1 * len(column) + 4  # bold, and the sign of the filter
        shown = longest if kind == "VARCHAR" else 12
        most = CODE_WIDTH if column.endswith("_code") else WIDTHS[1]
        widths.append(max(head, min(shown + 2, most), WIDTHS[0]))
        if kind == "VARCHAR" and shown > WIDTHS[1]:
            formats[position] = styles.text  # sentences wrap, on the screen and on paper
        is_empty = mart.count > 0 and not known
        sheet.set_column(position, position, widths[-1], formats[position], {"hidden": is_empty})
        is_text = kind in ("VARCHAR", "BOOLEAN")
        sheet.write_string(0, position, column, styles.header if is_text else styles.number_header)
        if note := header_note(mart.notes[column], column, currency):
            sheet.write_comment(0, position, note, {"x_scale": 2.2, "y_scale": 1.4, "author": ""})
    printed_width = sum(
        width
        for width, known in zip(widths, measured[1::2], strict=True)
        if known or not mart.count
    )
    # the key, as far as it leaves half a page to the other columns
    keys = 1 + (
        len(columns) > 1 and columns[1][1] == "VARCHAR" and sum(widths[:2]) <= WIDTHS[1] * 1.5
    )
    printed(sheet, 0, printed_width, keys)
    result = connection.execute(mart.select(columns))
    line = 0
    while rows := result.fetchmany(10_000):
        for row in rows:
            line += 1
            for position, value in enumerate(row):
                write(sheet, line, position, value, formats[position])
    if not line:
        sheet.write_string(1, 0, EMPTY.get(mart.name, NO_ROW), styles.remark)
    sheet.autofilter(0, 0, max(line, 1), len(columns) - 1)


def header_note(note: str, column: str, currency: str | None) -> str:
    """What a column means, and the currency of money."""
    return f"{note} In {currency}." if note and currency and re.fullmatch(MONEY, column) else note


def write(sheet, line, position, value, style) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, position, value, style)
    elif isinstance(value, (int, float, Decimal)):
        sheet.write_number(line, position, value, style)
    elif isinstance(value, (datetime.date, datetime.datetime)):
        sheet.write_datetime(line, position, value, style)
    else:
        sheet.write_string(line, position, str(value), style)


def remove(folder: pathlib.Path) -> None:
    """Removes the files of an earlier export; a folder that is none, and other files in one, stay."""
    if not (folder / MARKER).is_file():
        return
    for file in [*folder.glob("*.csv"), folder / "clientele.xlsx", folder / MARKER]:
        file.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def replace(published: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """Puts an export of a published file where the one before was, for those who could read that, or else can read the
    published file; the marts that are in CSV only."""
    part = folder.with_name(folder.name + ".part")
    remove(part)
    too_long = export(str(published), part)
    keep_access(folder if folder.is_dir() else published.resolve().parent, part)
    remove(folder)
    part.rename(folder)
    return too_long


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the published marts for spreadsheets.")
    parser.add_argument("--published", default=published_path())
    parser.add_argument("--out", help="default: the folder export beside the published file")
    arguments = parser.parse_args()
    publication = Publication(arguments.published)
    folder = pathlib.Path(arguments.out or publication.folder / "export")
    # customers in a folder of their own, so that not everybody who reads the aggregates has to see them
    folders = {
        publication.path: folder,
        publication.customers: folder.with_name(f"{folder.name}_customers"),
    }
    if not publication.path.is_file():
        raise SystemExit(
            f"{arguments.published} does not exist: publish a build first (make build)."
        )
    for place in folders.values():
        if place.exists() and any(place.iterdir()) and not (place / MARKER).is_file():
            raise SystemExit(
                f"{place} was not made by make export: expected no such folder; nothing was exported."
            )
    try:
        for published, place in folders.items():
            if not published.is_file():
                remove(place)
                continue
            too_long = replace(published, place)
            print(f"The marts are in {place}, as CSV and in clientele.xlsx.")
            if too_long:
                print(f"Too long for a sheet, and in CSV only: {', '.join(too_long)}.")
    except (OSError, duckdb.Error) as error:
        raise SystemExit(f"{str(error).splitlines()[0]}: the export is not complete.") from None


if __name__ == "__main__":
    main()
