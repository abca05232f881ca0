-- A crossed cell of a few people keeps its outcome to itself; its size stays, so that every cut still adds up.
{%- set outcome_columns = churn_rate_columns().split(',') | map('trim') | list %}
with compared as (
    select
        *,
        cut_count > 1 and customers_count < {{ number_var('minimum_cell_size') }} as is_suppressed
    from {{ ref('int_churn_rates_compared') }}
    where is_in_cube
),

cube as (
    select
        cut_count,
        cut_name,
        cut_value,
        {%- for column in outcome_columns %}
        {% if column in ('customers_count', 'is_small_cell', 'churn_basis', 'observed_on', 'window_days') -%}
        {{ column }},
        {%- else -%}
        case when not is_suppressed then {{ column }} end as {{ column }},
        {%- endif %}
        {%- endfor %}
        is_suppressed
    from compared
)

select * from cube
