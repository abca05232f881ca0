-- RFM scores (5 is best in all three) and the segment of the grid.

with customers as (
    select * from {{ ref('int_customers_rfm') }}
),

{{ rfm_scoring('customers', ['rfm_scheme', 'customer_id', 'as_of_date']) }}

select * from segmented
