-- The history of purchases of customers at risk, on the day on which the latest outcome window opened. measured_on is the day
-- whose fitted parameters value it: those of the as-of date, as for all customers today.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where churn_basis = 'window' and is_rated
),

latest as (
    select measured_on from {{ ref('int_clv_days_listed') }}
    where prediction_basis = 'latest'
),

summed as (
    select
        observations.customer_id,
        observations.observed_on,
        min(purchases.purchased_on) filter (where purchases.order_count > 0) as first_purchase_on,
        max(purchases.purchased_on) filter (where purchases.order_count > 0) as last_purchase_on,
        count(*) filter (where purchases.order_count > 0) - 1 as repeat_count,
        sum(purchases.day_amount) - min_by(purchases.day_amount, purchases.purchased_on) filter (
            where purchases.order_count > 0
        ) as repeat_amount
    from observations
    inner join {{ ref('int_purchases_dated') }} as purchases
        on observations.customer_id = purchases.customer_id and observations.observed_on >= purchases.purchased_on
    group by observations.customer_id, observations.observed_on
    having count(*) filter (where purchases.order_count > 0) > 0
),

summarised as (
    select
        summed.customer_id,
        latest.measured_on,
        summed.repeat_count,
        cast({{ dbt.datediff('summed.first_purchase_on', 'summed.last_purchase_on', 'day') }} as double) / 7 as recency_weeks,
        cast({{ dbt.datediff('summed.first_purchase_on', 'summed.observed_on', 'day') }} as double) / 7 as observed_weeks,
        cast(null as double) as holdout_weeks,
        cast(summed.repeat_amount as double) / nullif(summed.repeat_count, 0) as average_repeat_amount
    from summed
    cross join latest
)

select * from summarised
