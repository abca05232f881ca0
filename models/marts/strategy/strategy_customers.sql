-- The strategy for each customer: from the first scheme of strategy_scheme_order in which the customer's segment has one.
{%- set schemes_in_order = list_var('strategy_scheme_order', segment_schemes()) %}

-- customers who died, were closed by the bank or join later get no strategy
with customers as (
    select * from {{ ref('int_customers_churned') }}
    where is_current or is_churned
),

-- what the customer is on the as-of date; where segments of a scheme overlap, the first
segmented as (
    select * from {{ ref('int_segment_memberships') }}
    where segment_rank = 1 and churn_basis in ('current', 'former')
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

-- the position of a scheme that has a strategy for the customer
matched as (
    select
        segmented.customer_id,
        segmented.segment_scheme,
        segmented.segment_code,
        first_strategies.strategy_code,
        case
            when first_strategies.strategy_code is null then null
            {%- for scheme in schemes_in_order %}
            when segmented.segment_scheme = {{ sql_literal(scheme) }} then {{ loop.index }}
            {%- endfor %}
        end as scheme_position
    from segmented
    left join first_strategies
        on
            segmented.segment_scheme = first_strategies.segment_scheme
            and segmented.segment_code = first_strategies.segment_code
),

-- in one pass over the segments, which are several for each customer
gathered as (
    select
        customer_id,
        {%- for scheme in segment_schemes() %}
        max(segment_code) filter (where segment_scheme = '{{ scheme }}') as {{ scheme }}_segment_code,
        {%- endfor %}
        min(scheme_position) as strategy_position,
        min_by(strategy_code, scheme_position) filter (where scheme_position is not null) as strategy_code
    from matched
    group by customer_id
),

final as (
    select
        customers.customer_id,
        {%- for scheme in segment_schemes() %}
        gathered.{{ scheme }}_segment_code,
        {%- endfor %}
        case gathered.strategy_position
            {%- for scheme in schemes_in_order %}
            when {{ loop.index }} then {{ sql_literal(scheme) }}
            {%- endfor %}
        end as strategy_scheme,
        gathered.strategy_code,
        strategies.strategy_name,
        case when customers.is_current then 'retain' else 'win_back' end as action_mode
    from customers
    left join gathered on customers.customer_id = gathered.customer_id
    left join strategies on gathered.strategy_code = strategies.strategy_code
)

select * from final
