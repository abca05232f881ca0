-- An observation in two rule segments would be counted twice and given two strategies.
select
    customer_id,
    churn_basis,
    window_number,
    count(*) as segment_count
from {{ ref('int_segment_memberships') }}
where segment_scheme = 'rule'
group by customer_id, churn_basis, window_number
having count(*) > 1
