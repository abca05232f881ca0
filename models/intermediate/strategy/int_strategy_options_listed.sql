-- Every strategy that a segment proposes for a customer, once, by the segment that comes first in strategy_scheme_order: what
-- keeps the customer from it, and what a contact is expected to gain. It reaches a customer who would churn with the save
-- rate's middle, who then brings the value and takes the offer; a customer who stays anyway may take it, too.
{%- set schemes = list_var('strategy_scheme_order', segment_schemes()) %}
{#- by order, as the studies have it, nobody is blocked and no place is scarce -#}
{%- set is_by_order = name_var('strategy_choice', ['expected_gain', 'order']) == 'order' %}

with strategies as (
    select
        strategies.strategy_code,
        strategies.strategy_kind,
        plans.capacity_count,
        plans.balance_margin_rate,
        plans.offer_cost_amount,
        plans.retained_take_up_rate,
        plans.contact_cost,
        plans.expected_save_rate,
        plans.active_share
    from {{ ref('strategies') }} as strategies
    inner join {{ ref('int_strategy_plans_updated') }} as plans on strategies.strategy_code = plans.strategy_code
    -- what the bank does within its own house addresses no customer
    where strategies.channel <> 'internal'
),

-- var action_lists_use_protected_attributes says whether age and gender may decide what a customer is offered
proposals as (
    select
        assigned.segment_scheme,
        assigned.segment_code,
        assigned.strategy_code,
        assigned.strategy_rank,
        case assigned.segment_scheme
            {%- for scheme in schemes %}
            when {{ sql_literal(scheme) }} then {{ loop.index }}
            {%- endfor %}
        end as scheme_position,
        coalesce(named.uses_protected_attribute, false) and not {{ flag_var('action_lists_use_protected_attributes') }}
            as is_barred,
        strategies.strategy_kind = 'win_back' as is_win_back
    from {{ ref('int_segment_strategies_assigned') }} as assigned
    inner join strategies on assigned.strategy_code = strategies.strategy_code
    left join {{ ref('int_segments_named') }} as named
        on assigned.segment_scheme = named.segment_scheme and assigned.segment_code = named.segment_code
    where assigned.segment_scheme in ({{ schemes | map('tojson') | join(', ') | replace('"', "'") }})
),

memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis in ('current', 'former')
),

rates as (
    select * from {{ ref('int_segment_rates') }}
),

blocks as (
    select * from {{ ref('int_strategy_blocks_found') }}
),

stakes as (
    select * from {{ ref('int_customers_at_stake') }}
),

proposed as (
    select
        memberships.customer_id,
        memberships.churn_basis = 'current' as is_current,
        memberships.segment_rank,
        proposals.*
    from memberships
    inner join proposals
        on memberships.segment_scheme = proposals.segment_scheme and memberships.segment_code = proposals.segment_code
    -- current customers need not be won back
    where memberships.churn_basis = 'former' or not proposals.is_win_back
    qualify row_number() over (
        partition by memberships.customer_id, proposals.strategy_code
        order by proposals.is_barred, proposals.scheme_position, memberships.segment_rank, proposals.strategy_rank
    ) = 1
),

valued as (
    select
        proposed.customer_id,
        proposed.is_current,
        proposed.segment_scheme,
        proposed.segment_code,
        proposed.scheme_position,
        proposed.segment_rank,
        proposed.strategy_rank,
        strategies.*,
        case when proposed.is_current then coalesce(stakes.churn_probability, rates.planning_churn_rate) end as churn_probability,
        coalesce(cast(stakes.clv_amount as double), stakes.balance * strategies.balance_margin_rate) as known_value,
        case
            {%- if is_by_order %}
            when not proposed.is_barred then null
            {%- endif %}
            when proposed.is_barred then {{ eligibility_codes().index('protected_attribute') + 1 }}
            when not proposed.is_current and not proposed.is_win_back then {{ eligibility_codes().index('churned') + 1 }}
            else least(any_blocks.block_position, own_blocks.block_position)
        end as block_position
    from proposed
    inner join strategies on proposed.strategy_code = strategies.strategy_code
    inner join stakes on proposed.customer_id = stakes.customer_id
    left join rates
        on proposed.segment_scheme = rates.segment_scheme and proposed.segment_code = rates.segment_code
    left join blocks as any_blocks on proposed.customer_id = any_blocks.customer_id and any_blocks.strategy_code is null
    left join blocks as own_blocks
        on proposed.customer_id = own_blocks.customer_id and proposed.strategy_code = own_blocks.strategy_code
),

-- an unknown value is no value of zero: it is taken to be the average of the segment's current customers, or of all
averages as (
    select
        memberships.segment_scheme,
        memberships.segment_code,
        {{ exact_average('stakes.clv_amount') }} as average_clv_amount,
        {{ exact_average('stakes.balance') }} as average_balance
    from memberships
    inner join stakes on memberships.customer_id = stakes.customer_id
    where memberships.churn_basis = 'current'
    group by memberships.segment_scheme, memberships.segment_code
),

portfolio as (
    select
        {{ exact_average('clv_amount') }} as average_clv_amount,
        {{ exact_average('balance') }} as average_balance
    from stakes
    where is_current
),

staked as (
    select
        valued.*,
        valued.known_value is null as is_value_assumed,
        coalesce(
            valued.known_value,
            averages.average_clv_amount,
            averages.average_balance * valued.balance_margin_rate,
            portfolio.average_clv_amount,
            portfolio.average_balance * valued.balance_margin_rate
        ) as expected_value,
        -- who has churned already cannot churn
        case when valued.is_current then valued.churn_probability else 1.0 end as reachable_share
    from valued
    cross join portfolio
    left join averages
        on valued.segment_scheme = averages.segment_scheme and valued.segment_code = averages.segment_code
),

gained as (
    select
        *,
        active_share * (
            reachable_share * expected_save_rate * (expected_value - offer_cost_amount)
            - (1.0 - reachable_share) * retained_take_up_rate * offer_cost_amount
        ) - contact_cost as expected_gain,
        active_share * reachable_share * expected_save_rate as expected_kept
    from staked
),

-- by expected gain; in an extract without values by the customers kept, and without churn by the order of schemes
scored as (
    select
        customer_id,
        is_current,
        segment_scheme,
        segment_code,
        scheme_position,
        segment_rank,
        strategy_rank,
        strategy_code,
        capacity_count,
        case block_position
            {%- for code in eligibility_codes() %}
            when {{ loop.index }} then '{{ code }}'
            {%- endfor %}
        end as blocked_by_code,
        churn_probability,
        cast(expected_value as decimal(18, 2)) as value_amount,
        is_value_assumed,
        cast(expected_gain as decimal(18, 2)) as expected_gain_amount,
        coalesce(
            {{ 'null' if is_by_order else 'expected_gain' }},
            {{ 'null' if is_by_order else 'expected_kept' }},
            cast(1 as double) / (1000000 * scheme_position + 1000 * segment_rank + strategy_rank)
        ) as choice_score
    from gained
),

counted as (
    select
        *,
        {{ 'false' if is_by_order else 'true' }} and coalesce(
            capacity_count < count(*) filter (where blocked_by_code is null) over (partition by strategy_code), false
        ) as is_limited
    from scored
),

compared as (
    select
        *,
        -- what a customer brings without a place in a strategy of limited capacity
        greatest(0, coalesce(
            max(choice_score) filter (where blocked_by_code is null and not is_limited) over (partition by customer_id), 0
        )) as unlimited_score
    from counted
)

select * from compared
