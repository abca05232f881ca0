"""Another dbt project that has clientele as a package, built from outside of this repository."""

import hashlib
import os
import subprocess
import sys

import duckdb
import pytest
from conftest import ROOT

PROJECT = """
name: consumer
version: 1.0.0
profile: consumer
vars:
  clientele: {source_system: canonical, canonical_schema: bank, minimum_cell_size: 7}
"""
PACKAGES = f"packages: [{{local: {ROOT}}}]"
PROFILE = """
consumer:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: consumer.duckdb
      schema: SCHEMA
      module_paths: [dbt_packages/clientele/python_models]
"""
PLUGIN = """
      plugins:
        - module: publishing.plugin
          alias: clientele
          config: {folders: [dbt_packages/clientele/seeds, dbt_packages/clientele/data/demo, published]}
"""


class Consumer:
    """Two files, a profile elsewhere, and the bank's customers as a table."""

    def __init__(self, folder, profile, project=PROJECT):
        self.root = folder / "consumer"
        self.profiles = folder / "profiles"
        self.root.mkdir()
        self.profiles.mkdir()
        (self.root / "dbt_project.yml").write_text(project, "utf-8")
        (self.root / "packages.yml").write_text(PACKAGES, "utf-8")
        (self.profiles / "profiles.yml").write_text(profile, "utf-8")
        with duckdb.connect(str(self.root / "consumer.duckdb")) as connection:
            connection.execute("create schema bank")
            connection.execute(
                "create table bank.customers as select 'C' || i as customer_id, 20 + i % 60 as age, "
                "date '2015-01-01' + i::int as joined_on, "
                "case when i % 4 = 0 then date '2025-01-01' + i::int end as closed_on, i * 10.0 as balance "
                "from range(1, 301) as numbers(i)"
            )

    def dbt(self, *arguments):
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CLIENTELE", "DBT"))
        }
        result = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments],
            cwd=self.root,
            env=environment | {"DBT_PROFILES_DIR": str(self.profiles)},
            capture_output=True,
            text=True,
        )
        return result.returncode, result.stdout + result.stderr

    def rows(self, query):
        with duckdb.connect(str(self.root / "consumer.duckdb"), read_only=True) as connection:
            return connection.sql(query).fetchall()


def test_another_project_builds_the_marts_in_its_own_schemas_without_the_plugin(tmp_path):
    consumer = Consumer(tmp_path, PROFILE.replace("SCHEMA", "dev"))
    code, output = consumer.dbt("deps")
    assert code == 0, output
    (consumer.root / "models").mkdir()
    (consumer.root / "models" / "report.sql").write_text(
        "select churned_count from {{ ref('clientele', 'churn_definitions_compared') }} where is_primary"
    )
    code, output = consumer.dbt(
        "build", "--select", "+run_manifest", "+churn_definitions_compared",
        "--exclude", "resource_type:unit_test", "--indirect-selection", "cautious",
    )  # fmt: skip
    assert code == 0, output
    assert (
        "Not published: profile consumer, output dev has no plugin publishing.plugin; these lines"
        in output
    )
    ((known, churned),) = consumer.rows(
        "select known_outcome_count, churned_count from dev_marts.churn_definitions_compared where is_primary"
    )
    assert (known, churned) == (300, 75)
    manifest = dict(
        consumer.rows(
            "select item_name, coalesce(item_value, content_hash) from dev_marts.run_manifest"
        )
    )
    assert manifest["minimum_cell_size"] == "7"
    assert manifest["customers"] == "bank.customers"
    assert len(manifest["churn_definitions"]) == 64

    # the other project's own commands hear nothing of the package, even if its input is gone
    with duckdb.connect(str(consumer.root / "consumer.duckdb")) as connection:
        connection.execute("drop table bank.customers")
    code, output = consumer.dbt("build", "--select", "report")
    assert code == 0, output
    assert consumer.rows("from dev.report") == [(75,)]
    assert "ublished" not in output and "Customers:" not in output


OWN_BANK = """
name: consumer
version: 1.0.0
profile: consumer
flags: {require_ref_searches_node_package_before_root: true}
vars:
  clientele:
    source_system: my_bank
    declarations:
      my_bank:
        customers:
          model: bank_clients
          columns: {customer_id: [client_no], joined_on: [opened], closed_on: [closed], is_churned: [status]}
          values: {is_churned: {gone: yes, here: no}}
          own_columns: {plan: {kind: text, history: lasting}}
        transactions:
          model: bank_payments
          columns: {customer_id: [client_no], occurred_at: [paid_on], amount: [paid]}
          numbered_key: transaction_id
seeds:
  clientele:
    business_rules:
      segment_rules: {+enabled: false}
      churn_cuts: {+enabled: false}
  consumer:
    segment_rules: {+column_types: {lower_bound: double, upper_bound: double, value: string}}
"""
OWN_FILES = {
    "models/bank_clients.sql": "select customer_id as client_no, joined_on as opened, closed_on as closed, "
    "case when closed_on is null then 'here' else 'gone' end as status, "
    "case when age % 3 = 0 then 'gold' else 'blue' end as plan from bank.customers",
    "models/bank_payments.sql": "select client_no, date '2025-12-01' as paid_on, 10 as paid "
    "from {{ ref('bank_clients') }}",
    "seeds/segment_rules.csv": "source_system,segment_scheme,segment_code,column_name,lower_bound,upper_bound,value\n"
    "my_bank,rule,gold_plan,plan,,,gold\n",
    "seeds/churn_cuts.csv": "source_system,dimension_1,dimension_2,dimension_3\nmy_bank,plan,,\n",
}  # fmt: skip


def test_another_project_brings_its_own_models_columns_and_rules(tmp_path):
    consumer = Consumer(tmp_path, PROFILE.replace("SCHEMA", "dev"), OWN_BANK)
    for name, text in OWN_FILES.items():
        (consumer.root / name).parent.mkdir(exist_ok=True)
        (consumer.root / name).write_text(text, "utf-8")
    code, output = consumer.dbt("deps")
    assert code == 0, output
    # its models are built in the same run, before what reads them
    code, output = consumer.dbt(
        "build", "--select", "+churn_rates", "+run_manifest", "+int_segment_rules_listed",
        "--exclude", "resource_type:unit_test", "--indirect-selection", "cautious",
    )  # fmt: skip
    assert code == 0, output
    assert "WARNING" not in output
    assert "in copies of the seeds in your project" in output
    assert consumer.rows(
        "select cut_name, cut_value, customers_count from dev_marts.churn_rates order by all"
    ) == [("plan", "blue", 175), ("plan", "gold", 87), ("portfolio", "all", 262)]
    # yes and no are flags in YAML
    assert consumer.rows(
        "select is_churned, count(*) from dev_intermediate.int_customers_conformed group by all order by all"
    ) == [(False, 225), (True, 75)]
    assert consumer.rows(
        "select segment_code, column_name, value from dev_intermediate.int_segment_rules_listed "
        "where segment_scheme = 'rule'"
    ) == [("gold_plan", "plan", "gold")]
    manifest = dict(
        consumer.rows(
            "select item_name, coalesce(item_value, content_hash) from dev_marts.run_manifest"
        )
    )
    assert manifest["customers"] == "dev.bank_clients"
    for seed in ("segment_rules", "churn_cuts"):
        content = (consumer.root / "seeds" / f"{seed}.csv").read_bytes()
        assert manifest[seed] == hashlib.sha256(content).hexdigest()

    # a column that the model has no longer is named before anything else is built
    (consumer.root / "models/bank_clients.sql").write_text("select 1 as client_no", "utf-8")
    code, output = consumer.dbt("run", "--select", "bank_clients", "stg_declared__customers")
    assert code == 1
    assert (
        "File dev.bank_clients has no column 'opened': expected it for customers.joined_on"
        in output
    )
    assert "Traceback" not in output


@pytest.mark.soak
def test_another_project_builds_everything_and_publishes_its_own(tmp_path):
    project = PROJECT.split("vars:")[0]
    consumer = Consumer(tmp_path, PROFILE.replace("SCHEMA", "main") + PLUGIN, project)
    code, output = consumer.dbt("deps")
    assert code == 0, output
    code, output = consumer.dbt("build", "--exclude", "resource_type:unit_test")
    assert code == 0, output
    with duckdb.connect(
        str(consumer.root / "published" / "clientele.duckdb"), read_only=True
    ) as connection:
        ((rate,),) = connection.sql(
            "select churn_rate from marts.churn_rates where cut_name = 'portfolio'"
        ).fetchall()
    assert 0 < rate < 1
    assert consumer.rows("select count(*) from marts.run_manifest")
