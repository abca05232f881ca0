-- Everybody who meets a candidate's rules in each window that tests read, counted in both halves; in the row of the latest window
-- also current customers among them, with what they hold.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested or churn_basis = 'current'
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
)

select * from counted
