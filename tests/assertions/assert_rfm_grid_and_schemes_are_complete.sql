-- Twenty-five cells and eleven segments; every scheme says where recency, frequency and money come from, and a measure with fixed
-- bounds has all of them, in ascending order.
select 'grid' as what
from {{ ref('rfm_segment_grid') }}
where recency_score between 1 and 5 and frequency_monetary_score between 1 and 5
having count(*) <> 25 or count(distinct rfm_segment) <> 11
union all
select rfm_scheme as what
from {{ ref('rfm_schemes') }}
group by rfm_scheme
having count(distinct measure) <> 3
union all
select fixed.rfm_scheme || ' ' || fixed.measure as what
from (
    select
        *,
        lag(threshold) over (partition by rfm_scheme, measure order by threshold_number) as former_threshold
    from {{ ref('rfm_fixed_thresholds') }}
) as fixed
left join {{ ref('rfm_schemes') }} as schemes
    on fixed.rfm_scheme = schemes.rfm_scheme and fixed.measure = schemes.measure
group by fixed.rfm_scheme, fixed.measure
having
    count(*) <> coalesce(max(schemes.bin_count), 0) - 1
    or max(fixed.threshold_number) <> count(*)
    or count(*) filter (where fixed.threshold <= fixed.former_threshold) > 0
