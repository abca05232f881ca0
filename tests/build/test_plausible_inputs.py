"""The extract as a whole is judged before anything is published: rows set aside, dates, and what they mean."""

import pytest

FINDINGS = (
    "select entity_name, finding_code, severity, finding from intermediate.int_input_findings "
    "order by all"
)
AS_OF = "select cast(as_of_date as varchar) from intermediate.int_as_of_date_determined"
SELECTED = ("+int_as_of_date_determined", "+int_input_findings", "+quality_quarantine")


@pytest.fixture(scope="module")
def read(run_dbt, tmp_path_factory):
    """read(customers=lines, ...) builds the findings from these files; one database serves all calls."""
    seeded = run_dbt("seed", source_system="canonical")

    def read(select=SELECTED, command="run", variables=None, **files):
        folder = tmp_path_factory.mktemp("raw")
        for name, lines in files.items():
            (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return run_dbt(
            command, raw=folder, into=seeded, select=select,
            env={"DBT_INDIRECT_SELECTION": "cautious"},
            **{"source_system": "canonical", **(variables or {})},
        )  # fmt: skip

    return read


def customers(values, header="customer_id,closed_on"):
    return [header, *(f"{number},{value}" for number, value in enumerate(values, 1))]


def days(count, year=2024):
    """So many days of a year, one every other day."""
    return [f"{year}-{1 + day // 14:02d}-{1 + day % 14 * 2:02d}" for day in range(count)]


def purchases(dates):
    return ["transaction_id,customer_id,occurred_at,amount"] + [
        f"T{number},1,{day},10" for number, day in enumerate(dates)
    ]


class TestRowsSetAside:
    def test_a_column_is_judged_by_its_own_values(self, read):
        """All closing dates are lost, and they are few among all rows."""
        build = read(customers=customers(["31/12/2024"] * 12 + [""] * 988))
        assert build.rows(FINDINGS) == [(
            "customers", "rows_set_aside", "block",
            "12 of 12 values of customers.closed_on (100.0%) are in quarantine: unparseable_value in closed_on, "
            "most often of the form ##/##/####",
        )]  # fmt: skip

    def test_rules_that_are_harmless_alone_add_up(self, read):
        lines = ["customer_id,closed_on,age"]
        lines += [
            f"{n},{'x' if n <= 7 else ''},{'x' if 7 < n <= 14 else 30}" for n in range(1, 101)
        ]
        build = read(customers=lines)
        assert ("block", "14 of 100 rows of customers (14.0%) are in quarantine, by several rules") in [
            row[2:] for row in build.rows(FINDINGS)
        ]  # fmt: skip

    def test_keys_without_their_leading_zeros_are_recognised(self, read):
        build = read(
            customers=["customer_id", *(f"{n:06d}" for n in range(100))],
            transactions=["transaction_id,customer_id,occurred_at,amount"]
            + [f"T{n},{n if n % 2 else f'{n:06d}'},2024-01-31,10" for n in range(100)],
        )
        assert [row[2:] for row in build.rows(FINDINGS)] == [(
            "block",
            "50 of 100 rows of transactions (50.0%) are in quarantine: unknown_customer in customer_id, "
            "most often of the form ##; 50 of them name a customer that exists with other leading zeros or in other "
            "case",
        )]  # fmt: skip

    def test_a_finding_blocks_what_is_built_on_it_and_is_said_at_the_end(self, read):
        build = read(
            command="build", select=("+int_churn_spells_observed", "+quality_quarantine", "+quality_reconciliation"),
            customers=[*customers(["nothing"] * 20 + ["2024-01-31"] * 20), "40,2024-01-31"],
        )  # fmt: skip
        assert not build.is_success
        assert build.statuses["assert_inputs_are_plausible"] == "fail"
        assert build.statuses["int_churn_spells_observed"] == "skipped"
        assert build.statuses["quality_quarantine"] == "success"
        said = " ".join(build.said)
        assert "Not published: test assert_inputs_are_plausible failed" in said
        assert "20 of 41 rows of customers (48.8%) are in quarantine: unparseable_value" in said
        assert "20 raw rows are in quarantine" in said
        assert "Exact copies of rows were removed: 1 in canonical.customers." in said


class TestAsOfDate:
    def test_one_event_far_beyond_all_others_is_a_finding(self, read):
        build = read(customers=customers([""]), transactions=purchases([*days(60), "2042-06-03"]))
        assert build.row(AS_OF) == ("2024-05-07",)
        assert build.rows(FINDINGS) == [(
            "transactions", "far_beyond", "block",
            "1 of 61 values of transactions.occurred_at are far beyond all other dates: up to 2042-06-03, "
            "while the others end on 2024-05-07. If they are right, set var as_of_date",
        )]  # fmt: skip

    def test_var_as_of_date_settles_it(self, read):
        build = read(
            customers=customers([""]), transactions=purchases([*days(60), "2042-06-03"]),
            variables={"as_of_date": "2024-06-30"},
        )  # fmt: skip
        assert build.row(AS_OF) == ("2024-06-30",)
        assert [row[2] for row in build.rows(FINDINGS)] == ["warn"]

    def test_closings_alone_give_the_day_and_those_in_the_future_do_not(self, read):
        build = read(
            select=("+int_customers_churned", "+int_input_findings"),
            customers=customers(days(60) + ["2031-12-31"] * 30 + [""] * 30),
        )
        assert build.row(AS_OF) == ("2024-05-07",)
        assert build.rows(FINDINGS) == []
        assert build.values(
            "select is_churned, count(*) from intermediate.int_customers_churned group by 1"
        ) == {True: 60, False: 60}

    def test_a_placeholder_of_a_closing_date_is_a_customer(self, read):
        placeholders = ["2099-12-31", "9999-12-31", "1900-01-01", "2150-06-30"]
        build = read(
            select=("+int_customers_churned", "+int_input_findings"),
            customers=customers(days(20) + placeholders * 20),
        )
        assert build.row(AS_OF) == ("2024-02-11",)
        assert build.rows(FINDINGS) == []
        assert build.values(
            "select is_churned, count(*) from intermediate.int_customers_churned group by 1"
        ) == {True: 20, False: 80}

    def test_a_placeholder_of_an_event_is_a_fault_and_of_a_joining_unknown(self, read):
        build = read(
            customers=customers(["1900-01-01", "2024-01-31"], "customer_id,joined_on"),
            transactions=purchases(["1900-01-01", "2024-01-31", "9999-12-31"]),
        )
        assert build.rows("select joined_on is null from staging.stg_canonical__customers") == [
            (True,), (False,),
        ]  # fmt: skip
        assert build.rows(
            "select line_number, rule_code, column_name from marts.quality_quarantine order by 1"
        ) == [(2, "out_of_range", "occurred_at"), (4, "out_of_range", "occurred_at")]


class TestPurchases:
    """A day is one of a purchase if its sum is positive, whatever bounds of sums the optimizer derives."""

    def test_refunds_are_no_purchases_and_hide_none(self, read):
        build = read(
            select=("+int_customers_purchased",),
            customers=["customer_id", "bought", "returned", "refunded", "exchanged", "booked"],
            transactions=[
                "transaction_id,customer_id,occurred_at,amount,product_code",
                "T1,bought,2024-01-01,10,loan", "T2,bought,2024-01-02,20,loan", "T3,bought,2024-01-03,0,loan",
                "T4,returned,2024-01-01,100,loan", "T5,returned,2024-01-05,-100,loan",
                "T6,refunded,2024-01-01,-5,card", "T7,refunded,2024-01-02,-5,card",
                "T8,exchanged,2024-01-01,30,card", "T9,exchanged,2024-01-01,-30,card",
                "T10,exchanged,2024-01-04,30,card", "T11,exchanged,2024-01-04,-29.99,card",
                "T12,booked,2024-01-01,0,card",
            ],
        )  # fmt: skip
        purchased = build.values(
            "select customer_id, purchase_count, cast(last_purchase_on as varchar) "
            "from intermediate.int_customers_purchased"
        )
        assert purchased == {
            "bought": (2, "2024-01-02"), "returned": (1, "2024-01-01"), "refunded": (0, None),
            "exchanged": (1, "2024-01-04"), "booked": (0, None),
        }  # fmt: skip


class TestQuarantine:
    @pytest.fixture(scope="class")
    @classmethod
    def build(cls, read):
        return read(
            select=(*SELECTED, "+quality_reconciliation", "+int_entities_profiled"),
            customers=[
                "customer_id,age,product_count,joined_on,closed_on,city,birth_date",
                "1,-1,maybe,2024-02-01,2024-01-31,=cmd,31/12/1999",
                "2,30,1,2024-01-31,,Rybinsk,",
                "2,30,1,2024-01-31,,Rybinsk,",
                "3,200,1,2024-01-31,,,",
                "4,40.5,1,2024-01-31,,Rybinsk,",
                ",50,1,2024-01-31,,Uglich,",
            ],
            transactions=[
                "transaction_id,customer_id,occurred_at,amount",
                "T1,1,2024-01-31,10", "T2,3,2024-01-31,10", "T3,99,2024-01-31,10", "T4,2,2024-01-31,10",
                ",3,2024-01-31,", "T6,,1900-01-01,1", "T7,2,2024-01-31",
            ],
            campaign_contacts=[
                "contact_id,campaign_code,customer_id,arm",
                "K1,spring,2,treated", "K2,spring,2,holdout", "K3,autumn,2,treated", "K4,autumn,2,treated",
            ],
        )  # fmt: skip

    def test_a_row_lists_every_rule_that_it_breaks(self, build):
        rows = build.rows(
            "select source_name, line_number, rule_code, column_name, broken_rules "
            "from marts.quality_quarantine order by all"
        )
        assert rows == [
            ("canonical.campaign_contacts", 2, "conflicting_values", "arm", "conflicting_values in arm"),
            ("canonical.campaign_contacts", 3, "conflicting_values", "arm", "conflicting_values in arm"),
            ("canonical.customers", 2, "unparseable_value", "birth_date",
             "unparseable_value in birth_date; formula_like_text in city; unparseable_value in product_count; "
             "out_of_range in age; inconsistent_dates in closed_on"),
            ("canonical.customers", 5, "out_of_range", "age", "out_of_range in age"),
            ("canonical.customers", 6, "unparseable_value", "age", "unparseable_value in age"),
            ("canonical.customers", 7, "missing_key", "customer_id", "missing_key in customer_id"),
            ("canonical.transactions", 2, "quarantined_customer", "customer_id", "quarantined_customer in customer_id"),
            ("canonical.transactions", 3, "quarantined_customer", "customer_id", "quarantined_customer in customer_id"),
            ("canonical.transactions", 4, "unknown_customer", "customer_id", "unknown_customer in customer_id"),
            ("canonical.transactions", 6, "missing_key", "transaction_id",
             "missing_key in transaction_id; missing_value in amount; quarantined_customer in customer_id"),
            ("canonical.transactions", 7, "missing_value", "customer_id",
             "missing_value in customer_id; out_of_range in occurred_at"),
            ("canonical.transactions", 8, "wrong_field_count", None, "wrong_field_count"),
        ]  # fmt: skip

    def test_what_is_no_name_is_shown_as_written(self, build):
        shown = build.values(
            "select line_number, raw_value_masked from marts.quality_quarantine "
            "where source_name = 'canonical.customers'"
        )
        assert shown == {2: "##/##/####", 5: "200", 6: "40.5", 7: None}

    def test_columns_are_profiled(self, build):
        profile, note = build.row(
            "select column_profile, blank_note from intermediate.int_entities_profiled where entity_name = 'customers'"
        )
        assert profile == (
            "customer_id 1 values, 0 blank; age 30 to 30, median 30, 1 different, 0 blank; city 1 different, 0 blank; "
            "joined_on 2024-01-31 to 2024-01-31, 1 different, 0 blank; "
            "product_count 1 to 1, median 1, 1 different, 0 blank"
        )
        assert note is None
