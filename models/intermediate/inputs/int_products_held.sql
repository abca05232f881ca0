-- A product counts as held if it was held at any time up to the as-of date: holdings end when a customer churns, so
-- what is held on the as-of date would only restate churn.
with product_holdings as (
    select * from {{ ref('int_product_holdings_conformed') }}
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

held as (
    select distinct
        customer_id,
        product_code
    from product_holdings
    cross join as_of
    where coalesce(opened_on <= as_of_date, true)
)

select * from held
