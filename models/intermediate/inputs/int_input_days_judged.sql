-- A day is far beyond the others where a long gap lies before it in which nothing happened, and after the gap too few days of
-- each column to be more than mistyped ones or placeholders.
{#- a gap is long if it is longer than both; the average gap is that between the days before it -#}
{%- set gap_days, gap_multiple = 180, 10 %}
{#- days after the gap are too few below this share of the column's days, or of all days where the column has few; where nothing
    at all happened for so many years, and the column has days before, if they are the fewer -#}
{%- set maximum_share, few_days, long_gap_days = 0.1, 20, 3650 %}

with days as (
    select * from {{ ref('int_input_days_counted') }}
),

distinct_days as (
    select distinct happened_on from days
),

days_compared as (
    select
        happened_on,
        lag(happened_on) over (order by happened_on) as previous_on,
        min(happened_on) over () as first_on,
        row_number() over (order by happened_on) - 1 as previous_count
    from distinct_days
),

gaps as (
    select
        happened_on as gap_ends_on,
        case when {{ dbt.datediff('previous_on', 'happened_on', 'day') }} > {{ long_gap_days }} then 0.5 else {{ maximum_share }} end
            as maximum_share
    from days_compared
    where
        {{ dbt.datediff('previous_on', 'happened_on', 'day') }} > {{ gap_days }}
        and {{ dbt.datediff('previous_on', 'happened_on', 'day') }} * (previous_count - 1)
        > {{ gap_multiple }} * {{ dbt.datediff('first_on', 'previous_on', 'day') }}
),

all_days_counted as (
    select count(*) as all_day_count from distinct_days
),

columns_split as (
    select
        gaps.gap_ends_on,
        gaps.maximum_share,
        count(*) as day_count,
        count(*) filter (where days.happened_on >= gaps.gap_ends_on) as later_day_count
    from gaps
    cross join days
    group by gaps.gap_ends_on, gaps.maximum_share, days.entity_name, days.column_name
),

gaps_judged as (
    select columns_split.gap_ends_on
    from columns_split
    cross join all_days_counted
    group by columns_split.gap_ends_on
    having bool_and(
        columns_split.later_day_count < case
            when columns_split.later_day_count < columns_split.day_count then columns_split.maximum_share else {{ maximum_share }}
        end * case
            when columns_split.day_count < {{ few_days }} then all_days_counted.all_day_count
            else columns_split.day_count
        end
    )
),

horizon as (
    select min(gap_ends_on) as far_from from gaps_judged
),

judged as (
    select
        days.entity_name,
        days.column_name,
        days.happened_on,
        days.value_count,
        coalesce(days.happened_on >= horizon.far_from, false) as is_far_beyond,
        -- a customer or product that closes in the future has not closed yet
        days.column_name = 'closed_on' as is_closing
    from days
    cross join horizon
)

select * from judged
