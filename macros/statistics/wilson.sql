{#- Wilson score interval of a proportion, `successes` out of `trials` (Wilson 1927), at the level of var confidence_z;
    null where trials is 0. Arguments are column names or parenthesised expressions. -#}
{% macro wilson_lower(successes, trials) -%}
    {%- set z = var('confidence_z') -%}
    greatest(0.0, (
        (cast({{ successes }} as double) + {{ z }} * {{ z }} / 2.0)
        - {{ z }} * sqrt(
            cast({{ successes }} as double) * (cast({{ trials }} as double) - {{ successes }}) / nullif({{ trials }}, 0)
            + {{ z }} * {{ z }} / 4.0
        )
    ) / nullif(cast({{ trials }} as double) + {{ z }} * {{ z }} * sign({{ trials }}), 0))
{%- endmacro %}

{#- By symmetry from the lower bound, so that rounding never puts it below the estimate at successes = trials. -#}
{% macro wilson_upper(successes, trials) -%}
    1.0 - {{ wilson_lower('(' ~ trials ~ ' - ' ~ successes ~ ')', trials) }}
{%- endmacro %}
