{#- Comparison of two groups, k1 of n1 against k2 of n2. Every macro is null where a group is empty. -#}

{#- Risk ratio; null also where nobody of the second group is affected. -#}
{% macro risk_ratio(k1, n1, k2, n2) -%}
    (cast({{ k1 }} as double) / nullif({{ n1 }}, 0)) / nullif(cast({{ k2 }} as double) / nullif({{ n2 }}, 0), 0)
{%- endmacro %}


{#- Bound of the risk ratio from the Wilson intervals of both proportions (Donner and Zou 2012); side is -1 or 1. The upper bound is
    one over the lower bound of the inverse ratio. Null also where nobody of the second group is affected. -#}
{% macro risk_ratio_bound(k1, n1, k2, n2, side) -%}
    {%- if side < 0 -%}
    case
        when {{ k1 }} = 0 then {{ risk_ratio(k1, n1, k2, n2) }}
        when {{ k2 }} > 0 then {{ positive_ratio_lower(k1, n1, k2, n2) }}
    end
    {%- else -%}
    case when {{ k2 }} > 0 then 1.0 / ({{ positive_ratio_lower(k2, n2, k1, n1) }}) end
    {%- endif -%}
{%- endmacro %}

{#- The lower bound where the first group has an affected member: nothing cancels, and no denominator is 0. -#}
{% macro positive_ratio_lower(k1, n1, k2, n2) -%}
    {%- set rate1 = '(cast(' ~ k1 ~ ' as double) / nullif(' ~ n1 ~ ', 0))' -%}
    {%- set rate2 = '(cast(' ~ k2 ~ ' as double) / nullif(' ~ n2 ~ ', 0))' -%}
    {%- set lower1 = '(' ~ wilson_lower(k1, n1) ~ ')' -%}
    {%- set square1 = lower1 ~ ' * (2.0 * ' ~ rate1 ~ ' - ' ~ lower1 ~ ')' -%}
    {{ square1 }} / (
        {{ rate1 }} * {{ rate2 }} + sqrt(
            {{ square1 }} * power({{ wilson_upper(k2, n2) }} - {{ rate2 }}, 2)
            + power({{ rate2 }} * ({{ rate1 }} - {{ lower1 }}), 2)
        )
    )
{%- endmacro %}


{#- Cohen's h (Cohen 1988): difference of the arcsine-transformed proportions. -#}
{% macro cohens_h(k1, n1, k2, n2) -%}
    2.0 * asin(sqrt(cast({{ k1 }} as double) / nullif({{ n1 }}, 0)))
    - 2.0 * asin(sqrt(cast({{ k2 }} as double) / nullif({{ n2 }}, 0)))
{%- endmacro %}
