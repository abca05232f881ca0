-- What each registered hypothesis comes to. "No difference" is only said where a test of equivalence says so.
with tested as (
    select * from {{ ref('int_hypotheses_tested') }}
),

hypotheses as (
    select * from {{ ref('hypotheses') }}
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
        tested.verdict,
        case tested.test_name
            when 'welch' then 'mean'
            when 'mann_whitney' then 'median'
            when 'two_proportion_z' then 'share'
            when 'chi_square' then 'highest and lowest rate'
        end as value_label,
        case when tested.test_name in ('two_proportion_z', 'chi_square') then 3 else 0 end as digits
    from tested
    inner join hypotheses
        on tested.hypothesis_code = hypotheses.hypothesis_code and tested.part = hypotheses.part
),

worded as (
    select
        *,
        statement || case verdict
            when 'different' then ': yes'
            when 'equivalent' then ': no, the difference lies within the margin'
            else ': not shown, and not ruled out'
        end
        || ' (' || value_label || ' ' || {{ rounded_text('group_a_value', 'digits') }}
        || ' against ' || {{ rounded_text('group_b_value', 'digits') }}
        || ', q ' || case
            when q_value < 0.001 then 'below 0.001'
            else cast(cast(q_value as decimal(5, 3)) as {{ kind_type('text') }})
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
    sentence
from worded
