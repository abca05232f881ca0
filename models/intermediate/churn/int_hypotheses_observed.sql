-- The exact rows behind each registered hypothesis: how many customers of its groups have each value in each window that tests
-- read. Without churn in it a hypothesis reads the latest window alone: in another the same customers have the same values again.
{%- set groups = hypothesis_groups() %}

with hypotheses as (
    select * from {{ ref('int_hypotheses_registered') }}
),

observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested
),

described as (
    select
        is_rated,
        coalesce(window_number, 1) as window_number,
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
        described.window_number,
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
    where described.is_rated or 'is_churned' in (hypotheses.group_column, hypotheses.measure_column)
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
        window_number,
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
        window_number,
        measured_value,
        count(*) as customers_count
    from grouped
    where group_name is not null
    group by hypothesis_code, part, group_name, window_number, measured_value
)

select * from counted
