"""Lists a raw folder for the macros that choose what is read, and opens the files in it."""

import json
import os
from typing import BinaryIO

# what a file is, whatever its name says, by its first bytes
CONTENTS = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"PAR1": "parquet",
    b"\xd0\xcf\x11\xe0": "excel",
    b"(\xb5/\xfd": "zstd",
    b"BZh": "bzip2",
}
MAXIMUM_PARTS = 100_000


def folder_fault(folder: str) -> str | None:
    """One sentence for a raw folder that cannot be read, none where it can."""
    if not folder.strip():
        return "CLIENTELE_RAW is empty: expected the path of a folder."
    if "://" in folder or folder.startswith("file:"):
        return f"CLIENTELE_RAW is the address '{folder}': expected the path of a folder on this machine."
    if folder.startswith("~"):
        return f"CLIENTELE_RAW is '{folder}': expected a path without ~, which stands for a home folder in shells only."
    if not os.path.isdir(folder):
        what = "a file" if os.path.exists(folder) else "missing"
        return (
            f"Folder '{folder}' is {what}: expected a folder of raw files (CLIENTELE_RAW names it)."
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"Folder '{folder}' may not be read by this user: expected a folder that may."
    return None


def list_folder(folder: str) -> list[dict]:
    """What lies in a folder, in the order of names, hidden entries left out.

    Each entry has `name`, `kind` (`file`, `folder`, or `link` for one that leads out of the folder), for a file
    `content` (what its first bytes say: zip, gzip, parquet, excel, zstd, bzip2, empty, or other), for a link its
    `target`, and for a folder `parts`: the paths below it of the files in it, but those that begin with _ or a dot.
    """
    root = os.path.realpath(folder)
    entries: list[dict] = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith("."):
            continue
        target = os.path.realpath(path)
        if not target.startswith(os.path.join(root, "")) or not os.path.exists(target):
            entries.append({"name": name, "kind": "link", "target": target})
        elif os.path.isdir(path):
            entries.append({"name": name, "kind": "folder", "parts": _parts(path)})
        else:
            entries.append({"name": name, "kind": "file", "content": content_of(path)})
    return entries


def content_of(path: str) -> str:
    """What the first bytes of a file say that it is."""
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError:
        return "unreadable"
    if not head:
        return "empty"
    return next((kind for start, kind in CONTENTS.items() if head.startswith(start)), "other")


def _parts(folder: str) -> list[str]:
    parts = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        for name in sorted(names):
            if name[0] not in "._":
                parts.append(os.path.relpath(os.path.join(place, name), folder).replace("\\", "/"))
        if len(parts) > MAXIMUM_PARTS:
            break
    return sorted(parts)


def folder_entries(folder: str) -> str:
    """The fault of a folder (`fault`), or what lies in it (`entries`), as JSON."""
    fault = folder_fault(folder)
    return json.dumps({"fault": fault, "entries": [] if fault else list_folder(folder)})


def raw_file(path: str, folders: list[str]) -> BinaryIO:
    """An open file that lies in one of `folders`, whatever links lead to it; PermissionError for any other."""
    place = os.path.realpath(path)
    if not any(place.startswith(os.path.join(os.path.realpath(folder), "")) for folder in folders):
        raise PermissionError(f"{path} lies in none of the folders that a build may read")
    return open(place, "rb")
