-- Whom a rule of seed strategy_eligibility keeps from a strategy (null is any), with the code that comes first in the order of
-- the list. A rule is met where the customer's value is known; where it is not, and the extract knows it of others, a
-- rule may block the customer as unknown. A column that the extract does not have blocks nobody.
{%- set numbers = customer_features()['numbers'] + event_features() %}
{%- set texts = customer_feature_texts() %}

with rules as (
    select * from {{ layout_rows('strategy_eligibility') }}
),

customers as (
    select
        customer_id,
        {{ numbers | join(', ') }}
        {%- for column, text in texts.items() %},
        nullif({{ text }}, 'unknown') as {{ column }}
        {%- endfor %}
    from {{ ref('int_churn_observations') }}
    where churn_basis in ('current', 'former')
),

as_of as (
    select * from {{ ref('int_as_of_date_determined') }}
),

held as (
    select distinct
        holdings.customer_id,
        holdings.product_code
    from {{ ref('int_product_holdings_conformed') }} as holdings
    cross join as_of
    where coalesce(holdings.opened_on <= as_of.as_of_date, true) and coalesce(holdings.closed_on > as_of.as_of_date, true)
),

compared as (
    select
        customers.customer_id,
        rules.strategy_code,
        rules.blocked_by_code,
        rules.column_name,
        rules.lower_bound,
        rules.upper_bound,
        rules.value,
        rules.is_unknown_blocking,
        case rules.column_name
            {%- for column in numbers %}
            when '{{ column }}' then cast(customers.{{ column }} as double)
            {%- endfor %}
        end as number_value,
        case rules.column_name
            {%- for column in texts %}
            when '{{ column }}' then customers.{{ column }}
            {%- endfor %}
        end as text_value
    from customers
    cross join rules
    where rules.column_name <> 'product_code'
),

known as (
    select column_name
    from compared
    group by column_name
    having count(number_value) > 0 or count(text_value) > 0
),

blocks as (
    select
        compared.customer_id,
        compared.strategy_code,
        case when compared.number_value is null and compared.text_value is null then 'unknown' else compared.blocked_by_code end
            as blocked_by_code
    from compared
    inner join known on compared.column_name = known.column_name
    where
        compared.text_value = compared.value
        or compared.number_value is not null
        and {{ is_within('compared.number_value', 'compared.lower_bound', 'compared.upper_bound') }}
        or compared.is_unknown_blocking and compared.number_value is null and compared.text_value is null
    union all
    select
        held.customer_id,
        rules.strategy_code,
        rules.blocked_by_code
    from held
    inner join rules on rules.column_name = 'product_code' and held.product_code = rules.value
),

ordered as (
    select
        customer_id,
        strategy_code,
        min(case blocked_by_code
            {%- for code in eligibility_codes() %}
            when '{{ code }}' then {{ loop.index }}
            {%- endfor %}
        end) as block_position
    from blocks
    group by customer_id, strategy_code
)

select * from ordered
