-- Every strategy that a segment proposes for a customer: what keeps the customer from it, what a contact is expected to gain, and
-- which one is chosen: a place in a strategy of limited capacity, or else the best of the others, if it gains anything. Strategies
-- whose customers do not earn the set-up are left out.
with listed as (
    select * from {{ ref('int_strategy_options_listed') }}
),

plan as (
    select * from {{ ref('int_strategies_chosen') }}
),

strategies as (
    select
        strategy_code,
        bool_and(is_set_up) as is_set_up,
        bool_and(is_limited) as is_limited
    from plan
    group by strategy_code
),

-- a customer has one place at most
places as (
    select
        customer_id,
        strategy_code
    from plan
    where customer_id is not null
),

options as (
    select
        listed.customer_id,
        listed.is_current,
        listed.segment_scheme,
        listed.segment_code,
        listed.strategy_code,
        listed.option_order,
        case
            when listed.blocked_by_code is null and not strategies.is_set_up and listed.choice_score > 0 then 'not_set_up'
            else listed.blocked_by_code
        end as blocked_by_code,
        listed.churn_probability,
        listed.value_amount,
        listed.is_value_assumed,
        listed.expected_gain_amount,
        listed.choice_score,
        coalesce(strategies.is_limited, false) as is_limited,
        places.strategy_code as placed_strategy_code
    from listed
    left join strategies on listed.strategy_code = strategies.strategy_code
    left join places on listed.customer_id = places.customer_id
),

placed as (
    select
        *,
        is_limited and coalesce(strategy_code <> placed_strategy_code, true) as lacks_place,
        blocked_by_code is null
        and choice_score > 0
        and case when placed_strategy_code is null then not is_limited else strategy_code = placed_strategy_code end
            as is_choosable
    from options
),

preferred as (
    select
        *,
        is_choosable
        and row_number() over (
            partition by customer_id order by is_choosable desc, choice_score desc, option_order asc
        ) = 1 as is_chosen,
        max(case when is_choosable then choice_score end) over (partition by customer_id) as chosen_score
    from placed
),

judged as (
    select
        *,
        coalesce(
            blocked_by_code,
            -- better than what is chosen, but others have the places
            case when lacks_place and choice_score > greatest(0, coalesce(chosen_score, 0)) then 'over_capacity' end
        ) as final_code
    from preferred
),

ranked as (
    select
        *,
        case
            when final_code is null then row_number() over (
                partition by customer_id order by final_code is null desc, choice_score desc, option_order asc
            )
        end as option_rank
    from judged
)

select
    customer_id,
    strategy_code,
    case when is_current then 'retain' else 'win_back' end as action_mode,
    segment_scheme,
    segment_code,
    final_code is null as is_eligible,
    final_code as blocked_by_code,
    churn_probability,
    value_amount,
    is_value_assumed,
    expected_gain_amount,
    cast(option_rank as bigint) as option_rank,
    is_chosen
from ranked
