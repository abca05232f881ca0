-- Marts without rows because no column has a value that they need, and the columns of which one would suffice.
{%- set requirements = mart_requirements() %}
{%- set entity_columns = {} %}
{%- for lists in requirements.values() %}
    {%- for column in lists | sum(start=[]) %}
        {%- do entity_columns.setdefault(column.split('.')[0], {}).update({column.split('.')[1]: true}) %}
    {%- endfor %}
{%- endfor %}

with
{%- for entity_name, columns in entity_columns.items() %}
{{ entity_name }} as (
    select
        {%- for column in columns %}
        count({{ column }}) > 0 as has_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_' ~ entity_name ~ '_conformed') }}
),
{% endfor %}
missing as (
    {%- set parts = [] %}
    {%- for mart, lists in requirements.items() %}
    {%- for columns in lists %}
    {%- set conditions = [] %}
    {%- set entity_names = [] %}
    {%- for column in columns %}
        {%- do conditions.append('not ' ~ column.replace('.', '.has_')) %}
        {%- do entity_names.append(column.split('.')[0]) %}
    {%- endfor %}
    {%- set part %}
    select
        {{ sql_literal(mart) }} as mart_name,
        {{ sql_literal(columns | join(' or ')) }} as missing_columns
    from {{ entity_names | unique | join('\n    cross join ') }}
    where {{ conditions | join(' and ') }}
    {%- endset %}
    {%- do parts.append(part) %}
    {%- endfor %}
    {%- endfor %}
    {{ parts | join('\n    union all') }}
)

select * from missing
