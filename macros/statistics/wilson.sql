{#- Wilson score interval of a proportion, `successes` out of `trials` (Wilson 1927), at the level of var confidence_level;
    null where trials is 0. Arguments are column names or parenthesised expressions. -#}

{#- The smaller root of Wilson's quadratic as the product of both roots over the larger one: nothing cancels, so it is
    0 at no success and never above the estimate, and it stays null without trials (greatest would skip the null). -#}
{% macro wilson_lower(successes, trials) -%}
    {%- set z = confidence_z() -%}
    cast({{ successes }} as double) * {{ successes }} / nullif({{ trials }} * (
        cast({{ successes }} as double) + {{ z }} * {{ z }} / 2.0
        + {{ z }} * sqrt(
            cast({{ successes }} as double) * ({{ trials }} - {{ successes }}) / nullif({{ trials }}, 0)
            + {{ z }} * {{ z }} / 4.0
        )
    ), 0)
{%- endmacro %}

{#- By symmetry from the lower bound, so that rounding never puts it below the estimate at successes = trials. -#}
{% macro wilson_upper(successes, trials) -%}
    1.0 - {{ wilson_lower('(' ~ trials ~ ' - ' ~ successes ~ ')', trials) }}
{%- endmacro %}
