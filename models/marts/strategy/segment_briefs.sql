-- What is to be said of a segment in one sentence: its size and churn, what its customers have in common beyond the rule that
-- defines it, the strategy that is worth most, the money, and what to be careful about.
{#- why no customer gets a strategy that pays: economics of a segment ask nobody what else the customer may get -#}
{%- set is_by_order = is_chosen_by_order() %}
{%- set unassigned = 'others come first' if is_by_order else 'others gain more, or its set-up is not earned' %}
with segments as (
    select * from {{ ref('strategy_segments') }}
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
),

portraits as (
    select * from {{ ref('churn_portraits') }}
),

-- a feature of the rule, or one that follows from it, would say the rule again; small parts of a segment are not spoken of
compared as (
    select
        segments.segment_scheme,
        segments.segment_code,
        portraits.feature_name,
        abs(portraits.effect_size) as strength,
        case
            when portraits.level_count is null then features.feature_label
            else {{ value_label('portraits.feature_level') }}
        end || case
            when portraits.level_count is null and portraits.effect_size > 0 then ' (higher)'
            when portraits.level_count is null then ' (lower)'
            when portraits.effect_size > 0 then ' (more often)'
            else ' (less often)'
        end as difference
    from segments
    inner join portraits on segments.segment_code = portraits.portrait_code
    inner join features on portraits.feature_name = features.feature_name
    where
        segments.segment_scheme = 'churn'
        and portraits.is_significant
        and portraits.feature_level <> 'unknown'
        and segments.predicate_sql not like '%' || replace(portraits.feature_name, 'has_known_', '') || '%'
        -- of the two levels of a flag the one that is more frequent
        and (features.feature_kind <> 'flag' or portraits.effect_size > 0)
        and portraits.known_count >= {{ number_var('small_cell_size') }}
        and (
            portraits.level_count is null
            or portraits.level_count >= {{ number_var('minimum_cell_size') }}
            and portraits.known_count - portraits.level_count >= {{ number_var('minimum_cell_size') }}
        )
),

-- of the levels of a feature the one that differs most
levelled as (
    select
        *,
        row_number() over (
            partition by segment_scheme, segment_code, feature_name order by strength desc, difference asc
        ) as level_number
    from compared
),

ranked as (
    select
        *,
        row_number() over (
            partition by segment_scheme, segment_code order by strength desc, feature_name asc
        ) as difference_number
    from levelled
    where level_number = 1
),

described as (
    select
        segment_scheme,
        segment_code,
        {{ concat_present([
            'max(case when difference_number = 1 then difference end)',
            'max(case when difference_number = 2 then difference end)',
        ], ' and ') }} as distinguishing_features
    from ranked
    group by segment_scheme, segment_code
),

economics as (
    select
        *,
        row_number() over (
            partition by segment_scheme, segment_code
            order by case when decision_code = 'do' then 0 else 1 end, coalesce(expected_net_amount, -1e15) desc, strategy_code
        ) as offer_number
    from {{ ref('strategy_economics') }}
),

memberships as (
    select * from {{ ref('int_segment_memberships') }}
    where churn_basis = 'current'
),

options as (
    select * from {{ ref('strategy_options') }}
    where is_chosen
),

-- by whichever of the customer's segments
assigned as (
    select distinct
        memberships.segment_scheme,
        memberships.segment_code,
        options.strategy_code
    from memberships
    inner join options on memberships.customer_id = options.customer_id
),

joined as (
    select
        segments.segment_scheme,
        segments.segment_code,
        segments.segment_name,
        segments.customers_count,
        segments.remaining_count,
        segments.known_outcome_count,
        segments.churn_rate,
        segments.churn_rate_ci_lower,
        segments.churn_rate_ci_upper,
        segments.churn_basis,
        segments.observed_on,
        segments.window_days,
        segments.reading,
        described.distinguishing_features,
        economics.strategy_code,
        economics.strategy_name,
        economics.decision_code,
        economics.eligible_count,
        case when economics.strategy_code is not null then assigned.strategy_code is not null end as is_assigned,
        economics.expected_net_amount,
        economics.least_net_amount,
        economics.most_net_amount,
        nullif({{ concat_present([
            "case when segments.churn_basis = 'snapshot' then " ~ caution_text('snapshot') ~ " end",
            "case when " ~ is_much_changed('segments.population_stability_index') ~ " then " ~ caution_text('changed') ~ " end",
            "case when segments.known_outcome_count < " ~ number_var('small_cell_size') ~ " then 'few customers have a known outcome' end",
            "case when segments.uses_protected_attribute then 'the rule uses age or gender' end",
            "case when economics.evidence_level = 'assumed' then 'the save rate is assumed' end",
        ], '; ') }}, '') as caution
    from segments
    left join described
        on segments.segment_scheme = described.segment_scheme and segments.segment_code = described.segment_code
    left join economics
        on
            segments.segment_scheme = economics.segment_scheme
            and segments.segment_code = economics.segment_code
            and economics.offer_number = 1
    left join assigned
        on
            economics.segment_scheme = assigned.segment_scheme
            and economics.segment_code = assigned.segment_code
            and economics.strategy_code = assigned.strategy_code
),

final as (
    select
        *,
        {{ capitalised('coalesce(segment_name, segment_code)') }} || ': ' || {{ concat_present([
            grouped_text('customers_count') ~ " || case
                when customers_count = 0 then ' customers.'
                when remaining_count = customers_count then ' customers, all of them current.'
                when remaining_count = 0 then ' customers, all of whom have churned.'
                else ' customers, of whom ' || " ~ grouped_text('remaining_count') ~ " || ' are current and the others have churned.'
            end",
            percent_text('churn_rate') ~ " || ' of ' || " ~ grouped_text('known_outcome_count') ~ " || case
                when segment_scheme = 'churn' then ' customers of the half that confirmed the segment '
                else ' with a known outcome '
            end || " ~ churned_text() ~ " || ' (confidence interval '
                || " ~ percent_text('churn_rate_ci_lower') ~ " || ' to ' || " ~ percent_text('churn_rate_ci_upper') ~ " || ').'",
            "coalesce('Differs from others in ' || distinguishing_features, reading) || '.'",
            "case
                when decision_code = 'hold' then 'No strategy pays: the best is ' || strategy_name || ', expected to lose '
                    || " ~ money_text('-expected_net_amount') ~ "
                else 'Strategy: ' || strategy_name || coalesce(', expected to earn ' || " ~ money_text('expected_net_amount') ~ ", '')
            end || coalesce(' (' || " ~ grouped_text('least_net_amount') ~ " || ' to ' || " ~ grouped_text('most_net_amount') ~ " || ')', '')
                || case decision_code
                    when 'do' then '; worth doing.'
                    when 'test' then '; test first.'
                    when 'hold' then '.'
                    when 'cannot_be_tested' then '; too few customers for a test.'
                    else case when eligible_count = 0 then '; every current customer is blocked.' else '; what it earns is unknown.' end
                end || case
                    when decision_code in ('do', 'test', 'cannot_be_tested') and not is_assigned
                        then ' Today no customer of the segment gets it: " ~ unassigned ~ ".'
                    else ''
                end",
            "'Caution: ' || caution || '.'",
        ], ' ') }} as sentence
    from joined
)

select * from final
