{#- What the rows of a table have to meet, checked in one scan: a row per expectation that is not met, with its column, its rule and
    the number of rows that fail it. Nulls fail `not_null` alone, and `holds`, which asks for a condition that is true.
    - `unique`: lists of columns, each a key; nulls are compared as values
    - `named_by_vars`: the vars that each name a value of a column; one that is empty asks for nothing
    - `not_null`: columns
    - `accepted`: the values that a column may have
    - `known`: a column's kind of names, see macro known_names. Where rows have an owner (source_system is among these columns),
      the others are looked at for the active layout alone: its own columns are no one else's.
    - `between`: the lowest and the highest value of a column, NaN being neither
    - `inside_interval`: estimates with their bounds beside them, either both or none; rounding is forgiven at the twelfth digit
    - `holds`: conditions -#}
{% test expectations(model, unique=[], named_by_vars={}, not_null=[], accepted={}, known={}, between={}, inside_interval=[], holds=[]) %}

{#- of all rows together: a query with a row for each fault -#}
{%- set of_all_rows = [] -%}
{%- for key in unique -%}
    {%- set columns = key | join(', ') -%}
    {%- do of_all_rows.append((columns, 'is not unique', ' group by ' ~ columns ~ ' having count(*) > 1')) -%}
{%- endfor -%}
{%- for column, vars in named_by_vars.items() -%}
    {%- for name in vars if var(name) is not none -%}
        {%- do of_all_rows.append((
            column, 'does not have ' ~ var(name) ~ ', which var ' ~ name ~ ' asks for',
            ' having count(case when ' ~ column ~ ' = ' ~ sql_literal(var(name)) ~ ' then 1 end) = 0'
        )) -%}
    {%- endfor -%}
{%- endfor -%}

{#- of each row: when it fails -#}
{%- set of_each_row = [] -%}
{%- for column in not_null -%}
    {%- do of_each_row.append((column, 'is null', column ~ ' is null')) -%}
{%- endfor -%}
{%- for column, values in accepted.items() -%}
    {%- set literals = [] -%}
    {%- for value in values -%}{%- do literals.append(sql_literal(value) if value is string else value) -%}{%- endfor -%}
    {%- do of_each_row.append((column, 'is none of ' ~ values | join(', '), column ~ ' not in (' ~ literals | join(', ') ~ ')')) -%}
{%- endfor -%}
{%- for column, kind in known.items() -%}
    {%- set literals = [] -%}
    {%- for name in known_names(kind) -%}{%- do literals.append(sql_literal(name)) -%}{%- endfor -%}
    {%- set of_layout = ' and ' ~ holds_for_layout() if 'source_system' in known and column != 'source_system' else '' -%}
    {%- do of_each_row.append((column, 'is not among the ' ~ kind, column ~ ' not in (' ~ literals | join(', ') ~ ')' ~ of_layout)) -%}
{%- endfor -%}
{%- for column, bounds in between.items() -%}
    {%- do of_each_row.append((
        column, 'is not between ' ~ bounds | join(' and '),
        'not (' ~ column ~ ' >= ' ~ bounds[0] ~ ' and ' ~ column ~ ' <= ' ~ bounds[1] ~ ')'
    )) -%}
{%- endfor -%}
{%- for column in inside_interval -%}
    {%- set is_outside -%}
        ({{ column }}_ci_lower is null) <> ({{ column }}_ci_upper is null)
        or {{ column }}_ci_lower is not null
        and (
            {{ column }} is null
            or isnan({{ column }})
            or isnan({{ column }}_ci_upper)
            or {{ column }} < {{ column }}_ci_lower - 1e-12 * abs({{ column }})
            or {{ column }} > {{ column }}_ci_upper + 1e-12 * abs({{ column }})
        )
    {%- endset -%}
    {%- do of_each_row.append((column, 'is not inside its interval', is_outside)) -%}
{%- endfor -%}
{%- for condition in holds -%}
    {%- do of_each_row.append((condition, 'does not hold', '(' ~ condition ~ ') is not true')) -%}
{%- endfor -%}

with
{%- if of_each_row %}
counted as (
    select
        {%- for _, _, fails in of_each_row %}
        count(case when {{ fails }} then 1 end) as count_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
),

rules as (
    {%- for column, rule, _ in of_each_row %}
    select {{ loop.index }} as rule_number, {{ sql_literal(column) }} as column_name, {{ sql_literal(rule) }} as broken_rule
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),
{%- endif %}

failed as (
    {%- if of_each_row %}
    select
        rules.column_name,
        rules.broken_rule,
        case rules.rule_number
            {%- for _ in of_each_row %}
            when {{ loop.index }} then counted.count_{{ loop.index }}
            {%- endfor %}
        end as row_count
    from rules
    cross join counted
    {%- endif %}
    {%- for column, rule, faults in of_all_rows %}
    {{ 'union all' if of_each_row or not loop.first }}
    select
        {{ sql_literal(column) }} as column_name,
        {{ sql_literal(rule) }} as broken_rule,
        count(*) as row_count
    from (select 1 from {{ model }}{{ faults }}) as faults
    {%- endfor %}
)

select
    column_name,
    broken_rule,
    row_count
from failed
where row_count > 0

{% endtest %}
