-- What followed for the members of each segment: the rate of the latest window (or of the snapshot), the rate of the planning
-- period that it implies, how alike the segment is today, and a back-test. Segments that were discovered by their rate are
-- judged by the half that did not propose them. Rates are shrunk to the portfolio's.
{#- weight, in customers, of the portfolio's rate when a segment's rate is shrunk -#}
{%- set prior_count = 10 %}

with observations as (
    select * from {{ ref('int_churn_observations') }}
),

memberships as (
    select * from {{ ref('int_segment_memberships') }}
),

windows as (
    select max(window_days) as window_days from {{ ref('int_churn_days') }}
    where is_rated
),

portfolio as (
    select
        cast(count(*) filter (where is_rated and is_churned) as double)
        / nullif(count(is_churned) filter (where is_rated), 0) as portfolio_rate,
        cast(count(*) filter (where window_number = 2 and is_churned) as double)
        / nullif(count(is_churned) filter (where window_number = 2), 0) as earlier_portfolio_rate,
        count(*) filter (where is_rated) as portfolio_then_count,
        count(*) filter (where churn_basis = 'current') as portfolio_now_count
    from observations
),

churn_segments as (
    select * from {{ ref('int_churn_candidates_confirmed') }}
    where verdict = 'kept'
),

judged as (
    select
        memberships.*,
        memberships.segment_scheme <> 'churn'
        or (churn_segments.proposing_half = 'second') = memberships.is_discovery as is_evidence
    from memberships
    left join churn_segments
        on memberships.segment_scheme = 'churn' and memberships.segment_code = churn_segments.segment_code
),

counted as (
    select
        segment_scheme,
        segment_code,
        count(is_churned) filter (where is_rated and is_evidence) as known_outcome_count,
        count(*) filter (where is_rated and is_evidence and is_churned) as churned_count,
        count(*) filter (where is_rated) as then_count,
        count(*) filter (where churn_basis = 'current') as now_count,
        count(is_churned) filter (where window_number = 2 and is_evidence) as earlier_count,
        count(*) filter (where window_number = 2 and is_evidence and is_churned) as earlier_churned_count
    from judged
    group by segment_scheme, segment_code
),

rated as (
    select
        counted.*,
        portfolio.portfolio_rate,
        windows.window_days,
        (churned_count + {{ prior_count }} * portfolio_rate) / (known_outcome_count + {{ prior_count }}) as shrunk_churn_rate,
        (earlier_churned_count + {{ prior_count }} * earlier_portfolio_rate) / (earlier_count + {{ prior_count }})
            as earlier_shrunk_rate,
        -- half a customer is added, so that an empty side has a finite logarithm
        sum(then_count) over (partition by segment_scheme) as scheme_then_count,
        cast(then_count + 0.5 as double) / (portfolio.portfolio_then_count + 1) as then_share,
        cast(now_count + 0.5 as double) / (portfolio.portfolio_now_count + 1) as now_share
    from counted
    cross join portfolio
    cross join windows
),

planned as (
    select
        *,
        cast(churned_count as double) / nullif(known_outcome_count, 0) as churn_rate,
        {{ wilson_lower('churned_count', 'known_outcome_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'known_outcome_count') }} as churn_rate_ci_upper,
        -- the segments of an exclusive scheme together; segments that may overlap, each against the rest
        case
            when segment_scheme in ('churn', 'study', 'data_quality')
                then (now_share - then_share) * ln(now_share / then_share)
                    + (then_share - now_share) * ln((1.0 - now_share) / (1.0 - then_share))
            else {{ exact_sum('(now_share - then_share) * ln(now_share / then_share)', 'partition by segment_scheme') }}
        end as population_stability_index
    from rated
),

-- the plan made one window earlier: its rate for those at risk when the latest window opened, against what followed. The
-- interval of what was to be expected has the noise of both windows.
back_tested as (
    select
        *,
        case when earlier_count > 0 then known_outcome_count * earlier_shrunk_rate end as back_test_expected_customers,
        {{ confidence_z() }} * sqrt(
            known_outcome_count * earlier_shrunk_rate * (1.0 - earlier_shrunk_rate)
            * (1.0 + cast(known_outcome_count as double) / (earlier_count + {{ prior_count }}))
        ) as half_width
    from planned
),

described as (
    select
        segment_scheme,
        segment_code,
        known_outcome_count,
        churned_count,
        churn_rate,
        churn_rate_ci_lower,
        churn_rate_ci_upper,
        portfolio_rate,
        shrunk_churn_rate,
        {{ planning_rate('shrunk_churn_rate', 'window_days') }} as planning_churn_rate,
        -- the range contains the expectation, also if the shrunk rate is outside the interval of few customers
        {{ planning_rate('least(churn_rate_ci_lower, shrunk_churn_rate)', 'window_days') }} as planning_churn_rate_ci_lower,
        {{ planning_rate('greatest(churn_rate_ci_upper, shrunk_churn_rate)', 'window_days') }} as planning_churn_rate_ci_upper,
        coalesce(window_days < {{ number_var('planning_days') }}, false) as is_extrapolated,
        -- a scheme whose rules or money have no history was never seen in a window
        case when window_days is not null and scheme_then_count > 0 then population_stability_index end
            as population_stability_index,
        case when back_test_expected_customers is not null then known_outcome_count end as back_test_count,
        back_test_expected_customers,
        case when back_test_expected_customers is not null then greatest(0.0, back_test_expected_customers - half_width) end
            as back_test_expected_customers_ci_lower,
        case when back_test_expected_customers is not null then least(known_outcome_count, back_test_expected_customers + half_width) end
            as back_test_expected_customers_ci_upper,
        case when back_test_expected_customers is not null then churned_count end as back_test_churned_count,
        churned_count / nullif(back_test_expected_customers, 0) as back_test_ratio
    from back_tested
)

select * from described
