"""Customer value of whole builds: the published figures to the printed digit, planted truth, and what is not read."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from conftest import MODELS, ROOT, VALUE
from customer_science.purchase_models import expected_purchases, fit_purchases
from test_auto_insurance_clv import LONG, LONG_NAMES

DEMO = ROOT / "data" / "demo"


def metrics(build, where="true"):
    """(model, metric) -> value."""
    return {
        (model, name): value
        for model, name, value in build.rows(
            f"select model_code, metric_name, metric_value from marts.clv_model_metrics where {where}"
        )
    }


@pytest.fixture
def insurance(auto_insurance_clv):
    return auto_insurance_clv


class TestPolicies:
    """data_customer_lifetime_value.csv: 5,669 rows, 5,051 of them distinct."""

    def test_the_served_model_is_as_good_as_honest_published_ones(self, insurance):
        assert insurance.is_success, insurance.messages
        measured = metrics(insurance, "sample = 'cross_validation'")
        assert measured["rule_forest", "r2"] >= 0.68
        assert measured["rule_forest", "mae"] <= 1_650
        assert abs(measured["rule_forest", "total_bias"]) <= 0.02
        assert measured["three_number_rule", "r2"] == pytest.approx(0.694, abs=0.003)
        assert measured["three_number_rule", "mae"] == pytest.approx(1_746, abs=10)
        assert 0.78 <= measured["rule_forest", "interval_coverage"] <= 0.82

    def test_every_metric_says_who_wins(self, insurance):
        best = insurance.values(
            "select metric_name, list(model_code) from marts.clv_model_metrics where is_best group by 1"
        )
        assert best["r2"] == best["mae"] == ["rule_forest"]
        assert set(best) == {
            "mae", "rmse", "r2", "mape", "total_bias", "calibration_error", "gini", "spearman", "top_decile_capture",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("tier_set", "tiers"),
        [
            ("terciles", {"low": (None, "4760.09", 1684, "13.5"), "medium": ("4760.09", "8006.13", 1683, "25.3"),
                          "high": ("8006.13", None, 1684, "61.2")}),
            ("quarter_edges", {"low": (None, "3964.44", 1263, None), "medium": ("3964.44", "9028.56", 2525, None),
                               "high": ("9028.56", None, 1263, None)}),
            ("fixed", {"low": (None, "5000.00", 1899, None), "medium": ("5000.00", "10000.00", 2102, None),
                       "high": ("10000.00", None, 1050, None)}),
        ],
    )  # fmt: skip
    def test_tiers(self, insurance, tier_set, tiers):
        found = insurance.values(
            "select clv_tier, cast(lower_bound_amount as varchar), cast(upper_bound_amount as varchar), "
            f"customers_count, value_share from marts.clv_tiers where tier_set = '{tier_set}'"
        )
        assert found.keys() - {"churned"} == tiers.keys()
        for tier, (*bounds, count, share) in tiers.items():
            assert list(found[tier][:3]) == [*bounds, count], tier
            assert share is None or f"{100 * found[tier][3]:.1f}" == share, tier

    def test_values_are_those_of_the_file_and_predictions_are_out_of_fold(self, insurance):
        count, mean, known, out_of_sample = insurance.row(
            "select count(*), avg(observed_clv_amount), count(observed_clv_amount), bool_and(is_out_of_sample) "
            "from marts.clv_customers"
        )
        assert (count, f"{mean:.2f}", known, out_of_sample) == (5051, "8059.48", 5051, True)
        error = insurance.row(
            "select avg(abs(predicted_clv_amount - observed_clv_amount)), "
            "avg((observed_clv_amount between lowest_clv_amount and highest_clv_amount)::int) from marts.clv_customers"
        )
        assert error[0] == pytest.approx(metrics(insurance)["rule_forest", "mae"], rel=0.02)
        assert error[1] == pytest.approx(
            metrics(insurance)["rule_forest", "interval_coverage"], abs=0.001
        )

    def test_who_can_move_up_and_by_what(self, insurance):
        rows = insurance.rows(
            "select clv_tier, feature_name, current_value, changed_value, evidence_kind, count(*) "
            "from marts.clv_upgrade_candidates group by all"
        )
        assert {row[1] for row in rows} == {"coverage", "policy_count"}
        assert {row[4] for row in rows} == {"association"} and {row[0] for row in rows} == {
            "low",
            "medium",
        }
        steps = {(row[2], row[3]) for row in rows if row[1] == "coverage"}
        assert steps == {("Basic", "Extended"), ("Extended", "Premium")}
        # value is highest with two policies and falls with a third: nobody is sent from two to three
        assert not [row for row in rows if (row[2], row[3]) == ("2", "3") and row[5] > 20]

    def test_where_nothing_is_known_of_churn_the_budget_says_so(self, insurance):
        assert insurance.rows("select distinct is_churn_assumed from marts.budget_allocation") == [
            (True,)
        ]
        better = insurance.rows(
            "select scenario_code, sum(expected_net_amount) > sum(even_expected_net_amount) "
            "from marts.budget_allocation group by 1 order by 1"
        )
        assert ("lean", True) in better and ("planned", True) in better


class TestPurchases:
    """CDNOW_sample.txt, looked at on 1997-09-30, 39 weeks before its end."""

    BACK_TEST = "measured_on = date '1997-09-30'"

    def test_parameters_and_likelihoods(self, cdnow):
        assert cdnow.is_success, cdnow.messages
        fitted = metrics(cdnow, f"sample = 'in_sample' and {self.BACK_TEST}")
        printed = {
            ("bg_nbd", "parameter_r"): "0.243", ("bg_nbd", "parameter_alpha"): "4.414",
            ("bg_nbd", "parameter_a"): "0.793", ("bg_nbd", "parameter_b"): "2.426",
            ("gamma_gamma", "parameter_p"): "6.250", ("gamma_gamma", "parameter_q"): "3.744",
            ("gamma_gamma", "parameter_v"): "15.444",
        }  # fmt: skip
        assert {key: f"{fitted[key]:.3f}" for key in printed} == printed
        assert f"{fitted['bg_nbd', 'log_likelihood']:.2f}" == "-9582.43"
        assert f"{fitted['mbg_nbd', 'log_likelihood']:.2f}" == "-9582.14"
        parameters = {
            name: fitted["bg_nbd", f"parameter_{name}"] for name in ("r", "alpha", "a", "b")
        }
        assert f"{expected_purchases('bg_nbd', parameters, 39, 2, 30.43, 38.86):.3f}" == "1.226"

    def test_holdout_purchases(self, cdnow):
        measured = metrics(
            cdnow, f"target_name = 'purchases' and sample = 'holdout' and {self.BACK_TEST}"
        )
        assert f"{measured['bg_nbd', 'actual_total']:.0f}" == "1882"
        assert f"{measured['bg_nbd', 'predicted_total']:.1f}" == "1653.4"
        assert {model: f"{measured[model, 'mae']:.3f}" for model in ("bg_nbd", "mbg_nbd", "zero", "past_rate")} == {
            "bg_nbd": "0.785", "mbg_nbd": "0.765", "zero": "0.798", "past_rate": "1.024",
        }  # fmt: skip

    def test_who_spends_in_the_holdout_is_best_told_by_ranks(self, cdnow):
        measured = metrics(
            cdnow, f"target_name = 'spend' and sample = 'holdout' and {self.BACK_TEST}"
        )
        ginis = {
            model: f"{measured[model, 'gini']:.3f}"
            for model in ("rfm_sum", "past_spend", "bg_nbd_gamma_gamma", "recency")
        }  # fmt: skip
        assert ginis == {
            "rfm_sum": "0.704", "past_spend": "0.680", "bg_nbd_gamma_gamma": "0.638", "recency": "0.623",
        }  # fmt: skip
        assert cdnow.row(
            "select model_code from marts.clv_model_metrics where metric_name = 'gini' and target_name = 'spend' "
            f"and is_best and {self.BACK_TEST}"
        ) == ("rfm_sum",)

    def test_customers_on_the_cut_off(self, cdnow):
        assert cdnow.row(
            "select count(*), count(*) filter (where repeat_count > 0), sum(repeat_count) "
            f"from intermediate.int_clv_purchases_summarised where {self.BACK_TEST}"
        ) == (2357, 946, 2457)
        (alive,) = cdnow.row(
            "select avg(bg_nbd_alive_probability) from intermediate.int_clv_purchases_predicted "
            f"where {self.BACK_TEST}"
        )
        assert f"{alive:.4f}" == "0.8134"

    def test_there_are_several_cut_offs_and_intervals_hold(self, cdnow):
        days = cdnow.rows(
            "select distinct measured_on from marts.clv_model_metrics where sample = 'holdout' order by 1"
        )
        assert days == [(date(1997, 9, 30),), (date(1997, 12, 30),)]
        (coverage,) = cdnow.row(
            "select metric_value from marts.clv_model_metrics where metric_name = 'interval_coverage'"
        )
        # most spend nothing, so that many intervals cannot leave out as many as they may
        assert 0.78 <= coverage <= 0.9

    def test_every_buyer_has_a_value_that_is_not_negative(self, cdnow):
        assert cdnow.row(
            "select count(*), min(clv_amount) >= 0, count(alive_probability), bool_and(horizon_days = 365) "
            "from marts.clv_customers"
        ) == (2357, True, 2357, True)


class TestDemo:
    def test_planted_contracts_and_spending_are_recovered(self, demo):
        assert demo.is_success, demo.messages
        truth = json.loads((DEMO / "truth.json").read_text("utf-8"))
        (as_of,) = demo.row("select as_of_date from intermediate.int_as_of_date_determined")
        fitted = metrics(
            demo,
            f"sample = 'in_sample' and measured_on = date '{as_of}' and cohort in ('none', 'all')",
        )
        for model, planted in (("gamma_gamma", truth["gamma_gamma"]),
                               ("shifted_beta_geometric", truth["policies"]["shifted_beta_geometric"])):  # fmt: skip
            for name in set(planted) - {"time_unit"}:
                assert fitted[model, f"parameter_{name}"] == pytest.approx(
                    planted[name], rel=0.15
                ), (model, name)

    def test_planted_purchases_are_recovered_while_accounts_are_open(self, demo):
        """The values count a closing as the end of purchases; what was planted holds up to it."""
        planted = json.loads((DEMO / "truth.json").read_text("utf-8"))["bg_nbd"]
        rows = demo.rows(
            "select customer_id, count(*) - 1, date_diff('day', min(purchased_on), max(purchased_on)) / 7, "
            "date_diff('day', min(purchased_on), least(any_value(closed_on), date '2025-12-31')) / 7, "
            "(sum(day_amount) - min_by(day_amount, purchased_on))::double / nullif(count(*) - 1, 0) "
            "from intermediate.int_purchases_dated inner join intermediate.int_customers_conformed using (customer_id) "
            "group by customer_id order by customer_id"
        )
        columns = ["customer_id", "repeat_count", "recency_weeks", "observed_weeks"]
        histories = pd.DataFrame(rows, columns=[*columns, "average_repeat_amount"]).assign(
            measured_on=pd.Timestamp("2025-12-31"), is_sampled=True
        )
        fitted = fit_purchases(histories).set_index(["model_code", "metric_name"])["metric_value"]
        # contacts and purchases that fade before a closing look a little like dropping out, which is a
        for name, slack in {"r": 0.15, "alpha": 0.15, "b": 0.15, "a": 0.25}.items():
            assert fitted["bg_nbd", f"parameter_{name}"] == pytest.approx(
                planted[name], rel=slack
            ), name

    def test_where_the_rule_is_the_truth_it_is_not_beaten_by_much(self, demo):
        measured = metrics(demo, "sample = 'cross_validation' and feature_set <> 'all'")
        assert measured["rule_forest", "mae"] < 1.03 * measured["three_number_rule", "mae"]
        assert measured["rule_forest", "r2"] > 0.84

    def test_what_leaving_out_age_and_gender_costs_is_shown(self, demo):
        sets = demo.values(
            "select feature_set, is_served from marts.clv_model_metrics "
            "where model_code = 'rule_forest' and metric_name = 'mae'"
        )
        assert set(sets) == {"all", "without_protected"}

    def test_all_families_stand_side_by_side_and_one_is_used(self, demo):
        families = demo.values(
            "select clv_family, bool_or(is_served) from marts.clv_model_metrics group by 1"
        )
        assert families == {"policies": False, "purchases": True, "contracts": False}
        assert demo.rows("select distinct clv_family, model_code from marts.clv_customers") == [
            ("purchases", "bg_nbd_gamma_gamma")
        ]

    def test_a_back_test_reads_nothing_from_after_its_day(self, demo):
        rows = demo.rows(
            "select s.customer_id, s.measured_on, s.repeat_count, s.past_amount, s.future_count, s.future_amount, "
            "count(distinct t.occurred_at::date) filter (where t.occurred_at::date <= s.measured_on) - 1, "
            "sum(t.amount) filter (where t.occurred_at::date <= s.measured_on), "
            "count(distinct t.occurred_at::date) filter (where t.occurred_at::date > s.measured_on), "
            "coalesce(sum(t.amount) filter (where t.occurred_at::date > s.measured_on), 0) "
            "from intermediate.int_clv_purchases_summarised as s "
            "inner join intermediate.int_transactions_conformed as t using (customer_id) "
            "where s.prediction_basis = 'back_test' group by all"
        )
        assert len(rows) > 10_000
        assert all(row[2:6] == row[6:] for row in rows)

    def test_segments_that_read_age_or_gender_say_so(self, demo):
        flags = demo.values(
            "select segment_code, uses_protected_attribute from marts.strategy_segments "
            "where segment_scheme in ('rule', 'study', 'clv_tier')"
        )
        assert flags["core_younger"] and flags["established_men"]
        assert (
            not flags["many_products"] and not flags["affluent_without_card"] and not flags["high"]
        )

    def test_tiers_are_a_scheme_of_segments(self, demo):
        assert demo.values(
            "select segment_code, customers_count from marts.strategy_segments where segment_scheme = 'clv_tier'"
        ) == demo.values("select clv_tier, count(*) from marts.clv_customers group by 1")


def delimited(path, names, rows):
    path.write_text(
        "\n".join(",".join(map(str, row)) for row in [names, *rows]) + "\n", encoding="utf-8"
    )


def test_the_layout_of_24_columns_is_valued_with_equal_profiles_in_one_fold(run_dbt, tmp_path):
    draw = np.random.default_rng(1)
    rows = []
    for number in range(400):
        count, premium, gender = (
            int(draw.choice([1, 2, 3])),
            int(draw.integers(60, 200)),
            draw.choice(["F", "M"]),
        )
        value = (
            premium
            * {1: 40, 2: 170, 3: 80}[count]
            * draw.lognormal(0, 0.2)
            * (1.5 if gender == "F" else 0.7)
        )
        row = [
            "", "Ohio", f"{value:.4f}", "No", draw.choice(["Basic", "Extended", "Premium"]), "College", "1/31/11",
            "Employed", gender, int(draw.integers(20, 90)) * 1000, "Rural", "Single", premium, 5, 6, 0, count,
            "Personal Auto", "Personal L1", "Offer1", "Agent", f"{draw.gamma(2, 200):.2f}", "SUV", "Medsize",
        ]  # fmt: skip
        # each fourth profile occurs under six ids
        for copy in range(6 if number % 4 == 0 else 1):
            rows.append([f"AB{number:05}{copy}", *row[1:]])
    delimited(tmp_path / LONG, LONG_NAMES, rows)
    build = run_dbt(raw=tmp_path, select=VALUE, env=MODELS, source_system="auto_insurance_clv")
    assert build.is_success, build.messages
    assert build.row("select count(*) from marts.clv_customers") == (900,)
    profiles = build.rows(
        "select profile, count(*), count(distinct fold_number), count(distinct predicted_value) "
        "from intermediate.int_clv_policies_profiled inner join intermediate.int_clv_policies_predicted "
        "using (customer_id) where prediction_kind = 'out_of_fold' and model_code = 'rule_forest' "
        "and feature_set = 'without_protected' group by profile"
    )
    assert {count for _, count, *_ in profiles} == {1, 6}
    assert {tuple(rest) for *_, folds, values in profiles for rest in [(folds, values)]} == {(1, 1)}
    # gender is in this layout: what it would tell is measured, and not used
    errors = build.values(
        "select feature_set, metric_value, is_served from marts.clv_model_metrics "
        "where model_code = 'rule_forest' and metric_name = 'mae'"
    )
    assert errors["all"][0] < errors["without_protected"][0]
    assert (errors["all"][1], errors["without_protected"][1]) == (False, True)


def test_the_layout_of_cdnow_master_is_valued(run_dbt, tmp_path):
    draw = np.random.default_rng(1)
    lines = ["customer_id date quantity amount"]
    for customer in range(600):
        day, rate = int(draw.integers(0, 84)), draw.gamma(0.7, 1 / 40)
        while day < 545:
            bought = date(1997, 1, 1) + timedelta(days=day)
            lines.append(f" {customer:05} {bought:%Y%m%d}  1  {draw.gamma(6, 5):.2f}")
            if draw.random() < 0.2:
                break
            day += 1 + int(draw.exponential(1 / max(rate, 1e-4)))
    (tmp_path / "CDNOW_master.txt").write_text("\n".join(lines) + "\n")
    build = run_dbt(raw=tmp_path, select=VALUE, env=MODELS, source_system="cdnow")
    assert build.is_success, build.messages
    assert build.row("select count(*), count(distinct clv_tier) from marts.clv_customers") == (
        600,
        3,
    )
    assert metrics(build, "sample = 'in_sample'")["bg_nbd", "log_likelihood"] < 0


def test_rows_are_never_left_out_by_the_target(run_dbt, demo_copy):
    build = run_dbt(
        into=demo_copy, select=["int_clv_policies_predicted"], env=MODELS,
        clv_policy_filters=[{"column": "observed_clv", "upper_bound": 20000}],
    )  # fmt: skip
    assert not build.is_success
    assert any("Rows cannot be left out by observed_clv" in message for message in build.messages)
