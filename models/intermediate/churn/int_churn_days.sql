-- The days on which customers are observed (docs/churn-and-segments.md): the as-of date; where churn is
-- dated, the first day of the longest outcome window that fits and of the window before it; else the snapshot.
{#- above this share of churned customers without a date, churn is a flag on a snapshot -#}
{%- set maximum_undated_share = 0.05 %}
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
        {{ month_start('occurred_at') }} as month_starts_on,
        cast(min(occurred_at) as date) as first_on,
        count(*) as event_count
    from {{ ref('int_interactions_conformed') }}
    group by {{ month_start('occurred_at') }}
    union all
    select
        'purchases' as source_name,
        {{ month_start('purchased_on') }} as month_starts_on,
        min(purchased_on) as first_on,
        count(*) as event_count
    from {{ ref('int_purchases_dated') }}
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
        count(churned_on) > 0
        and (
            -- a silence from before activities were recorded has no date, and is not at risk either
            max(churn_definition) = 'inactivity'
            or count(*) filter (where is_churned and churned_on is null)
            <= {{ maximum_undated_share }} * count(*) filter (where is_churned)
        ) as is_dated
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
    {%- for number in [1, 2] %}
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

windows as (
    select
        'window' as churn_basis,
        fitting.window_number,
        fitting.observed_on,
        {{ date_shifted('fitting.observed_on', 'cast(fitting.window_days as int)', 'day') }} as closes_on,
        fitting.window_days,
        -- one length for all days, so that each of them sees as much, and what not all of them see is no feature
        min(least(
            {{ number_var('score_lookback_days') }},
            case when fitting.has_contacts then fitting.contacts_days else {{ number_var('score_lookback_days') }} end,
            case when fitting.has_purchases then fitting.purchases_days else {{ number_var('score_lookback_days') }} end
        )) over () as lookback_days,
        bool_and(fitting.has_contacts) over () as has_contacts,
        bool_and(fitting.has_purchases) over () as has_purchases
    from fitting
    inner join longest on fitting.window_days = longest.window_days
    inner join fitting as latest on fitting.window_days = latest.window_days and latest.window_number = 1
    -- an earlier window for which less is recorded would be another one
    where
        (fitting.has_contacts or not latest.has_contacts)
        and (fitting.has_purchases or not latest.has_purchases)
),

days as (
    select
        churn_basis,
        window_number,
        observed_on,
        closes_on,
        window_days,
        window_number = 1 as is_rated,
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
        coalesce(
            (select max(windows.lookback_days) from windows), {{ number_var('score_lookback_days') }}
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
