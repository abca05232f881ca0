-- What each model and each baseline said of customers whose value or future is known, side by side on the same rows.
with profiled as (
    select * from {{ ref('int_clv_policies_profiled') }}
),

policies as (
    select * from {{ ref('int_clv_policies_predicted') }}
),

summarised as (
    select * from {{ ref('int_clv_purchases_summarised') }}
    where prediction_basis = 'back_test'
),

purchases as (
    select * from {{ ref('int_clv_purchases_predicted') }}
),

contracts as (
    select * from {{ ref('int_clv_contracts_forecast') }}
    where prediction_basis = 'back_test'
),

averages as (
    select
        measured_on,
        cast(sum(repeat_count) as double) / nullif({{ exact_sum('observed_weeks') }}, 0) as average_weekly_count,
        {{ exact_average('last_period_amount') }} as average_last_period_amount
    from summarised
    group by measured_on
),

-- average ranks of ties, as shares of all
ranked as (
    select
        *,
        (
            {%- for measure, direction in [('recency_days', 'desc'), ('repeat_count', 'asc'), ('past_amount', 'asc')] %}
            {{ '+ ' if not loop.first }}cast(
                rank() over (partition by measured_on order by {{ measure }} {{ direction }})
                + (count(*) over (partition by measured_on, {{ measure }}) - 1) / 2.0 as double
            ) / count(*) over (partition by measured_on)
            {%- endfor %}
        ) as rfm_sum
    from summarised
),

forecast as (
    select
        ranked.customer_id,
        ranked.measured_on,
        ranked.future_count,
        ranked.future_amount,
        0.0 as zero,
        averages.average_weekly_count * ranked.holdout_weeks as mean_count,
        coalesce(ranked.repeat_count * ranked.holdout_weeks / nullif(ranked.observed_weeks, 0), 0) as past_rate,
        ranked.last_period_count,
        purchases.bg_nbd_holdout_purchases,
        purchases.mbg_nbd_holdout_purchases,
        averages.average_last_period_amount,
        ranked.last_period_amount,
        ranked.past_amount,
        ranked.rfm_sum,
        -ranked.recency_days as recency,
        purchases.bg_nbd_holdout_purchases * purchases.gamma_gamma_purchase_value as bg_nbd_amount,
        purchases.mbg_nbd_holdout_purchases * purchases.gamma_gamma_purchase_value as mbg_nbd_amount
    from ranked
    inner join averages on ranked.measured_on = averages.measured_on
    inner join purchases on ranked.customer_id = purchases.customer_id and ranked.measured_on = purchases.measured_on
),

compared as (
    select
        'policies' as clv_family,
        cast(null as date) as measured_on,
        'clv' as target_name,
        policies.shuffle_number,
        policies.model_code,
        policies.feature_set,
        policies.customer_id,
        cast(profiled.observed_clv as double) as actual_value,
        policies.predicted_value,
        false as is_rank_only
    from policies
    inner join profiled on policies.customer_id = profiled.customer_id
    where policies.prediction_kind = 'out_of_fold' and profiled.is_sampled and profiled.observed_clv is not null
    {%- for target, actual, models in [
        ('purchases', 'future_count', [
            ('zero', 'zero', 'false'), ('mean', 'mean_count', 'false'), ('past_rate', 'past_rate', 'false'),
            ('last_period', 'last_period_count', 'false'), ('bg_nbd', 'bg_nbd_holdout_purchases', 'false'),
            ('mbg_nbd', 'mbg_nbd_holdout_purchases', 'false'),
        ]),
        ('spend', 'future_amount', [
            ('mean', 'average_last_period_amount', 'false'), ('last_period', 'last_period_amount', 'false'),
            ('past_spend', 'past_amount', 'true'), ('rfm_sum', 'rfm_sum', 'true'), ('recency', 'recency', 'true'),
            ('bg_nbd_gamma_gamma', 'bg_nbd_amount', 'false'), ('mbg_nbd_gamma_gamma', 'mbg_nbd_amount', 'false'),
        ]),
    ] %}
    {%- for model, column, is_rank_only in models %}
    union all
    select
        'purchases' as clv_family,
        measured_on,
        '{{ target }}' as target_name,
        1 as shuffle_number,
        '{{ model }}' as model_code,
        'none' as feature_set,
        customer_id,
        cast({{ actual }} as double) as actual_value,
        cast({{ column }} as double) as predicted_value,
        {{ is_rank_only }} as is_rank_only
    from forecast
    {%- endfor %}
    {%- endfor %}
    {%- for model, column in [
        ('shifted_beta_geometric', 'next_premium_value'), ('constant_renewal_rate', 'constant_next_premium_value'),
        ('last_period', 'last_value'),
    ] %}
    union all
    select
        'contracts' as clv_family,
        measured_on,
        'premium' as target_name,
        1 as shuffle_number,
        '{{ model }}' as model_code,
        'none' as feature_set,
        customer_id,
        future_value as actual_value,
        {{ column }} as predicted_value,
        false as is_rank_only
    from contracts
    {%- endfor %}
)

select * from compared
