-- The features of customers: those of the seed, and those of the layout's own columns.
with seeded as (
    select * from {{ ref('features') }}
),

own as (
    {%- for feature in own_features() %}
    select
        {%- for column in ['feature_name', 'feature_kind', 'feature_label'] %}
        {{ sql_literal(feature[column]) }} as {{ column }},
        {%- endfor %}
        {{ text_or_null(feature['absence_label']) }} as absence_label,
        {{ 'true' if feature['is_whole_number'] else 'false' }} as is_whole_number,
        {{ sql_literal(feature['history']) }} as history,
        {%- for column in ['is_protected', 'is_in_study', 'is_in_scores', 'counts_silence', 'is_suspected_leak'] %}
        {{ 'true' if feature[column] else 'false' }} as {{ column }},
        {%- endfor %}
        {{ text_or_null(feature['leak_reason']) }} as leak_reason
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select * from seeded
    where 1 = 0
    {%- endfor %}
),

catalogued as (
    select * from seeded
    union all
    select * from own
)

select * from catalogued
