-- What keeps a customer from each strategy that a segment proposes, and what a contact is expected to gain. It reaches a customer
-- who would churn with the save rate's middle, who then brings the value and takes the offer; a customer who stays anyway may
-- take it, too.
{#- by order, as the studies have it, nobody is blocked and no place is scarce -#}
{%- set is_by_order = is_chosen_by_order() %}
{%- set audience_block %}
        case audience_block_position
            {%- for code in eligibility_codes() %}
            when {{ loop.index }} then '{{ code }}'
            {%- endfor %}
        end
{%- endset %}

with proposed as (
    select * from {{ ref('int_strategies_proposed') }}
),

strategies as (
    select
        strategies.strategy_code,
        strategies.strategy_kind = 'win_back' as is_win_back,
        {{ 'cast(null as bigint)' if is_by_order else 'plans.capacity_count' }} as capacity_count,
        plans.balance_margin_rate,
        plans.offer_cost_amount,
        plans.retained_take_up_rate,
        plans.contact_cost,
        plans.expected_save_rate,
        plans.active_share
    from {{ ref('strategies') }} as strategies
    inner join {{ ref('int_strategy_plans_updated') }} as plans on strategies.strategy_code = plans.strategy_code
),

memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis = 'current'
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

valued as (
    select
        proposed.customer_id,
        proposed.segment_scheme,
        proposed.segment_code,
        proposed.option_order,
        stakes.is_current,
        strategies.*,
        case when stakes.is_current then coalesce(stakes.churn_probability, rates.planning_churn_rate) end as churn_probability,
        coalesce(cast(stakes.clv_amount as double), stakes.balance * strategies.balance_margin_rate) as known_value,
        case
            when proposed.is_barred then {{ eligibility_codes().index('protected_attribute') + 1 }}
            when not stakes.is_current and not strategies.is_win_back then {{ eligibility_codes().index('churned') + 1 }}
            else least(any_blocks.block_position, own_blocks.block_position)
        end as audience_block_position,
        proposed.is_barred
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
        expected_save_rate
        * {{ kept_value('active_share', 'reachable_share', 'reachable_share * expected_value', 'offer_cost_amount') }}
        - {{ retained_offers('active_share', '(1.0 - reachable_share)', 'retained_take_up_rate') }} * offer_cost_amount
        - contact_cost as expected_gain,
        active_share * reachable_share * expected_save_rate as expected_kept
    from staked
),

-- by expected gain, in whole cents as it is told; in an extract without values by the customers kept, and without churn by the order of schemes
scored as (
    select
        customer_id,
        is_current,
        segment_scheme,
        segment_code,
        strategy_code,
        option_order,
        capacity_count,
        {%- if is_by_order %}
        case when is_barred then 'protected_attribute' end as blocked_by_code,
        {%- else %}
        {{ audience_block }} as blocked_by_code,
        {%- endif %}
        -- a campaign contacts nobody who may not be contacted, whatever decides a customer's strategy
        {{ audience_block }} as audience_blocked_by_code,
        churn_probability,
        cast(expected_value as decimal(18, 2)) as value_amount,
        is_value_assumed,
        cast(expected_gain as decimal(18, 2)) as expected_gain_amount,
        coalesce(
            {{ 'null' if is_by_order else 'cast(cast(expected_gain as decimal(18, 2)) as double)' }},
            {{ 'null' if is_by_order else 'expected_kept' }},
            cast(1 as double) / option_order
        ) as choice_score
    from gained
)

select * from scored
