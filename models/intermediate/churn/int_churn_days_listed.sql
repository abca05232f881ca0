-- The days on which churn features are measured: the as-of date, and the cut-off churn_outcome_days before it, after which
-- it is seen who left. A flag on a single snapshot has no day before it, so its day is null.
with as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

days as (
    select
        'as_of_date' as score_basis,
        as_of_date as measured_on
    from as_of
    union all
    select
        'cut_off' as score_basis,
        {{ date_shifted('as_of_date', -number_var('churn_outcome_days'), 'day') }} as measured_on
    from as_of
    union all
    select
        'snapshot' as score_basis,
        cast(null as date) as measured_on
),

-- events count within a window of equal length, so that both days see as much
listed as (
    select
        score_basis,
        measured_on,
        {{ date_shifted('measured_on', 1 - number_var('score_lookback_days'), 'day') }} as lookback_starts_on
    from days
)

select * from listed
