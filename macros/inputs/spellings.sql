{#- entity -> its column in which spellings that differ only in case, blanks or the form of letters are one value. -#}
{% macro unified_columns() %}
    {% do return({'customers': 'city', 'product_holdings': 'product_code', 'transactions': 'product_code'}) %}
{% endmacro %}

{#- The model with the spellings of a column. -#}
{% macro spellings_of(column) %}
    {% do return(ref({'city': 'int_cities_unified', 'product_code': 'int_products_unified'}[column])) %}
{% endmacro %}


{#- The spellings of a column's values that have another one beside them, with the one that stands for all: that of a
    preferred value, else the most frequent, else the shortest. `preferred` is a select of the column spelling. -#}
{% macro unified_spellings(column, preferred=none) -%}
    with counted as (
        {%- for entity_name, entity_column in unified_columns().items() if entity_column == column %}
        select
            '{{ entity_name }}' as entity_name,
            {{ column }} as spelling,
            count(*) as row_count
        from {{ staged(entity_name) }} as staged_rows
        where {{ column }} is not null
        group by {{ column }}
        {%- if not loop.last or preferred %}
        union all
        {%- endif %}
        {%- endfor %}
        {%- if preferred %}
        select
            '' as entity_name,
            spelling,
            cast({{ part_stride() }} as bigint) as row_count
        from ({{ preferred }}) as preferred
        {%- endif %}
    ),

    totals as (
        select
            spelling,
            {{ alike_text('spelling') }} as alike,
            sum(row_count) as row_count
        from counted
        group by spelling
    ),

    ranked as (
        select
            spelling,
            first_value(spelling) over (partition by alike order by row_count desc, length(spelling), spelling) as unified
        from totals
    )

    select
        counted.entity_name,
        counted.spelling,
        ranked.unified
    from counted
    inner join ranked on counted.spelling = ranked.spelling
    where counted.spelling <> ranked.unified and counted.entity_name <> ''
{%- endmacro %}
