{#- What is compared with the build that was published last. Publishing keeps its measures, the segments of its customers and its
    manifest in the work database (schema publishing), before anything is withheld; mart quality_changes compares, and of
    its rows those are published whose figures both builds tell. -#}


{#- The marts whose counts, amounts and estimates are compared, each with the rows that are. Left out are marts about days, persons
    and the build itself, and the cube's crossed cells. -#}
{% macro compared_marts() %}
    {% do return({
        'budget_allocation': 'true', 'campaign_readout': 'true', 'churn_model_metrics': 'true', 'churn_rates': 'cut_count = 0',
        'churn_rates_by_age_band': 'true', 'churn_rates_by_city': 'true', 'churn_rates_by_gender': 'true',
        'churn_rates_by_product': 'true', 'churn_rates_by_product_count': 'true', 'churn_segments': 'true', 'clv_tiers': 'true',
        'cluster_profiles': 'true', 'quality_fairness': 'true', 'quality_reconciliation': 'true', 'rfm_segments': 'true',
        'strategy_economics': 'true', 'strategy_priorities': 'true', 'strategy_segments': 'true',
    }) %}
{% endmacro %}


{#- The measures of a mart, one row per row of it and measure: mart_name, row_key (the grain), measure_name, measured_value, and
    the bounds of its interval, where it has one. `relation` holds the mart's rows. -#}
{% macro measures_of(mart, relation) -%}
    {%- set grain = mart.config.meta['grain'] %}
    {%- set keys, measures = [], [] %}
    {%- for column in grain %}
        {%- do keys.append("coalesce(cast(" ~ column ~ " as " ~ kind_type('text') ~ "), 'unknown')") %}
    {%- endfor %}
    {%- for column in mart.columns if column not in grain %}
        {%- if column ~ '_ci_lower' in mart.columns %}
            {%- do measures.append((column, column ~ '_ci_lower', column ~ '_ci_upper')) %}
        {%- elif modules.re.fullmatch('(?!average_|median_|smallest_|largest_).+_(count|amount)', column) %}
            {%- do measures.append((column, 'null', 'null')) %}
        {%- endif %}
    {%- endfor %}
    {%- for measure, lower, upper in measures %}
    select
        '{{ mart.name }}' as mart_name,
        {{ keys | join(" || ' / ' || ") }} as row_key,
        '{{ measure }}' as measure_name,
        cast({{ measure }} as double) as measured_value,
        cast({{ lower }} as double) as lower_value,
        cast({{ upper }} as double) as upper_value
    from {{ relation }}
    where {{ compared_marts()[mart.name] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The columns of the tables that publishing keeps of a build. -#}
{% macro kept_tables() %}
    {% do return({
        'measures': {
            'mart_name': 'text', 'row_key': 'text', 'measure_name': 'text', 'measured_value': 'number', 'lower_value': 'number',
            'upper_value': 'number', 'is_told': 'boolean',
        },
        'members': {'customer_id': 'text', 'segment_scheme': 'text', 'segment_code': 'text'},
        'manifest': {'item_kind': 'text', 'item_name': 'text', 'fact': 'text'},
    }) %}
{% endmacro %}


{#- A table that publishing kept, as a select; no rows where nothing was published, or by a version that kept less. -#}
{% macro kept_rows(name) -%}
    {%- set columns = kept_tables()[name] %}
    {%- set relation = none %}
    {%- if execute %}
        {%- set relation = load_relation(api.Relation.create(
            database=(own_nodes() | first).database, schema='publishing', identifier=name
        )) %}
    {%- endif %}
    {%- if has_columns(relation, columns) -%}
    select {{ columns | join(', ') }} from {{ relation }}
    {%- else -%}
    select
        {%- for column, kind in columns.items() %}
        cast(null as {{ kind_type(kind) }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endif %}
{%- endmacro %}


{#- Whether a fact of a manifest says why results may differ; of a build itself, only what no other fact says. -#}
{% macro is_compared_fact() -%}
    (
            item_kind in ('code', 'input', 'package', 'seed', 'setting')
            or item_kind = 'build' and item_name in ('source_system', 'as_of_date')
        )
{%- endmacro %}


{#- These facts: item_kind, item_name and what is to be compared. -#}
{% macro manifest_facts(relation) -%}
    select
        item_kind,
        item_name,
        concat(coalesce(item_value, ''), ' ', coalesce(content_hash, ''), ' ', coalesce({{ whole_text('row_count') }}, '')) as fact
    from {{ relation }}
    where {{ is_compared_fact() }}
{%- endmacro %}


{#- What publishing keeps of this build: table of schema publishing -> select. Nothing in a project without these marts. -#}
{% macro kept_queries(marts) %}
    {% set compared = marts | selectattr('name', 'in', compared_marts().keys() | list) | list %}
    {% set nodes = own_nodes() %}
    {% set memberships = nodes | selectattr('name', 'equalto', 'int_segment_memberships') | first %}
    {% set manifest = marts | selectattr('name', 'equalto', 'run_manifest') | first %}
    {% if not compared or not memberships %}{% do return({}) %}{% endif %}
    {% set every = [] %}
    {% for mart in compared %}{% do every.append(measures_of(mart, node_relation(mart))) %}{% endfor %}
    {% do return({
        'measures': 'select every_measure.*, told.mart_name is not null as is_told from (' ~ every | join(' union all ')
            ~ ') as every_measure left join told_measures as told on '
            ~ 'every_measure.mart_name = told.mart_name and every_measure.row_key = told.row_key '
            ~ 'and every_measure.measure_name = told.measure_name',
        'members': 'select customer_id, segment_scheme, segment_code from ' ~ node_relation(memberships)
            ~ " where churn_basis = 'current'",
        'manifest': manifest_facts(node_relation(manifest)),
    }) %}
{% endmacro %}


{#- The measures that the published marts have, nothing of a small cell among them; PUBLISHED stands for their schema. Publishing
    makes a temporary table told_measures of them. -#}
{% macro told_measures(marts) %}
    {% set told = [] %}
    {% for mart in marts if mart.name in compared_marts() %}
        {% do told.append(measures_of(mart, 'PUBLISHED.' ~ mart.name)) %}
    {% endfor %}
    {% if not told %}{% do return(none) %}{% endif %}
    {% do return('select distinct mart_name, row_key, measure_name from (' ~ told | join(' union all ')
        ~ ') as told_measures where measured_value is not null') %}
{% endmacro %}


{#- Counts of people and rows that say how large a group is. -#}
{% macro group_sizes() -%}
    'customers_count', 'remaining_count', 'known_outcome_count', 'raw_count', 'conformed_count'
{%- endmacro %}


{#- Of quality_changes those rows whose figures were published before, and are published now. Where a group has grown or shrunk by
    fewer than var minimum_cell_size, only sizes: the change of another figure would be that of these few. -#}
{% macro told_changes(mart) %}
    {% set columns = [] %}
    {% for column in mart.columns %}
        {#- a missing place would say between which rows a withheld one stands -#}
        {% do columns.append(
            'cast(row_number() over (order by changes.change_rank) as bigint) as change_rank' if column == 'change_rank'
            else 'changes.' ~ column
        ) %}
    {% endfor %}
    {#- how many of the same customers are in a segment is told where the segment's size is -#}
    {% set measure = "case changes.measure_name when 'same_customers_count' then 'remaining_count' else changes.measure_name end" %}
    {% set told = (
        'select ' ~ columns | join(', ') ~ ' from ' ~ node_relation(mart) ~ ' as changes'
        ~ ' left join (' ~ kept_rows('measures') ~ ') as former on changes.mart_name = former.mart_name'
        ~ ' and changes.row_key = former.row_key and ' ~ measure ~ ' = former.measure_name and former.is_told'
        ~ ' left join told_measures as told on changes.mart_name = told.mart_name'
        ~ ' and changes.row_key = told.row_key and ' ~ measure ~ ' = told.measure_name'
        ~ ' left join (select distinct mart_name, row_key from ' ~ node_relation(mart) ~ ' where measure_name in (' ~ group_sizes()
        ~ ') and abs(change) between 1 and ' ~ number_var('minimum_cell_size') ~ ' - 1) as few'
        ~ ' on changes.mart_name = few.mart_name and changes.row_key = few.row_key and changes.measure_name not in (' ~ group_sizes() ~ ')'
        ~ ' where few.mart_name is null and (changes.before_value is null or former.mart_name is not null)'
        ~ ' and (changes.after_value is null or told.mart_name is not null)'
    ) %}
    {#- the others are not in the family of these, whose q-values would disclose them -#}
    {% set corrected = benjamini_hochberg('changes_told', 'true', 'published_q_value') %}
    {% set published = mart.columns.keys() | join(', ') | replace(' q_value,', ' published_q_value as q_value,') %}
    {% do return('select ' ~ published ~ ' from (with changes_told as (' ~ told ~ ') ' ~ corrected ~ ') as corrected') %}
{% endmacro %}


{#- The measures of two builds that differ, with the change, and how far noise reaches below and above it (null where it is not
    known): for estimates from the bounds of both, each by the bound that is nearer to the other or farther from it. -#}
{% macro measures_compared(former, measures) -%}
    {%- set before, after = former ~ '.measured_value', measures ~ '.measured_value' %}
    select
        {%- for key in ['mart_name', 'row_key', 'measure_name'] %}
        coalesce({{ former }}.{{ key }}, {{ measures }}.{{ key }}) as {{ key }},
        {%- endfor %}
        {{ before }} as before_value,
        {{ after }} as after_value,
        {{ after }} - {{ before }} as change,
        {%- for side, bound, other in [('lower', 'lower', 'upper'), ('upper', 'upper', 'lower')] %}
        case
            {#- counts of people or rows, whose noise is that of independent counts; other counts are plans #}
            when {{ measures }}.measure_name in (
                'customers_count', 'remaining_count', 'known_outcome_count', 'churned_count', 'women_count', 'credit_card_count',
                'raw_count', 'conformed_count', 'quarantined_count', 'deduplicated_count'
            ) then {{ confidence_z() }} * sqrt({{ after }} + {{ before }})
            else sqrt(
                power({{ after }} - {{ measures }}.{{ bound }}_value, 2) + power({{ former }}.{{ other }}_value - {{ before }}, 2)
            )
        end as {{ side }}_width{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ former }}
    full outer join {{ measures }}
        on
            {{ former }}.mart_name = {{ measures }}.mart_name
            and {{ former }}.row_key = {{ measures }}.row_key
            and {{ former }}.measure_name = {{ measures }}.measure_name
    -- the first build has nothing to be compared with
    where
        (select count(*) > 0 from {{ former }})
        and ({{ before }} <> {{ after }} or ({{ before }} is null) <> ({{ after }} is null))
{%- endmacro %}


{#- The rows of a relation of changes with their p_value: by the width of the noise towards no change, which has the level of the
    intervals. -#}
{% macro changes_tested(relation) -%}
    {%- set z = confidence_z() %}
    select
        *,
        case
            when change > 0 and lower_width > 0 then {{ normal_p_value(z ~ ' * change / lower_width') }}
            when change < 0 and upper_width > 0 then {{ normal_p_value(z ~ ' * change / upper_width') }}
        end as p_value
    from {{ relation }}
{%- endmacro %}


{#- A measured value as people read it. -#}
{% macro measure_text(value, measure) -%}
    case
        when right({{ measure }}, 6) = '_count' then {{ grouped_text(value) }}
        else {{ measured_text(value, "right(" ~ measure ~ ", 5) = '_rate' or right(" ~ measure ~ ", 6) = '_share'") }}
    end
{%- endmacro %}
