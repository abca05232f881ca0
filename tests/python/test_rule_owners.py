"""The rules that hold for any bank are whole without the examples."""

import csv
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def rows(seed):
    (path,) = (ROOT / "seeds").glob(f"*/{seed}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_any(seed):
    return [row for row in rows(seed) if row["source_system"] == "any"]


@pytest.mark.parametrize("seed", ["segment_strategies", "churn_segment_strategies"])
def test_rules_of_any_bank_use_strategies_of_any_bank(seed):
    general = {row["strategy_code"] for row in of_any("strategies")}
    assert {row["strategy_code"] for row in of_any(seed)} <= general


def test_every_segment_of_any_bank_has_a_strategy():
    schemes = ("rfm", "cluster", "clv_tier")
    segments = {
        (row["segment_scheme"], row["segment_code"])
        for row in rows("segments")
        if row["segment_scheme"] in schemes and row["segment_code"] != "unclustered"
    }
    assert segments == {
        (row["segment_scheme"], row["segment_code"]) for row in of_any("segment_strategies")
    }


def test_no_rule_segment_band_or_campaign_of_the_examples_holds_for_any_bank():
    assert of_any("segment_rules") == []
    assert {row["campaign_code"] for row in of_any("campaigns")} == {"global_holdout"}
    assert not any(row["band_set"].startswith("metanprom") for row in of_any("bands"))
    assert {row["strategy_code"] for row in of_any("strategy_eligibility")} == {""}


def test_the_examples_are_those_of_layouts_that_exist():
    macro = (ROOT / "macros/rules/layout_rows.sql").read_text("utf-8")
    listed = re.search(r"macro example_layouts.*?return\(\[(.*?)\]", macro, re.DOTALL).group(1)
    folders = {path.name for path in (ROOT / "models/staging").iterdir() if path.is_dir()}
    assert {"demo_bank", "canonical"} <= set(re.findall(r"'(\w+)'", listed)) <= folders
