"""The whole project builds and passes on an extract that has next to nothing."""


def test_an_extract_of_three_columns_builds_and_says_what_is_missing(run_dbt, tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id,age,city\n1,30,Rybinsk\n2,50,\n")
    build = run_dbt(raw=tmp_path, source_system="canonical")
    assert build.is_success, [message for message in build.messages if "rror" in message]
    marts = [name for (name,) in build.rows(
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    )]  # fmt: skip
    rows = {name: build.row(f"select count(*) from marts.{name}")[0] for name in marts}
    filled = {name for name, count in rows.items() if count}
    assert filled == {
        "quality_fan_out", "quality_inputs", "quality_reconciliation", "strategy_customers",
        "strategy_segments",
    }  # fmt: skip
    notes = build.values("select entity_name, note from marts.quality_inputs")
    assert notes["customers"] == "Blank: city 1"
    assert all(
        "Nothing was supplied" in note for name, note in notes.items() if name != "customers"
    )
