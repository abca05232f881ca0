"""Where closings begin to be recorded, and retention from there, on small extracts with planted histories."""

import math
from datetime import date, timedelta

import pytest

MARTS = ("+retention_by_cohort", "+churn_rates_by_month", "+int_closings_recorded")
END = date(2025, 12, 31)
RECORDED_FROM = date(2016, 1, 1)


def histories():
    """Customers who joined since 2005, without those who closed before 2016; spread by prime steps, without dice."""
    rows = []
    for number in range(3000):
        joined = date(2005, 1, 1) + timedelta(days=number * 7919 % 7600)
        closed = joined + timedelta(days=1 + number * 6007 % 9001)
        if closed >= RECORDED_FROM:
            rows.append((f"c{number}", joined, closed if closed <= END else None))
    return rows


def write(folder, rows):
    folder.mkdir(exist_ok=True)
    lines = [f"{key},{joined},{closed or ''}" for key, joined, closed in rows]
    (folder / "customers.csv").write_text(
        "\n".join(["customer_id,joined_on,closed_on", *lines, ""])
    )
    return folder


@pytest.fixture(scope="module")
def build(run_dbt, tmp_path_factory):
    def run(rows, select=MARTS, **variables):
        raw = write(tmp_path_factory.mktemp("raw"), rows)
        result = run_dbt(
            "build",
            raw=raw,
            select=select,
            source_system="canonical",
            as_of_date=str(END),
            env={"DBT_EXCLUDE_RESOURCE_TYPES": "unit_test test"},
            **variables,
        )
        assert result.is_success, [message for message in result.messages if "rror" in message]
        return result

    return run


@pytest.fixture(scope="module")
def regular(build):
    return build(histories())


def recorded(result):
    return result.row(
        "select recorded_after, recording_starts_on, left_out_count, stray_count "
        "from intermediate.int_closings_recorded"
    )


def months(result):
    return result.rows("select * from marts.churn_rates_by_month order by month_starts_on")


def curves(result):
    return result.rows("select * from marts.retention_by_cohort order by 1, 2")


def kaplan_meier(customers):
    """Survival over (entry, exit, is_churned) by day, with at risk on the days after the entry up to the exit."""
    survival = 1.0
    for day in sorted({exit_ for _, exit_, is_churned in customers if is_churned}):
        at_risk = sum(entry < day <= exit_ for entry, exit_, _ in customers)
        events = sum(exit_ == day and is_churned for _, exit_, is_churned in customers)
        survival *= 1 - events / at_risk
    return survival


def test_two_strays_change_neither_a_month_nor_a_curve(build, regular):
    strays = [
        ("stray1", date(2000, 6, 1), date(2001, 3, 1)),
        ("stray2", date(2000, 6, 1), date(2003, 5, 5)),
    ]
    planted = build([*histories(), *strays], select=(*MARTS, "+quality_inputs"))
    first = min(closed for _, _, closed in histories() if closed)
    starting = sum(closed == first for _, _, closed in histories())
    assert recorded(regular) == (first, first, starting, 0)
    assert recorded(planted) == (first, first, starting + 2, 2)
    assert months(planted) == months(regular) and len(months(regular)) >= 118
    assert curves(planted) == curves(regular)
    (note,) = planted.row("select note from marts.quality_inputs where entity_name = 'customers'")
    assert (
        f"2 closings before {first} are left out: closings are recorded regularly from that day on"
    ) in note


def test_regular_closings_of_a_small_bank_are_all_kept(build):
    closings = [date(2016, 1, 1) + timedelta(days=300 * k + 97 * k * k % 89) for k in range(12)]
    rows = [(f"c{k}", date(2010, 1, 1), closing) for k, closing in enumerate(closings)]
    result = build(rows + [(f"d{k}", date(2011, 1, 1), None) for k in range(40)])
    assert recorded(result) == (closings[0], closings[0], 1, 0)
    assert sum(row[3] for row in months(result)) == 11


def test_the_var_sets_the_first_day_and_the_note_says_so(build):
    result = build(
        histories(), select=(*MARTS, "+quality_inputs"), churn_observed_from="2020-03-01"
    )
    left_out = sum(closed is not None and closed < date(2020, 3, 1) for _, _, closed in histories())
    assert recorded(result) == (date(2020, 2, 29), date(2020, 3, 1), left_out, left_out)
    assert months(result)[0][0] == date(2020, 3, 1)
    (note,) = result.row("select note from marts.quality_inputs where entity_name = 'customers'")
    assert (
        f"{left_out} closings before 2020-03-01 are left out: "
        "var churn_observed_from says that closings are recorded from that day on"
    ) in note


@pytest.mark.parametrize("day", [date(2017, 1, 31), date(2020, 2, 29), END - timedelta(days=365)])
def test_kaplan_meier_of_a_window_is_its_churn_rate(regular, day):
    """Nobody is censored within a window that ends by the as-of date."""
    customers = [
        ((entered - day).days, (exited - day).days, is_churned)
        for entered, exited, is_churned in regular.rows(
            "select entered_on, exited_on, is_churned from intermediate.int_churn_spells_observed"
        )
    ]
    window = [
        (0, min(exit_, 365), is_churned and exit_ <= 365)
        for entry, exit_, is_churned in customers
        if entry <= 0 and exit_ > 0
    ]
    at_risk, churned = regular.row(
        f"""
        select count(*), count(*) filter (where churned.churned_on <= date '{day}' + 365)
        from intermediate.int_customers_churned as churned
        inner join intermediate.int_customers_conformed as customers using (customer_id)
        where joined_on <= date '{day}' and coalesce(churned.churned_on > date '{day}', true)
        """
    )
    assert len(window) == at_risk > 1000 and churned > 50
    assert 1 - kaplan_meier(window) == pytest.approx(churned / at_risk, rel=1e-12)


def test_a_curve_of_a_cohort_seen_from_joining_ends_its_first_year_at_the_churn_rate(build):
    """The mart itself: 400 customers join on one day, nobody is censored within the year."""
    joined = date(2024, 1, 10)
    rows = [
        (f"c{k}", joined, joined + timedelta(days=k * 7 % 500) if k % 3 == 0 else None)
        for k in range(400)
    ]
    result = build(rows, churn_observed_from="2020-03-01")
    churned = sum(closed is not None and (closed - joined).days <= 365 for _, _, closed in rows)
    assert result.row(
        "select observed_from_month, at_risk_at_start_count, 1 - retention_rate "
        "from marts.retention_by_cohort where months_since_joining = 11"
    ) == (0, 400, pytest.approx(churned / 400, rel=1e-12))


def test_curves_are_kaplan_meier_by_day_from_the_first_month_with_enough_at_risk(regular):
    days_of_month = 30.4375
    cohorts = {}
    for joined, entered, exited, is_churned in regular.rows(
        "select joined_on, entered_on, exited_on, is_churned from intermediate.int_churn_spells_observed"
    ):
        entry, exit_ = (entered - joined).days, (exited - joined).days
        cohorts.setdefault(joined.year, []).append(
            (entry, max(exit_, entry + is_churned), is_churned)
        )
    published = curves(regular)
    assert {row[0] for row in published} == set(cohorts)
    starts = {}
    for (
        year,
        month,
        cohort_count,
        start,
        start_count,
        at_risk,
        churned,
        rate,
        lower,
        upper,
    ) in published:
        cohort = cohorts[year]
        starts.setdefault(year, month)
        first, last = math.floor(month * days_of_month) + 1, math.floor((month + 1) * days_of_month)
        assert cohort_count == len(cohort)
        assert start == starts[year]
        start_day = math.floor(start * days_of_month) + 1
        assert start_count == sum(entry < start_day <= exit_ for entry, exit_, _ in cohort) >= 30
        before = math.floor((start - 1) * days_of_month) + 1
        assert sum(entry < before <= exit_ for entry, exit_, _ in cohort) < 30
        assert at_risk == sum(entry < last and exit_ >= first for entry, exit_, _ in cohort)
        assert churned == sum(first <= exit_ <= last and gone for _, exit_, gone in cohort)
        seen = [
            (entry, min(exit_, last), gone and exit_ <= last)
            for entry, exit_, gone in cohort
            if start_day <= exit_
        ]
        survival = kaplan_meier(seen)
        assert rate == pytest.approx(survival, rel=1e-9)
        assert (lower is None) == (survival in (0, 1))
        assert lower is None or lower < rate < upper


def test_days_at_risk_are_those_of_each_customer(regular):
    customers = regular.rows(
        "select entered_on, exited_on, is_churned from intermediate.int_churn_spells_observed"
    )
    rows = regular.rows(
        "select month_starts_on, start_count, new_customers_count, churned_count, new_churned_count, at_risk_days "
        "from marts.churn_rates_by_month"
    )
    for start, *counts in rows:
        end = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        eve = start - timedelta(days=1)
        there = [c for c in customers if c[0] < start <= c[1]]
        new = [c for c in customers if start <= c[0] <= end]
        assert counts == [
            len(there),
            len(new),
            sum(gone and exited <= end for _, exited, gone in there),
            sum(gone and exited <= end for _, exited, gone in new),
            sum((min(exited, end) - max(entered, eve)).days for entered, exited, _ in there + new),
        ]
