-- The outcomes of an exclusive scheme's segments are those of all customers at risk whom the scheme covers: nobody twice, and
-- of RFM segments nobody left out.
with at_risk as (
    select
        count(*) as known_count,
        count(*) filter (where is_churned) as churned_count
    from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

schemes as (
    select
        segment_scheme as scheme,
        sum(known_outcome_count) as known_count,
        sum(churned_count) as churned_count
    from {{ ref('strategy_segments') }}
    where segment_scheme in ('rule', 'rfm', 'cluster')
    group by segment_scheme
    union all
    select
        rfm_scheme as scheme,
        sum(known_outcome_count) as known_count,
        sum(churned_count) as churned_count
    from {{ ref('rfm_segments') }}
    group by rfm_scheme
)

select schemes.*
from schemes
cross join at_risk
where
    -- a scheme without history has no outcomes at all
    schemes.known_count <> 0
    and (schemes.known_count <> at_risk.known_count or schemes.churned_count <> at_risk.churned_count)
