-- Customers and churned customers of each interval in both halves and each window that tests read; the intervals of a feature
-- divide all observations whose outcome is known. A value that the discovery half never had is counted under `other`.
{#- on a snapshot, a feature with a higher area under the ROC curve alone is a suspected leak -#}
{%- set maximum_auc = 0.95 %}
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested and is_churned is not null
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
    where is_studied
),

intervals as (
    select * from {{ ref('int_churn_intervals_found') }}
),

valued as (
    select
        features.feature_name,
        case features.feature_name
            {%- for column in customer_features()['numbers'] %}
            when '{{ column }}' then cast(observations.{{ column }} as double)
            {%- endfor %}
        end as number_value,
        case features.feature_name
            {%- for column, value in customer_feature_texts().items() %}
            when '{{ column }}' then nullif({{ value }}, 'unknown')
            {%- endfor %}
        end as text_value,
        coalesce(observations.window_number, 1) as window_number,
        observations.is_discovery,
        observations.is_churned
    from observations
    cross join features
),

-- equal values are counted once, before they are compared with bounds
values_counted as (
    select
        feature_name,
        number_value,
        text_value,
        window_number,
        is_discovery,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from valued
    group by feature_name, number_value, text_value, window_number, is_discovery
),

placed as (
    select
        values_counted.*,
        coalesce(
            intervals.interval_kind,
            case when values_counted.text_value is null then 'missing' else 'other' end
        ) as interval_kind,
        intervals.interval_number
    from values_counted
    left join intervals
        on
            values_counted.feature_name = intervals.feature_name
            and case intervals.interval_kind
                when 'zero' then values_counted.number_value = 0
                when 'range' then
                    values_counted.number_value <> 0
                    and {{ is_within('values_counted.number_value', 'intervals.lower_bound', 'intervals.upper_bound') }}
                when 'value' then values_counted.text_value = intervals.value
                else false
            end
),

-- missing and other are whatever no interval above holds
counted as (
    select
        intervals.feature_name,
        intervals.interval_number,
        placed.window_number,
        cast(sum(placed.customers_count) filter (where placed.is_discovery) as bigint) as discovery_count,
        cast(sum(placed.churned_count) filter (where placed.is_discovery) as bigint) as discovery_churned_count,
        cast(sum(placed.customers_count) filter (where not placed.is_discovery) as bigint) as confirmation_count,
        cast(sum(placed.churned_count) filter (where not placed.is_discovery) as bigint) as confirmation_churned_count
    from intervals
    inner join placed
        on
            intervals.feature_name = placed.feature_name
            and intervals.interval_kind = placed.interval_kind
            and coalesce(placed.interval_number, intervals.interval_number) = intervals.interval_number
    group by intervals.feature_name, intervals.interval_number, placed.window_number
),

-- the area under the ROC curve of customers ordered by the rate of their interval, in the discovery half of the latest window:
-- the share of pairs of a churned and a retained customer in which the churned one has the higher rate, ties counting half
discovered as (
    select
        feature_name,
        discovery_churned_count as churned_count,
        discovery_count - discovery_churned_count as retained_count,
        cast(discovery_churned_count as double) / discovery_count as churn_rate
    from counted
    where window_number = 1 and discovery_count > 0
),

ordered as (
    select
        feature_name,
        churned_count,
        retained_count,
        sum(retained_count) over (partition by feature_name order by churn_rate) as retained_up_to_count,
        sum(retained_count) over (partition by feature_name, churn_rate) as retained_equal_count
    from discovered
),

areas as (
    select
        feature_name,
        sum(churned_count * (retained_up_to_count - 0.5 * cast(retained_equal_count as double)))
        / nullif(sum(churned_count) * sum(retained_count), 0) as feature_auc
    from ordered
    group by feature_name
),

filled as (
    select
        intervals.*,
        counted.window_number,
        features.is_tested,
        features.is_suspected_leak or features.churn_basis = 'snapshot' and coalesce(areas.feature_auc > {{ maximum_auc }}, false)
            as is_suspected_leak,
        areas.feature_auc,
        coalesce(counted.discovery_count, 0) as discovery_count,
        coalesce(counted.discovery_churned_count, 0) as discovery_churned_count,
        coalesce(counted.confirmation_count, 0) as confirmation_count,
        coalesce(counted.confirmation_churned_count, 0) as confirmation_churned_count
    from intervals
    inner join counted
        on intervals.feature_name = counted.feature_name and intervals.interval_number = counted.interval_number
    inner join features on intervals.feature_name = features.feature_name
    left join areas on intervals.feature_name = areas.feature_name
)

select * from filled
