"""Metrics say what the marts say: every saved query is asked through MetricFlow and compared cell by cell."""

import csv
import datetime
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
from decimal import Decimal

import pytest
from conftest import ROOT, environment

# saved query -> its rows by SQL, in the order of its group-bys and metrics
EXPECTED = {
    "churn_by_product_count": (
        "select product_count, customers_count, churned_count, churn_rate from marts.churn_rates_by_product_count"
    ),
    "churn_by_city": "select city, customers_count, churned_count, churn_rate from marts.churn_rates_by_city",
    "churn_by_city_and_product_count": (
        "select split_part(cut_value, ' x ', 1), split_part(cut_value, ' x ', 2)::int, customers_count, churned_count, "
        "churn_rate from intermediate.int_churn_rates_compared where cut_name = 'city x product_count'"
    ),
    "churn_by_age_band": (
        "select age_band, customers_count, churned_count, churn_rate from marts.churn_rates_by_age_band "
        "where age_band_set = 'metanprom_deck'"
    ),
    "churn_by_gender": "select gender, customers_count, churned_count, churn_rate from marts.churn_rates_by_gender",
    "churn_by_month": "select month_starts_on, start_count, churned_count, churn_rate from marts.churn_rates_by_month",
    "money_by_city": (
        "select customers.city, count(balance), sum(balance), avg(balance::double), "
        "sum(balance) filter (where is_current), "
        "sum((balance * churn_probability)::decimal(18, 2)) filter (where is_current) "
        "from intermediate.int_customers_profiled as customers "
        "inner join (select customer_id, is_current from intermediate.int_customers_churned) using (customer_id) "
        "left join (select customer_id, churn_probability from marts.churn_scores) using (customer_id) "
        "group by customers.city"
    ),
    "scores_by_decile": (
        "select churn_decile, count(*), sum(churn_probability), avg(churn_probability) "
        "from marts.churn_scores where is_current group by churn_decile"
    ),
    "rfm_segments": "select rfm_scheme, rfm_segment, customers_count from marts.rfm_segments",
    "clusters": (
        "select cluster_code, customers_count from marts.cluster_profiles where cluster_set = 'customers'"
    ),
    "clv_tiers": (
        "select clv_tier, count(*), sum(clv_amount), avg(clv_amount::double) from marts.clv_customers group by clv_tier"
    ),
    "upgrade_candidates": (
        "select next_clv_tier, feature_label, count(*) from marts.clv_upgrade_candidates group by all"
    ),
    "rule_segments": (
        "select segment_code, customers_count, "
        "(select max(value_held_amount) from marts.strategy_priorities as priorities "
        "where priorities.segment_scheme = 'rule' and priorities.segment_code = segments.segment_code) "
        "from marts.strategy_segments as segments where segment_scheme = 'rule' and strategy_code is not null"
    ),
    "strategies": (
        "select strategy_code, action_mode, count(*) from marts.strategy_customers "
        "where strategy_code is not null group by all"
    ),
}
NOT_COMPARED = {
    "rule_segments": {"unassigned"}
}  # has no strategy, hence no row that says what it holds


@pytest.fixture(scope="module")
def manifest(demo):
    return json.loads((demo.target / "semantic_manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def project(demo, tmp_path_factory):
    """A folder that `mf` takes for the project's: it looks for the manifest in target/ and nowhere else."""
    folder = tmp_path_factory.mktemp("metricflow")
    shutil.copy(ROOT / "dbt_project.yml", folder)
    (folder / "target").symlink_to(demo.target)
    return {
        "DBT_PROJECT_DIR": str(folder),
        "DBT_PROFILES_DIR": str(ROOT),
        "DBT_LOG_PATH": str(folder / "logs"),
        # a copy, because MetricFlow opens it for writing, and other workers read the demo's own meanwhile
        "CLIENTELE_DB": str(shutil.copy(demo.path, folder)),
        # its connection lives as long as this process, and `mf` is a process beside it
        "CLIENTELE_KEEP_OPEN": "false",
    }


@pytest.fixture(scope="module")
def ask(demo, project):
    """ask(saved query) -> rows in the order of its group-bys and metrics, by the engine that `mf query` starts."""
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    before = pathlib.Path.cwd()
    os.chdir(ROOT)
    with environment(**project):
        configuration = CLIConfiguration()
        configuration.setup(configure_file_logging=False)
        logging.getLogger("metricflow").setLevel(logging.WARNING)

        def rows(query):
            request = MetricFlowQueryRequest.create(saved_query_name=query["name"])
            answer = configuration.mf.query(request).result_df
            metrics = query["query_params"]["metrics"]
            keys = [name for name in answer.column_names if name not in metrics]
            places = [answer.column_names.index(name) for name in keys + metrics]
            return [[row[place] for place in places] for row in answer.rows]

        yield rows
    os.chdir(before)


def comparable(cell):
    if isinstance(cell, datetime.datetime):
        return cell.date()
    return float(cell) if isinstance(cell, Decimal) else cell


def by_key(rows, size):
    """The first cells of a row -> the others, numbers to nine digits."""
    found = {}
    for row in rows:
        cells = [comparable(cell) for cell in row]
        key = tuple(str(cell) for cell in cells[:size])
        assert key not in found
        found[key] = [
            pytest.approx(cell, rel=1e-9) if isinstance(cell, float) else cell
            for cell in cells[size:]
        ]
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_a_saved_query_says_what_the_mart_says(demo, ask, manifest, name):
    (query,) = [query for query in manifest["saved_queries"] if query["name"] == name]
    size = len(query["query_params"]["group_by"])
    expected = by_key(demo.rows(EXPECTED[name]), size)
    answered = by_key(ask(query), size)
    assert len(answered) > 1
    for key in NOT_COMPARED.get(name, ()):
        del answered[key,]
    assert answered == expected


def test_every_saved_query_and_every_metric_is_compared(manifest):
    assert {query["name"] for query in manifest["saved_queries"]} == set(EXPECTED)
    asked = {m for query in manifest["saved_queries"] for m in query["query_params"]["metrics"]}
    assert {metric["name"] for metric in manifest["metrics"]} == asked


def test_two_cities_are_added_up_before_they_are_divided(demo, project, tmp_path):
    path = tmp_path / "answer.csv"
    cities = "{{ Dimension('observation__city') }} in ('Rybinsk', 'Yaroslavl')"
    answer = subprocess.run(
        [pathlib.Path(sys.executable).with_name("mf"), "query", "--csv", path, "--where", cities]
        + ["--saved-query", "churn_by_product_count"],
        cwd=ROOT,
        env={**os.environ, **project},
        capture_output=True,
        text=True,
    )
    assert path.exists(), answer.stdout + answer.stderr
    header, *rows = csv.reader(path.open(encoding="utf-8"))
    assert header[1:] == ["known_outcome_customers", "churned_customers", "churn_rate"]
    assert [
        (int(product_count), int(customers), int(churned), pytest.approx(float(rate), rel=1e-9))
        for product_count, customers, churned, rate in rows
    ] == demo.rows(
        "select split_part(cut_value, ' x ', 2)::int, sum(customers_count)::int, sum(churned_count)::int, "
        "sum(churned_count) / sum(customers_count) from marts.churn_rates "
        "where cut_name = 'city x product_count' and split_part(cut_value, ' x ', 1) in ('Rybinsk', 'Yaroslavl') "
        "group by 1 order by 1"
    )


# --- what must stay so


def test_metrics_add_up_customers_and_never_rows_that_hold_others(demo, manifest):
    """A mart of cells has the same customers in many rows, and its rates cannot be averaged."""
    marts = {
        node["name"]: node
        for node in json.loads((demo.target / "manifest.json").read_text("utf-8"))["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    models = {
        model["name"]: (marts[model["node_relation"]["alias"]], model)
        for model in manifest["semantic_models"]
    }
    of_customers = {
        name for name, mart in marts.items() if "customer_id" in mart["config"]["meta"]["grain"]
    }
    # what is proposed to customers has no day of its own, without which nothing is counted; sentences measure nothing
    without = {"strategy_options", "campaign_audience", "customer_explanations"}
    assert set(models) == of_customers - without | {"churn_rates_by_month"}
    for mart, model in models.values():
        keys = {entity["name"]: entity for entity in model["entities"]}
        if "customer" in keys:
            is_row = mart["config"]["meta"]["grain"] == ["customer_id"]
            assert keys["customer"]["type"] == ("primary" if is_row else "foreign"), model["name"]
        for measure in model["measures"]:
            is_additive = "customer" not in keys or keys["customer"]["type"] == "primary"
            assert measure["agg"] == ("sum" if is_additive else "count_distinct"), measure["name"]
    # what counts nobody itself describes the customers of churn_customers
    silent = {name for name, (_, model) in models.items() if not model["measures"]}
    assert silent == {"clv_upgrade_candidates", "strategy_customers"}
    assert {metric["type"] for metric in manifest["metrics"]} == {"simple", "ratio"}
