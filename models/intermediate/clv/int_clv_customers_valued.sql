-- The value and tier of each customer by the family in use: the value that the extract gives, else the predicted one; and what
-- remains of it after the claims to be expected.
with predicted as (
    select * from {{ ref('int_clv_customers_predicted') }}
    where prediction_basis = 'latest'
),

chosen as (
    select * from {{ ref('int_clv_family_chosen') }}
),

calibrated as (
    select * from {{ ref('int_clv_values_calibrated') }}
    where prediction_basis = 'latest'
),

claims as (
    select * from {{ ref('int_clv_claims_expected') }}
),

tiers as (
    select * from {{ ref('int_clv_tiers_bounded') }}
    where tier_set = {{ sql_literal(var('clv_tier_set')) }}
),

valued as (
    select
        predicted.customer_id,
        predicted.clv_family,
        predicted.model_code,
        predicted.measured_on,
        cast(predicted.actual_value as decimal(18, 2)) as observed_clv_amount,
        cast(predicted.predicted_value as decimal(18, 2)) as predicted_clv_amount,
        cast(coalesce(predicted.actual_value, predicted.predicted_value) as decimal(18, 2)) as clv_amount,
        cast(
            coalesce(predicted.actual_value, predicted.predicted_value)
            * (1.0 - case when predicted.clv_family = 'purchases' then 0.0 else coalesce(claims.claim_share, 0.0) end)
            as decimal(18, 2)
        ) as net_clv_amount,
        cast(calibrated.lower_value as decimal(18, 2)) as lowest_clv_amount,
        cast(calibrated.upper_value as decimal(18, 2)) as highest_clv_amount,
        calibrated.low_probability,
        calibrated.medium_probability,
        calibrated.high_probability,
        predicted.alive_probability,
        predicted.renewal_probability,
        predicted.is_out_of_sample
    from predicted
    cross join claims
    inner join chosen on predicted.clv_family = chosen.clv_family
    inner join calibrated
        on predicted.clv_family = calibrated.clv_family and predicted.customer_id = calibrated.customer_id
),

tiered as (
    select
        valued.*,
        tiers.clv_tier,
        predicted_tiers.clv_tier as predicted_clv_tier
    from valued
    inner join tiers
        on
            valued.clv_family = tiers.clv_family
            and {{ is_within('valued.clv_amount', 'tiers.lower_bound_amount', 'tiers.upper_bound_amount') }}
    left join tiers as predicted_tiers
        on
            valued.clv_family = predicted_tiers.clv_family
            and {{ is_within(
                'valued.predicted_clv_amount', 'predicted_tiers.lower_bound_amount', 'predicted_tiers.upper_bound_amount'
            ) }}
)

select * from tiered
