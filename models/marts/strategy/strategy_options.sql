-- Every strategy that a segment proposes for a customer: what keeps the customer from it, what a contact is expected to gain, and
-- which one is chosen: a place in a strategy of limited capacity, or else the best of the others, if it gains anything. Strategies
-- whose customers do not earn the set-up are left out.
with listed as (
    select * from {{ ref('int_strategy_options_listed') }}
),

set_up as (
    select * from {{ ref('int_strategies_set_up') }}
),

options as (
    select
        listed.customer_id,
        listed.is_current,
        listed.segment_scheme,
        listed.segment_code,
        listed.strategy_code,
        listed.option_order,
        listed.capacity_count,
        case
            when listed.blocked_by_code is null and not set_up.is_set_up and listed.choice_score > 0 then 'not_set_up'
            else listed.blocked_by_code
        end as blocked_by_code,
        listed.churn_probability,
        listed.value_amount,
        listed.is_value_assumed,
        listed.expected_gain_amount,
        listed.choice_score
    from listed
    left join set_up on listed.strategy_code = set_up.strategy_code
),

places as (
    select * from {{ ref('int_strategy_places_assigned') }}
),

limited as (
    {{ limited_strategies('options') | indent(4) }}
),

placed_customers as (
    select distinct customer_id from places
),

placed as (
    select
        options.*,
        limited.strategy_code is not null and places.strategy_code is null as lacks_place,
        options.blocked_by_code is null
        and options.choice_score > 0
        and (places.strategy_code is not null or placed_customers.customer_id is null and limited.strategy_code is null)
            as is_choosable
    from options
    left join limited on options.strategy_code = limited.strategy_code
    left join places on options.customer_id = places.customer_id and options.strategy_code = places.strategy_code
    left join placed_customers on options.customer_id = placed_customers.customer_id
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
