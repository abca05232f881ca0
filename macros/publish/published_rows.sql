{#- What of a mart is published, as a select: no personal column, ids as pseudonyms where var pseudonymise_ids says so, and
    no outcome of a cell that is too small (see withheld_rows). `tagged` has the columns so called, see tagged_columns. -#}
{% macro published_rows(mart, tagged) %}
    {% set hidden = tagged['is_personal'] %}
    {% set person_keys = tagged['is_person_key'] %}
    {% set cells = cells_of(mart, tagged) %}
    {% set columns = [] %}
    {% for column in mart.columns.values() if column.name not in hidden %}
        {% if column.name in person_keys and flag_var('pseudonymise_ids') == 'true' %}
            {% do columns.append(pseudonym(column.name) ~ ' as ' ~ column.name) %}
        {% elif cells and column.name == 'is_suppressed' %}
            {% do columns.append('is_suppressed or is_withheld as is_suppressed') %}
        {% elif cells and not stays_in_a_small_cell(column.name, mart, cells) %}
            {% do columns.append('case when not is_withheld then ' ~ column.name ~ ' end as ' ~ column.name) %}
        {% else %}
            {% do columns.append(column.name) %}
        {% endif %}
    {% endfor %}
    {% set relation = node_relation(mart) if not cells else '(' ~ withheld_rows(mart, cells) ~ ') as cells' %}
    {% do return('select ' ~ columns | join(', ') ~ ' from ' ~ relation) %}
{% endmacro %}


{#- The names of columns that a YAML file anywhere calls so under config.meta (`is_personal`: never published;
    `is_person_key`: names a person). A name means one thing, so it holds for every mart that has the column. -#}
{% macro tagged_columns() %}
    {% set tagged = {'is_personal': [], 'is_person_key': []} %}
    {% for node in graph.nodes.values() if node.resource_type in ('model', 'seed') %}
        {% for column in node.columns.values() if column.config.meta %}
            {% for tag, names in tagged.items() if column.config.meta.get(tag) %}{% do names.append(column.name) %}{% endfor %}
        {% endfor %}
    {% endfor %}
    {% do return(tagged) %}
{% endmacro %}


{#- A name for a person that leads to the person only with the salt (CLIENTELE_SALT), the same in every mart. -#}
{% macro pseudonym(column) -%}
    left(sha256(getvariable('clientele_salt') || '|' || {{ column }}), 32)
{%- endmacro %}


{#- How the rows of a mart are cells of customers; none where a row is a customer or counts nobody. A mart says under
    config.meta.cells:
      count           the column with the size; default customers_count
      add_up_within   the columns within whose values the cells add up to something public; default: they do not
      is_cube         the cells are those of the churn cube, which add up to each other -#}
{% macro cells_of(mart, tagged) %}
    {% if mart.columns.keys() | select('in', tagged['is_person_key']) | list %}{% do return(none) %}{% endif %}
    {% set cells = mart.config.meta.get('cells', {}) %}
    {% set count = cells.get('count', 'customers_count') %}
    {% do return(dict({'count': count}, **cells) if count in mart.columns else none) %}
{% endmacro %}


{#- What a small cell may tell: which it is and how large, but nothing of the people in it. -#}
{% macro stays_in_a_small_cell(column, mart, cells) %}
    {% do return(
        column in mart.config.meta.get('grain', []) or column == cells['count']
        or modules.re.fullmatch('.+_(id|code|name|label|scheme|set|family|number|rank)|cut_count|is_small_cell|is_active', column)
    ) %}
{% endmacro %}


{#- The rows of a mart with is_withheld: true for cells below var minimum_cell_size, and for the cells that keep these
    from being worked out as what is missing from a sum (the smallest other cell of the group). -#}
{% macro withheld_rows(mart, cells) -%}
    {%- set minimum = number_var('minimum_cell_size') -%}
    {%- set count = cells['count'] -%}
    {%- if cells.get('is_cube') %}
        select
            cube.*,
            list_contains(withheld.cells, cut_name || chr(31) || cut_value) as is_withheld
        from {{ node_relation(mart) }} as cube
        cross join (
            select
                withheld_in_cube(
                    list(cut_name order by cut_name, cut_value), list(cut_value order by cut_name, cut_value),
                    list({{ count }} order by cut_name, cut_value), {{ minimum }}
                ) as cells
            from {{ node_relation(mart) }}
        ) as withheld
    {%- else %}
        {%- set within = cells.get('add_up_within') %}
        {%- set groups = (['true'] + (within or [])) | join(', ') %}
        select
            *,
            is_small
            {%- if within is not none %}
            or {{ count }} > 0 and open_rank = 1 and small_count > 0
            and (small_count = 1 or small_customers < {{ minimum }})
            {%- endif %} as is_withheld
        from (
            select
                *,
                count(*) filter (where is_small) over (partition by {{ groups }}) as small_count,
                sum({{ count }}) filter (where is_small) over (partition by {{ groups }}) as small_customers,
                row_number() over (
                    partition by {{ groups }}, is_small or {{ count }} = 0
                    order by
                        {{ count }}
                        {%- for column in mart.config.meta['grain'] %},
                        coalesce(cast({{ column }} as {{ kind_type('text') }}), 'unknown')
                        {%- endfor %}
                ) as open_rank
            from (
                select
                    *,
                    coalesce({{ count }} > 0 and {{ count }} < {{ minimum }}, false) as is_small
                from {{ node_relation(mart) }}
            ) as sized
        ) as ranked
    {%- endif -%}
{%- endmacro %}
