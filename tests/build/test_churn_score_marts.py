"""Churn scores of whole builds: the published reference, the planted truth, and nothing read after the opening day."""

import json
from datetime import timedelta

import numpy as np
import pytest
from conftest import MODELS, ROOT
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

DEMO = ROOT / "data" / "demo"


def metrics(build, sample="cross_validation"):
    return {
        (model_code, feature_set, name): value
        for model_code, feature_set, name, value in build.rows(
            "select model_code, feature_set, metric_name, metric_value "
            f"from marts.churn_model_metrics where sample = '{sample}'"
        )
    }


class TestChurnModelling:
    """Churn_Modelling.csv, a flag on a single snapshot: the published reference is boosting on all features."""

    def test_the_reference_holds_within_a_hundredth(self, churn_modelling):
        measured = metrics(churn_modelling)
        assert measured["gradient_boosting", "all", "auc"] == pytest.approx(0.868, abs=0.01)
        assert measured["gradient_boosting", "all", "brier"] == pytest.approx(0.1006, abs=0.01)
        assert measured["base_rate", "none", "brier"] == pytest.approx(0.162, abs=0.0005)

    def test_salaries_below_the_minimum_wage_are_marked(self, churn_modelling):
        assert churn_modelling.rows(
            "select customers_count, strategy_code from marts.strategy_segments where segment_scheme = 'data_quality'"
        ) == [(802, "check_salary_estimates")]

    def test_scores_are_calibrated(self, churn_modelling):
        measured = metrics(churn_modelling)
        for feature_set in ("all", "without_protected"):
            assert measured["gradient_boosting", feature_set, "ece"] < 0.015
            assert abs(measured["gradient_boosting", feature_set, "calibration_slope"] - 1) < 0.1

    def test_leaving_out_age_and_gender_has_its_price_and_is_what_is_scored(self, churn_modelling):
        measured = metrics(churn_modelling)
        price = [measured["gradient_boosting", s, "auc"] for s in ("all", "without_protected")]
        assert price[0] - price[1] > 0.03
        assert churn_modelling.rows(
            "select distinct model_code, feature_set from marts.churn_model_metrics where is_scored"
        ) == [("gradient_boosting", "without_protected")]
        assert churn_modelling.rows("select distinct feature_set from marts.churn_scores") == [
            ("without_protected",)
        ]
        names = {
            name
            for number in (1, 2, 3)
            for (name,) in churn_modelling.rows(
                f"select distinct top_feature_{number}_label from marts.churn_scores"
            )
        }
        assert "number of products" in names and not names & {"age", "gender"}

    def test_everybody_is_described_and_nobody_predicted(self, churn_modelling):
        assert churn_modelling.rows(
            "select churn_basis, observed_on, window_days, is_descriptive_only, count(*) "
            "from marts.churn_scores group by all"
        ) == [("snapshot", None, None, True, 10000)]
        assert churn_modelling.rows(
            "select distinct is_descriptive_only from marts.churn_model_metrics"
        ) == [(True,)]

    def test_the_metrics_are_those_of_the_scores_that_are_shown(self, churn_modelling):
        outcome, probability = zip(
            *churn_modelling.rows("select is_churned, churn_probability from marts.churn_scores"),
            strict=True,
        )
        measured = metrics(churn_modelling)
        assert brier_score_loss(outcome, probability) == pytest.approx(
            measured["gradient_boosting", "without_protected", "brier"]
        )
        # folds are ranked one by one, and all together nearly as well
        assert roc_auc_score(outcome, probability) == pytest.approx(
            measured["gradient_boosting", "without_protected", "auc"], abs=0.005
        )

    def test_deciles_rise_with_churn_from_1_to_10(self, churn_modelling):
        rates = churn_modelling.values(
            "select churn_decile, avg(is_churned::int) from marts.churn_scores group by 1"
        )
        assert sorted(rates) == list(range(1, 11))
        assert rates[10] > 0.5 > 0.05 > rates[1]


class TestBankScrooge:
    def test_boosting_is_better_than_its_baselines_and_calibrated(self, bank_scrooge):
        measured = metrics(bank_scrooge)
        ours = measured["gradient_boosting", "without_protected", "brier"]
        for baseline in ("logistic", "cell_rate"):
            assert ours < measured[baseline, "without_protected", "brier"]
        assert measured["gradient_boosting", "without_protected", "ece"] < 0.015
        assert (
            abs(measured["gradient_boosting", "without_protected", "calibration_slope"] - 1) < 0.1
        )


class TestDemo:
    """The demo bank has closing dates: features are measured when the window opens, the outcome lies after it."""

    def test_build_passes(self, demo):
        assert demo.is_success, demo.messages

    def test_the_window_opens_a_year_before_the_as_of_date(self, demo):
        days = demo.values(
            "select churn_basis, min(observed_on), max(observed_on), min(window_days) "
            "from marts.churn_scores group by 1"
        )
        (as_of_date,) = demo.row("select as_of_date from intermediate.int_as_of_date_determined")
        opened_on = as_of_date - timedelta(days=365)
        assert days == {
            "current": (as_of_date, as_of_date, 365),
            "window": (opened_on, opened_on, 365),
        }

    def test_current_customers_have_a_score_of_today_and_churned_ones_the_last_before(self, demo):
        assert demo.rows(
            "select churn_basis, is_churned, is_current, count(*) from marts.churn_scores group by all order by all"
        ) == [
            ("current", False, True, *demo.row(
                "select count(*) from intermediate.int_customers_churned where is_current")),
            ("window", True, False, *demo.row(
                "select count(*) from marts.churn_observations where is_churned")),
        ]  # fmt: skip
        assert not demo.row("select bool_or(is_descriptive_only) from marts.churn_scores")[0]

    def test_scores_rank_better_than_what_is_planted_in_attributes_alone(self, demo):
        # the rest is engagement, value, and contacts and balances that fade before a closing
        truth = json.loads((DEMO / "truth.json").read_text("utf-8"))["churn"]
        rows = demo.rows(
            "select p.is_churned, p.gradient_boosting_all, c.product_count, c.age, c.city, c.gender, c.is_active "
            "from intermediate.int_churn_predictions_compared as p "
            "inner join intermediate.int_churn_observations as c "
            "on p.customer_id = c.customer_id and c.window_number = 1 "
            "where p.sample = 'cross_validation' and c.age is not null and c.city <> 'unknown'"
        )
        outcome, scored = (np.array(column, float) for column in list(zip(*rows, strict=True))[:2])
        planted = np.array([
            truth["product_count"][str(products)]
            + sum(s["coefficient"] for s in truth["age"] if s["first_age"] <= age <= s["last_age"])
            + truth["city"][city] + truth["gender"][gender] + truth["is_active"][str(active).lower()]
            for *_, products, age, city, gender, active in rows
        ])  # fmt: skip
        attributes = roc_auc_score(outcome, expit(planted))
        assert 0.8 < attributes < roc_auc_score(outcome, scored) < 0.95

    def test_scores_are_calibrated_in_the_window_and_out_of_time(self, demo):
        for sample, slack in (("cross_validation", 0.1), ("out_of_time", 0.2)):
            measured = metrics(demo, sample)
            served = "gradient_boosting", "without_protected"
            assert abs(measured[*served, "calibration_slope"] - 1) < slack, sample
            assert abs(measured[*served, "calibration_intercept"]) < slack, sample
            assert measured[*served, "ece"] < 0.035, sample
            assert measured[*served, "auc"] > 0.8, sample

    def test_the_served_model_is_one_row_of_each_sample(self, demo):
        assert demo.rows(
            "select sample, model_code, feature_set from marts.churn_model_metrics "
            "where is_scored and metric_name = 'brier' order by sample"
        ) == [
            ("cross_validation", "gradient_boosting", "without_protected"),
            ("out_of_time", "gradient_boosting", "without_protected"),
        ]


@pytest.mark.parametrize("outcome", ["yes", "no"])
def test_one_outcome_alone_builds_empty_scores(run_dbt, tmp_path, outcome):
    rows = "".join(f"{number},Rybinsk,{number % 3},{outcome}\n" for number in range(400))
    (tmp_path / "customers.csv").write_text(f"customer_id,city,product_count,is_churned\n{rows}")
    build = run_dbt(
        raw=tmp_path,
        source_system="canonical",
        select=["+churn_scores", "+churn_model_metrics"],
        env=MODELS,
    )
    assert build.is_success, build.messages
    for mart in ("churn_scores", "churn_model_metrics"):
        assert build.row(f"select count(*) from marts.{mart}") == (0,)
