-- What the values of cells mean that are bounds of a number, as conditions of rules: bands, counts and intervals. All others
-- are the texts that they are called.
{%- set text = kind_type('text') %}
{%- set whole_numbers = ['product_count', 'property_count'] %}
{%- for feature in own_features() if 'cube' in feature['uses'] and feature['feature_kind'] == 'number' %}
    {%- do whole_numbers.append(feature['feature_name']) %}
{%- endfor %}
{%- set no_bound = 'cast(null as double)' %}

with bands as (
    select * from {{ ref('int_bands_labelled') }}
),

cells as (
    select * from {{ ref('int_churn_cells_listed') }}
),

intervals as (
    select
        *,
        max(case when interval_kind = 'zero' then 1 else 0 end) over (partition by feature_name) = 1 as has_zero
    from {{ ref('int_churn_intervals_counted') }}
    where window_number = 1
),

named as (
    {%- for part in [1, 2, 3] %}
    select
        dimension_{{ part }} as dimension,
        value_{{ part }} as value
    from cells
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

banded as (
    select
        case
            when column_name = 'credit_score' then 'credit_score_band'
            when band_set = {{ sql_literal(age_band_set()) }} then 'age_band'
            else 'age_band (' || band_set || ')'
        end as dimension,
        band as value,
        column_name,
        cast(lower_bound as double) as lower_bound,
        cast(upper_bound as double) as upper_bound,
        cast(null as {{ text }}) as text
    from bands
    where column_name in ('age', 'credit_score')
),

counts as (
    select
        dimension,
        value,
        dimension as column_name,
        try_cast(value as double) as lower_bound,
        try_cast(value as double) + 1 as upper_bound,
        cast(null as {{ text }}) as text
    from named
    where dimension in ('{{ whole_numbers | join("', '") }}') and try_cast(value as double) is not null
),

ranges as (
    select
        feature_name as dimension,
        {{ interval_name() }} as value,
        feature_name as column_name,
        case
            when interval_kind = 'zero' then 0
            -- a range is without the zero that has an interval of its own; counts are 1 then
            when has_zero and lower_bound is null and feature_name like '%_count' then 1
            else lower_bound
        end as lower_bound,
        case when interval_kind = 'zero' then 0 else upper_bound end as upper_bound,
        cast(null as {{ text }}) as text
    from intervals
    where interval_kind in ('zero', 'range')
),

distributed as (
    select
        'distribution of ' || feature_name as dimension,
        cast(interval_number as {{ text }}) as value,
        feature_name as column_name,
        lower_bound,
        upper_bound,
        cast(null as {{ text }}) as text
    from {{ ref('int_churn_distributions_counted') }}
    where interval_kind = 'range'
),

unknown as (
    select
        dimension,
        value,
        case
            when dimension like 'age%band%' or dimension = 'distribution of age' then 'age'
            when dimension = 'credit_score_band' then 'credit_score'
            else dimension
        end as column_name,
        {{ no_bound }} as lower_bound,
        {{ no_bound }} as upper_bound,
        value as text
    from named
    where value = 'unknown'
),

final as (
    select * from banded
    union all
    select * from counts
    union all
    select * from ranges
    union all
    select * from distributed
    union all
    select * from unknown
)

select * from final
