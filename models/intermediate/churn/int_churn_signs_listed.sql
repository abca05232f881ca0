-- The intervals that segments may be made of: those of features that are no suspected leak.
with intervals as (
    select * from {{ ref('int_churn_intervals_found') }}
),

tested as (
    select
        feature_name,
        max(feature_auc) as feature_auc
    from {{ ref('int_churn_intervals_tested') }}
    group by feature_name
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
    where is_tested
),

listed as (
    select intervals.*
    from intervals
    inner join features on intervals.feature_name = features.feature_name
    left join tested on intervals.feature_name = tested.feature_name
    where not {{ is_suspected_leak() }}
)

select * from listed
