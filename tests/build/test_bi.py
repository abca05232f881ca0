"""Content for BI tools says what the marts say. `make test-bi` also runs Superset and dbt 1.12 on it."""

import base64
import datetime
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zipfile
from decimal import Decimal

import duckdb
import pytest
import yaml
from browser import Page, find_browser
from conftest import ROOT
from publishing.bi import CHARTS, FILTERS, BIError, Chart, Content, exchange, label, packed

DAY = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
TITLES = {chart.title: chart for charts in CHARTS.values() for chart in charts}


def files(archive: bytes) -> dict[str, dict]:
    with zipfile.ZipFile(io.BytesIO(archive)) as reader:
        return {name: yaml.safe_load(reader.read(name)) for name in reader.namelist()}


@pytest.fixture(scope="module")
def semantic(demo):
    return json.loads((demo.target / "semantic_manifest.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def archive(demo, semantic):
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        return packed(Content(connection, semantic, str(demo.published)).files(DAY))


# --- what is written


def test_the_demo_has_every_chart_with_described_columns_of_the_contract(demo, archive):
    written = files(archive)
    charts = [content for path, content in written.items() if "/charts/" in path]
    assert {chart["slice_name"] for chart in charts} == set(TITLES) and len(charts) >= 14
    nodes = json.loads((demo.target / "manifest.json").read_text("utf-8"))["nodes"].values()
    contracts = {node["name"]: node for node in nodes if node["resource_type"] == "model"}
    datasets = [content for path, content in written.items() if "/datasets/" in path]
    assert {dataset["table_name"] for dataset in datasets} == {c.mart for c in TITLES.values()}
    for dataset in datasets:
        contract = contracts[dataset["table_name"]]
        assert dataset["description"].split() == contract["description"].split()
        assert {c["column_name"]: c["description"].split() for c in dataset["columns"]} == {
            name: column["description"].split() for name, column in contract["columns"].items()
        }


def test_the_exposure_names_the_marts_of_the_charts(demo):
    manifest = json.loads((demo.target / "manifest.json").read_text("utf-8"))
    (exposure,) = [e for e in manifest["exposures"].values() if e["name"] == "superset"]
    read = {name.rsplit(".", 1)[-1] for name in exposure["depends_on"]["nodes"]}
    assert read == {chart.mart for chart in TITLES.values()} | {"run_manifest"}


def test_rates_are_neither_added_up_nor_averaged(archive):
    for path, content in files(archive).items():
        if "/datasets/" in path:
            for metric in content["metrics"]:
                assert content["table_name"] == "churn_rates_by_month", metric
        for metric in content.get("params", {}).get("metrics", []):
            assert metric["aggregate"] == "MAX"


def test_filters_reach_all_charts_that_have_the_column_and_no_others(archive):
    written = files(archive)
    ((_, dashboard),) = [item for item in written.items() if "/dashboards/" in item[0]]
    datasets = {d["uuid"]: d for path, d in written.items() if "/datasets/" in path}
    charts = {c["uuid"]: c for path, c in written.items() if "/charts/" in path}
    places = [
        p["meta"]
        for p in dashboard["position"].values()
        if isinstance(p, dict) and p["type"] == "CHART"
    ]
    assert {place["uuid"] for place in places} == set(charts)
    filters = dashboard["metadata"]["native_filter_configuration"]
    assert [f["targets"][0]["column"]["name"] for f in filters] == list(FILTERS)
    for shown in filters:
        name = shown["targets"][0]["column"]["name"]
        with_it = set()
        for place in places:
            dataset = datasets[charts[place["uuid"]]["dataset_uuid"]]
            # rows of the whole portfolio have no city
            is_whole = TITLES[place["sliceName"]].where.get("cut_name") == "portfolio"
            if not is_whole and name in [column["column_name"] for column in dataset["columns"]]:
                with_it.add(place["chartId"])
        assert with_it and with_it.isdisjoint(shown["scope"]["excluded"])
        assert with_it | set(shown["scope"]["excluded"]) == {place["chartId"] for place in places}


def test_equal_marts_make_equal_bytes(demo, semantic, archive):
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        assert packed(Content(connection, semantic, str(demo.published)).files(DAY)) == archive


def test_charts_without_rows_are_left_out(churn_modelling, semantic):
    with duckdb.connect(str(churn_modelling.published), read_only=True) as connection:
        content = Content(connection, semantic, "some.duckdb")
        position = content.dashboard()["position"]
    missing = set(TITLES) - {chart.title for chart in content.charts}
    assert "Monthly churn rate" in missing and "Churn rate by gender and city" not in missing
    places = {
        place["meta"]["sliceName"]
        for place in position.values()
        if isinstance(place, dict) and place["type"] == "CHART"
    }
    assert places == set(TITLES) - missing


def test_a_chart_that_could_not_show_single_rows_stops(demo, semantic, monkeypatch):
    for wrong, message in (
        (Chart("x", "churn_rates", ["churn_rate"], "city"), "several values"),
        (Chart("x", "churn_rates", ["share"], "city"), "no column share"),
    ):
        monkeypatch.setattr("publishing.bi.CHARTS", {"section": [wrong]})
        with (
            duckdb.connect(str(demo.published), read_only=True) as connection,
            pytest.raises(BIError, match=message),
        ):
            Content(connection, semantic, "some.duckdb")


def test_make_bi_writes_both_files_beside_the_published_one(demo, tmp_path):
    arguments = ["--published", demo.published, "--target", demo.target, "--out", tmp_path / "bi"]
    command = [sys.executable, "-m", "publishing.bi", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert f"with {len(TITLES)} charts" in result.stdout
    assert sorted(path.name for path in (tmp_path / "bi").rglob("*.*")) == [
        "clientele.json",
        "superset.zip",
    ]
    command[command.index("--published") + 1] = str(tmp_path / "no.duckdb")
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 1 and "publish a build first" in result.stderr


def test_the_site_has_examples_and_queries_that_run(demo, tmp_path):
    """Pages of marts: their queries are asked of the files that they are published in."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    manifest = json.loads((demo.target / "manifest.json").read_text("utf-8"))
    published = generate.Published(str(demo.published))
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        connection.execute(f"attach '{demo.path}' as work (read_only)")
        for marts in generate.marts_in(manifest).values():
            for mart in marts:
                queries = generate.queries_of(mart, manifest)
                assert 1 <= len(queries) <= 3
                for _, text in queries:
                    if text.startswith("select"):
                        source = "marts." if mart["name"] in published.marts else "work.marts."
                        connection.execute(text.replace("marts.", source, 1)).fetchall()
                text = generate.mart_page(mart, manifest, published, {})
                is_shown = "## Example rows\n\n| " in text
                assert is_shown == (mart["name"] in published.marts), mart["name"]
                assert (
                    "customer_id |" not in text.split("## Queries")[0].split("## Example")[-1]
                    or not is_shown
                )


# --- the exchange format


def test_the_exchanged_metrics_count_what_the_semantic_layer_counts(demo, semantic):
    """dbt reads the document through the converter of MetricFlow, which is installed; each metric is then one aggregate
    of one table, or a ratio of two."""
    from metricflow.converters.models import OSIDocument
    from metricflow.converters.osi_to_msi import OSIToMSIConverter

    document = exchange(semantic)
    read = OSIToMSIConverter().convert(OSIDocument.parse_raw(json.dumps(document)))
    assert not read.issues
    models = {model.name: model for model in read.output.semantic_models}
    assert {
        name: {(e.name, e.type.value, e.expr) for e in model.entities}
        for name, model in models.items()
    } == {
        m["name"]: {(e["name"], e["type"], e["expr"]) for e in m["entities"]}
        for m in semantic["semantic_models"]
    }
    values = {}
    for metric in read.output.metrics:
        if metric.type.value == "simple":
            given = metric.type_params.metric_aggregation_params
            aggregate = {
                "count": "count(%s)",
                "sum": "sum(%s)",
                "count_distinct": "count(distinct %s)",
            }[given.agg.value]
            place = models[given.semantic_model].node_relation
            (values[metric.name],) = demo.row(
                f"select {aggregate % metric.type_params.expr}::double from {place.schema_name}.{place.alias}"
            )
    for metric in read.output.metrics:
        if metric.type.value == "ratio":
            parts = metric.type_params.numerator.name, metric.type_params.denominator.name
            values[metric.name] = values[parts[0]] / values[parts[1]]
    expected = demo.row(
        "with portfolio as (select * from marts.churn_rates where cut_name = 'portfolio'), "
        "scores as (select count(*) as n, sum(churn_probability) as p from marts.churn_scores where is_current), "
        "months as (select sum(start_count) as n, sum(churned_count) as k from marts.churn_rates_by_month), "
        "clv as (select count(*) as n, sum(clv_amount)::double as v from marts.clv_customers), "
        "money as (select count(*) as customers, count(balance) as n, sum(balance)::double as b, "
        "(sum(balance) filter (where is_current))::double as held, "
        "(sum((balance * churn_probability)::decimal(18, 2)) filter (where is_current))::double as at_risk "
        "from intermediate.int_customers_profiled "
        "inner join (select customer_id, is_current from intermediate.int_customers_churned) using (customer_id) "
        "left join (select customer_id, churn_probability from marts.churn_scores) using (customer_id)) "
        "select clv.n, clv.v, clv.v / clv.n, (select count(*) from marts.clv_upgrade_candidates), money.customers, "
        "portfolio.customers_count, portfolio.churned_count, portfolio.churn_rate, money.n, money.b, "
        "money.b / money.n, money.held, money.at_risk, scores.n, scores.p, scores.p / scores.n, months.n, months.k, "
        "months.k / months.n, "
        "(select count(distinct customer_id) from marts.rfm_customers), "
        "(select count(*) from marts.customer_clusters), "
        "(select count(*) from marts.strategy_customers where strategy_code is not null) "
        "from portfolio, scores, months, clv, money"
    )
    names = [
        "clv_customers",
        "total_clv",
        "average_clv",
        "upgrade_candidates",
        "customers",
        "known_outcome_customers",
        "churned_customers",
        "churn_rate",
        "customers_with_balance",
        "total_balance",
        "average_balance",
        "value_held",
        "value_at_risk",
        "scored_customers",
        "expected_churned_customers",
        "average_churn_probability",
        "customer_months",
        "monthly_churned_customers",
        "monthly_churn_rate",
        "rfm_customers",
        "cluster_customers",
        "strategy_customers",
    ]
    assert set(names) == {metric["name"] for metric in semantic["metrics"]}
    for name, value in zip(names, expected, strict=True):
        assert values[name] == pytest.approx(value, rel=1e-9), name


def test_a_filter_that_the_exchange_format_cannot_say_stops(semantic):
    other = json.loads(json.dumps(semantic))
    (metric,) = [metric for metric in other["metrics"] if metric["name"] == "strategy_customers"]
    metric["filter"]["where_filters"][0]["where_sql_template"] = (
        "{{ Dimension('customer__city') }} = 'x'"
    )
    with pytest.raises(BIError, match="strategy_customers"):
        exchange(other)


# --- run by the tools themselves

TOOLS = ROOT / "target" / "bi"
# flask-caching, rich and cachetools: what 6.1 needs and does not ask for
SUPERSET = [
    "apache-superset==6.1.0",
    "duckdb-engine==0.17.0",
    "flask-caching<2.4",
    "rich",
    "cachetools",
]
DBT = "1.12.6"


def environment_of(name: str, install) -> str:
    """The folder of programs of a virtual environment that is kept between runs."""
    folder = TOOLS / name
    if not (folder / ".installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install([folder / "bin" / "pip", "install", "--quiet"])
        (folder / ".installed").touch()
    return str(folder / "bin")


class Recorder(Page):
    """A tab that keeps the answers to the dashboard's queries."""

    def __init__(self, *arguments):
        self.queries: dict[str, int] = {}  # request -> chart
        self.finished: list[str] = []
        super().__init__(*arguments)

    def _note(self, method, parameters) -> None:
        super()._note(method, parameters)
        if method == "Network.requestWillBeSent":
            url = urllib.parse.urlparse(parameters["request"]["url"])
            form = urllib.parse.parse_qs(url.query).get("form_data")
            if url.path == "/api/v1/chart/data" and form and "slice_id" in form[0]:
                self.queries[parameters["requestId"]] = json.loads(form[0])["slice_id"]
        elif method == "Network.loadingFinished":
            self.finished.append(parameters["requestId"])

    def answers(self, url: str, count: int, seconds: float = 180) -> dict[int, list[dict]]:
        """Chart -> its rows, once the page has asked for those of `count` charts."""
        self.queries.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=1400,
            height=12000,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.navigate", url=url)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.evaluate("new Promise(done => setTimeout(done, 1000))")
            if sum(request in self.finished for request in self.queries) >= count:
                break
        found = {}
        for request, chart in self.queries.items():
            body = json.loads(self.call("Network.getResponseBody", requestId=request)["body"])
            found[chart] = body["result"][0]["data"]
        return found


@pytest.fixture(scope="module")
def superset(demo, semantic, tmp_path_factory):
    """The address of a Superset of this test's own that has imported the demo's dashboard, and chart -> its title."""
    programs = environment_of("superset", lambda pip: subprocess.run([*pip, *SUPERSET], check=True))
    folder = tmp_path_factory.mktemp("superset")
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        content = Content(connection, semantic, str(demo.published)).files(DAY)
    (folder / "superset.zip").write_bytes(packed(content))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # whoever opens it is an administrator: it listens on this machine only, and ends with the test
    (folder / "superset_config.py").write_text(
        f"SECRET_KEY = {secrets.token_hex(32)!r}\n"
        f"SQLALCHEMY_DATABASE_URI = 'sqlite:///{folder}/superset.db?check_same_thread=false'\n"
        "WTF_CSRF_ENABLED = TALISMAN_ENABLED = PREVENT_UNSAFE_DB_CONNECTIONS = RATELIMIT_ENABLED = False\n"
        "AUTH_ROLE_PUBLIC = 'Admin'\n"
        # all charts are drawn, also those below the edge of the window
        "FEATURE_FLAGS = {'DASHBOARD_VIRTUALIZATION': False}\n"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
        "SUPERSET_HOME": str(folder),
        "FLASK_APP": "superset.app:create_app",
        "SCARF_ANALYTICS": "false",
    }

    def run(*arguments):
        result = subprocess.run(
            [f"{programs}/superset", *arguments],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]

    run("db", "upgrade")
    person = [
        "--username",
        "tester",
        "--firstname",
        "t",
        "--lastname",
        "t",
        "--email",
        "t@localhost",
        "--password",
    ]
    run("fab", "create-admin", *person, secrets.token_hex(16))
    run("init")
    run("import-dashboards", "--path", str(folder / "superset.zip"), "--username", "tester")
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [f"{programs}/flask", "run", "--host", "127.0.0.1", "--port", str(port), "--no-reload"],
            env=environment, cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/health", timeout=5).read()
                    break
                except OSError:
                    time.sleep(1)
            listed = json.load(urllib.request.urlopen(f"{address}/api/v1/chart/?q=(page_size:100)"))
            yield address, {chart["id"]: chart["slice_name"] for chart in listed["result"]}
        finally:
            server.terminate()
            server.wait()


def comparable(value) -> str:
    """A cell as text: numbers to nine digits, days as the milliseconds that Superset answers with."""
    if isinstance(value, datetime.date):
        value = datetime.datetime.combine(value, datetime.time(), datetime.UTC).timestamp() * 1000
    is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
    return f"{float(value):.9g}" if is_number else str(value)


def has_cities(demo, chart: Chart) -> bool:
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        rows = connection.execute(
            f"select * from marts.{chart.mart} where "
            + " and ".join(
                ["true", *(f"{name} = '{value}'" for name, value in chart.where.items())]
            )
        ).df()
    return "city" in rows and rows["city"].notna().any()


def rows_shown(chart: Chart, data: list[dict]) -> list[tuple]:
    """The rows of an answer; where there are series, it has one column for each, with nulls where a row is missing."""
    if chart.series:
        return [
            (row[chart.by], series, value)
            for row in data
            for series, value in row.items()
            if series != chart.by and value is not None
        ]
    names = (
        chart.values if chart.kind == "table" else [*chart.dimensions, *map(label, chart.values)]
    )
    return [tuple(row[name] for name in names) for row in data]


def rows_by_sql(demo, chart: Chart, condition: str) -> list[tuple]:
    conditions = [f"{name} = '{value}'" for name, value in chart.where.items()] + [condition]
    names = [name for name in (chart.by, chart.series) if name]
    values = [name if chart.kind == "table" else f"max({name})" for name in chart.values]
    grouped = f" group by {', '.join(names)}" if names else ""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        return connection.execute(
            f"select * from (select {', '.join(names + values)} from marts.{chart.mart} "
            f"where {' and '.join(conditions)}{grouped}) as rows({', '.join(names + chart.values)})"
            + (f" where {chart.values[0]} is not null" if chart.series else "")
        ).fetchall()


# charts that have a drawing, a table or a number
DRAWN = (
    "[...document.querySelectorAll('.slice_container')]"
    ".filter(one => one.querySelector('canvas, table, .header-line')).length"
)


@pytest.mark.bi
@pytest.mark.skipif(not find_browser(), reason="needs Chromium")
def test_superset_shows_the_marts_in_every_chart(demo, semantic, superset, tmp_path):
    address, titles = superset
    assert set(titles.values()) == set(TITLES)
    tab = Recorder(find_browser(), tmp_path / "profile")
    chosen = "native_filters=" + urllib.parse.quote(
        "(NATIVE_FILTER-city:(extraFormData:(filters:!((col:city,op:IN,val:!(Rybinsk)))),"
        "filterState:(value:!(Rybinsk)),id:NATIVE_FILTER-city,ownState:()))"
    )
    try:
        for query, condition in (("", "true"), (chosen, "city = 'Rybinsk'")):
            answers = tab.answers(f"{address}/superset/dashboard/clientele/?{query}", len(TITLES))
            assert {titles[chart] for chart in answers} == set(TITLES)
            filtered = set()
            for number, data in answers.items():
                chart = TITLES[titles[number]]
                if has_cities(demo, chart):
                    filtered.add(chart.title)
                shown = [tuple(map(comparable, row)) for row in rows_shown(chart, data)]
                expected = rows_by_sql(
                    demo, chart, condition if chart.title in filtered else "true"
                )
                assert sorted(shown) == sorted(tuple(map(comparable, row)) for row in expected), (
                    chart.title
                )
            assert len(filtered) >= 6
            end = time.monotonic() + 120
            while tab.evaluate(DRAWN) < len(TITLES) and time.monotonic() < end and not query:
                tab.evaluate("new Promise(done => setTimeout(done, 1000))")
            # all have rows until one city is chosen
            assert query or tab.evaluate(DRAWN) == len(TITLES)
            said = tab.evaluate("document.body.innerText")
            assert "Unexpected error" not in said and "Data error" not in said
            picture = base64.b64decode(tab.call("Page.captureScreenshot")["data"])
            (TOOLS / ("filtered.png" if query else "dashboard.png")).write_bytes(picture)
        # the pixel of Superset's maker is not reached
        errors = [e for e in tab.errors if not e.startswith("requested ") and "scarf" not in e]
        assert errors == []
    finally:
        tab.close()


@pytest.mark.bi
def test_dbt_1_12_reads_the_exchanged_semantic_layer(demo, semantic, tmp_path):
    """dbt 1.12 downloads one of its dependencies, a parser in another language that is off, while it installs; the
    others are installed without it."""

    def install(pip):
        subprocess.run([*pip, "--no-deps", f"dbt-core=={DBT}"], check=True)
        (metadata,) = importlib.metadata.distributions(
            name="dbt-core",
            path=[str(next((TOOLS / "dbt" / "lib").glob("python*")) / "site-packages")],
        )
        needed = [
            r
            for r in metadata.requires or []
            if "experimental-parser" not in r and "extra ==" not in r
        ]
        subprocess.run([*pip, *needed], check=True)
        subprocess.run([*pip, "--no-deps", "dbt-duckdb==1.11.1"], check=True)
        subprocess.run([*pip, "duckdb", "dbt-adapters"], check=True)

    programs = environment_of("dbt", install)
    project = tmp_path / "project"
    kept = shutil.ignore_patterns("*__semantic_models.yml", "_saved_queries.yml", "__pycache__")
    for folder in ("models", "seeds", "macros", "python_models", "tests"):
        shutil.copytree(ROOT / folder, project / folder, ignore=kept)
    for file in ("dbt_project.yml", "profiles.yml", ".dbtignore"):
        shutil.copy(ROOT / file, project)
    (project / "osi").mkdir()
    (project / "osi" / "clientele.json").write_text(json.dumps(exchange(semantic)), "utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{project}:{project}/python_models",
        "CLIENTELE_DB": str(demo.path),  # the name of the database is part of a dataset's source
    }
    result = subprocess.run(
        [f"{programs}/dbt", "--no-version-check", "parse", "--profiles-dir", "."],
        cwd=project, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:]
    assert f"dbt={DBT}" in result.stdout
    read = json.loads((project / "target" / "semantic_manifest.json").read_text("utf-8"))
    assert {model["name"] for model in read["semantic_models"]} == {
        model["name"] for model in semantic["semantic_models"]
    }
    metrics = {metric["name"]: metric for metric in read["metrics"]}
    for metric in semantic["metrics"]:
        assert metrics[metric["name"]]["description"] == metric["description"]
        assert metrics[metric["name"]]["type"] == metric["type"]
        # a ratio is read as two metrics of its own
        for part in ("numerator", "denominator") if metric["type"] == "ratio" else ():
            assert (
                re.sub(f"_{part}$", "", metrics[f"{metric['name']}_{part}"]["name"])
                == metric["name"]
            )
