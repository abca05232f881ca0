-- Every strategy that a segment proposes for a customer, once: by the segment that comes first in strategy_scheme_order, and by one
-- that is barred only where no other proposes it.
with memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis in ('current', 'former')
),

proposals as (
    select
        row_number() over (order by assigned.segment_scheme, assigned.segment_code, assigned.strategy_code) as proposal_number,
        assigned.segment_scheme,
        assigned.segment_code,
        assigned.strategy_code,
        assigned.is_win_back,
        coalesce(named.uses_protected_attribute, false) and not {{ action_lists_use_protected_attributes() }}
            as is_barred,
        {{ scheme_position('assigned.segment_scheme') }} as scheme_position,
        assigned.strategy_rank
    from {{ ref('int_segment_strategies_assigned') }} as assigned
    inner join {{ ref('strategies') }} as strategies on assigned.strategy_code = strategies.strategy_code
    left join {{ ref('int_segments_named') }} as named
        on assigned.segment_scheme = named.segment_scheme and assigned.segment_code = named.segment_code
    where
        {{ scheme_position('assigned.segment_scheme') }} is not null
        -- what the bank does within its own house addresses no customer
        and strategies.channel <> 'internal'
),

-- schemes, segments and strategies as digits of one number: it is quick to compare, and a customer is in fewer than a thousand
-- segments of a scheme
proposed as (
    select
        memberships.customer_id,
        proposals.strategy_code,
        proposals.proposal_number,
        case when proposals.is_barred then 1000000000 else 0 end
        + 1000000 * proposals.scheme_position
        + 1000 * memberships.segment_rank
        + proposals.strategy_rank as option_order
    from memberships
    inner join proposals
        on memberships.segment_scheme = proposals.segment_scheme and memberships.segment_code = proposals.segment_code
    -- current customers need not be won back
    where memberships.churn_basis = 'former' or not proposals.is_win_back
),

first_proposed as (
    select
        customer_id,
        strategy_code,
        min_by(proposal_number, option_order) as proposal_number,
        min(option_order) as option_order
    from proposed
    group by customer_id, strategy_code
)

select
    first_proposed.customer_id,
    first_proposed.strategy_code,
    proposals.segment_scheme,
    proposals.segment_code,
    proposals.is_barred,
    first_proposed.option_order
from first_proposed
inner join proposals on first_proposed.proposal_number = proposals.proposal_number
