-- What is to be said of a customer in one sentence: the probability of churn against the average, what drives it, the value, the
-- decision, and what blocks contact.
with customers as (
    select * from {{ ref('strategy_customers') }}
),

scores as (
    select * from {{ ref('churn_scores') }}
),

-- of churned customers only the scores are shown, so their average would compare them with each other
averages as (
    select
        churn_basis,
        {{ exact_average('churn_probability') }} as average_probability
    from scores
    where churn_basis <> 'window'
    group by churn_basis
),

flags as (
    select
        feature_label,
        absence_label
    from {{ ref('int_features_catalogued') }}
    where feature_kind = 'flag'
),

valued as (
    select * from {{ ref('clv_customers') }}
),

blocked as (
    select
        customer_id,
        -- consent comes first: it holds for every strategy
        min(case blocked_by_code when 'no_consent' then 1 when 'contacted_lately' then 2 end) as block_number,
        bool_or(is_chosen) as is_chosen
    from {{ ref('strategy_options') }}
    group by customer_id
),

joined as (
    select
        customers.customer_id,
        customers.action_mode,
        scores.churn_basis,
        scores.window_days,
        scores.churn_probability,
        averages.average_probability,
        {%- for column, direction in {'raising_drivers': 'raises', 'lowering_drivers': 'lowers'}.items() %}
        nullif({{ concat_present([
            "case when scores.top_feature_1_direction = '" ~ direction ~ "' then " ~ driver_text('scores.top_feature_1', 'flags_1') ~ " end",
            "case when scores.top_feature_2_direction = '" ~ direction ~ "' then " ~ driver_text('scores.top_feature_2', 'flags_2') ~ " end",
            "case when scores.top_feature_3_direction = '" ~ direction ~ "' then " ~ driver_text('scores.top_feature_3', 'flags_3') ~ " end",
        ], ', ') }}, '') as {{ column }},
        {%- endfor %}
        valued.clv_amount,
        valued.clv_tier,
        customers.strategy_code,
        customers.strategy_name,
        customers.expected_gain_amount,
        case
            when blocked.is_chosen then null
            when blocked.block_number = 1 then 'no_consent'
            when blocked.block_number = 2 then 'contacted_lately'
        end as contact_blocked_by_code,
        case
            when customers.strategy_code is null then customers.reason
            else customers.strategy_name || coalesce(' is expected to gain ' || {{ grouped_text('customers.expected_gain_amount', 2) }}, ' is chosen') || '.'
        end as decision
    from customers
    left join scores on customers.customer_id = scores.customer_id
    left join averages on scores.churn_basis = averages.churn_basis
    left join valued on customers.customer_id = valued.customer_id
    left join blocked on customers.customer_id = blocked.customer_id
    {%- for number in [1, 2, 3] %}
    left join flags as flags_{{ number }} on scores.top_feature_{{ number }}_label = flags_{{ number }}.feature_label
    {%- endfor %}
),

final as (
    select
        *,
        {{ concat_present([
            "case when action_mode = 'win_back' then 'Has churned.' end",
            "case
                when churn_probability is null then 'No churn score.'
                when churn_basis = 'current' then 'Probability of churn within ' || " ~ whole_text('window_days') ~ " || ' days: '
                when churn_basis = 'window' then 'Probability at the beginning of the window of ' || " ~ whole_text('window_days') ~ " || ' days: '
                else 'Probability of having churned: '
            end || case
                when churn_probability is null then ''
                else " ~ percent_text('churn_probability') ~ " || coalesce(', ' || case
                    when churn_probability > average_probability then 'above'
                    when churn_probability < average_probability then 'below'
                    else 'at'
                end || ' the average of ' || " ~ percent_text('average_probability') ~ ", '') || '.'
            end",
            "'Raised by: ' || raising_drivers || '.'",
            "'Lowered by: ' || lowering_drivers || '.'",
            "'Value: ' || " ~ grouped_text('clv_amount', 2) ~ " || coalesce(' (' || case when action_mode = 'retain' then clv_tier end || ' tier)', '') || '.'",
            "'Decision: ' || decision",
            "case contact_blocked_by_code
                when 'no_consent' then 'Contact is blocked: no consent.'
                when 'contacted_lately' then 'Contact is blocked: contacted lately.'
            end",
        ], ' ') }} as sentence
    from joined
)

select * from final
