"""Decisions on built marts: what an opponent of a contact list would check, from the raw files on."""

import datetime
import json
import re
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from publishing import audience, export
from publishing.files import Publication
from scipy import stats

CHOSEN = "select customer_id, strategy_code from marts.strategy_customers where strategy_code is not null"


def test_nobody_is_contacted_who_refused_or_holds_the_product_already(demo):
    (chosen,) = demo.row(f"select count(*) from ({CHOSEN})")
    assert chosen > 1_000
    refused = (
        f"({CHOSEN}) inner join intermediate.int_customers_conformed using (customer_id) "
        "where not marketing_consent"
    )
    assert demo.row(f"select count(*) from {refused}") == (0,)
    held = (
        f"({CHOSEN}) inner join intermediate.int_product_holdings_conformed as held using (customer_id) "
        "where held.closed_on is null and (strategy_code, held.product_code) in "
        "(('top_savings', 'savings_account'), ('capital', 'brokerage_account'), ('refinance', 'consumer_loan'))"
    )
    assert demo.row(f"select count(*) from {held}") == (0,)


def test_the_reach_of_a_strategy_is_that_of_its_customers(demo):
    for code, chosen, proposed in demo.rows(
        "select strategy_code, sum(customers_count) filter (where reach_code = 'chosen'), sum(customers_count) "
        "from marts.strategy_reach group by all"
    ):
        customers = demo.row(f"select count(*) from ({CHOSEN}) where strategy_code = '{code}'")
        assert customers == (chosen or 0,)
        assert demo.row(
            f"select count(*) from marts.strategy_options where strategy_code = '{code}'"
        ) == (proposed,)


def test_churned_customers_are_won_back_and_current_ones_are_not(demo):
    assert demo.rows(
        "select distinct action_mode, strategy_kind = 'win_back' from marts.strategy_customers "
        "inner join seeds.strategies using (strategy_code) order by 1"
    ) == [("retain", False), ("win_back", True)]


def test_who_gets_a_strategy_earns_its_set_up_and_nobody_gets_one_that_is_not_set_up(demo):
    gains = demo.rows(
        "select strategy_code, cast(sum(expected_gain_amount) as double), "
        "(select max(setup_effort_days * effort_day_amount) from seeds.strategy_plans as plans "
        "where plans.strategy_code = options.strategy_code) "
        "from marts.strategy_options as options where is_chosen group by 1"
    )
    assert len(gains) > 2 and all(gain >= cost for _, gain, cost in gains)
    chosen = {code for code, _, _ in gains}
    left_out = demo.rows(
        "select strategy_code, cast(expected_gain_amount - alternative_gain_amount as double), "
        "cast(setup_cost_amount as double) "
        "from marts.strategy_reach where reach_code = 'not_set_up'"
    )
    assert "digital_wealth_tools" in {code for code, _, _ in left_out}
    assert all(code not in chosen and gain < cost for code, gain, cost in left_out)
    (net,) = demo.row("select sum(net_gain_amount) from marts.strategy_reach")
    added = sum(gain - cost for _, gain, cost in gains) + sum(
        gain - cost for _, gain, cost in left_out
    )
    assert float(net) == pytest.approx(float(added))


@pytest.mark.parametrize("offer", ["grace_period_card", "brokerage_account", "vip_desk"])
def test_the_offers_of_the_study_reach_its_segments(bank_scrooge, offer):
    (count,) = bank_scrooge.row(
        "select count(*) from marts.strategy_customers inner join seeds.segment_strategies as assigned "
        "using (strategy_code) where assigned.segment_scheme = 'study' "
        f"and study_segment_code = assigned.segment_code and strategy_code = '{offer}'"
    )
    assert count > 0


def test_the_planted_effect_of_campaigns_is_inside_its_interval(demo):
    truth = json.loads((ROOT / "data" / "demo" / "truth.json").read_text("utf-8"))
    planted = {
        campaign: arms["treated"]["implied_retained_share"]
        - arms["holdout"]["implied_retained_share"]
        for campaign, arms in truth["campaign_arms"].items()
    }
    read = demo.rows(
        "select campaign_code, difference_ci_lower, difference_ci_upper, least_relative_effect, most_relative_effect "
        "from marts.campaign_readout where segment_scheme = 'all'"
    )
    assert {row[0] for row in read} == set(planted) and len(read) == 2 * len(planted)
    for campaign, lower, upper, least, most in read:
        assert lower <= planted[campaign] <= upper
        assert least <= truth["campaigns"]["save_rate"] <= most


def test_campaigns_update_the_plans_that_decide(demo):
    assumed, updated = demo.row(
        "select (pessimistic_save_rate + optimistic_save_rate) / 2, posterior_save_rate "
        "from marts.strategy_evidence where campaign_count > 0"
    )
    # half of those who would churn were planted to stay
    assert assumed < updated
    used = "select distinct evidence_level from marts.{} where strategy_code = 'personal_outreach'"
    for mart in ("strategy_evidence", "strategy_priorities", "strategy_economics"):
        assert demo.rows(used.format(mart)) == [("tested",)]


ARM = "cast('0x' || left(md5('{}' || '|' || customer_id), 8) as bigint) % 10000 < {}"


def test_arms_follow_from_the_key_alone_and_are_independent_of_every_column(demo):
    held_out = ARM.format("winter_2026", 5000)
    assert demo.rows(
        f"select arm, count(*) filter (where {held_out}) > 0, count(*) filter (where not {held_out}) > 0 "
        "from marts.campaign_audience where campaign_code = 'winter_2026' and arm <> 'blocked' group by arm order by 1"
    ) == [("holdout", True, False), ("treated", False, True)]
    salts = [f"salt_{number}" for number in range(20)]
    arms = ", ".join(f"{ARM.format(salt, 5000)} as {salt}" for salt in salts)
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        customers = connection.sql(
            f"select *, {arms} from marts.strategy_customers "
            "left join intermediate.int_customers_profiled using (customer_id) "
            "left join marts.clv_customers using (customer_id) left join marts.churn_scores using (customer_id)"
        ).df()
    p_values = {}
    for column in customers.columns.difference(["customer_id", *salts]):
        values = customers[column]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > 20:
            values = pd.qcut(values, 10, duplicates="drop")
        levels, _ = pd.factorize(values, use_na_sentinel=False)
        sizes = np.bincount(levels)
        levels = np.where(sizes[levels] < 50, len(sizes), levels)
        held = [np.bincount(levels[customers[salt]], minlength=len(sizes) + 1) for salt in salts]
        sizes = np.bincount(levels, minlength=len(sizes) + 1)
        told = sizes > 0
        if told.sum() > 1:
            p_values[column] = [
                stats.chi2_contingency([one[told], (sizes - one)[told]]).pvalue for one in held
            ]
    assert len(p_values) > 40 and {"age", "balance", "city", "churn_probability"} <= set(p_values)
    # uniform in each column, as those of arms that nothing depends on
    assert min(min(column) for column in p_values.values()) > 0.01 / (20 * len(p_values))
    assert min(stats.kstest(column, "uniform").pvalue for column in p_values.values()) > 0.01 / len(
        p_values
    )


def test_the_reasons_of_a_campaign_are_those_of_its_customers(demo):
    reasons = {}
    for campaign, code, count in demo.rows(
        "select campaign_code, blocked_by_code, count(*) from marts.campaign_audience "
        "where arm = 'blocked' group by all"
    ):
        reasons.setdefault(campaign, {})[f"blocked_{code}_count"] = count
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        sizes = connection.sql("select * from marts.campaign_sizes").df().to_dict("records")
    assert len(reasons) > 1 and all(len(counts) > 4 for counts in reasons.values())
    for row in sizes:
        told = {name: row[name] for name in row if name.startswith("blocked_") and row[name]}
        whole = told.pop("blocked_count")
        assert told == reasons[row["campaign_code"]] and whole == sum(told.values())


def test_an_audience_has_nobody_whom_a_rule_protects(demo):
    (addressed,) = demo.row("select count(*) from marts.campaign_audience where arm <> 'blocked'")
    assert addressed > 2_000
    for other in (
        "int_customers_conformed where not marketing_consent",
        "int_customers_churned where is_churned",
    ):
        assert demo.row(
            "select count(*) from marts.campaign_audience where arm <> 'blocked' "
            f"and customer_id in (select customer_id from intermediate.{other})"
        ) == (0,)
    called = (
        "select customer_id from intermediate.int_interactions_conformed where channel = 'phone' "
        "and direction = 'outbound' and occurred_at >= date '2025-12-31' - 59"
    )
    assert demo.row(
        f"select count(*) from marts.campaign_audience where campaign_code = 'winter_2026' and arm <> 'blocked' "
        f"and customer_id in ({called})"
    ) == (0,)


def test_the_list_of_a_campaign_has_its_treated_customers_and_is_removed_like_an_export(tmp_path):
    publication = Publication(str(tmp_path / "clientele.duckdb"))
    with duckdb.connect(str(publication.customers)) as connection:
        connection.execute(
            "create schema marts; create table marts.campaign_audience as "
            "from (values ('a/b', 'C2', 'treated'), ('a/b', 'C,1', 'treated'), ('a/b', 'C3', 'holdout')) "
            "as t(campaign_code, customer_id, arm)"
        )
    file, count = audience.write(publication, "a/b")
    assert (
        count == 2
        and file.read_text() == 'customer_id\n"C,1"\nC2\n'
        and file.parent == tmp_path / "audience"
    )
    with pytest.raises(
        SystemExit, match="No campaign 'b' has an audience: those that are not over are a/b"
    ):
        audience.write(publication, "b")
    export.remove(tmp_path / audience.FOLDER)
    assert not (tmp_path / "audience").exists()


def test_a_planted_effect_of_age_under_serves_the_old_unless_scores_or_their_level_know_it(demo):
    verdicts = dict(
        demo.rows(
            "select feature_set, list(verdict order by group_value) from marts.quality_fairness "
            "where decision_name = 'score' and group_name = 'age_band' and verdict <> 'too_few' group by feature_set"
        )
    )
    assert (
        verdicts["without_protected"][0] == "over_served"
        and verdicts["without_protected"][-1] == "under_served"
    )
    assert set(verdicts["all"]) == {"alike"}
    assert set(verdicts["calibrated"]) == {"alike"}


NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?%?")


def renderings(value):
    """How a sentence may write a value of its row."""
    if isinstance(value, str):
        return set(NUMBER.findall(value))
    if value is None or isinstance(value, bool):
        return set()
    if isinstance(value, datetime.date):
        return set(NUMBER.findall(str(value)))
    exact = Decimal(repr(float(value)))
    rounded = [(exact, "0.01", ""), (exact, "1", ""), (100 * exact, "0.1", "%")]
    return {f"{one.quantize(Decimal(step), ROUND_HALF_UP):,}{sign}" for one, step, sign in rounded}


@pytest.mark.parametrize("build", ["demo", "churn_modelling"])
@pytest.mark.parametrize("mart", ["customer_explanations", "segment_briefs"])
def test_every_number_of_a_sentence_is_in_its_row(build, mart, request):
    build = request.getfixturevalue(build)
    with duckdb.connect(str(build.path), read_only=True) as connection:
        result = connection.execute(f"select * from marts.{mart} order by md5(sentence) limit 2000")
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    told = 0
    for row in rows:
        sentence = row.pop("sentence")
        row.pop("decision", None)  # a sentence itself
        if "expected to lose" in sentence:
            row["expected_loss_amount"] = -row["expected_net_amount"]
        known = set().union(*map(renderings, row.values()))
        assert set(NUMBER.findall(sentence)) <= known, (sentence, row)
        told += len(NUMBER.findall(sentence))
    assert told > 2 * len(rows) > 20


def test_a_brief_names_no_feature_of_the_rule_that_defines_its_segment(demo):
    labels = demo.rows("select feature_label, feature_name from seeds.features")
    briefs = demo.rows(
        "select distinguishing_features, predicate_sql from marts.segment_briefs "
        "inner join marts.strategy_segments using (segment_scheme, segment_code) "
        "where distinguishing_features is not null"
    )
    assert len(briefs) > 3
    for text, predicate in briefs:
        named = [name for label, name in labels if f" {label}" in f" {text} "]
        assert named and not [name for name in named if re.search(rf"\b{name}\b", predicate)]


def test_a_customer_without_consent_is_explained_as_blocked_and_gets_no_strategy(demo):
    rows = demo.rows(
        "select strategy_code, sentence from marts.customer_explanations "
        "where contact_blocked_by_code = 'no_consent'"
    )
    assert len(rows) > 100
    assert {code for code, _ in rows} == {None}
    assert all(
        sentence.endswith("May not be contacted: no consent to marketing.")
        and sentence.count("consent to marketing") == 1
        for _, sentence in rows
    )


def test_sentences_of_a_mart_differ_and_name_what_they_are_about(demo):
    for mart in ("campaign_readout", "churn_portraits", "segment_briefs", "churn_segments"):
        # two schemes may have a segment of the same name
        scheme = "segment_scheme" if mart in ("campaign_readout", "segment_briefs") else "''"
        count, distinct = demo.row(
            f"select count(*), count(distinct (sentence, {scheme})) from marts.{mart}"
        )
        assert count == distinct > 3, mart
