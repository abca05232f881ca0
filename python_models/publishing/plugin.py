"""The dbt-duckdb plugin: what SQL cannot do itself, and the bounds of what a build may do.

The work database, logs and target hold customers and are for their owner only; what is published follows the umask.
"""

import atexit
import os
import pathlib
import weakref

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.factory import get_adapter_by_type
from dbt_common.exceptions import DbtRuntimeError
from reading.folder import folder_entries, raw_file
from reading.text import description, in_utf8

from publishing import files, publish, state

# a connection with functions that is still open when Python ends makes the engine's library print pages of warnings
CONNECTIONS: weakref.WeakSet = weakref.WeakSet()


@atexit.register
def _close_connections():
    for connection in list(CONNECTIONS):
        connection.close()


class Plugin(BasePlugin):
    connection: duckdb.DuckDBPyConnection  # see configure_connection

    def initialize(self, plugin_config):
        # paths are relative to the project's root, and elsewhere nothing would be found, or be made in a wrong place
        if not os.path.exists("dbt_project.yml"):
            raise DbtRuntimeError(
                f"Folder '{os.getcwd()}' is not the project's root: expected dbt to be run from the folder that has "
                "dbt_project.yml."
            )
        folders = (plugin_config or {}).get("folders")
        if not folders:
            raise DbtRuntimeError(
                "Plugin publishing.plugin of the profile has no folders: expected the entries module_paths, plugins "
                "and config_options of output duckdb in this project's profiles.yml."
            )
        self.folders = [os.path.join(os.path.abspath(folder), "") for folder in folders]

    def update_connection_config(self, creds, config):
        """Before the work database is opened: refuses with one sentence what would end in pages of stack trace."""
        if creds.path == ":memory:":
            return
        os.umask(0o077)
        try:
            files.Publication(files.published_path(), creds.path).check_work()
            # another process may have it open
            duckdb.connect(creds.path, config=config).close()
        except files.PublishError as error:
            raise DbtRuntimeError(error.sentence("")) from None
        except duckdb.IOException as error:
            raise DbtRuntimeError(files.connection_fault(creds.path, str(error))) from None
        os.chmod(creds.path, 0o600)

    def configure_connection(self, conn):
        CONNECTIONS.add(conn)
        self.connection = conn
        text = duckdb.sqltype("VARCHAR")
        for name, function, parameters, result in (
            ("file_hash_of", state.file_hash, [text], text),
            ("has_salt", has_salt, [], duckdb.sqltype("BOOLEAN")),
            ("folder_entries", lambda folder: folder_entries(folder, ""), [text], text),
            ("text_description", self.of_file(description), [text, text], text),
            ("text_in_utf8", self.of_file(in_utf8), [text, text], duckdb.sqltype("BLOB")),
        ):
            conn.create_function(name, function, parameters, result, side_effects=True)
        # DuckDB 2.0 takes a left join to a relation without rows for one without rows itself, and so sums over it for 0
        # wherever they are compared
        conn.execute("set disabled_optimizers = 'statistics_propagation'")
        # nothing else on this machine is read or written, whatever a model says, and no model can change that
        # a folder whose name looks like a pattern is listed by its name as a pattern, see macro list_files
        folders = [*self.folders, *(folder.replace("[", "[[]") for folder in self.folders)]
        conn.execute(f"set allowed_directories = [{', '.join(map(publish.literal, folders))}]")
        conn.execute("set enable_external_access = false")
        conn.execute("set lock_configuration = true")

    def of_file(self, function):
        """A function of an open file, as one of the file's path; the file must lie in one of the folders."""

        def of_path(path, argument):
            with raw_file(path, self.folders) as file:
                return function(file, argument)

        return of_path

    def configure_cursor(self, cursor):
        # as a variable of the connection it is in no statement, and so in no log and no compiled file
        salt = publish.literal(os.environ.get(publish.SALT, ""))
        cursor.execute(f"set variable clientele_salt = {salt}")

    def store(self, target_config):
        """What macro in_python calls."""
        adapter = get_adapter_by_type("duckdb")
        keep_private(adapter.config)
        cursor = self.connection.cursor()
        self.configure_cursor(cursor)
        publish.perform(publish.DuckdbEngine(adapter, cursor), target_config.config)


def has_salt():
    """Whether the salt of pseudonyms is set, and long enough to be no guess."""
    return len(os.environ.get(publish.SALT, "")) >= 16


def keep_private(config) -> None:
    """Takes target and logs from others: the folders where they lie in the project, else what dbt writes into them."""
    root = pathlib.Path(config.project_root).resolve()
    folders = {"logs": config.log_path, "target": config.target_path}
    for name, patterns in files.WRITTEN_BY_DBT.items():
        folder = (root / folders[name]).resolve()
        places = [folder] if root in folder.parents else []
        for path in places + [path for pattern in patterns for path in folder.glob(pattern)]:
            if path.exists() and path.stat().st_uid == os.getuid():
                path.chmod(path.stat().st_mode & 0o700)
