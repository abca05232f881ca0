"""What lies in a raw folder, and one sentence for what cannot be read."""

import json
import os

import pytest
from dbt_common.exceptions import DbtRuntimeError
from publishing.plugin import Plugin
from reading.folder import files_below, folder_entries, is_input, list_folder, raw_file


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
    answer = json.loads(folder_entries(folder, ""))
    assert words in answer["fault"] and answer["fault"].endswith((".", ")."))
    assert answer["entries"] == []


@pytest.fixture
def folder(tmp_path):
    """A raw folder, beside a folder with a file of its own."""
    folder = tmp_path / "raw"
    (folder / "parts" / "year=2024" / "_temporary").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for name, content in {
        "a.csv": b"customer_id\n",
        ".hidden": b"x",
        "whole.parquet": b"PAR1..PAR1",
        "parts/_SUCCESS": b"",
        "parts/year=2024/x.parquet": b"PAR1PAR1",
        "parts/year=2024/_temporary/y.parquet": b"PAR1",
        "../elsewhere/b.csv": b"x",
    }.items():
        (folder / name).write_bytes(content)
    return folder


def listed(folder):
    return {entry.pop("name"): entry for entry in list_folder(str(folder))}


def test_files_and_the_parts_of_folders_are_listed(folder):
    os.symlink(folder / "a.csv", folder / "link.csv")
    # what is behind links is a part too, and a folder in itself is no end of parts
    os.symlink(folder / "parts" / "year=2024", folder / "parts" / "year=2025")
    os.symlink("..", folder / "parts" / "year=2024" / "loop")
    (folder / "x.csv").mkdir()
    entries = listed(folder)
    assert list(entries) == sorted(entries)
    assert entries == dict.fromkeys(["a.csv", "link.csv", "whole.parquet"], {"kind": "file"}) | {
        "parts": {"kind": "folder", "parts": ["year=2024/x.parquet", "year=2025/x.parquet"]},
        "x.csv": {"kind": "folder", "parts": []},
    }


FAULTS = {
    "link.csv": ("../elsewhere/b.csv", "is a link to '{}/elsewhere/b.csv', outside of folder '{}/raw'"),
    "link": ("../elsewhere", "is a link to '{}/elsewhere', outside of folder '{}/raw'"),
    "parts/part-1.csv": ("../../elsewhere/b.csv", "is a link to '{}/elsewhere/b.csv', outside of"),
    "parts/year=2023": ("../../elsewhere", "is a link to '{}/elsewhere', outside of folder '{}/raw'"),
    "broken.csv": ("gone.csv", "is a link to '{}/raw/gone.csv', which cannot be found"),
    "broken": ("/no such folder", "is a link to '/no such folder', which cannot be found"),
    "loop.csv": ("loop.csv", "is a link to itself: expected a file there"),
    "cut.parquet": (b"PAR1.....", "is no whole Parquet file"),
    "parts/empty.parquet": (b"", "is no whole Parquet file"),
    "pipe.csv": (None, "is not readable by this user: expected a file that may be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_read_has_one_sentence(folder, name):
    content, words = FAULTS[name]
    if isinstance(content, str):
        os.symlink(content, folder / name)
    elif content is None:
        os.mkfifo(folder / name)
    else:
        (folder / name).write_bytes(content)
    faults = {name: entry["fault"] for name, entry in listed(folder).items() if "fault" in entry}
    assert list(faults) == [name.split("/")[0]]
    (fault,) = faults.values()
    place = os.path.realpath(folder.parent)
    assert fault.startswith(f"File {name} {words.format(place, place)}") and fault.endswith(".")


@pytest.mark.parametrize("config", [None, {}, {"folders": []}])
def test_a_profile_without_folders_has_one_sentence(config, tmp_path, monkeypatch):
    plugin = Plugin.__new__(Plugin)
    (tmp_path / "dbt_project.yml").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DbtRuntimeError, match="has no folders: expected the entries module_paths"):
        plugin.initialize(config)
    monkeypatch.chdir("..")
    with pytest.raises(DbtRuntimeError, match="is not the project's root"):
        plugin.initialize(config)


def test_every_file_that_may_be_part_of_an_input_is_known(folder):
    for name in ("A_2024-01.csv.gz", "PARTS_2.csv", "b.csv"):
        (folder / name).write_bytes(b"x")
    assert [path for path in files_below(str(folder)) if is_input(path, ["a", "parts.txt"])] == [
        "A_2024-01.csv.gz", "PARTS_2.csv", "a.csv", "parts/year=2024/x.parquet",
    ]  # fmt: skip
    assert files_below(str(folder / "no such folder")) == []


def test_a_relative_path_begins_at_the_base(folder):
    answer = json.loads(folder_entries("raw/parts", str(folder.parent)))
    assert answer["entries"][1:] == [
        {"name": "year=2024", "kind": "folder", "parts": ["x.parquet"]}
    ]
    assert (
        "'raw/no' is missing" in json.loads(folder_entries("raw/no", str(folder.parent)))["fault"]
    )


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
