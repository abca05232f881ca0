-- The members of each portrait: churned customers, retained customers, and every churn segment that was kept. Portraits are
-- tested on those of the sample alone.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where segment_scheme = 'churn' and is_rated and is_churned is not null
),

sampled as (
    select * from {{ ref('int_churn_customers_sampled') }}
    where not is_discovery and is_rated
),

listed as (
    select
        case when is_churned then 'churned' else 'retained' end as portrait_code,
        customer_id
    from observations
    union all
    select
        segment_code as portrait_code,
        customer_id
    from memberships
),

marked as (
    select
        listed.portrait_code,
        listed.customer_id,
        sampled.customer_id is not null as is_sampled
    from listed
    left join sampled on listed.customer_id = sampled.customer_id
)

select * from marked
