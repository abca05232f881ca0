-- The cluster code of every customer. Customers who were never in touch have a code of their own, and all customers where
-- there is no cluster structure.
{{ config(materialized='view') }}

with assigned as (
    select * from {{ ref('int_customers_assigned') }}
),

matched as (
    select * from {{ ref('int_clusters_matched') }}
),

structure as (
    select count(*) > 0 as has_clusters from matched
),

placed as (
    select
        assigned.customer_id,
        case
            when matched.cluster_code is not null then matched.cluster_code
            when structure.has_clusters then 'never_in_touch'
            else 'unclustered'
        end as cluster_code,
        assigned.cluster_distance,
        assigned.membership_probability,
        assigned.assignment_margin
    from assigned
    cross join structure
    left join matched on assigned.cluster_number = matched.cluster_number
)

select * from placed
