"""Lists a raw folder for the macros that choose what is read, and opens the files in it."""

import errno
import json
import os
from typing import BinaryIO

MAXIMUM_PARTS = 100_000


def folder_fault(folder: str, base: str) -> str | None:
    """One sentence for a raw folder that cannot be read, none where it can."""
    if not folder.strip():
        return "CLIENTELE_RAW is empty: expected the path of a folder."
    if "://" in folder or folder.startswith("file:"):
        return f"CLIENTELE_RAW is the address '{folder}': expected the path of a folder on this machine."
    if folder.startswith("~"):
        return f"CLIENTELE_RAW is '{folder}': expected a path without ~, which stands for a home folder in shells only."
    place = os.path.join(base, folder)
    if not os.path.isdir(place):
        what = "a file" if os.path.exists(place) else "missing"
        return (
            f"Folder '{folder}' is {what}: expected a folder of raw files (CLIENTELE_RAW names it)."
        )
    if not os.access(place, os.R_OK | os.X_OK):
        return f"Folder '{folder}' may not be read by this user: expected a folder that may."
    return None


def list_folder(folder: str) -> list[dict]:
    """What lies in a folder, in the order of names, hidden entries left out.

    Each entry has `name` and `kind` (`file` or `folder`), and a folder `parts`: the paths below it of the files in it,
    but those that begin with _ or a dot. What of an entry cannot be read is its `fault`, a sentence.
    """
    root = os.path.realpath(folder)
    entries: list[dict] = []
    for name in sorted(os.listdir(folder)):
        if name.startswith("."):
            continue
        fault = entry_fault(folder, name, root)
        if fault or not os.path.isdir(os.path.join(folder, name)):
            entries.append({"name": name, "kind": "file"})
        else:
            parts = _parts(folder, name)
            fault = next(filter(None, (entry_fault(folder, part, root) for part in parts)), None)
            parts = [part[len(name) + 1 :] for part in parts]
            entries.append({"name": name, "kind": "folder", "parts": parts})
        if fault:
            entries[-1]["fault"] = fault
    return entries


def entry_fault(folder: str, name: str, root: str) -> str | None:
    """One sentence for a file, folder or link that cannot be read, none where it can; `root` is the folder itself."""
    path = os.path.join(folder, name)
    target = os.path.realpath(path)
    try:
        os.stat(path)
    except OSError as error:
        to = "itself" if error.errno == errno.ELOOP else f"'{target}', which cannot be found"
        return f"File {name} is a link to {to}: expected a file there."
    if not target.startswith(os.path.join(root, "")):
        return (
            f"File {name} is a link to '{target}', outside of folder '{folder}': expected a file there; set "
            "CLIENTELE_RAW to the folder that has the file, or link the whole folder."
        )
    try:
        if os.path.isdir(path):
            os.scandir(path).close()
        elif not os.path.isfile(path):  # a pipe or a device, which may never end
            raise OSError
        elif name.lower().endswith(".parquet") and not _is_parquet(path):
            return f"File {name} is no whole Parquet file: expected one, or an ending that says what it is."
        else:
            open(path, "rb").close()
    except OSError:
        return f"File {name} is not readable by this user: expected a file that may be read."
    return None


def _is_parquet(path: str) -> bool:
    with open(path, "rb") as file:
        start = file.read(4)
        file.seek(-min(4, os.path.getsize(path)), os.SEEK_END)
        return start == file.read() == b"PAR1"


def _parts(folder: str, name: str) -> list[str]:
    """Files below a folder, and what in it looks like a folder and leads nowhere or out."""
    root = os.path.realpath(folder)
    parts: list[str] = []
    seen = set()
    for place, folders, names in os.walk(os.path.join(folder, name), followlinks=True):
        seen.add(os.path.realpath(place))
        for one in sorted(names + folders):
            path = os.path.join(place, one)
            part = os.path.relpath(path, folder).replace("\\", "/")
            is_left_out = one[0] in "._" or os.path.realpath(path) in seen  # a folder in itself
            if one in folders and (is_left_out or entry_fault(folder, part, root)):
                folders.remove(one)
            elif one in folders:
                continue
            if not is_left_out:
                parts.append(part)
        folders.sort()
        if len(parts) > MAXIMUM_PARTS:
            break
    return sorted(parts)


def folder_entries(folder: str, base: str) -> str:
    """The fault of a folder (`fault`), or what lies in it (`entries`), as JSON; a relative path begins at `base`."""
    fault = folder_fault(folder, base)
    entries = [] if fault else list_folder(os.path.join(base, folder))
    return json.dumps({"fault": fault, "entries": entries})


def is_input(path: str, names: list[str]) -> bool:
    """Whether a path below the raw folder may be part of an input of these names (see macro raw_parts): its first name
    begins with one of them, whatever its case."""
    return path.lower().startswith(tuple(name.split(".")[0].lower() for name in names))


def files_below(folder: str) -> list[str]:
    """Paths, below a folder, of its files and of the parts in its folders; none where there is no such folder."""
    return [
        f"{entry['name']}/{part}" if part else entry["name"]
        for entry in (list_folder(folder) if os.path.isdir(folder) else [])
        for part in entry.get("parts", [""])
    ]


def raw_file(path: str, folders: list[str]) -> BinaryIO:
    """An open file that lies in one of `folders`, whatever links lead to it; PermissionError for any other."""
    place = os.path.realpath(path)
    if not any(place.startswith(os.path.join(os.path.realpath(folder), "")) for folder in folders):
        raise PermissionError(f"{path} lies in none of the folders that a build may read")
    return open(place, "rb")
