-- Each customer's running contracts together: the premiums to expect and, from the earlier day on, those that came.
with observed as (
    select * from {{ ref('int_clv_contracts_observed') }}
),

predicted as (
    select * from {{ ref('int_clv_contracts_predicted') }}
),

forecast as (
    select
        observed.customer_id,
        observed.prediction_basis,
        observed.measured_on,
        {{ hash_bucket('observed.customer_id', clv_fold_count()) }} as fold_number,
        case when min(observed.renewal_number) = 0 then 'first year' else 'renewed before' end as value_cell,
        {{ exact_sum('observed.annual_premium') }} as last_value,
        -- the money of the coming year, in which each contract meets one renewal
        {{ exact_sum('predicted.renewal_probability * observed.annual_premium') }} as next_premium_value,
        {{ exact_sum('predicted.constant_renewal_probability * observed.annual_premium') }} as constant_next_premium_value,
        {{ exact_sum('predicted.horizon_value') }} as horizon_value,
        {{ exact_sum('predicted.renewal_probability * observed.annual_premium') }}
        / {{ exact_sum('observed.annual_premium') }} as renewal_probability,
        {{ exact_sum('case when observed.is_renewed_next then observed.annual_premium else 0 end') }} as future_value
    from observed
    inner join predicted
        on observed.policy_id = predicted.policy_id and observed.measured_on = predicted.measured_on
    group by observed.customer_id, observed.prediction_basis, observed.measured_on
)

select * from forecast
