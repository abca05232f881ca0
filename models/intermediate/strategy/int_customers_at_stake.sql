-- What is at stake with each customer to whom a strategy may apply: how likely a current customer is to churn within the planning
-- period, by the customer's own score where there is one, and what the customer brings: the value less expected claims, or else the balance on
-- which the bank earns a margin. What a churned customer brought is not known any more.
{%- set is_calibrated = protected_attributes_use() == 'calibration' %}
{%- set probability = odds_multiplied('scored.churn_probability', 'calibrations.odds_factor') if is_calibrated else 'scored.churn_probability' %}

with customers as (
    select * from {{ ref('int_customers_churned') }}
    -- neither those who died or were closed by the bank nor those who join later
    where is_current or is_churned
),

scored as (
    select * from {{ ref('int_churn_scored') }}
    where churn_basis in ('current', 'snapshot')
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

valued as (
    select * from {{ ref('int_clv_customers_valued') }}
),

{%- if is_calibrated %}
dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

calibrations as (
    select * from {{ ref('int_churn_groups_calibrated') }}
    where feature_set = {{ sql_literal(score_feature_set()) }}
),

{%- endif %}
profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

described as (
    select
        customers.customer_id,
        customers.is_current,
        case
            when customers.is_current then {{ planning_rate(probability, 'rated_day.window_days') }}
        end as churn_probability,
        case when customers.is_current then valued.net_clv_amount end as clv_amount,
        case when customers.is_current then profiled.balance end as balance
    from customers
    cross join rated_day
    inner join profiled on customers.customer_id = profiled.customer_id
    left join scored on customers.customer_id = scored.customer_id
    left join valued on customers.customer_id = valued.customer_id
    {%- if is_calibrated %}
    left join dimensions on customers.customer_id = dimensions.customer_id
    left join calibrations on dimensions.age_band = calibrations.age_band and dimensions.gender = calibrations.gender
    {%- endif %}
)

select * from described
