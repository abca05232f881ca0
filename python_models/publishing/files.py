"""The published folder: builds side by side, one of them current, swapped by a single rename.

    clientele.duckdb             link through clientele.current: the aggregates; what clients open
    <mart>.parquet               link through clientele.current: the aggregates
    clientele_customers.duckdb   link through clientele.current: marts with a row per customer
    clientele_customers          link through clientele.current: a folder with a Parquet file for each of these
    clientele.status.json        whether the last run published, and why not
    clientele.current            link to one folder of clientele.builds; replacing it is the whole swap
    clientele.builds/000007-<build id>/             build.json, the database of the aggregates, their Parquet files
    clientele.builds/000007-<build id>/customers/   the same of the customers
    clientele.builds/000007-<build id>/kept/        where the files are, for their owner only, once the build is not
                                                    current; links to the current build are at their places
    clientele.builds/access/     empty; its mode and group are those of the folders of customers
    clientele.lock               held while a build is published, so that two never are at once

Only what this module made is ever replaced or removed: links that lead through clientele.current, and the files that
build.json lists. What else stands at one of these names is refused, and everything else is left alone. A reader that
has a file open keeps it, whatever is swapped or removed; the next one to open finds the new state, also where it
followed the links before the swap. What a killed publisher leaves is never current, and the next one removes it.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import re
from collections.abc import Iterable

NUMBERED = re.compile(r"(\d{6})-\w+")
# the files of a build that is not finished; of a finished one build.json lists them
MADE = re.compile(r".+\.(duckdb|parquet|wal)|build\.json\.part")
MARKER = "made-by-clientele"  # in the folder of builds
MADE_BY = {"made_by": "clientele"}
CUSTOMERS = "customers"
KEPT = "kept"  # in the folder of a build that is not current

# what dbt leaves in the folders that it makes
WRITTEN_BY_DBT = {
    "logs": ["dbt.log*"],
    "target": ["*.json", "*.html", "*.msgpack", "*.gpickle", "compiled", "run"],
}

# files that clients read follow the umask that the process was started with, see plugin.py
UMASK = os.umask(0)
os.umask(UMASK)


class PublishError(Exception):
    """One clause that says what is wrong; `current` names the build that is current in spite of it, after the swap."""

    def __init__(self, clause: str, current: str = ""):
        super().__init__(clause)
        self.current = current

    def sentence(self, otherwise: str = "nothing was published") -> str:
        if self.current:
            return f"Build {self.current} is current, but {self}."
        return (
            f"{self}: {otherwise}, and what was published before stays as it is."
            if otherwise
            else f"{self}."
        )


class Publication:
    """The published state under one file name; `work` is the work database, which it must not touch."""

    def __init__(self, path: str, work: str | None = None):
        self.path = pathlib.Path(os.path.abspath(path))
        self.work = work
        self.folder = self.path.parent
        self.builds = self.folder / f"{self.path.stem}.builds"
        self.current = self.folder / f"{self.path.stem}.current"
        self.status = self.folder / f"{self.path.stem}.status.json"
        self.lock = self.folder / f"{self.path.stem}.lock"
        self.customers = self.folder / f"{self.path.stem}_customers{self.path.suffix}"
        self.next = self.builds / "next"
        self.access = self.builds / "access"
        self._lock: int | None = None

    # --- what others may find

    def check(self, marts: Iterable[str] = ()) -> None:
        """Raises a PublishError if anything stands where this publication would write; changes nothing."""
        self.check_work()
        if self.path.suffix != ".duckdb":
            raise PublishError(
                f"CLIENTELE_PUBLISHED is '{self.path}': expected the path of a file that ends in .duckdb"
            )
        # DuckDB names a database by its file
        if self.path.stem.casefold() == "marts":
            raise PublishError(
                f"CLIENTELE_PUBLISHED is '{self.path}': expected another name than marts, which is that of the schema "
                "in the file, so that queries could not tell one from the other"
            )
        links = [self.path, self.customers, self.customers.with_suffix("")]
        links += [self.folder / f"{mart}.parquet" for mart in marts]
        self._check_lock()
        for link in links:
            if os.path.lexists(link) and not self._is_own_link(link):
                raise self._foreign(link)
            self._check_temporary(link)
        self._check_temporary(self.current)
        for path in (self.path, self.customers):
            # readers would replay it
            if os.path.lexists(f"{path}.wal"):
                raise self._foreign(f"{path}.wal")
        if os.path.lexists(self.current) and not self._is_own_link(self.current):
            raise self._foreign(self.current)
        if os.path.lexists(self.builds) and not (
            (self.builds / MARKER).is_file() or _is_empty_folder(self.builds)
        ):
            raise self._foreign(self.builds)
        if os.path.lexists(self.next) and not _is_made(self.next):
            raise self._foreign(self.next)
        # an empty file, as a full disk may leave it, has nothing to lose
        if os.path.lexists(self.status) and not (
            _is_marked(self.status) or _is_empty_file(self.status)
        ):
            raise self._foreign(self.status)
        for folder in self._numbered_folders():
            if _is_empty_file(folder / "build.json"):
                raise PublishError(
                    f"{folder / 'build.json'} is empty, and without it clientele does not know which files it made: "
                    f"delete the folder {folder}, or restore the file; the next complete build publishes again"
                )

    def check_work(self) -> None:
        """Raises a PublishError if the work database is one of the paths that publishing replaces."""
        if self.work is None or self.work == ":memory:":
            return
        work = os.path.realpath(self.work)
        for place in (self.path, self.customers, self.status, self.current, self.builds):
            real = os.path.realpath(place)
            is_same = (
                os.path.exists(place) and os.path.exists(work) and os.path.samefile(place, work)
            )
            # the one may also lie in the other
            if is_same or os.path.commonpath([work, real]) in (work, real):
                raise PublishError(
                    f"CLIENTELE_PUBLISHED ({self.path}) and the work database CLIENTELE_DB ({self.work}) are in each "
                    "other's place: expected two files apart"
                )

    def current_build(self) -> pathlib.Path | None:
        return self.builds / self.current.resolve().name if self.current.exists() else None

    def build_folders(self) -> list[pathlib.Path]:
        """Every build that is kept, oldest first, the current one among them."""
        return [folder for folder in self._numbered_folders() if _is_made(folder)]

    def facts(self) -> dict:
        """What build.json says of the current build; nothing if there is none."""
        current = self.current_build()
        return _read_json(current / "build.json") if current is not None else {}

    # --- what changes it

    def begin(self, marts: Iterable[str] = ()) -> pathlib.Path:
        """Sweeps leftovers and gives an empty folder for the next build."""
        self.check(marts)
        with opened(self.folder):
            self._make_builds()
            self.acquire()
            self._sweep()
            # what somebody else put into it is still there
            self.next.mkdir(mode=0o700, exist_ok=True)
            _write_json(self.next / "build.json", MADE_BY)
            (self.next / CUSTOMERS).mkdir(exist_ok=True)
        return self.next

    def tidy(self) -> None:
        """Sweeps leftovers where nothing is to be published."""
        with opened(self.folder):
            self.acquire()
            try:
                self._sweep()
            finally:
                self.release()

    def commit(self, build_id: str, kept: int, **facts) -> str:
        """Makes what is in the next folder current, all at once; `kept` earlier builds stay for rollback."""
        if not (self.next / self.path.name).is_file():
            raise PublishError(f"The build to publish has no file {self.path.name}")
        logs = list(self.next.rglob("*.wal"))
        if logs:
            raise PublishError(f"The build to publish was not closed: {logs[0].name} is left")
        with opened(self.folder):
            files, customers = _files(self.next), self.next / CUSTOMERS
            for file in files:
                # a client that opens it for writing would shut the others out
                file.chmod(0o444 & ~UMASK)
                _sync(file)
            if any(file.parent == customers for file in files):
                customers.chmod(0o777 & ~UMASK)
                # who may see the customers of the builds before may see those of the next
                keep_access(self._noted_access(), customers)
                _sync(customers)
            elif not any(customers.iterdir()):
                customers.rmdir()
            names = sorted(str(file.relative_to(self.next)) for file in files)
            made = MADE_BY | {"build_id": build_id, "files": names}
            _write_json(self.next / "build.json", made | facts)
            _sync(self.next)
            self.check([file.stem for file in self.next.glob("*.parquet")])
            taken = [int(folder.name[:6]) for folder in self.build_folders()]
            build = self.builds / f"{1 + max([0, *taken]):06d}-{build_id}"
            os.rename(self.next, build)
            _sync(self.builds)
        self._make_current(build, build_id)
        with opened(self.folder, build_id):
            earlier = [folder for folder in self.build_folders() if folder != build]
            for folder in earlier[: max(0, len(earlier) - kept)]:
                _remove(folder)
        self.release()
        return str(build)

    def abandon(self) -> None:
        """Gives up what was begun."""
        with contextlib.suppress(OSError):
            if self._lock is not None and _is_made(self.next):
                _remove(self.next)
        self.release()

    def rollback(self) -> str:
        """Makes the build before the current one current again."""
        self.check()
        current = self.current_build()
        if current is None:
            raise PublishError(f"Nothing is published as {self.path}")
        earlier = [
            folder
            for folder in self.build_folders()
            # of one that was removed, something of somebody else's may be left
            if folder.name < current.name and _has(folder, self.path.name)
        ]
        if not earlier:
            raise PublishError(
                f"No build before {current.name} is kept (var published_builds_kept)"
            )
        name = earlier[-1].name
        with opened(self.folder):
            self.acquire()
        try:
            with opened(self.folder):
                access = self._noted_access()
                if (earlier[-1] / CUSTOMERS).is_dir():
                    keep_access(access, earlier[-1] / CUSTOMERS)
            self._make_current(earlier[-1], name[7:])
            self.tell(False, f"rolled back to build {name}")
        finally:
            self.release()
        return name

    def withdraw(self, reason: str) -> None:
        """Removes every build that was published, the current one and earlier ones, and the links to them."""
        if not self.folder.is_dir():
            return
        with opened(self.folder):
            self._noted_access()
            # after this nothing is found by the names that clients know
            self.current.unlink(missing_ok=True)
            for link in self._own_links():
                link.unlink()
            for folder in [*self.build_folders(), self.next]:
                if _is_made(folder):
                    _remove(folder)
            _sync(self.folder)
            self.tell(False, reason)

    def tell(self, is_published: bool, reason: str = "") -> None:
        """Writes the status file: whether the last run published, why not, and which build is current."""
        facts = self.facts()
        status = MADE_BY | {
            "is_published": is_published,
            "reason": reason,
            "current_build": facts.get("build_id"),
            "mart_count": facts.get("mart_count"),
            "row_count": facts.get("row_count"),
            "as_of_date": facts.get("as_of_date"),
        }
        with opened(self.folder, facts.get("build_id", "") if is_published else ""):
            self._make_builds()
            _write_json(self.status, status, self.builds / "status.json.part")

    def acquire(self) -> None:
        """Keeps others from publishing until release."""
        self._check_lock()
        self._lock = os.open(self.lock, os.O_CREAT | os.O_WRONLY, 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise PublishError("Another build is being published") from None

    def release(self) -> None:
        """Lets others publish."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # --- parts of these

    def _make_builds(self) -> None:
        self.builds.mkdir(parents=True, exist_ok=True)
        (self.builds / MARKER).touch()

    def _sweep(self) -> None:
        current = self.current_build()
        name = current.name if current else ""
        for folder in self.build_folders():
            # later than the current one: never swapped in, or rolled back; of the same name: nothing to go back to
            is_copy = folder.name[7:] == name[7:] and folder.name != name
            if folder.name > name or is_copy:
                _remove(folder)
            elif folder.name < name:
                self._shut(folder)
        if self.next.exists():
            _remove(self.next)
        for link in self._own_links():
            if link.name.endswith(".link"):
                link.unlink()

    def _make_current(self, build: pathlib.Path, build_id: str) -> None:
        files = _files(build)
        wanted = {file.name for file in files if file.parent == build}
        if build / CUSTOMERS / self.customers.name in files:
            wanted |= {self.customers.name, self.customers.stem}
        made = []
        try:
            with opened(self.folder):
                self._open(build)
                for link in sorted(self.folder / name for name in wanted):
                    if not self._is_own_link(link):
                        made.append(link)
                        self._link(link, self._goal(link.name))
                # the swap
                self._link(self.current, f"{self.builds.name}/{build.name}")
        except PublishError:
            for link in made:
                link.unlink(missing_ok=True)
            raise
        with opened(self.folder, build_id):
            for link in self._own_links():
                if link.name not in wanted:
                    link.unlink()
            _sync(self.folder)
            for folder in self.build_folders():
                if folder != build:
                    self._shut(folder)

    def _shut(self, folder: pathlib.Path) -> None:
        """Takes the files of a build that is not current from others: two builds may differ by a single customer.

        A link to the current build takes the place of each, in one step: DuckDB resolves all links before it opens a
        file, so a reader may look for the file of the build that was current a moment ago.
        """
        kept = folder / KEPT
        open_files = [file for file in _files(folder) if file.is_file() and not file.is_symlink()]
        for file in open_files:
            place = kept / file.relative_to(folder)
            for parent in (kept, place.parent):
                parent.mkdir(mode=0o700, exist_ok=True)
            # after a kill it is there already
            if not (place.exists() and file.samefile(place)):
                os.link(file, place)
        for parent in {kept, *((kept / file.relative_to(folder)).parent for file in open_files)}:
            if open_files:
                _sync(parent)
        for file in open_files:
            # the folder of builds may be a link to another disk
            goal = self.folder.resolve() / self.current.name / file.relative_to(folder)
            _link(file, os.path.relpath(goal, file.parent.resolve()), kept / "link")

    def _open(self, folder: pathlib.Path) -> None:
        """Undoes _shut."""
        for file in _files(folder):
            kept = folder / KEPT / file.relative_to(folder)
            if kept.is_file():
                os.replace(kept, file)
                kept.unlink(missing_ok=True)  # two names of one file are not replaced
        _remove_empty(folder / KEPT / CUSTOMERS, folder / KEPT)
        folder.chmod(0o777 & ~UMASK)

    def _noted_access(self) -> pathlib.Path:
        """The folder whose mode and group say who may see customers, noted for builds to come: the current build may be
        without customers, or be withdrawn."""
        current = self.current_build()
        customers = self.access if current is None else current / CUSTOMERS
        if os.path.lexists(self.access) and not _is_empty_folder(self.access):
            return customers  # the name is somebody else's
        if current is not None and customers.is_dir():
            self.access.mkdir(exist_ok=True)
            keep_access(customers, self.access)
        return self.access

    def _numbered_folders(self) -> list[pathlib.Path]:
        if not self.builds.is_dir():
            return []
        found = [folder for folder in self.builds.iterdir() if NUMBERED.fullmatch(folder.name)]
        return sorted(folder for folder in found if folder.is_dir() and not folder.is_symlink())

    def _own_links(self) -> list[pathlib.Path]:
        """The links that clients know, and what a kill left of making one or of the swap."""
        if not self.folder.is_dir():
            return []
        return sorted(
            link
            for link in self.folder.iterdir()
            if link != self.current and self._is_own_link(link)
        )

    def _is_own_link(self, path: pathlib.Path) -> bool:
        """Whether it is as clientele makes it; a link of another name that leads there is somebody else's."""
        if not path.is_symlink():
            return False
        name, target = path.name, os.readlink(path)
        prefix, suffix = f"{self.path.stem}.", ".link"
        if name.startswith(prefix) and name.endswith(suffix):
            name = name.removeprefix(prefix).removesuffix(suffix)
        if name == self.current.name:
            return target.startswith(f"{self.builds.name}/")
        return target == self._goal(name)

    def _goal(self, name: str) -> str:
        """Where the link of this name leads."""
        inner = {
            self.customers.name: f"{CUSTOMERS}/{self.customers.name}",
            self.customers.stem: CUSTOMERS,
        }
        return f"{self.current.name}/{inner.get(name, name)}"

    def _temporary(self, path: pathlib.Path) -> pathlib.Path:
        return self.folder / f"{self.path.stem}.{path.name}.link"

    def _check_lock(self) -> None:
        # opening a pipe waits for a reader, and opening a broken link makes a file where it leads
        if os.path.lexists(self.lock) and not self.lock.is_file():
            raise self._foreign(self.lock)

    def _check_temporary(self, path: pathlib.Path) -> None:
        temporary = self._temporary(path)
        if os.path.lexists(temporary) and not temporary.is_symlink():
            raise self._foreign(temporary)

    def _link(self, path: pathlib.Path, target: str) -> None:
        _link(path, target, self._temporary(path))

    def _foreign(self, path) -> PublishError:
        return PublishError(
            f"{path} is not part of the publication that clientele made as {self.path.name} and is left alone; "
            "move it, or set CLIENTELE_PUBLISHED to a file in a folder of its own"
        )


@contextlib.contextmanager
def opened(folder: pathlib.Path, current: str = ""):
    """What is made within follows the umask, and an error of the file system is a PublishError."""
    before = os.umask(UMASK)
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"{error.filename or folder} cannot be written: {error.strerror}", current
        ) from None
    finally:
        os.umask(before)


def keep_access(before: pathlib.Path, folder: pathlib.Path) -> None:
    """Gives a folder the mode and the group of the one before it, as an administrator may have set them."""
    if before.is_dir():
        status = before.stat()
        folder.chmod(status.st_mode & 0o7777)
        with contextlib.suppress(PermissionError):
            os.chown(folder, -1, status.st_gid)


def _is_empty_folder(path: pathlib.Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _is_made(folder: pathlib.Path) -> bool:
    """Whether a folder of builds has the marker; one with nothing, or half a marker, is what a kill left of one."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return _is_marked(folder / "build.json") or {*os.listdir(folder)} <= {"build.json.part"}


def _is_marked(file: pathlib.Path) -> bool:
    return _read_json(file).get("made_by") == MADE_BY["made_by"]


def _is_empty_file(path: pathlib.Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size == 0


def _read_json(file: pathlib.Path) -> dict:
    """What a file says; nothing if there is no such file, or no such text in it."""
    if not file.is_file():
        return {}  # reading a pipe waits for a writer
    try:
        text = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return text if isinstance(text, dict) else {}


def _link(path: pathlib.Path, target: str, temporary: pathlib.Path) -> None:
    """Puts a link at a path, in the place of what is there."""
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, path)


def _remove_empty(*folders: pathlib.Path) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _remove(folder: pathlib.Path) -> None:
    """Removes the files of a build, the marker last; what somebody else put among them stays where it is."""
    for file in _files(folder):
        file.unlink(missing_ok=True)
        (folder / KEPT / file.relative_to(folder)).unlink(missing_ok=True)
    (folder / KEPT / "link").unlink(missing_ok=True)
    _remove_empty(folder / KEPT / CUSTOMERS, folder / KEPT, folder / CUSTOMERS)
    marker = folder / "build.json"
    if {*os.listdir(folder)} <= {marker.name}:
        marker.unlink(missing_ok=True)
        folder.rmdir()


def _has(folder: pathlib.Path, name: str) -> bool:
    """Whether a build has the file, at its place or kept."""
    files = (folder / name, folder / KEPT / name)
    return any(file.is_file() and not file.is_symlink() for file in files)


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    """What clientele made in the folder of a build, but for the marker; the databases come first."""
    names = _read_json(folder / "build.json").get("files")
    if isinstance(names, list):
        # a list that was tampered with leads nowhere else
        places = [folder / str(name) for name in names]
        inside = (folder, folder / CUSTOMERS)
        files = [file for file in places if file.parent in inside and MADE.fullmatch(file.name)]
    else:
        found = [*folder.iterdir(), *(folder / CUSTOMERS).glob("*")]
        files = [file for file in found if MADE.fullmatch(file.name) and file.is_file()]
    return sorted(files, key=lambda file: (file.suffix != ".duckdb", file))


def _write_json(path: pathlib.Path, content: dict, part: pathlib.Path | None = None) -> None:
    part = part or path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    _sync(part)
    os.replace(part, path)


def _sync(path: pathlib.Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def connection_fault(path: str, message: str) -> str:
    """DuckDB's complaint about a database that it cannot open, as one sentence."""
    holder = re.search(r"Conflicting lock is held in (.*?) ?\(PID (\d+)\)", message)
    if holder:
        return (
            f"The work database {path} is open in process {holder[2]} ({holder[1]}): "
            "wait for it or end it, or set CLIENTELE_DB to another file."
        )
    return message.strip().splitlines()[0]


def published_path() -> str:
    return os.environ.get("CLIENTELE_PUBLISHED", "published/clientele.duckdb")


def main() -> None:
    parser = argparse.ArgumentParser(description="Go back to the build that was published before.")
    parser.add_argument("command", choices=["rollback"])
    parser.add_argument("--published", default=published_path())
    arguments = parser.parse_args()
    try:
        name = Publication(arguments.published).rollback()
    except PublishError as error:
        raise SystemExit(error.sentence("nothing was changed")) from None
    print(f"{arguments.published} is build {name} again; the next dbt build replaces it.")


if __name__ == "__main__":
    main()
