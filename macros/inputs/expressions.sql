{#- What a declaration says in words of SQL (keys expressions, where and ordered_by of raw_files.sql): nothing of it reaches SQL
    but numbers, quoted texts, the signs and words below, and columns of the file, named as its header has them, in double
    quotes where a name is more than one word.
      of a number     columns, numbers, + - * / and brackets: quantity * unit_price
      of a text       columns and 'texts', joined by ||: branch || '-' || account
      of a flag, and of where
                      columns compared (= <> < <= > >=) with a number, a 'text' or a column, [not] in ('a', 'b'), [not] like 'C%',
                      is [not] null, joined by and, or, not and brackets: quantity > 0 and invoice not like 'C%'
    A column is compared as a number with a number, else as a text. -#}


{#- A text in this language as a dict: sql, and the positions in the file of the columns that it names. `goal` is number, text
    or condition; `marks` are those of numbers by operand (see number_marks.sql). Raises one sentence that begins with `place`,
    which says what declares the text, where it is none. -#}
{% macro read_expression(source, text, goal, place, marks={}) %}
    {% set read = parsed_expression(source, text, goal, marks) %}
    {% if read.get('fault') %}{% do exceptions.raise_compiler_error(place ~ ' ' ~ read['fault']) %}{% endif %}
    {% do return(read) %}
{% endmacro %}

{% macro parsed_expression(source, text, goal, marks={}) %}
    {% set header = source['header'] | map('lower') | list %}
    {% set words = ['and', 'or', 'not', 'in', 'is', 'like', 'null'] if goal == 'condition' else [] %}
    {% set tokens = modules.re.findall('"[^"]+"|\'(?:[^\']|\'\')*\'|[0-9]+(?:[.][0-9]+)?|[^\\W\\d]\\w*|<>|<=|>=|[|][|]|\\S', text | string) %}
    {% set pieces, shape, positions = [], [], [] %}
    {% for token in tokens %}
        {% set word = token | lower %}
        {% if token[:1] == "'" and token | length > 1 %}
            {% do shape.append('s') %}
            {% do pieces.append(sql_literal(token[1:-1] | replace("''", "'"))) %}
        {% elif modules.re.fullmatch('[0-9.]+', token) and token != '.' %}
            {% do shape.append('d') %}
            {% do pieces.append(token) %}
        {% elif word in words %}
            {% do shape.append({'and': '&', 'or': '&', 'not': '!', 'in': 'i', 'is': 'I', 'like': 'l', 'null': 'N'}[word]) %}
            {% do pieces.append(word) %}
        {% elif token in ('+', '-', '*', '/', '(', ')', ',', '||', '=', '<>', '<', '<=', '>', '>=') %}
            {% do shape.append(
                'p' if token in '+-' else 'o' if token in '*/' else 'j' if token == '||' else token if token in '(),' else 'c'
            ) %}
            {% do pieces.append(token) %}
        {% elif token[:1] == '"' or modules.re.fullmatch('\\w+', token) %}
            {% set name = word[1:-1] if token[:1] == '"' else word %}
            {% if name not in header %}
                {% do return({
                    'fault': "names '" ~ name ~ "', but file " ~ source['file_name'] ~ " has no such column: its header is "
                    ~ source['header'] | join(', ') ~ "."
                }) %}
            {% endif %}
            {% do positions.append(header.index(name) + 1) %}
            {% do shape.append('h') %}
            {% do pieces.append(header.index(name) + 1) %}
        {% else %}
            {% do shape.append('?') %}
            {% do pieces.append('') %}
        {% endif %}
    {% endfor %}
    {% if not is_well_formed(shape | join(''), goal) %}
        {% do return({
            'fault': "is '" ~ text ~ "': expected " ~ {
                'number': "columns and numbers with + - * / and brackets",
                'text': "columns and quoted texts joined by ||",
                'condition': "comparisons of columns with values, joined by and, or, not and brackets",
            }[goal] ~ "."
        }) %}
    {% endif %}
    {#- a double loses nothing that a quotient had; a product of two columns is exact -#}
    {% set kind = 'double' if '/' in pieces or pieces.count('*') > 1 else 'decimal(18, 6)' %}
    {% set sql = [] %}
    {% for piece in pieces %}
        {% if shape[loop.index0] != 'h' %}
            {% do sql.append(piece if goal != 'number' or shape[loop.index0] != 'd' else 'cast(' ~ piece ~ ' as ' ~ kind ~ ')') %}
        {% else %}
            {% set next = (shape[loop.index0 + 1:] | join('')).lstrip('!') %}
            {% set is_number = goal == 'number' or next[:2] in ('cd', 'i(') and next[2:3] != 's' %}
            {% do sql.append(
                'try_cast(' ~ number_cell('operand_' ~ piece, marks.get('operand_' ~ piece, 'plain')) ~ ' as ' ~ kind ~ ')' if is_number
                else 'operand_' ~ piece
            ) %}
        {% endif %}
    {% endfor %}
    {% do return({'sql': sql | join(' '), 'positions': positions | unique | list}) %}
{% endmacro %}


{#- Whether kinds of tokens, one letter each, make up an expression: what can be put together is, until nothing can. -#}
{% macro is_well_formed(shape, goal) %}
    {% set rules = {
        'number': [('[hd]', 'n'), ('[(]n[)]', 'n'), ('n[op]n', 'n'), ('(?<![n)])p(?=n)', '')],
        'text': [('[hs]', 'n'), ('njn', 'n')],
        'condition': [
            ('hc[hsd]', 'b'), ('h!?ls', 'b'), ('hI!?N', 'b'), ('h!?i[(]s(,s)*[)]', 'b'), ('h!?i[(]d(,d)*[)]', 'b'),
            ('!b', 'b'), ('[(]b[)]', 'b'), ('b&b', 'b'),
        ],
    }[goal] %}
    {% set reduced = namespace(shape=shape, before='') %}
    {% for _ in range(shape | length + 1) if reduced.shape != reduced.before %}
        {% set reduced.before = reduced.shape %}
        {% for pattern, replacement in rules %}
            {% set reduced.shape = modules.re.sub(pattern, replacement, reduced.shape) %}
        {% endfor %}
    {% endfor %}
    {% do return(reduced.shape == ('b' if goal == 'condition' else 'n')) %}
{% endmacro %}


{#- All that a declaration says in this language, read: columns (column -> sql, positions, goal), where (a list of sql and
    reason) and positions of all columns of the file that they name. -#}
{% macro read_expressions(raw, source, marks={}) %}
    {% set read = {'columns': {}, 'where': [], 'positions': []} %}
    {% set kinds = raw_kinds(raw) %}
    {% for column, text in raw.get('expressions', {}).items() %}
        {% set place = "The expression of " ~ raw['entity'] ~ "." ~ column %}
        {% if column not in kinds %}
            {% do exceptions.raise_compiler_error(place ~ " is of no column: expected one of " ~ kinds | join(', ') ~ ".") %}
        {% endif %}
        {% set goal = {'integer': 'number', 'number': 'number', 'money': 'number', 'boolean': 'condition'}.get(kinds[column], 'text') %}
        {% do read['columns'].update({column: dict(read_expression(source, text, goal, place, marks), goal=goal)}) %}
        {% do read['positions'].extend(read['columns'][column]['positions']) %}
    {% endfor %}
    {% for rule in raw.get('where', []) %}
        {% set place = "A condition under where of " ~ raw['entity'] %}
        {% if rule is not mapping or not rule.get('condition') or not rule.get('reason') %}
            {% do exceptions.raise_compiler_error(place ~ " is '" ~ rule ~ "': expected the entries condition and reason.") %}
        {% endif %}
        {% set condition = read_expression(source, rule['condition'], 'condition', place, marks) %}
        {% do read['where'].append({'sql': condition['sql'], 'reason': rule['reason'] | replace(':', ',')}) %}
        {% do read['positions'].extend(condition['positions']) %}
    {% endfor %}
    {% if raw.get('one_row_per_key') %}
        {% set place = "The entry one_row_per_key of " ~ raw['entity'] %}
        {% set ordered_by = raw['one_row_per_key'].get('ordered_by') %}
        {% if not ordered_by %}{% do exceptions.raise_compiler_error(place ~ " has no ordered_by: expected a column of dates.") %}{% endif %}
        {% for column, choice in raw['one_row_per_key'].get('take', {}).items() if column not in kinds or choice not in ('latest', 'first', 'most_frequent') %}
            {% do exceptions.raise_compiler_error(
                place ~ " takes " ~ choice ~ " of '" ~ column ~ "': expected latest, first or most_frequent of a column that is read."
            ) %}
        {% endfor %}
        {% set ordering = read_expression(source, ordered_by, 'text', place) %}
        {% do read.update({'ordering': ordering['sql']}) %}
        {% do read['positions'].extend(ordering['positions']) %}
    {% endif %}
    {% do read.update({'positions': read['positions'] | unique | sort}) %}
    {% do return(read) %}
{% endmacro %}


{#- The columns of the file that expressions name, each under the name operand_ and its position. -#}
{% macro operand_columns(raw, source) -%}
    {%- for position in read_expressions(raw, source)['positions'] %},
            {{ raw_text(source, position) }} as operand_{{ position }}
    {%- endfor -%}
{%- endmacro %}


{#- What is known of the marks of numbers in these columns. -#}
{% macro operand_marks(raw, source) %}
    {% set positions = {} %}
    {% for position in read_expressions(raw, source)['positions'] %}{% do positions.update({'operand_' ~ position: position}) %}{% endfor %}
    {% do return(number_marks(source, positions)) %}
{% endmacro %}


{#- Adds what expressions give to the parsed and the raw values of a row, and says what they exclude. -#}
{% macro add_expressions(raw, source, parsed, raws, markers) %}
    {% set read = read_expressions(raw, source, operand_marks(raw, source)) %}
    {% for column, expression in read['columns'].items() %}
        {% set operands = [] %}
        {% for position in expression['positions'] %}{% do operands.append('operand_' ~ position) %}{% endfor %}
        {% set kind = raw_kinds(raw)[column] %}
        {% if expression['goal'] == 'text' %}
            {% do raws.update({column: '(' ~ expression['sql'] ~ ')'}) %}
            {% do parsed.update({column: parse_text(kind, raws[column], markers=markers)}) %}
        {% else %}
            {% do raws.update({column: 'nullif(' ~ concat_present(operands, ' and ') ~ ", '')"}) %}
            {% do parsed.update({
                column: expression['sql'] if expression['goal'] == 'condition'
                    else 'try_cast(case when ' ~ is_finite('cast(' ~ expression['sql'] ~ ' as double)') ~ ' then ' ~ expression['sql']
                    ~ ' end as ' ~ kind_type(kind) ~ ')'
            }) %}
        {% endif %}
    {% endfor %}
    {% do return(read) %}
{% endmacro %}


{#- Rows of events as rows of what they are about: all rows of a key get the same values, so that the first is a row of the
    entity and the others are its copies. A value is the latest known one unless `take` says first or most_frequent. -#}
{% macro one_row_per_key(raw, rows) -%}
    {%- set key = entities()[raw['entity']]['key'] | join(', ') -%}
    {%- set take = raw['one_row_per_key'].get('take', {}) -%}
    {%- set columns = raw_kinds(raw).keys() | reject('in', entities()[raw['entity']]['key']) | list -%}
    event_rows as (
        {{ rows }}
    ),

    events as (
        select
            *,
            row_number() over (partition by {{ key }} order by ordering nulls first, line_number) as event_number
        from event_rows
        where fault is null
    ),

    {% for column in columns if take.get(column) == 'most_frequent' -%}
    {{ column }}_counts as (
        select
            {{ key }},
            {{ column }},
            row_number() over (partition by {{ key }} order by count(*) desc, {{ column }} asc) as value_number
        from events
        where {{ column }} is not null
        group by {{ key }}, {{ column }}
    ),

    {% endfor -%}
    taken as (
        select
            {{ key }}
            {%- for column in columns if take.get(column) != 'most_frequent' %},
            {{ 'min_by' if take.get(column) == 'first' else 'max_by' }}({{ column }}, event_number) filter (where {{ column }} is not null) as {{ column }}
            {%- endfor %}
        from events
        group by {{ key }}
    )

    select
        event_rows.line_number,
        {%- for column in raw_kinds(raw) %}
        {%- if column not in columns %}
        event_rows.{{ column }},
        {%- else %}
        {{ column ~ '_counts' if take.get(column) == 'most_frequent' else 'taken' }}.{{ column }},
        {%- endif %}
        {%- endfor %}
        event_rows.fault
    from event_rows
    left join taken on {% for column in key.split(', ') %}{{ 'and ' if not loop.first }}event_rows.{{ column }} = taken.{{ column }} {% endfor %}and event_rows.fault is null
    {%- for column in columns if take.get(column) == 'most_frequent' %}
    left join {{ column }}_counts
        on {% for part in key.split(', ') %}event_rows.{{ part }} = {{ column }}_counts.{{ part }} and {% endfor %}{{ column }}_counts.value_number = 1 and event_rows.fault is null
    {%- endfor %}
{%- endmacro %}
