-- The bounds that split each measure's values into bins, kept as rows so that a score can be explained: those that people fixed,
-- else the quantiles of customers who have joined and not closed, since closing ends the activity that is measured.
with customers as (
    select rfm.*
    from {{ ref('int_customers_rfm') }} as rfm
    inner join {{ ref('int_customers_conformed') }} as customers on rfm.customer_id = customers.customer_id
    where
        not coalesce(customers.closed_on <= rfm.as_of_date, false)
        -- on an as-of date in the past some are still to come
        and coalesce(customers.joined_on <= rfm.as_of_date, true)
),

{{ rfm_thresholds('customers', ['rfm_scheme']) }}

select * from computed
