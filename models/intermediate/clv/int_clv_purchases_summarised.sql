-- What was known of each buyer's purchases on each day, and for a cut-off what came after it. Purchases of one day are one,
-- the first is no repeat, and time is in weeks since it, as the purchase models want it.
with transactions as (
    select * from {{ ref('int_transactions_conformed') }}
),

days as (
    select * from {{ ref('int_clv_days_listed') }}
),

-- up to the as-of date, where every holdout ends
ended as (
    select max(measured_on) as ended_on from days
),

purchases as (
    select
        transactions.customer_id,
        cast(transactions.occurred_at as date) as purchased_on,
        sum(transactions.amount) as purchase_amount
    from transactions
    cross join ended
    where cast(transactions.occurred_at as date) <= ended.ended_on
    group by transactions.customer_id, cast(transactions.occurred_at as date)
),

begun as (
    select
        customer_id,
        min(purchased_on) as first_purchase_on
    from purchases
    group by customer_id
),

summed as (
    select
        days.prediction_basis,
        days.measured_on,
        days.holdout_days,
        purchases.customer_id,
        begun.first_purchase_on,
        max(purchases.purchased_on) filter (where purchases.purchased_on <= days.measured_on) as last_purchase_on,
        count(*) filter (where purchases.purchased_on <= days.measured_on) - 1 as repeat_count,
        sum(purchases.purchase_amount) filter (
            where purchases.purchased_on > begun.first_purchase_on and purchases.purchased_on <= days.measured_on
        ) as repeat_amount,
        sum(purchases.purchase_amount) filter (where purchases.purchased_on <= days.measured_on) as past_amount,
        -- the last period is as long as the time to come
        count(*) filter (
            where
                purchases.purchased_on <= days.measured_on
                and {{ dbt.datediff('purchases.purchased_on', 'days.measured_on', 'day') }} < days.holdout_days
        ) as last_period_count,
        sum(purchases.purchase_amount) filter (
            where
                purchases.purchased_on <= days.measured_on
                and {{ dbt.datediff('purchases.purchased_on', 'days.measured_on', 'day') }} < days.holdout_days
        ) as last_period_amount,
        count(*) filter (where purchases.purchased_on > days.measured_on) as future_count,
        sum(purchases.purchase_amount) filter (where purchases.purchased_on > days.measured_on) as future_amount
    from purchases
    inner join begun on purchases.customer_id = begun.customer_id
    inner join days on begun.first_purchase_on <= days.measured_on
    group by
        days.prediction_basis, days.measured_on, days.holdout_days, purchases.customer_id, begun.first_purchase_on
),

summarised as (
    select
        customer_id,
        prediction_basis,
        measured_on,
        holdout_days,
        repeat_count,
        cast({{ dbt.datediff('first_purchase_on', 'last_purchase_on', 'day') }} as double) / 7 as recency_weeks,
        cast({{ dbt.datediff('first_purchase_on', 'measured_on', 'day') }} as double) / 7 as observed_weeks,
        cast(holdout_days as double) / 7 as holdout_weeks,
        cast(repeat_amount as double) / nullif(repeat_count, 0) as average_repeat_amount,
        {{ dbt.datediff('last_purchase_on', 'measured_on', 'day') }} as recency_days,
        cast(past_amount as decimal(18, 2)) as past_amount,
        case when holdout_days is not null then last_period_count end as last_period_count,
        case when holdout_days is not null then cast(coalesce(last_period_amount, 0) as decimal(18, 2)) end as last_period_amount,
        case when holdout_days is not null then future_count end as future_count,
        case when holdout_days is not null then cast(coalesce(future_amount, 0) as decimal(18, 2)) end as future_amount,
        {{ hash_bucket('customer_id', number_var('clv_fold_count')) }} as fold_number,
        {{ repeat_cell('repeat_count') }} as value_cell,
        row_number() over (partition by measured_on order by md5(customer_id), customer_id)
        <= {{ number_var('clv_sample_size') }} as is_sampled
    from summed
),

-- back-tests are made on the sample; and too few repeaters teach nothing
enough as (
    select measured_on
    from summarised
    where is_sampled and repeat_count > 0
    group by measured_on
    having count(*) >= {{ number_var('clv_minimum_count') }}
),

summarised_enough as (
    select summarised.*
    from summarised
    inner join enough on summarised.measured_on = enough.measured_on
    where summarised.is_sampled or summarised.prediction_basis = 'latest'
)

select * from summarised_enough
