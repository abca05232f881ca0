"""Two builds of the same rows give equal marts, whatever the number of threads and the order of the rows."""

import json
import pathlib
import random
import shutil

import pytest
from conftest import MODELS

ROOT = pathlib.Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"

# What says where a row stands in its file does depend on the order of the rows.
# So do the bytes of the input files.
PLACES = {"quality_quarantine": {"line_number"}, "run_manifest": {"content_hash"}}


def marts_of(build):
    manifest = json.loads((build.target / "manifest.json").read_text("utf-8"))
    return sorted(
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["original_file_path"].startswith("models/marts/")
    )


def rows(build, mart, ignored=frozenset()):
    """Column names and all rows in an order of their own: by what is exact, then by the doubles."""
    columns = build.rows(
        "select column_name, data_type = 'DOUBLE' from information_schema.columns "
        f"where table_schema = 'marts' and table_name = '{mart}' order by column_name"
    )
    assert columns, f"{mart} was not built"
    exact = [name for name, is_double in columns if not is_double and name not in ignored]
    doubles = [name for name, is_double in columns if is_double]
    names = exact + doubles
    return names, build.rows(f"select {', '.join(names)} from marts.{mart} order by all")


def differences(one, other, ignored):
    """The first rows of each mart in which two builds differ."""
    found = {}
    for mart in marts_of(one):
        names, left = rows(one, mart, ignored.get(mart, frozenset()))
        other_names, right = rows(other, mart, ignored.get(mart, frozenset()))
        if (names, len(left)) != (other_names, len(right)):
            found[mart] = [(names, len(left)), (other_names, len(right))]
            continue
        different = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
        if different:
            found[mart] = different[:3]
    return found


def shuffled_copy(folder):
    """The demo extracts with the data rows of each file in another order; the header stays first."""
    for path in DEMO.iterdir():
        if path.suffix != ".csv":
            shutil.copy(path, folder / path.name)
            continue
        header, *lines = path.read_text("utf-8").splitlines(keepends=True)
        random.Random(path.name).shuffle(lines)
        (folder / path.name).write_text(header + "".join(lines), encoding="utf-8", newline="")
    return folder


@pytest.fixture(scope="module")
def shuffled(run_dbt, tmp_path_factory):
    """Built from rows in another order, and on four threads instead of the demo's two."""
    raw = shuffled_copy(tmp_path_factory.mktemp("shuffled"))
    return run_dbt("build", raw=raw, threads=4, env=MODELS)


def test_there_is_something_to_compare(demo):
    filled = [mart for mart in marts_of(demo) if rows(demo, mart)[1]]
    assert len(filled) >= 15


def test_order_of_raw_rows_and_number_of_threads_change_no_mart(demo, shuffled):
    assert shuffled.is_success, shuffled.messages
    assert differences(demo, shuffled, ignored=PLACES) == {}


def test_the_rows_were_in_another_order(demo, shuffled):
    # else the test above has nothing to find
    assert set(differences(demo, shuffled, ignored={})) == set(PLACES)
