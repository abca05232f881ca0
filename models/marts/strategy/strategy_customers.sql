-- The strategy for each customer: of those that segments propose, the one that var strategy_choice picks (strategy_options).
{%- set is_by_order = var('strategy_choice') == 'order' %}

-- customers who died, were closed by the bank or join later get no strategy
with customers as (
    select * from {{ ref('int_customers_churned') }}
    where is_current or is_churned
),

-- what the customer is on the as-of date; where segments of a scheme overlap, the first
segmented as (
    select
        customer_id
        {%- for scheme in segment_schemes() %},
        max(segment_code) filter (where segment_scheme = '{{ scheme }}') as {{ scheme }}_segment_code
        {%- endfor %}
    from {{ ref('int_segment_memberships') }}
    where segment_rank = 1 and churn_basis in ('current', 'former')
    group by customer_id
),

options as (
    select * from {{ ref('strategy_options') }}
),

-- in one pass over the options, which are several for each customer
decided as (
    select
        customer_id,
        max(segment_scheme) filter (where is_chosen) as strategy_scheme,
        max(strategy_code) filter (where is_chosen) as strategy_code,
        max(expected_gain_amount) filter (where is_chosen) as expected_gain_amount,
        bool_or(is_chosen and (churn_probability is not null or action_mode = 'win_back')) as is_keeping_known,
        min_by(strategy_code, option_rank) filter (where is_eligible and not is_chosen and expected_gain_amount > 0) as runner_up_code,
        max(expected_gain_amount) filter (where is_eligible and not is_chosen and expected_gain_amount > 0) as runner_up_gain_amount,
        count(*) as option_count,
        count(*) filter (where is_eligible) as eligible_count
    from options
    group by customer_id
),

strategies as (
    select * from {{ ref('strategies') }}
),

dimensions as (
    select * from {{ ref('int_customer_dimensions') }}
),

final as (
    select
        customers.customer_id,
        {%- for scheme in segment_schemes() %}
        segmented.{{ scheme }}_segment_code,
        {%- endfor %}
        decided.strategy_scheme,
        decided.strategy_code,
        strategies.strategy_name,
        case when customers.is_current then 'retain' else 'win_back' end as action_mode,
        decided.expected_gain_amount,
        decided.runner_up_code as runner_up_strategy_code,
        case
            {%- if not is_by_order %}
            when decided.strategy_code is not null and decided.expected_gain_amount is not null
                then strategies.strategy_name || ' is expected to gain ' || {{ grouped_text('decided.expected_gain_amount', 2) }}
                    || coalesce('; next is ' || runner_ups.strategy_name || ' with '
                        || {{ grouped_text('decided.runner_up_gain_amount', 2) }}, '')
            -- without values the customers kept decide
            when decided.is_keeping_known
                then strategies.strategy_name || ' is the eligible strategy that is most likely to '
                    || case when customers.is_current then 'keep the customer' else 'win the customer back' end
            {%- endif %}
            when decided.strategy_code is not null then strategies.strategy_name || ' is the first strategy of the customer''s segments'
            when decided.option_count is null then 'No segment of the customer has a strategy'
            when decided.eligible_count > 0 then 'No strategy is expected to gain more than it costs'
            else 'Every strategy is blocked: see strategy_options'
        end || '.' as reason,
        dimensions.city,
        dimensions.age_band,
        dimensions.gender,
        dimensions.product_count,
        dimensions.is_active
    from customers
    left join segmented on customers.customer_id = segmented.customer_id
    left join decided on customers.customer_id = decided.customer_id
    left join dimensions on customers.customer_id = dimensions.customer_id
    left join strategies on decided.strategy_code = strategies.strategy_code
    left join strategies as runner_ups on decided.runner_up_code = runner_ups.strategy_code
)

select * from final
