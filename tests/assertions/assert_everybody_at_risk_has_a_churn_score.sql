-- Where scores are fitted at all, each customer who is still here has one of today; a snapshot scores everybody.
with churned as (
    select * from {{ ref('int_customers_churned') }}
),

scores as (
    select * from {{ ref('churn_scores') }}
),

fitted as (
    select count(*) > 0 as has_scores from scores
)

select churned.customer_id
from churned
cross join fitted
left join scores on churned.customer_id = scores.customer_id and scores.score_basis in ('as_of_date', 'snapshot')
where
    fitted.has_scores
    and (churned.is_descriptive_only or not churned.is_churned)
    and scores.customer_id is null
