-- The days on which customers are observed (docs/churn-and-segments.md): the as-of date; where churn is
-- dated, the first day of the longest outcome window that fits and of the window before it; else the snapshot. The latest
-- window gives the rates shown; tests and searches read earlier ones too, up to three, until enough customers churned.
{#- days of contacts and purchases before an observation that features count, at most -#}
{%- set maximum_lookback_days = 365 %}
{#- each half then has about a hundred churned customers, so that a segment of a tenth of all customers that churns twice as
    often stands out by three standard errors -#}
{%- set enough_churned_count = 200 %}
{%- set lengths = [number_var('churn_window_days')] %}
{%- for days in [180, 90, 30] if days < number_var('churn_window_days') %}{% do lengths.append(days) %}{% endfor %}

{%- set observed_on = date_shifted('as_of.as_of_date', '-cast(numbers.window_number * lengths.window_days as int)', 'day') %}

with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

spells as (
    select * from {{ ref('int_churn_spells') }}
),

recorded as (
    select * from {{ ref('int_closings_recorded') }}
),

-- the day from which contacts and purchases are recorded: that of the first month with at least a tenth of the average
-- month's events, so that a stray one does not count; null without events
event_months as (
    select
        'contacts' as source_name,
        cast(min(occurred_at) as date) as first_on,
        count(*) as event_count
    from {{ ref('int_interactions_conformed') }}
    group by {{ month_start('occurred_at') }}
    union all
    select
        'purchases' as source_name,
        min(purchased_on) as first_on,
        count(*) as event_count
    from {{ ref('int_purchases_dated') }}
    where order_count > 0
    group by {{ month_start('purchased_on') }}
),

months_compared as (
    select
        *,
        avg(cast(event_count as double)) over (partition by source_name) as average_count
    from event_months
),

events as (
    select
        min(first_on) filter (where source_name = 'contacts') as contacts_from,
        min(first_on) filter (where source_name = 'purchases') as purchases_from
    from months_compared
    where event_count >= 0.1 * average_count
),

-- churn can be placed in time: few closings without a date, and most days of joining known
dated as (
    select
        count(churned_on) > 0 and {{ is_churn_dated() }} as is_dated,
        coalesce(bool_or(can_return), false) as can_return
    from churned
),

started as (
    select 2 * count(started_on) >= count(*) as is_started from spells
),

lengths as (
    {%- for days in lengths %}
    select cast({{ days }} as bigint) as window_days
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

numbers as (
    {%- for number in churn_windows() %}
    select cast({{ number }} as bigint) as window_number
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

candidates as (
    select
        lengths.window_days,
        numbers.window_number,
        {{ observed_on }} as observed_on,
        recorded.recorded_after,
        {%- for source in ['contacts', 'purchases'] %}
        {{ dbt.datediff('events.' ~ source ~ '_from', observed_on, 'day') }} + 1 as {{ source }}_days{{ ',' if not loop.last }}
        {%- endfor %}
    from lengths
    cross join numbers
    cross join as_of
    cross join recorded
    cross join events
    cross join dated
    cross join started
    where dated.is_dated and started.is_started
),

-- a window fits if closings are recorded for all of it; one is better if contacts or purchases, where the extract has any, are
-- recorded for as long before it
fitting as (
    select
        *,
        coalesce(contacts_days >= window_days, false) as has_contacts,
        coalesce(purchases_days >= window_days, false) as has_purchases,
        contacts_days is null and purchases_days is null
        or coalesce(greatest(contacts_days, purchases_days) >= window_days, false) as has_look_back
    from candidates
    where observed_on >= recorded_after
),

longest as (
    select
        coalesce(max(window_days) filter (where has_look_back), max(window_days)) as window_days
    from fitting
    where window_number = 1
),

recorded_windows as (
    select
        fitting.*,
        {{ date_shifted('fitting.observed_on', 'cast(fitting.window_days as int)', 'day') }} as closes_on
    from fitting
    inner join longest on fitting.window_days = longest.window_days
    inner join fitting as latest on fitting.window_days = latest.window_days and latest.window_number = 1
    -- an earlier window for which less is recorded would be another one
    where
        (fitting.has_contacts or not latest.has_contacts)
        and (fitting.has_purchases or not latest.has_purchases)
),

churned_counts as (
    select
        recorded_windows.window_number,
        count(spells.customer_id) as churned_count
    from recorded_windows
    left join spells
        on
            recorded_windows.observed_on >= spells.started_on
            and recorded_windows.observed_on < spells.ended_on
            and recorded_windows.closes_on >= spells.ended_on
            and spells.is_churn
    group by recorded_windows.window_number
),

-- by some definitions customers come back and churn again, so that windows are not independent of each other
needed as (
    select
        churned_counts.window_number,
        churned_counts.window_number = 1
        or not dated.can_return
        and sum(churned_counts.churned_count) over (
            order by churned_counts.window_number rows between unbounded preceding and 1 preceding
        ) < {{ enough_churned_count }} as is_tested
    from churned_counts
    cross join dated
),

windows as (
    select
        'window' as churn_basis,
        recorded_windows.window_number,
        recorded_windows.observed_on,
        recorded_windows.closes_on,
        recorded_windows.window_days,
        needed.is_tested,
        -- one length for all days, so that each of them sees as much, and what not all of them see is no feature
        min(least(
            {{ maximum_lookback_days }},
            case when recorded_windows.has_contacts then recorded_windows.contacts_days else {{ maximum_lookback_days }} end,
            case when recorded_windows.has_purchases then recorded_windows.purchases_days else {{ maximum_lookback_days }} end
        )) over () as lookback_days,
        bool_and(recorded_windows.has_contacts) over () as has_contacts,
        bool_and(recorded_windows.has_purchases) over () as has_purchases
    from recorded_windows
    inner join needed on recorded_windows.window_number = needed.window_number
    -- the second serves checks in any case
    where needed.is_tested or recorded_windows.window_number = 2
),

days as (
    select
        churn_basis,
        window_number,
        observed_on,
        closes_on,
        window_days,
        window_number = 1 as is_rated,
        is_tested,
        lookback_days,
        has_contacts,
        has_purchases
    from windows
    union all
    select
        'snapshot' as churn_basis,
        cast(null as bigint) as window_number,
        as_of.as_of_date as observed_on,
        cast(null as date) as closes_on,
        cast(null as bigint) as window_days,
        true as is_rated,
        true as is_tested,
        cast(null as bigint) as lookback_days,
        true as has_contacts,
        true as has_purchases
    from as_of
    left join longest on true
    where longest.window_days is null
    union all
    select
        'current' as churn_basis,
        cast(null as bigint) as window_number,
        as_of.as_of_date as observed_on,
        cast(null as date) as closes_on,
        longest.window_days,
        false as is_rated,
        false as is_tested,
        coalesce(
            (select max(windows.lookback_days) from windows), {{ maximum_lookback_days }}
        ) as lookback_days,
        coalesce((select bool_and(windows.has_contacts) from windows), true) as has_contacts,
        coalesce((select bool_and(windows.has_purchases) from windows), true) as has_purchases
    from as_of
    left join longest on true
),

listed as (
    select
        *,
        {{ date_shifted('observed_on', '1 - cast(lookback_days as int)', 'day') }} as lookback_starts_on
    from days
)

select * from listed
