{#- Which mark separates thousands in a column of numbers, and which the decimals, is found from all of its values: 12,000 is
    twelve thousand beside 5.50, and twelve beside 7,5. What is known of a column:
      plain        no number of the source has a comma, more than one point, or a point before three last digits
      english      points part decimals
      continental  commas part decimals
      mixed        some values show the one, some the other
      unknown      no value shows either
    Where the meaning of points and commas is not known, a value that could be read in two ways cannot be read. -#}


{#- The text of a number as a cast reads it, null where it is none. -#}
{% macro number_cell(raw, marks='plain') -%}
    {%- set group = "[ \u00a0\u2009\u202f'\u2019]" -%}
    case
        {%- if marks == 'continental' %}
        when {{ matches(raw, '[+-]?[0-9]{1,3}([.][0-9]{3})+(,[0-9]*)?') }}
            then replace(replace({{ raw }}, '.', ''), ',', '.')
        when {{ matches(raw, '[+-]?[0-9]+,[0-9]*') }} then replace({{ raw }}, ',', '.')
        {%- elif marks == 'english' %}
        when {{ matches(raw, '[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?') }} then replace({{ raw }}, ',', '')
        {%- elif marks in ('mixed', 'unknown') %}
        when {{ matches(raw, '[+-]?[1-9][0-9]{0,2}[.][0-9]{3}') }} then null
        {%- endif %}
        when {{ matches(raw, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?') }} then {{ raw }}
        {%- if marks in ('plain', 'mixed', 'unknown') %}
        when {{ matches(raw, '[+-]?([0-9]+,([0-9]{0,2}|[0-9]{4,})|[0-9]{4,},[0-9]{3}|0,[0-9]{3})') }}
            then replace({{ raw }}, ',', '.')
        {%- endif %}
        when {{ matches(raw, '[+-]?[0-9]{1,3}(' ~ group ~ '[0-9]{3})+([.,][0-9]+)?') }}
            then replace({{ without(raw, " \u00a0\u2009\u202f'\u2019") }}, ',', '.')
    end
{%- endmacro %}


{#- Column -> what is known of its marks, of a dict of columns and their positions in the file. Most text files have no number whose
    marks could mean either, which one search of their text shows. -#}
{% macro number_marks(source, positions) %}
    {% if not positions or source['format'] == 'text' and not has_marked_numbers(source) %}{% do return({}) %}{% endif %}
    {% set query %}
        select
            {%- for position in positions.values() %}
            {%- set expression = raw_text(source, position) %}
            coalesce(max(case when {{ matches(expression, decimal_mark_pattern('[.]', ',')) }} then 1 end), 0),
            coalesce(max(case when {{ matches(expression, decimal_mark_pattern(',', '[.]')) }} then 1 end), 0)
            {{- ',' if not loop.last }}
            {%- endfor %}
        from ({{ source_rows(source) }}) as number_rows
    {% endset %}
    {% set shown = run_query(query).rows[0] %}
    {% set marks = {} %}
    {% for column in positions %}
        {% set points, commas = shown[2 * loop.index0] | int, shown[2 * loop.index0 + 1] | int %}
        {% do marks.update({column: {
            (1, 0): 'english', (0, 1): 'continental', (1, 1): 'mixed', (0, 0): 'unknown',
        }[(points, commas)]}) %}
    {% endfor %}
    {% do return(marks) %}
{% endmacro %}


{#- A number that can be read in one way only: with `mark` before its decimals, or with `other` between thousands. Three
    digits after one mark could be either. -#}
{% macro decimal_mark_pattern(mark, other) %}
    {% set group = "[ \u00a0\u2009\u202f'\u2019]" %}
    {% do return(
        '[+-]?(?:'
        ~ '[0-9]*' ~ mark ~ '(?:[0-9]{0,2}|[0-9]{4,})|0*' ~ mark ~ '[0-9]{3}|[0-9]{4,}' ~ mark ~ '[0-9]{3}'
        ~ '|[0-9]{1,3}(?:' ~ group ~ '[0-9]{3})+' ~ mark ~ '[0-9]+'
        ~ '|[0-9]{1,3}(?:' ~ other ~ '[0-9]{3}){2,}(?:' ~ mark ~ '[0-9]*)?'
        ~ '|[0-9]{1,3}(?:' ~ other ~ '[0-9]{3})+' ~ mark ~ '[0-9]*'
        ~ ')(?:[eE][+-]?[0-9]{1,2})?'
    ) %}
{% endmacro %}


{#- Whether a text source shows a number whose marks could mean either: with a comma, with more than one point, or with a
    point before three last digits. Most do not, which a search of the whole text tells. In a comma-delimited file a comma
    within a number stands in quotes. -#}
{% macro has_marked_numbers(source) %}
    {% set delimiter = source['delimiter'] %}
    {% set end = '["\\n' ~ ('\\t' if delimiter == '\t' else delimiter) ~ ']' %}
    {% set pattern = [
        '"[^"0-9,]*[0-9][^",]*,[0-9]' if delimiter == ',' else '[0-9],[0-9]',
        '[0-9][.][0-9]{3}[.][0-9]{3}',
        end ~ '[ +-]*[0-9]{1,3}[.][0-9]{3} *' ~ end,
    ] | join('|') %}
    {% for part in source['parts'] %}
        {% set query = 'select regexp_extract(text, ' ~ sql_literal(pattern) ~ ", 0) <> '' from (" ~ file_text(part) ~ ') as texts' %}
        {% if run_query(query).columns[0].values()[0] %}{% do return(true) %}{% endif %}
    {% endfor %}
    {% do return(false) %}
{% endmacro %}
