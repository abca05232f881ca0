-- The history of purchases of customers at risk on each month's end before the as-of date. measured_on is the day whose fitted
-- parameters value it: those of the as-of date, so that only customers move.
with observations as (
    select * from {{ ref('int_history_observations') }}
    where month_number > 0 and is_at_risk and purchase_day_count > 0
),

chosen as (
    select * from {{ ref('int_clv_family_chosen') }}
    where clv_family = 'purchases'
),

latest as (
    select measured_on from {{ ref('int_clv_days_listed') }}
    where prediction_basis = 'latest'
),

summarised as (
    select
        observations.customer_id,
        observations.month_number,
        latest.measured_on,
        observations.purchase_day_count - 1 as repeat_count,
        cast({{ dbt.datediff('observations.first_purchase_on', 'observations.last_purchase_on', 'day') }} as double) / 7
            as recency_weeks,
        cast({{ dbt.datediff('observations.first_purchase_on', 'observations.observed_on', 'day') }} as double) / 7
            as observed_weeks,
        cast(observations.repeat_amount as double) / nullif(observations.purchase_day_count - 1, 0) as average_repeat_amount
    from observations
    cross join chosen
    cross join latest
)

select * from summarised
