"""The documentation is short, complete, linked, in the project's words, and equal to what it is generated from."""

import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "DECISIONS.md", "CHANGELOG.md"))]
# words that the project once used for standard terms
REPLACED = [
    "leavers", "made anew", "read anew", "hangs on", "hang on", "borne out", "dearest", "speaks for", "speaks in",
    "parted by", "tells on the customer",
]  # fmt: skip


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_of(path):
    return str(path.relative_to(ROOT))


def test_the_readme_is_short_and_names_the_commands():
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 120
    assert "make build" in text and "make test" in text


def test_every_mart_answers_a_question():
    text = (ROOT / "docs" / "marts.md").read_text("utf-8")
    marts = {path.stem for path in (ROOT / "models" / "marts").glob("*/*.sql")}
    assert len(marts) > 25
    assert {mart for mart in marts if f"`{mart}`" not in text} == set()


def test_every_mart_that_the_readme_names_exists():
    text = (ROOT / "README.md").read_text("utf-8")
    marts = {path.stem for path in (ROOT / "models" / "marts").glob("*/*.sql")}
    table = text.split("## The ten marts")[1].split("\n## ")[0]
    named = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    assert len(named) == 10 and set(named) <= marts


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_every_relative_link_resolves(path, generate):
    prose = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in map(generate.slug, headings), link


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_pages_use_the_standard_words(path):
    text = " ".join(path.read_text("utf-8").lower().split())
    assert [word for word in REPLACED if word in text] == []


def test_the_settings_are_those_of_the_project(generate):
    message = "run: python docs/generate.py settings"
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == generate.write_settings(), message


def test_every_setting_says_what_it_means(generate):
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", generate.write_settings(), re.MULTILINE)
    assert len(rows) > 50
    assert [name for name, meaning in rows if not meaning.strip()] == []


def test_settings_come_from_headings_names_and_comments(generate):
    project = (
        "name: x\n\nvars:\n  # Inputs\n  # a note\n  days: 3 # length\n  names:\n    - a\n\n"
        "  # Other\n  flag: true # whether\n\nmodels: {}\n"
    )
    page = generate.settings_page(project, "{% set kinds = {'number': ['days']} %}")
    assert page.count("\n## ") == 2
    assert "| `days` | `3` | number | length |" in page
    assert '| `names` | `["a"]` |  |  |' in page
    assert (
        "## Other\n\n| var | default | kind | meaning |\n|---|---|---|---|\n| `flag` | `true` |  | whether |"
        in page
    )


def node(name, folders, parents=(), kind="model", columns=()):
    return {
        "name": name,
        "resource_type": kind,
        "fqn": ["clientele", *folders, name],
        "description": f"One row per {name}.",
        "config": {"meta": {"grain": ["key"]}},
        "columns": {
            column: {"name": column, "data_type": "bigint", "description": "a | b"}
            for column in columns
        },
        "depends_on": {"nodes": list(parents)},
    }


def test_the_site_has_every_page_a_dictionary_and_the_lineage(generate, tmp_path):
    manifest = {
        "nodes": {
            "one": node("bands", [], kind="seed"),
            "two": node("stg", ["staging", "bank"], ["one"]),
            "three": node("rates", ["marts", "churn"], ["two"], columns=["key"]),
            "four": node("back", ["intermediate", "inputs"], ["three"]),
            "five": node("test", [], ["three"], kind="test"),
        }
    }
    generate.build_site(manifest, tmp_path / "site")
    files = {path.stem for path in (tmp_path / "site").glob("*.html")}
    assert files == {*generate.PAGES, "data-dictionary", "lineage"}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= files
    dictionary = (tmp_path / "site" / "data-dictionary.html").read_text("utf-8")
    assert "<code>key</code></td>\n<td>bigint</td>\n<td>a | b</td>" in dictionary
    picture = (tmp_path / "site" / "lineage.svg").read_text("utf-8")
    assert "seeds to staging: 1" in picture and "staging to marts: churn: 1" in picture
    # what is read upwards is drawn on the other side
    assert re.findall(r'stroke="#b3261e".*?<title>(.*?)</title>', picture) == [
        "marts: churn to inputs: 1"
    ]
    for path in (tmp_path / "site").glob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#]+)', path.read_text("utf-8")):
            if "://" not in link and link != "../static_index.html":
                assert (path.parent / link).exists(), f"{path.name}: {link}"
