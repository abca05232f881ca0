-- What was known of each buyer's purchases on each day, and for a cut-off what came after it. Purchases of one day are one,
-- the first is no repeat, and time is in weeks since it, as the purchase models want it.
{%- set holdouts = days_list_var('clv_holdout_days') | unique | list %}

with days as (
    select * from {{ ref('int_clv_days_listed') }}
),

-- up to the as-of date, where every holdout ends
ended as (
    select max(measured_on) as ended_on from days
),

purchases as (
    select dated.*
    from {{ ref('int_purchases_dated') }} as dated
    cross join ended
    where dated.purchased_on <= ended.ended_on
),

begun as (
    select
        customer_id,
        min(purchased_on) as first_purchase_on
    from purchases
    group by customer_id
),

-- the sample of each day, so that a back-test reads nobody else's purchases
{%- for holdout in ['latest'] + holdouts %}

{% set name = 'latest' if holdout == 'latest' else 'back_test_' ~ holdout -%}
sampled_{{ name }} as (
    select
        days.measured_on,
        begun.customer_id
    from begun
    inner join days on begun.first_purchase_on <= days.measured_on
    where {{ "days.holdout_days is null" if holdout == 'latest' else 'days.holdout_days = ' ~ holdout }}
    order by md5(begun.customer_id), begun.customer_id
    limit {{ number_var('clv_sample_size') }}
),
{%- endfor %}

sampled as (
    select * from sampled_latest
    {%- for holdout in holdouts %}
    union all
    select * from sampled_back_test_{{ holdout }}
    {%- endfor %}
),

observed as (
    select
        days.prediction_basis,
        days.measured_on,
        days.holdout_days,
        begun.customer_id,
        begun.first_purchase_on,
        sampled.customer_id is not null as is_sampled
    from begun
    inner join days on begun.first_purchase_on <= days.measured_on
    left join sampled on begun.customer_id = sampled.customer_id and days.measured_on = sampled.measured_on
    where sampled.customer_id is not null or days.prediction_basis = 'latest'
),

summed as (
    select
        observed.prediction_basis,
        observed.measured_on,
        observed.holdout_days,
        purchases.customer_id,
        observed.is_sampled,
        observed.first_purchase_on,
        max(purchases.purchased_on) filter (where purchases.purchased_on <= observed.measured_on) as last_purchase_on,
        count(*) filter (where purchases.purchased_on <= observed.measured_on) - 1 as repeat_count,
        sum(purchases.day_amount) filter (
            where purchases.purchased_on > observed.first_purchase_on and purchases.purchased_on <= observed.measured_on
        ) as repeat_amount,
        sum(purchases.day_amount) filter (where purchases.purchased_on <= observed.measured_on) as past_amount,
        -- the last period is as long as the time to come
        count(*) filter (
            where
                purchases.purchased_on <= observed.measured_on
                and {{ dbt.datediff('purchases.purchased_on', 'observed.measured_on', 'day') }} < observed.holdout_days
        ) as last_period_count,
        sum(purchases.day_amount) filter (
            where
                purchases.purchased_on <= observed.measured_on
                and {{ dbt.datediff('purchases.purchased_on', 'observed.measured_on', 'day') }} < observed.holdout_days
        ) as last_period_amount,
        count(*) filter (where purchases.purchased_on > observed.measured_on) as future_count,
        sum(purchases.day_amount) filter (where purchases.purchased_on > observed.measured_on) as future_amount
    from purchases
    inner join observed on purchases.customer_id = observed.customer_id
    group by
        observed.prediction_basis, observed.measured_on, observed.holdout_days, purchases.customer_id,
        observed.is_sampled, observed.first_purchase_on
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
        is_sampled
    from summed
),

-- too few repeaters teach nothing
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
)

select * from summarised_enough
