-- What each registered hypothesis comes to. "No difference" is only said where a test of equivalence says so.
with tested as (
    select * from {{ ref('int_hypotheses_tested') }}
),

hypotheses as (
    select * from {{ ref('int_hypotheses_registered') }}
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

-- of equivalence among all tests of both kinds, which are all that a verdict may claim
claims as (
    select hypothesis_code, part, test_name, hypothesis_family, is_withheld, false as is_equivalence, p_value from compared
    union all
    select hypothesis_code, part, test_name, hypothesis_family, is_withheld, true as is_equivalence, equivalence_p_value
    from compared
),

claims_corrected as (
    {{ benjamini_hochberg('claims', 'hypothesis_family, is_withheld') }}
),

described as (
    select
        tested.hypothesis_code,
        tested.part,
        tested.test_name,
        hypotheses.statement,
        hypotheses.margin,
        hypotheses.delta_margin,
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
        claims.q_value as equivalence_q_value,
        tested.smallest_detectable_effect,
        tested.is_skewed,
        tested.is_withheld,
        case
            when tested.q_value < {{ number_var('significance_level') }} then 'different'
            when claims.q_value < {{ number_var('significance_level') }} then 'equivalent'
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
    inner join claims_corrected as claims
        on
            tested.hypothesis_code = claims.hypothesis_code
            and tested.part = claims.part
            and tested.test_name = claims.test_name
            and claims.is_equivalence
),

-- values that would be shown as equal and are not get more digits
shown as (
    select
        *,
        case
            when {{ measured_text('group_a_value', 'is_share') }} <> {{ measured_text('group_b_value', 'is_share') }}
                or group_a_value = group_b_value then {{ measured_text('group_a_value', 'is_share') }}
            else {{ precise_text('group_a_value', 'is_share') }}
        end as group_a_text,
        case
            when {{ measured_text('group_a_value', 'is_share') }} <> {{ measured_text('group_b_value', 'is_share') }}
                or group_a_value = group_b_value then {{ measured_text('group_b_value', 'is_share') }}
            else {{ precise_text('group_b_value', 'is_share') }}
        end as group_b_text,
        -- what is withheld on publication is no part of what is said of the others
        count(case when verdict = 'different' then 1 end) over (partition by hypothesis_code, is_withheld) as different_count,
        count(case when verdict = 'equivalent' then 1 end) over (partition by hypothesis_code, is_withheld) as equivalent_count,
        count(*) over (partition by hypothesis_code, is_withheld) as test_count,
        max(case when verdict = 'different' and not is_withheld then abs(effect_size) else 0 end) over (partition by hypothesis_code)
            as shown_effect
    from described
),

folded as (
    select
        *,
        case
            when different_count > 0 and equivalent_count > 0 then 'mixed'
            when different_count > 0 then 'different'
            when equivalent_count = test_count then 'equivalent'
            else 'inconclusive'
        end as hypothesis_verdict,
        cast(dense_rank() over (order by shown_effect desc, hypothesis_code asc) as bigint) as hypothesis_rank
    from shown
),

worded as (
    select
        *,
        statement || ': ' || case
            when verdict = 'equivalent' then 'no difference beyond the margin (' || case test_name
                when 'welch' then {{ percent_text('margin') }} || ' of the mean'
                when 'two_proportion_z' then {{ decimal_text('100 * margin', 1) }} || ' points'
                else 'Cliff''s delta ' || {{ decimal_text('delta_margin', 2) }}
            end || '), '
            when verdict = 'inconclusive' then 'no difference shown or ruled out, '
            when test_name = 'chi_square' then 'different, '
            when estimate > 0 then 'higher, '
            else 'lower, '
        end
        || value_label || group_a_text
        || case when test_name = 'chi_square' then ' and lowest ' else ' against ' end || group_b_text
        || ' (' || case test_name
            when 'welch' then 'difference ' || {{ measured_text('estimate', 'is_share') }}
            when 'two_proportion_z' then 'difference ' || {{ decimal_text('100 * estimate', 2) }} || ' points'
            when 'mann_whitney' then 'Cliff''s delta ' || {{ decimal_text('estimate', 3) }}
            else 'Cramer''s V ' || {{ decimal_text('effect_size', 3) }}
        end || '; q ' || case
            when q_value < 0.001 then '< 0.001'
            else '= ' || {{ decimal_text('q_value', 3) }}
        end || ').' as sentence
    from folded
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
    equivalence_q_value,
    smallest_detectable_effect,
    is_skewed,
    verdict,
    hypothesis_verdict,
    hypothesis_rank,
    sentence,
    {{ churn_period_columns() }}
from worded
