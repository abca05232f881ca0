-- What to do about each customer: the first scheme of strategy_scheme_order in which the customer's segment has a strategy.
with customers as (
    select * from {{ ref('int_customers_churned') }}
),

-- where segments of a scheme overlap, the one that speaks for the customer
segmented as (
    select * from {{ ref('int_customers_segmented') }}
    where segment_rank = 1
),

named as (
    select * from {{ ref('int_segments_named') }}
),

-- var action_lists_use_protected_attributes says whether age and gender may decide what a customer is offered
first_strategies as (
    select assigned.*
    from {{ ref('int_segment_strategies_assigned') }} as assigned
    left join named
        on assigned.segment_scheme = named.segment_scheme and assigned.segment_code = named.segment_code
    where
        assigned.strategy_rank = 1
        and ({{ flag_var('action_lists_use_protected_attributes') }} or not coalesce(named.uses_protected_attribute, false))
),

strategies as (
    select * from {{ ref('strategies') }}
),

matched as (
    select
        segmented.customer_id,
        segmented.segment_scheme,
        first_strategies.strategy_code,
        case segmented.segment_scheme
            {%- for scheme in list_var('strategy_scheme_order', segment_schemes()) %}
            when {{ sql_literal(scheme) }} then {{ loop.index }}
            {%- endfor %}
        end as scheme_position
    from segmented
    inner join first_strategies
        on
            segmented.segment_scheme = first_strategies.segment_scheme
            and segmented.segment_code = first_strategies.segment_code
),

chosen as (
    select
        customer_id,
        segment_scheme as strategy_scheme,
        strategy_code
    from matched
    where scheme_position is not null
    qualify row_number() over (partition by customer_id order by scheme_position, segment_scheme) = 1
),

segment_codes as (
    select
        customer_id
        {%- for scheme in segment_schemes() %},
        max(segment_code) filter (where segment_scheme = '{{ scheme }}') as {{ scheme }}_segment_code
        {%- endfor %}
    from segmented
    group by customer_id
),

final as (
    select
        customers.customer_id,
        {%- for scheme in segment_schemes() %}
        segment_codes.{{ scheme }}_segment_code,
        {%- endfor %}
        chosen.strategy_scheme,
        chosen.strategy_code,
        strategies.strategy_name,
        case when customers.is_churned then 'win_back' else 'retain' end as action_mode
    from customers
    left join segment_codes on customers.customer_id = segment_codes.customer_id
    left join chosen on customers.customer_id = chosen.customer_id
    left join strategies on chosen.strategy_code = strategies.strategy_code
)

select * from final
