-- Labels and predicates to display, rendered from the bounds of the rules; the predicate is shown, never run.
with rules as (
    select * from {{ ref('int_segment_rules_listed') }}
),

features as (
    select * from {{ ref('int_features_catalogued') }}
),

rendered as (
    select
        rules.segment_scheme,
        rules.segment_code,
        rules.column_name,
        case
            when rules.value is not null then {{ value_label('rules.value') }}
            else features.feature_label || ' '
                || {{ range_label('features.is_whole_number', 'rules.lower_bound', 'rules.upper_bound') }}
        end as label,
        case
            when rules.value is not null then {{ value_predicate('rules.column_name', 'rules.value') }}
            else {{ bounds_predicate('rules.column_name', 'rules.lower_bound', 'rules.upper_bound') }}
        end as predicate,
        features.is_protected
    from rules
    inner join features on rules.column_name = features.feature_name
),

segments as (
    select
        segment_scheme,
        segment_code,
        {{ dbt.listagg('label', "', '", 'order by column_name desc') }} as segment_name,
        {{ dbt.listagg('predicate', "' and '", 'order by column_name desc') }} as predicate_sql,
        bool_or(is_protected) as uses_protected_attribute
    from rendered
    group by segment_scheme, segment_code
)

select * from segments
