-- The features that values of policyholders are learned from, and which of them the served model uses.
with features as (
    select * from {{ ref('clv_features') }}
),

listed as (
    select
        feature_name,
        is_protected,
        not is_protected or {{ sql_literal(score_feature_set()) }} = 'all' as is_used
    from features
)

select * from listed
