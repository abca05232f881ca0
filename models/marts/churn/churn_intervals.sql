-- Where along each feature customers churn more or less: found in one half, stated with the figures of the other in the latest
-- window. p-values are of all windows that tests read. Whether churn differs along a feature at all is tested among the
-- customers of both halves, because no interval has to be found for that.
{%- set rest = [
    'confirmation_churned_count', 'confirmation_count', 'rest_churned_count', 'rest_count',
] %}

with counted as (
    select * from {{ ref('int_churn_intervals_counted') }}
    where window_number = 1
),

tested as (
    select * from {{ ref('int_churn_intervals_tested') }}
),

withheld as (
    select * from {{ ref('int_churn_cells_withheld') }}
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

totalled as (
    select
        *,
        {{ interval_name() }} as interval_name,
        sum(confirmation_count) over (partition by feature_name) as half_count,
        sum(confirmation_churned_count) over (partition by feature_name) as half_churned_count,
        max(case when interval_kind = 'zero' then 1 else 0 end) over (partition by feature_name) as has_zero,
        count(*) over (partition by feature_name) as feature_interval_count
    from counted
),

-- one family: all intervals of all features
assessed as (
    select
        totalled.*,
        tested.p_value,
        withheld.cut_name is not null as is_withheld
    from totalled
    left join tested
        on totalled.feature_name = tested.feature_name and totalled.interval_number = tested.interval_number
    left join withheld
        on
            'halves of ' || totalled.feature_name = withheld.cut_name
            and 'confirmation: ' || totalled.interval_name = withheld.cut_value
),

corrected as (
    {{ benjamini_hochberg('assessed', 'is_withheld') }}
),

-- where the sizes of bands are public, a p-value tells their churn, so it is withheld with any cell of the feature
features_tested as (
    select
        tested.feature_name,
        tested.p_value,
        count(withheld.cut_name) > 0 as is_withheld
    from {{ ref('int_churn_features_tested') }} as tested
    left join withheld
        on withheld.cut_name in (
            tested.feature_name,
            'halves of ' || tested.feature_name,
            'known ' || tested.feature_name,
            'distribution of ' || tested.feature_name
        )
    group by tested.feature_name, tested.p_value
),

features_corrected as (
    {{ benjamini_hochberg('features_tested', 'is_withheld') }}
),

compared as (
    select
        corrected.*,
        features_corrected.p_value as feature_p_value,
        features_corrected.q_value as feature_q_value,
        cast(half_count - confirmation_count as bigint) as rest_count,
        cast(half_churned_count - confirmation_churned_count as bigint) as rest_churned_count,
        -- half a customer is added to each cell, so that an interval without churned customers has a finite weight
        cast(confirmation_churned_count + 0.5 as double) / (half_churned_count + 0.5 * feature_interval_count) as churned_share,
        cast(confirmation_count - confirmation_churned_count + 0.5 as double)
        / (half_count - half_churned_count + 0.5 * feature_interval_count) as retained_share
    from corrected
    left join features_corrected on corrected.feature_name = features_corrected.feature_name
),

measured as (
    select
        compared.*,
        features.feature_kind,
        features.feature_label,
        case
            when interval_kind = 'value' then {{ value_label('value') }}
            else features.feature_label || ' ' || {{ interval_label('features.is_whole_number', 'has_zero = 1') }}
        end as interval_label,
        cast(discovery_churned_count as double) / nullif(discovery_count, 0) as discovery_churn_rate,
        cast(confirmation_churned_count as double) / nullif(confirmation_count, 0) as confirmation_churn_rate,
        {{ wilson_lower('confirmation_churned_count', 'confirmation_count') }} as confirmation_churn_rate_ci_lower,
        {{ wilson_upper('confirmation_churned_count', 'confirmation_count') }} as confirmation_churn_rate_ci_upper,
        {{ risk_ratio(*rest) }} as lift,
        {{ risk_ratio_bound(*rest, side=-1) }} as lift_ci_lower,
        {{ risk_ratio_bound(*rest, side=1) }} as lift_ci_upper,
        ln(churned_share / retained_share) as weight_of_evidence,
        coalesce(q_value < {{ number_var('significance_level') }}, false) as is_significant,
        case
            when features.leak_reason is not null then features.leak_reason
            when compared.is_suspected_leak then 'The feature alone separates churned from retained customers too well'
        end as leak_reason,
        {{ churn_period_columns('rated_day') | indent(4) }}
    from compared
    cross join rated_day
    inner join features on compared.feature_name = features.feature_name
),

information as (
    select
        feature_name,
        {{ exact_sum('(churned_share - retained_share) * weight_of_evidence') }} as information_value
    from measured
    group by feature_name
),

value_lists as (
    select
        feature_name,
        {{ dbt.listagg(quoted_text('value'), "', '", 'order by interval_number') }} as listed_values
    from measured
    group by feature_name
),

worded as (
    select
        measured.*,
        information.information_value,
        case interval_kind
            when 'missing' then case
                when feature_kind = 'text' then measured.feature_name || ' = ' || {{ quoted_text("'unknown'") }}
                else measured.feature_name || ' is null'
            end
            when 'zero' then measured.feature_name || ' = 0'
            when 'value' then {{ value_predicate('measured.feature_name', 'value') }}
            when 'other' then measured.feature_name || ' not in ('
                || {{ concat_present(['listed_values', quoted_text("'unknown'")], ', ') }} || ')'
            else {{ concat_present([
                'nullif(' ~ bounds_predicate('measured.feature_name', 'lower_bound', 'upper_bound') ~ ", '')",
                "case when has_zero = 1 and coalesce(lower_bound, 0) <= 0 and coalesce(upper_bound, 1) > 0"
                ~ " then measured.feature_name || ' <> 0' end",
                "case when lower_bound is null and upper_bound is null then measured.feature_name || ' is not null' end",
            ], ' and ') }}
        end as predicate_sql,
        {{ capitalised('interval_label') }} || ': ' || case
            when feature_interval_count = 1 then 'no split found.'
            when confirmation_count = 0 then 'nobody in the confirmation half.'
            else {{ percent_text('confirmation_churn_rate') }} || ' ' || {{ churned_text() }} || ' ({{ confidence_text() }} '
                || {{ percent_text('confirmation_churn_rate_ci_lower') }} || ' to '
                || {{ percent_text('confirmation_churn_rate_ci_upper') }} || ')' || case
                    when is_significant and rest_churned_count > 0
                        then ', ' || {{ decimal_text('lift', 2) }} || ' times the rate of the rest'
                    when is_significant then ', and none of the rest'
                    when p_value is null then ''
                    else ', no difference from the rest shown'
                end || '.'
        end as sentence
    from measured
    inner join information on measured.feature_name = information.feature_name
    inner join value_lists on measured.feature_name = value_lists.feature_name
),

final as (
    select
        feature_name,
        feature_label,
        interval_number,
        interval_label,
        interval_kind,
        lower_bound,
        upper_bound,
        value,
        discovery_count,
        discovery_churned_count,
        discovery_churn_rate,
        confirmation_count,
        confirmation_churned_count,
        confirmation_churn_rate,
        confirmation_churn_rate_ci_lower,
        confirmation_churn_rate_ci_upper,
        lift,
        lift_ci_lower,
        lift_ci_upper,
        weight_of_evidence,
        information_value,
        p_value,
        q_value,
        is_significant,
        feature_p_value,
        feature_q_value,
        feature_auc,
        is_suspected_leak,
        leak_reason,
        predicate_sql,
        sentence,
        {{ churn_period_columns() | indent(4) }}
    from worded
)

select * from final
