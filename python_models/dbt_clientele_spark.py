"""Lets Python models run on Spark, in the session that dbt runs SQL in.

dbt imports every module whose name begins with `dbt_`, which is how this one is found. dbt-spark itself submits Python
models to Databricks only and has closed the request for sessions (dbt-adapters #510); once it can, this goes.
"""

try:
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


def read_table(spark, name):
    """A table of Spark as a relation of DuckDB, so that a Python model finds one and the same interface and types."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection.from_arrow(spark.table(name).toArrow())


def write_table(spark, frame, name, file_format):
    """Writes what a Python model gives back, with the types that DuckDB would give its columns."""
    import duckdb
    import pyarrow

    table = duckdb.connect().from_df(frame).arrow().read_all()
    fields = [
        field.with_type(pyarrow.string()) if pyarrow.types.is_null(field.type) else field
        for field in table.schema
    ]
    table = table.cast(pyarrow.schema(fields))
    spark.createDataFrame(table).write.mode("overwrite").format(file_format).saveAsTable(name)


if SparkAdapter is not None:
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
