-- Churned customers, retained customers and the members of each segment. Described on all customers; compared with the rest,
-- and tested, on the confirmation half.
with described as (
    select * from {{ ref('int_churn_portraits_described') }}
    where portrait_code <> 'portfolio'
),

portfolio as (
    select * from {{ ref('int_churn_portraits_described') }}
    where portrait_code = 'portfolio'
),

compared as (
    select * from {{ ref('int_churn_portraits_compared') }}
),

withheld as (
    select * from {{ ref('int_churn_portraits_withheld') }}
),

tested as (
    select
        compared.*,
        withheld.cut_name is not null as is_withheld
    from compared
    -- a level that nobody of the portrait has is no row, and no member of the family
    inner join described
        on
            compared.portrait_code = described.portrait_code
            and compared.feature_name = described.feature_name
            and compared.feature_level = described.feature_level
    left join withheld on compared.portrait_code = withheld.cut_name and compared.feature_name = withheld.cut_value
),

corrected as (
    {{ benjamini_hochberg('tested', 'portrait_code, is_withheld') }}
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
),

named as (
    select * from {{ ref('int_segments_named') }}
    where segment_scheme = 'churn'
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

joined as (
    select
        described.*,
        coalesce(named.segment_name, described.portrait_code) as portrait_name,
        portfolio.median_value as portfolio_median_value,
        portfolio.level_count as portfolio_level_count,
        portfolio.level_share as portfolio_level_share,
        corrected.effect_size,
        corrected.effect_size_ci_lower,
        corrected.effect_size_ci_upper,
        corrected.p_value,
        corrected.q_value,
        corrected.is_withheld,
        coalesce(corrected.q_value < {{ number_var('significance_level') }}, false) as is_significant,
        cast(row_number() over (
            partition by described.portrait_code
            order by abs(corrected.effect_size) desc nulls last, described.feature_name asc, described.feature_level asc
        ) as bigint) as feature_rank,
        case
            when features.feature_kind = 'number' then features.feature_label
            else {{ value_label('described.feature_level') }}
        end as label,
        {{ churn_period_columns('rated_day') | indent(4) }}
    from described
    cross join rated_day
    inner join features on described.feature_name = features.feature_name
    inner join portfolio
        on
            described.feature_name = portfolio.feature_name
            and described.feature_level = portfolio.feature_level
    left join named on described.portrait_code = named.segment_code
    left join corrected
        on
            described.portrait_code = corrected.portrait_code
            and described.feature_name = corrected.feature_name
            and described.feature_level = corrected.feature_level
),

final as (
    select
        portrait_code,
        portrait_name,
        feature_name,
        feature_level,
        feature_rank,
        known_count,
        median_value,
        lower_quartile_value,
        upper_quartile_value,
        portfolio_median_value,
        level_count,
        level_share,
        portfolio_level_count,
        portfolio_level_share,
        effect_size,
        effect_size_ci_lower,
        effect_size_ci_upper,
        p_value,
        q_value,
        is_significant,
        case portrait_code
            when 'churned' then 'Churned customers'
            when 'retained' then 'Retained customers'
            else {{ capitalised('portrait_name') }}
        end || '. ' || {{ capitalised('label') }} || ': ' || case
            when level_share is not null
                then {{ percent_text('level_share') }} || ', of all customers ' || {{ percent_text('portfolio_level_share') }}
            else 'median ' || {{ bound_text('round(median_value, 1)') }} || ' (quartiles '
                || {{ bound_text('round(lower_quartile_value, 1)') }} || ' and ' || {{ bound_text('round(upper_quartile_value, 1)') }}
                || '), of all customers ' || {{ bound_text('round(portfolio_median_value, 1)') }}
        end || case
            when p_value is null then '; not tested, because too few are known.'
            when is_withheld then '; the comparison with the rest is withheld.'
            when not is_significant then '; no difference from the rest shown.'
            when level_share is not null and effect_size > 0 then '; more often than the rest.'
            when level_share is not null then '; less often than the rest.'
            else case when effect_size > 0 then '; higher than the rest' else '; lower than the rest' end || case
                when round(median_value, 1) = round(portfolio_median_value, 1) then ' by rank, though the medians are equal.'
                else '.'
            end
        end as sentence,
        {{ churn_period_columns() | indent(4) }}
    from joined
)

select * from final
