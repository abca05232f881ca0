{#- Fails with each combination of the columns that occurs more than once; nulls are compared as values. -#}
{% test is_unique_key(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
