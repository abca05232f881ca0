-- Every strategy that a segment proposes for a customer: what keeps the customer from it, what a contact is expected to gain, and
-- which one is chosen: a place in a strategy of limited capacity, or else the best of the others, if it gains anything.
with options as (
    select * from {{ ref('int_strategy_options_listed') }}
),

places as (
    select * from {{ ref('int_strategy_places_assigned') }}
),

placed as (
    select
        options.*,
        places.strategy_code is not null as has_place,
        count(places.strategy_code) over (partition by options.customer_id) > 0 as has_any_place
    from options
    left join places on options.customer_id = places.customer_id and options.strategy_code = places.strategy_code
),

preferred as (
    select
        *,
        blocked_by_code is null
        and choice_score > 0
        and (has_place or not has_any_place and not is_limited)
        and row_number() over (
            partition by customer_id, blocked_by_code is null, has_place or not has_any_place and not is_limited
            order by choice_score desc, scheme_position asc, segment_rank asc, strategy_rank asc
        ) = 1 as is_chosen
    from placed
),

judged as (
    select
        *,
        coalesce(
            blocked_by_code,
            -- better than what is chosen, but others have the places
            case
                when
                    is_limited
                    and not has_place
                    and choice_score > greatest(
                        0, coalesce(max(choice_score) filter (where is_chosen) over (partition by customer_id), 0)
                    )
                    then 'over_capacity'
            end
        ) as final_code
    from preferred
),

ranked as (
    select
        *,
        case
            when final_code is null then row_number() over (
                partition by customer_id, final_code is null
                order by choice_score desc, scheme_position asc, segment_rank asc, strategy_rank asc
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
