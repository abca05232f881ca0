-- The order of work, within each scheme: what is worth doing, then what a test has to show, then what is expected to gain but no test
-- can show, then what is not known, and last what is not expected to gain. Among strategies of one decision those come first that can
-- start now, then those that wait for a check, then those that need something to be built; and in each of these the strategy that is
-- expected to earn most. Where that is not known, the one that saves most of balances for a day of effort.

with estimated as (
    select * from {{ ref('int_priorities_estimated') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

economics as (
    select * from {{ ref('int_strategy_economics_estimated') }}
),

spent as (
    select * from {{ ref('int_strategy_economics_summed') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

valued as (
    select
        estimated.*,
        named.segment_name,
        strategies.strategy_name,
        -- a scheme that decides on no strategy has no economics, and no more is known than the plan's range
        estimated.savable_customers * coalesce(economics.least_saved_share, estimated.pessimistic_save_rate) as least_kept_customers,
        estimated.savable_customers * coalesce(economics.most_saved_share, estimated.optimistic_save_rate) as most_kept_customers,
        cast(expected_kept_customers * average_value_held_amount as decimal(18, 2)) as expected_kept_amount,
        expected_kept_customers * average_value_held_amount / nullif(effort_days, 0) as kept_amount_per_effort_day,
        expected_kept_customers / nullif(effort_days, 0) as kept_customers_per_effort_day,
        economics.decision_code,
        cast(economics.least_net as decimal(18, 2)) as least_net_amount,
        cast(economics.expected_net as decimal(18, 2)) as expected_net_amount,
        cast(economics.most_net as decimal(18, 2)) as most_net_amount,
        cast(spent.reached_count * spent.contact_cost as decimal(18, 2)) as contacts_cost_amount,
        cast(spent.setup_cost as decimal(18, 2)) as setup_cost_amount,
        -- the offer is taken by those it keeps and by some who would have stayed
        cast(
            (spent.retained_offer_customers + estimated.expected_kept_customers) * spent.offer_cost_amount as decimal(18, 2)
        ) as offers_cost_amount,
        {{ is_much_changed('estimated.population_stability_index') }} as is_changed,
        -- what was shown of other customers than the segment is made of today is shown again, where a test can
        coalesce(
            economics.decision_code = 'test'
            or economics.decision_code = 'do'
            and {{ is_much_changed('estimated.population_stability_index') }}
            and economics.smallest_detectable_effect <= economics.expected_effect,
            false
        ) as is_test_first,
        {{ churn_period_columns('rated_day') | indent(4) }},
        rated_day.churn_basis = 'snapshot' as is_descriptive_only
    from estimated
    cross join rated_day
    inner join strategies on estimated.strategy_code = strategies.strategy_code
    left join economics
        on
            estimated.segment_scheme = economics.segment_scheme
            and estimated.segment_code = economics.segment_code
            and estimated.strategy_code = economics.strategy_code
    left join spent
        on
            estimated.segment_scheme = spent.segment_scheme
            and estimated.segment_code = spent.segment_code
            and estimated.strategy_code = spent.strategy_code
    left join named
        on estimated.segment_scheme = named.segment_scheme and estimated.segment_code = named.segment_code
),

ranked as (
    select
        *,
        cast(contacts_cost_amount + setup_cost_amount + offers_cost_amount as decimal(18, 2)) as total_cost_amount,
        -- of overdrawn balances the least is kept with the most customers
        {%- set kept = 'least_kept_customers * average_value_held_amount, most_kept_customers * average_value_held_amount' %}
        cast(least({{ kept }}) as decimal(18, 2)) as least_kept_amount,
        cast(greatest({{ kept }}) as decimal(18, 2)) as most_kept_amount,
        cast(row_number() over (
            partition by segment_scheme
            order by
                case
                    when is_test_first then 2
                    when decision_code = 'do' then 1
                    when decision_code = 'cannot_be_tested' then 3
                    when decision_code = 'hold' then 5
                    else 4
                end asc,
                case prerequisite_kind when 'none' then 1 when 'check' then 2 else 3 end asc,
                expected_net_amount desc nulls last,
                kept_amount_per_effort_day desc nulls last,
                kept_customers_per_effort_day desc nulls last,
                segment_code asc,
                strategy_code asc
        ) as bigint) as priority_rank
    from valued
),

final as (
    select
        segment_scheme,
        segment_code,
        segment_name,
        strategy_code,
        strategy_name,
        strategy_rank,
        priority_rank,
        customers_count,
        remaining_count,
        evidence_count,
        churn_rate,
        churn_rate_ci_lower,
        churn_rate_ci_upper,
        shrunk_churn_rate,
        planning_churn_rate,
        planning_churn_rate_ci_lower,
        planning_churn_rate_ci_upper,
        expected_churned_customers,
        {{ churn_period_columns() | indent(4) }},
        is_extrapolated,
        is_descriptive_only,
        population_stability_index,
        value_held_amount,
        reached_count,
        reached_churned_customers,
        capacity_count,
        effort_days,
        lead_time_days,
        prerequisite_kind,
        prerequisite,
        pessimistic_save_rate,
        optimistic_save_rate,
        evidence_level,
        is_test_first,
        decision_code,
        least_kept_customers,
        expected_kept_customers,
        most_kept_customers,
        cast(expected_net_amount + total_cost_amount as decimal(18, 2)) as kept_value_amount,
        contacts_cost_amount,
        setup_cost_amount,
        offers_cost_amount,
        total_cost_amount,
        least_net_amount,
        expected_net_amount,
        most_net_amount,
        least_kept_amount,
        expected_kept_amount,
        most_kept_amount,
        kept_amount_per_effort_day,
        case
            when is_test_first then 'Test first: '
            when decision_code = 'hold' then 'Hold, no gain is expected: '
            when decision_code = 'cannot_be_tested' then 'Too few customers for a test: '
            else ''
        end
        || strategy_name || ' for ' || segment_name || ' can reach '
        || case when reached_count = 0 then 'none' else {{ grouped_text('reached_count') }} end
        || ' of ' || {{ grouped_text('remaining_count') }} || ' current customers.'
        || case
            -- an internal task keeps nobody
            when reached_count = 0 or optimistic_save_rate = 0 then ''
            else ' Of those reached, ' || {{ grouped_text('reached_churned_customers', 1) }} || ' are expected to churn within '
                || {{ whole_text(number_var('planning_days')) }} || ' days'
                || case when is_descriptive_only then ' if the rate of the snapshot recurs' else '' end
                || ', and ' || {{ grouped_text('expected_kept_customers', 1) }} || ' to be kept ('
                || {{ grouped_text('least_kept_customers', 1) }} || ' to ' || {{ grouped_text('most_kept_customers', 1) }} || ').'
        end
        || coalesce(
            ' It costs ' || {{ money_text('total_cost_amount') }} || ' and is expected to '
            || case when expected_net_amount < 0 then 'lose ' else 'gain ' end || {{ money_text('abs(expected_net_amount)') }}
            || ' after costs (' || {{ grouped_text('least_net_amount') }} || ' to ' || {{ grouped_text('most_net_amount') }} || ').', ''
        )
        || ' Takes ' || {{ grouped_text('effort_days', 1) }} || ' days of effort and starts after '
        || {{ grouped_text('lead_time_days') }} || ' days'
        || coalesce('. Prerequisite: ' || prerequisite, '') || '.'
        || case when is_changed then ' Caution: ' || {{ caution_text('changed') }} || '.' else '' end as reason
    from ranked
)

select * from final
