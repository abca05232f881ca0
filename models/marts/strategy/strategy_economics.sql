-- What each strategy is expected to earn in each segment over the planning period, how sure that is, and what follows: do it, test it
-- first, leave it, or know that the segment is too small for a test.
{#- at the lowest and the highest level of churn; of overdrawn balances the least is lost at the highest -#}
{%- set churn_error %}{{ confidence_z() }} * coalesce(summed.churn_error, 0){% endset %}
{%- set lost %}summed.value_at_risk * greatest(0, 1 - {{ churn_error }}), summed.value_at_risk * (1 + {{ churn_error }}){% endset %}

with summed as (
    select * from {{ ref('int_strategy_economics_summed') }}
),

estimated as (
    select * from {{ ref('int_strategy_economics_estimated') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
),

-- the index of few known outcomes is not told, as in segment_briefs and strategy_priorities
rates as (
    select
        segment_scheme,
        segment_code,
        {{ is_much_changed('population_stability_index') }} and known_outcome_count >= {{ number_var('minimum_cell_size') }} as is_changed
    from {{ ref('int_segment_rates') }}
),

-- whether the extract's churn is a flag on a snapshot, and its values no more than a margin
days as (
    select coalesce(bool_or(churn_basis = 'snapshot'), false) as is_snapshot
    from {{ ref('int_churn_days') }}
    where is_rated
),

stakes as (
    select count(balance) > 0 and count(clv_amount) = 0 as is_margin
    from {{ ref('int_customers_at_stake') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

chosen as (
    select
        segment_scheme,
        segment_code,
        strategy_code,
        count(*) as chosen_count
    from {{ ref('strategy_options') }}
    where is_chosen
    group by segment_scheme, segment_code, strategy_code
),

described as (
    select
        summed.segment_scheme,
        summed.segment_code,
        named.segment_name,
        summed.strategy_code,
        strategies.strategy_name,
        summed.remaining_count,
        summed.eligible_count,
        summed.capacity_count,
        summed.reached_count,
        coalesce(chosen.chosen_count, 0) as chosen_count,
        summed.expected_churned_customers,
        summed.reached_churned_customers,
        cast(summed.total_value as decimal(18, 2)) as value_amount,
        cast(summed.value_at_risk as decimal(18, 2)) as total_value_at_risk_amount,
        cast(least({{ lost }}) as decimal(18, 2)) as lowest_value_at_risk_amount,
        cast(greatest({{ lost }}) as decimal(18, 2)) as highest_value_at_risk_amount,
        summed.retained_offer_customers,
        summed.offer_cost_amount,
        cast(summed.contact_cost as decimal(18, 2)) as contact_cost_amount,
        cast(summed.setup_cost as decimal(18, 2)) as setup_cost_amount,
        summed.pessimistic_save_rate,
        summed.optimistic_save_rate,
        summed.evidence_level,
        cast(estimated.least_net as decimal(18, 2)) as least_net_amount,
        cast(estimated.expected_net as decimal(18, 2)) as expected_net_amount,
        cast(estimated.most_net as decimal(18, 2)) as most_net_amount,
        estimated.break_even_save_rate,
        estimated.gain_probability,
        estimated.expected_effect,
        {{ possible_share('estimated.smallest_detectable_effect') }} as detectable_test_effect,
        cast(case when estimated.needed_count < 1e15 then estimated.needed_count end as bigint) as needed_test_count,
        estimated.decision_code
    from summed
    inner join estimated
        on
            summed.segment_scheme = estimated.segment_scheme
            and summed.segment_code = estimated.segment_code
            and summed.strategy_code = estimated.strategy_code
    inner join strategies on summed.strategy_code = strategies.strategy_code
    left join named on summed.segment_scheme = named.segment_scheme and summed.segment_code = named.segment_code
    left join chosen
        on
            summed.segment_scheme = chosen.segment_scheme
            and summed.segment_code = chosen.segment_code
            and summed.strategy_code = chosen.strategy_code
),

final as (
    select
        described.*,
        case decision_code
            when 'do' then 'Do: ' || {{ money_text('expected_net_amount') }} || ' is the expected gain, and nine of ten outcomes lie between '
                || {{ grouped_text('least_net_amount') }} || ' and ' || {{ money_text('most_net_amount') }} || '.'
            when 'hold' then 'Hold: no gain is expected; ' || case
                when break_even_save_rate <= 1
                    then 'the save rate has to be ' || {{ percent_text('break_even_save_rate') }} || ', and '
                        || {{ percent_text('(pessimistic_save_rate + optimistic_save_rate) / 2') }} || ' is expected'
                else 'no save rate earns what it costs'
            end || '.'
            when 'test' then 'Test first: half of the ' || {{ grouped_text('reached_count') }}
                || ' customers without contact show an effect from ' || {{ percent_text('detectable_test_effect') }} || ', and '
                || {{ percent_text('expected_effect') }} || ' is expected.'
            when 'cannot_be_tested' then 'Cannot be tested: the expected effect is ' || {{ percent_text('expected_effect') }}
                || coalesce(', and a test needs ' || {{ grouped_text('needed_test_count') }} || ' customers of whom there are '
                    || {{ grouped_text('reached_count') }}, '') || '.'
            else 'Unknown: ' || case
                when eligible_count = 0 then 'every current customer of the segment is blocked, see strategy_options'
                else 'the extract does not say what customers are worth, or how many churn'
            end || '.'
        end || case
            when decision_code = 'unknown' then ''
            else coalesce(' Caution: ' || nullif({{ concat_present([
                "case when days.is_snapshot then " ~ caution_text('snapshot') ~ " end",
                "case when rates.is_changed then " ~ caution_text('changed') ~ " end",
                "case when stakes.is_margin then " ~ caution_text('margin') ~ " end",
            ], '; ') }}, '') || '.', '')
        end as reason
    from described
    cross join days
    cross join stakes
    left join rates on described.segment_scheme = rates.segment_scheme and described.segment_code = rates.segment_code
)

select * from final
