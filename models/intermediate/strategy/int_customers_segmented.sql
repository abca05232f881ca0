-- One row per customer and segment scheme: every segmentation that strategies can hang on, in one shape.
with ruled as (
    select * from {{ ref('int_customers_ruled') }}
),

scored as (
    select * from {{ ref('int_customers_scored') }}
    where rfm_scheme = {{ sql_literal(var('rfm_scheme')) }}
),

segmented as (
    select
        customer_id,
        'rule' as segment_scheme,
        segment_code
    from ruled
    union all
    select
        customer_id,
        'rfm' as segment_scheme,
        rfm_segment as segment_code
    from scored
)

select * from segmented
