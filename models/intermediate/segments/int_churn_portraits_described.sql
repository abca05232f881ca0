-- Each portrait in numbers, over all of its customers, beside the whole portfolio: quartiles of known numbers, shares of
-- known values.
{%- set numbers = customer_features()['numbers'] %}
{%- set quartiles = {'lower_quartile': 0.25, 'median': 0.5, 'upper_quartile': 0.75} %}

with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
    where is_studied
),

members as (
    select
        listed.portrait_code,
        observations.*
    from {{ ref('int_churn_portraits_listed') }} as listed
    inner join observations on listed.customer_id = observations.customer_id
    union all
    select
        'portfolio' as portrait_code,
        observations.*
    from observations
),

-- all quartiles of a number from one list of its values, which is what takes memory
quartered as (
    select
        portrait_code
        {%- for column in numbers %},
        count({{ column }}) as {{ column }}_known_count,
        {{ quantiles('cast(' ~ column ~ ' as double)', quartiles.values()) }} as {{ column }}_quartiles
        {%- endfor %}
    from members
    group by portrait_code
),

numbers_described as (
    select
        quartered.portrait_code,
        features.feature_name,
        'all' as feature_level,
        case features.feature_name
            {%- for column in numbers %}
            when '{{ column }}' then {{ column }}_known_count
            {%- endfor %}
        end as known_count,
        {%- for name in quartiles %}
        {%- set position = loop.index %}
        case features.feature_name
            {%- for column in numbers %}
            when '{{ column }}' then {{ list_item(column ~ '_quartiles', position) }}
            {%- endfor %}
        end as {{ name }}_value,
        {%- endfor %}
        cast(null as bigint) as level_count
    from quartered
    cross join features
    where features.feature_kind = 'number'
),

levels_counted as (
    select
        members.portrait_code,
        features.feature_name,
        case features.feature_name
            {%- for column, value in customer_feature_texts().items() %}
            when '{{ column }}' then {{ value }}
            {%- endfor %}
        end as feature_level,
        count(*) as level_count
    from members
    cross join features
    where features.feature_kind <> 'number'
    group by all
),

-- a text may have as many values as there are customers: the 50 most frequent of the portfolio are described
levels_ranked as (
    select
        feature_name,
        feature_level,
        row_number() over (partition by feature_name order by level_count desc, feature_level asc) as level_rank
    from levels_counted
    where portrait_code = 'portfolio' and feature_level <> 'unknown'
),

levels_known as (
    select
        portrait_code,
        feature_name,
        feature_level,
        cast(sum(level_count) over (partition by portrait_code, feature_name) as bigint) as known_count,
        level_count
    from levels_counted
    where feature_level <> 'unknown'
),

levels_described as (
    select levels_known.*
    from levels_known
    inner join levels_ranked
        on levels_known.feature_name = levels_ranked.feature_name and levels_known.feature_level = levels_ranked.feature_level
    where levels_ranked.level_rank <= 50
),

united as (
    select
        portrait_code,
        feature_name,
        feature_level,
        known_count,
        lower_quartile_value,
        median_value,
        upper_quartile_value,
        level_count,
        cast(null as double) as level_share
    from numbers_described
    where known_count > 0
    union all
    select
        portrait_code,
        feature_name,
        feature_level,
        known_count,
        null as lower_quartile_value,
        null as median_value,
        null as upper_quartile_value,
        level_count,
        cast(level_count as double) / known_count as level_share
    from levels_described
),

-- in the features that define a segment, and in whether they are known, it differs by definition
described as (
    select united.*
    from united
    left join {{ ref('int_churn_candidate_rules_listed') }} as defining
        on
            united.portrait_code = defining.segment_code
            and united.feature_name in (defining.column_name, 'has_known_' || defining.column_name)
    where defining.segment_code is null
)

select * from described
