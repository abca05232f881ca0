{#- Fails with each value below `lower` or above `upper`, NaN included; nulls pass. -#}
{% test is_between(model, column_name, lower, upper) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} is not null and not ({{ column_name }} >= {{ lower }} and {{ column_name }} <= {{ upper }})

{% endtest %}
