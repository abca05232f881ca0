-- The cluster of every customer on the as-of date; no cluster for a customer who was never in touch.
with features as (
    select * from {{ ref('int_cluster_features_built') }}
),

{{ cluster_assignment('features', ['customer_id']) }}

select * from assigned
