"""The documentation is short, complete, linked, in the project's words, and equal to what it is generated from."""

import importlib.util
import json
import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "DECISIONS.md", "CHANGELOG.md"))]
# words that the project once used for standard terms
REPLACED = [
    "leaver", "stayer", " anew", "hangs on", "hang on", "borne out", "dearest", "speaks", "parted by", "whoever",
    "tells on the customer", "as good as none", "for people,", "nobody knows", "set aside", "take no part",
]  # fmt: skip
# the code of a segment, and names of dbt and of clients
EXAMPLES = {
    "age_from_43__is_active_no", "run_results", "access_mode", "connect_args", "max_active_tasks",
    "dev_marts", "dev_intermediate",
}  # fmt: skip


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_of(path):
    return str(path.relative_to(ROOT))


def files_of(*folders):
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


@pytest.fixture(scope="module")
def names():
    """Every word of the code and of the seeds, comments and descriptions aside, and the names of files."""
    code = [
        path
        for path in files_of(
            "models", "macros", "seeds", "python_models", "dashboard", "tests/generic", "tests/assertions"
        )
        if path.suffix in (".sql", ".py", ".yml", ".csv", ".js")
    ]  # fmt: skip
    code += [
        ROOT / name for name in ("dbt_project.yml", "profiles.yml", "Makefile", "docs/generate.py")
    ]
    code += [ROOT / "tests" / "build" / "conftest.py"]
    comments = r"\{#.*?#\}|--[^\n]*|(?<!\w)#[^\n]*|^ *(?:- )?description: [^{\n]*$"
    text = "\n".join(
        path.name
        + " "
        + re.sub(comments, "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for path in code
    )
    files = files_of("models", "seeds", "macros", "python_models", "tests/python", "tests/build")
    return set(re.findall(r"\w+", text + " ".join(map(name_of, files)))) | EXAMPLES


@pytest.fixture(scope="module")
def kinds():
    """The names that a text may use after `var` and `seed`, and as names of models."""
    models = {
        path.stem for path in files_of("models", "python_models") if path.suffix in (".sql", ".py")
    }
    project = (
        (ROOT / "dbt_project.yml").read_text("utf-8").split("\nvars:\n")[1].split("\nmodels:")[0]
    )
    return {
        "var": set(re.findall(r"^  (\w+):", project, re.MULTILINE)),
        "seed": {path.stem for path in files_of("seeds") if path.suffix == ".csv"},
        "model": models,
    }


def wrong_names(text, names, kinds):
    """Names in the text that do not exist: words with an underscore in backticks, models, vars and seeds. A page may
    use the names of its own examples, and `*` for the rest of a name."""
    text = text.replace("int_<entity>", "int_customers")
    blocks = re.findall(r"```.*?```", text, re.DOTALL)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    examples = set(re.findall(r"\w+", "".join(blocks)))
    models = kinds["model"] | {
        word
        for word in re.findall(r"\bstg_\w+", prose)
        if word[len("stg_") :].split("__")[0] in examples
    }
    known = names | models | examples
    wrong = set(re.findall(r"\b(?:int|stg)_\w*[a-z0-9]\b", prose)) - models
    for span in re.findall(r"`([^`\n]+)`", prose):
        for word, more in re.findall(r"\b([a-z][a-z0-9]*_\w*)(\*?)", span):
            is_beginning = more and any(one.startswith(word) for one in known)
            if word not in known and not is_beginning:
                wrong.add(word)
    for command in re.findall(r"--vars '\{?(.*?)\}?'", text):
        keys = re.findall(r"(\w+):", re.sub(r"\[.*\]", "", command))
        wrong |= {f"var {key}" for key in keys if key not in kinds["var"] | {"name"}}
    for kind in ("var", "seed"):
        for word in re.findall(rf"\b{kind} `?(?:\w+/)?(\w+)\b(?!/)", prose, re.IGNORECASE):
            if "_" in word and word not in kinds[kind]:
                wrong.add(f"{kind} {word}")
    return wrong


DESCRIPTIONS = [
    ROOT / "models" / "_columns.md",
    ROOT / "models" / "overview.md",
    *(path for path in files_of("models", "seeds", "python_models") if path.suffix == ".yml"),
]


# the changelog names what is gone
@pytest.mark.parametrize(
    "path", [path for path in TEXTS if path.name != "CHANGELOG.md"], ids=name_of
)
def test_pages_name_what_exists(path, names, kinds):
    assert wrong_names(path.read_text("utf-8"), names, kinds) == set()


def test_descriptions_and_comments_name_what_exists(names, kinds):
    comments = [
        path
        for path in files_of("models", "macros", "seeds", "python_models")
        if path.suffix in (".sql", ".py")
    ]
    wrong = {
        name_of(path): wrong_names(path.read_text("utf-8"), names, kinds)
        for path in [*DESCRIPTIONS, *comments, ROOT / "dbt_project.yml"]
    }
    assert {path: found for path, found in wrong.items() if found} == {}


def test_names_that_nothing_has_are_found(names, kinds):
    text = (
        "`churn_rates`, `churn_rates_by_*`, `int_<entity>_judged`, var sample_size, seed `strategy/strategies.csv`\n"
        "```\nmy_file --vars '{sample_size: 1, clv_policy_filters: [{column: x}]}'\n```\n`my_file`"
    )
    assert wrong_names(text, names, kinds) == set()
    text = (
        "`no_such_column`, `no_such_*`, `int_<entity>_read`, int_churn_lost, var no_such_var, seed `x/no_seed.csv`, "
        "`--vars 'no_key: 1'`"
    )
    assert wrong_names(text, names, kinds) == {
        "no_such_column", "no_such_", "int_customers_read", "int_churn_lost", "var no_such_var",
        "no_seed", "seed no_seed", "no_key", "var no_key",
    }  # fmt: skip


def test_every_description_of_a_column_is_used():
    blocks = set(re.findall(r"\{% docs (\w+) %\}", DESCRIPTIONS[0].read_text("utf-8")))
    used = "".join(path.read_text("utf-8") for path in DESCRIPTIONS if path.suffix == ".yml")
    assert blocks == set(re.findall(r"doc\('(\w+)'\)", used))


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


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_examples_in_python_and_yaml_can_be_read(path):
    for language, code in re.findall(
        r"```(python|yaml)\n(.*?)```", path.read_text("utf-8"), re.DOTALL
    ):
        if language == "python":
            compile(code, path.name, "exec")
        else:
            assert yaml.safe_load(code), code


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


@pytest.mark.parametrize("path", [*TEXTS, *DESCRIPTIONS], ids=name_of)
def test_pages_and_descriptions_use_the_standard_words(path):
    text = " ".join(path.read_text("utf-8").lower().split())
    assert [word for word in REPLACED if word in text] == []


def test_the_settings_are_those_of_the_project(generate):
    message = "run: python docs/generate.py settings"
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == generate.write_settings(), message


def test_every_setting_says_what_it_means(generate):
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", generate.write_settings(), re.MULTILINE)
    assert len(rows) > 30
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


def test_the_page_of_dbt_is_without_what_only_the_audit_reads(generate):
    text = json.dumps(
        {"a": {"cells": {"x": {"y": "}"}}, "b": 1}, "c": {"d": 2, "cells": {}}, "e": "cells"}
    )
    assert json.loads(generate.without_cells(text)) == {"a": {"b": 1}, "c": {"d": 2}, "e": "cells"}


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
    for key, one in manifest["nodes"].items():
        one["unique_id"] = key
    generate.build_site(manifest, tmp_path / "site", generate.Published(str(tmp_path / "none")))
    files = {path.stem for path in (tmp_path / "site").glob("*.html")}
    assert files == {*generate.PAGES, "data-dictionary", "lineage", "rates"}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= files
    dictionary = (tmp_path / "site" / "data-dictionary.html").read_text("utf-8")
    assert '<a href="rates.html">rates</a></td>\n<td>One row per rates.</td>' in dictionary
    mart = (tmp_path / "site" / "rates.html").read_text("utf-8")
    assert "<code>key</code></td>\n<td>bigint</td>\n<td>a | b</td>" in mart
    assert "Key: <code>key</code>. Published in <code>clientele.duckdb</code>." in mart
    # one step: what it reads, and what reads it
    assert "<td><code>two</code></td>\n<td><code>four</code></td>" in mart
    assert "Example rows" not in mart
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
