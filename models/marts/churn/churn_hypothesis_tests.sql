-- What each registered hypothesis comes to. "No difference" is only said where a test of equivalence says so.
with tested as (
    select * from {{ ref('int_hypotheses_tested') }}
),

hypotheses as (
    select * from {{ ref('hypotheses') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

withheld as (
    select * from {{ ref('int_hypotheses_withheld') }}
),

compared as (
    select
        tested.*,
        withheld.cut_name is not null
        or tested.group_a_count between 1 and {{ number_var('minimum_cell_size') }} - 1
        or tested.group_b_count between 1 and {{ number_var('minimum_cell_size') }} - 1 as is_withheld
    from tested
    left join withheld on tested.hypothesis_code = withheld.cut_name and tested.part = withheld.cut_value
),

corrected as (
    {{ benjamini_hochberg('compared', 'hypothesis_family, is_withheld') }}
),

described as (
    select
        tested.hypothesis_code,
        tested.part,
        tested.test_name,
        hypotheses.statement,
        tested.hypothesis_family,
        tested.group_a_count,
        tested.group_b_count,
        tested.group_a_value,
        tested.group_b_value,
        tested.estimate,
        tested.estimate_ci_lower,
        tested.estimate_ci_upper,
        tested.p_value,
        tested.q_value,
        tested.effect_name,
        tested.effect_size,
        tested.equivalence_p_value,
        tested.smallest_detectable_effect,
        case
            when q_value < {{ number_var('significance_level') }} then 'different'
            when equivalence_p_value < {{ number_var('significance_level') }} then 'equivalent'
            else 'inconclusive'
        end as verdict,
        {{ churn_period_columns('rated_day') | indent(4) }},
        case tested.test_name
            when 'welch' then 'mean '
            when 'mann_whitney' then 'median '
            when 'chi_square' then 'highest '
            else ''
        end as value_label,
        tested.test_name in ('two_proportion_z', 'chi_square') as is_share
    from corrected as tested
    cross join rated_day
    inner join hypotheses
        on tested.hypothesis_code = hypotheses.hypothesis_code and tested.part = hypotheses.part
),

worded as (
    select
        *,
        statement || ': ' || case verdict
            when 'different' then 'different, '
            when 'equivalent' then 'no difference beyond the margin, '
            else 'no difference shown, and none ruled out, '
        end
        || value_label || {{ measured_text('group_a_value', 'is_share') }}
        || case when test_name = 'chi_square' then ' and lowest ' else ' against ' end
        || {{ measured_text('group_b_value', 'is_share') }}
        || ' (q ' || case
            when q_value < 0.001 then '< 0.001'
            else '= ' || {{ decimal_text('q_value', 3) }}
        end || ').' as sentence
    from described
)

select
    hypothesis_code,
    part,
    test_name,
    statement,
    hypothesis_family,
    group_a_count,
    group_b_count,
    group_a_value,
    group_b_value,
    estimate,
    estimate_ci_lower,
    estimate_ci_upper,
    p_value,
    q_value,
    effect_name,
    effect_size,
    equivalence_p_value,
    smallest_detectable_effect,
    verdict,
    sentence,
    {{ churn_period_columns() }}
from worded
