-- The conditions of each rule whose outcome a mart shows, with its customers at risk: of the candidates of the search in both
-- halves, of the rules that people own as a whole.
with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

rules as (
    select * from {{ ref('int_segment_rules_listed') }}
),

met as (
    {{ evaluate_segment_rules('observations', layout_rows('segment_rules'), ['is_churned']) }}
),

owned_counted as (
    select
        segment_scheme,
        segment_code,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from met
    group by segment_scheme, segment_code
),

tested as (
    select * from {{ ref('int_churn_candidates_tested') }}
),

-- q-values depend on the confirmation half of those that are tested, which is the half that did not propose the candidate
candidates as (
    select
        counted.*,
        case
            when tested.proposing_half = 'first' then 'churn: discovery'
            when tested.p_value is null then 'churn: not tested'
            else 'churn'
        end as first_half_name,
        case
            when tested.proposing_half = 'second' then 'churn: discovery'
            when tested.p_value is null then 'churn: not tested'
            else 'churn'
        end as second_half_name
    from {{ ref('int_churn_candidates_counted') }} as counted
    inner join tested on counted.candidate_number = tested.candidate_number
    where counted.window_number = 1
),

counted as (
    select
        segment_scheme as cut_name,
        segment_code,
        cast(null as {{ kind_type('text') }}) as half,
        customers_count,
        churned_count
    from owned_counted
    union all
    select
        first_half_name as cut_name,
        segment_code,
        'discovery' as half,
        discovery_count as customers_count,
        discovery_churned_count as churned_count
    from candidates
    union all
    select
        second_half_name as cut_name,
        segment_code,
        'confirmation' as half,
        confirmation_count as customers_count,
        confirmation_churned_count as churned_count
    from candidates
),

final as (
    select
        counted.cut_name,
        counted.segment_code as cut_value,
        rules.segment_scheme || ': ' || rules.segment_code as rule_code,
        counted.half,
        cast(counted.customers_count as bigint) as customers_count,
        cast(counted.churned_count as bigint) as churned_count,
        rules.column_name,
        rules.lower_bound,
        rules.upper_bound,
        rules.value
    from counted
    inner join rules
        on
            counted.segment_code = rules.segment_code
            and rules.segment_scheme = case when counted.half is null then counted.cut_name else 'churn' end
    where counted.customers_count > 0
)

select * from final
