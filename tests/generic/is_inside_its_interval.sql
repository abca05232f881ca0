{#- Fails with each row whose estimate lies outside its own interval, or that shows a bound without the other bound or
    without an estimate. Rounding is forgiven at the twelfth digit. -#}
{% test is_inside_its_interval(model, column) %}

select
    {{ column }},
    {{ column }}_ci_lower,
    {{ column }}_ci_upper
from {{ model }}
where
    ({{ column }}_ci_lower is null) <> ({{ column }}_ci_upper is null)
    or {{ column }}_ci_lower is not null
    and (
        {{ column }} is null
        or isnan({{ column }})
        or isnan({{ column }}_ci_upper)
        or {{ column }} < {{ column }}_ci_lower - 1e-12 * abs({{ column }})
        or {{ column }} > {{ column }}_ci_upper + 1e-12 * abs({{ column }})
    )

{% endtest %}
