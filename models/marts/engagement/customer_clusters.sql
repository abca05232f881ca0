with placed as (
    select * from {{ ref('int_customers_placed') }}
),

described as (
    select * from {{ ref('int_clusters_described') }}
    where cluster_set = 'customers'
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

final as (
    select
        placed.customer_id,
        as_of.as_of_date,
        dimensions.city,
        dimensions.age_band,
        dimensions.gender,
        dimensions.product_count,
        dimensions.is_active,
        placed.cluster_code,
        described.cluster_name,
        described.segment_code,
        placed.cluster_distance,
        placed.membership_probability,
        placed.assignment_margin
    from placed
    cross join as_of
    left join dimensions on placed.customer_id = dimensions.customer_id
    inner join described on placed.cluster_code = described.cluster_code
)

select * from final
