"""Lets Python models run on Spark, in the session that dbt runs SQL in, and macros call what reads and publishes.

dbt imports every module whose name begins with `dbt_`, which is how this one is found. dbt-spark itself submits Python
models to Databricks only and has closed the request for sessions (dbt-adapters #510); once it can, this goes.
"""

import os

try:
    from dbt.adapters.spark import session
    from dbt.adapters.spark.impl import SparkAdapter
except ImportError:  # the optional requirements of Spark are not installed
    SparkAdapter = None

METHOD = "session"


class SessionJobHelper:
    """Runs the compiled code of a Python model in this process, whose session may be local, a cluster's or remote."""

    def __init__(self, parsed_model, credential):
        pass

    def submit(self, compiled_code):
        from pyspark.sql import SparkSession

        exec(compiled_code, {"spark": SparkSession.builder.getOrCreate()})


class SparkRelation:
    """A table of Spark with the few methods of a DuckDB relation that Python models use, so that one model fits both.

    Rows and columns are chosen by Spark; only what is asked for as a frame comes to this process.
    """

    def __init__(self, frame):
        self.frame = frame

    def filter(self, condition):
        return SparkRelation(self.frame.where(condition))

    def project(self, columns):
        return SparkRelation(self.frame.selectExpr(*_names(columns)))

    def order(self, columns):
        return SparkRelation(self.frame.orderBy(*_names(columns)))

    def df(self):
        return to_pandas(self.frame.toArrow())

    def apply_in_batches(self, function, schema):
        """`function` of the rows, frame by frame, where they are; both have the types that a model on DuckDB meets."""
        import pyarrow
        from pyspark.sql.pandas.types import from_arrow_schema

        def results(batches):
            for batch in batches:
                result = function(to_pandas(pyarrow.Table.from_batches([batch])))
                yield from pyarrow.Table.from_pandas(
                    result, schema, preserve_index=False
                ).to_batches()

        return self.frame.mapInArrow(results, from_arrow_schema(schema))


def _names(columns):
    return [name.strip() for name in columns.split(",")]


def to_pandas(table):
    """An Arrow table as the frame that DuckDB makes of it."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection.from_arrow(table).df()


def read_table(spark, name):
    return SparkRelation(spark.table(name))


def write_table(spark, frame, name, file_format):
    """Writes what a Python model gives back; of a pandas frame with the types that DuckDB would give its columns."""
    import duckdb
    import pandas
    import pyarrow

    if isinstance(frame, pandas.DataFrame):
        table = duckdb.connect().from_df(frame).arrow().read_all()
        fields = [
            field.with_type(pyarrow.string()) if pyarrow.types.is_null(field.type) else field
            for field in table.schema
        ]
        frame = spark.createDataFrame(table.cast(pyarrow.schema(fields)))
    frame.write.mode("overwrite").format(file_format).saveAsTable(name)


def store_relation(adapter, plugin_name, relation, column_list, path, format, config):
    """What macro in_python calls; on DuckDB it is a method of the adapter, which hands it to the project's plugin."""
    from publishing.publish import SparkEngine, perform

    perform(SparkEngine(adapter, config["file_format"]), config)


def execute(cursor, sql, *parameters):
    """A statement in a session that has the functions which read text; the first statement makes the session."""
    from pyspark.sql import SparkSession
    from reading.folder import folder_entries
    from reading.text import description, in_utf8

    _execute(cursor, sql, *parameters)
    spark = SparkSession.builder.getOrCreate()
    if spark not in _sessions:
        here = os.getcwd()  # a worker runs elsewhere
        spark.udf.register("folder_entries", lambda folder: folder_entries(folder, here), "string")
        spark.udf.register("text_description", description, "string")
        spark.udf.register("text_in_utf8", in_utf8, "binary")
        _sessions.append(spark)


if SparkAdapter is not None:
    _execute = session.Cursor.execute
    _sessions = []
    session.Cursor.execute = execute
    SparkAdapter.store_relation = store_relation
    SparkAdapter._available_ = SparkAdapter._available_ | {"store_relation"}
    _helpers = SparkAdapter.python_submission_helpers.fget
    _default = SparkAdapter.default_python_submission_method.fget

    def _is_session(adapter):
        return adapter.config.credentials.method == METHOD

    SparkAdapter.python_submission_helpers = property(
        lambda adapter: _helpers(adapter) | {METHOD: SessionJobHelper}
    )
    SparkAdapter.default_python_submission_method = property(
        lambda adapter: METHOD if _is_session(adapter) else _default(adapter)
    )
