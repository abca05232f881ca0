-- What each campaign has shown in each segment: corrected among all customers of campaigns, and among all segments. Evidence for
-- the strategy is the outcome among all customers by closings, or else as recorded, if nothing stands in its way.
with arms as (
    select * from {{ ref('int_campaign_arms_counted') }}
),

read as (
    select
        *,
        case when segment_scheme = 'all' then 'all' else 'segments' end as family_name
    from {{ ref('int_campaigns_read') }}
),

corrected as (
    {{ benjamini_hochberg('read', 'family_name') }}
),

concluded as (
    select
        arms.*,
        corrected.difference,
        corrected.difference_ci_lower,
        corrected.difference_ci_upper,
        corrected.p_value,
        corrected.q_value,
        corrected.detectable_difference,
        corrected.saved_customers,
        corrected.least_relative_effect,
        corrected.relative_effect,
        corrected.most_relative_effect,
        corrected.split_p_value,
        corrected.balance_p_value,
        case
            when corrected.fault_code <> '' then corrected.fault_code
            when corrected.q_value < {{ number_var('significance_level') }} and corrected.difference > 0 then 'works'
            when corrected.q_value < {{ number_var('significance_level') }} then 'harms'
            else 'inconclusive'
        end as verdict,
        arms.segment_scheme = 'all'
        and arms.strategy_code is not null
        and corrected.fault_code = ''
        and row_number() over (
            partition by arms.campaign_code, arms.segment_scheme, arms.segment_code, corrected.fault_code = ''
            order by arms.outcome_code
        ) = 1 as is_evidence
    from arms
    inner join corrected
        on
            arms.campaign_code = corrected.campaign_code
            and arms.segment_scheme = corrected.segment_scheme
            and arms.segment_code = corrected.segment_code
            and arms.outcome_code = corrected.outcome_code
)

select * from concluded
