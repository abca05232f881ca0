"""The dbt-duckdb plugin: what SQL cannot do itself, as functions that macros call, and the bounds of what it may do."""

import atexit
import hashlib
import os
import weakref

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from reading.folder import folder_entries, unpacked

from publishing.files import Publication, PublishError

SALT = "CLIENTELE_SALT"

# by path, for the process: a publication that an earlier run left open is closed when the next begins
PUBLICATIONS: dict[str, Publication] = {}

# a connection with functions that is still open when Python ends makes the engine's library print pages of warnings
CONNECTIONS = weakref.WeakSet()


@atexit.register
def _close_connections():
    for connection in list(CONNECTIONS):
        connection.close()


class Plugin(BasePlugin):
    def initialize(self, plugin_config):
        # paths are relative to the project's root, and elsewhere nothing would be found, or be made in a wrong place
        if not os.path.exists("dbt_project.yml"):
            raise DbtRuntimeError(
                f"Folder '{os.getcwd()}' is not the project's root: expected dbt to be run from the folder that has "
                "dbt_project.yml."
            )
        self.folders = [
            os.path.join(os.path.abspath(folder), "") for folder in plugin_config["folders"]
        ]

    def configure_connection(self, conn):
        CONNECTIONS.add(conn)
        text, number = duckdb.sqltype("VARCHAR"), duckdb.sqltype("BIGINT")
        for name, function, parameters, result in (
            ("publish_begin", publish_begin, [text], text),
            ("publish_commit", publish_commit, [text, text, number], text),
            ("file_hash_of", file_hash, [text], text),
            ("has_salt", has_salt, [], duckdb.sqltype("BOOLEAN")),
            ("folder_entries", folder_entries, [text], text),
            ("unpacked", lambda path: unpacked(path, self.folders), [text], duckdb.sqltype("BLOB")),
        ):
            conn.create_function(name, function, parameters, result, side_effects=True)
        # nothing else on this machine is read or written, whatever a model says, and no model can change that
        # a folder whose name looks like a pattern is listed by its name as a pattern, see macro list_files
        folders = [*self.folders, *(folder.replace("[", "[[]") for folder in self.folders)]
        conn.execute(f"set allowed_directories = [{', '.join(map(_literal, folders))}]")
        conn.execute("set enable_external_access = false")
        conn.execute("set lock_configuration = true")

    def configure_cursor(self, cursor):
        # as a variable of the connection it is in no statement, and so in no log and no compiled file
        cursor.execute(f"set variable clientele_salt = {_literal(os.environ.get(SALT, ''))}")


def has_salt():
    """Whether the salt of pseudonyms is set, and long enough to be no guess."""
    return len(os.environ.get(SALT, "")) >= 16


def publish_begin(path):
    """The folder to publish from; a sentence that begins with `error:` where there is none."""
    if path in PUBLICATIONS:
        PUBLICATIONS[path].release()
    publication = PUBLICATIONS[path] = Publication(path)
    return _told(publication.begin)


def publish_commit(path, build_id, kept):
    return _told(lambda: PUBLICATIONS[path].commit(build_id, kept))


def _literal(text):
    return "'" + text.replace("'", "''") + "'"


def _told(action):
    try:
        return action()
    except PublishError as error:
        return f"error: {error}"
    except OSError as error:
        return f"error: {error.filename or 'A file'} cannot be written: {error.strerror}"


def file_hash(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
