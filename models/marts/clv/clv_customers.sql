-- The value of each customer, how sure it is, and the tier.
with valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

described as (
    select
        valued.customer_id,
        valued.clv_family,
        valued.model_code,
        case when valued.clv_family = 'policies' then {{ sql_literal(clv_feature_set()) }} else 'none' end as feature_set,
        valued.measured_on,
        cast(case when valued.clv_family <> 'policies' then {{ number_var('clv_horizon_days') }} end as bigint) as horizon_days,
        valued.observed_clv_amount,
        valued.predicted_clv_amount,
        valued.lowest_clv_amount,
        valued.highest_clv_amount,
        valued.clv_amount,
        valued.clv_tier,
        valued.predicted_clv_tier,
        valued.low_probability,
        valued.medium_probability,
        valued.high_probability,
        valued.alive_probability,
        -- a closing date says more than a model of purchases; without one the model says how likely the customer is active
        case
            when valued.alive_probability is null then null
            when churned.churn_definition in ('supplied_flag', 'closing_date') and not churned.is_current then 'closing'
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
    left join dimensions on valued.customer_id = dimensions.customer_id
)

select * from described
