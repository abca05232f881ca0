{#- The typed value of a text cell, null where the text is not one of the accepted spellings. `raw` is trimmed and
    never empty. The strict patterns stand before each cast because try_cast accepts too much (5.7 as the integer 6,
    0x10, NaN). `marks` says what the column's commas and points are, see number_marks.sql; `markers` are the texts of
    seed text_markers. -#}
{% macro parse_text(kind, raw, marks='plain', markers=none) -%}
    {%- if kind == 'integer' -%}
        case
            {%- if marks in ('plain', 'english') %}
            when {{ matches(raw, '[+-]?[0-9]+([.]0*)?') }}
                then try_cast(split_part({{ raw }}, '.', 1) as {{ kind_type(kind) }})
            {%- endif %}
            when {{ matches(number_cell(raw, marks), '[+-]?[0-9]+([.]0*)?') }}
                then try_cast(split_part({{ number_cell(raw, marks) }}, '.', 1) as {{ kind_type(kind) }})
        end
    {%- elif kind in ('number', 'money') -%}
        try_cast({{ number_cell(raw, marks) }} as {{ kind_type(kind) }})
    {%- elif kind == 'boolean' -%}
        {{ spelled(raw, {
            'true': ['1', '1.0', 'true', 't', 'yes', 'y', 'ja', 'j', 'oui', 'sí', 'sì', 'si', 'sim', 'tak', 'да'],
            'false': ['0', '0.0', 'false', 'f', 'no', 'n', 'nein', 'non', 'não', 'nie', 'нет'],
        }) }}
    {%- elif kind == 'gender' -%}
        {{ spelled(raw, {
            "'female'": [
                'female', 'f', 'fem', 'woman', 'w', 'weiblich', 'frau', 'féminin', 'femme', 'femenino', 'mujer', 'feminino',
                'kobieta', 'k', 'ж', 'жен', 'женский',
            ],
            "'male'": [
                'male', 'm', 'man', 'männlich', 'mann', 'herr', 'masculin', 'homme', 'masculino', 'hombre', 'mężczyzna',
                'м', 'муж', 'мужской',
            ],
            "'other'": [
                'other', 'o', 'diverse', 'divers', 'd', 'non-binary', 'non binary', 'non_binary', 'nonbinary', 'nb', 'enby', 'x',
                'intersex', 'inter', 'agender', 'genderqueer', 'genderfluid', 'gender fluid', 'gender-fluid', 'third gender',
                'другой', 'другое', 'иной',
            ],
            "'unknown'": ['unknown', 'u', 'prefer not to say', 'not stated', 'undisclosed', 'не указан'],
        }) }}
    {%- elif kind == 'closed_reason' -%}
        {{ spelled(raw, {
            "'customer'": ['customer', 'client', 'клиент'],
            "'bank'": ['bank', 'банк'],
            "'death'": ['death', 'deceased', 'died', 'смерть'],
            "'unknown'": ['unknown', 'u'],
        }) }}
    {%- elif kind in ('date', 'timestamp') -%}
        cast({{ parse_timestamp(raw, list_var('date_formats')) }} as {{ kind_type(kind) }})
    {%- elif kind == 'key' -%}
        {#- most keys are letters, digits and dashes, which end the search at once -#}
        case
            when {{ is_plain_key(raw) }}{{ ' and not ' ~ is_header(raw, markers) if markers and modules.re.search('[0-9]', markers.get('header', '')) }} then {{ raw }}
            when {{ is_formula_like(raw) }} or {{ is_no_text(raw, markers) }} or {{ is_no_key(raw, markers) }} then null
            when {{ matches(raw, '-?[0-9]+([.]0*|,00?)') }} then split_part(replace({{ raw }}, ',', '.'), '.', 1)
            else {{ raw }}
        end
    {%- else -%}
        case
            when {{ is_formula_like(raw) }} or {{ is_no_text(raw, markers) }} then null
            {%- if kind == 'city' %}
            when {{ byte_length(raw) }} > {{ key_length_limit() }} then null
            {%- endif %}
            else {{ raw }}
        end
    {%- endif -%}
{%- endmacro %}


{#- The value whose spellings have the text among them, whatever its case; null where none has. -#}
{% macro spelled(raw, spellings) -%}
    case
        {%- for value, texts in spellings.items() %}
        {%- set patterns = [] %}
        {%- for text in texts %}{% do patterns.append(modules.re.escape(text)) %}{% endfor %}
        when {{ matches('lower(' ~ raw ~ ')', patterns | join('|')) }} then {{ value }}
        {%- endfor %}
    end
{%- endmacro %}


{#- Text that a failed calculation or a broken letter left behind, or that says that there is none. -#}
{% macro is_no_text(raw, markers) -%}
    ({{ raw }} in ('nan', 'NaN', 'inf') or contains({{ raw }}, {{ sql_literal('\ufffd') }}) or {{ is_missing(raw, markers) }})
{%- endmacro %}


{#- Whether a cell holds one of the texts by which programs say that there is no value, or the error of a spreadsheet,
    such as #REF! and ####; a date of zeros, such as 0000-00-00, is none. -#}
{% macro is_missing(raw, markers, kind='text') -%}
    ({{ is_one_of(raw, markers['missing'], '#[\\p{L}/0¡_]+[!?]|##+') if markers and markers['missing'] else 'false' }}
    {%- if kind in ('date', 'timestamp') %} or {{ matches(raw, '0[0.:/ T-]*') }}{% endif %})
{%- endmacro %}


{#- Letters, digits and dashes with a digit among them: no word, no formula, no calculation. -#}
{% macro is_plain_key(raw) -%}
    {{ matches(raw, '(?:[0-9]|[A-Za-z][A-Za-z_-]*[0-9])[0-9A-Za-z_-]*') }} and {{ byte_length(raw) }} <= {{ key_length_limit() }}
{%- endmacro %}

{% macro key_length_limit() %}{% do return(1000) %}{% endmacro %}


{#- What stands in the place of a key and is none: the foot of a report, the header once more, the number of rows that a
    database client prints, a number that a spreadsheet has rounded, control characters, a text without end. -#}
{% macro is_no_key(raw, markers) -%}
    (
        {{ is_one_of(raw, markers['footer']) if markers and markers['footer'] else 'false' }}
        {%- if markers and markers.get('header') %}
        or {{ is_header(raw, markers) }}
        {%- endif %}
        or {{ matches('lower(' ~ raw ~ ')', footer_pattern()) }}
        or {{ matches(raw, '[+-]?[0-9][.,]?[0-9]*[eE][+][0-9]+') }}
        or {{ has_control_character(raw) }}
        or {{ byte_length(raw) }} > {{ key_length_limit() }}
    )
{%- endmacro %}


{#- Whether the cell repeats the name of its column, in any case. -#}
{% macro is_header(raw, markers) -%}
    lower({{ raw }}) = {{ sql_literal(markers['header'] | lower) }}
{%- endmacro %}


{#- The foot of a report, in lower case: a total, a number of rows, an end, a page, when and by what it was made. -#}
{% macro footer_pattern() %}
    {% do return([
        '(?:grand |sub[ -]?)?(?:totals?|totale|totaal)(?:[ :,].*)?',
        '(?:sum|summe|gesamt(?:summe)?|somme|suma|celkem|razem|toplam|итого|всего|合計|总计)(?:[ :,].*)?',
        '(?:average|avg|durchschnitt|moyenne|promedio|среднее)(?:[ :,].*)?',
        '[(]?[0-9]+ (?:rows?|records?|zeilen?|lignes?|filas?|registros?|строк[аи]?)(?: .*)?[)]?',
        '(?:number of )?(?:rows?|records?|count|anzahl|строк)[ :=]+[0-9]+',
        '[*=# ]*end(?: of (?:report|file|data|list|extract))?[*=# .]*',
        '(?:generated|exported|printed|created|erstellt|source|quelle|stand|as of|(?:report|run) date|completion time)(?: ?:| (?:on|at|by|am|von) ).*',
        '(?:page|seite|страница|стр[.]?) [0-9]+(?: .*)?',
    ] | join('|')) %}
{% endmacro %}


{#- Text that a spreadsheet would run: =, +, - or @ in front of something that is no number. Only the first character is
    looked at, because a dot would not match the line breaks that a typed source may hold. -#}
{% macro is_formula_like(raw) -%}
    (left({{ raw }}, 1) in ('=', '+', '-', '@') and not {{ matches(raw, '[+-]?[0-9.,]+') }})
{%- endmacro %}


{#- Whether a column of a typed source (Parquet, tables) holds the kind's own values. One that does not is read by its
    text, so that a flag of 2 or a date of 20241301 meets the same patterns as in a text file. -#}
{% macro is_typed_as(kind, source_type) %}
    {% set type = source_type | lower %}
    {% if is_nested(type) %}{% do return(false) %}{% endif %}
    {% do return({
        'integer': 'int' in type or is_float(type) or 'decimal' in type,
        'number': 'int' in type or is_float(type) or 'decimal' in type,
        'money': 'int' in type or is_float(type) or 'decimal' in type,
        'boolean': type.startswith('bool'),
        'date': 'date' in type or 'timestamp' in type,
        'timestamp': 'date' in type or 'timestamp' in type,
    }.get(kind, false)) %}
{% endmacro %}


{#- A list, a struct or a map, which is no value of any kind. -#}
{% macro is_nested(source_type) %}
    {% set type = source_type | lower %}
    {% do return(modules.re.match('struct|map|array|list|union', type) is not none or type.endswith(']')) %}
{% endmacro %}


{#- NaN is above infinity on both engines. -#}
{% macro is_finite(value) -%}
    abs({{ value }}) < cast('infinity' as double)
{%- endmacro %}


{% macro is_float(source_type) %}
    {% set type = source_type | lower %}
    {% do return('double' in type or 'float' in type or 'real' in type) %}
{% endmacro %}


{#- Whether a text of a typed source needs no closer look, as most do not: it begins with a letter or digit (or what lies
    between the two cases of letters), all of it is ASCII, it ends in nothing blank, and is no failed calculation and no mark of
    a missing value. The cheapest comparisons that say so: a list takes half as long as the pattern of is_missing. -#}
{% macro is_plain(text, markers) -%}
    ({{ text }} >= 'A' and {{ text }} < '{' or {{ text }} >= '0' and {{ text }} < ':')
    and {{ byte_length(text) }} = length({{ text }}) and ascii(substr({{ text }}, -1)) > 32
    and {{ text }} not in ('nan', 'NaN', 'inf')
    {%- set words = [] -%}
    {%- for marker in (markers or {}).get('missing', []) if modules.re.match('[a-z0-9]', marker) %}{% do words.append(sql_literal(marker)) %}{% endfor %}
    {%- if words %} and lower({{ text }}) not in ({{ words | join(', ') }}){% endif %}
{%- endmacro %}


{#- Whether a typed source's column is text for a text: it is trimmed and looked at only where it is not plain. -#}
{% macro is_text_for_text(kind, source_type) %}
    {% do return(kind in ('text', 'city', 'key') and source_type | lower in ('varchar', 'string', 'text')) %}
{% endmacro %}


{#- The trimmed raw value of a column that typed_raw has read. -#}
{% macro trimmed_raw(kind, raw, source_type) -%}
    {{ 'nullif(' ~ trimmed(raw) ~ ", '')" if is_text_for_text(kind, source_type) else raw }}
{%- endmacro %}


{#- The raw value of a typed column: as it is where its type fits the kind, or where it is text for a text (see
    trimmed_raw), else its trimmed text, null for a blank. -#}
{% macro typed_raw(kind, column, source_type) -%}
    {%- set text = 'cast(' ~ column ~ ' as ' ~ kind_type('text') ~ ')' -%}
    {%- if is_typed_as(kind, source_type) or is_text_for_text(kind, source_type) -%}
        {{ column }}
    {%- elif is_nested(source_type) -%}
        case when {{ column }} is not null then '[...]' end
    {%- elif 'decimal' in source_type | lower -%}
        case when {{ column }} = floor({{ column }}) then split_part({{ text }}, '.', 1) else {{ text }} end
    {%- elif is_float(source_type) -%}
        {#- a column of whole keys with a gap in it becomes a float: 42.0 is the key 42 -#}
        case
            when {{ is_finite(column) }} and {{ column }} = floor({{ column }}) and abs({{ column }}) < 1e15
                then {{ whole_text(column) }}
            else {{ text }}
        end
    {%- else -%}
        nullif({{ trimmed(text) }}, '')
    {%- endif -%}
{%- endmacro %}


{#- The canonical value of a typed column's raw value. -#}
{% macro parse_typed(kind, raw, source_type, marks='plain', markers=none) -%}
    {%- if is_text_for_text(kind, source_type) -%}
        case
            when {{ is_plain_key(raw) if kind == 'key' else is_plain(raw, markers) }}
                {{- ' and ' ~ byte_length(raw) ~ ' <= ' ~ key_length_limit() if kind == 'city' }} then {{ raw }}
            else {{ parse_text(kind, trimmed_raw(kind, raw, source_type), markers=markers) }}
        end
    {%- elif is_nested(source_type) -%}
        cast(null as {{ kind_type(kind) }})
    {%- elif kind in ('date', 'timestamp') and 'int' in source_type | lower -%}
        coalesce({{ parse_text(kind, raw, marks, markers) }}, {{ nanosecond_moment(kind, raw) }})
    {%- elif not is_typed_as(kind, source_type) -%}
        {{ parse_text(kind, raw, marks, markers) }}
    {%- elif kind == 'integer' and 'int' not in source_type | lower -%}
        case when {{ raw }} = floor({{ raw }}) then try_cast({{ raw }} as {{ kind_type(kind) }}) end
    {%- elif kind == 'number' -%}
        case when {{ is_finite('try_cast(' ~ raw ~ ' as double)') }} then try_cast({{ raw }} as double) end
    {%- elif is_zoned(source_type) -%}
        cast({{ in_time_zone(zoned_in_utc(raw, source_type)) }} as {{ kind_type(kind) }})
    {%- else -%}
        try_cast({{ in_microseconds(raw, source_type) }} as {{ kind_type(kind) }})
    {%- endif -%}
{%- endmacro %}
