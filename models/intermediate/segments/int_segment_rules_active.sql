-- The rules that place customers: those that people own, and those of the churn segments that were kept.
with rules as (
    select * from {{ ref('int_segment_rules_listed') }}
),

kept as (
    select segment_code from {{ ref('int_churn_segments_ranked') }}
),

active as (
    select rules.*
    from rules
    left join kept on rules.segment_scheme = 'churn' and rules.segment_code = kept.segment_code
    where rules.segment_scheme <> 'churn' or kept.segment_code is not null
)

select * from active
