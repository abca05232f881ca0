"""Churn by month and retention by cohort of the demo bank against a straightforward count, customer by customer."""

import math

import pytest


@pytest.fixture(scope="module")
def customers(demo):
    return demo.rows(
        "select joined_on, entered_on, exited_on, is_churned from intermediate.int_churn_spells_observed"
    )


def month_number(day):
    return 12 * day.year + day.month


def test_everybody_with_dates_is_observed_but_for_closings_up_to_the_first_regular_one(
    demo, customers
):
    recorded_after, left_out_count, stray_count = demo.row(
        "select recorded_after, left_out_count, stray_count from intermediate.int_closings_recorded"
    )
    all_count, closed_count, closed_before, closed_by = demo.row(
        f"select count(*), count(closed_on), count(*) filter (where closed_on < date '{recorded_after}'), "
        f"count(*) filter (where closed_on <= date '{recorded_after}') "
        "from intermediate.int_customers_conformed"
    )
    assert (stray_count, left_out_count) == (closed_before, closed_by)
    assert 0 <= stray_count <= 0.05 * closed_count and stray_count < left_out_count
    assert len(customers) == all_count - left_out_count
    assert min(entered for _, entered, _, _ in customers) == recorded_after
    assert not [c for c in customers if c[3] and c[2] <= recorded_after]


def test_months_count_who_was_there_at_the_start_and_left_in_the_course(demo, customers):
    months = demo.rows(
        "select month_starts_on, start_count, new_customers_count, churned_count, new_churned_count, churn_rate "
        "from marts.churn_rates_by_month"
    )
    # from the month after the starting closing to the last one
    first, last = min(c[1] for c in customers), max(c[2] for c in customers)
    assert len(months) == month_number(last) - month_number(first) > 0
    for start, start_count, new_count, churned_count, new_churned_count, churn_rate in months:
        there = [c for c in customers if c[1] < start <= c[2]]
        left = [c for c in there if c[3] and month_number(c[2]) == month_number(start)]
        new = [c for c in customers if month_number(c[1]) == month_number(start)]
        new_left = [c for c in new if c[3] and month_number(c[2]) == month_number(start)]
        assert (start_count, churned_count) == (len(there), len(left))
        assert (new_count, new_churned_count) == (len(new), len(new_left))
        assert churn_rate == pytest.approx(len(left) / len(there), rel=1e-12)


def test_every_dated_closing_is_counted_once(demo):
    in_months, within_first, all_closings = demo.row(
        "select (select sum(churned_count + new_churned_count) from marts.churn_rates_by_month), "
        "count(*) filter (where date_trunc('month', exited_on) = date_trunc('month', recorded_after)), count(*) "
        "from intermediate.int_churn_spells_observed cross join intermediate.int_closings_recorded where is_churned"
    )
    assert in_months + within_first == all_closings


def test_retention_is_kaplan_meier_with_delayed_entry(demo, customers):
    curves = demo.rows(
        "select cohort_year, months_since_joining, observed_from_month, churned_count, retention_rate, "
        "retention_rate_ci_lower, retention_rate_ci_upper from marts.retention_by_cohort order by 1, 2"
    )
    assert {row[0] for row in curves} <= {joined.year for joined, *_ in customers}
    year = None
    for cohort_year, month, start, churned_count, rate, lower, upper in curves:
        if cohort_year != year:
            survival, greenwood, year = 1.0, 0.0, cohort_year
            cohort = [
                ((entered - joined).days, (exited - joined).days, is_churned)
                for joined, entered, exited, is_churned in customers
                if joined.year == year
            ]
            # a closing on the day of joining counts on the day after
            cohort = [(entry, max(exit_, entry + gone), gone) for entry, exit_, gone in cohort]
            assert month == start
        first, last = math.floor(month * 30.4375) + 1, math.floor((month + 1) * 30.4375)
        days = [exit_ for _, exit_, gone in cohort if gone and first <= exit_ <= last]
        assert churned_count == len(days)
        for day in sorted(set(days)):
            at_risk = sum(entry < day <= exit_ for entry, exit_, _ in cohort)
            survival *= 1 - days.count(day) / at_risk
            greenwood += days.count(day) / at_risk / (at_risk - days.count(day))
        assert rate == pytest.approx(survival, rel=1e-9)
        if survival < 1:
            margin = 1.959963984540054 * math.sqrt(greenwood) / abs(math.log(survival))
            assert lower == pytest.approx(survival ** math.exp(margin), rel=1e-9)
            assert upper == pytest.approx(survival ** math.exp(-margin), rel=1e-9)
        else:
            assert lower is None and upper is None
