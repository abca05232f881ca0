-- Where each tier of each set begins and ends, for each family: at a quantile of current customers' values (interpolated, Hyndman
-- and Fan's type 7), or at a fixed amount. Bounds are half-open and rounded to the cent, as they are shown.
with tiers as (
    select * from {{ ref('clv_tier_bounds') }}
),

predicted as (
    select * from {{ ref('int_clv_customers_predicted') }}
    where prediction_basis = 'latest'
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

currents as (
    select count(*) filter (where is_current) > 0 as has_current from churned
),

ordered as (
    select
        predicted.clv_family,
        cast(coalesce(
            case when predicted.clv_family = 'policies' then predicted.actual_value end, predicted.predicted_value
        ) as decimal(18, 2)) as clv_amount
    from predicted
    inner join churned on predicted.customer_id = churned.customer_id
    cross join currents
    -- of churned customers where there are no others
    where churned.is_current or not currents.has_current
),

ranked as (
    select
        *,
        row_number() over (partition by clv_family order by clv_amount) - 1 as position,
        count(*) over (partition by clv_family) as family_count
    from ordered
),

families as (
    select distinct
        clv_family,
        family_count
    from ranked
),

placed as (
    select
        families.clv_family,
        tiers.tier_set,
        tiers.clv_tier,
        tiers.tier_number,
        tiers.lower_bound,
        tiers.lower_quantile * (families.family_count - 1) as quantile_position
    from tiers
    cross join families
),

bounded as (
    select
        placed.clv_family,
        placed.tier_set,
        placed.clv_tier,
        placed.tier_number,
        cast(coalesce(
            placed.lower_bound,
            below.clv_amount + (placed.quantile_position - floor(placed.quantile_position)) * (above.clv_amount - below.clv_amount)
        ) as decimal(18, 2)) as lower_bound_amount
    from placed
    left join ranked as below
        on placed.clv_family = below.clv_family and floor(placed.quantile_position) = below.position
    left join ranked as above
        on placed.clv_family = above.clv_family and ceil(placed.quantile_position) = above.position
),

closed as (
    select
        *,
        lead(lower_bound_amount) over (partition by clv_family, tier_set order by tier_number) as upper_bound_amount
    from bounded
)

select * from closed
