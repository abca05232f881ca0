-- What was known of each buyer's purchases on each day, and for a cut-off what came after it. Purchases of one day are one,
-- the first is no repeat, refunds lower the money alone, and time is in weeks since it, as the purchase models want it.
{%- set holdouts = days_list_var('clv_holdout_days') | unique | list %}

with days as (
    select * from {{ ref('int_clv_days_listed') }}
),

-- up to the as-of date, where every holdout ends
ended as (
    select max(measured_on) as ended_on from days
),

-- the latest day, of everybody: nothing comes after it, so one pass without conditions says it all
latest_summed as (
    select
        days.prediction_basis,
        days.measured_on,
        days.holdout_days,
        purchases.customer_id,
        min(purchases.purchased_on) filter (where purchases.order_count > 0) as first_purchase_on,
        max(purchases.purchased_on) filter (where purchases.order_count > 0) as last_purchase_on,
        count(*) filter (where purchases.order_count > 0) - 1 as repeat_count,
        sum(purchases.day_amount) - min_by(purchases.day_amount, purchases.purchased_on) filter (
            where purchases.order_count > 0
        ) as repeat_amount,
        sum(purchases.day_amount) as past_amount,
        cast(null as bigint) as last_period_count,
        cast(null as {{ kind_type('money') }}) as last_period_amount,
        cast(null as bigint) as future_count,
        cast(null as {{ kind_type('money') }}) as future_amount
    from {{ ref('int_purchases_dated') }} as purchases
    inner join days on purchases.purchased_on <= days.measured_on
    where days.holdout_days is null
    group by days.prediction_basis, days.measured_on, days.holdout_days, purchases.customer_id
    having count(*) filter (where purchases.order_count > 0) > 0
),

-- the sample of each day, so that a back-test reads nobody else's purchases
{%- for holdout in ['latest'] + holdouts %}

{% set name = 'latest' if holdout == 'latest' else 'back_test_' ~ holdout -%}
sampled_{{ name }} as (
    select
        days.measured_on,
        latest_summed.customer_id,
        latest_summed.first_purchase_on
    from latest_summed
    inner join days on latest_summed.first_purchase_on <= days.measured_on
    where {{ "days.holdout_days is null" if holdout == 'latest' else 'days.holdout_days = ' ~ holdout }}
    order by md5(latest_summed.customer_id), latest_summed.customer_id
    limit {{ number_var('sample_size') }}
),
{%- endfor %}

sampled as (
    select * from sampled_latest
    {%- for holdout in holdouts %}
    union all
    select * from sampled_back_test_{{ holdout }}
    {%- endfor %}
),

back_tests_summed as (
    select
        days.prediction_basis,
        days.measured_on,
        days.holdout_days,
        purchases.customer_id,
        sampled.first_purchase_on,
        max(purchases.purchased_on) filter (
            where purchases.order_count > 0 and purchases.purchased_on <= days.measured_on
        ) as last_purchase_on,
        count(*) filter (where purchases.order_count > 0 and purchases.purchased_on <= days.measured_on) - 1 as repeat_count,
        sum(purchases.day_amount) filter (
            where purchases.purchased_on > sampled.first_purchase_on and purchases.purchased_on <= days.measured_on
        ) as repeat_amount,
        sum(purchases.day_amount) filter (where purchases.purchased_on <= days.measured_on) as past_amount,
        -- the last period is as long as the time to come
        count(*) filter (
            where
                purchases.order_count > 0
                and purchases.purchased_on <= days.measured_on
                and {{ dbt.datediff('purchases.purchased_on', 'days.measured_on', 'day') }} < days.holdout_days
        ) as last_period_count,
        sum(purchases.day_amount) filter (
            where
                purchases.purchased_on <= days.measured_on
                and {{ dbt.datediff('purchases.purchased_on', 'days.measured_on', 'day') }} < days.holdout_days
        ) as last_period_amount,
        count(*) filter (where purchases.order_count > 0 and purchases.purchased_on > days.measured_on) as future_count,
        sum(purchases.day_amount) filter (where purchases.purchased_on > days.measured_on) as future_amount
    from {{ ref('int_purchases_dated') }} as purchases
    inner join sampled on purchases.customer_id = sampled.customer_id
    inner join days on sampled.measured_on = days.measured_on
    cross join ended
    where days.holdout_days is not null and purchases.purchased_on <= ended.ended_on
    group by
        days.prediction_basis, days.measured_on, days.holdout_days, purchases.customer_id, sampled.first_purchase_on
),

summed as (
    select * from latest_summed
    union all
    select * from back_tests_summed
),

summarised as (
    select
        summed.customer_id,
        summed.prediction_basis,
        summed.measured_on,
        summed.holdout_days,
        summed.repeat_count,
        cast({{ dbt.datediff('summed.first_purchase_on', 'summed.last_purchase_on', 'day') }} as double) / 7 as recency_weeks,
        cast({{ dbt.datediff('summed.first_purchase_on', 'summed.measured_on', 'day') }} as double) / 7 as observed_weeks,
        cast(holdout_days as double) / 7 as holdout_weeks,
        cast(repeat_amount as double) / nullif(repeat_count, 0) as average_repeat_amount,
        {{ dbt.datediff('last_purchase_on', 'summed.measured_on', 'day') }} as recency_days,
        cast(past_amount as decimal(18, 2)) as past_amount,
        case when holdout_days is not null then last_period_count end as last_period_count,
        case when holdout_days is not null then cast(coalesce(last_period_amount, 0) as decimal(18, 2)) end as last_period_amount,
        case when holdout_days is not null then future_count end as future_count,
        case when holdout_days is not null then cast(coalesce(future_amount, 0) as decimal(18, 2)) end as future_amount,
        {{ hash_bucket('summed.customer_id', clv_fold_count()) }} as fold_number,
        -- customers whose forecasts have errors of one size
        case
            when repeat_count = 0 then 'no repeat'
            when repeat_count = 1 then '1 repeat'
            when repeat_count <= 3 then '2-3 repeats'
            when repeat_count <= 7 then '4-7 repeats'
            else '8+ repeats'
        end as value_cell,
        sampled.customer_id is not null as is_sampled
    from summed
    left join sampled on summed.customer_id = sampled.customer_id and summed.measured_on = sampled.measured_on
),

-- not from the CTE above: what is read twice is held in memory
repeaters as (
    {%- for relation in ['latest_summed', 'back_tests_summed'] %}
    select
        customer_id,
        measured_on
    from {{ relation }}
    where repeat_count > 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- too few repeaters teach nothing
enough as (
    select sampled.measured_on
    from sampled
    inner join repeaters
        on sampled.customer_id = repeaters.customer_id and sampled.measured_on = repeaters.measured_on
    group by sampled.measured_on
    having count(*) >= {{ number_var('minimum_outcomes') }}
),

summarised_enough as (
    select summarised.*
    from summarised
    inner join enough on summarised.measured_on = enough.measured_on
)

select * from summarised_enough
