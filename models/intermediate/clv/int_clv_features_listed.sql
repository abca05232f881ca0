-- The features that values of policyholders are learned from, and which of them the served model uses.
with features as (
    select feature_name, is_protected from {{ ref('clv_features') }}
    {%- for name, column in own_value_columns().items() %}
    union all
    select '{{ name }}' as feature_name, {{ 'true' if column.get('is_protected') else 'false' }} as is_protected
    {%- endfor %}
),

listed as (
    select
        feature_name,
        is_protected,
        not is_protected or {{ sql_literal(score_feature_set()) }} = 'all' as is_used
    from features
)

select * from listed
