-- Each metric of a model is measured on the same number of customers as that of its baselines, at least one of which is
-- there, and somebody wins wherever better has a meaning.
with metrics as (
    select * from {{ ref('clv_model_metrics') }}
    where sample <> 'in_sample' and is_best is not null
),

faults as (
    select
        clv_family,
        target_name,
        measured_on,
        metric_name
    from metrics
    group by clv_family, target_name, measured_on, metric_name
    having
        min(customers_count) <> max(customers_count)
        or count(*) filter (where is_baseline) = 0
        or count(*) filter (where not is_baseline) = 0
        or count(*) filter (where is_best) = 0
)

select * from faults
