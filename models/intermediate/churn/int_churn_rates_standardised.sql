-- Counts of each cut value and its directly standardised rate: the value's stratum rates weighted by the portfolio's
-- strata, weights renormalised over the strata that the value has; null where these carry too little of the weight.
with exclusive_strata as (
    select * from {{ ref('int_churn_strata_counted') }}
),

product_strata as (
    select * from {{ ref('int_churn_product_strata_counted') }}
),

strata as (
    select cut_name, cut_value, stratum, customers_count, churned_count from exclusive_strata
    union all
    select 'product_code' as cut_name, product_code as cut_value, stratum, customers_count, churned_count
    from product_strata
    where product_code is not null
),

portfolio_strata as (
    select cut_name, stratum, sum(customers_count) as stratum_count, sum(churned_count) as stratum_churned_count
    from exclusive_strata
    group by cut_name, stratum
    union all
    select 'product_code' as cut_name, stratum, customers_count as stratum_count, churned_count
    from product_strata
    where product_code is null
),

portfolios as (
    select
        cut_name,
        cast(sum(stratum_count) as bigint) as portfolio_count,
        cast(sum(stratum_churned_count) as bigint) as portfolio_churned_count
    from portfolio_strata
    group by cut_name
),

weighted as (
    select
        strata.cut_name,
        strata.cut_value,
        cast(sum(strata.customers_count) as bigint) as customers_count,
        cast(sum(strata.churned_count) as bigint) as churned_count,
        sum(portfolio_strata.stratum_count) as covered_weight,
        {{ exact_sum('portfolio_strata.stratum_count * cast(strata.churned_count as double) / strata.customers_count') }}
            as weighted_rate
    from strata
    inner join portfolio_strata
        on strata.cut_name = portfolio_strata.cut_name and strata.stratum = portfolio_strata.stratum
    group by strata.cut_name, strata.cut_value
),

standardised as (
    select
        weighted.cut_name,
        weighted.cut_value,
        weighted.customers_count,
        weighted.churned_count,
        portfolios.portfolio_count,
        portfolios.portfolio_churned_count,
        case
            when weighted.covered_weight >= {{ number_var('standardisation_minimum_coverage') }} * portfolios.portfolio_count
                then weighted.weighted_rate / weighted.covered_weight
        end as standardised_churn_rate
    from weighted
    inner join portfolios on weighted.cut_name = portfolios.cut_name
)

select * from standardised
