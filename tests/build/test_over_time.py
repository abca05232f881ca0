"""Churn by month and retention by cohort of the demo bank against a straightforward count, customer by customer."""

import math

import pytest


@pytest.fixture(scope="module")
def customers(demo):
    return demo.rows(
        "select joined_on, entered_on, exited_on, is_churned from intermediate.int_customers_observed"
    )


def month_number(day):
    return 12 * day.year + day.month


def test_everybody_with_dates_is_observed(demo, customers):
    assert len(customers) == demo.row("select count(*) from marts.strategy_customers")[0]
    (first_closing,) = demo.row("select min(closed_on) from intermediate.int_customers_conformed")
    assert min(entered for _, entered, _, _ in customers) == first_closing


def test_months_count_who_was_there_at_the_start_and_left_in_the_course(demo, customers):
    months = demo.rows(
        "select month_starts_on, start_count, churned_count, churn_rate from marts.churn_rates_by_month"
    )
    # from the month after the first closing to the last one
    first, last = min(c[1] for c in customers), max(c[2] for c in customers)
    assert len(months) == month_number(last) - month_number(first) > 0
    for start, start_count, churned_count, churn_rate in months:
        there = [c for c in customers if c[1] < start <= c[2]]
        left = [c for c in there if c[3] and month_number(c[2]) == month_number(start)]
        assert (start_count, churned_count) == (len(there), len(left))
        assert churn_rate == pytest.approx(len(left) / len(there), rel=1e-12)


def test_every_dated_leaver_is_counted_once(demo):
    in_months, within_first, all_leavers = demo.row(
        "select (select sum(churned_count) from marts.churn_rates_by_month), "
        "count(*) filter (where date_trunc('month', exited_on) = date_trunc('month', entered_on)), count(*) "
        "from intermediate.int_customers_observed where is_churned"
    )
    assert in_months + within_first == all_leavers


def test_retention_is_kaplan_meier_with_delayed_entry(demo, customers):
    curves = demo.rows(
        "select cohort_year, months_since_joining, at_risk_count, churned_count, retention_rate, "
        "retention_rate_ci_lower, retention_rate_ci_upper from marts.retention_by_cohort order by 1, 2"
    )
    assert {row[0] for row in curves} == {joined.year for joined, *_ in customers}
    survival, greenwood, year = 1.0, 0.0, None
    for cohort_year, month, at_risk_count, churned_count, rate, lower, upper in curves:
        if cohort_year != year:
            survival, greenwood, year = 1.0, 0.0, cohort_year
            cohort = [
                (
                    month_number(entered) - month_number(joined),
                    month_number(exited) - month_number(joined),
                    is_churned,
                )
                for joined, entered, exited, is_churned in customers
                if joined.year == year
            ]
        at_risk = sum(entry <= month <= exit_ for entry, exit_, _ in cohort)
        events = sum(exit_ == month and is_churned for _, exit_, is_churned in cohort)
        assert (at_risk_count, churned_count) == (at_risk, events)
        survival *= 1 - events / at_risk
        greenwood += events / at_risk / (at_risk - events)
        assert rate == pytest.approx(survival, rel=1e-9)
        if survival < 1:
            margin = 1.959963984540054 * math.sqrt(greenwood) / abs(math.log(survival))
            assert lower == pytest.approx(survival ** math.exp(margin), rel=1e-9)
            assert upper == pytest.approx(survival ** math.exp(-margin), rel=1e-9)
        else:
            assert lower is None and upper is None
