-- Every customer of the scheme is in one cluster, profiles count the same people, and one candidate is in use.
with customers as (
    select count(*) as customers_count from {{ ref('rfm_customers') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
),

placed as (
    select
        cluster_code,
        count(*) as customers_count
    from {{ ref('customer_clusters') }}
    group by cluster_code
),

profiles as (
    select * from {{ ref('cluster_profiles') }}
    where cluster_set = 'customers'
),

selected as (
    select count(*) as selected_count from {{ ref('cluster_selection') }}
    where cluster_set = 'customers' and is_selected
)

select 'all clusters' as what
from customers
where customers_count <> (select coalesce(sum(customers_count), 0) from placed)
union all
select coalesce(placed.cluster_code, profiles.cluster_code) as what
from placed
full outer join profiles on placed.cluster_code = profiles.cluster_code
where placed.customers_count is distinct from profiles.customers_count
union all
select 'candidates in use' as what
from selected
where selected_count <> 1
