-- The segments on each day of the history, from the as-of date back: their customers, who came, what followed until the next day of
-- the history, and how many churned within the outcome window, once it has passed.
with moves as (
    select * from {{ ref('int_segment_moves_counted') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
),

counted as (
    select
        segment_scheme,
        from_segment_code as segment_code,
        from_on as observed_on,
        customers_count,
        from_valued_count as valued_count,
        from_clv_amount as total_clv_amount,
        outcome_known_count,
        outcome_churned_count
    from moves
    where span_months = 0
),

-- the days whose outcome window has passed
outcome_days as (
    select
        counted.observed_on,
        max(churn_days.window_days) as outcome_window_days
    from counted
    inner join {{ ref('int_churn_days') }} as churn_days on churn_days.churn_basis = 'current'
    where counted.outcome_known_count > 0
    group by counted.observed_on
),

-- no row for the first and the last day, which have nothing before and after them
days as (
    select distinct
        segment_scheme,
        from_on,
        to_on
    from moves
    where span_months = 1
),

arrived as (
    select
        segment_scheme,
        to_segment_code as segment_code,
        to_on as observed_on,
        sum(customers_count) filter (where from_segment_code in ('not_yet', 'churned')) as arrived_count,
        sum(customers_count) filter (
            where from_segment_code not in ('not_yet', 'churned') and from_segment_code <> to_segment_code
        ) as entered_count
    from moves
    where span_months = 1
    group by all
),

followed as (
    select
        segment_scheme,
        from_segment_code as segment_code,
        from_on as observed_on,
        sum(customers_count) filter (where to_segment_code = 'churned') as churned_count,
        sum(customers_count) filter (where to_segment_code = 'ended') as ended_count,
        sum(customers_count) filter (
            where to_segment_code not in ('churned', 'ended') and from_segment_code <> to_segment_code
        ) as moved_count
    from moves
    where span_months = 1
    group by all
),

joined as (
    select
        counted.segment_scheme,
        counted.segment_code,
        {{ segment_or_state_name('counted.segment_code', 'named.segment_name') }} as segment_name,
        counted.observed_on,
        counted.customers_count,
        counted.valued_count,
        cast(counted.total_clv_amount as decimal(18, 2)) as total_clv_amount,
        case when days_before.to_on is not null then coalesce(arrived.arrived_count, 0) end as arrived_count,
        case when days_before.to_on is not null then coalesce(arrived.entered_count, 0) end as entered_count,
        case when days_after.from_on is not null then coalesce(followed.moved_count, 0) end as moved_count,
        case when days_after.from_on is not null then coalesce(followed.churned_count, 0) end as churned_count,
        case when days_after.from_on is not null then coalesce(followed.ended_count, 0) end as ended_count,
        case when days_after.from_on is not null then counted.customers_count - coalesce(followed.ended_count, 0) end
            as known_outcome_count,
        {{ dbt.datediff('days_after.from_on', 'days_after.to_on', 'day') }} as window_days,
        outcome_days.outcome_window_days,
        case when outcome_days.observed_on is not null then counted.outcome_known_count end as outcome_known_count,
        case when outcome_days.observed_on is not null then counted.outcome_churned_count end as outcome_churned_count
    from counted
    left join outcome_days on counted.observed_on = outcome_days.observed_on
    left join days as days_before
        on counted.segment_scheme = days_before.segment_scheme and counted.observed_on = days_before.to_on
    left join days as days_after
        on counted.segment_scheme = days_after.segment_scheme and counted.observed_on = days_after.from_on
    left join arrived
        on
            counted.segment_scheme = arrived.segment_scheme
            and counted.segment_code = arrived.segment_code
            and counted.observed_on = arrived.observed_on
    left join followed
        on
            counted.segment_scheme = followed.segment_scheme
            and counted.segment_code = followed.segment_code
            and counted.observed_on = followed.observed_on
    left join named
        on counted.segment_scheme = named.segment_scheme and counted.segment_code = named.segment_code
),

rated as (
    select
        segment_scheme,
        segment_code,
        segment_name,
        observed_on,
        customers_count,
        valued_count,
        total_clv_amount,
        cast(arrived_count as bigint) as arrived_count,
        cast(entered_count as bigint) as entered_count,
        cast(moved_count as bigint) as moved_count,
        cast(ended_count as bigint) as ended_count,
        cast(window_days as bigint) as window_days,
        cast(known_outcome_count as bigint) as known_outcome_count,
        cast(churned_count as bigint) as churned_count,
        cast(churned_count as double) / nullif(known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('churned_count', 'known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'known_outcome_count') }} as churn_rate_ci_upper,
        outcome_window_days,
        outcome_known_count,
        outcome_churned_count,
        cast(outcome_churned_count as double) / nullif(outcome_known_count, 0) as outcome_churn_rate,
        {{ wilson_lower('outcome_churned_count', 'outcome_known_count') }} as outcome_churn_rate_ci_lower,
        {{ wilson_upper('outcome_churned_count', 'outcome_known_count') }} as outcome_churn_rate_ci_upper
    from joined
)

select * from rated
