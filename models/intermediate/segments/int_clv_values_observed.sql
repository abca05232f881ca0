-- The value of each observation that has an outcome, on the day of the observation: by the histories of purchases of that day,
-- or on a snapshot the value of the snapshot. Values of policies and contracts have no history.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated
),

chosen as (
    select * from {{ ref('int_clv_family_chosen') }}
),

purchases as (
    select * from {{ ref('int_clv_purchases_observed_valued') }}
),

valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

observed as (
    select
        observations.customer_id,
        observations.churn_basis,
        observations.window_number,
        observations.is_churned,
        case observations.churn_basis
            when 'snapshot' then valued.clv_amount
            else cast(purchases.{{ name_var('clv_purchase_model', ['bg_nbd', 'mbg_nbd']) }}_horizon_value as decimal(18, 2))
        end as clv_amount
    from observations
    cross join chosen
    left join valued on observations.customer_id = valued.customer_id
    left join purchases on observations.customer_id = purchases.customer_id and chosen.clv_family = 'purchases'
)

select * from observed
where clv_amount is not null
