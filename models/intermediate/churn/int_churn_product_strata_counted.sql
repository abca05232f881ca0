-- The product cut: one row per product and stratum (age x activity x gender). A customer with two products is counted
-- under both, so products are compared with their non-holders and do not add up to the portfolio. Empty where the
-- extract has no holdings.
with profiled as (
    select * from {{ ref('int_customers_profiled') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
    where is_churned is not null
),

held as (
    select * from {{ ref('int_products_held') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age' and band_set = {{ sql_literal(var('standardisation_age_band_set')) }}
),

holdings_carried as (
    select count(*) > 0 as has_holdings from held
),

customers as (
    select
        profiled.customer_id,
        {{ concat_present([
            band_of('profiled.age', 'age_bands'), churn_dimensions()['is_active'], 'profiled.gender'
        ], ' x ') }} as stratum,
        churned.is_churned
    from profiled
    inner join churned on profiled.customer_id = churned.customer_id
    cross join holdings_carried
    left join age_bands on {{ is_within('profiled.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
    where holdings_carried.has_holdings
),

memberships as (
    select
        customers.*,
        coalesce(held.product_code, 'none') as product_code
    from customers
    left join held on customers.customer_id = held.customer_id
),

counted as (
    select
        product_code,
        stratum,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from memberships
    group by product_code, stratum
),

portfolio as (
    select
        cast(null as {{ kind_type('text') }}) as product_code,
        stratum,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from customers
    group by stratum
),

-- the row without a product is the whole portfolio's stratum, the weight in the standardised rate
with_portfolio as (
    select * from counted
    union all
    select * from portfolio
)

select * from with_portfolio
