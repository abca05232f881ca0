"""The history of segments against the marts of today, an earlier build, and the churn that is counted elsewhere."""

import pytest


def test_the_last_day_is_that_of_the_rfm_mart_to_the_row(demo):
    columns = (
        "customer_id, rfm_scheme, recency_days, frequency_count, monetary_amount, recency_score, "
        "frequency_score, monetary_score, rfm_segment"
    )
    history = demo.rows(
        f"select {columns} from intermediate.int_rfm_history_scored where month_number = 0 order by 1"
    )
    mart = demo.rows(
        f"select {columns} from marts.rfm_customers inner join intermediate.int_customers_churned using (customer_id) "
        "where is_current and rfm_scheme = 'bank_contacts' order by 1"
    )
    assert len(mart) > 5000 and history == mart


def test_the_day_of_the_outcome_window_has_the_segments_and_the_churn_of_that_window(demo):
    assert demo.row(
        "select count(*), count(history.customer_id), count(*) filter (where history.rfm_segment is distinct from "
        "observed.rfm_segment) from intermediate.int_rfm_observed as observed "
        "inner join intermediate.int_history_days as days using (observed_on) left join "
        "intermediate.int_rfm_history_scored as history using (customer_id, month_number, rfm_scheme) "
        "where observed.rfm_scheme = 'bank_contacts' and observed.is_rated"
    ) == (5151, 5151, 0)
    # by the year's migration as by the outcome window of its first day
    for figures in (
        "sum(customers_count), sum(customers_count) filter (where to_segment_code = 'churned') "
        "from marts.segment_migration where span_months = 12 and from_segment_code <> 'not_yet'",
        "sum(outcome_known_count), sum(outcome_churned_count) "
        "from marts.segment_history where outcome_window_days = 365",
    ):
        code = "from_segment_code" if "migration" in figures else "segment_code"
        found = demo.rows(f"select segment_scheme, {code}, {figures} group by all order by all")
        expected = demo.rows(
            "select segment_scheme, segment_code, known_outcome_count, churned_count "
            "from intermediate.int_segment_rates where known_outcome_count > 0 "
            "and segment_scheme in ('rule', 'rfm', 'cluster', 'clv_tier') order by all"
        )
        assert {row[0] for row in found} == {"rule", "rfm", "cluster", "clv_tier"}
        # customers without purchases have no value and no tier on that day
        assert [row for row in found if row[1] != "none"] == expected
    assert demo.row(
        "select count(*), count(distinct observed_on), bool_and(outcome_churn_rate between "
        "outcome_churn_rate_ci_lower and outcome_churn_rate_ci_upper) from marts.segment_history "
        "where outcome_churn_rate is not null"
    )[1:] == (1, True)


def test_the_last_day_has_the_members_of_every_scheme_that_the_marts_have(demo):
    found = demo.rows(
        "select segment_scheme, segment_code, customers_count from marts.segment_history where segment_code <> 'none' "
        "and observed_on = (select max(observed_on) from marts.segment_history) order by all"
    )
    expected = demo.rows(
        "select segment_scheme, segment_code, count(*) from intermediate.int_segment_memberships "
        "inner join intermediate.int_customers_churned using (customer_id) "
        "where churn_basis = 'current' and is_current "
        "and segment_scheme in ('rule', 'rfm', 'cluster', 'clv_tier') group by all order by all"
    )
    assert found == expected


def test_customers_of_a_segment_change_by_those_who_come_and_go(demo):
    rows = demo.rows(
        "select segment_scheme, segment_code, observed_on, customers_count, arrived_count + entered_count, "
        "moved_count + churned_count + ended_count from marts.segment_history order by all"
    )
    days = sorted({row[2] for row in rows})
    found = {row[:3]: row[3:] for row in rows}
    assert len(days) == 13
    for scheme, code, day in found:
        if day > days[0]:
            before = found.get((scheme, code, days[days.index(day) - 1]), (0, 0, 0))
            came = found[scheme, code, day][1]
            assert found[scheme, code, day][0] == before[0] - (before[2] or 0) + came


def test_churn_adds_up_to_that_of_the_months(demo):
    months = demo.values(
        "select month_starts_on - 1, start_count, churned_count from marts.churn_rates_by_month"
    )
    history = demo.rows(
        "select segment_scheme, observed_on, sum(customers_count), sum(churned_count) from marts.segment_history "
        "where churned_count is not null group by all"
    )
    assert len(history) == 4 * 12
    assert all(months[day] == (count, churned) for _, day, count, churned in history)


def test_retention_by_cohort_has_the_same_customers_at_risk(demo):
    """Of each year of joining, on each day of the history."""
    history = demo.rows(
        "select month_number, extract(year from joined_on), count(*) from intermediate.int_segment_history_placed "
        "inner join intermediate.int_customers_conformed using (customer_id) group by all order by all"
    )
    cohorts = demo.rows(
        "select month_number, extract(year from joined_on), count(*) from intermediate.int_churn_spells_observed "
        "inner join intermediate.int_history_days on entered_on <= observed_on and exited_on >= observed_on "
        "and not (is_churned and exited_on = observed_on) group by all order by all"
    )
    assert len(history) > 200 and history == cohorts
    # the curve of those who joined in the year of the history has nothing before it
    churned = demo.row(
        "select sum(churned_count) from marts.retention_by_cohort where cohort_year = 2025"
    )
    assert churned == demo.row(
        "select count(*) from intermediate.int_churn_spells where is_churn and extract(year from started_on) = 2025"
    )


def test_an_earlier_build_is_a_month_of_the_history(run_dbt, demo_copy):
    columns = "customer_id, recency_days, frequency_count, monetary_amount, rfm_segment"
    today = run_dbt(
        "run",
        select=[
            "int_rfm_scheme_chosen",
            "int_rfm_history_measured",
            "int_rfm_history_scored",
        ],
        into=demo_copy,
        rfm_scheme="purchases",
        history_thresholds="monthly",
    )
    assert today.is_success, today.messages
    found = today.rows(
        f"select {columns} from intermediate.int_rfm_history_scored where month_number = 6 order by 1"
    )
    # one amount has another score on another day, because thresholds are those of the day
    assert today.rows(
        "select monetary_amount from intermediate.int_rfm_history_scored group by all "
        "having count(distinct monetary_score) > 1"
    )
    names = ("contacted", "purchased", "rfm", "churned", "scored")
    earlier = run_dbt(
        "run",
        select=[
            "int_as_of_date_determined",
            "int_churn_conditions_dated",
            "int_churn_definitions_dated",
            *(f"int_customers_{name}" for name in names),
            "int_rfm_thresholds_computed",
        ],
        into=demo_copy,
        as_of_date="2025-06-30",
    )
    assert earlier.is_success, earlier.messages
    expected = earlier.rows(
        f"select {columns} from intermediate.int_customers_scored inner join intermediate.int_customers_churned "
        "using (customer_id) where is_current and rfm_scheme = 'purchases' order by 1"
    )
    assert len(expected) > 5000 and found == expected


@pytest.mark.parametrize("months", [0, 1])
def test_a_short_history_is_the_as_of_date_or_nothing(run_dbt, demo_copy, months):
    build = run_dbt(
        "run",
        select=["int_history_days+", "int_segment_cells_listed"],
        into=demo_copy,
        history_months=months,
    )
    assert build.is_success, build.messages
    assert build.row("select count(*) > 0, count(distinct observed_on) from marts.segment_history") == (
        months > 0, months,
    )  # fmt: skip
    assert build.row("select count(*) from marts.segment_migration") == (0,)
