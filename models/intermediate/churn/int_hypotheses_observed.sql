-- The exact rows behind each registered hypothesis: one per hypothesis, part and customer of its groups.
{%- set groups = hypothesis_groups() %}
{%- do groups.pop('credit_score_band') %}

with hypotheses as (
    select * from {{ ref('hypotheses') }}
),

observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated
),

described as (
    select
        {%- for column, value in hypothesis_measures().items() %}
        cast({{ value }} as double) as {{ column }}_measure,
        {%- endfor %}
        {%- for column, value in groups.items() %}
        {{ value }} as {{ column }}_group{{ ',' if not loop.last }}
        {%- endfor %}
    from observations
),

paired as (
    select
        hypotheses.hypothesis_code,
        hypotheses.part,
        hypotheses.group_a,
        hypotheses.group_b,
        case hypotheses.group_column
            {%- for column in groups %}
            when '{{ column }}' then described.{{ column }}_group
            {%- endfor %}
        end as group_value,
        case hypotheses.measure_column
            {%- for column in hypothesis_measures() %}
            when '{{ column }}' then described.{{ column }}_measure
            {%- endfor %}
        end as measured_value
    from hypotheses
    cross join described
),

grouped as (
    select
        hypothesis_code,
        part,
        case
            when part = 'many' then group_value
            when group_value = group_a then 'a'
            when group_value = group_b then 'b'
        end as group_name,
        measured_value
    from paired
    where group_value <> 'unknown'
),

-- equal values are counted once, so that the test reads a table and not a customer base
counted as (
    select
        hypothesis_code,
        part,
        group_name,
        measured_value,
        count(*) as customers_count
    from grouped
    where group_name is not null
    group by hypothesis_code, part, group_name, measured_value
)

select * from counted
