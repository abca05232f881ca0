-- The strategy for each customer: of those that segments propose, the one that var strategy_choice picks (strategy_options).
{%- set is_by_order = is_chosen_by_order() %}
{#- what blocks every strategy of a customer who may be contacted as such -#}
{%- set blocks = {
    'protected_attribute': 'only segments by age or gender propose one',
    'holds_product': 'the customer holds the product already',
    'unsuitable': 'a rule of the bank leaves the customer out',
    'unknown': 'what a rule asks for is not known',
    'over_capacity': 'all places are taken by customers who gain more',
    'not_set_up': 'those that would gain something do not earn their set-up',
} %}
{%- set block_texts = ["case when not decided.has_fitting then 'the customer has churned, and none wins customers back' end"] %}
{%- set place_texts = [] %}
{%- for code, text in blocks.items() %}
    {%- do block_texts.append("case when decided.is_" ~ code ~ " then '" ~ text ~ "' end") %}
    {%- if code in ('over_capacity', 'not_set_up') %}{% do place_texts.append(block_texts[-1]) %}{% endif %}
{%- endfor %}

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

strategies as (
    select * from {{ ref('strategies') }}
),

-- only a strategy that wins customers back fits a churned customer, if it is not the order that decides
options as (
    select
        options.*,
        {{ 'true' if is_by_order else "options.action_mode = 'retain' or coalesce(strategies.strategy_kind = 'win_back', false)" }} as is_fitting
    from {{ ref('strategy_options') }} as options
    left join strategies on options.strategy_code = strategies.strategy_code
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
        bool_or({{ may_be_contacted() }}) as may_be_contacted,
        bool_or(is_eligible) as has_eligible,
        bool_or(is_fitting) as has_fitting,
        {%- for code in blocks %}
        bool_or(is_fitting and blocked_by_code = '{{ code }}') as is_{{ code }},
        {%- endfor %}
        bool_or(blocked_by_code = 'no_consent') as is_no_consent,
        bool_or(blocked_by_code = 'contacted_lately') as is_contacted_lately
    from options
    group by customer_id
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
                then 'Chosen: ' || strategies.strategy_name || ', with an expected gain of ' || {{ money_text('decided.expected_gain_amount', 2) }}
                    || coalesce('; next is ' || runner_ups.strategy_name || ' with '
                        || {{ money_text('decided.runner_up_gain_amount', 2) }}, '')
            -- without values the customers kept decide
            when decided.is_keeping_known
                then 'Chosen: ' || strategies.strategy_name || ', which of the strategies that the customer may get is most likely to '
                    || case when customers.is_current then 'keep the customer' else 'win the customer back' end
            {%- endif %}
            when decided.strategy_code is not null then 'Chosen: ' || strategies.strategy_name || ', the first strategy of the customer''s segments'
            when decided.option_count is null then 'No segment of the customer has a strategy'
            when not decided.may_be_contacted and decided.is_no_consent then 'May not be contacted: no consent to marketing'
            when not decided.may_be_contacted and decided.is_contacted_lately then 'Not contacted for now: the last contact was too recent'
            when not decided.has_eligible
                then 'No strategy: ' || {{ concat_present(block_texts, ', and ') }}
            when decided.is_not_set_up or decided.is_over_capacity
                then 'No strategy: ' || {{ concat_present(place_texts + ["'the others are not expected to gain more than they cost'"], ', and ') }}
            else 'No strategy is expected to gain more than it costs'
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
