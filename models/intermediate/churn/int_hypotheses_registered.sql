-- The hypotheses of the seed, and one for each of the layout's own columns that may be used for hypotheses: churned against
-- retained customers for a number, churn rates of its values for a text or flag. These are a family of their own, so that
-- they change nothing in what is said of the others.
with seeded as (
    select * from {{ layout_rows('hypotheses') }}
),

own as (
    {%- set listed = [] %}
    {%- for feature in own_features() if 'hypotheses' in feature['uses'] %}
        {%- set name, label = feature['feature_name'], feature['feature_label'] %}
        {%- do listed.append({
            'number': [
                name ~ '_by_churn', 'value', label[:1] | upper ~ label[1:] ~ ' of churned against retained customers', name, 'is_churned',
                'yes', 'no', 0.05, 0.1,
            ],
            'flag': [
                'churn_by_' ~ name, 'rate', 'Churn rate of customers with ' ~ label ~ ' against ' ~ feature['absence_label'],
                'is_churned', name, 'yes', 'no', 0.02, none,
            ],
            'text': ['churn_by_' ~ name, 'many', 'Churn rate by ' ~ label, 'is_churned', name, none, none, none, none],
        }[feature['feature_kind']]) %}
    {%- endfor %}
    {%- for hypothesis in listed %}
    select
        {{ sql_literal(var('source_system')) }} as source_system,
        {%- for column in ['hypothesis_code', 'part', 'statement', 'measure_column', 'group_column', 'group_a', 'group_b'] %}
        {{ text_or_null(hypothesis[loop.index0]) }} as {{ column }},
        {%- endfor %}
        cast({{ hypothesis[7] if hypothesis[7] is not none else 'null' }} as double) as margin,
        cast({{ hypothesis[8] if hypothesis[8] is not none else 'null' }} as double) as delta_margin,
        'own_columns' as hypothesis_family
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select * from seeded
    where 1 = 0
    {%- endfor %}
),

seeded_codes as (
    select
        hypothesis_code,
        min(measure_column) as measure_column,
        min(group_column) as group_column
    from seeded
    group by hypothesis_code
),

-- an own column such as tenure may give a code that the seed has for another column; what the seed has of the same columns
-- takes the place of it
own_named as (
    select
        own.source_system,
        case when seeded_codes.hypothesis_code is null then '' else 'own_' end || own.hypothesis_code as hypothesis_code,
        own.part,
        own.statement,
        own.measure_column,
        own.group_column,
        own.group_a,
        own.group_b,
        own.margin,
        own.delta_margin,
        own.hypothesis_family
    from own
    left join seeded_codes on own.hypothesis_code = seeded_codes.hypothesis_code
    where
        seeded_codes.hypothesis_code is null
        or own.measure_column <> seeded_codes.measure_column
        or own.group_column <> seeded_codes.group_column
),

registered as (
    select * from seeded
    union all
    select * from own_named
)

select * from registered
