"""Every var may be changed; a var that makes no sense is refused with a sentence."""

import json
import re

import pytest
import yaml
from conftest import CAUTIOUS, NO_UNIT_TESTS, ROOT

# Every setting that a build may have otherwise, off its default.
OTHERWISE = {
    "as_of_date": "2025-06-30",
    "date_range": ["1910-01-01", "2030-01-01"],
    "churn_definition": "dormant_low_balance",
    "churn_inactivity_days": 30,
    "churn_observed_from": "2023-01-01",
    "age_band_set": "decades",
    "standardisation_age_band_set": "life_stages",
    "confidence_level": 0.9,
    "significance_level": 0.01,
    "small_cell_size": 100,
    "minimum_cell_size": 10,
    "churn_window_days": 200,
    "minimum_outcomes": 20,
    "models_use_protected_attributes": True,
    "clv_family": "policies",
    "clv_purchase_model": "mbg_nbd",
    "clv_horizon_days": 730,
    "clv_discount_rate": 0.2,
    "clv_holdout_days": [120, 90],
    "sample_size": 2000,
    "cluster_maximum_count": 4,
    "clv_policy_filters": [{"column": "monthly_premium", "upper_bound": 300}],
    "clv_tier_set": "fixed",
    "rfm_scheme": "purchases",
    "strategy_choice": "order",
    "history_months": 4,
    "history_thresholds": "monthly",
    "strategy_scheme_order": ["rfm", "rule"],
}


def test_the_build_passes_with_every_setting_off_its_default(run_dbt):
    # unit tests state what the defaults do
    build = run_dbt(env=NO_UNIT_TESTS, parsed_with=OTHERWISE, **OTHERWISE)
    assert build.is_success, [message for message in build.messages if "rror" in message]
    assert (
        build.row("select distinct as_of_date from marts.rfm_customers")[0].isoformat()
        == "2025-06-30"
    )
    assert build.rows("select distinct strategy_scheme from marts.strategy_customers") == [("rfm",)]
    sentences = [
        text
        for mart in ("churn_intervals", "churn_segments")
        for (text,) in build.rows(f"select sentence from marts.{mart} where sentence like '%CI%'")
    ]
    assert sentences and all("(90% CI " in text for text in sentences)
    assert ("all",) in build.rows("select distinct feature_set from marts.churn_model_metrics")
    assert build.rows("select distinct clv_family, feature_set from marts.clv_customers") == [
        ("policies", "all")
    ]
    assert build.rows(
        "select cast(lower_bound_amount as varchar) from marts.clv_tiers "
        "where is_active and clv_tier <> 'churned' order by 1 nulls last"
    ) == [("10000.00",), ("5000.00",), (None,)]


SENSELESS = [
    ("as_of_date", "2025-02-30", "Var as_of_date is '2025-02-30': expected a date as YYYY-MM-DD."),
    ("as_of_date", "31.12.2025", "Var as_of_date is '31.12.2025': expected a date as YYYY-MM-DD."),
    ("churn_inactivity_days", -5, "Var churn_inactivity_days is '-5': expected a number from 0."),
    ("confidence_level", 0.94, "Var confidence_level is '0.94': expected one of 0.8, 0.9, 0.95"),
    ("small_cell_size", "many", "Var small_cell_size is 'many': expected a number from 0."),
    ("strategy_scheme_order", "rfm", "Var strategy_scheme_order is 'rfm': expected a list."),
    ("models_use_protected_attributes", "maybe", "is 'maybe': expected true, false or calibration."),
    ("churn_window_days", -180, "Var churn_window_days is '-180': expected a number from 0."),
    ("date_formats", "%Y", "Var date_formats is '%Y': expected a list."),
    ("declarations", {"my_bank": ["customers"]}, "expected declarations of customers, customer_snapshots,"),
    ("declarations", {"demo_bank": {"customers": {"file": "a"}}}, "Var declarations has layout 'demo_bank': expected"),
    ("declarations", {"my_bank": {"clients": {"file": "a"}}}, "has entity 'clients' of layout 'my_bank': expected"),
    ("declarations", {"my_bank": {"customers": {}}}, "has no source of customers of layout 'my_bank':"),
    ("date_formats", ["%Y %j"], "%f, %y, %b, %B, %I, %p and %z, not %j."),
]  # fmt: skip


def test_a_setting_that_makes_no_sense_has_a_fault(compiled):
    calls = [f"setting_fault({name!r}, {json.dumps(value)})" for name, value, _ in SENSELESS]
    text = compiled("\n".join(f"{{{{ {call} }}}}" for call in calls))
    faults = text.strip().splitlines()
    for (name, value, sentence), fault in zip(SENSELESS, faults, strict=True):
        assert sentence in fault, (name, value, fault)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"as_of_date": "31.12.2025"}, "Var as_of_date is '31.12.2025': expected a date as YYYY-MM-DD."),
        ({"strategy_scheme_order": ["typo"]}, "Var strategy_scheme_order has 'typo': expected names among"),
        ({"clv_family": "luck"}, "Var clv_family is 'luck': expected one of policies, purchases, contracts."),
        ({"clv_holdout_days": [0]}, "Var clv_holdout_days has '0': expected whole numbers of days from 1."),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused(run_dbt, setting, sentence):
    # most are refused while the project is parsed
    build = run_dbt("build", parsed_with=setting, **setting)
    assert not build.is_success
    assert any(sentence in message for message in build.messages), build.messages


def test_a_set_that_no_seed_has_stops_before_any_mart(run_dbt):
    build = run_dbt(
        select=["+rfm_customers", "+churn_rates"],
        env=CAUTIOUS,
        age_band_set="nope",
        rfm_scheme="typo",
        churn_definition="typo",
    )
    assert not build.is_success
    for table, column, value, name in (
        ("bands", "band_set", "nope", "age_band_set"),
        ("rfm_schemes", "rfm_scheme", "typo", "rfm_scheme"),
        ("churn_definitions", "churn_definition_code", "typo", "churn_definition"),
    ):
        sentence = f"{table}: {column} does not have {value}, which var {name} asks for."
        assert any(sentence in line for line in build.said)
    assert not build.rows(
        "select 1 from information_schema.tables where table_name = 'rfm_customers'"
    )
    assert not build.rows(
        "select 1 from information_schema.tables where table_name = 'churn_rates'"
    )


# --- every var, its kind and hostile values

DECLARED = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]
HOSTILE = [
    "1); drop table marts.rfm_customers; --",
    "' or 1 = 1 --",
    "copy (select 1) to '/tmp/x'",
    "2025-01-01' as date), '",
    "true or true",
    {"column": "x; drop table y"},
    ["x; drop table y", 1],
    [{"column": "1); drop table y"}],
    -1,
]


@pytest.fixture(scope="module")
def judged(compiled):
    """Kind of each var, the fault of its default, and the faults of each hostile value."""
    values = [json.dumps(value) for value in HOSTILE]
    expressions = (
        ["tojson(setting_kinds())"]
        + [f"tojson([setting_fault('{name}', var('{name}'))])" for name in DECLARED]
        + [
            f"tojson([{', '.join(f'setting_fault({name!r}, {value})' for value in values)}])"
            for name in DECLARED
        ]
    )
    text = compiled("\n".join(f"{{{{ {expression} }}}}" for expression in expressions))
    kinds, *faults = map(json.loads, text.strip().splitlines())
    defaults, hostile = faults[: len(DECLARED)], faults[len(DECLARED) :]
    return (
        kinds,
        dict(zip(DECLARED, defaults, strict=True)),
        dict(zip(DECLARED, hostile, strict=True)),
    )


def test_every_var_has_a_kind_and_a_default_without_fault(judged):
    kinds, defaults, _ = judged
    assert set(kinds) == set(DECLARED)
    assert {name: fault for name, (fault,) in defaults.items() if fault} == {}


def test_hostile_values_are_refused_by_a_sentence_or_are_texts(judged):
    kinds, _, hostile = judged
    for name, faults in hostile.items():
        for value, fault in zip(HOSTILE, faults, strict=True):
            is_text = isinstance(value, str) and kinds[name].startswith("text")
            if not is_text or kinds[name] == "texts":
                assert fault.startswith(f"Var {name} is '") and fault.endswith("."), (name, value)
                assert "expected " in fault


def test_no_var_and_no_environment_value_is_pasted_into_sql():
    # as a literal, by its kind, or looked up: never as it came
    pasted = re.compile(r"\{\{-?\s*(?:var|env_var)\(")
    for folder in ("models", "macros", "tests/assertions", "tests/generic"):
        for path in (ROOT / folder).rglob("*.sql"):
            assert not pasted.search(path.read_text("utf-8")), path
