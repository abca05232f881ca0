"""Writes the documentation that is made from the project itself.

    python docs/generate.py settings   docs/settings.md, from the vars of dbt_project.yml and their comments
    python docs/generate.py            the site in target/site: docs/, README and the other texts, and, from dbt's
                                       manifest, a page for each mart and a picture of the lineage; example rows are
                                       those of the published aggregates

`make docs` builds the site; it needs target/manifest.json, which every dbt command writes.
"""

import ast
import html
import itertools
import json
import os
import pathlib
import re
import shutil
import sys

import duckdb
import yaml
from markdown_it import MarkdownIt
from publishing.bi import CHARTS
from publishing.export import ORDERS, questions
from publishing.files import published_path

ROOT = pathlib.Path(__file__).parents[1]

# page of the site -> its text in the repository, in the order of the menu
PAGES = {
    "index": "README.md",
    **{
        name: f"docs/{name}.md"
        for name in (
            "marts", "glossary", "inputs", "own-layout", "churn-and-segments", "value", "strategies-and-campaigns",
            "publishing-and-operations", "privacy", "spark", "dbt-package", "settings",
        )
    },
    "contributing": "CONTRIBUTING.md",
    "decisions": "DECISIONS.md",
    "changelog": "CHANGELOG.md",
    "benchmarks": "bench/RESULTS.md",
}  # fmt: skip

# the rooms of the house from the first to the last
ROOMS = [
    "seeds", "staging", "inputs", "engagement", "churn", "clv", "segments", "strategy", "quality", "marts",
]  # fmt: skip

LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; display: flex; flex-wrap: wrap; color: #1d2733 }}
nav {{ flex: 0 0 13rem; padding: 1.5rem; background: #f4f6f8 }} nav a {{ display: block; padding: .15rem 0 }}
main {{ flex: 1 1 30rem; max-width: 62rem; padding: 1rem 2rem; min-width: 0 }} a {{ color: #0b4f8a }}
table {{ border-collapse: collapse; display: block; overflow-x: auto }} img {{ max-width: 100% }}
td, th {{ border: 1px solid #d5dbe1; padding: .3rem .6rem; text-align: left; vertical-align: top }}
pre {{ background: #f4f6f8; padding: .8rem; overflow-x: auto }} code {{ font-size: .9em }}
</style></head><body><nav>{menu}</nav><main>{body}</main></body></html>
"""


def settings_page(project: str, kinds: str) -> str:
    """The vars as tables, one for each heading; `project` and `kinds` are dbt_project.yml and settings.sql."""
    values = yaml.safe_load(project)["vars"]
    declared = ast.literal_eval(re.search(r"set kinds = (\{.*?\}) %\}", kinds, re.DOTALL)[1])
    kind_of = {name: kind for kind, names in declared.items() for name in names}
    lines = [
        "# Settings",
        "",
        "Every var with its default. Set one for a build with `dbt build --vars 'name: value'`, or for good in",
        "[`dbt_project.yml`](../dbt_project.yml), from which `python docs/generate.py settings` writes this page.",
        "A value of the wrong kind stops the build with a sentence before anything runs. Environment variables are in",
        "[Publishing and operations](publishing-and-operations.md#environment).",
    ]
    section = project.split("\nvars:\n")[1]
    for before, line in zip([""] + section.splitlines(), section.splitlines(), strict=False):
        if line and not line.startswith(" "):
            break
        heading = re.fullmatch(r"  # (.+)", line)
        setting = re.fullmatch(r"  (\w+):.*?(?:\s# (.+))?", line)
        if heading and not before:
            lines += [
                "",
                f"## {heading[1]}",
                "",
                "| var | default | kind | meaning |",
                "|---|---|---|---|",
            ]
        elif setting:
            name, meaning = setting[1], setting[2] or ""
            value = values[name]
            shown = value if isinstance(value, str) else json.dumps(value)
            shown = f"`{shown}`" if len(shown) < 60 else "see `dbt_project.yml`"
            lines.append(f"| `{name}` | {shown} | {kind_of.get(name, '')} | {meaning} |")
    return "\n".join(lines) + "\n"


def marts_in(manifest: dict) -> dict[str, list[dict]]:
    """Area -> its marts, both in alphabetical order."""
    areas: dict[str, list[dict]] = {}
    for node in sorted(manifest["nodes"].values(), key=lambda node: (node["fqn"], node["name"])):
        if node["resource_type"] == "model" and node["fqn"][1] == "marts":
            areas.setdefault(node["fqn"][2], []).append(node)
    return areas


def dictionary_page(manifest: dict) -> str:
    """All marts by area, each with a link to its page."""
    lines = [
        "# Data dictionary",
        "",
        "All marts, by area. The page of a mart has its columns, example rows and queries.",
    ]
    for area, marts in marts_in(manifest).items():
        lines += ["", f"## {area}", "", "| mart | rows |", "|---|---|"]
        lines += [
            f"| [{mart['name']}]({mart['name']}.md) | {cell(mart['description'])} |"
            for mart in marts
        ]
    return "\n".join(lines) + "\n"


def cell(value) -> str:
    """A value as a cell of a table."""
    if isinstance(value, float):
        value = f"{value:.4g}"
    return "" if value is None else " ".join(str(value).split()).replace("|", "\\|")


class Published:
    """The published marts, of which pages show examples; none where nothing is published."""

    def __init__(self, path: str):
        self.connection = (
            duckdb.connect(path, read_only=True) if pathlib.Path(path).is_file() else None
        )
        rows = self.connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall() if self.connection else []  # fmt: skip
        self.marts = {name for (name,) in rows}

    def example(self, sql: str) -> list[str]:
        result = self.connection.execute(sql)
        names = [column[0] for column in result.description]
        lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
        return lines + [f"| {' | '.join(map(cell, row))} |" for row in result.fetchall()]


def whole_mart(name: str) -> str:
    """The rows in the order in which they are read."""
    order = f" order by {ORDERS[name]}" if name in ORDERS else ""
    return f"select * from marts.{name}{order} limit 5"


# what is asked of a mart that has the column, after its grain
BY_COLUMN = [
    (
        "churn_rate",
        "The highest churn rates",
        "{grain}, {counts}churn_rate",
        "churn_rate desc nulls last",
    ),
    (
        "q_value",
        "What is least likely to be chance",
        "{grain}, p_value, q_value",
        "q_value nulls last",
    ),
    (
        "customers_count",
        "The largest groups",
        "{grain}, customers_count",
        "customers_count desc nulls last",
    ),
]


def queries_of(mart: dict, manifest: dict) -> list[tuple[str, str]]:
    """At most three: what the dashboard for BI tools asks of the mart, saved queries of metrics that it counts, what
    its columns suggest, and its first rows."""
    name, columns = mart["name"], mart["columns"]
    found = [
        (chart.title, chart.sql())
        for charts in CHARTS.values()
        for chart in charts
        if chart.mart == name
    ]
    models = {
        key
        for key, model in manifest.get("semantic_models", {}).items()
        if mart["unique_id"] in model["depends_on"]["nodes"]
    }
    counted = {
        metric["name"]
        for metric in manifest.get("metrics", {}).values()
        if models & set(metric["depends_on"]["nodes"])
    }
    for query in manifest.get("saved_queries", {}).values():
        if counted & set(query["query_params"]["metrics"]):
            found.append((query["description"], f"mf query --saved-query {query['name']}"))
    grain = ", ".join(mart["config"]["meta"].get("grain", []))
    counts = "".join(f"{one}, " for one in ("customers_count", "churned_count") if one in columns)
    for column, title, selected, order in BY_COLUMN:
        if column in columns:
            selected = selected.format(grain=grain, counts=counts)
            found.append((title, f"select {selected} from marts.{name} order by {order} limit 5"))
    return [*found[:2], ("The first rows", whole_mart(name))]


def mart_page(mart: dict, manifest: dict, published: Published, asked: dict[str, str]) -> str:
    """Grain, columns, example rows, queries, and what is one step away."""
    meta = mart["config"]["meta"]
    has_customers = any((column.get("config") or {}).get("meta", {}).get("is_person_key")
                        for column in mart["columns"].values())  # fmt: skip
    grain = ", ".join(f"`{name}`" for name in meta.get("grain", []))
    lines = [f"# {mart['name']}", "", mart["description"].strip(), ""]
    if mart["name"] in asked:
        lines += [f"**{asked[mart['name']]}**", ""]
    if not meta.get("is_published", True):
        where = "Never published: it is in the work database only."
    else:
        where = f"Published in `clientele{'_customers' if has_customers else ''}.duckdb`."
    lines += [
        f"Key: {grain}. {where}",
        "",
        "## Columns",
        "",
        "| column | type | description |",
        "|---|---|---|",
    ]
    for column in mart["columns"].values():
        lines.append(
            f"| `{column['name']}` | {column['data_type'] or ''} | {cell(column['description'])} |"
        )
    if mart["name"] in published.marts:
        lines += ["", "## Example rows", "", *published.example(whole_mart(mart["name"]))]
    elif has_customers:
        lines += ["", "## Example rows", "", "Rows are customers, and are not shown here."]
    lines += ["", "## Queries"]
    for title, text in queries_of(mart, manifest):
        lines += [
            "",
            f"{title.rstrip('.')}:",
            "",
            f"```{'sh' if text.startswith('mf ') else 'sql'}",
            text,
            "```",
        ]
    pages = {
        node["unique_id"]: node["name"] for marts in marts_in(manifest).values() for node in marts
    }
    above = mart["depends_on"]["nodes"]
    readers = [*manifest["nodes"].values(), *manifest.get("exposures", {}).values()]
    below = [
        node["unique_id"]
        for node in readers
        if node["resource_type"] in ("model", "exposure")
        and mart["unique_id"] in node["depends_on"]["nodes"]
    ]
    lines += ["", "## Lineage", "", "| reads | is read by |", "|---|---|"]
    shown = [
        [
            f"[{pages[key]}]({pages[key]}.md)" if key in pages else f"`{key.split('.')[-1]}`"
            for key in sorted(keys)
        ]
        for keys in (above, below)
    ]
    lines += [f"| {' | '.join(pair)} |" for pair in itertools.zip_longest(*shown, fillvalue="")]
    return "\n".join(lines) + "\n"


def without_cells(text: str) -> str:
    """dbt's own page without `meta.cells`, which the privacy audit reads and no person does."""
    decoder, parts, place = json.JSONDecoder(), [], 0
    for found in re.finditer(r'(, )?"cells": (?=\{)', text):
        if found.start() < place:
            continue
        _, end = decoder.raw_decode(text, found.end())
        if not found[1]:  # the first of its object
            end += 2 if text[end : end + 2] == ", " else 0
        parts.append(text[place : found.start()])
        place = end
    return "".join([*parts, text[place:]])


def room_of(node: dict) -> str | None:
    """The room of the house in which a model or seed is; none for anything else."""
    if node["resource_type"] == "seed":
        return "seeds"
    if node["resource_type"] != "model":
        return None
    folders = [part for part in node["fqn"][1:-1] if part != "intermediate"]
    return f"marts: {folders[1]}" if folders[0] == "marts" else folders[0]


def lineage_picture(manifest: dict) -> str:
    """The rooms in their order as SVG; arcs on the right lead down, red ones on the left lead up."""
    counts: dict[str, int] = {}
    edges: dict[tuple[str, str], int] = {}
    for node in manifest["nodes"].values():
        if room := room_of(node):
            counts[room] = counts.get(room, 0) + 1
            for parent in node["depends_on"].get("nodes", []):
                source = room_of(manifest["nodes"].get(parent, {"resource_type": None}))
                if source and source != room:
                    edges[source, room] = edges.get((source, room), 0) + 1
    order = {name: number for number, name in enumerate(ROOMS)}
    rooms = sorted(counts, key=lambda room: (order.get(room.split(":")[0], len(ROOMS)), room))
    middle = {room: 45 * number + 30 for number, room in enumerate(rooms)}
    parts = []
    for (source, room), count in sorted(edges.items()):
        start, end = middle[source], middle[room]
        side, color = (340, "#4a6fa5") if end > start else (120, "#b3261e")
        reach = side + (1 if side == 340 else -1) * (20 + 0.55 * abs(end - start))
        parts.append(
            f'<path d="M{side} {start} C{reach:.0f} {start} {reach:.0f} {end} {side} {end}" fill="none" '
            f'stroke="{color}" stroke-opacity=".55" stroke-width="{min(1 + count / 6, 7):.1f}">'
            f"<title>{html.escape(f'{source} to {room}: {count}')}</title></path>"
        )
    for room in rooms:
        label = html.escape(f"{room} ({counts[room]})")
        parts.append(
            f'<rect x="120" y="{middle[room] - 15}" width="220" height="30" rx="6" fill="#e6edf5" stroke="#4a6fa5"/>'
            f'<text x="230" y="{middle[room] + 5}" text-anchor="middle">{label}</text>'
        )
    height = 45 * len(rooms) + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" width="800" height="{height}" '
        f'font-family="sans-serif" font-size="14">{"".join(parts)}</svg>\n'
    )


LINEAGE_PAGE = """# Lineage

Data flows down the page. A box is a room of the project with its number of models or seeds. An arc leads from a room to
one that reads it; its width shows the number of references. A red arc on the left leads up, against the order of rooms.
`dbt docs` shows the lineage of single models.

![Rooms of the project from seeds to marts](lineage.svg)
"""


def slug(text: str) -> str:
    """The anchor of a heading, as GitHub writes it."""
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


def rendered(text: str, source: str, addresses: dict[str, str]) -> str:
    """A page as HTML. Links to other pages lead to these; what is only in the repository is no link."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(tokens[position + 1].content))
        is_open = True
        for child in token.children or []:
            if child.type == "image":
                child.attrSet("src", str(child.attrGet("src")).removeprefix("docs/"))
            elif child.type == "link_open" and "://" not in str(child.attrGet("href")):
                path, mark, anchor = str(child.attrGet("href")).partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(source), path))
                is_open = not path or target in addresses
                child.attrs = {"href": addresses.get(target, "") + mark + anchor} if is_open else {}
                child.tag = "a" if is_open else "span"
            elif child.type == "link_close":
                child.tag, is_open = ("a" if is_open else "span"), True
    return markdown.renderer.render(tokens, markdown.options, {})


def build_site(manifest: dict, folder: pathlib.Path, published: Published) -> None:
    """Writes the site into a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "docs" / "images", folder / "images")
    (folder / "lineage.svg").write_text(lineage_picture(manifest), "utf-8")
    texts = {name: ((ROOT / path).read_text("utf-8"), path) for name, path in PAGES.items()}
    texts["data-dictionary"] = (dictionary_page(manifest), "docs/data-dictionary.md")
    texts["lineage"] = (LINEAGE_PAGE, "docs/lineage.md")
    in_menu = list(texts)
    asked = questions()
    for marts in marts_in(manifest).values():
        for mart in marts:
            text = mart_page(mart, manifest, published, asked)
            texts[mart["name"]] = (text, f"docs/{mart['name']}.md")
    titles = {
        name: re.search(r"^# (.+)", text, re.MULTILINE)[1] for name, (text, _) in texts.items()
    }
    addresses = {source: f"{name}.html" for name, (_, source) in texts.items()}
    menu = "".join(f'<a href="{name}.html">{html.escape(titles[name])}</a>' for name in in_menu)
    menu += '<a href="../static_index.html">dbt docs</a>'
    for name, (text, source) in texts.items():
        page = LAYOUT.format(
            title=html.escape(titles[name]), menu=menu, body=rendered(text, source, addresses)
        )
        (folder / f"{name}.html").write_text(page, "utf-8")


def write_settings() -> str:
    """The text of docs/settings.md as the project has it now."""
    return settings_page(
        (ROOT / "dbt_project.yml").read_text("utf-8"),
        (ROOT / "macros" / "engine" / "settings.sql").read_text("utf-8"),
    )


def main() -> None:
    if sys.argv[1:] == ["settings"]:
        (ROOT / "docs" / "settings.md").write_text(write_settings(), "utf-8")
        return
    manifest = ROOT / "target" / "manifest.json"
    if not manifest.is_file():
        raise SystemExit("target/manifest.json does not exist: run make docs, or dbt parse first.")
    published = Published(published_path())
    build_site(json.loads(manifest.read_text("utf-8")), ROOT / "target" / "site", published)
    own = ROOT / "target" / "static_index.html"
    if own.is_file():
        own.write_text(without_cells(own.read_text("utf-8")), "utf-8")
    print("The site is target/site/index.html.")


if __name__ == "__main__":
    main()
