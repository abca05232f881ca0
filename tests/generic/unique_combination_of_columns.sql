{#- Fails with each combination of the columns that occurs more than once; nulls are compared as values. Named like the test of
    dbt_utils, so that tools which read the manifest find the key of each table. -#}
{% test unique_combination_of_columns(model, combination_of_columns) %}

select
    {{ combination_of_columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ combination_of_columns | join(', ') }}
having count(*) > 1

{% endtest %}
