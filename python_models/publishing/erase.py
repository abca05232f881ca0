"""The right to erasure: removes a customer from everything that builds have made.

The published build is written anew without the customer, since deleted rows stay readable in a database file, and
earlier builds are removed. The work database, dbt's logs and its target folder can be made again and are removed as a
whole. Raw extracts are never changed: where the key still stands in one is said, and the next build reads it again
until it is taken out there. Counts in aggregated marts are those of the build until the next one.
"""

import argparse
import hashlib
import os
import pathlib
import shutil

import duckdb

from publishing.files import Publication, PublishError


def pseudonym(customer_id: str, salt: str) -> str:
    """As macro pseudonym has it."""
    return hashlib.sha256(f"{salt}|{customer_id}".encode()).hexdigest()[:32]


def erase_published(path: str, keys: list[str]) -> int:
    """Publishes the current build without the rows of these keys; how many rows that were."""
    publication = Publication(path)
    folder = pathlib.Path(publication.begin())
    connection = duckdb.connect()
    connection.execute(f"attach {_literal(path)} as old (read_only)")
    connection.execute(
        f"attach {_literal(folder / publication.path.name)} as new (storage_version 'v1.2.0')"
    )
    connection.execute("create schema new.marts")
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() "
        "where database_name = 'old' and schema_name = 'marts' order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(column)
    among = ", ".join(map(_literal, keys))
    erased = {}
    for table, names in columns.items():
        theirs = [f'"{name}" in ({among})' for name in names if name.endswith("_id")]
        condition = " or ".join(theirs) if theirs else "false"
        connection.execute(
            f'create table new.marts."{table}" as from old.marts."{table}" where ({condition}) is not true'
        )
        erased[table] = _number(connection, f'old.marts."{table}"') - _number(
            connection, f'new.marts."{table}"'
        )
    (old_id,) = connection.execute("select max(build_id) from old.marts.run_manifest").fetchone()
    build_id = hashlib.sha256(f"{old_id}|erased|{sorted(erased.items())}".encode()).hexdigest()[:12]
    for table, count in erased.items():
        if count:
            # the hash was that of the rows before
            connection.execute(
                "update new.marts.run_manifest set row_count = row_count - ?, content_hash = null "
                "where item_kind = 'mart' and item_name = ?",
                [count, table],
            )
    connection.execute("update new.marts.run_manifest set build_id = ?", [build_id])
    for kind, table, column, comment in connection.execute(
        "select 'table', table_name, null, comment from duckdb_tables() "
        "where database_name = 'old' and comment is not null union all "
        "select 'column', table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'old' and comment is not null"
    ).fetchall():
        name = f'new.marts."{table}"' + (f'."{column}"' if column else "")
        connection.execute(f"comment on {kind} {name} is {_literal(comment)}")
    for table in columns:
        connection.execute(
            f'copy new.marts."{table}" to {_literal(folder / f"{table}.parquet")} '
            f"(format parquet, compression zstd, kv_metadata {{build_id: {_literal(build_id)}}})"
        )
    connection.execute("checkpoint new")
    connection.execute("detach new")
    connection.close()
    publication.commit(build_id, kept=0)
    return sum(erased.values())


def files_that_name(folder: pathlib.Path, key: str) -> list[str]:
    """The raw text files in which the key still stands."""
    pattern = key.encode()
    return sorted(
        file.name
        for file in folder.glob("*")
        if file.is_file() and file.suffix != ".parquet" and pattern in file.read_bytes()
    )


def _number(connection, table: str) -> int:
    return connection.execute(f"select count(*) from {table}").fetchone()[0]


def _literal(value) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def main() -> None:
    parser = argparse.ArgumentParser(description="Erase a customer from all that builds have made.")
    parser.add_argument("customer_id")
    customer_id = parser.parse_args().customer_id
    if not customer_id.strip():
        raise SystemExit("No customer is named: expected make erase CUSTOMER=<customer_id>.")
    published = os.environ.get("CLIENTELE_PUBLISHED", "published/clientele.duckdb")
    work = os.environ.get("CLIENTELE_DB", "clientele.duckdb")
    raw = pathlib.Path(os.environ.get("CLIENTELE_RAW", "data/demo"))
    keys = [customer_id, pseudonym(customer_id, os.environ.get("CLIENTELE_SALT", ""))]
    if pathlib.Path(published).exists():
        try:
            count = erase_published(published, keys)
        except (PublishError, OSError, duckdb.Error) as error:
            raise SystemExit(f"{str(error).splitlines()[0]}: nothing was erased.") from None
        print(
            f"{count} rows of customer {customer_id} are erased from {published}; earlier builds are removed."
        )
        shutil.rmtree(pathlib.Path(published).parent / "export", ignore_errors=True)
    for path in (work, f"{work}.wal"):
        pathlib.Path(path).unlink(missing_ok=True)
    for folder in (f"{work}.tmp", "logs", "target"):
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"The work database {work}, logs and target are removed; the next dbt build makes them again."
    )
    left = files_that_name(raw, customer_id)
    if left:
        print(
            f"{', '.join(left)} in {raw} still has {customer_id}: the next build reads it again "
            "unless it is taken out there."
        )


if __name__ == "__main__":
    main()
