"""Content for BI tools, from the published marts and from the contracts and semantic models in dbt's manifest.

    superset.zip        datasets, charts and a dashboard, as `superset import-dashboards` reads them
    osi/clientele.json  the semantic layer in the open exchange format OSI (now Apache Ossie), as dbt 1.12 reads it

A chart shows rows of a mart as they are: rates are not averaged, and withheld cells stay empty.
"""

import argparse
import datetime
import io
import json
import os
import pathlib
import re
import uuid
import zipfile
from dataclasses import dataclass, field

import duckdb
import yaml  # type: ignore[import-untyped]

from publishing.export import Mart
from publishing.files import Publication, published_path

NAMES = uuid.UUID("5d1f1b5e-6a0c-5f0e-9a55-6a6f0e3a7c11")  # a second import finds the first
VERSION = "1.0.0"  # of Superset's files
TITLE = "Churn and value"
# column by which the dashboard is filtered -> the mart that has its values, and the filter's label
FILTERS = {
    "city": ("churn_rates_by_city", "City"),
    "segment_scheme": ("strategy_segments", "Scheme of segments"),
    "segment_name": ("strategy_segments", "Segment"),
}
# what a column's name says of its numbers, the first that fits
FORMATS = [
    (r".*_(rate|share)(_ci_lower|_ci_upper)?|.*_probability", ".1%"),
    (r".*_(amount|count|rank|days)", ",.0f"),
    (r"[pq]_value", ".3f"),
]


class BIError(ValueError):
    pass


@dataclass
class Chart:
    """`values` of a mart's rows by `by`, with bars or lines for each of `series`; a table where `by` is missing.

    `where` selects rows; `order` sorts a table.
    """

    title: str
    mart: str
    values: list[str]
    by: str | None = None
    series: str | None = None
    where: dict[str, str | bool] = field(default_factory=dict)
    kind: str = ""
    order: list[tuple[str, bool]] = field(default_factory=list)  # column, whether ascending
    is_horizontal: bool = False
    width: int = 6

    def __post_init__(self):
        self.kind = self.kind or ("echarts_timeseries_bar" if self.by else "table")

    @property
    def dimensions(self) -> list[str]:
        return [name for name in (self.by, self.series) if name]

    @property
    def is_table(self) -> bool:
        return self.kind == "table"

    @property
    def uuid(self) -> str:
        return named("chart", self.title)

    def source(self) -> str:
        conditions = [f"{name} = '{value}'" for name, value in self.where.items()]
        return f"marts.{self.mart}" + (f" where {' and '.join(conditions)}" if conditions else "")

    def sql(self) -> str:
        """Its rows as they are in the mart."""
        order = [f"{name}{'' if is_ascending else ' desc'}" for name, is_ascending in self.order]
        order = order or self.dimensions or self.values
        columns = [*self.dimensions, *self.values]
        return f"select {', '.join(columns)} from {self.source()} order by {', '.join(order)}"


RATE = [
    "customers_count",
    "churned_count",
    "churn_rate",
    "churn_rate_ci_lower",
    "churn_rate_ci_upper",
]
SHARES = ["interval_label", "customers_count", "churned_share", "retained_share"]
PORTFOLIO: dict[str, str | bool] = {"cut_name": "portfolio"}
LINES = "echarts_timeseries_line"
# section of the dashboard -> its charts
CHARTS = {
    "Who churns": [
        Chart("Churn rate", "churn_rates", ["churn_rate"], where=PORTFOLIO, kind="big_number_total"),
        Chart("Churn rate, with its interval and period", "churn_rates", [*RATE, "observed_on", "window_days"],
              where=PORTFOLIO),
        Chart("Churn by city, with intervals", "churn_rates_by_city", ["city", *RATE], order=[("city", True)]),
        Chart("Churn by product, with intervals", "churn_rates_by_product", ["product_code", *RATE],
              order=[("churn_rate", False)]),
        Chart("Churn rate by age band and city", "churn_rates", ["churn_rate"], "age_band", "city",
              {"cut_name": "city x age_band"}),
        Chart("Churn rate by number of products and city", "churn_rates", ["churn_rate"], "product_count", "city",
              {"cut_name": "city x product_count"}),
        Chart("Churn rate by gender and city", "churn_rates", ["churn_rate"], "gender", "city",
              {"cut_name": "city x gender"}),
        Chart("Churn rate by activity and city", "churn_rates", ["churn_rate"], "is_active", "city",
              {"cut_name": "city x is_active"}),
        Chart("Churn of all combinations, with intervals", "churn_rates", ["cut_name", "cut_value", *RATE, "q_value"],
              order=[("cut_count", True), ("cut_name", True), ("cut_value", True)], width=12),
    ],
    "What is related to churn": [
        Chart("Hypotheses", "churn_hypothesis_tests", ["sentence", "verdict", "q_value"],
              order=[("hypothesis_rank", True), ("hypothesis_code", True)]),
        Chart("Confirmed segments", "churn_segments", ["sentence", "lift", "q_value"], order=[("segment_rank", True)]),
        Chart("Age of churned and retained customers", "churn_distributions", SHARES, where={"feature_name": "age"},
              order=[("interval_number", True)]),
        Chart("Balance of churned and retained customers", "churn_distributions", SHARES,
              where={"feature_name": "balance"}, order=[("interval_number", True)]),
    ],
    "Churn over time": [
        Chart("Monthly churn rate", "churn_rates_by_month", ["churn_rate"], "month_starts_on", kind=LINES),
        Chart("Retention by year of joining", "retention_by_cohort", ["retention_rate"], "months_since_joining",
              "cohort_year", kind=LINES),
    ],
    "Who is likely to churn": [
        Chart("Predicted and observed churn by decile of risk", "churn_score_deciles",
              ["average_probability", "churn_rate"], "churn_decile", where={"churn_basis": "window"}),
        Chart("Drift of features", "quality_drift", ["population_stability_index"], "feature_label",
              is_horizontal=True),
    ],
    "Engagement and value": [
        Chart("Customers by RFM segment", "rfm_segments", ["customers_count"], "rfm_segment_name", "rfm_scheme",
              is_horizontal=True),
        Chart("Champions and loyal customers by city", "rfm_by_city", ["champions_and_loyal_share"], "city",
              "rfm_scheme"),
        Chart("Customers and value by tier", "clv_tiers",
              ["clv_tier", "customers_count", "total_clv_amount", "value_share", "value_share_ci_lower",
               "value_share_ci_upper"], where={"is_active": True}, order=[("tier_number", False)], width=12),
    ],
    "Segments, and what to do": [
        Chart("Churn by segment, with intervals", "strategy_segments",
              ["segment_scheme", "segment_name", "remaining_count", "known_outcome_count", *RATE[1:]],
              order=[("segment_scheme", True), ("churn_rate", False)], width=12),
        Chart("Customers of RFM segments over time", "segment_history", ["customers_count"], "observed_on",
              "segment_name", {"segment_scheme": "rfm"}, LINES),
        Chart("Customers of tiers over time", "segment_history", ["customers_count"], "observed_on", "segment_name",
              {"segment_scheme": "clv_tier"}, LINES),
        Chart("Priorities", "strategy_priorities",
              ["segment_scheme", "priority_rank", "segment_name", "strategy_name", "remaining_count",
               "value_held_amount", "reason"], order=[("segment_scheme", True), ("priority_rank", True)], width=12),
        Chart("What a strategy earns in a segment", "strategy_economics",
              ["segment_scheme", "segment_name", "strategy_name", "reached_count", "least_net_amount",
               "expected_net_amount", "most_net_amount", "decision_code"],
              order=[("expected_net_amount", False)], width=12),
        Chart("Segments in a sentence", "segment_briefs", ["segment_scheme", "segment_name", "sentence", "caution"],
              order=[("segment_scheme", True), ("customers_count", False)], width=12),
    ],
}  # fmt: skip


def named(kind: str, name: str) -> str:
    return str(uuid.uuid5(NAMES, f"{kind} {name}"))


def label(column: str) -> str:
    """A column's name as people read it."""
    text = re.sub(r"_ci_(lower|upper)$", r", \1 bound", column)
    text = re.sub(r"_(code|name|on|count|amount)$", "", text.removeprefix("is_")).replace("_", " ")
    return text[:1].upper() + text[1:]


def number_format(column: str) -> str:
    return next((text for name, text in FORMATS if re.fullmatch(name, column)), ",.3~f")


# --- the semantic layer


def metric_expressions(semantic: dict) -> dict[str, tuple[str, str]]:
    """Metric -> the semantic model that it counts, and its SQL over that model's table."""
    models = semantic["semantic_models"]
    measures = {m["name"]: (model, m) for model in models for m in model["measures"]}
    metrics = {metric["name"]: metric for metric in semantic["metrics"]}
    return {
        name: _expression(metric, metrics, measures, models) for name, metric in metrics.items()
    }


def _expression(metric, metrics, measures, models) -> tuple[str, str]:
    """Written as dbt's reader takes it apart: an aggregate of a column with its model in front, an aggregate of an
    expression in brackets, or a ratio of two of these."""
    given = metric["type_params"]
    if metric["type"] == "ratio":
        parts = []
        for key in ("numerator", "denominator"):
            parts.append(_expression(metrics[given[key]["name"]], metrics, measures, models))
        return parts[0][0], f"({parts[0][1]}) / ({parts[1][1]})"
    model, measure = measures[given["measure"]["name"]]
    column = measure["expr"] or measure["name"]
    (key,) = [entity["expr"] for entity in model["entities"] if entity["type"] == "primary"] or [""]
    if metric["filter"]:
        # customers whom another model describes are counted there
        (where,) = metric["filter"]["where_filters"]
        pattern = r"\{\{ Dimension\('(\w+?)__(\w+)'\) \}\} is not null"
        found = re.fullmatch(pattern, where["where_sql_template"])
        entity, dimension = found.groups() if found else ("", "")
        described = [
            other["name"]
            for other in models
            if entity in [e["name"] for e in other["entities"] if e["type"] == "primary"]
            and dimension in [d["name"] for d in other["dimensions"]]
        ]
        if column != "1" or len(described) != 1:
            raise BIError(f"metric {metric['name']}: the exchange format cannot say its filter")
        return described[0], f"COUNT({described[0]}.{dimension})"
    if column == "1":
        return model["name"], f"COUNT({model['name']}.{key})"
    aggregate = {"sum": "SUM({})", "count_distinct": "COUNT(DISTINCT {})"}[measure["agg"]]
    is_column = re.fullmatch(r"\w+", column)
    return model["name"], aggregate.format(
        f"{model['name']}.{column}" if is_column else computed(column)
    )


def computed(sql: str) -> str:
    """An expression of columns as the metric and the field of its model have it, by which dbt finds the model."""
    words = r"\b(case|when|then|else|end|is|not|null|and|or)\b"
    return "(" + re.sub(words, lambda word: word[0].upper(), sql) + ")"


def exchange(semantic: dict) -> dict:
    """The semantic layer as an OSI document."""

    def said(sql: str) -> dict:
        return {"dialects": [{"dialect": "ANSI_SQL", "expression": sql}]}

    expressions = metric_expressions(semantic)
    datasets, relationships = [], []
    for model in semantic["semantic_models"]:
        place = model["node_relation"]
        keys = {entity["name"]: entity for entity in model["entities"]}
        fields = [
            {"name": name, "expression": said(entity["expr"])} for name, entity in keys.items()
        ]
        for dimension in model["dimensions"]:
            fields.append(
                {
                    "name": dimension["name"],
                    "expression": said(dimension["expr"] or dimension["name"]),
                    "dimension": {"is_time": dimension["type"] == "time"},
                    "description": dimension["description"],
                }
            )
        # what a metric aggregates, where it is not a column
        for measure in model["measures"]:
            if not re.fullmatch(r"\w+", measure["expr"] or measure["name"]):
                fields.append(
                    {"name": measure["name"], "expression": said(computed(measure["expr"]))}
                )
        datasets.append(
            {
                "name": model["name"],
                "source": f"{place['database']}.{place['schema_name']}.{place['alias']}",
                "primary_key": [name for name, e in keys.items() if e["type"] == "primary"] or None,
                "description": model["description"],
                "fields": fields,
            }
        )
        for name, entity in keys.items():
            if entity["type"] == "foreign":
                for other in semantic["semantic_models"]:
                    if any(e["name"] == name and e["type"] == "primary" for e in other["entities"]):
                        relationships.append(
                            {
                                "name": f"{model['name']}_to_{other['name']}",
                                "from": model["name"],
                                "to": other["name"],
                                "from_columns": [name],
                                "to_columns": [name],
                            }
                        )
    metrics = [
        {
            "name": metric["name"],
            "expression": said(expressions[metric["name"]][1]),
            "description": metric["description"],
        }
        for metric in semantic["metrics"]
    ]
    return {
        "version": "0.1.1",
        "dialects": ["ANSI_SQL"],
        "semantic_model": [
            {
                "name": "clientele",
                "datasets": [without_nulls(dataset) for dataset in datasets],
                "relationships": relationships,
                "metrics": metrics,
            }
        ],
    }


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


# --- Superset


class Content:
    """The files of an import: the charts that have rows, their marts as datasets, and the dashboard."""

    def __init__(self, connection, semantic: dict, published: str):
        self.connection = connection
        self.published = published
        self.metrics = metric_expressions(semantic)
        currency = connection.execute(
            "select item_value from marts.run_manifest where item_name = 'currency'"
        ).fetchone()
        self.currency = f" ({currency[0]})" if currency and currency[0] else ""
        self.described = {metric["name"]: metric for metric in semantic["metrics"]}
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        self.marts = {name: Mart(connection, name) for (name,) in names}
        self.sections = {
            section: [chart for chart in charts if self.is_shown(chart)]
            for section, charts in CHARTS.items()
        }
        self.charts = [chart for charts in self.sections.values() for chart in charts]

    def columns(self, mart: str) -> dict[str, str]:
        return dict(self.marts[mart].columns)

    def is_shown(self, chart: Chart) -> bool:
        """Whether the build has rows for it; raises a BIError if a bar or point would show several values."""
        if chart.mart not in self.marts:
            return False
        columns = self.columns(chart.mart)
        orders = [name for name, _ in chart.order]
        for name in [*chart.dimensions, *chart.values, *chart.where, *orders]:
            if name not in columns:
                raise BIError(f"chart {chart.title}: {chart.mart} has no column {name}")
        values = [f"count(distinct {name})" for name in chart.values]
        (rows, most) = self.connection.execute(
            f"select sum(row_count), max(value_count) from (select count(*) as row_count, "
            f"greatest({', '.join(values)}) as value_count from {chart.source()}"
            + (f" group by {', '.join(chart.dimensions)})" if chart.by else ")")
        ).fetchone()
        if not chart.is_table and (most or 0) > 1:
            raise BIError(
                f"chart {chart.title}: {chart.mart} has several values for a bar or point"
            )
        return bool(rows)

    def has_values(self, chart: Chart, column: str) -> bool:
        """Whether its rows differ by the column: those of the whole portfolio have no city."""
        if column not in self.columns(chart.mart):
            return False
        ((count,),) = self.connection.execute(
            f"select count({column}) from {chart.source()}"
        ).fetchall()
        return count > 0

    # --- files

    def database(self) -> dict:
        return {
            "database_name": "clientele",
            "sqlalchemy_uri": f"duckdb:///{self.published}",
            "expose_in_sqllab": True,
            "allow_dml": False,
            "extra": {"engine_params": {"connect_args": {"read_only": True}}},
            "uuid": named("database", "clientele"),
            "version": VERSION,
        }

    def dataset(self, name: str) -> dict:
        mart = self.marts[name]
        return {
            "table_name": name,
            "schema": "marts",
            "description": mart.description,
            "uuid": named("dataset", name),
            "database_uuid": named("database", "clientele"),
            "version": VERSION,
            "columns": [
                {
                    "column_name": column,
                    "verbose_name": label(column)
                    + (self.currency if column.endswith("_amount") else ""),
                    "type": kind,
                    "is_dttm": kind == "DATE" or kind.startswith("TIMESTAMP"),
                    "description": mart.notes[column],
                    "groupby": True,
                    "filterable": True,
                }
                for column, kind in mart.columns
            ],
            "metrics": [
                {
                    "metric_name": metric,
                    "verbose_name": self.described[metric]["label"],
                    "description": self.described[metric]["description"],
                    "expression": sql,
                    "d3format": number_format(metric),
                }
                for metric, (model, sql) in self.metrics.items()
                if model == name
            ],
        }

    def chart(self, chart: Chart) -> dict:
        # a bar or point has one value, which is its own maximum
        metrics = [
            {
                "expressionType": "SIMPLE",
                "aggregate": "MAX",
                "column": {"column_name": name},
                "label": label(name),
                "hasCustomLabel": True,
                "optionName": f"metric_{name}",
            }
            for name in chart.values
        ]
        form = {
            "viz_type": chart.kind,
            "row_limit": 10000,
            "adhoc_filters": [
                {
                    "expressionType": "SIMPLE",
                    "clause": "WHERE",
                    "subject": name,
                    "operator": "==",
                    "comparator": value,
                }
                for name, value in chart.where.items()
            ],
        }
        if chart.is_table:
            form |= {
                "query_mode": "raw",
                "all_columns": chart.values,
                "order_by_cols": [json.dumps(place) for place in chart.order],
                "server_page_length": 10,
                "page_length": 10,
                "column_config": {
                    name: {"d3NumberFormat": number_format(name)}
                    for name in chart.values
                    if self.columns(chart.mart)[name] != "VARCHAR"
                },
            }
        elif chart.by:
            is_time = self.columns(chart.mart)[chart.by] == "DATE"
            form |= {
                "x_axis": chart.by,
                "metrics": metrics,
                "groupby": [chart.series] if chart.series else [],
                "y_axis_format": number_format(chart.values[0]),
                "xAxisForceCategorical": not is_time,
                "orientation": "horizontal" if chart.is_horizontal else "vertical",
                "x_axis_sort": chart.by,
                "x_axis_sort_asc": not chart.is_horizontal,  # from the top
                "time_grain_sqla": None,
                "show_legend": bool(chart.series) or len(metrics) > 1,
                "rich_tooltip": True,
                "truncateYAxis": False,
            }
        else:
            form |= {"metric": metrics[0], "y_axis_format": number_format(chart.values[0])}
        return {
            "slice_name": chart.title,
            "description": self.marts[chart.mart].description,
            "viz_type": chart.kind,
            "params": form,
            "uuid": chart.uuid,
            "dataset_uuid": named("dataset", chart.mart),
            "version": VERSION,
        }

    def dashboard(self) -> dict:
        numbers = {chart.title: number for number, chart in enumerate(self.charts, 1)}
        position: dict = {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
            "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": TITLE}},
        }
        grid: list[str] = []
        above = ["ROOT_ID", "GRID_ID"]

        def add(kind: str, name: str, parents: list[str], meta: dict) -> str:
            position[name] = {
                "type": kind,
                "id": name,
                "children": [],
                "parents": parents,
                "meta": meta,
            }
            return name

        for section, charts in self.sections.items():
            if not charts:
                continue
            place = f"HEADER-{named('section', section)}"
            grid.append(
                add("HEADER", place, above, {"text": section, "headerSize": "LARGE_HEADER"})
            )
            used = 12
            for chart in charts:
                if used + chart.width > 12:
                    row = f"ROW-{chart.uuid}"
                    grid.append(add("ROW", row, above, {"background": "BACKGROUND_TRANSPARENT"}))
                    used = 0
                used += chart.width
                meta = {
                    "chartId": numbers[chart.title],
                    "sliceName": chart.title,
                    "uuid": chart.uuid,
                    "width": chart.width,
                    "height": 22
                    if chart.kind == "big_number_total"
                    else 80
                    if chart.is_horizontal
                    else 50,
                }
                position[row]["children"].append(
                    add("CHART", f"CHART-{chart.uuid}", [*above, row], meta)
                )
        position["GRID_ID"] = {
            "type": "GRID",
            "id": "GRID_ID",
            "children": grid,
            "parents": ["ROOT_ID"],
        }
        filters = []
        for column, (mart, shown) in FILTERS.items():
            within = [c for c in self.charts if self.has_values(c, column)]
            if not within or mart not in {chart.mart for chart in self.charts}:
                continue
            filters.append(
                {
                    "id": f"NATIVE_FILTER-{column}",
                    "type": "NATIVE_FILTER",
                    "filterType": "filter_select",
                    "name": shown,
                    "targets": [
                        {"datasetUuid": named("dataset", mart), "column": {"name": column}}
                    ],
                    "controlValues": {"multiSelect": True, "enableEmptyFilter": False},
                    "defaultDataMask": {"extraFormData": {}, "filterState": {}},
                    "cascadeParentIds": [],
                    "scope": {
                        "rootPath": ["ROOT_ID"],
                        "excluded": [numbers[c.title] for c in self.charts if c not in within],
                    },
                }
            )
        return {
            "dashboard_title": TITLE,
            "description": "The published marts of clientele, with filters by city and segment.",
            "slug": "clientele",
            "uuid": named("dashboard", TITLE),
            "published": True,
            "position": position,
            "metadata": {
                "native_filter_configuration": filters,
                "cross_filters_enabled": False,
                "color_scheme": "supersetColors",
            },
            "version": VERSION,
        }

    def files(self, day: datetime.datetime) -> dict[str, dict]:
        """Path in the import -> its content."""
        found = {
            "metadata.yaml": {
                "version": VERSION,
                "type": "Dashboard",
                "timestamp": day.isoformat(),
            },
            "databases/clientele.yaml": self.database(),
            "dashboards/clientele.yaml": self.dashboard(),
        }
        for mart in sorted({chart.mart for chart in self.charts}):
            found[f"datasets/clientele/{mart}.yaml"] = self.dataset(mart)
        for chart in self.charts:
            name = re.sub(r"\W+", "_", chart.title.lower())
            found[f"charts/{name}.yaml"] = self.chart(chart)
        return found


def packed(files: dict[str, dict]) -> bytes:
    """As a zip file, the same bytes for the same content."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        for path, content in files.items():
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
            place = zipfile.ZipInfo(f"clientele/{path}", (2000, 1, 1, 0, 0, 0))
            writer.writestr(place, text, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def replace(path: pathlib.Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write content for BI tools.")
    parser.add_argument("--published", default=published_path())
    parser.add_argument("--target", default=os.environ.get("DBT_TARGET_PATH", "target"))
    parser.add_argument("--out", help="default: the folder bi beside the published file")
    parser.add_argument("--database", help="the published file as Superset sees it, if elsewhere")
    arguments = parser.parse_args()
    publication = Publication(arguments.published)
    if not publication.path.is_file():
        raise SystemExit(
            f"{arguments.published} does not exist: publish a build first (make build)."
        )
    manifest = pathlib.Path(arguments.target) / "semantic_manifest.json"
    if not manifest.is_file():
        raise SystemExit(f"{manifest} does not exist: run dbt build or dbt parse first.")
    semantic = json.loads(manifest.read_text("utf-8"))
    published_at = publication.path.resolve().stat().st_mtime
    folder = pathlib.Path(arguments.out or publication.folder / "bi")
    try:
        with duckdb.connect(str(publication.path), read_only=True) as connection:
            content = Content(connection, semantic, arguments.database or str(publication.path))
            files = content.files(datetime.datetime.fromtimestamp(published_at, datetime.UTC))
        replace(folder / "superset.zip", packed(files))
        document = json.dumps(exchange(semantic), ensure_ascii=False, indent=2) + "\n"
        replace(folder / "osi" / "clientele.json", document.encode())
    except (OSError, duckdb.Error, BIError) as error:
        raise SystemExit(f"{str(error).splitlines()[0]}: nothing was written.") from None
    print(
        f"A dashboard for Superset with {len(content.charts)} charts is {folder / 'superset.zip'}."
    )
    print(
        f"The semantic layer in the exchange format of OSI is {folder / 'osi' / 'clientele.json'}."
    )


if __name__ == "__main__":
    main()
