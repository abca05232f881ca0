"""What marts are made of is told by their texts."""

from publishing.lineage import lineages


def node(name, code="", parents=(), kind="model", **meta):
    return {
        "name": name,
        "resource_type": kind,
        "raw_code": code,
        "unrendered_config": {},
        "depends_on": {"nodes": list(parents)},
        "config": {"meta": meta},
    }


NODES = {
    "s.bands": node("bands", kind="seed"),
    "s.limits": node("limits", kind="seed"),
    "m.stg": node("stg", "{{ stage() }}", raw={"entity": "customers"}),
    "m.gate": node("int_input_findings", "{{ bounded() }}", ["s.limits", "m.stg"]),
    "m.rates": node(
        "rates", "select {{ rate('x') }} from y", ["m.stg", "s.bands", "m.gate", "other.model"]
    ),
    "m.plain": node("plain", "select 1 as rates"),
}
MACROS = {
    "rate": "{% macro rate(x) %}{% if x %}{{ rounded(x) }}{% endif %}{% endmacro %}",
    "rounded": "{% macro rounded(x) %}{{ adapter.dispatch('rounded')(x) }}{% endmacro %}",
    "spark__rounded": "{% macro spark__rounded(x) %}round(x, {{ var('digits') }}){% endmacro %}",
    "bounded": "{% macro bounded() %}{{ var('limit') }}{% endmacro %}",
    "stage": "{% macro stage() %}{% endmacro %}",
}


def traced(nodes=NODES, macros=MACROS):
    return lineages(nodes, macros, ["digits", "limit"], ["plain", "rates", "absent"])


def test_a_mart_is_made_of_what_it_reads_and_of_what_that_calls_on_any_engine():
    rates = traced()["rates"]
    assert rates["seeds"] == ["bands"] and rates["inputs"] == ["customers"]
    # what decides whether anything is built decides no figure
    assert rates["settings"] == ["digits"]
    assert traced()["plain"] | {"code": ""} == {
        "code": "",
        "seeds": [],
        "inputs": [],
        "settings": [],
    }


def test_code_differs_by_what_a_mart_is_made_of_and_by_nothing_else():
    before = traced()
    for name in ("spark__rounded", "stage"):
        after = traced(macros=MACROS | {name: MACROS[name] + " "})
        assert after["rates"]["code"] != before["rates"]["code"]
        assert after["plain"] == before["plain"]
    after = traced(macros=dict(reversed((MACROS | {"bounded": "other", "new": "other"}).items())))
    assert after == traced(nodes=dict(reversed(NODES.items()))) | {"rates": after["rates"]}
    configured = NODES | {
        "m.plain": NODES["m.plain"] | {"unrendered_config": {"materialized": "view"}}
    }
    assert traced(configured)["plain"]["code"] != before["plain"]["code"]
    assert traced(configured)["rates"] == before["rates"]
