-- Each candidate in each window that tests read: everybody who meets its rules, counted in both halves, beside all of each
-- half; in the row of the latest window also current customers among them, with what they hold.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested or churn_basis = 'current'
),

rules as (
    select * from {{ ref('int_churn_candidate_rules_listed') }}
),

met as (
    {{ evaluate_segment_rules(
        'observations', ref('int_churn_candidate_rules_listed'),
        ['churn_basis', 'window_number', 'is_tested', 'is_churned', 'is_discovery', 'balance']
    ) }}
),

counted as (
    select
        segment_code,
        coalesce(window_number, 1) as window_number,
        count(*) filter (where is_tested) as customers_count,
        count(*) filter (where churn_basis = 'current') as remaining_count,
        cast(coalesce(sum(balance) filter (where churn_basis = 'current'), 0) as decimal(18, 2)) as value_held_amount,
        count(is_churned) filter (where is_tested and is_discovery) as discovery_count,
        count(*) filter (where is_tested and is_discovery and is_churned) as discovery_churned_count,
        count(is_churned) filter (where is_tested and not is_discovery) as confirmation_count,
        count(*) filter (where is_tested and not is_discovery and is_churned) as confirmation_churned_count
    from met
    group by segment_code, coalesce(window_number, 1)
),

halves as (
    select
        coalesce(window_number, 1) as window_number,
        count(*) filter (where is_discovery) as discovery_half_count,
        count(*) filter (where is_discovery and is_churned) as discovery_half_churned_count,
        count(*) filter (where not is_discovery) as confirmation_half_count,
        count(*) filter (where not is_discovery and is_churned) as confirmation_half_churned_count
    from observations
    where is_tested and is_churned is not null
    group by coalesce(window_number, 1)
),

candidates as (
    select distinct
        candidate_number,
        segment_code
    from rules
),

-- a candidate that nobody meets in a window has a row too
filled as (
    select
        candidates.candidate_number,
        candidates.segment_code,
        halves.window_number,
        coalesce(counted.customers_count, 0) as customers_count,
        coalesce(counted.remaining_count, 0) as remaining_count,
        coalesce(counted.value_held_amount, 0) as value_held_amount,
        coalesce(counted.discovery_count, 0) as discovery_count,
        coalesce(counted.discovery_churned_count, 0) as discovery_churned_count,
        coalesce(counted.confirmation_count, 0) as confirmation_count,
        coalesce(counted.confirmation_churned_count, 0) as confirmation_churned_count,
        halves.discovery_half_count,
        halves.discovery_half_churned_count,
        halves.confirmation_half_count,
        halves.confirmation_half_churned_count
    from candidates
    cross join halves
    left join counted
        on candidates.segment_code = counted.segment_code and halves.window_number = counted.window_number
)

select * from filled
