"""The published marts for spreadsheets: one CSV file per mart and one workbook with a sheet per mart.

Marts with a row per customer are in a folder of their own.

Text that a spreadsheet would take for a formula is quoted by an apostrophe, and every cell has its type.
"""

import argparse
import datetime
import pathlib
from decimal import Decimal

import duckdb
import xlsxwriter

from publishing.files import Publication, keep_access, published_path

# what spreadsheets take for the beginning of a formula, behind blanks too
FORMULA = r"^\s*[=+\-@]|^[\t\r]"
MARKER = "made-by-clientele"
SHEET_ROWS = 1_048_575  # below the header
FORMATS = {datetime.date: "yyyy-mm-dd", datetime.datetime: "yyyy-mm-dd hh:mm:ss"}


def neutral(name: str, kind: str) -> str:
    """The column as SQL, without formulas where it is text."""
    column = '"' + name.replace('"', '""') + '"'
    if kind != "VARCHAR":
        return column
    return f"case when regexp_matches({column}, '{FORMULA}') then '''' || {column} else {column} end as {column}"


def sheet_name(mart: str, taken: set[str]) -> str:
    """At most 31 characters, and no two alike."""
    name, number = mart[:31], 1
    while name in taken:
        number += 1
        name = f"{mart[:28]}_{number}"
    taken.add(name)
    return name


def export(published: str, folder: pathlib.Path) -> list[str]:
    """Writes the files; the names of marts that are too long for a sheet and are in CSV only."""
    connection = duckdb.connect(published, read_only=True)
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'marts' order by table_name, column_index"
    ).fetchall():
        tables.setdefault(table, []).append((column, kind))
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    too_long: list[str] = []
    taken: set[str] = set()
    book = xlsxwriter.Workbook(folder / "clientele.xlsx", {"constant_memory": True})
    book.set_properties(
        {"created": datetime.datetime(2000, 1, 1)}
    )  # no clock: equal marts, equal bytes
    styles = {kind: book.add_format({"num_format": text}) for kind, text in FORMATS.items()}
    bold = book.add_format({"bold": True})
    for table, columns in tables.items():
        select = f'select {", ".join(neutral(*column) for column in columns)} from marts."{table}"'
        target = str(folder / f"{table}.csv").replace("'", "''")
        connection.execute(f"copy ({select}) to '{target}' (header)")
        # so that spreadsheets read the text as UTF-8
        text = (folder / f"{table}.csv").read_bytes()
        (folder / f"{table}.csv").write_bytes(b"\xef\xbb\xbf" + text)
        ((count,),) = connection.execute(f'select count(*) from marts."{table}"').fetchall()
        if count > SHEET_ROWS:
            too_long.append(table)
            continue
        sheet = book.add_worksheet(sheet_name(table, taken))
        sheet.freeze_panes(1, 0)
        for position, (column, _) in enumerate(columns):
            sheet.write_string(0, position, column, bold)
        result = connection.execute(select)
        line = 0
        while rows := result.fetchmany(10_000):
            for row in rows:
                line += 1
                for position, value in enumerate(row):
                    write(sheet, line, position, value, styles)
    book.close()
    connection.close()
    return too_long


def write(sheet, line, position, value, styles) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, position, value)
    elif isinstance(value, (int, float, Decimal)):
        sheet.write_number(line, position, value)
    elif isinstance(value, (datetime.date, datetime.datetime)):
        sheet.write_datetime(line, position, value, styles[type(value)])
    else:
        sheet.write_string(line, position, str(value))


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
