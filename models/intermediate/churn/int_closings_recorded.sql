-- From when on the extract records closings. A migration often carries a few old closings along; were observation to
-- start with them, years in which no closing was recorded would count as years in which nobody closed. Var
-- churn_observed_from names the first day; by default closings are recorded from where they become regular.
{#- More early closings than this share of all are no strays. #}
{%- set maximum_stray_share = 0.05 %}
with churned as (
    select * from {{ ref('int_customers_churned') }}
),

closing_days as (
    select
        churned_on,
        count(*) as closings_count
    from churned
    where churned_on is not null
    group by churned_on
),

-- each closing day with the gap before it, and what follows the gap
spaced as (
    select
        churned_on,
        {{ dbt.datediff('lag(churned_on) over (order by churned_on)', 'churned_on', 'day') }} as gap_days,
        {{ dbt.datediff('churned_on', 'max(churned_on) over ()', 'day') }} as later_days,
        count(*) over (order by churned_on desc) as later_day_count,
        sum(closings_count) over (order by churned_on) - closings_count as earlier_closings_count,
        sum(closings_count) over () as all_closings_count
    from closing_days
),

measured as (
    select
        *,
        cast(later_days as double) / nullif(later_day_count - 1, 0) as mean_later_gap
    from spaced
),

regular as (
    select
        coalesce(
            max(case
                when
                    earlier_closings_count > 0
                    and earlier_closings_count <= {{ maximum_stray_share }} * all_closings_count
                    and mean_later_gap > 0
                    and gap_days > {{ longest_regular_gap('later_day_count', 'mean_later_gap') }}
                    then churned_on
            end),
            min(churned_on)
        ) as regular_from
    from measured
),

-- the closing with which regular closings start defines the start, so it is no evidence of the rate after it
started as (
    select
        coalesce({{ date_var('churn_observed_from') }}, regular_from) as recording_starts_on,
        coalesce({{ date_shifted(date_var('churn_observed_from'), -1, 'day') }}, regular_from) as recorded_after
    from regular
    where regular_from is not null
),

recorded as (
    select
        max(started.recorded_after) as recorded_after,
        max(started.recording_starts_on) as recording_starts_on,
        coalesce(cast(sum(closing_days.closings_count) filter (
            where closing_days.churned_on <= started.recorded_after
        ) as bigint), 0) as left_out_count,
        coalesce(cast(sum(closing_days.closings_count) filter (
            where closing_days.churned_on < started.recording_starts_on
        ) as bigint), 0) as stray_count
    from closing_days
    cross join started
)

select * from recorded
