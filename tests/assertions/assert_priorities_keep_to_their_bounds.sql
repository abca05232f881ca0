-- A strategy reaches no more customers than are here and than it has capacity for, its range holds what is expected of
-- it, and the order of work, from 1 without a gap, puts what pays first and what does not last, among equal decisions what can start
-- now first, and then the most value saved for a day of effort.
with staged as (
    select
        *,
        case case when is_test_first then 'test' else coalesce(decision_code, 'unknown') end
            when 'do' then 10 when 'test' then 20 when 'cannot_be_tested' then 30 when 'unknown' then 40 when 'hold' then 50
        end + case prerequisite_kind when 'none' then 1 when 'check' then 2 when 'build' then 3 end as stage
    from {{ ref('strategy_priorities') }}
),

priorities as (
    select
        *,
        row_number() over (partition by segment_scheme order by priority_rank) as position_in_scheme,
        lag(stage) over (partition by segment_scheme order by priority_rank) as stage_before,
        lag(kept_amount_per_effort_day) over (partition by segment_scheme order by priority_rank) as amount_before
    from staged
)

select *
from priorities
where
    reached_count > remaining_count
    or reached_count > capacity_count
    or remaining_count > customers_count
    or expected_churned_customers > remaining_count
    or least_kept_customers > expected_kept_customers
    or expected_kept_customers > most_kept_customers
    or least_kept_amount > expected_kept_amount
    or expected_kept_amount > most_kept_amount
    or priority_rank <> position_in_scheme
    or stage is null
    or stage_before > stage
    or stage_before = stage and amount_before < kept_amount_per_effort_day
    or stage_before = stage and amount_before is null and kept_amount_per_effort_day is not null
