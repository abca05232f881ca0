-- A better value never has a lower score, and equal values share one: in each scheme the worst value under a score is
-- better than the best value under any lower score. Fails for scores that run upside down and for ntiles that part ties.
with customers as (
    select * from {{ ref('rfm_customers') }}
),

measured as (
    select rfm_scheme, 'recency' as measure, recency_score as score, -recency_days as goodness from customers
    union all
    select rfm_scheme, 'frequency' as measure, frequency_score as score, frequency_count as goodness from customers
    union all
    select rfm_scheme, 'monetary' as measure, monetary_score as score, monetary_amount as goodness from customers
),

scored as (
    select
        rfm_scheme,
        measure,
        score,
        min(goodness) as worst,
        max(goodness) as best
    from measured
    where goodness is not null
    group by rfm_scheme, measure, score
)

select
    higher.rfm_scheme,
    higher.measure,
    higher.score as higher_score,
    lower.score as lower_score
from scored as higher
inner join scored as lower
    on
        higher.rfm_scheme = lower.rfm_scheme
        and higher.measure = lower.measure
        and higher.score > lower.score
        and higher.worst <= lower.best
