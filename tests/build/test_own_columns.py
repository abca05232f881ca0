"""Columns of a layout's own: one declaration, and every part of the study has them; wrong ones stop the build."""

import json
import random

import pytest
from conftest import MODELS
from own_project import OwnProject
from test_inputs import assert_one_sentence

NOISE = [f"noise_{number}" for number in range(30)]
BASE = {
    "entity": "customers",
    "file": "BankChurners.csv",
    "columns": {
        "customer_id": ["CLIENTNUM"],
        "age": ["Customer_Age"],
        "tenure_months": ["Months_on_book"],
        "is_churned": ["Attrition_Flag"],
    },
    "values": {"is_churned": {"Attrited Customer": "yes", "Existing Customer": "no"}},
    "required": ["is_churned"],
}
OWN = {
    "credit_limit": {"kind": "money", "headers": ["Credit_Limit"], "unit": "USD"},
    "card_category": {"kind": "text", "headers": ["Card_Category"]},
    "transaction_count": {
        "kind": "integer",
        "headers": ["Total_Trans_Ct"],
        "label": "transactions in 12 months",
    },
    "credit_points": {"kind": "number", "headers": ["Bureau"]},
    "e_mail": {"kind": "text", "headers": ["Mail"], "is_personal": True},
}
SEGMENTS = "select predicate_sql from marts.churn_segments"
CONFIRMED = (
    "select distinct column_name from intermediate.int_churn_candidate_rules_listed as rules "
    "inner join intermediate.int_churn_candidates_confirmed using (segment_code) where verdict = 'kept'"
)
AUC = (
    "select model_code, feature_set, metric_value from marts.churn_model_metrics "
    "where metric_name = 'auc' order by all"
)


def card_bank(folder, count=3000):
    """Customers with cards: rare use, silver cards and a low score raise churn; limits and noise do not."""
    draw = random.Random(5)
    header = [
        "CLIENTNUM",
        "Attrition_Flag",
        "Customer_Age",
        "Months_on_book",
        "Credit_Limit",
        "Card_Category",
    ]
    lines = [",".join([*header, "Total_Trans_Ct", "Bureau", "Mail", *NOISE])]
    for number in range(count):
        used, score = draw.randint(10, 130), draw.randint(300, 850)
        card = draw.choices(["Blue", "Silver", "Gold"], [80, 12, 8])[0]
        risk = 0.05 + 0.4 * (used < 45) + 0.2 * (card == "Silver") + 0.15 * (score < 450)
        churn = "Attrited" if draw.random() < risk else "Existing"
        cells = [
            708_000_000 + number,
            f"{churn} Customer",
            draw.randint(22, 75),
            draw.randint(13, 56),
        ]
        cells += [draw.randint(1400, 34000), card, used, score, f"c{number}@bank.example"]
        lines.append(",".join(map(str, [*cells, *(draw.randint(0, 99) for _ in NOISE)])))
    folder.mkdir()
    (folder / "BankChurners.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = OwnProject(
        tmp_path_factory.mktemp("project"),
        card_bank=["customers"],
        noisy_bank=["customers"],
        score_bank=["customers"],
        tenure_bank=["customers"],
        faulty_bank=["customers"],
        ledger_bank=["customers", "customer_snapshots", "transactions", "policies"],
    )
    project.stage("card_bank", "customers", {**BASE, "own_columns": OWN})
    project.stage(
        "noisy_bank", "customers",
        {**BASE, "own_columns": {**OWN, **{name: {"kind": "integer"} for name in NOISE}}},
    )  # fmt: skip
    columns = {**BASE["columns"], "credit_score": ["Bureau"]}
    own = {name: column for name, column in OWN.items() if name != "credit_points"}
    project.stage("score_bank", "customers", {**BASE, "columns": columns, "own_columns": own})
    return project


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return card_bank(tmp_path_factory.mktemp("raw") / "cards")


@pytest.fixture(scope="module")
def build(project, raw, tmp_path_factory):
    def build(layout, select):
        folder = tmp_path_factory.mktemp(layout)
        built = project.run(layout, folder, raw, select=select, env=MODELS)
        assert built.is_success, built.messages
        return built

    return build


@pytest.fixture(scope="module")
def cards(build):
    return build(
        "card_bank",
        [
            "+churn_segments",
            "+churn_model_metrics",
            "+churn_hypothesis_tests",
            "+churn_rates",
            "+churn_scores",
            "+churn_portraits",
            "+quality_inputs",
            "+int_churn_intervals_tested",
        ],
    )


def test_own_columns_are_among_segments_scores_portraits_cuts_and_hypotheses(cards):
    predicates = " and ".join(predicate for (predicate,) in cards.rows(SEGMENTS))
    assert "transaction_count < 45" in predicates
    assert "card_category = 'Silver'" in predicates
    assert "credit_limit" not in predicates
    reasons = {
        row[0] for row in cards.rows("select distinct top_feature_1_label from marts.churn_scores")
    }
    assert {"transactions in 12 months", "card category"} <= reasons
    assert {"card_category", "transaction_count"} <= {
        row[0] for row in cards.rows("select distinct feature_name from marts.churn_portraits")
    }
    rates = cards.values(
        "select cut_value, churn_rate from marts.churn_rates where cut_name = 'card_category'"
    )
    assert sorted(rates) == ["Blue", "Gold", "Silver"]
    assert rates["Silver"] > 1.3 * max(rates["Blue"], rates["Gold"])
    verdicts = cards.values(
        "select hypothesis_code, hypothesis_verdict, max(statement) from marts.churn_hypothesis_tests "
        "where hypothesis_family = 'own_columns' group by all"
    )
    assert verdicts["transaction_count_by_churn"] == (
        "different", "Transactions in 12 months of churned against retained customers",
    )  # fmt: skip
    assert verdicts["churn_by_card_category"][0] == "different"
    assert verdicts["credit_limit_by_churn"][0] != "different"


def test_an_own_column_may_be_named_like_a_hypothesis_of_the_seed(project, build):
    # tenure_by_churn and churn_by_activity are codes of the seed, about other columns
    columns = {"customer_id": ["CLIENTNUM"], "is_churned": ["Attrition_Flag"]}
    own = {
        "tenure": {"kind": "integer", "headers": ["Months_on_book"]},
        "activity": {"kind": "text", "headers": ["Card_Category"]},
        "score": {"kind": "integer", "headers": ["Bureau"]},
    }
    project.stage("tenure_bank", "customers", {**BASE, "columns": columns, "own_columns": own})
    registered = build("tenure_bank", ["+int_hypotheses_registered"]).values(
        "select hypothesis_code, measure_column, group_column from intermediate.int_hypotheses_registered "
        "where hypothesis_family = 'own_columns' or hypothesis_code = 'tenure_by_churn'"
    )
    assert registered == {
        "tenure_by_churn": ("tenure_years", "is_churned"),
        "own_tenure_by_churn": ("tenure", "is_churned"),
        "own_churn_by_activity": ("is_churned", "activity"),
        "own_score_by_churn": ("score", "is_churned"),
    }


def test_what_is_personal_is_kept_and_neither_used_nor_shown(cards):
    (mail,) = cards.row("select min(e_mail) from intermediate.int_customers_conformed")
    assert mail == "c0@bank.example"
    assert (
        cards.rows(
            "select * from intermediate.int_features_catalogued where feature_name = 'e_mail'"
        )
        == []
    )
    (profile,) = cards.row(
        "select column_profile from marts.quality_inputs where entity_name = 'customers'"
    )
    assert "e_mail 3000 values" in profile
    assert "credit_limit 14" in profile


def test_thirty_columns_of_noise_confirm_nothing_and_leave_the_scores_as_they_are(build, cards):
    noisy = build("noisy_bank", ["+int_churn_candidates_confirmed", "+churn_model_metrics"])
    searched = (
        "select count(distinct feature_name) from intermediate.int_churn_intervals_found "
        "where feature_name like 'noise%'"
    )
    assert noisy.row(searched) == (30,)
    confirmed = {row[0] for row in noisy.rows(CONFIRMED)}
    assert "transaction_count" in confirmed
    assert not confirmed & set(NOISE)
    for (model, features, auc), (_, _, before) in zip(
        noisy.rows(AUC), cards.rows(AUC), strict=True
    ):
        assert auc == pytest.approx(before, abs=0.02), (model, features)


@pytest.mark.soak
def test_a_canonical_column_gives_the_same_as_one_of_the_layouts_own(build, cards):
    canonical = build("score_bank", ["+int_churn_intervals_tested", "+churn_model_metrics"])
    intervals = (
        "select interval_number, lower_bound, upper_bound, discovery_count, discovery_churned_count, "
        "confirmation_count, p_value "
        "from intermediate.int_churn_intervals_counted inner join intermediate.int_churn_intervals_tested "
        "using (feature_name, interval_number) where feature_name = '{}' order by all"
    )
    assert len(cards.rows(intervals.format("credit_points"))) > 2
    assert canonical.rows(intervals.format("credit_score")) == cards.rows(
        intervals.format("credit_points")
    )
    assert canonical.rows(AUC) == cards.rows(AUC)


FAULTS = {
    "balance": ({"kind": "money"}, "has a name that is taken"),
    "recent_contact_count": ({"kind": "integer"}, "has a name that is taken"),
    "order": ({"kind": "text"}, "has a name that is taken"),
    "Limit": ({"kind": "money"}, "has no name that SQL can use"),
    "x) or (1=1": ({"kind": "money"}, "has no name that SQL can use"),
    "a": (
        {"kind": "amount"},
        "has no kind that is known: expected one of number, money, date, integer, text, flag.",
    ),
    "b": (
        {"kind": "text", "lable": "b"},
        "has an entry 'lable': expected entries of kind, headers",
    ),
    "c": ({"kind": "date"}, "is a date: expected a name that ends in _on."),
    "d": (
        {"kind": "text", "history": "dated"},
        "has the history 'dated': expected lasting or snapshot.",
    ),
    "e": ({"kind": "flag", "is_protected": "no"}, "has is_protected 'no': expected true or false."),
    "f": (
        {"kind": "money", "uses": ["cube"]},
        "has the use 'cube': expected uses of study, hypotheses, scores.",
    ),
    "g": ({"kind": "text", "is_personal": True, "uses": ["study"]}, "is personal and has uses"),
    "h": (
        {"kind": "text", "is_suspected_leak": True, "uses": ["scores"]},
        "is suspected to leak and has other uses",
    ),
    "i": ({"kind": "text", "headers": "I"}, "has headers 'I': expected a list."),
    "j": ({"kind": "text", "unit": ""}, "has no text as its unit"),
    "k": ("money", "has no kind that is known"),
}
SOUND = {
    "l": {"kind": "integer", "uses": ["cube"]},
    "opened_on": {"kind": "text"},
    "m_on": {"kind": "date"},
}


def test_what_cannot_be_an_own_column_is_said_in_one_sentence(compiled):
    columns = [(name, column) for name, (column, _) in FAULTS.items()]
    calls = [
        f"{{{{ tojson(own_column_fault('customers', {name!r}, {column!r})) }}}}"
        for name, column in columns
    ]
    for (name, (_, words)), line in zip(
        FAULTS.items(), compiled("\n".join(calls)).strip().splitlines(), strict=True
    ):
        fault = json.loads(line)
        assert words in fault, name
        assert fault.endswith("."), name
    calls = [
        f"{{{{ tojson(own_column_fault('customers', {name!r}, {column!r})) }}}}"
        for name, column in [("l", SOUND["l"]), ("m_on", SOUND["m_on"])]
    ]
    assert [json.loads(line) for line in compiled("\n".join(calls)).split()] == ["", ""]


def test_free_text_stops_the_build_before_it_begins(project, raw, tmp_path):
    own = {"mail": {"kind": "text", "headers": ["Mail"]}}
    project.stage("faulty_bank", "customers", {**BASE, "own_columns": own})
    build = project.run("faulty_bank", tmp_path, raw, "run", select=["stg_faulty_bank__customers"])
    assert not build.is_success
    words = [
        "Own column 'mail' of customers in file BankChurners.csv",
        "is free text: 3000 of its 3000 values",
    ]
    assert_one_sentence("\n".join(build.messages), words)


WRONG = {
    "an entry": ({"valeus": {}}, ["has an entry 'valeus'", "expected entries of entity, file"]),
    "a column": (
        {"columns": {"customer_id": ["CLIENTNUM"], "birthdate": ["Born"]}},
        ["has 'birthdate' under columns", "expected one of customer_id, age, birth_date"],
    ),
    "a flag of YAML": (
        {"values": {"is_churned": {True: "yes"}}},
        [
            "has the flag True among the values of is_churned",
            "expected a text of the file, in quotes",
        ],
    ),
    "no list": (
        {"columns": {"customer_id": "CLIENTNUM"}},
        ["has 'CLIENTNUM' for customer_id", "expected a list of the headers"],
    ),
    "an expression": (
        {"expressions": {"balance": "sum(Credit_Limit)"}},
        ["The expression of customers.balance"],
    ),
    "a condition": (
        {"where": [{"condition": "Credit_Limmit > 1", "reason": "none"}]},
        ["A condition under where of customers names 'credit_limmit'", "has no such column"],
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_a_declaration_cannot_have_stops_the_build_before_it_begins(
    project, raw, tmp_path, what
):
    declared, words = WRONG[what]
    project.stage("faulty_bank", "customers", {**BASE, **declared})
    # nothing of the layout is selected
    build = project.run("faulty_bank", tmp_path, raw, "run", select=["int_bands_labelled"])
    assert not build.is_success
    assert_one_sentence("\n".join(build.messages), words)


LEDGER = {
    "customers.csv": "id,joined,closed,tier,app,login\n"
    "a,2018-01-01,,gold,yes,2023-12-01\nb,2018-01-01,2024-06-30,blue,no,2023-01-01\nc,2018-01-01,,blue,,2024-08-01\n",
    "months.csv": "id,day,tier,app\na,2023-11-30,silver,no\na,2024-01-31,gold,yes\n"
    "b,2023-11-30,blue,no\nc,2023-11-30,blue,yes\n",
    "bookings.csv": "nr,id,at,total,quantity,online\n1,a,2023-11-05,10,3,yes\n"
    "2,a,2023-12-05,10,4,no\n3,a,2024-02-05,10,5,yes\n"
    "4,b,2023-06-05,10,2,yes\n5,c,2024-12-30,9,1,no\n6,c,2020-01-30,9,1,no\n",
    "policies.csv": "nr,id,premium,region,roof\n1,a,50,north,yes\n2,a,90,south,no\n3,b,20,north,\n",
}


def test_own_columns_of_snapshots_bookings_and_policies_are_known_on_the_day(project, tmp_path):
    tier, app = {"kind": "text"}, {"kind": "flag"}
    keys = {"customer_id": ["id"]}
    project.stage("ledger_bank", "customers", {
        "entity": "customers", "file": "customers.csv",
        "columns": {**keys, "joined_on": ["joined"], "closed_on": ["closed"]},
        "own_columns": {
            "tier": tier, "app": app, "login_on": {"kind": "date", "headers": ["login"], "history": "lasting"},
        },
    })  # fmt: skip
    project.stage("ledger_bank", "customer_snapshots", {
        "entity": "customer_snapshots", "file": "months.csv", "columns": {**keys, "observed_on": ["day"]},
        "own_columns": {"tier": tier, "app": app},
    })  # fmt: skip
    project.stage("ledger_bank", "transactions", {
        "entity": "transactions", "file": "bookings.csv",
        "columns": {**keys, "transaction_id": ["nr"], "occurred_at": ["at"], "amount": ["total"]},
        "own_columns": {"quantity": {"kind": "integer"}, "online": {"kind": "flag"}},
    })  # fmt: skip
    project.stage("ledger_bank", "policies", {
        "entity": "policies", "file": "policies.csv",
        "columns": {**keys, "policy_id": ["nr"], "monthly_premium": ["premium"]},
        "own_columns": {"region": {"kind": "text"}, "roof": {"kind": "flag", "is_protected": True}},
    })  # fmt: skip
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, text in LEDGER.items():
        (raw / name).write_text(text)
    build = project.run(
        "ledger_bank", tmp_path / "build", raw, env=MODELS, as_of_date="2024-12-31", churn_observed_from="2018-01-01",
        select=["+int_churn_observations", "+int_clv_policies_profiled", "+int_clv_features_listed"],
    )  # fmt: skip
    assert build.is_success, build.messages
    observed = (
        "select customer_id, tier, app, login_days, recent_quantity, recent_online_count "
        "from intermediate.int_churn_observations where churn_basis = '{}' {} order by customer_id"
    )
    (opened,) = build.row(
        "select min(observed_on) from intermediate.int_churn_observations where window_number = 1"
    )
    assert str(opened) == "2024-01-01"
    # as it was on the day: the snapshot before it, days up to it, and nothing of what came later
    assert build.rows(observed.format("window", "and window_number = 1")) == [
        ("a", "silver", False, 31, 7, 1),
        ("b", "blue", False, 365, 2, 1),
        ("c", "blue", True, None, 0, 0),
    ]
    assert build.rows(observed.format("current", "")) == [
        ("a", "gold", True, 396, 5, 1),
        ("c", "blue", None, 152, 1, 0),
    ]
    # the policy with the highest premium speaks
    assert build.rows("select customer_id, region, roof from intermediate.int_clv_policies_profiled order by all") == [
        ("a", "south", "no"), ("b", "north", "unknown"),
    ]  # fmt: skip
    assert build.rows(
        "select feature_name, is_used from intermediate.int_clv_features_listed "
        "where feature_name in ('region', 'roof') order by all"
    ) == [("region", True), ("roof", False)]
