"""What lies in a raw folder is told by its bytes, and what cannot be read has one sentence."""

import gzip
import json
import os

import pytest
from reading.folder import folder_entries, list_folder, raw_file


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("", "CLIENTELE_RAW is empty"),
        ("  ", "CLIENTELE_RAW is empty"),
        ("~/extracts", "without ~"),
        ("s3://bucket/extracts", "is the address 's3://bucket/extracts'"),
        ("file:/data", "is the address 'file:/data'"),
        ("no such folder", "'no such folder' is missing"),
        (__file__, "is a file"),
    ],
)
def test_a_folder_that_cannot_be_read_has_one_sentence(folder, words):
    answer = json.loads(folder_entries(folder))
    assert words in answer["fault"] and answer["fault"].endswith((".", ")."))
    assert answer["entries"] == []


def test_entries_are_told_by_their_bytes(tmp_path):
    folder = tmp_path / "raw"
    (folder / "parts" / "year=2024" / "_temporary").mkdir(parents=True)
    for name, content in {
        "a.csv": b"customer_id\n",
        "b.csv": b"PK\x03\x04...",
        "c.csv": gzip.compress(b"x"),
        "d": b"PAR1....",
        "e.csv": b"",
        ".hidden": b"x",
        "parts/_SUCCESS": b"",
        "parts/year=2024/x.parquet": b"PAR1",
        "parts/year=2024/_temporary/y.parquet": b"PAR1",
    }.items():
        (folder / name).write_bytes(content)
    (tmp_path / "elsewhere.csv").write_text("x")
    os.symlink(tmp_path / "elsewhere.csv", folder / "f.csv")
    os.symlink(folder / "a.csv", folder / "g.csv")
    os.symlink(folder / "gone.csv", folder / "h.csv")
    entries = {entry.pop("name"): entry for entry in list_folder(str(folder))}
    assert list(entries) == sorted(entries)
    assert {name: entry.get("content") for name, entry in entries.items()} == {
        "a.csv": "other", "b.csv": "zip", "c.csv": "gzip", "d": "parquet", "e.csv": "empty",
        "f.csv": None, "g.csv": "other", "h.csv": None, "parts": None,
    }  # fmt: skip
    assert entries["parts"] == {"kind": "folder", "parts": ["year=2024/x.parquet"]}
    assert entries["f.csv"] == {
        "kind": "link", "target": os.path.realpath(tmp_path / "elsewhere.csv")
    }  # fmt: skip
    assert (entries["g.csv"]["kind"], entries["h.csv"]["kind"]) == ("file", "link")


def test_only_files_of_the_allowed_folders_are_opened(tmp_path):
    inside, outside = tmp_path / "raw", tmp_path / "raw_too"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.csv").write_bytes(b"customer_id\n1\n")
    os.symlink(outside / "a.csv", inside / "link.csv")
    allowed = [os.path.join(inside, "")]
    with raw_file(str(inside / "a.csv"), allowed) as file:
        assert file.read() == b"customer_id\n1\n"
    for path in (outside / "a.csv", inside / "link.csv", inside / ".." / "raw_too" / "a.csv"):
        with pytest.raises(PermissionError):
            raw_file(str(path), allowed)
