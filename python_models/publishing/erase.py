"""The right to erasure: removes a customer from everything that builds have made.

Everything published is withdrawn, aggregates too, because a person who is missing from some tables follows from totals
that stay; the next build publishes again. The work database loses every table that builds made, and what dbt wrote to
its folders, which can be made again, is removed. Raw extracts, and all else that clientele did not make, are never
changed: where the key still stands in one is said. Nothing is touched unless the customer is found and no build runs.
"""

import argparse
import bz2
import contextlib
import gzip
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import zipfile
import zlib

import duckdb
from reading.text import encoding_of

from publishing import audience, export, publish
from publishing.files import (
    WRITTEN_BY_DBT,
    Publication,
    PublishError,
    connection_fault,
    published_path,
)
from publishing.publish import literal

OTHERWISE = "nothing was erased"
PART_STRIDE = 1_000_000_000_000  # as macro part_stride has it
PACKED = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ\x00": lzma}
# broken, shut, encrypted, or packed in a way that Python does not know
CANNOT_BE_SEARCHED = (
    OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, duckdb.Error, zipfile.BadZipFile,
)  # fmt: skip
PAGE_MARK = '<meta name="generator" content="clientele">'  # in dashboard/page.html


def pseudonym(customer_id: str, salt: str) -> str:
    """As macro pseudonym has it."""
    return hashlib.sha256(f"{salt}|{customer_id}".encode()).hexdigest()[:32]


# --- where a key stands


def tables_with(
    connection, database: str, keys: list[str], tables: list[str] | None = None, any_column=False
) -> list[str]:
    """Tables (schema.name) of a database, of those named, in which a column that is called an id, or any column, has
    one of the keys."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() inner join duckdb_tables() "
        "using (database_name, schema_name, table_name) where database_name = ? "
        "and (? or column_name like '%\\_id' escape '\\' or column_name = 'id') order by all",
        [database, any_column],
    ).fetchall():
        if tables is None or table in tables:
            columns.setdefault(table, []).append(column)
    among = ", ".join(map(literal, keys))
    found = []
    for table, names in columns.items():
        is_theirs = " or ".join(f'cast("{column}" as varchar) in ({among})' for column in names)
        query = f"select 1 from {database}.{_quoted(table)} where {is_theirs} limit 1"
        if connection.execute(query).fetchall():
            found.append(table)
    return found


def has_value(file: pathlib.Path, keys: list[str]) -> bool:
    """Whether a file has one of the keys as a whole value: Parquet and DuckDB by their columns, text (also packed, and
    inside a workbook or another archive) in UTF-8, UTF-16, UTF-32, cp1251 or cp1252 by what stands between delimiters,
    quotes, brackets, blanks and markup. What a file is, its first bytes say."""
    # 1000.0 in a raw file is key 1000
    keys = keys + [f"{key}.0" for key in keys if key.isdigit()]
    with file.open("rb") as opened_file:
        head = opened_file.read(12)
        if head.startswith(b"PAR1"):
            return _has_column_value(file, keys)
        if head[8:] == b"DUCK":
            with duckdb.connect() as connection:
                connection.execute(f"attach {literal(file)} as seen (read_only)")
                return bool(tables_with(connection, "seen", keys, any_column=True))
        return _is_in(opened_file, keys)


def _has_column_value(file: pathlib.Path, keys: list[str]) -> bool:
    """Of a Parquet file, lists and records in its columns included."""
    with duckdb.connect() as connection:
        connection.execute(f"create view seen as from read_parquet({literal(file)})")
        for name, kind, *_ in connection.execute("describe seen").fetchall():
            text = 'cast("' + name.replace('"', '""') + '" as varchar)'
            if not re.search(r"[(\[]", kind.replace("DECIMAL(", "")):
                query = (
                    f"select 1 from seen where {text} in ({', '.join(map(literal, keys))}) limit 1"
                )
                if connection.execute(query).fetchall():
                    return True
                continue
            has_part = " or ".join(f"contains({text}, {literal(key)})" for key in keys)
            rows = connection.execute(f"select {text} from seen where {has_part}").fetchall()
            if any(_is_value(key, row) for (row,) in rows for key in keys):
                return True
    return False


def _is_in(file, keys: list[str]) -> bool:
    """Whether a packed file, an archive or a text has one of the keys; what is inside may be packed again."""
    file.seek(0)
    head = file.read(6)
    file.seek(0)
    for mark, module in PACKED.items():
        if head.startswith(mark):
            return _is_in(module.open(file), keys)
    if head.startswith(b"PK") and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return any(_is_in(archive.open(name), keys) for name in archive.namelist())
    return _has_text(file, keys)


def _has_text(lines, keys: list[str]) -> bool:
    encoding = encoding_of(lines)
    is_wide = encoding.startswith(("utf-16", "utf-32"))
    encodings = [encoding] if is_wide else ["utf-8", "cp1251", "cp1252"]
    lines.seek(0)
    for content in [lines.read()] if is_wide else lines:
        for key in keys:
            for encoding in encodings:
                if (is_wide or _bytes(key, encoding) in content) and _is_value(
                    key, content.decode(encoding, "replace")
                ):
                    return True
    return False


def _bytes(key: str, encoding: str) -> bytes:
    # up to a quote, which a file may double; of what an encoding has no letters for, nothing is found
    return key.split('"')[0].encode(encoding, "replace")


def _is_value(key: str, text: str) -> bool:
    written = "|".join(map(re.escape, (key, key.replace('"', '""'))))
    # a colon parts the names and values of JSON, and stands within keys
    before, after = r"(?:^|[\s,;|\"'>{\[\ufeff]|\":)", r"(?:$|[\s,;|\"'<}\]]|:\s)"
    return re.search(f"{before}(?:{written}){after}", text) is not None


def files_with(files, keys: list[str]) -> tuple[list[str], list[str]]:
    """Those of the files that have one of the keys, and those that cannot be searched."""
    found, shut = [], []
    for file in sorted(files):
        try:
            if file.is_file() and has_value(file, keys):
                found.append(str(file))
        except CANNOT_BE_SEARCHED:
            shut.append(str(file))
    return found, shut


# --- the work database


class Work:
    """The work database, open for this process alone; `is_there` says whether there is one."""

    def __init__(self, path: str):
        self.path = pathlib.Path(path)
        self.is_there = self.path.exists()
        if not self.is_there:
            return
        try:
            self.connection = duckdb.connect(path)
        except duckdb.IOException as error:
            raise PublishError(connection_fault(path, str(error)).rstrip(".")) from None
        except duckdb.Error as error:
            raise PublishError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
        self.connection.execute("pragma disable_checkpoint_on_shutdown")
        ((self.name,),) = self.connection.execute("select current_database()").fetchall()
        self.own, process = [], ""
        with contextlib.suppress(duckdb.CatalogException):
            rows = self.connection.execute(
                f"select node, table_name from {publish.TABLE} where table_name <> ''"
            ).fetchall()
            process = dict(rows).get(publish.RAW, "")
            self.own = [table for node, table in rows if node != publish.RAW]
            self.own += [publish.TABLE, *publish.REMEMBERED]
        if process and _is_running(int(process)):
            raise PublishError(f"A build runs in process {process}")

    def found(self, keys: list[str]) -> list[str]:
        return tables_with(self.connection, self.name, keys, self.own) if self.is_there else []

    def found_elsewhere(self, keys: list[str]) -> list[str]:
        return tables_with(self.connection, self.name, keys) if self.is_there else []

    def raw_lines(self, key: str) -> list[str]:
        """Where the rows stood that the last build read of the customer, in the words of a message."""
        said: list[str] = []
        if not self.is_there:
            return said
        for table in self.own:
            entity = re.fullmatch(r"\w+\.stg_\w+?__(\w+)", table)
            with contextlib.suppress(duckdb.Error):
                if entity:
                    lines = self.connection.execute(
                        f"select line_number % {PART_STRIDE} from {table} where customer_id = ? order by all limit 6",
                        [key],
                    ).fetchall()
                    numbers = ", ".join(str(line) for (line,) in lines[:5])
                    if lines:
                        said.append(
                            f"{entity[1]} (line {numbers}{' and others' if len(lines) > 5 else ''})"
                        )
        return said

    def clear(self) -> str:
        """Removes what builds made, and its bytes; what is left, in the words of a message. If it is interrupted, the
        database is as it was."""
        if not self.is_there:
            return ""
        left = ", ".join(table for table, _ in self._tables(self.name) if not self._is_own(table))
        parts = [pathlib.Path(f"{self.path}.{name}") for name in ("copy", "clean")]
        logs = [pathlib.Path(f"{file}.wal") for file in (*parts, self.path)]
        for file in (*parts, *logs[:2]):
            file.unlink(missing_ok=True)
        if left:
            # deleted rows stay readable in a file, so what is left of a copy goes into one more
            run = self.connection.execute
            # a view has no rows, and one that reads a file could not be copied without it
            for table, kind in self._tables(self.name):
                if kind == "view" and self._is_own(table):
                    run(f"drop view {_quoted(table)}")
            for name, part in zip(("copied", "cleaned"), parts, strict=True):
                run(f"attach {literal(part)} as {name}")
            run(f'copy from database "{self.name}" to copied')
            for table, kind in self._tables("copied"):
                if self._is_own(table):
                    run(f"drop {kind} copied.{_quoted(table)} cascade")
            kept = {table.split(".")[0] for table, _ in self._tables("copied")} | {"main"}
            for schema in {table.split(".")[0] for table in self.own} - kept:
                with contextlib.suppress(duckdb.Error):  # it has something else of its owner's
                    run(f'drop schema copied."{schema}"')
            run(
                "copy from database copied to cleaned; checkpoint cleaned; detach cleaned; detach copied"
            )
            os.replace(parts[1], self.path)
            parts[0].unlink()
        else:
            self.path.unlink()
        for file in logs:
            file.unlink(missing_ok=True)
        for file in pathlib.Path(f"{self.path}.tmp").glob("duckdb_temp_*"):
            file.unlink()
        self.connection.close()
        return left

    def _tables(self, database: str) -> list[tuple[str, str]]:
        return self.connection.execute(
            "select schema_name || '.' || table_name, 'table' from duckdb_tables() where database_name = ? union all "
            "select schema_name || '.' || view_name, 'view' from duckdb_views() "
            "where database_name = ? and not internal order by all",
            [database, database],
        ).fetchall()

    def _is_own(self, table: str) -> bool:
        # dbt builds beside a table and renames; a kill leaves such a copy
        return table in self.own or re.sub(r"__dbt_\w+$", "", table) in self.own


def _quoted(table: str) -> str:
    return ".".join(f'"{name}"' for name in table.split(".", 1))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


# --- the published builds


def published_with(publication: Publication, customer_id: str, salt: str) -> list[str]:
    """The builds in which the customer is found; where ids are pseudonyms, that takes their salt."""
    if publication.facts().get("salt_check") not in (None, publish.salt_check()):
        raise PublishError(
            "The published ids are pseudonyms, and CLIENTELE_SALT is not the salt that they were made with"
        )
    found = []
    for build in publication.build_folders():
        if not (build / "build.json").is_file():
            continue  # what a kill left of a build that was being removed
        for file in build.rglob("*.duckdb"):
            if file.is_symlink():
                continue  # to the current build
            with duckdb.connect(str(file), read_only=True) as connection:
                ((name,),) = connection.execute("select current_database()").fetchall()
                keys = [customer_id, pseudonym(customer_id, salt)]
                if tables_with(connection, name, keys):
                    found.append(build.name)
    return found


def erase(
    customer_id: str, published: str, work_path: str, raw: pathlib.Path
) -> tuple[list[str], bool]:
    """What was done, as sentences, and whether all was searched and nothing in the published folder still has the key.

    Raises a PublishError, before anything is touched, where the customer is not found, a build runs, or something is in
    the way."""
    keys = [customer_id, pseudonym(customer_id, os.environ.get(publish.SALT, ""))]
    publication = Publication(published, work_path)
    publication.check()
    if publication.folder.is_dir():
        publication.acquire()
    work = Work(work_path)
    builds = published_with(publication, customer_id, os.environ.get(publish.SALT, ""))
    if not builds and not work.found(keys):
        files, _ = files_with(raw.rglob("*"), keys)
        raise PublishError(
            f"Customer {customer_id} is in no published build and not in the work database {work_path}"
            + (
                f" (it is in {', '.join(files)}: delete it there, or the next build reads it)"
                if files
                else ""
            )
        )
    lines = work.raw_lines(customer_id)
    folder = publication.folder
    said = [
        f"Customer {customer_id} is erased: everything that was published as {published} is withdrawn, with exports "
        "and the dashboard, until the next dbt build publishes again."
    ]
    # the places where the customer is looked for come last, so that what was interrupted can be repeated
    for name, patterns in WRITTEN_BY_DBT.items():
        place = places_of_dbt()[name]
        written = [file for pattern in patterns for file in place.glob(pattern)]
        for file in written:
            shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()
        if written:
            said.append(f"What dbt wrote to {place} is removed.")
            if not any(place.iterdir()):
                place.rmdir()
    export.remove(folder / "export")
    export.remove(folder / "export_customers")
    export.remove(folder / audience.FOLDER)
    page = folder / "dashboard.html"
    if page.is_file() and PAGE_MARK in page.read_text("utf-8", "replace"):
        page.unlink()
    try:
        publication.withdraw("a customer was erased; the next build publishes again")
    except PublishError as error:
        raise OSError(str(error)) from None  # other than before, something was touched
    if work.is_there:
        left = work.clear()
        kept = f" but for what clientele did not make ({left})" if left else ""
        said.append(f"The work database {work_path} is removed{kept}.")
    tables = Work(work_path).found_elsewhere(keys)
    files, shut = files_with(raw.rglob("*"), keys)
    for places in (files, [f"table {table} of {work_path}" for table in tables]):
        if places:
            said.append(
                f"{customer_id} is still in {', '.join(places)}: the next build reads it again unless it is "
                "deleted there."
            )
    if lines and not files and not tables:
        said.append(
            f"The last build had read the customer from {'; '.join(lines)}: delete it there."
        )
    searched = [folder, *places_of_dbt().values()]
    others, more_shut = files_with({file for place in searched for file in place.rglob("*")}, keys)
    if others:
        said.append(
            f"{customer_id} is still in {', '.join(others)}, which clientele did not make: delete it there."
        )
    if shut or more_shut:
        said.append(
            f"{', '.join([*shut, *more_shut])} cannot be read, so whether {customer_id} is still in there is not known."
        )
    publication.release()
    return said, not others and not shut and not more_shut


def places_of_dbt() -> dict[str, pathlib.Path]:
    """Where dbt writes its logs and the rest."""
    return {
        name: pathlib.Path(os.environ.get(variable, name))
        for name, variable in (("logs", "DBT_LOG_PATH"), ("target", "DBT_TARGET_PATH"))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Erase a customer from all that builds have made.")
    parser.add_argument("customer_id", nargs="?", help="default: the environment variable CUSTOMER")
    customer_id = parser.parse_args().customer_id or os.environ.get("CUSTOMER", "")
    if not customer_id.strip():
        raise SystemExit("No customer is named: expected make erase CUSTOMER=<customer_id>.")
    os.umask(0o077)
    work = os.environ.get("CLIENTELE_DB", "clientele.duckdb")
    raw = pathlib.Path(os.environ.get("CLIENTELE_RAW", "data/demo"))
    try:
        said, is_done = erase(customer_id, published_path(), work, raw)
    except PublishError as error:
        raise SystemExit(f"{error}: {OTHERWISE}.") from None
    except (OSError, duckdb.Error) as error:
        raise SystemExit(f"{str(error).splitlines()[0]}: erasing has stopped, repeat it.") from None
    print("\n".join(said))
    if not is_done:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
