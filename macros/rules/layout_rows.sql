{#- The rows of a seed of rules that hold for the active layout: those of `any` (or of nobody), its own, and in the layouts
    that come with the project the examples. -#}
{% macro layout_rows(seed) -%}
    (
        select * from {{ ref(seed) }}
        where {{ holds_for_layout() }}
    )
{%- endmacro %}

{% macro holds_for_layout() -%}
    {%- set owners = ['any', var('source_system')] + (['examples'] if var('source_system') in example_layouts() else []) -%}
    coalesce(source_system, 'any') in ({% for owner in owners %}{{ sql_literal(owner) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{#- The layouts that come with the project, whose rules are those of a bank that does not exist. -#}
{% macro example_layouts() %}
    {% do return(['demo_bank', 'canonical', 'churn_modelling', 'bank_scrooge', 'cdnow', 'auto_insurance_clv', 'bank_marketing']) %}
{% endmacro %}


{#- The set of age bands in the cube: var age_band_set, else that of the examples in their layouts, and decades in others. -#}
{% macro age_band_set() %}
    {% do return(var('age_band_set') or ('metanprom_deck' if var('source_system') in example_layouts() else 'decades')) %}
{% endmacro %}


{#- Whether age and gender may decide what a customer is offered: var action_lists_use_protected_attributes, else as the studies
    did in their layouts, and in others as scores do by default. -#}
{% macro action_lists_use_protected_attributes() %}
    {% set value = var('action_lists_use_protected_attributes') %}
    {% do return((value if value is not none else var('source_system') in example_layouts()) | string | lower) %}
{% endmacro %}


{#- The seeds of rules in which each layout may have rows of its own. -#}
{% macro rule_seeds() %}
    {% do return([
        'segment_rules', 'segment_strategies', 'churn_segment_strategies', 'strategies', 'strategy_eligibility', 'campaigns',
        'hypotheses', 'churn_cuts', 'churn_definitions', 'bands',
    ]) %}
{% endmacro %}
