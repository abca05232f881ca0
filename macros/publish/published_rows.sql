{#- What of a mart is published, as a select: no personal column, ids as pseudonyms where var pseudonymise_ids says so, and
    nothing of a cell, or of a part of it, that is too small (see withheld_rows). `tagged` has the columns so called, see
    tagged_columns. -#}
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
        {% elif cells and column.name == 'suppression_reason' %}
            {% do columns.append("coalesce(suppression_reason, case when is_withheld then 'a small cell would follow from it' end) as suppression_reason") %}
        {% elif cells and not stays_in_a_small_cell(column.name, mart, cells) %}
            {% set reasons = ['is_withheld'] %}
            {% for part in parts_of(cells) if column.name in part['tells'] %}
                {% set rows = ' and not coalesce(' ~ part['except'] ~ ', false)' if part.get('except') and column.name in part['except_columns'] else '' %}
                {% do reasons.append('is_withheld_' ~ part['name'] ~ rows) %}
            {% endfor %}
            {% set value = namespace(sql='published_q_value' if 'corrected_within' in cells and column.name == 'q_value' else column.name) %}
            {% for outcome in cells.get('outcomes', []) %}
                {% set flag = 'is_withheld_outcome_' ~ loop.index0 %}
                {% if column.name in outcome.get('tells', []) %}{% do reasons.append(flag) %}{% endif %}
                {% if column.name in outcome.get('rounds', []) %}
                    {% set value.sql = 'case when ' ~ flag ~ ' then round(' ~ value.sql ~ ', 3) else ' ~ value.sql ~ ' end' %}
                {% endif %}
            {% endfor %}
            {% set is_hidden = '(' ~ reasons | join(' or ') ~ ')' %}
            {% if column.name in cells.get('ranks', {}) %}
                {#- a missing place would say between which rows a withheld one stands -#}
                {% set places = 'partition by ' ~ (cells['ranks'][column.name] + [is_hidden]) | join(', ') ~ ' order by ' ~ column.name %}
                {% set value.sql = 'cast(row_number() over (' ~ places ~ ') as bigint)' %}
            {% endif %}
            {% set otherwise = " else 'Withheld: it would disclose what few customers did.'" if column.name in cells.get('withheld_texts', []) else '' %}
            {% do columns.append('case when not ' ~ is_hidden ~ ' then ' ~ value.sql ~ otherwise ~ ' end as ' ~ column.name) %}
        {% else %}
            {% do columns.append(column.name) %}
        {% endif %}
    {% endfor %}
    {% set relation = node_relation(mart) if not cells else '(' ~ withheld_rows(mart, cells) ~ ') as cells' %}
    {% if cells and 'corrected_within' in cells %}
        {#- rows whose q-value is withheld are not in the family of the others, whose q-values would disclose them -#}
        {% set family = cells['corrected_within'] + ['is_withheld'] %}
        {% for outcome in cells.get('outcomes', []) if 'q_value' in outcome.get('tells', []) %}
            {% do family.append('is_withheld_outcome_' ~ cells['outcomes'].index(outcome)) %}
        {% endfor %}
        {% for part in parts_of(cells) if 'q_value' in part['tells'] %}{% do family.append('is_withheld_' ~ part['name']) %}{% endfor %}
        {% set corrected = benjamini_hochberg('cells_withheld', family | join(', '), 'published_q_value') %}
        {% set relation = '(with cells_withheld as (' ~ withheld_rows(mart, cells) ~ ') ' ~ corrected ~ ') as cells' %}
    {% endif %}
    {% set condition = ' where not is_withheld' if cells and cells.get('leaves_out') else '' %}
    {% do return('select ' ~ columns | join(', ') ~ ' from ' ~ relation ~ condition) %}
{% endmacro %}


{#- The names of columns that a YAML file anywhere calls so under config.meta (`is_personal`: never published;
    `is_person_key`: names a person). A name means one thing, so it holds for every mart that has the column. -#}
{% macro tagged_columns() %}
    {% set tagged = {'is_personal': [], 'is_person_key': []} %}
    {% for node in own_nodes() if node.resource_type in ('model', 'seed') %}
        {% for column in node.columns.values() if column.config.meta %}
            {% for tag, names in tagged.items() if column.config.meta.get(tag) %}{% do names.append(column.name) %}{% endfor %}
        {% endfor %}
    {% endfor %}
    {% do return(tagged) %}
{% endmacro %}


{#- A name for a person that leads to the person only with the salt (CLIENTELE_SALT), the same in every mart. -#}
{% macro pseudonym(column) -%}
    {{ return(adapter.dispatch('pseudonym')(column)) }}
{%- endmacro %}

{% macro default__pseudonym(column) -%}
    {% do exceptions.raise_compiler_error('No pseudonyms: ' ~ salt_fault()) %}
{%- endmacro %}

{% macro duckdb__pseudonym(column) -%}
    left(sha256(getvariable('clientele_salt') || '|' || {{ column }}), 32)
{%- endmacro %}


{#- How the rows of a mart are cells of customers; none if a row is a customer or counts no customers. A mart declares under
    config.meta.cells:
      count           the column with the size; default customers_count
      add_up_within   the columns within whose values the cells add up to something public; default: they do not
      outcomes        list of what the columns disclose about churn: `withheld_in`, the model with the cells to withhold (cut_name,
                      cut_value), `cut_name` and `cut_value`, the cell as SQL over the mart's columns (without a value: any cell of
                      that name), and `tells`, the columns (default: all), or `rounds`, columns that keep three decimals; a mart with a
                      count or rate of churned customers has some
      corrected_within  the columns that make a family of p-values: q_value is published as that of the rows that are not
                      withheld, and what is concluded from it in the mart (a verdict) as it was concluded from all
      dimensions      further columns that say which cell it is, and other sizes than `count`; they stay in small cells
      ranks           column with a rank that depends on withheld figures -> the columns within which it counts; it is
                      renumbered among the published rows
      withheld_texts  columns of sentences that say so where they are withheld
      leaves_out      withheld rows are left out, because the existence of a row discloses the outcome
      parts           column that counts some of the cell (or, called a share, their share) -> `of`, the column with the
                      number that they are a part of, which must not be small either (default: the size), and `tells`, the
                      columns that disclose the same; `except` is a condition (as SQL over the mart's columns) of rows in which
                      `except_columns` disclose nothing of the part
      bases           column that counts some of the cell -> the columns that are about these only -#}
{% macro cells_of(mart, tagged) %}
    {% if mart.columns.keys() | select('in', tagged['is_person_key']) | list %}{% do return(none) %}{% endif %}
    {% set cells = mart.config.meta.get('cells', {}) %}
    {% set count = cells.get('count', 'customers_count') %}
    {% do return(dict({'count': count}, **cells) if count in mart.columns else none) %}
{% endmacro %}


{#- The parts of cells that are judged separately: their names, the columns that disclose them, and what must not be
    small. Of a part that is the part itself and the rest, since both follow from each other; of a base only the base. -#}
{% macro parts_of(cells) %}
    {% set parts = [] %}
    {% for column, part in cells.get('parts', {}).items() %}
        {% set whole = part.get('of', cells['count']) %}
        {% set count = 'round(' ~ column ~ ' * ' ~ whole ~ ')' if column.endswith('_share') else column %}
        {% do parts.append({
            'name': column,
            'tells': [column] + part.get('tells', []),
            'counts': [count, whole ~ ' - ' ~ count],
            'whole': part.get('of'),
            'except': part.get('except'),
            'except_columns': part.get('except_columns', []),
        }) %}
    {% endfor %}
    {% for column, tells in cells.get('bases', {}).items() %}
        {% do parts.append({'name': column ~ '_base', 'tells': tells, 'counts': [column]}) %}
    {% endfor %}
    {% do return(parts) %}
{% endmacro %}


{#- What a small cell may show: its name, definition and size, but no figure of its customers, nor what follows from one. -#}
{% macro stays_in_a_small_cell(column, mart, cells) %}
    {% set told = [] %}
    {% for one in cells.get('outcomes', []) + parts_of(cells) %}{% do told.extend(one.get('tells', [])) %}{% endfor %}
    {% if column in told %}{% do return(false) %}{% endif %}
    {% set names = '.+_(id|code|name|label|scheme|set|family|number|kind)' %}
    {% set definitions = '(lower|upper)_bound(_amount)?|value|predicate_sql|statement|cut_count|strategy_rank|is_small_cell|is_active|churn_basis|observed_on|window_days' %}
    {% do return(
        column in mart.config.meta.get('grain', []) + cells.get('dimensions', []) or column == cells['count']
        or modules.re.fullmatch(names ~ '|' ~ definitions, column)
    ) %}
{% endmacro %}


{#- The rows of a mart with is_withheld: true for cells below var minimum_cell_size, and for the cells that keep these
    from being worked out as what is missing from a sum; and with is_withheld_<part> for each part of them (see parts_of). -#}
{% macro withheld_rows(mart, cells) -%}
    {%- set count = cells['count'] -%}
    {%- set whole, outcomes = ['false'], cells.get('outcomes', []) -%}
    {%- for outcome in outcomes if not (outcome.get('tells') or outcome.get('rounds')) -%}
        {%- do whole.append('is_withheld_outcome_' ~ outcomes.index(outcome)) -%}
    {%- endfor -%}
    {%- set judged = [{'flag': 'is_withheld', 'counts': [count], 'already': whole | join(' or ')}] -%}
    {%- set withheld = with_companions(with_outcomes(mart, outcomes), judged, mart, cells) -%}
    {%- set judged = [] -%}
    {%- for part in parts_of(cells) -%}
        {%- do judged.append(dict(part, flag='is_withheld_' ~ part['name'], already='is_withheld')) -%}
    {%- endfor -%}
    {{ with_companions('(' ~ withheld ~ ') as cells', judged, mart, cells) if judged else withheld }}
{%- endmacro -%}


{#- The mart's rows with is_withheld_outcome_<number> for each of its outcomes: true where the cell is one of those withheld. -#}
{% macro with_outcomes(mart, outcomes) -%}
    {%- if not outcomes %}{{ return(node_relation(mart)) }}{% endif -%}
    (
        select
            told.*
            {%- for outcome in outcomes %},
            outcome_{{ loop.index0 }}.withheld_name is not null as is_withheld_outcome_{{ loop.index0 }}
            {%- endfor %}
        from {{ node_relation(mart) }} as told
        {%- for outcome in outcomes %}
        {%- set withheld = own_nodes() | selectattr('name', 'equalto', outcome['withheld_in']) | first %}
        {%- set has_value = 'cut_value' in outcome %}
        left join (
            select distinct cut_name as withheld_name{{ ', cut_value as withheld_value' if has_value }}
            from {{ node_relation(withheld) }}
        ) as outcome_{{ loop.index0 }}
            on
                outcome_{{ loop.index0 }}.withheld_name = {{ outcome['cut_name'] }}
                {%- if has_value %}
                and outcome_{{ loop.index0 }}.withheld_value = {{ outcome['cut_value'] }}
                {%- endif %}
        {%- endfor %}
    ) as cells
{%- endmacro %}


{#- Adds the flags in `judged` to the rows of a relation: true where one of its counts is above zero and below the minimum, or
    the row is withheld already. Where these rows do not protect each other, a companion is withheld too: the row of the
    group with the smallest counts that are not below the minimum or, if it has none, all rows. Rows protect each other if
    together they are not below the minimum, and if each count of a pair that adds up to a known size could differ by two. -#}
{% macro with_companions(relation, judged, mart, cells) %}
    {%- set minimum = number_var('minimum_cell_size') -%}
    {%- set within = cells.get('add_up_within') %}
    {%- set groups = (['true'] + (within or [])) | join(', ') -%}
    select
        *
        {%- for one in judged %},
        shut_{{ one['flag'] }}
        {%- if within is not none %}
        or max(case when exposed_{{ one['flag'] }} then 1 else 0 end) over (partition by {{ groups }}) = 1
        and (open_rows_{{ one['flag'] }} = 0 or open_{{ one['flag'] }} and rank_{{ one['flag'] }} = 1)
        {%- endif %} as {{ one['flag'] }}
        {%- endfor %}
    from (
        select
            *
            {%- for one in judged %},
            {%- set counts, totals = one['counts'], [] -%}
            {%- for _ in counts %}{% do totals.append('total_' ~ loop.index0 ~ '_' ~ one['flag']) %}{% endfor %}
            shut_{{ one['flag'] }} and (
                {{ smallest_of(totals) }} < {{ minimum }}
                {%- if counts | length == 2 %}
                or least({{ counts[0] }}, {{ totals[1] }} - ({{ counts[1] }}))
                + least({{ counts[1] }}, {{ totals[0] }} - ({{ counts[0] }})) < least(2, {{ counts[0] }} + {{ counts[1] }})
                {%- endif %}
            ) as exposed_{{ one['flag'] }}
            {%- endfor %}
        from (
            select
                *
                {%- for one in judged %},
                {%- for count in one['counts'] %}
                coalesce(sum(case when shut_{{ one['flag'] }} then {{ count }} end) over (partition by {{ groups }}), 0)
                    as total_{{ loop.index0 }}_{{ one['flag'] }},
                {%- endfor %}
                count(case when open_{{ one['flag'] }} then 1 end) over (partition by {{ groups }})
                    as open_rows_{{ one['flag'] }},
                row_number() over (
                    partition by {{ groups }}, open_{{ one['flag'] }}
                    order by
                        {{ smallest_of(one['counts']) }}
                        {%- for column in mart.config.meta['grain'] %},
                        coalesce(cast({{ column }} as {{ kind_type('text') }}), 'unknown')
                        {%- endfor %}
                ) as rank_{{ one['flag'] }}
                {%- endfor %}
            from (
                select
                    *
                    {%- for one in judged %},
                    {{ one['already'] }}
                    {%- for count in one['counts'] + ([one['whole']] if one.get('whole') else []) %}
                    or coalesce({{ count }} > 0 and {{ count }} < {{ minimum }}, false)
                    {%- endfor %} as shut_{{ one['flag'] }},
                    not {{ one['already'] }} and coalesce({{ smallest_of(one['counts']) }} >= {{ minimum }}, false)
                        as open_{{ one['flag'] }}
                    {%- endfor %}
                from {{ relation }}
            ) as judged
        ) as totalled
    ) as exposed
{%- endmacro %}


{#- least() of one value is an error on Spark. -#}
{% macro smallest_of(values) -%}
    {{ 'least(' ~ values | join(', ') ~ ')' if values | length > 1 else values[0] }}
{%- endmacro %}
