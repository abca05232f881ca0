-- Yearly contracts on the as-of date and a year before it: how many renewals each has survived, or at which it ended. From
-- the earlier day on, the next renewal of each is known.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
with policies as (
    select * from {{ ref('int_policies_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

days as (
    select
        'latest' as prediction_basis,
        as_of_date as measured_on
    from as_of
    where as_of_date is not null
    union all
    select
        'back_test' as prediction_basis,
        {{ date_shifted('as_of_date', -1, 'year') }} as measured_on
    from as_of
    where as_of_date is not null
),

-- a renewed term has not ended the contract; a term without renewal and end date ended on an unknown day
dated as (
    select
        policy_id,
        customer_id,
        starts_on,
        case when not coalesce(is_renewed, false) then ends_on end as ended_on,
        12 * monthly_premium as annual_premium
    from policies
    where
        starts_on is not null
        and monthly_premium > 0
        and (coalesce(is_renewed, true) or ends_on is not null)
),

observed as (
    select
        dated.policy_id,
        dated.customer_id,
        days.prediction_basis,
        days.measured_on,
        cast(extract(year from dated.starts_on) as {{ kind_type('text') }}) as cohort,
        dated.annual_premium,
        coalesce(dated.ended_on <= days.measured_on, false) as is_ended,
        -- a contract that was broken off before its renewal did not survive it
        case
            when dated.ended_on <= days.measured_on
                then greatest(1, {{ completed_years('dated.starts_on', 'dated.ended_on') }})
            else {{ completed_years('dated.starts_on', 'days.measured_on') }}
        end as renewal_number,
        case
            when days.prediction_basis = 'back_test' and coalesce(dated.ended_on > days.measured_on, true)
                then coalesce(dated.ended_on > as_of.as_of_date, true)
        end as is_renewed_next
    from dated
    cross join days
    cross join as_of
    where dated.starts_on <= days.measured_on
)

select * from observed
