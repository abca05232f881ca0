-- A customer whom two rule segments claim would be counted twice and given two strategies.
select
    customer_id,
    count(*) as segment_count
from {{ ref('int_customers_ruled') }}
where segment_scheme = 'rule'
group by customer_id
having count(*) > 1
