{#- The longest gap, in days, between the closing days of an extract that records closings all the time. Under regular closings the gaps
    between n closing days are about exponential, and the longest exceeds (ln(n) + ln(1 / p)) times their mean with a
    probability below p, here 0.001. -#}
{% macro longest_regular_gap(day_count, mean_gap) -%}
    (ln(cast({{ day_count }} as double)) - ln(cast(0.001 as double))) * {{ mean_gap }}
{%- endmacro %}

{#- Whether churn can be placed in time: few churned customers without a date. A silence from before activities were recorded has no date,
    and is not at risk either. Above this share churn is a flag on a snapshot. An aggregate over int_customers_churned. -#}
{% macro is_churn_dated() -%}
    (
        coalesce(bool_or(can_return), false)
        or count(*) filter (where is_churned and churned_on is null) <= {{ maximum_undated_share() }} * count(*) filter (where is_churned)
    )
{%- endmacro %}
