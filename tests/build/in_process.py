"""dbt within the process of the tests."""

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner


class Runner(dbtRunner):
    """Lets go of the database after each command, as the end of a process does."""

    def invoke(self, *arguments, **options):
        try:
            return super().invoke(*arguments, **options)
        finally:
            if DuckDBConnectionManager._ENV is not None:
                DuckDBConnectionManager.env().close()
