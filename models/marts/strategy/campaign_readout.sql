-- What each campaign with a holdout has shown, among all its customers and by segment: the difference that it made to the customers
-- who stay, whether its arms were split at random, what it earned, and the verdict.
with concluded as (
    select * from {{ ref('int_campaign_results_concluded') }}
),

-- the offer is taken by those it saves and, as planned, by some of those who would have stayed
costed as (
    select
        *,
        treated_count * contact_cost + case
            when offer_cost_amount = 0 then 0
            else offer_cost_amount * (
                greatest(saved_customers, 0)
                + retained_take_up_rate * treated_count * holdout_kept_count / nullif(holdout_known_count, 0)
            )
        end as treatment_cost
    from concluded
),

campaigns as (
    select * from {{ layout_rows('campaigns') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
),

described as (
    select
        costed.campaign_code,
        coalesce(campaigns.campaign_name, costed.campaign_code) as campaign_name,
        costed.strategy_code,
        costed.segment_scheme,
        costed.segment_code,
        case when costed.segment_scheme = 'all' then 'All' else coalesce(named.segment_name, costed.segment_code) end
            as segment_name,
        costed.outcome_code,
        costed.treated_count + costed.holdout_count as customers_count,
        costed.treated_count,
        costed.treated_known_count,
        costed.treated_kept_count,
        costed.holdout_count,
        costed.holdout_known_count,
        costed.holdout_kept_count,
        costed.difference,
        costed.difference_ci_lower,
        costed.difference_ci_upper,
        costed.p_value,
        costed.q_value,
        {{ possible_share('costed.detectable_difference') }} as detectable_difference,
        costed.split_p_value,
        costed.balance_p_value,
        costed.saved_customers,
        costed.least_relative_effect,
        costed.relative_effect,
        costed.most_relative_effect,
        cast(costed.saved_customers * costed.average_value as decimal(18, 2)) as incremental_value_amount,
        cast(costed.treatment_cost as decimal(18, 2)) as treatment_cost_amount,
        cast(costed.saved_customers * costed.average_value - costed.treatment_cost as decimal(18, 2)) as incremental_net_amount,
        costed.verdict
    from costed
    left join campaigns on costed.campaign_code = campaigns.campaign_code
    left join named
        on costed.segment_scheme = named.segment_scheme and costed.segment_code = named.segment_code
),

final as (
    select
        *,
        campaign_name || case when segment_scheme = 'all' then ', all customers' else ', ' || segment_name end
        || case outcome_code when 'closing' then ', by closings: ' else ', as recorded: ' end
        || case
            when verdict = 'no_holdout' then 'one of the arms has nobody, so nothing can be said of what the campaign does'
            when verdict = 'not_yet' then 'the outcome of more than one customer in twenty is not known yet'
            when verdict = 'broken_randomisation'
                then 'the arms differ more than chance allows, so that a difference in churn need not be the campaign''s doing'
            -- nobody churned, nobody stayed, or an arm has one customer
            when p_value is null then 'too few to compare, ' || {{ grouped_text('treated_kept_count') }} || ' of ' || {{ grouped_text('treated_known_count') }}
                || ' contacted customers were retained and ' || {{ grouped_text('holdout_kept_count') }} || ' of ' || {{ grouped_text('holdout_known_count') }}
                || ' of the others'
            else {{ percent_text('cast(treated_kept_count as double) / nullif(treated_known_count, 0)') }} || ' of the contacted customers were retained and '
                || {{ percent_text('cast(holdout_kept_count as double) / nullif(holdout_known_count, 0)') }} || ' of the others'
                || coalesce(
                    ' (difference ' || {{ decimal_text('100 * difference', 1) }} || ' points, {{ confidence_text() }} '
                    || {{ decimal_text('100 * difference_ci_lower', 1) }} || ' to ' || {{ decimal_text('100 * difference_ci_upper', 1) }} || ')', ''
                ) || case
                    when verdict = 'works' then '; the campaign works'
                    when verdict = 'harms' then '; the campaign drives customers away'
                    -- the interval is that of one comparison, the verdict counts all of them
                    when difference_ci_lower > 0 or difference_ci_upper < 0
                        then '; corrected for the number of comparisons, this may be chance'
                    else '; this may be chance'
                end
        end || '.' as sentence
    from described
)

select * from final
