"""Policies with an observed lifetime value: eleven columns without a key, or twenty-four with one."""

import re
from decimal import Decimal

import pytest

LAYOUT = {"source_system": "auto_insurance_clv"}
SELECTED = ["+int_policies_conformed", "+quality_reconciliation", "+quality_quarantine"]
SHORT, LONG = (
    "data_customer_lifetime_value.csv",
    "WA_Fn-UseC_-Marketing-Customer-Value-Analysis.csv",
)
SHORT_NAMES = [
    "Vehicle Class", "Coverage", "Renew Offer Type", "EmploymentStatus", "Marital Status", "Education",
    "Number of Policies", "Monthly Premium Auto", "Total Claim Amount", "Income", "Customer Lifetime Value",
]  # fmt: skip
LONG_NAMES = [
    "Customer", "State", "Customer Lifetime Value", "Response", "Coverage", "Education", "Effective To Date",
    "EmploymentStatus", "Gender", "Income", "Location Code", "Marital Status", "Monthly Premium Auto",
    "Months Since Last Claim", "Months Since Policy Inception", "Number of Open Complaints", "Number of Policies",
    "Policy Type", "Policy", "Renew Offer Type", "Sales Channel", "Total Claim Amount", "Vehicle Class", "Vehicle Size",
]  # fmt: skip
POLICY = {
    "Vehicle Class": "SUV", "Coverage": "Basic", "Renew Offer Type": "Offer1", "EmploymentStatus": "Unemployed",
    "Marital Status": "Single", "Education": "College", "Number of Policies": "2.0", "Monthly Premium Auto": "90.0",
    "Total Claim Amount": "571.479602", "Income": "0.0", "Customer Lifetime Value": "10083.48688",
}  # fmt: skip
READ = (
    "SUV", "Basic", "Offer1", "Unemployed", "Single", "College", Decimal("0.00"), 2, Decimal("90.00"),
    Decimal("571.48"), Decimal("10083.49"),
)  # fmt: skip
POLICIES = (
    "select policy_id, customer_id, vehicle_class, coverage, renew_offer_type, employment_status, marital_status, "
    "education, income, policy_count, monthly_premium, total_claim_amount, observed_clv "
    "from intermediate.int_policies_conformed order by total_claim_amount, policy_id"
)
CUSTOMERS = (
    "select customer_id, gender, estimated_salary, education, marital_status "
    "from intermediate.int_customers_conformed order by 1"
)
RECONCILED = (
    "select source_name, raw_count, conformed_count, quarantined_count, deduplicated_count, is_reconciled "
    "from marts.quality_reconciliation"
)


def delimited(rows, names, delimiter=","):
    lines = [names, *([row.get(name, "x") for name in names] for row in rows)]
    return "\n".join(map(delimiter.join, lines)) + "\n"


@pytest.fixture(scope="module")
def read(run_dbt, tmp_path_factory):
    """read(text, file_name) -> what dbt makes of the file; one database serves all calls."""
    seeded = run_dbt("seed", **LAYOUT)

    def read(text, file_name=SHORT):
        folder = tmp_path_factory.mktemp("policies")
        (folder / file_name).write_text(text)
        build = run_dbt("run", raw=folder, into=seeded, select=SELECTED, **LAYOUT)
        assert build.is_success, build.messages
        return build

    return read


def test_policies_without_a_key_are_known_by_all_of_their_values(read):
    almost = POLICY | {"Total Claim Amount": "571.479603"}  # equal once it is rounded
    other = POLICY | {"Total Claim Amount": "600"}
    text = delimited([POLICY, other, POLICY, almost, POLICY], SHORT_NAMES)
    build = read(text)
    policies = build.rows(POLICIES)
    assert [row[2:] for row in policies] == [READ, READ, (*READ[:9], Decimal("600.00"), READ[10])]
    assert all(re.fullmatch("[0-9a-f]{32}", row[0]) and row[0] == row[1] for row in policies)
    keys = {row[0] for row in policies}
    assert len(keys) == 3
    assert build.rows(CUSTOMERS) == [(key, None, 0, "College", "Single") for key in sorted(keys)]
    assert build.values(RECONCILED) == dict.fromkeys(
        ["auto_insurance_clv.customers", "auto_insurance_clv.policies"], (5, 3, 0, 2, True)
    )
    # neither the order of columns nor the delimiter nor a further column changes who is who
    text = delimited([POLICY, other, almost], ["Row", *reversed(SHORT_NAMES)], ";")
    assert read(text).rows(POLICIES) == policies


def test_decimal_commas_are_read(read):
    row = {name: value.replace(".", ",") for name, value in POLICY.items()}
    ((*_, count, premium, claims, clv),) = read(delimited([row], SHORT_NAMES, ";")).rows(POLICIES)
    assert (count, premium, claims, clv) == READ[7:]


def test_bad_rows_are_quarantined_for_both_entities(read):
    rows = [
        POLICY,
        POLICY | {"Number of Policies": "2.5"},
        POLICY | {"Customer Lifetime Value": "high"},
        POLICY | {"Coverage": "Basic,7"},
        POLICY | {"Income": "-1"},
    ]
    build = read(delimited(rows, SHORT_NAMES))
    assert build.rows(
        "select line_number, rule_code, column_name, string_agg(source_name, ' ' order by source_name) "
        "from marts.quality_quarantine group by all order by line_number, column_name"
    ) == [
        (3, "unparseable_value", "policy_count", "auto_insurance_clv.customers auto_insurance_clv.policies"),
        (4, "unparseable_value", "observed_clv", "auto_insurance_clv.customers auto_insurance_clv.policies"),
        (5, "wrong_field_count", None, "auto_insurance_clv.customers auto_insurance_clv.policies"),
        (6, "out_of_range", "estimated_salary", "auto_insurance_clv.customers"),
        (6, "out_of_range", "income", "auto_insurance_clv.policies"),
    ]  # fmt: skip
    assert [row[2:] for row in build.rows(POLICIES)] == [READ]
    assert len(build.rows(CUSTOMERS)) == 1


def test_policies_of_twenty_four_columns_are_known_by_their_customer(read):
    ann, bob, cyd = (
        {"Customer": name, "Gender": gender} for name, gender in zip("ABC", "FMF", strict=True)
    )
    rows = [
        POLICY | ann,
        POLICY | bob | {"Income": "56274", "Number of Policies": "1", "Total Claim Amount": "600"},
        POLICY | ann,
        POLICY | cyd,
        POLICY | cyd | {"Coverage": "Premium"},
        POLICY | {"Customer": "", "Gender": "F"},
    ]  # fmt: skip
    build = read(delimited(rows, LONG_NAMES), LONG)
    assert build.rows(POLICIES) == [
        ("A", "A", *READ),
        ("B", "B", *READ[:6], Decimal("56274.00"), 1, READ[8], Decimal("600.00"), READ[10]),
    ]
    assert build.rows(CUSTOMERS) == [
        ("A", "female", Decimal("0.00"), "College", "Single"),
        ("B", "male", Decimal("56274.00"), "College", "Single"),
        ("C", "female", Decimal("0.00"), "College", "Single"),
    ]
    assert build.rows(
        "select line_number, rule_code, column_name from marts.quality_quarantine "
        "where source_name = 'auto_insurance_clv.policies' order by line_number"
    ) == [
        (5, "duplicate_key", "policy_id"),
        (6, "duplicate_key", "policy_id"),
        (7, "missing_key", "policy_id"),
    ]
    assert build.values(RECONCILED) == {
        "auto_insurance_clv.policies": (6, 2, 3, 1, True),
        "auto_insurance_clv.customers": (6, 3, 1, 2, True),
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, f"File {SHORT} or {LONG} is missing: expected it in folder"),
        (
            delimited([POLICY], SHORT_NAMES[:-1]),
            f"File {SHORT} has no column 'Customer Lifetime Value': expected it for policies.observed_clv, but the "
            "header is: Vehicle Class, Coverage,",
        ),
    ],
    ids=["no file", "no column"],
)
def test_what_cannot_be_read_stops_the_build_with_one_sentence(run_dbt, tmp_path, text, sentence):
    if text:
        (tmp_path / SHORT).write_text(text)
    build = run_dbt("run", raw=tmp_path, select=["stg_auto_insurance_clv__policies"], **LAYOUT)
    assert not build.is_success
    assert any(sentence in message for message in build.messages), build.messages


def test_the_published_file_has_618_copies(auto_insurance_clv):
    build = auto_insurance_clv
    assert build.is_success, build.messages
    assert build.values(RECONCILED) == dict.fromkeys(
        ["auto_insurance_clv.customers", "auto_insurance_clv.policies"], (5669, 5051, 0, 618, True)
    )
    assert build.row(
        "select round(avg(cast(observed_clv as double)), 2), median(observed_clv) "
        "from intermediate.int_policies_conformed"
    ) == (8059.48, Decimal("5837.53"))
    assert build.row(
        "select count(*) from staging.stg_auto_insurance_clv__policies where income = 0"
    ) == (1429,)
