"""dbt within the process of the tests."""

import copyreg

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.tests import enable_test_caching

enable_test_caching()  # the syntax of a macro is parsed once in a process


def restored(state: dict) -> Manifest:
    manifest = Manifest()
    manifest.__dict__.update(state)
    return manifest


# dbt's own way of pickling a manifest loses what newer fields hold
copyreg.pickle(
    Manifest,
    lambda manifest: (
        restored,
        ({name: value for name, value in vars(manifest).items() if name != "_lock"},),
    ),
)


class Runner(dbtRunner):
    """Lets go of the database after each command, as the end of a process does."""

    def invoke(self, *arguments, **options):
        try:
            return super().invoke(*arguments, **options)
        finally:
            if DuckDBConnectionManager._ENV is not None:
                DuckDBConnectionManager.env().close()
