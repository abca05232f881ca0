-- What a reader of churn rates has to know of this extract: one note a row, for quality_inputs and the closing lines.
{#- the mean gap of fewer is too uncertain to say which gap is long -#}
{%- set enough_closing_days = 10 %}
with counted as (
    select * from {{ ref('int_churn_customers_counted') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

recorded as (
    select * from {{ ref('int_closings_recorded') }}
),

dated as (
    select {{ is_churn_dated() }} as is_dated from {{ ref('int_customers_churned') }}
),

-- closings that end long before the extract does are more often missing than rare
last_closings as (
    select
        max(churned.churned_on) as last_on,
        count(distinct churned.churned_on) as day_count,
        {{ dbt.datediff('min(churned.churned_on)', 'max(churned.churned_on)', 'day') }} as span_days,
        {{ dbt.datediff('max(churned.churned_on)', 'max(as_of.as_of_date)', 'day') }} as silent_days
    from {{ ref('int_customers_churned') }} as churned
    cross join recorded
    cross join {{ ref('int_as_of_date_determined') }} as as_of
    where churned.churned_on >= recorded.recorded_after and not churned.can_return
),

excluded_features as (
    select
        {{ dbt.listagg('feature_label', "', '", 'order by feature_label') }} as feature_labels
    from {{ ref('int_churn_features_listed') }}
    where not is_studied and not is_scorable and churn_basis = 'window'
    having count(*) > 0
),

window_counts as (
    select
        window_number,
        observed_on,
        count(is_churned) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from {{ ref('int_churn_observations') }}
    where is_tested
    group by window_number, observed_on
),

window_rates as (
    select
        window_number,
        {{ percent_text('cast(churned_count as double) / nullif(customers_count, 0)') }}
        || ' ({{ confidence_text() }} ' || {{ percent_text('(' ~ wilson_lower('churned_count', 'customers_count') ~ ')') }}
        || ' to ' || {{ percent_text('(' ~ wilson_upper('churned_count', 'customers_count') ~ ')') }} || ') from '
        || cast(observed_on as {{ kind_type('text') }}) || ' on' as rate_text
    from window_counts
),

windows_listed as (
    select
        count(*) as window_count,
        {{ dbt.listagg('rate_text', "', '", 'order by window_number') }} as rates_text
    from window_rates
    having count(*) > 1
),

{%- set counts = {
    'unknown_churn_count': 'customers have no known outcome and are in no churn rate',
    'undated_count': 'customers churned on a day that is not known',
    'unknown_joining_count': 'customers have no date of joining and are in no churn rate',
    'joined_in_window_count': 'customers joined after the window opened and are not at risk in it',
    'ended_otherwise_count': 'customers died or were closed by the bank, which is no churn',
    'returned_count': 'churned customers were active again later',
} %}

notes as (
    select
        1 as note_number,
        case
            when counted.churn_definition = 'supplied_flag' and counted.dated_count = 0
                then 'Churn is a flag on a single snapshot: rates describe, they do not predict'
            when not dated.is_dated
                then 'Too many churned customers have no date for an outcome window: churn rates describe, they do not predict'
            else 'No outcome window fits the dates of this extract: churn rates describe, they do not predict'
        end as note
    from counted
    cross join rated_day
    cross join dated
    where rated_day.churn_basis = 'snapshot' and counted.churn_definition <> 'unknown'
    union all
    select
        2 as note_number,
        'Churn rates are shares of the ' || {{ grouped_text('counted.known_outcome_count') }} || ' customers at risk on '
        || cast(rated_day.observed_on as {{ kind_type('text') }}) || ' who churned within '
        || {{ whole_text('rated_day.window_days') }} || ' days' as note
    from counted
    cross join rated_day
    where rated_day.churn_basis = 'window'
    {%- for column, text in counts.items() %}
    union all
    select
        {{ loop.index + 2 }} as note_number,
        {{ grouped_text(column) }} || ' {{ text }}' as note
    from counted
    where {{ column }} > 0
    {%- if column in ('undated_count', 'unknown_joining_count') %} and dated_count > 0{% endif %}
    {%- endfor %}
    union all
    select
        19 as note_number,
        {{ grouped_text('stray_count') }} || case when stray_count = 1 then ' closing before ' else ' closings before ' end
        || cast(recording_starts_on as {{ kind_type('text') }}) || case when stray_count = 1 then ' is' else ' are' end
        || {{ sql_literal(' left out: closings are recorded regularly from that day on'
            if var('churn_observed_from') is none
            else ' left out: var churn_observed_from says that closings are recorded from that day on') }} as note
    from recorded
    inner join dated on dated.is_dated
    where recorded.stray_count > 0
    union all
    select
        18 as note_number,
        'No closing is recorded after ' || cast(last_on as {{ kind_type('text') }})
        || ', although they were regular until then. If later ones are missing, churn rates are too low: set var as_of_date to that day' as note
    from last_closings
    where day_count >= {{ enough_closing_days }} and silent_days > {{ longest_regular_gap('day_count', 'cast(span_days as double) / nullif(day_count - 1, 0)') }}
    union all
    select
        20 as note_number,
        'Not used to explain churn, because the extract has no value on the day on which the window opens: ' || feature_labels as note
    from excluded_features
    union all
    select
        21 as note_number,
        'Few customers churned in the latest window, so tests and searches compare customers within ' || {{ grouped_text('window_count') }}
        || ' windows. Their churn rates are ' || rates_text as note
    from windows_listed
    union all
    select
        22 as note_number,
        'Churn definition ' || churn_definition || ' judges no customer: the extract lacks what its conditions read' as note
    from {{ ref('int_churn_definition_chosen') }}
    where not is_answered and churn_definition <> 'unknown'
)

select * from notes
