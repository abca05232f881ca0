{#- Fails with each of the names that the column lacks. On a seed it runs before anything is built on it, and the failed
    test's own name shows the vars that hold the names. A name that is null asks for nothing. -#}
{% test names_exist(model, column_name, names) %}

with expected_names as (
    {%- for name in names %}
    select {{ 'null' if name is none else sql_literal(name) }} as expected_name
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select expected_name
from expected_names
where expected_name not in (select {{ column_name }} from {{ model }} where {{ column_name }} is not null)

{% endtest %}
