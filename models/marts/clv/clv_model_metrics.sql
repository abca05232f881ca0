-- How good each model of value is beside its baselines, on the same customers, which wins on which metric; and the fitted
-- parameters.
with measured as (
    select * from {{ ref('int_clv_models_measured') }}
),

predicted as (
    select * from {{ ref('int_clv_customers_predicted') }}
),

calibrated as (
    select * from {{ ref('int_clv_values_calibrated') }}
),

purchases as (
    select * from {{ ref('int_clv_purchases_fitted') }}
),

contracts as (
    select * from {{ ref('int_clv_contracts_fitted') }}
),

chosen as (
    select * from {{ ref('int_clv_family_chosen') }}
),

covered as (
    select
        predicted.clv_family,
        predicted.measured_on,
        case predicted.clv_family when 'policies' then 'clv' when 'purchases' then 'spend' else 'premium' end as target_name,
        predicted.model_code,
        cast(count(*) filter (where calibrated.is_covered) as double) / count(*) as metric_value,
        count(*) as customers_count
    from calibrated
    inner join predicted
        on
            calibrated.clv_family = predicted.clv_family
            and calibrated.prediction_basis = predicted.prediction_basis
            and calibrated.customer_id = predicted.customer_id
    where calibrated.is_covered is not null
    group by predicted.clv_family, predicted.measured_on, predicted.model_code
),

united as (
    select
        clv_family,
        target_name,
        'none' as cohort,
        model_code,
        feature_set,
        case when clv_family = 'policies' then 'cross_validation' else 'holdout' end as sample,
        cast(measured_on as date) as measured_on,
        metric_name,
        metric_value,
        customers_count
    from measured
    union all
    select
        clv_family,
        target_name,
        'none' as cohort,
        model_code,
        case when clv_family = 'policies' then {{ sql_literal(score_feature_set()) }} else 'none' end as feature_set,
        case when clv_family = 'policies' then 'cross_validation' else 'holdout' end as sample,
        measured_on,
        'interval_coverage' as metric_name,
        metric_value,
        customers_count
    from covered
    union all
    select
        'purchases' as clv_family,
        case when model_code = 'gamma_gamma' then 'spend' else 'purchases' end as target_name,
        'none' as cohort,
        model_code,
        'none' as feature_set,
        'in_sample' as sample,
        cast(measured_on as date) as measured_on,
        metric_name,
        metric_value,
        customers_count
    from purchases
    union all
    select
        'contracts' as clv_family,
        'premium' as target_name,
        cohort,
        case when metric_name = 'renewal_rate' then 'constant_renewal_rate' else 'shifted_beta_geometric' end as model_code,
        'none' as feature_set,
        'in_sample' as sample,
        cast(measured_on as date) as measured_on,
        metric_name,
        metric_value,
        customers_count
    from contracts
),

directed as (
    select
        *,
        case
            -- of a bias, the distance from zero
            when metric_name in ('mae', 'rmse', 'mape', 'total_bias', 'calibration_error') then abs(metric_value)
            when metric_name in ('r2', 'gini', 'spearman', 'top_decile_capture') then -metric_value
        end as loss
    from united
),

compared as (
    select
        clv_family,
        target_name,
        cohort,
        model_code,
        feature_set,
        sample,
        measured_on,
        metric_name,
        metric_value,
        customers_count,
        model_code not in (
            'rule_forest', 'random_forest', 'gradient_boosting', 'bg_nbd', 'mbg_nbd', 'gamma_gamma', 'bg_nbd_gamma_gamma',
            'mbg_nbd_gamma_gamma', 'shifted_beta_geometric'
        ) as is_baseline,
        clv_family in (select clv_family from chosen) and (
            model_code = 'rule_forest' and feature_set = {{ sql_literal(score_feature_set()) }}
            or model_code in (
                {{ sql_literal(var('clv_purchase_model')) }}, {{ sql_literal(var('clv_purchase_model') ~ '_gamma_gamma') }},
                'gamma_gamma', 'shifted_beta_geometric'
            )
        ) as is_served,
        case
            when loss is not null then loss = min(loss) over (
                partition by clv_family, target_name, sample, measured_on, metric_name
            )
        end as is_best
    from directed
)

select * from compared
