-- The share of what policyholders pay that claims take, in one row: all claims over all premiums since the policies began. Null where
-- the extract does not say when policies began, since claims without a period cannot be compared with premiums.
-- depends_on: {{ ref('int_input_findings') }}, so that nothing is measured on an implausible extract
with policies as (
    select * from {{ ref('int_policies_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

insured as (
    select
        policies.total_claim_amount,
        policies.monthly_premium,
        {{ dbt.datediff(
            'policies.starts_on',
            'case when not coalesce(policies.is_renewed, false) and policies.ends_on < as_of.as_of_date then policies.ends_on '
            ~ 'else as_of.as_of_date end',
            'day'
        ) }} as insured_days
    from policies
    cross join as_of
    where policies.total_claim_amount is not null and policies.monthly_premium is not null
),

summed as (
    select
        cast(sum(total_claim_amount) as double) as claim_amount,
        -- twelve premiums for 365.25 days
        {{ exact_sum('12 * cast(monthly_premium as double) * insured_days / 365.25') }} as premium_amount
    from insured
    where insured_days > 0
)

select claim_amount / nullif(premium_amount, 0) as claim_share
from summed
