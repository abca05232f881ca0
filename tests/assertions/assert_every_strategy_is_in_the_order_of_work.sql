-- The strategy of a segment stands in the order of work, with the same customers, where anything is known of churn.
select segments.*
from {{ ref('strategy_segments') }} as segments
left join {{ ref('strategy_priorities') }} as priorities
    on
        segments.segment_scheme = priorities.segment_scheme
        and segments.segment_code = priorities.segment_code
        and segments.strategy_code = priorities.strategy_code
where
    segments.strategy_code is not null
    and segments.customers_count > 0
    and exists (
        select 1 from {{ ref('int_customers_churned') }}
        where is_churned is not null
    )
    and (priorities.priority_rank is null or priorities.customers_count <> segments.customers_count)
