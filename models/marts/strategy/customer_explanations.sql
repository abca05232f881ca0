-- What is to be said of a customer in one sentence: the probability of churn against the average, what drives it, the value, and the
-- decision, or what blocks contact.
{#- a probability that differs from the average by less than this share of it is about the average -#}
{%- set about = 0.1 %}
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

features as (
    select
        feature_kind,
        feature_label,
        absence_label
    from {{ ref('int_features_catalogued') }}
    where absence_label is not null
),

valued as (
    select * from {{ ref('clv_customers') }}
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

decided as (
    select
        customer_id,
        -- consent comes first: it holds for every strategy
        min(case blocked_by_code when 'no_consent' then 1 when 'contacted_lately' then 2 end) as block_number,
        bool_or({{ may_be_contacted() }}) as may_be_contacted,
        max(value_amount) filter (where is_chosen) as value_amount,
        bool_or(is_value_assumed) filter (where is_chosen) as is_value_assumed
    from {{ ref('strategy_options') }}
    group by customer_id
),

joined as (
    select
        customers.customer_id,
        customers.action_mode,
        case when customers.action_mode = 'win_back' then churned.churned_on end as churned_on,
        scores.churn_basis,
        scores.window_days,
        scores.churn_probability,
        averages.average_probability,
        {%- for column, direction in {'raising_drivers': 'raises', 'lowering_drivers': 'lowers'}.items() %}
        nullif({{ concat_present([
            "case when scores.top_feature_1_direction = '" ~ direction ~ "' then " ~ driver_text('scores.top_feature_1', 'features_1') ~ " end",
            "case when scores.top_feature_2_direction = '" ~ direction ~ "' then " ~ driver_text('scores.top_feature_2', 'features_2') ~ " end",
            "case when scores.top_feature_3_direction = '" ~ direction ~ "' then " ~ driver_text('scores.top_feature_3', 'features_3') ~ " end",
        ], ', ') }}, '') as {{ column }},
        {%- endfor %}
        valued.clv_amount,
        valued.clv_tier,
        decided.value_amount,
        decided.is_value_assumed,
        customers.strategy_code,
        customers.strategy_name,
        customers.expected_gain_amount,
        case
            when decided.may_be_contacted then null
            when decided.block_number = 1 then 'no_consent'
            when decided.block_number = 2 then 'contacted_lately'
        end as contact_blocked_by_code,
        case
            when customers.strategy_code is null then customers.reason
            else customers.strategy_name || coalesce(
                ', with an expected gain of ' || {{ money_text('customers.expected_gain_amount', 2) }} || ' after the cost of the contact', ''
            ) || '.'
        end as decision
    from customers
    left join scores
        on
            customers.customer_id = scores.customer_id
            -- on a snapshot the probability of having churned says nothing of a customer who has
            and not (customers.action_mode = 'win_back' and scores.churn_basis = 'snapshot')
    left join averages on scores.churn_basis = averages.churn_basis
    left join valued on customers.customer_id = valued.customer_id
    left join decided on customers.customer_id = decided.customer_id
    left join churned on customers.customer_id = churned.customer_id
    {%- for number in [1, 2, 3] %}
    left join features as features_{{ number }} on scores.top_feature_{{ number }}_label = features_{{ number }}.feature_label
    {%- endfor %}
),

final as (
    select
        *,
        {{ concat_present([
            "case when action_mode = 'win_back' then coalesce('Churned on ' || cast(churned_on as " ~ kind_type('text') ~ "), 'Has churned') || '.' end",
            "case
                when churn_probability is null then case when action_mode = 'retain' then 'No churn score.' end
                else case churn_basis
                    when 'current' then 'Probability of churn within ' || " ~ whole_text('window_days') ~ " || ' days: '
                    when 'window' then 'Probability of churn at the beginning of the window of ' || " ~ whole_text('window_days') ~ " || ' days: '
                    else 'Probability of having churned: '
                end || " ~ percent_text('churn_probability') ~ " || coalesce(', ' || case
                    when abs(churn_probability - average_probability) <= " ~ about ~ " * average_probability
                        or " ~ percent_text('churn_probability') ~ " = " ~ percent_text('average_probability') ~ " then 'about'
                    when churn_probability > average_probability then 'above'
                    else 'below'
                end || ' the average of ' || " ~ percent_text('average_probability') ~ ", '') || '.'
            end",
            "'Raised by: ' || raising_drivers || '.'",
            "'Lowered by: ' || lowering_drivers || '.'",
            "coalesce(
                case when is_value_assumed then 'Value: assumed to be ' || " ~ money_text('value_amount', 2) ~ " || ', an average of current customers.' end,
                'Value: ' || " ~ money_text('clv_amount', 2) ~ " || coalesce(' (' || case when action_mode = 'retain' then clv_tier end || ' tier)', '') || '.'
            )",
            "case when contact_blocked_by_code is null then 'Decision: ' else '' end || decision",
        ], ' ') }} as sentence
    from joined
)

select * from final
