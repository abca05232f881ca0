"""Publishes whole builds. The hooks in macros/publish call it once when a run begins and once when it ends.

Write, audit, publish: dbt works in its own database; once that holds one whole, tested build (state.py), what is
published of each mart is copied to where clients read it and becomes current all at once: on DuckDB as files
(files.py), on Spark as a schema of its own behind views.
"""

import abc
import contextlib
import datetime
import json
import os
import re

import click
from reading.folder import files_below, is_input

from publishing import provenance, state, withholding
from publishing.files import CUSTOMERS, Publication, PublishError, published_path
from publishing.lineage import lineages

SCHEMA = "publishing"
TABLE = f"{SCHEMA}.node_runs"
# what the next build is compared with, see macros/publish/changes.sql
REMEMBERED = [f"{SCHEMA}.{name}" for name in ("measures", "members", "manifest")]
# the mart that compares, and which measures are published, of which it tells the changes
CHANGES, TOLD = "quality_changes", "told_measures"
COLUMNS = {"node": "varchar", "table_name": "varchar", "fingerprint": "varchar", "run": "int"}
MANIFEST = "run_manifest"
MANIFEST_COLUMNS = ["item_kind", "item_name", "item_value", "row_count", "content_hash"]
MANIFEST_ORDER = MANIFEST_COLUMNS[:2]
RAW = "raw files"  # the row with the process of the run and the hash of the files that were there when it began
SALT = "CLIENTELE_SALT"


def perform(engine, call: dict) -> None:
    """Does what a macro asks for and leaves the answer in the call: `message`, and whether it `is_failure`."""
    answer: dict = {"message": "", "is_failure": False}
    call["answer"] = answer
    try:
        actions = {"begin": begin, "end": end, "publish": publish, "show": show, "trace": trace}
        actions[call["action"]](engine, call, answer)
    except PublishError as error:
        answer |= {"message": error.sentence(), "is_failure": True, "is_whole": False}
        tell(engine, False, answer["message"])


def trace(engine, call: dict, answer: dict) -> None:
    """What the marts of the call are made of."""
    own = own_nodes(call) | state.seeds_read(call["graph"]["nodes"])
    answer["lineages"] = lineages(own, call["macros"], call["settings"], call["marts"])


def own_nodes(call: dict) -> dict[str, dict]:
    """The nodes of this package: another one in the same project has marts of its own."""
    nodes = call["graph"]["nodes"].items()
    return {key: node for key, node in nodes if node["package_name"] == state.PACKAGE}


# --- the hooks


def begin(engine, call: dict, answer: dict) -> None:
    """Before a run: nothing stands in the way of publishing, and what the run is about to make counts no longer."""
    engine.check(marts_named(call["graph"]["nodes"]))
    # a retry has no selection of its own, and dbt names that of a run before; what it makes did not succeed then
    is_retry = click.get_current_context().info_name == "retry"
    selected = [] if is_retry else call["selected"]
    before = read_rows(engine)
    rows = state.begun(before, call["graph"]["nodes"], selected)
    # with the number of the process, so that erasing can see that a run has not ended
    files = state.digest(hashes_of_files(engine, call))
    rows[RAW] = (str(os.getpid()), files, state.latest(before) + 1)
    write_rows(engine, rows)


def end(engine, call: dict, answer: dict) -> None:
    """After a run: notes what succeeded and says whether the database now holds a whole build that is not published."""
    nodes, rows = call["graph"]["nodes"], read_rows(engine)
    files = hashes_of_files(engine, call)
    raw = state.digest([files["raw"], *models_read(engine, call)])
    common = {"settings": settings_hash(engine), "raw": raw, "python": files["python"]}
    prints = state.fingerprints(nodes, common, engine.project_root())
    results = call["results"]
    _, files_before, run = rows.get(RAW, ("", None, 0))
    if call["is_partial"]:
        reasons = [
            "the run read no or only some rows, or tables of another state (--empty, --sample or --defer)"
        ]
    elif results and files_before != state.digest(files):
        reasons = ["raw files, seeds or Python code were changed while they were read"]
    else:
        statuses = {result.node.unique_id: str(result.status) for result in results}
        rows = state.ended(rows, nodes, prints, statuses)
        reasons = state.unfinished(rows, nodes, prints)
        if reasons:
            reasons = state.failures(results) or reasons
    if results:
        write_rows(engine, rows | {RAW: ("", files_before, run)})
    whole = state.digest(
        [prints[name] for name in sorted(state.needed(nodes))]
        + [call["settings"], salt_check(call["settings"]["pseudonymise_ids"])]
    )
    answer |= {"is_whole": not reasons, "state": whole}
    if reasons:
        answer["message"] = (
            f"Not published: {'; '.join(reasons)}. What was published before stays as it is."
        )
        answer["is_failure"] = call["is_required"]
        tell(engine, False, answer["message"])
    elif engine.current_state() == whole:
        answer["is_whole"] = False
        answer["message"] = engine.current_summary()
        tell(engine, True)


def publish(engine, call: dict, answer: dict) -> None:
    """Publishes the marts of the graph. Of the call, `told` is what the published marts tell, as a select; `changes`,
    what is published of the mart that compares, and what is `remembered` read it as TOLD."""
    call["marts"] = marts_of(engine, call)
    try:
        answer["message"] = engine.publish(call)
    except PublishError:
        raise
    except Exception as error:  # whatever the engine raises
        raise PublishError(_clause(error)) from error
    finally:
        engine.abandon()
    try:
        for table, query in call["remembered"].items():
            engine.replace_table(f"{SCHEMA}.{table}", query)
    except Exception as error:
        raise PublishError(
            f"the next build will not be compared with it: {_clause(error)}",
            current="that was published",
        ) from error
    tell(engine, True)


def _clause(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def show(engine, call: dict, answer: dict) -> None:
    engine.show(call["number"])


def tell(engine, is_published: bool, reason: str = "") -> None:
    """The status, where it can be written: what cannot be published to may be the reason."""
    try:
        engine.tell(is_published, reason)
    except PublishError:
        if is_published:
            raise


# --- what results depend on


def settings_hash(engine) -> str:
    variables = {
        name: value
        for name, value in engine.variables().items()
        if name not in state.PUBLISHING_VARS
    }
    return state.digest([variables, provenance.installed_packages(), engine.macros()])


def hashes_of_files(engine, call: dict) -> dict[str, str]:
    """Of the files that a run reads while it goes on; SQL is read before it begins."""
    nodes = call["graph"]["nodes"]
    return {
        "raw": raw_hash(engine, call),
        "python": state.python_hash(),
        "seeds": state.seeds_hash(nodes, engine.project_root()),
    }


def raw_hash(engine, call: dict) -> str:
    """Of all raw files, or tables, that the active layout declares."""
    declared = [raw.get("file", []) for raw in declarations(call)]
    names = sorted({name for one in declared for name in ([one] if isinstance(one, str) else one)})
    return state.digest(engine.raw_contents(call["raw_folder"], call["raw_schema"], names))


def models_read(engine, call: dict) -> list:
    """The contents of another project's models that the active layout declares; a run may make them meanwhile."""
    names = {raw["model"] for raw in declarations(call) if "model" in raw}
    return [
        engine.raw_contents(call["raw_folder"], node["schema"], [node["alias"]])
        for _, node in sorted(call["graph"]["nodes"].items())
        if node["name"] in names and node["resource_type"] in ("model", "seed", "snapshot")
    ]


def declarations(call: dict) -> list[dict]:
    return [
        node["config"]["meta"]["raw"]
        for node in own_nodes(call).values()
        if node["config"].get("meta", {}).get("raw")
    ]


def hash_of_input(folder: str, path: str, names: list[str]) -> str | None:
    """None for a file that is no input, or that cannot be read."""
    with contextlib.suppress(OSError):
        return state.file_hash(os.path.join(folder, path)) if is_input(path, names) else None
    return None


def marts_named(nodes: dict[str, dict]) -> list[str]:
    return [
        node["name"]
        for node in state.needed(nodes).values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    ]


def read_rows(engine) -> state.Rows:
    if TABLE.split(".")[1] not in engine.tables(TABLE.split(".")[0]):
        return {}
    found = engine.run(f"select {', '.join(COLUMNS)} from {TABLE}")
    return {node: (table, fingerprint, int(run)) for node, table, fingerprint, run in found}


def write_rows(engine, rows: state.Rows) -> None:
    values = ", ".join(
        f"({literal(node)}, {literal(table)}, {literal(fingerprint)}, {run})"
        for node, (table, fingerprint, run) in sorted(rows.items())
    )
    types = ", ".join(
        f"cast({name} as {engine.types[kind]}) as {name}" for name, kind in COLUMNS.items()
    )
    engine.replace_table(TABLE, f"select {types} from (values {values}) as t({', '.join(COLUMNS)})")


def salt_check(is_used: bool = True) -> str | None:
    """Tells one salt from another and gives neither away more than a pseudonym does."""
    if not is_used:
        return None
    return state.digest(["salt of clientele", os.environ.get(SALT, "")])[:16]


# --- the marts


def marts_of(engine, call: dict) -> list[dict]:
    """The marts to publish, but the manifest: each with its name, `rows` (what of it is published, as a select),
    `columns`, `keys` (those that name a person, of marts with a row per customer) and `order` (columns)."""
    nodes = own_nodes(call)
    rules = withholding.Rules(
        int(call["minimum"]), engine.types["varchar"], call["corrected"], call["pseudonym"]
    )
    person_keys = withholding.tagged(nodes, "is_person_key")
    marts = []
    for mart in withholding.published_marts(nodes):
        columns = withholding.published_columns(mart, nodes)
        keys = [name for name in columns if name in person_keys]
        if mart["name"] == MANIFEST or keys and not call["settings"]["publish_customers"]:
            continue
        is_compared = mart["name"] == CHANGES
        rows = call["changes"] if is_compared else withholding.published_rows(mart, nodes, rules)
        grain = [name for name in mart["config"]["meta"].get("grain", []) if name in columns]
        order = keys + [name for name in grain if name not in keys]
        marts.append(
            {"name": mart["name"], "rows": rows, "columns": columns, "keys": keys, "order": order}
        )
    return marts


def write_marts(engine, call: dict, place_of) -> tuple[str, dict]:
    """Writes the marts into the schemas that `place_of` gives for those without and with a row per customer, and the
    manifest into each; the build's id and what is to be known of it.

    Rows stand in the order of their keys, so that no order of the work database, and no id from which a pseudonym was
    made, can be read off them.
    """
    places = {bool(mart["keys"]): place_of(bool(mart["keys"])) for mart in call["marts"]}
    columns = ", ".join(MANIFEST_COLUMNS)
    (manifest,) = (node for node in own_nodes(call).values() if node["name"] == MANIFEST)
    main, query = place_of(False), f"select {columns} from {manifest['relation_name']}"
    for has_keys, place in places.items():
        with engine.transaction():
            for mart in call["marts"]:
                if bool(mart["keys"]) == has_keys and mart["name"] != CHANGES:
                    write_mart(engine, mart, place)
    if call["told"]:
        engine.create_temporary(TOLD, call["told"].replace("PUBLISHED", main))
    for mart in call["marts"]:
        if mart["name"] == CHANGES:
            write_mart(engine, mart, main)
    checksums = []
    for mart in call["marts"]:
        name = f"{places[bool(mart['keys'])]}.{mart['name']}"
        checksum = engine.checksum(name, mart["columns"])
        checksums.append(f"select {literal(mart['name'])}, * from ({checksum}) as checksums")
    # once: a build's id and both manifests read them
    for name, row_count, content_hash in engine.run(" union all ".join(checksums)):
        query += f" union all select 'mart', {literal(name)}, null, {int(row_count)}, {literal(content_hash)}"
    items = engine.checksum(f"({query})", MANIFEST_COLUMNS)
    build_id = engine.run(f"select left(content_hash, 12) from ({items}) as checksums")[0][0]
    # the one thing that a clock tells, and so no part of the id
    seconds = (datetime.datetime.now(datetime.UTC) - call["started_at"]).total_seconds()
    for place in dict.fromkeys([main, *places.values()]):
        engine.create_table(
            f"{place}.{MANIFEST}",
            f"select * from (select {literal(build_id)} as build_id, {columns} from ({query}) as items "
            f"union all select {literal(build_id)}, 'build', 'duration_seconds', '{seconds:.1f}', null, null) as items "
            f"{ordered_by(MANIFEST_ORDER)}",
        )
    (row_count, as_of_date) = engine.run(
        "select coalesce(sum(case when item_kind = 'mart' then row_count end), 0), "
        f"max(case when item_kind = 'build' and item_name = 'as_of_date' then item_value end) from {main}.run_manifest"
    )[0]
    return build_id, {
        "mart_count": len(call["marts"]),
        "row_count": int(row_count),
        "as_of_date": as_of_date,
        "state": call["state"],
    }


def write_mart(engine, mart: dict, place: str) -> None:
    rows = f"select * from ({mart['rows']}) as rows{ordered_by(mart['order'])}"
    engine.create_table(f"{place}.{mart['name']}", rows)


def ordered_by(columns: list[str]) -> str:
    return f" order by {', '.join(columns)}" if columns else ""


def summary(build_id: str, place: str, facts: dict) -> str:
    as_of = f", as of {facts['as_of_date']}" if facts["as_of_date"] else ""
    marts = state.counted(facts["mart_count"], "mart", "marts")
    return (
        f"Published build {build_id} as {place}: {marts} with {facts['row_count']:,} rows{as_of}."
    )


def literal(value) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


def spark_literal(text: str) -> str:
    """A backslash escapes the next character."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# --- engines


class Engine(abc.ABC):
    """What both engines are asked in the same way; dbt's adapter knows the project."""

    table_format: str

    def __init__(self, adapter):
        self.adapter = adapter

    def project_root(self) -> str:
        return self.adapter.config.project_root

    def variables(self) -> dict:
        config = self.adapter.config
        variables = dict(config.vars.to_dict())
        own = variables.pop(state.PACKAGE, {})
        return variables | own | dict(config.cli_vars)

    def macros(self) -> list:
        """The code of every macro, dbt's own among them."""
        macros = self.adapter.get_macro_resolver().macros
        return [[name, macros[name].macro_sql] for name in sorted(macros)]

    @abc.abstractmethod
    def run(self, query: str) -> list[tuple]:
        """The rows of a query."""

    @abc.abstractmethod
    def checksum(self, relation: str, columns: list[str]) -> str:
        """A select of row_count and content_hash, which depends on all rows and not on their order."""

    def create_table(self, name: str, query: str) -> None:
        self.run(f"create table {name}{self.table_format} as {query}")

    @abc.abstractmethod
    def create_temporary(self, name: str, query: str) -> None:
        """For this connection only."""

    def transaction(self):
        return contextlib.nullcontext()


class DuckdbEngine(Engine):
    types = {"varchar": "varchar", "int": "integer"}
    table_format = ""

    def __init__(self, adapter, cursor):
        super().__init__(adapter)
        self.cursor = cursor
        self.work = adapter.config.credentials.path
        self.database = adapter.config.credentials.database
        self.publication = Publication(published_path(), self.work)

    def run(self, query: str) -> list[tuple]:
        return self.cursor.execute(query).fetchall()

    @contextlib.contextmanager
    def transaction(self):
        """For hundreds of small statements, each of which would wait for the disk."""
        self.run("begin")
        try:
            yield
        except Exception:
            with contextlib.suppress(Exception):
                self.run("rollback")
            raise
        self.run("commit")

    def tables(self, schema: str) -> list[str]:
        query = (
            "select table_name from duckdb_tables() "
            f"where database_name = {literal(self.database)} and schema_name = {literal(schema)} "
            "union all select view_name from duckdb_views() "
            f"where database_name = {literal(self.database)} and schema_name = {literal(schema)}"
        )
        return [name for (name,) in self.run(query)]

    def replace_table(self, name: str, query: str) -> None:
        self.run(
            f"create schema if not exists {name.split('.')[0]}; create or replace table {name} as {query}"
        )

    def create_temporary(self, name: str, query: str) -> None:
        self.run(f"create or replace temporary table {name} as {query}")

    def checksum(self, relation: str, columns: list[str]) -> str:
        """Sums of the halves of the rows' md5, so that equal rows count as often as they occur. A row is its columns'
        texts between control characters, which takes half the time of JSON."""
        texts = "".join(f", coalesce(cast({name} as varchar), chr(30))" for name in columns)
        halves = ["row_hash >> 64", "row_hash & 18446744073709551615::uhugeint"]
        sums = "".join(f", coalesce(sum(cast({half} as ubigint)), 0)" for half in halves)
        return (
            f"select count(*) as row_count, md5(concat_ws('|', count(*){sums})) as content_hash from "
            f"(select md5_number(concat_ws(chr(31){texts})) as row_hash from {relation} as rows_read) as row_hashes"
        )

    def raw_contents(self, folder: str, schema: str | None, names: list[str]) -> list:
        if schema is not None:
            present = set(self.tables(schema)) & set(names)
            count = "count(*), sum(hash(rows))"
            return [
                [n, self.run(f'select {count} from "{schema}"."{n}" as rows')]
                for n in sorted(present)
            ]
        # the names of all, because quality_inputs names those that nobody reads
        return [[path, hash_of_input(folder, path, names)] for path in files_below(folder)]

    def check(self, marts: list[str]) -> None:
        self.publication.check(marts)

    def tell(self, is_published: bool, reason: str) -> None:
        self.publication.check()
        if is_published:
            # what another run leaves is for that one to sweep
            with contextlib.suppress(PublishError):
                self.publication.tidy()
        self.publication.tell(is_published, reason)

    def abandon(self) -> None:
        for name in ("publication", "customers_publication"):
            # a full disk may keep the engine from this, too
            with contextlib.suppress(Exception):
                self.run(f"detach database if exists {name}")
        self.publication.abandon()

    def facts(self) -> dict:
        return self.publication.facts()

    def current_state(self) -> str | None:
        return self.facts().get("state")

    def current_summary(self) -> str:
        return (
            f"Published build {self.facts()['build_id']} is current already as {published_path()}."
        )

    def publish(self, call: dict) -> str:
        """Fresh files with the marts, their comments and the manifest, and one Parquet file per mart, made current by
        one rename. Nothing of earlier files is in them, deleted rows neither, and clients from DuckDB 1.2 on open them.
        """
        publication = self.publication
        next_folder = publication.begin([mart["name"] for mart in call["marts"]])
        people = any(mart["keys"] for mart in call["marts"])
        files = {"publication": next_folder / publication.path.name}
        if people:
            files["customers_publication"] = next_folder / CUSTOMERS / publication.customers.name
        for name, file in files.items():
            self.run(f"attach {literal(file)} as {name} (storage_version 'v1.2.0')")

            self.run(f"create schema {name}.marts")
        names = {False: "publication", True: "customers_publication"}
        build_id, facts = write_marts(self, call, lambda has_keys: f"{names[has_keys]}.marts")
        for name, file in files.items():
            self.comment(name, call["schema"])
            marts = [m for m in call["marts"] if names[bool(m["keys"])] == name]
            described = self.descriptions(name)
            for mart in [*marts, {"name": "run_manifest", "order": MANIFEST_ORDER}]:
                columns = described.get(mart["name"], {})
                metadata = {
                    "build_id": build_id,
                    "description": columns.pop(None, ""),
                    "column_descriptions": json.dumps(columns, ensure_ascii=False),
                }
                pairs = ", ".join(f"{key}: {literal(value)}" for key, value in metadata.items())
                self.run(
                    f"copy (from {name}.marts.{mart['name']}{ordered_by(mart['order'])}) "
                    f"to {literal(file.with_name(mart['name'] + '.parquet'))} "
                    f"(format parquet, compression zstd, kv_metadata {{{pairs}}})"
                )
        for name in files:
            self.run(f"checkpoint {name}; detach {name}")
        facts |= {
            "person_keys": sorted({key for mart in call["marts"] for key in mart["keys"]}),
            "salt_check": salt_check(people and call["settings"]["pseudonymise_ids"]),
        }
        publication.commit(build_id, call["kept"], **facts)
        place = published_path() + (f" and {publication.customers.name}" if people else "")
        return summary(build_id, place, facts)

    def descriptions(self, name: str) -> dict[str, dict[str | None, str]]:
        """Mart -> column -> its comment in a published file; the mart's own under none."""
        found: dict[str, dict[str | None, str]] = {}
        for table, column, comment in self.run(
            "select table_name, null, comment from duckdb_tables() where {0} union all "
            "select table_name, column_name, comment from duckdb_columns() where {0} "
            "order by all".format(f"database_name = {literal(name)} and comment is not null")
        ):
            found.setdefault(table, {})[column] = comment
        return found

    def comment(self, name: str, schema: str) -> None:
        """Puts the comments of the marts in the work database on what a published file has of them."""
        query = (
            "select 'table', table_name, null, comment from duckdb_tables() where {0} and comment is not null "
            "union all select 'column', table_name, column_name, comment from duckdb_columns() where {0} "
            "and comment is not null"
        ).format(f"database_name = {literal(self.database)} and schema_name = {literal(schema)}")
        published = {
            (table, column)
            for table, column in self.run(
                "select table_name, column_name from duckdb_columns() "
                f"where database_name = {literal(name)} union all "
                f"select table_name, null from duckdb_tables() where database_name = {literal(name)}"
            )
        }
        statements = [
            f"comment on {kind} {name}.marts.{table}"
            + (f'."{column}"' if column else "")
            + f" is {literal(comment)}"
            for kind, table, column, comment in self.run(query)
            if (table, column) in published
        ]
        with self.transaction():
            self.run("; ".join([*statements, "select 1"]))

    def show(self, number: int) -> None:
        raise PublishError("Builds are files here: expected make rollback")


class SparkEngine(Engine):
    """Where marts are no file: the tables of a build stand in a schema of their own, published_<number>, and clients
    read the views of schema published, which are pointed at them one after the other."""

    types = {"varchar": "string", "int": "int"}

    def __init__(self, adapter, file_format: str):
        super().__init__(adapter)
        self.table_format = f" using {file_format}"

    def run(self, query: str) -> list[tuple]:
        _, table = self.adapter.execute(query, fetch=True)
        return [tuple(row.values()) for row in table.rows]

    def schemas(self) -> list[str]:
        return [row[0] for row in self.run("show schemas")]

    def tables(self, schema: str) -> list[str]:
        if schema not in self.schemas():
            return []
        # views of the session are listed in every schema
        listed = self.run(f"show tables in {schema}")
        return [name for _, name, is_temporary in listed if str(is_temporary).lower() != "true"]

    def replace_table(self, name: str, query: str) -> None:
        self.run(f"create schema if not exists {name.split('.')[0]}")
        self.run(f"drop table if exists {name}")
        self.create_table(name, query)

    def create_temporary(self, name: str, query: str) -> None:
        self.run(f"create or replace temporary view {name} as {query}")

    def checksum(self, relation: str, columns: list[str]) -> str:
        """Sums of the halves of the rows' md5, so that equal rows count as often as they occur."""
        halves = ["left(row_hash, 16)", "right(row_hash, 16)"]
        sums = "".join(
            f", coalesce(sum(cast(conv({half}, 16, 10) as decimal(38, 0))), 0)" for half in halves
        )
        return (
            f"select count(*) as row_count, md5(concat_ws('|', count(*){sums})) as content_hash from "
            f"(select md5(to_json(struct({', '.join(columns)}))) as row_hash from {relation}) as row_hashes"
        )

    def raw_contents(self, folder: str, schema: str | None, names: list[str]) -> list:
        """Of all files in the folder their sizes and times: to hash them, the cluster would have to read them again."""
        if schema is not None:
            present = set(self.tables(schema)) & set(names)
            count = "count(*), sum(cast(xxhash64(*) as decimal(38, 0)))"
            return [[n, self.run(f"select {count} from `{schema}`.`{n}`")] for n in sorted(present)]
        escaped = re.sub(r"([\[\]{}*?\\])", r"\\\1", folder).replace("\\", "\\\\")
        # folders below it, such as year=2024, are no partitions of all
        self.run(
            "create or replace temporary view clientele_raw_folder using binaryFile "
            f"options (path {literal(escaped)}, recursiveFileLookup 'true')"
        )
        base = re.sub(r"^(.*/)?\.{1,2}/|^\w+://", "", folder).strip("/")
        found = [
            [str(path).split(f"/{base}/", 1)[-1], str(length), str(changed)]
            for path, length, changed in self.run(
                "select path, length, modificationTime from clientele_raw_folder"
            )
        ]
        return sorted(row if is_input(row[0], names) else row[:1] for row in found)

    def check(self, marts: list[str]) -> None:
        pass

    def tell(self, is_published: bool, reason: str) -> None:
        status = (
            f"select {str(is_published).lower()} as is_published, {spark_literal(reason)} as reason"
        )
        self.replace_table("publishing.status", status)

    def abandon(self) -> None:
        pass

    def numbers(self, is_finished: bool = True) -> list[int]:
        """The numbers of the publications; those that were finished have a manifest, which is written last."""
        found = [
            int(name[10:]) for name in self.schemas() if re.fullmatch("published_[0-9]+", name)
        ]
        return sorted(
            n for n in found if not is_finished or "run_manifest" in self.tables(f"published_{n}")
        )

    def current_state(self) -> str | None:
        if "publication" not in self.tables("publishing"):
            return None
        return self.run("select state from publishing.publication")[0][0]

    def current_summary(self) -> str:
        build_id = self.run("select max(build_id) from published.run_manifest")[0][0]
        return f"Published build {build_id} is current already as schema published."

    def publish(self, call: dict) -> str:
        kept = self.numbers()
        for number in set(self.numbers(is_finished=False)) - set(kept):
            self.run(f"drop schema published_{number} cascade")
        number = max([0, *kept]) + 1
        schema = f"published_{number}"
        self.run(f"create schema {schema}")
        build_id, facts = write_marts(self, call, lambda has_keys: schema)
        self.show(number, call["state"])
        for old in self.numbers()[: -1 - call["kept"]]:
            self.run(f"drop schema published_{old} cascade")
        return summary(build_id, "schema published", facts)

    def show(self, number: int, state_shown: str | None = None) -> None:
        """Points the views that clients read at the tables of a publication; of a former one the state is not known."""
        if number not in self.numbers():
            kept = ", ".join(map(str, self.numbers()))
            raise PublishError(f"Publication {number} is not kept: expected one of {kept}")
        self.run("create schema if not exists published")
        shown = self.tables(f"published_{number}")
        for name in shown:
            self.run(
                f"create or replace view published.{name} as select * from published_{number}.{name}"
            )
        for name in set(self.tables("published")) - set(shown):
            self.run(f"drop view published.{name}")
        shown_state = f"select cast({literal(state_shown)} as string) as state"
        self.replace_table("publishing.publication", shown_state)
