-- The predictions of each family of models: `latest` is the value to show, `back_test` a forecast whose outcome is known, from
-- which the errors of forecasts are taken. A policyholder's value comes from a model fitted without it.
{%- set purchase_model = name_var('clv_purchase_model', ['bg_nbd', 'mbg_nbd']) %}

with profiled as (
    select * from {{ ref('int_clv_policies_profiled') }}
),

policies as (
    select * from {{ ref('int_clv_policies_predicted') }}
    where
        shuffle_number = 1
        and prediction_kind = 'out_of_fold'
        and model_code = 'rule_forest'
        and feature_set = {{ sql_literal(score_feature_set()) }}
),

summarised as (
    select * from {{ ref('int_clv_purchases_summarised') }}
),

purchases as (
    select * from {{ ref('int_clv_purchases_predicted') }}
),

contracts as (
    select * from {{ ref('int_clv_contracts_forecast') }}
),

-- the longest back-test is nearest to the horizon
longest as (
    select max(holdout_days) as longest_holdout_days from summarised
),

predicted as (
    select
        'policies' as clv_family,
        'latest' as prediction_basis,
        policies.customer_id,
        policies.model_code,
        cast(null as date) as measured_on,
        policies.fold_number,
        profiled.value_cell,
        policies.predicted_value,
        cast(profiled.observed_clv as double) as actual_value,
        cast(null as double) as alive_probability,
        cast(null as double) as renewal_probability,
        true as is_out_of_sample
    from policies
    inner join profiled on policies.customer_id = profiled.customer_id
    union all
    -- the extract gives the value and no premium to predict it from
    select
        'policies' as clv_family,
        'latest' as prediction_basis,
        profiled.customer_id,
        'none' as model_code,
        cast(null as date) as measured_on,
        cast(null as bigint) as fold_number,
        profiled.value_cell,
        cast(null as double) as predicted_value,
        cast(profiled.observed_clv as double) as actual_value,
        cast(null as double) as alive_probability,
        cast(null as double) as renewal_probability,
        cast(null as boolean) as is_out_of_sample
    from profiled
    where profiled.monthly_premium is null and (select count(*) > 0 from policies)
    union all
    select
        'purchases' as clv_family,
        summarised.prediction_basis,
        summarised.customer_id,
        {{ sql_literal(purchase_model ~ '_gamma_gamma') }} as model_code,
        summarised.measured_on,
        summarised.fold_number,
        -- who has probably left for good buys nothing far more often than who has not
        case
            when purchases.{{ purchase_model }}_alive_probability < 0.5 then concat(summarised.value_cell, ', probably not active')
            else summarised.value_cell
        end as value_cell,
        case summarised.prediction_basis
            when 'latest' then purchases.{{ purchase_model }}_horizon_value
            else purchases.{{ purchase_model }}_holdout_purchases * purchases.gamma_gamma_purchase_value
        end as predicted_value,
        cast(summarised.future_amount as double) as actual_value,
        purchases.{{ purchase_model }}_alive_probability as alive_probability,
        cast(null as double) as renewal_probability,
        -- what is forecast has not happened yet
        true as is_out_of_sample
    from purchases
    inner join summarised
        on purchases.customer_id = summarised.customer_id and purchases.measured_on = summarised.measured_on
    cross join longest
    where summarised.prediction_basis = 'latest' or summarised.holdout_days = longest.longest_holdout_days
    union all
    select
        'contracts' as clv_family,
        prediction_basis,
        customer_id,
        'shifted_beta_geometric' as model_code,
        measured_on,
        fold_number,
        value_cell,
        case prediction_basis when 'latest' then horizon_value else next_premium_value end as predicted_value,
        case when prediction_basis = 'back_test' then future_value end as actual_value,
        cast(null as double) as alive_probability,
        renewal_probability,
        true as is_out_of_sample
    from contracts
)

select * from predicted
