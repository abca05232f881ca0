{#- Fails with each row whose estimate lies outside its own interval, or that shows one bound without the other. Rounding
    is forgiven at the twelfth digit. -#}
{% test is_inside_its_interval(model, column) %}

select
    {{ column }},
    {{ column }}_ci_lower,
    {{ column }}_ci_upper
from {{ model }}
where
    {{ column }} < {{ column }}_ci_lower - 1e-12 * abs({{ column }})
    or {{ column }} > {{ column }}_ci_upper + 1e-12 * abs({{ column }})
    or ({{ column }}_ci_lower is null) <> ({{ column }}_ci_upper is null)

{% endtest %}
