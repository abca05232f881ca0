-- How age, balance and salary are distributed among churned and retained customers. The bounds are round numbers, found without
-- outcomes: equal steps between the outer fortieths of customers, or 1, 2 and 5 times powers of ten where half of the customers
-- would be in one step. A zero that the intervals of the study set apart is apart here too.
{%- set features = ['age', 'balance', 'estimated_salary'] %}
{%- set step_count = 10 %}
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
    where is_studied
),

zeros as (
    select
        feature_name,
        {{ interval_name() }} as zero_name
    from {{ ref('int_churn_intervals_counted') }}
    where interval_kind = 'zero' and window_number = 1
),

numbers as (
    {{ dbt.generate_series(64) }}
),

valued as (
    {%- for feature in features %}
    select
        '{{ feature }}' as feature_name,
        cast({{ feature }} as double) as number_value,
        is_churned
    from observations
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

spread as (
    select
        valued.feature_name,
        {{ quantiles('valued.number_value', [0.025, 0.5, 0.975]) }} as quantile_values,
        max(features.is_whole_number) as is_whole_number
    from valued
    inner join features on valued.feature_name = features.feature_name
    left join zeros on valued.feature_name = zeros.feature_name
    where valued.number_value is not null and (zeros.zero_name is null or valued.number_value <> 0)
    group by valued.feature_name
),

measured as (
    select
        feature_name,
        is_whole_number,
        {{ list_item('quantile_values', 1) }} as lowest,
        {{ list_item('quantile_values', 2) }} as median,
        {{ list_item('quantile_values', 3) }} as highest
    from spread
),

magnitudes as (
    select
        *,
        (highest - lowest) / {{ step_count }} as raw_step,
        power(cast(10 as double), floor(log10(nullif(highest - lowest, 0) / {{ step_count }}))) as magnitude
    from measured
    where highest > lowest
),

stepped as (
    select
        *,
        greatest(
            case when is_whole_number then 1.0 else 0.0 end,
            case
                when raw_step <= magnitude then magnitude
                when raw_step <= 2 * magnitude then 2 * magnitude
                when raw_step <= 5 * magnitude then 5 * magnitude
                else 10 * magnitude
            end
        ) as step
    from magnitudes
),

shaped as (
    select
        *,
        lowest > 0 and median < (floor(lowest / step) + 1) * step as is_skewed
    from stepped
),

bounds as (
    select
        shaped.feature_name,
        (floor(shaped.lowest / shaped.step) + numbers.generated_number) * shaped.step as bound
    from shaped
    cross join numbers
    where not shaped.is_skewed and (floor(shaped.lowest / shaped.step) + numbers.generated_number) * shaped.step <= shaped.highest
    union all
    {%- for factor in [1, 2, 5] %}
    select
        shaped.feature_name,
        {{ factor }} * power(cast(10 as double), floor(log10(case when shaped.lowest > 0 then shaped.lowest end)) + numbers.generated_number - 1) as bound
    from shaped
    cross join numbers
    where
        shaped.is_skewed
        and {{ factor }} * power(cast(10 as double), floor(log10(case when shaped.lowest > 0 then shaped.lowest end)) + numbers.generated_number - 1)
        between shaped.lowest and shaped.highest
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

edges as (
    select
        feature_name,
        bound
    from bounds
    union all
    -- below the first bound; all values where there is none
    select
        feature_name,
        cast(null as double) as bound
    from measured
),

ranges as (
    select
        feature_name,
        bound as lower_bound,
        lead(bound) over (partition by feature_name order by bound nulls first) as upper_bound,
        row_number() over (partition by feature_name order by bound nulls first) as range_number
    from edges
),

intervals as (
    select
        measured.feature_name,
        'missing' as interval_kind,
        cast(1 as bigint) as interval_number,
        cast(null as double) as lower_bound,
        cast(null as double) as upper_bound
    from measured
    union all
    select
        measured.feature_name,
        'zero' as interval_kind,
        cast(2 as bigint) as interval_number,
        cast(null as double) as lower_bound,
        cast(null as double) as upper_bound
    from measured
    inner join zeros on measured.feature_name = zeros.feature_name
    union all
    select
        feature_name,
        'range' as interval_kind,
        cast(2 + range_number as bigint) as interval_number,
        lower_bound,
        upper_bound
    from ranges
),

-- equal values are counted once, before they are compared with bounds
values_counted as (
    select
        feature_name,
        number_value,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from valued
    group by feature_name, number_value
),

counted as (
    select
        intervals.feature_name,
        intervals.interval_number,
        intervals.interval_kind,
        intervals.lower_bound,
        intervals.upper_bound,
        max(zeros.zero_name) as zero_name,
        cast(sum(values_counted.customers_count) as bigint) as customers_count,
        cast(sum(values_counted.churned_count) as bigint) as churned_count
    from intervals
    left join zeros on intervals.feature_name = zeros.feature_name
    inner join values_counted
        on
            intervals.feature_name = values_counted.feature_name
            and case intervals.interval_kind
                when 'missing' then values_counted.number_value is null
                when 'zero' then values_counted.number_value = 0
                else
                    (zeros.zero_name is null or values_counted.number_value <> 0)
                    and {{ is_within('values_counted.number_value', 'intervals.lower_bound', 'intervals.upper_bound') }}
            end
    group by
        intervals.feature_name, intervals.interval_number, intervals.interval_kind, intervals.lower_bound, intervals.upper_bound
)

select * from counted
