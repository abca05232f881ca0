-- The features that a churn score may learn from on this extract. Where leaving is dated, a column of the customer record
-- that changes when a customer leaves (history `snapshot`) would tell the outcome, and is left out.
with features as (
    select * from {{ ref('score_features') }}
),

churned as (
    select coalesce(bool_or(is_descriptive_only), false) as is_descriptive_only
    from {{ ref('int_customers_churned') }}
),

listed as (
    select
        features.feature_name,
        features.is_protected,
        not features.is_protected or {{ sql_literal(score_feature_set()) }} = 'all' as is_scored
    from features
    cross join churned
    where churned.is_descriptive_only or features.history <> 'snapshot'
)

select * from listed
