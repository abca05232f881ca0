-- Pearson's chi-square of each exclusive cut against churn, without continuity correction, and Cramer's V.
with rates as (
    select * from {{ ref('int_churn_rates_compared') }}
    -- the values of the product cut overlap
    where cut_count is not null
),

-- over both outcomes, (observed - expected)^2 / expected adds up to (k - n p)^2 / (n p (1 - p)) in each value
measured as (
    select
        cut_name,
        count(*) as value_count,
        max(portfolio_count) as customers_count,
        {{ exact_sum(
            "power(churned_count - customers_count * cast(portfolio_churned_count as double) / portfolio_count, 2)"
            ~ " / nullif(customers_count * (cast(portfolio_churned_count as double) / portfolio_count)"
            ~ " * (1.0 - cast(portfolio_churned_count as double) / portfolio_count), 0)"
        ) }} as chi_square,
        min(customers_count * least(
            cast(portfolio_churned_count as double), portfolio_count - portfolio_churned_count
        ) / portfolio_count) as smallest_expected
    from rates
    group by cut_name
),

with_effect as (
    select
        cut_name,
        value_count,
        customers_count,
        chi_square,
        value_count - 1 as degrees_of_freedom,
        -- two outcomes: the smaller side of the table is always two
        sqrt(chi_square / customers_count) as cramers_v,
        smallest_expected < 5 as is_small_expected
    from measured
    where value_count > 1
)

select * from with_effect
