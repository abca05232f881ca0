{#- Comparison of two groups, k1 of n1 against k2 of n2. Every macro is null where a group is empty. -#}

{#- z of a group against the rest within windows (Cochran 1954), an aggregate over one row per window_number: k of n in the
    group, all_k of all_n with the rest. With one window its square is the chi-square of the 2 x 2 table without continuity
    correction. Windows are added in their order, so that the sum does not depend on that of the rows. -#}
{% macro stratified_z(k, n, all_k, all_n, window='window_number') -%}
    {#- products of counts first: they are exact where a difference of rates would cancel -#}
    {%- set excess = '(cast(' ~ k ~ ' as double) * ' ~ all_n ~ ' - cast(' ~ n ~ ' as double) * ' ~ all_k ~ ') / nullif(' ~ all_n ~ ', 0)' -%}
    {%- set variance = 'cast(' ~ n ~ ' as double) / nullif(' ~ all_n ~ ', 0) * (' ~ all_n ~ ' - ' ~ n ~ ') * ' ~ all_k
        ~ ' / nullif(' ~ all_n ~ ', 0) * (' ~ all_n ~ ' - ' ~ all_k ~ ') / nullif(' ~ all_n ~ ', 0)' -%}
    ({{ sum_over_windows(excess, window) }}) / nullif(sqrt({{ sum_over_windows(variance, window) }}), 0)
{%- endmacro %}


{% macro sum_over_windows(term, window) -%}
    {%- for number in churn_windows() -%}
    coalesce(max({{ term }}) filter (where {{ window }} = {{ number }}), 0.0){{ ' + ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Risk ratio; null also where nobody of the second group is affected. -#}
{% macro risk_ratio(k1, n1, k2, n2) -%}
    (cast({{ k1 }} as double) / nullif({{ n1 }}, 0)) / nullif(cast({{ k2 }} as double) / nullif({{ n2 }}, 0), 0)
{%- endmacro %}


{#- Bound of the risk ratio by Katz et al. (1978); side is -1 or 1; null also where a group has no affected member. -#}
{% macro risk_ratio_bound(k1, n1, k2, n2, side) -%}
    {{ risk_ratio(k1, n1, k2, n2) }} * exp({{ side }} * {{ confidence_z() }} * sqrt(
        1.0 / nullif({{ k1 }}, 0) - 1.0 / nullif({{ n1 }}, 0) + 1.0 / nullif({{ k2 }}, 0) - 1.0 / nullif({{ n2 }}, 0)
    ))
{%- endmacro %}


{#- Cohen's h (Cohen 1988): difference of the arcsine-transformed proportions. -#}
{% macro cohens_h(k1, n1, k2, n2) -%}
    2.0 * asin(sqrt(cast({{ k1 }} as double) / nullif({{ n1 }}, 0)))
    - 2.0 * asin(sqrt(cast({{ k2 }} as double) / nullif({{ n2 }}, 0)))
{%- endmacro %}
