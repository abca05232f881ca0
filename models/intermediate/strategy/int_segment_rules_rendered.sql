-- Labels and predicates for people, rendered from the bounds of the rules; the predicate is shown, never run.
{%- set texts = segment_rule_columns()['texts'] %}

with rules as (
    select
        *,
        replace(replace(column_name, 'is_', ''), '_', ' ') as column_label
    from {{ ref('segment_rules') }}
),

rendered as (
    select
        segment_scheme,
        segment_code,
        column_name,
        case
            when value is not null then column_label || ' ' || value
            else column_label || ' ' || {{ bounds_label('lower_bound', 'upper_bound') }}
        end as label,
        case
            when value is not null then column_name || ' = ' || chr(39) || value || chr(39)
            else {{ concat_present([
                "column_name || ' >= ' || " ~ whole_text('lower_bound'),
                "column_name || ' < ' || " ~ whole_text('upper_bound'),
            ], ' and ') }}
        end as predicate
    from rules
),

segments as (
    select
        segment_scheme,
        segment_code,
        {{ dbt.listagg('label', "', '", 'order by column_name desc') }} as segment_name,
        {{ dbt.listagg('predicate', "' and '", 'order by column_name desc') }} as predicate_sql
    from rendered
    group by segment_scheme, segment_code
)

select * from segments
