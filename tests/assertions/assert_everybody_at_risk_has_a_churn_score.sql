-- Where scores are fitted at all, each current customer has one of today; a snapshot scores everybody.
with churned as (
    select * from {{ ref('int_customers_churned') }}
),

days as (
    select count(*) > 0 as is_snapshot from {{ ref('int_churn_days') }}
    where churn_basis = 'snapshot'
),

scores as (
    select * from {{ ref('churn_scores') }}
),

fitted as (
    select count(*) > 0 as has_scores from scores
)

select churned.customer_id
from churned
cross join days
cross join fitted
left join scores on churned.customer_id = scores.customer_id and scores.churn_basis in ('current', 'snapshot')
where
    fitted.has_scores
    and (days.is_snapshot or churned.is_current)
    and scores.customer_id is null
