-- What each campaign with a holdout has shown, among all its customers and by segment: the difference that it made to the customers
-- who stay, whether its arms were split at random, what it earned, and the verdict.
with concluded as (
    select * from {{ ref('int_campaign_results_concluded') }}
),

campaigns as (
    select * from {{ layout_rows('campaigns') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
),

described as (
    select
        concluded.campaign_code,
        coalesce(campaigns.campaign_name, concluded.campaign_code) as campaign_name,
        concluded.strategy_code,
        concluded.segment_scheme,
        concluded.segment_code,
        case when concluded.segment_scheme = 'all' then 'All' else coalesce(named.segment_name, concluded.segment_code) end
            as segment_name,
        concluded.outcome_code,
        concluded.treated_count + concluded.holdout_count as customers_count,
        concluded.treated_count,
        concluded.treated_known_count,
        concluded.treated_kept_count,
        concluded.holdout_count,
        concluded.holdout_known_count,
        concluded.holdout_kept_count,
        concluded.difference,
        concluded.difference_ci_lower,
        concluded.difference_ci_upper,
        concluded.p_value,
        concluded.q_value,
        concluded.detectable_difference,
        concluded.split_p_value,
        concluded.balance_p_value,
        concluded.saved_customers,
        concluded.least_relative_effect,
        concluded.relative_effect,
        concluded.most_relative_effect,
        cast(concluded.saved_customers * concluded.average_value as decimal(18, 2)) as incremental_value_amount,
        cast(concluded.treated_count * concluded.treatment_cost as decimal(18, 2)) as treatment_cost_amount,
        cast(
            concluded.saved_customers * concluded.average_value - concluded.treated_count * concluded.treatment_cost
            as decimal(18, 2)
        ) as incremental_net_amount,
        concluded.verdict
    from concluded
    left join campaigns on concluded.campaign_code = campaigns.campaign_code
    left join named
        on concluded.segment_scheme = named.segment_scheme and concluded.segment_code = named.segment_code
),

final as (
    select
        *,
        campaign_name || case when segment_scheme = 'all' then '' else ', ' || segment_name end || ': '
        || case verdict
            when 'no_holdout' then 'one of the arms has nobody, so nothing can be said of its effect'
            when 'not_yet' then 'the outcome of more than one customer in twenty is still to come'
            when 'broken_randomisation'
                then 'the arms differ more than chance allows, so that a difference in churn need not be the campaign''s doing'
            else {{ percent_text('cast(treated_kept_count as double) / nullif(treated_known_count, 0)') }} || ' of the contacted customers stayed and '
                || {{ percent_text('cast(holdout_kept_count as double) / nullif(holdout_known_count, 0)') }} || ' of the others'
                || coalesce(
                    ' (difference ' || {{ percent_text('difference_ci_lower') }} || ' to ' || {{ percent_text('difference_ci_upper') }}
                    || ')', ''
                ) || case verdict
                    when 'works' then '; the campaign works'
                    when 'harms' then '; the campaign drives customers away'
                    else '; this may be chance'
                end
        end || '.' as sentence
    from described
)

select * from final
