"""Names are contracts: what the manifest and the demo's marts promise by their names, layers and descriptions."""

import json
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]

# An area's marts begin with one of its words; a mart reads marts of its own or an earlier area.
AREAS = {
    "engagement": ("rfm_", "customer", "cluster"),
    "churn": ("churn_", "retention_"),
    "clv": ("clv_",),
    "segments": ("segment_",),
    "strategy": ("strategy_", "budget_", "campaign_", "segment_", "customer_"),
    "quality": ("quality_", "run_"),
}

# What a layer may read.
READS = {
    "seeds": set(),
    "staging": {"seeds"},
    "intermediate": {"seeds", "staging", "intermediate", "python"},
    "python": {"seeds", "staging", "intermediate", "python"},
    "marts": {"seeds", "intermediate", "python", "marts"},
}

# The rooms of the house, from top to bottom; quality watches over all of them.
ROOMS = ("staging", "inputs", "engagement", "churn", "clv", "segments", "strategy")

# The first rule that fits a column name fixes its type.
NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", r"DECIMAL\(\d+,\d+\)")
TYPES = (
    (r"(average|median)_.+", ("DOUBLE",)),
    (r"(is|has|uses)_.+", ("BOOLEAN",)),
    (r".+_ci_(lower|upper)", ("DOUBLE",)),
    (r"(.+_)?(p|q)_value", ("DOUBLE",)),
    (r".+_(id|code|name|band|tier|segment)", ("VARCHAR",)),
    (r".+_count", ("BIGINT",)),
    (r".+_(rate|share)", ("DOUBLE",)),
    (r".+_amount", (r"DECIMAL\(18,2\)",)),
    (r".+_(days|months|years)", NUMBERS),
    (r".+_score", NUMBERS),
    (r".+_(on|date)", ("DATE",)),
    (r".+_at", ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")),
)


class Project:
    """The manifest of a build and the columns of its database."""

    def __init__(self, build):
        self.manifest = json.loads((build.target / "manifest.json").read_text("utf-8"))
        self.nodes = self.manifest["nodes"]
        self.models = {
            key: node
            for key, node in self.nodes.items()
            if node["resource_type"] in ("model", "seed")
        }
        self.marts = [node for node in self.models.values() if layer(node) == "marts"]
        self.columns = {}
        for schema, table, column, kind in build.rows(
            "select table_schema, table_name, column_name, data_type "
            "from information_schema.columns order by ordinal_position"
        ):
            self.columns.setdefault((schema, table), {})[column] = kind

    def columns_of(self, node):
        return self.columns.get((node["schema"], node["name"]), {})

    def mart_columns(self):
        return [
            (mart["name"], column, kind)
            for mart in self.marts
            for column, kind in self.columns_of(mart).items()
        ]

    def parents(self, node):
        return [
            self.models[key] for key in node["depends_on"].get("nodes", []) if key in self.models
        ]


def layer(node):
    if node["resource_type"] == "seed":
        return "seeds"
    first, second, *_ = pathlib.PurePosixPath(node["original_file_path"]).parts
    return "python" if first == "python_models" else second


def folder(node):
    return pathlib.PurePosixPath(node["original_file_path"]).parent.name


@pytest.fixture(scope="module")
def project(demo):
    return Project(demo)


@pytest.fixture(scope="module")
def documented():
    """name -> entry of the YAML files, those of disabled layouts included."""
    return {
        entry["name"]: entry
        for parts in ("models", "python_models", "seeds")
        for path in (ROOT / parts).rglob("*.yml")
        for kind in ("models", "seeds")
        for entry in (yaml.safe_load(path.read_text("utf-8")) or {}).get(kind) or []
        if "description" in entry or "columns" in entry
    }


# --- descriptions


def test_there_is_something_to_check(project):
    assert {layer(node) for node in project.models.values()} == set(READS)
    assert {folder(mart) for mart in project.marts} <= set(AREAS)
    assert all(project.columns_of(node) for node in project.models.values())


def test_every_model_and_seed_of_every_layout_says_what_one_row_is(documented):
    files = [
        *(ROOT / "models").rglob("*.sql"),
        *(ROOT / "seeds").rglob("*.csv"),
        *(
            path
            for path in (ROOT / "python_models").rglob("*.py")
            if not {"customer_science", "publishing", "reading"} & set(path.parts)
            and not path.name.startswith("dbt_")  # a plugin of dbt
        ),
    ]
    # "with" is for a relation of one row
    silent = {
        path.stem
        for path in files
        if not re.match("One row (per|with) ", documented.get(path.stem, {}).get("description", ""))
    }
    assert not silent


def test_every_column_that_a_yaml_file_lists_is_described(documented):
    silent = {
        (name, column["name"])
        for name, entry in documented.items()
        for column in entry.get("columns") or []
        if not str(column.get("description") or "").strip()
    }
    assert not silent


def test_listed_columns_are_columns_of_the_table_and_a_mart_lists_all(project):
    marts = {node["name"] for node in project.marts}
    different = {}
    for node in project.models.values():
        listed, present = set(node["columns"]), set(project.columns_of(node))
        if wrong := listed ^ present if node["name"] in marts else listed - present:
            different[node["name"]] = wrong
    assert not different


def test_descriptions_are_rendered_and_end_as_sentences(project):
    unfinished = {
        (node["name"], name): description
        for node in project.models.values()
        for name, description in [
            ("", node["description"]),
            *((column["name"], column["description"]) for column in node["columns"].values()),
        ]
        if "{{" in description or not description.strip().endswith(".")
    }
    assert not unfinished


# --- marts


def test_every_mart_says_what_one_row_is(project):
    assert not [m["name"] for m in project.marts if not m["description"].startswith("One row per ")]


def test_every_mart_has_an_enforced_contract(project):
    assert not [m["name"] for m in project.marts if not m["config"]["contract"]["enforced"]]


def test_every_mart_declares_its_grain_and_is_tested_on_it(project):
    tested = {}  # mart -> the sets of columns that a test says are unique
    for node in project.nodes.values():
        test = node.get("test_metadata") or {}
        kwargs = test.get("kwargs", {})
        key = {
            "unique_combination_of_columns": kwargs.get("combination_of_columns"),
            "unique": [kwargs.get("column_name")],
        }.get(test.get("name"))
        if key and node["config"]["enabled"] and not node["config"]["where"]:
            tested.setdefault(node["attached_node"], []).append(set(key))
    faults = {}
    for mart in project.marts:
        grain = (mart["config"]["meta"] or {}).get("grain")
        if not grain:
            faults[mart["name"]] = "declares no grain"
        elif not set(grain) <= set(mart["columns"]):
            faults[mart["name"]] = f"has no column {set(grain) - set(mart['columns'])}"
        elif set(grain) not in tested.get(mart["unique_id"], []):
            faults[mart["name"]] = f"is not tested to be unique by {grain}"
        elif not mart["primary_key"] or not set(mart["primary_key"]) <= set(grain):
            faults[mart["name"]] = f"has the key {mart['primary_key']} in the manifest"
    assert not faults


def test_every_mart_is_public_and_has_an_owner(project):
    owners = {group["name"]: group["owner"] for group in project.manifest["groups"].values()}
    assert all(owner.get("name") for owner in owners.values())
    assert {mart["group"] for mart in project.marts} == set(owners) == set(AREAS)
    assert {mart["access"] for mart in project.marts} == {"public"}


def test_every_mart_is_named_in_an_exposure(project):
    exposed = {
        key for one in project.manifest["exposures"].values() for key in one["depends_on"]["nodes"]
    }
    assert not [mart["name"] for mart in project.marts if mart["unique_id"] not in exposed]


def test_marts_begin_with_a_word_of_their_area(project):
    assert not [
        mart["name"] for mart in project.marts if not mart["name"].startswith(AREAS[folder(mart)])
    ]


def test_models_are_named_by_layer(project):
    pattern = {
        "staging": r"stg_{folder}__[a-z][a-z0-9]*(_[a-z0-9]+)*",
        "intermediate": r"int(_[a-z0-9]+){{2,}}",
        "python": r"int(_[a-z0-9]+){{2,}}",
        "marts": r"(?!int_|stg_)[a-z][a-z0-9]*(_[a-z0-9]+)+",
        "seeds": r"[a-z][a-z0-9]*(_[a-z0-9]+)*",
    }
    assert not [
        node["name"]
        for node in project.models.values()
        if not re.fullmatch(pattern[layer(node)].format(folder=folder(node)), node["name"])
    ]


def test_marts_that_need_columns_are_marts(project, demo):
    path = ROOT / "macros" / "inputs" / "mart_requirements.sql"
    named = set(re.findall(r"'([a-z_]+)'", path.read_text("utf-8")))
    assert named and named <= {mart["name"] for mart in project.marts}
    assert demo.rows("select * from intermediate.int_marts_without_input") == []


# --- layers


def test_layers_read_only_layers_above_them(project):
    wrong = [
        f"{node['name']} ({layer(node)}) reads {parent['name']} ({layer(parent)})"
        for node in project.models.values()
        for parent in project.parents(node)
        if layer(parent) not in READS[layer(node)]
        # the marts that watch over the layers compare them with each other
        and not (folder(node) == "quality" and layer(parent) == "staging")
    ]
    assert not wrong


def test_no_room_reads_one_below_it(project):
    def room(node):
        parts = pathlib.PurePosixPath(node["original_file_path"]).parts
        return next((part for part in parts if part in ROOMS), None)

    wrong = [
        f"{node['name']} ({room(node)}) reads {parent['name']} ({room(parent)})"
        for node in project.models.values()
        for parent in project.parents(node)
        if layer(node) in ("staging", "intermediate", "python") and room(node) and room(parent)
        if ROOMS.index(room(parent)) > ROOMS.index(room(node))
    ]
    assert not wrong


def test_nothing_is_measured_on_an_implausible_extract(project):
    """Every mart waits for the findings on the extract, but those that say what was read."""
    waits = {"int_input_findings"}
    count = 0
    while count < len(waits):
        count = len(waits)
        waits |= {
            node["name"]
            for node in project.models.values()
            if any(parent["name"] in waits for parent in project.parents(node))
        }
    assert {mart["name"] for mart in project.marts if mart["name"] not in waits} == {
        "quality_quarantine",
        "quality_reconciliation",
        "run_manifest",
    }


def test_no_aggregate_with_a_filter_is_a_window():
    # DuckDB evaluates one once for each row, which never ends at a million customers
    for path in [*ROOT.glob("models/**/*.sql"), *ROOT.glob("macros/**/*.sql")]:
        assert not re.search(r"filter \(where .*\)\s+over \(", path.read_text("utf-8")), path


def test_marts_read_marts_of_their_own_or_an_earlier_area(project):
    order = list(AREAS)
    wrong = [
        f"{mart['name']} ({folder(mart)}) reads {parent['name']} ({folder(parent)})"
        for mart in project.marts
        for parent in project.parents(mart)
        if layer(parent) == "marts" and order.index(folder(parent)) > order.index(folder(mart))
    ]
    assert not wrong


def test_no_mart_is_written_by_python_and_nothing_else_is_in_the_marts_schema(project):
    assert all(mart["language"] == "sql" for mart in project.marts)
    in_schema = {table for schema, table in project.columns if schema == "marts"}
    assert in_schema == {mart["name"] for mart in project.marts}


# --- columns of marts


def test_column_names_fix_their_types(project):
    wrong = []
    for mart, column, kind in project.mart_columns():
        expected = next((kinds for name, kinds in TYPES if re.fullmatch(name, column)), None)
        if expected and not any(re.fullmatch(one, kind) for one in expected):
            wrong.append(f"{mart}.{column} is {kind}, not {' or '.join(expected)}")
    assert not wrong


def test_booleans_and_dates_are_named_as_such(project):
    names = {"BOOLEAN": r"(is|has|uses)_.+", "DATE": r".+_(on|date)", "TIMESTAMP": r".+_at"}
    assert not [
        f"{mart}.{column} is {kind}"
        for mart, column, kind in project.mart_columns()
        if kind in names and not re.fullmatch(names[kind], column)
    ]


def test_every_interval_has_both_bounds_and_its_estimate(project):
    wrong = []
    for mart in project.marts:
        columns = project.columns_of(mart)
        for stem in {c[:-9] for c in columns if re.fullmatch(r".+_ci_(lower|upper)", c)}:
            missing = {stem, f"{stem}_ci_lower", f"{stem}_ci_upper"} - set(columns)
            wrong += [f"{mart['name']} has no {column}" for column in missing]
    assert not wrong


def test_every_rate_has_its_count(project):
    assert not [
        mart["name"]
        for mart in project.marts
        if any(c.endswith("_rate") for c in project.columns_of(mart))
        and not any(c.endswith("_count") for c in project.columns_of(mart))
    ]


def test_scores_say_their_range(project):
    assert not [
        f"{mart['name']}.{name}: {column['description']}"
        for mart in project.marts
        for name, column in mart["columns"].items()
        if re.fullmatch(r"(?!average_|median_).+_score", name)
        and not re.search(r"\d", column["description"])
    ]


def test_values_keep_the_range_that_their_names_promise(project, demo):
    conditions = []
    for mart, column, kind in project.mart_columns():
        if column.endswith("_count") and not column.startswith(("average_", "median_")):
            conditions.append((mart, column, f"{column} < 0"))
        if re.fullmatch(r".+_(rate|share)|(.+_)?(p|q)_value", column):
            conditions.append((mart, column, f"not {column} between 0 and 1"))
        if column.endswith("_ci_lower"):
            conditions.append((mart, column, f"{column} > {column[:-5]}upper"))
        if kind in ("DOUBLE", "FLOAT"):
            conditions.append((mart, column, f"not isfinite({column})"))
    assert len(conditions) > 100
    broken = demo.rows(
        " union all ".join(
            f"select '{mart}', '{column}', '{condition}', count(*) from marts.{mart} "
            f"where {condition} having count(*) > 0"
            for mart, column, condition in conditions
        )
    )
    assert not broken
