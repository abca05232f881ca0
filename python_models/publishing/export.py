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
# the table of marts by question, from which a reader of the documentation knows their order
QUESTIONS = pathlib.Path(__file__).parents[2] / "docs" / "marts.md"
# What a column's name says of its numbers, the first that fits.
NUMBERS = [
    (r".*_(rate|share)(_ci_lower|_ci_upper)?|.*_probability", "0.0%"),
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
WIDTHS = (9, 60)
# how a mart is read, where the order in which it is published is another
ORDERS = {
    "churn_rates": "cut_count, cut_name, cut_value_number nulls last, age_band_number nulls last, cut_value",
    "churn_rates_by_age_band": "age_band_set, age_band_number nulls last",
    "churn_portraits": "portrait_code, feature_rank nulls last",
    "churn_hypothesis_tests": "hypothesis_rank nulls last",
    "churn_segments": "segment_rank nulls last",
    "churn_score_deciles": "churn_basis, churn_decile desc",
    "rfm_segments": "rfm_scheme, customers_count desc",
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


def questions() -> dict[str, str]:
    """Mart -> the question that it answers, in the order of the documentation."""
    found: dict[str, str] = {}
    if QUESTIONS.is_file():
        for question, marts in re.findall(
            r"^\| ([^|]+\?.*?) \| (.*?) \| [^|]* \|$", QUESTIONS.read_text("utf-8"), re.M
        ):
            for mart in re.findall(r"`(\w+)`", marts):
                found.setdefault(mart, question)
    return found


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
        ordered = [ORDERS[name]] if name in ORDERS else []
        self.select = (
            f"select {', '.join(neutral(*column) for column in self.columns)} from marts.{quoted(name)} "
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
    contents(book, styles, connection, marts, sheets, asked, published_at.date())
    for mart in marts:
        write_csv(connection, mart, folder / f"{mart.name}.csv")
        if mart.name in sheets:
            write_sheet(connection, mart, book.add_worksheet(sheets[mart.name]), styles)
    book.close()
    connection.close()
    return [mart.name for mart in marts if mart.name not in sheets]


def write_csv(connection, mart: Mart, path: pathlib.Path) -> None:
    target = str(path).replace("'", "''")
    connection.execute(f"copy ({mart.select}) to '{target}' (header)")
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


def contents(book, styles, connection, marts, sheets, asked, day: datetime.date) -> None:
    """The first sheet: from which build the marts are, and the questions with links to their answers."""
    facts = {}
    if any(mart.name == "run_manifest" for mart in marts):
        facts = dict(
            connection.execute(
                "select item_name, item_value from marts.run_manifest where item_kind = 'build' "
                "union all select 'build_id', max(build_id) from marts.run_manifest"
            ).fetchall()
        )
    sheet = book.add_worksheet(CONTENTS)
    sheet.set_column(0, 0, 70)
    sheet.set_column(1, 1, 34)
    sheet.set_column(2, 2, 12)
    sheet.set_column(3, 3, 90)
    sheet.write_string(0, 0, "clientele: marts by question", styles.title)
    sheet.write_string(1, 0, "Published on")
    left = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    sheet.write_datetime(1, 1, datetime.datetime.combine(day, datetime.time()), left)
    line = 2
    for label, name in (("Build", "build_id"), ("Source", "source_system"), ("As of", "as_of_date")):  # fmt: skip
        if facts.get(name):
            sheet.write_string(line, 0, label)
            sheet.write_string(line, 1, facts[name])
            line += 1
    line += 1
    for position, head in enumerate(("Question", "Mart", "Rows", "One row per")):
        sheet.write_string(line, position, head, styles.header)
    sheet.freeze_panes(line + 1, 0)
    printed(sheet, line)
    for mart in marts:
        line += 1
        # a program that does not fit rows to wrapped text is told their height
        lines = max(
            -(-len(mart.description or "") // 85), -(-len(asked.get(mart.name, "")) // 65), 1
        )
        sheet.set_row(line, 15 * lines + 3)
        sheet.write_string(line, 0, asked.get(mart.name, ""), styles.text)
        if mart.name in sheets:
            place = f"internal:'{sheets[mart.name]}'!A1"
            sheet.write_url(line, 1, place, styles.link, mart.name)
        else:
            sheet.write_string(line, 1, f"{mart.name}.csv", styles.text)
        sheet.write_number(line, 2, mart.count, styles.count)
        sheet.write_string(line, 3, mart.description or "", styles.text)


def printed(sheet, header: int) -> None:
    """As pages: one page wide, with the header on each."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(header)


def write_sheet(connection, mart: Mart, sheet, styles: Styles) -> None:
    sheet.freeze_panes(1, 1)
    printed(sheet, 0)
    formats = [styles.of(*column) for column in mart.columns]
    longest = connection.execute(
        "select "
        + ", ".join(f"max(length({quoted(name)}::varchar))" for name, _ in mart.columns)
        + f" from marts.{quoted(mart.name)}"
    ).fetchone()
    for position, (column, kind) in enumerate(mart.columns):
        head = 1.1 * len(column) + 4  # bold, and the sign of the filter
        shown = (longest[position] or 0) if kind == "VARCHAR" else 12
        width = min(max(head, shown + 2, WIDTHS[0]), WIDTHS[1])
        if kind == "VARCHAR" and shown > WIDTHS[1]:
            formats[position] = styles.text  # sentences wrap, on the screen and on paper
        sheet.set_column(position, position, width, formats[position])
        is_text = kind in ("VARCHAR", "BOOLEAN")
        sheet.write_string(0, position, column, styles.header if is_text else styles.number_header)
        if mart.notes[column]:
            sheet.write_comment(
                0, position, mart.notes[column], {"x_scale": 2.2, "y_scale": 1.4, "author": ""}
            )
    result = connection.execute(mart.select)
    line = 0
    while rows := result.fetchmany(10_000):
        for row in rows:
            line += 1
            for position, value in enumerate(row):
                write(sheet, line, position, value, formats[position])
    sheet.autofilter(0, 0, max(line, 1), len(mart.columns) - 1)


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
