-- The intervals of a feature divide all observations whose outcome is known, in both halves, churned customers too.
with halves as (
    select
        count(*) filter (where is_discovery) as discovery_count,
        count(*) filter (where is_discovery and is_churned) as discovery_churned_count,
        count(*) filter (where not is_discovery) as confirmation_count,
        count(*) filter (where not is_discovery and is_churned) as confirmation_churned_count
    from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

features as (
    select
        feature_name,
        sum(discovery_count) as discovery_count,
        sum(discovery_churned_count) as discovery_churned_count,
        sum(confirmation_count) as confirmation_count,
        sum(confirmation_churned_count) as confirmation_churned_count
    from {{ ref('churn_intervals') }}
    group by feature_name
)

select features.*
from features
cross join halves
where
    features.discovery_count <> halves.discovery_count
    or features.discovery_churned_count <> halves.discovery_churned_count
    or features.confirmation_count <> halves.confirmation_count
    or features.confirmation_churned_count <> halves.confirmation_churned_count
