"""Applies a pure function of a frame to a relation of any size, a batch of rows at a time."""

from collections.abc import Callable, Iterator

import duckdb
import pandas as pd
import pyarrow as pa

ARROW_TYPES = {
    "str": pa.string(),
    "float64": pa.float64(),
    "int64": pa.int64(),
    "boolean": pa.bool_(),
    "datetime64[us]": pa.timestamp("us"),
}


def apply_in_batches(
    session, relation, function: Callable, types: dict[str, str], batch_rows: int = 200_000
) -> pa.RecordBatchReader:
    """`function` of `batch_rows` rows of `relation` at a time, as one table that is never held in memory.

    `function` takes and returns a frame, and treats each row by itself; `types` are the pandas types of its result.
    """
    schema = pa.schema([(name, ARROW_TYPES[kind]) for name, kind in types.items()])
    if hasattr(relation, "apply_in_batches"):  # one of Spark, whose rows stay where they are
        return relation.apply_in_batches(
            lambda rows: function(rows)[list(types)].astype(types), schema
        )
    # a connection that writes a result cannot be read from at the same time; a relation of a session that is none of
    # DuckDB's has a connection of its own
    if hasattr(session, "cursor"):
        relation = session.cursor().sql(relation.sql_query())

    def results() -> Iterator[pa.RecordBatch]:
        with duckdb.connect() as converter:
            for batch in relation.to_arrow_reader(batch_rows):
                # the types that every other frame has: no decimals
                frame = converter.from_arrow(pa.Table.from_batches([batch])).df()
                result = function(frame)[list(types)].astype(types)
                yield from pa.Table.from_pandas(result, schema, preserve_index=False).to_batches()

    return pa.RecordBatchReader.from_batches(schema, results())


def empty_frame(types: dict[str, str]) -> pd.DataFrame:
    """No rows, typed."""
    return pd.DataFrame(columns=list(types)).astype(types)
