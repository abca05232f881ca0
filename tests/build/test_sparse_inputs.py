"""The whole project builds and passes on an extract that has next to nothing."""

import re

from conftest import CAUTIOUS, NO_UNIT_TESTS


def test_an_extract_of_three_columns_builds_and_says_what_is_missing(run_dbt, tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id,age,city\n1,30,Rybinsk\n2,50,\n")
    build = run_dbt(raw=tmp_path, source_system="canonical", env=NO_UNIT_TESTS)
    assert build.is_success, [message for message in build.messages if "rror" in message]
    marts = [name for (name,) in build.rows(
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    )]  # fmt: skip
    rows = {name: build.row(f"select count(*) from marts.{name}")[0] for name in marts}
    filled = {name for name, count in rows.items() if count}
    assert filled == {
        "churn_customers", "churn_definitions_compared", "cluster_selection", "customer_explanations", "quality_drift",
        "quality_fairness", "quality_fan_out", "quality_inputs", "quality_reconciliation", "run_manifest",
        "segment_briefs", "strategy_customers", "strategy_evidence", "strategy_segments",
    }  # fmt: skip
    assert build.rows("select method_code, verdict from marts.cluster_selection") == [
        ("none", "too few customers of whom enough is known, use rules")
    ]
    notes = build.values("select entity_name, note from marts.quality_inputs")
    assert notes["customers"].startswith("Blank: city 1. Nobody is known to consent")
    # each mart that is empty is named with the columns that it lacks, and no other
    named = {
        name for (name,) in build.rows("select mart_name from intermediate.int_marts_without_input")
    }
    assert named == set(marts) - filled - {"quality_quarantine", "quality_changes"}
    assert named <= set(re.findall(r"\w+", notes["customers"]))
    assert all(
        "Nothing was supplied" in note for name, note in notes.items() if name != "customers"
    )


# the marts that are looked at, with the tests that need no other
STUDIED = ["+churn_intervals", "+churn_portraits", "+churn_segments"]
STUDIED += ["+strategy_segments", "+strategy_priorities"]


def test_segments_without_any_churn_have_strategies_and_no_order_of_work(run_dbt, tmp_path):
    (tmp_path / "customers.csv").write_text(
        "customer_id,age,product_count,balance\n1,30,1,1000\n2,50,2,\n3,50,3,0\n"
    )
    build = run_dbt(raw=tmp_path, select=STUDIED, source_system="canonical", env=CAUTIOUS)
    assert build.is_success, [message for message in build.messages if "rror" in message]
    strategies = build.row("select count(strategy_code) from marts.strategy_segments")
    assert strategies == (3,)
    for mart in ("churn_intervals", "churn_portraits", "churn_segments", "strategy_priorities"):
        assert build.row(f"select count(*) from marts.{mart}") == (0,), mart


def test_a_handful_of_customers_with_churn_is_studied_without_finding_anything(run_dbt, tmp_path):
    (tmp_path / "customers.csv").write_text(
        "customer_id,age,product_count,is_churned\n1,30,1,true\n2,50,2,false\n3,50,3,\n4,,,false\n"
    )
    build = run_dbt(raw=tmp_path, select=STUDIED, source_system="canonical", env=CAUTIOUS)
    assert build.is_success, [message for message in build.messages if "rror" in message]
    assert build.row("select count(*) from marts.churn_segments") == (0,)
    assert build.row(
        "select count(*) filter (where is_significant) from marts.churn_intervals"
    ) == (0,)
    assert build.row(
        "select count(*) filter (where reason is null) from marts.strategy_priorities"
    ) == (0,)
    assert build.row("select count(*) > 0 from marts.strategy_priorities") == (True,)
