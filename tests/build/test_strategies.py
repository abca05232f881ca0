"""Decisions on built marts: what an opponent of a contact list would check, from the raw files on."""

import json

import pytest
from in_process import PROJECT_ROOT

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


@pytest.mark.parametrize("offer", ["grace_period_card", "brokerage_account", "vip_desk"])
def test_the_offers_of_the_study_reach_its_segments(bank_scrooge, offer):
    (count,) = bank_scrooge.row(
        "select count(*) from marts.strategy_customers inner join seeds.segment_strategies as assigned "
        "using (strategy_code) where assigned.segment_scheme = 'study' "
        f"and study_segment_code = assigned.segment_code and strategy_code = '{offer}'"
    )
    assert count > 0


def test_the_planted_effect_of_campaigns_is_inside_its_interval(demo):
    truth = json.loads((PROJECT_ROOT / "data" / "demo" / "truth.json").read_text("utf-8"))
    planted = {
        campaign: arms["treated"]["implied_retained_share"]
        - arms["holdout"]["implied_retained_share"]
        for campaign, arms in truth["campaign_arms"].items()
    }
    read = demo.rows(
        "select campaign_code, difference_ci_lower, difference_ci_upper, least_save_rate, most_save_rate "
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
