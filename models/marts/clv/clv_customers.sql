-- The value of each customer, how sure it is, and the tier.
with valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

metrics as (
    select * from {{ ref('clv_model_metrics') }}
),

-- in each back-test or cross-validation, how far the model served and the best baseline are off
compared as (
    select
        clv_family,
        min(metric_value) filter (where is_served) as served_error,
        min(metric_value) filter (where is_baseline) as baseline_error
    from metrics
    where metric_name = 'mae' and target_name in ('clv', 'spend', 'premium') and sample <> 'in_sample'
    group by clv_family, measured_on
),

beaten as (
    select
        clv_family,
        bool_and(baseline_error < served_error) as is_beaten
    from compared
    group by clv_family
),

-- a shape parameter at the end of the search: the differences between customers that it describes have vanished
degenerate as (
    select distinct clv_family
    from metrics
    where
        sample = 'in_sample' and is_served
        and metric_name in ('parameter_r', 'parameter_a', 'parameter_b', 'parameter_p', 'parameter_q', 'parameter_alpha', 'parameter_beta')
        and not (clv_family = 'purchases' and metric_name = 'parameter_alpha')
        and (metric_value < 0.0001 or metric_value > 10000)
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

described as (
    select
        valued.customer_id,
        valued.clv_family,
        valued.model_code,
        case when valued.clv_family = 'policies' then {{ sql_literal(score_feature_set()) }} else 'none' end as feature_set,
        valued.measured_on,
        cast(case when valued.clv_family <> 'policies' then {{ number_var('clv_horizon_days') }} end as bigint) as horizon_days,
        valued.observed_clv_amount,
        valued.predicted_clv_amount,
        valued.lowest_clv_amount,
        valued.highest_clv_amount,
        valued.clv_amount,
        valued.net_clv_amount,
        -- of several warnings the gravest; none for a value that the extract itself gives
        case
            when valued.observed_clv_amount is not null then null
            when degenerate.clv_family is not null then 'degenerate_fit'
            when beaten.is_beaten then 'baseline_better'
            {%- set tested_days = var('clv_holdout_days') | map('int') | max %}
            when valued.clv_family = 'purchases' and {{ number_var('clv_horizon_days') }} > {{ tested_days }} then 'beyond_back_test'
            when valued.clv_family = 'contracts' and {{ number_var('clv_horizon_days') }} > 365 then 'beyond_back_test'
            when count(*) over (partition by valued.clv_family) > {{ number_var('sample_size') }} then 'sampled_fit'
        end as warning_code,
        valued.clv_tier,
        valued.predicted_clv_tier,
        valued.low_probability,
        valued.medium_probability,
        valued.high_probability,
        valued.alive_probability,
        -- a closing date says more than a model of purchases; without one the model says how likely the customer is active
        case
            when valued.alive_probability is null then null
            when churned.churn_definition <> 'unknown' and not churned.can_return and not churned.is_current then 'closing'
            else 'model'
        end as activity_source_code,
        valued.renewal_probability,
        valued.is_out_of_sample,
        churned.is_churned,
        churned.is_current,
        dimensions.city,
        dimensions.age_band,
        dimensions.gender,
        dimensions.product_count,
        dimensions.is_active
    from valued
    inner join churned on valued.customer_id = churned.customer_id
    left join beaten on valued.clv_family = beaten.clv_family
    left join degenerate on valued.clv_family = degenerate.clv_family
    left join dimensions on valued.customer_id = dimensions.customer_id
)

select * from described
