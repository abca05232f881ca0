-- The product cut: one row per product, stratum (age x activity x gender) and window that tests read, beside all customers of
-- the stratum and of the window. A customer with two products is counted under both, so products are compared with their
-- non-holders and do not add up to the portfolio. Empty where the extract has no holdings.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested and is_churned is not null
),

-- held on the day of the observation; under a flag without dates, at any time, since holdings end when a customer churns
held as (
    select distinct
        observations.customer_id,
        observations.observed_on,
        product_holdings.product_code
    from observations
    inner join {{ ref('int_product_holdings_conformed') }} as product_holdings
        on observations.customer_id = product_holdings.customer_id
    where
        coalesce(product_holdings.opened_on <= observations.observed_on, true)
        and (
            observations.churn_basis = 'snapshot'
            or coalesce(product_holdings.closed_on > observations.observed_on, true)
        )
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
        observations.customer_id,
        observations.observed_on,
        coalesce(observations.window_number, 1) as window_number,
        {{ concat_present([
            band_of('observations.age', 'age_bands'), churn_dimensions()['is_active'], 'observations.gender'
        ], ' x ') }} as stratum,
        observations.is_churned
    from observations
    cross join holdings_carried
    left join age_bands on {{ is_within('observations.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
    where holdings_carried.has_holdings
),

memberships as (
    select
        customers.*,
        coalesce(held.product_code, 'none') as product_code
    from customers
    left join held on customers.customer_id = held.customer_id and customers.observed_on is not distinct from held.observed_on
),

counted as (
    select
        product_code,
        stratum,
        window_number,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from memberships
    group by product_code, stratum, window_number
),

portfolio as (
    select
        stratum,
        window_number,
        count(*) as stratum_count,
        cast(sum(count(*)) over (partition by window_number) as bigint) as portfolio_count,
        cast(sum(sum(case when is_churned then 1 else 0 end)) over (partition by window_number) as bigint)
            as portfolio_churned_count
    from customers
    group by stratum, window_number
),

with_portfolio as (
    select
        'product_code' as cut_name,
        counted.product_code as cut_value,
        false as is_crossed,
        counted.stratum,
        counted.window_number,
        counted.customers_count,
        counted.churned_count,
        portfolio.stratum_count,
        portfolio.portfolio_count,
        portfolio.portfolio_churned_count
    from counted
    inner join portfolio on counted.stratum = portfolio.stratum and counted.window_number = portfolio.window_number
)

select * from with_portfolio
