-- All segment rules in one shape: those that people own and those that the discovery lists.
with owned as (
    select * from {{ layout_rows('segment_rules') }}
),

listed as (
    select * from {{ ref('int_churn_candidate_rules_listed') }}
),

united as (
    select segment_scheme, segment_code, column_name, lower_bound, upper_bound, value from owned
    union all
    select segment_scheme, segment_code, column_name, lower_bound, upper_bound, value from listed
)

select * from united
