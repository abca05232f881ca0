"""A seed accepts the names that its macro reads, and no others: one in either list alone would be ignored."""

import json

import pytest
import yaml
from conftest import ROOT

MACROS = {("rfm_schemes", "bin_count"): "rfm_bin_counts()"}


def compiled_lines(compiled, expressions):
    """What Jinja expressions that give JSON come to in the project."""
    text = compiled("\n".join(f"{{{{ {expression} }}}}" for expression in expressions))
    return list(map(json.loads, text.strip().splitlines()))


@pytest.fixture(scope="module")
def read_by_macros(compiled):
    expressions = [f"tojson({expression})" for expression in MACROS.values()]
    lines = compiled_lines(compiled, expressions)
    return dict(zip(MACROS, lines, strict=True))


def accepted_by_seed(seed, column):
    for file in (ROOT / "seeds").glob("*/*.yml"):
        for entry in yaml.safe_load(file.read_text("utf-8"))["seeds"]:
            if entry["name"] == seed:
                (tests,) = [
                    item["data_tests"] for item in entry["columns"] if item["name"] == column
                ]
                (values,) = [test["accepted_values"] for test in tests if "accepted_values" in test]
                return values["arguments"]["values"]
    raise AssertionError(f"no seed {seed}")


@pytest.mark.parametrize("seed_column", MACROS, ids=".".join)
def test_a_seed_accepts_what_its_macro_reads(read_by_macros, seed_column):
    assert sorted(accepted_by_seed(*seed_column)) == sorted(read_by_macros[seed_column])
