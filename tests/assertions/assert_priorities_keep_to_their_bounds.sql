-- A strategy reaches no more customers than are here and than it has capacity for, its range holds what is expected of
-- it, and the order of work, from 1 without a gap, puts what pays first and what does not last, among equal decisions what can start
-- now first, and then what is expected to earn most. As many are expected to churn as strategy_economics says.
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
        lag(expected_net_amount) over (partition by segment_scheme order by priority_rank) as net_before
    from staged
)

select priorities.*
from priorities
left join {{ ref('strategy_economics') }} as economics
    on
        priorities.segment_scheme = economics.segment_scheme
        and priorities.segment_code = economics.segment_code
        and priorities.strategy_code = economics.strategy_code
where
    priorities.reached_count > priorities.remaining_count
    or priorities.reached_count > priorities.capacity_count
    or priorities.reached_churned_customers > priorities.reached_count + 1e-6
    or expected_kept_customers > priorities.reached_churned_customers + 1e-6
    or priorities.remaining_count <> economics.remaining_count
    or priorities.reached_count <> economics.reached_count
    or abs(priorities.expected_churned_customers - economics.expected_churned_customers) > 1e-6 * priorities.remaining_count
    or abs(priorities.reached_churned_customers - economics.reached_churned_customers) > 1e-6
    or priorities.expected_net_amount <> economics.expected_net_amount
    or kept_value_amount - total_cost_amount <> priorities.expected_net_amount
    or priorities.remaining_count > customers_count
    or priorities.expected_churned_customers > priorities.remaining_count
    or least_kept_customers > expected_kept_customers
    or expected_kept_customers > most_kept_customers
    or least_kept_amount > expected_kept_amount
    or expected_kept_amount > most_kept_amount
    or priority_rank <> position_in_scheme
    or stage is null
    or stage_before > stage
    or stage_before = stage and net_before < priorities.expected_net_amount
    or stage_before = stage and net_before is null and priorities.expected_net_amount is not null
