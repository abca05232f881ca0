"""The published folder: builds side by side, one of them current, swapped by a single rename.

    clientele.duckdb        link through clientele.current; what clients open
    <mart>.parquet          link through clientele.current
    clientele.current       link to one folder of clientele.builds; replacing it is the whole swap
    clientele.builds/000007-<build id>/    the database file and one Parquet file per mart
    clientele.lock          held while a build is published, so that two never are at once

A reader that has a file open keeps it, whatever is swapped or removed; the next one to open finds the new state. What a
killed publisher leaves is never current, and the next one removes it.
"""

import argparse
import fcntl
import os
import pathlib
import re
import shutil

NUMBERED = re.compile(r"(\d{6})-\w+")


class PublishError(Exception):
    """One sentence that says why nothing was swapped."""


class Publication:
    """The published state under one file name."""

    def __init__(self, path: str):
        self.path = pathlib.Path(os.path.abspath(path))
        self.folder = self.path.parent
        self.builds = self.folder / f"{self.path.stem}.builds"
        self.current = self.folder / f"{self.path.stem}.current"
        self.next = self.builds / "next"
        self._lock = None

    def begin(self) -> str:
        """Sweeps leftovers and gives an empty folder for the next build."""
        try:
            self.builds.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PublishError(
                f"Folder {self.folder} cannot be written: {error.strerror}"
            ) from None
        self._acquire()
        self._sweep()
        self.next.mkdir()
        return str(self.next)

    def commit(self, build_id: str, kept: int) -> str:
        """Makes what is in the next folder current, all at once; `kept` earlier builds stay for rollback."""
        database = self.next / self.path.name
        if not database.is_file():
            raise PublishError(f"The build to publish has no file {self.path.name}")
        logs = list(self.next.glob("*.wal"))
        if logs:
            raise PublishError(f"The build to publish was not closed: {logs[0].name} is left")
        for file in sorted(self.next.iterdir()):
            file.chmod(0o444)  # a client that opens it for writing would shut the others out
            _sync(file)
        _sync(self.next)
        number = 1 + max([0, *(number for number, _ in self._numbered())])
        build = self.builds / f"{number:06d}-{build_id}"
        os.rename(self.next, build)
        _sync(self.builds)
        self._make_current(build)
        earlier = [folder for _, folder in self._numbered() if folder != build]
        for folder in earlier[: len(earlier) - kept]:
            shutil.rmtree(folder)
        self.release()
        return str(build)

    def rollback(self) -> str:
        """Makes the build before the current one current again."""
        if not self.current.exists():
            raise PublishError(f"Nothing is published as {self.path}")
        self._acquire()
        current = self.current.resolve()
        earlier = [folder for _, folder in self._numbered() if folder.name < current.name]
        if not earlier:
            raise PublishError(
                f"No build before {current.name} is kept (var published_builds_kept)"
            )
        self._make_current(earlier[-1])
        self.release()
        return earlier[-1].name

    def build_folders(self) -> list[pathlib.Path]:
        """Every build that is kept, oldest first, the current one among them."""
        return [folder for _, folder in self._numbered()]

    def _numbered(self) -> list[tuple[int, pathlib.Path]]:
        found = [(NUMBERED.fullmatch(folder.name), folder) for folder in self.builds.iterdir()]
        return sorted((int(match[1]), folder) for match, folder in found if match)

    def _sweep(self) -> None:
        current = self.current.resolve().name if self.current.exists() else ""
        for folder in self.builds.iterdir():
            # later than the current one: never swapped in, or rolled back; of the same name: nothing to go back to
            is_copy = folder.name[7:] == current[7:] and folder.name != current
            if not NUMBERED.fullmatch(folder.name) or folder.name > current or is_copy:
                shutil.rmtree(folder)
        for file in self.folder.glob(f"{self.path.stem}.*.link"):
            file.unlink()
        # a write-ahead log beside the published name would be replayed by its readers
        pathlib.Path(f"{self.path}.wal").unlink(missing_ok=True)

    def _make_current(self, build: pathlib.Path) -> None:
        files = {file.name for file in build.iterdir()}
        links = {link.name for link in self.folder.iterdir() if self._is_own_link(link)}
        if self.current.exists():
            for name in sorted(files - links):
                self._link(self.folder / name, f"{self.current.name}/{name}")
        # the swap
        self._link(self.current, f"{self.builds.name}/{build.name}")
        for name in sorted(files):
            if os.path.realpath(self.folder / name) != os.path.realpath(build / name):
                self._link(self.folder / name, f"{self.current.name}/{name}")
        for name in links - files:
            (self.folder / name).unlink()
        _sync(self.folder)

    def _is_own_link(self, path: pathlib.Path) -> bool:
        return path.is_symlink() and os.readlink(path).startswith(f"{self.current.name}/")

    def _link(self, path: pathlib.Path, target: str) -> None:
        temporary = self.folder / f"{self.path.stem}.{path.name}.link"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        os.replace(temporary, path)

    def _acquire(self) -> None:
        self._lock = os.open(self.folder / f"{self.path.stem}.lock", os.O_CREAT | os.O_WRONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            self._lock = None
            raise PublishError("Another build is being published") from None

    def release(self) -> None:
        """Lets others publish."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _sync(path: pathlib.Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def main() -> None:
    parser = argparse.ArgumentParser(description="Go back to the build that was published before.")
    parser.add_argument("command", choices=["rollback"])
    parser.add_argument(
        "--published", default=os.environ.get("CLIENTELE_PUBLISHED", "published/clientele.duckdb")
    )
    arguments = parser.parse_args()
    try:
        name = Publication(arguments.published).rollback()
    except PublishError as error:
        raise SystemExit(f"{error}; nothing was changed.") from None
    print(f"{arguments.published} is build {name} again; the next dbt build replaces it.")


if __name__ == "__main__":
    main()
