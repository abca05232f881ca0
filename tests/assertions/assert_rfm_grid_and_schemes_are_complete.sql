-- Twenty-five cells and eleven segments; every scheme says where recency, frequency and money come from.
select 'grid' as what
from {{ ref('rfm_segment_grid') }}
where recency_score between 1 and 5 and frequency_monetary_score between 1 and 5
having count(*) <> 25 or count(distinct rfm_segment) <> 11
union all
select rfm_scheme as what
from {{ ref('rfm_schemes') }}
group by rfm_scheme
having count(distinct measure) <> 3
