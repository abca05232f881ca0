-- Single changes after which the model in use predicts a higher value, per customer: a higher coverage, one more policy, or
-- more purchase days. Steps say how much has to change.
{%- set further_steps = [1, 2, 3] %}

with policies as (
    select * from {{ ref('int_clv_policies_predicted') }}
    where prediction_kind in ('with_next_coverage', 'with_next_policy')
),

profiled as (
    select * from {{ ref('int_clv_policies_profiled') }}
),

purchases as (
    select * from {{ ref('int_clv_purchases_predicted') }}
),

summarised as (
    select * from {{ ref('int_clv_purchases_summarised') }}
    where prediction_basis = 'latest'
),

features as (
    select * from {{ ref('clv_upgrades') }}
),

further as (
    {%- for steps in further_steps %}
    select cast({{ steps }} as bigint) as step_count
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

listed as (
    select
        'policies' as clv_family,
        policies.customer_id,
        case policies.prediction_kind when 'with_next_coverage' then 'coverage' else 'policy_count' end as feature_name,
        case policies.prediction_kind
            when 'with_next_coverage' then profiled.coverage else {{ whole_text('profiled.policy_count') }}
        end as current_value,
        case policies.prediction_kind
            when 'with_next_coverage' then profiled.next_coverage else {{ whole_text('profiled.next_policy_count') }}
        end as changed_value,
        cast(1 as bigint) as step_count,
        policies.predicted_value as changed_clv
    from policies
    inner join profiled on policies.customer_id = profiled.customer_id
    union all
    select
        'purchases' as clv_family,
        purchases.customer_id,
        'purchase_count' as feature_name,
        {{ whole_text('summarised.repeat_count + 1') }} as current_value,
        {{ whole_text('summarised.repeat_count + 1 + further.step_count') }} as changed_value,
        further.step_count,
        case further.step_count
            {%- for steps in further_steps %}
            when {{ steps }} then purchases.more_purchases_{{ steps }}_value
            {%- endfor %}
        end as changed_clv
    from purchases
    inner join summarised
        on purchases.customer_id = summarised.customer_id and purchases.measured_on = summarised.measured_on
    cross join further
),

labelled as (
    select
        listed.*,
        features.feature_label
    from listed
    inner join features on listed.clv_family = features.clv_family and listed.feature_name = features.feature_name
)

select * from labelled
