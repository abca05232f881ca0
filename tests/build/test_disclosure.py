"""No small cell's outcome can be worked out from what is published, all marts read together."""

import json
import re

import duckdb
import pytest
from conftest import NO_UNIT_TESTS, ROOT
from disclosure_attack import Reader
from scipy import stats

CUSTOMERS = 600


@pytest.fixture(scope="module")
def few_customers(run_dbt, tmp_path_factory):
    """The first customers of the demo bank, with all that belongs to them."""
    folder = tmp_path_factory.mktemp("few")
    kept = None
    for file in sorted((ROOT / "data" / "demo").glob("*.csv"), key=lambda f: f.stem != "customers"):
        head, *lines = file.read_text("utf-8").splitlines()
        place = head.split(",").index("customer_id")
        if kept is None:
            lines = lines[:CUSTOMERS]
            kept = {line.split(",")[place] for line in lines}
        lines = [line for line in lines if (line.split(",") + [""] * place)[place] in kept]
        (folder / file.name).write_text("\n".join([head, *lines, ""]), "utf-8")
    build = run_dbt(raw=folder, env=NO_UNIT_TESTS)
    assert build.is_success, build.messages
    return build


def test_no_small_cell_of_the_demo_can_be_worked_out(demo):
    reader = Reader(demo.published)
    assert len(reader.small()) > 50
    assert reader.worked_out() == {}
    # the attack works: where small cells alone are withheld, many follow
    assert len(Reader(demo.path).worked_out()) > 20


def test_no_small_cell_of_a_few_customers_can_be_worked_out(few_customers):
    reader = Reader(few_customers.published)
    assert len(reader.small()) > 100
    assert reader.worked_out() == {}
    told = sum(reader.sizes[cell] is not None for cell in reader.known)
    assert told > len(reader.sizes) / 3


@pytest.mark.parametrize("build", ["demo", "few_customers"])
def test_statistics_of_a_cut_say_no_more_than_its_published_cells(build, request):
    build = request.getfixturevalue(build)
    size, _ = Reader(build.published).portfolio
    with duckdb.connect(str(build.published), read_only=True) as connection:
        rows = connection.sql(
            "select cut_name, customers_count, churned_count, p_value, q_value from marts.churn_rates"
        ).fetchall()
        tests = dict(
            connection.sql(
                "select cut_name, {'chi_square': chi_square, 'windows': window_count} from marts.churn_cut_tests"
            ).fetchall()
        )
    protected = 0
    for cut in {row[0] for row in rows} & set(tests):
        told = [row[1:] for row in rows if row[0] == cut and row[2] is not None]
        table = [(k, n - k) for n, k, *_ in told]
        if sum(n for n, *_ in told) < size:
            assert tests[cut]["chi_square"] is None, cut
            protected += 1
        elif tests[cut]["windows"] == 1:
            expected = stats.chi2_contingency(table, correction=False).statistic
            assert tests[cut]["chi_square"] == pytest.approx(expected, rel=1e-9), cut
        tested = [(p, q) for *_, p, q in told if p is not None]
        if tested:
            p_values, q_values = zip(*tested, strict=True)
            assert stats.false_discovery_control(p_values) == pytest.approx(q_values, rel=1e-9), cut
    assert protected > 10


# marts that tell of churn in cells which are not listed: their cells stand in no sum, or are large
ALONE = {
    "churn_model_metrics",  # all customers of a sample
    "churn_rates_by_month",  # everybody at risk in a month
    "retention_by_cohort",  # left out where few are at risk
}
OUTCOMES = re.compile(r"(.*_)?churn(ed)?_(count|rate|customers)(_.*)?|retention_rate.*")


def test_every_mart_that_tells_of_churn_says_of_which_cells(demo):
    nodes = json.loads((demo.target / "manifest.json").read_text("utf-8"))["nodes"].values()
    seen = set()
    for mart in nodes:
        if mart["resource_type"] != "model" or mart["fqn"][1] != "marts":
            continue
        meta, columns = mart["config"]["meta"], set(mart["columns"])
        tells = {column for column in columns if OUTCOMES.fullmatch(column)}
        if not tells or "customer_id" in columns or not meta.get("is_published", True):
            continue
        if mart["name"] in ALONE:
            seen.add(mart["name"])
            continue
        cells = meta.get("cells", {})
        outcomes = cells.get("outcomes", [])
        assert outcomes, (
            f"{mart['name']} says in no config.meta.cells.outcomes whose {tells} it tells"
        )
        judged = set()
        for outcome in outcomes:
            assert outcome["withheld_in"] in {f"int_{kind}_withheld" for kind in (
                "churn_cells", "segment_cells", "hypotheses",
            )}  # fmt: skip
            assert set(outcome.get("tells", [])) <= columns, mart["name"]
            judged |= set(outcome.get("tells", columns))
        for base in cells.get("bases", {}).values():
            judged |= set(base)
        assert tells <= judged, (mart["name"], tells - judged)
    assert seen == ALONE
