{#- What the active layout's staging models declare under config.meta.raw:
      entity            the canonical entity that the file carries, or the name of an input of the layout's own
      file              the file's name, or a list of the names that it may have; without an ending, NAME.csv or
                        NAME.parquet
      columns           column -> the header names it may have; default: every column under its own name
      kinds             column -> kind (see entities.sql) of columns that the entity does not have; each has its own name
                        in the file unless `columns` says otherwise
      amount            the amount to reconcile of an input of the layout's own
      required          columns whose value may not be blank, beside the entity's own
      is_optional       the file may be missing
      has_optional_columns  each column that the entity does not require may be missing
      optional_columns  columns that may be missing
      hashed_key        the key where the source has no column for it: the md5 of the values of all declared columns
      delimiter         ' ' for values parted by any number of blanks; default: the file shows it
      headerless        the header of a file that has none, as a list of names; one such list for each number of columns
                        that it may have. A header line, if there is one, is read as such.
    Else what is declared must be there. -#}


{#- Stops the build, before any model runs, with one sentence for the first file or column that is missing. -#}
{% macro check_inputs() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% do supplied_entities() %}
        {% for node in graph.nodes.values() if node.config.meta.get('raw') %}
            {% do raw_source(node.config.meta['raw']) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{% macro raw_folder() %}
    {% do return(env_var('CLIENTELE_RAW', 'data/demo').rstrip('/')) %}
{% endmacro %}


{#- Where and how a declared input is read: a dict with path, file_name, format (text, parquet or table), header (the
    source's column names in order), types (parquet, table), encoding, delimiter and header_line (text). None for an
    optional input that is not there. Raises one sentence that names file, column and what was expected. -#}
{% macro raw_source(raw) %}
    {% if var('canonical_schema') is not none and var('source_system') == 'canonical' %}
        {% set source = table_source(raw) %}
    {% else %}
        {% set source = file_source(raw) %}
    {% endif %}
    {% if source is not none %}{% do check_header(raw, source) %}{% endif %}
    {% do return(source) %}
{% endmacro %}


{% macro table_source(raw) %}
    {% if not modules.re.fullmatch('\\w+', var('canonical_schema') | string) %}
        {% do exceptions.raise_compiler_error(
            "canonical_schema '" ~ var('canonical_schema') ~ "' is no schema: expected letters, digits and underscores."
        ) %}
    {% endif %}
    {% set relation = adapter.get_relation(target.database, var('canonical_schema'), raw['file']) %}
    {% if relation is none %}
        {% if raw.get('is_optional') %}{% do return(none) %}{% endif %}
        {% do exceptions.raise_compiler_error(
            "Table " ~ var('canonical_schema') ~ "." ~ raw['file'] ~ " is missing: expected it in database "
            ~ target.database ~ " (var canonical_schema names its schema)."
        ) %}
    {% endif %}
    {% set columns = adapter.get_columns_in_relation(relation) %}
    {% do return({
        'path': relation | string, 'file_name': var('canonical_schema') ~ '.' ~ raw['file'], 'format': 'table',
        'header': columns | map(attribute='name') | list, 'types': columns | map(attribute='dtype') | list,
    }) %}
{% endmacro %}


{% macro file_source(raw) %}
    {% set names = [] %}
    {% for name in ([raw['file']] if raw['file'] is string else raw['file']) %}
        {% do names.extend([name] if '.' in name else [name ~ '.parquet', name ~ '.csv']) %}
    {% endfor %}
    {% set present = list_files(raw_folder()) %}
    {% if names | select('in', present) | list | length > 1 %}
        {% do exceptions.raise_compiler_error(
            "Folder '" ~ raw_folder() ~ "' has both " ~ names | join(' and ') ~ ": expected one of them."
        ) %}
    {% endif %}
    {% for name in names if name in present %}
        {% set path = raw_folder() ~ '/' ~ name %}
        {% do return(describe_parquet(path, name) if name.endswith('.parquet') else describe_text(raw, path, name)) %}
    {% endfor %}
    {% if raw.get('is_optional') %}{% do return(none) %}{% endif %}
    {% do exceptions.raise_compiler_error(
        "File " ~ names | join(' or ') ~ " is missing: expected it in folder '" ~ raw_folder() ~ "' for source_system '"
        ~ var('source_system') ~ "' (set CLIENTELE_RAW to the folder that has it)."
    ) %}
{% endmacro %}


{% macro check_header(raw, source) %}
    {% set header = source['header'] | map('lower') | list %}
    {% set all_names = source.get('all_names', source['header']) | map('lower') | list %}
    {% set entity = entities().get(raw['entity'], {'key': [], 'required': []}) %}
    {#- a first line without one known name may be a row: its values are not for a message -#}
    {% set is_header = raw_columns(raw).values() | sum(start=[]) | select('in', header) | list %}
    {% for column, names in raw_columns(raw).items() %}
        {% set present = names | select('in', header) | list %}
        {% set is_needed = column not in raw.get('optional_columns', []) and (
            not raw.get('has_optional_columns') or column in entity['key'] or column in entity['required']
        ) %}
        {% if not present and is_needed %}
            {% do exceptions.raise_compiler_error(
                "File " ~ source['file_name'] ~ " has no column '"
                ~ raw.get('columns', {}).get(column, [column]) | join("' or '") ~ "': expected it for "
                ~ raw['entity'] ~ "." ~ column ~ ", but the header "
                ~ ("is: " ~ source['header'] | join(', ') if is_header else "line has none of the expected names") ~ "."
            ) %}
        {% endif %}
        {% if present and all_names.count(present[0]) > 1 %}
            {% do exceptions.raise_compiler_error(
                "File " ~ source['file_name'] ~ " has column '" ~ present[0] ~ "' more than once: expected one."
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- Column -> lower-case header names. -#}
{% macro raw_columns(raw) %}
    {% set columns = {} %}
    {% for column in raw_kinds(raw) %}
        {% if column in raw.get('columns', {}) %}
            {% do columns.update({column: raw['columns'][column] | map('lower') | list}) %}
        {% elif 'columns' not in raw or column in raw.get('kinds', {}) %}
            {% do columns.update({column: [column]}) %}
        {% endif %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}


{#- Column -> kind: the entity's columns, then the declaration's own. -#}
{% macro raw_kinds(raw) %}
    {% do return(dict(entities().get(raw['entity'], {}).get('columns', {}), **raw.get('kinds', {}))) %}
{% endmacro %}


{% macro list_files(folder) %}
    {% do return(adapter.dispatch('list_files')(folder)) %}
{% endmacro %}

{% macro duckdb__list_files(folder) %}
    {#- a bracket in the folder's name is no pattern -#}
    {% set pattern = folder.replace('[', '[[]') ~ '/*' %}
    {% set files = run_query("select file from glob(" ~ sql_literal(pattern) ~ ")").columns[0].values() %}
    {% set names = [] %}
    {% for file in files %}{% do names.append(file.replace('\\', '/').split('/') | last) %}{% endfor %}
    {% do return(names) %}
{% endmacro %}

{% macro spark__list_files(folder) %}
    {% set query = "select _metadata.file_name from binaryFile." ~ spark__path_literal(folder) %}
    {% do return(run_query(query).columns[0].values() | list) %}
{% endmacro %}


{% macro describe_parquet(path, file_name) %}
    {% do return(adapter.dispatch('describe_parquet')(path, file_name)) %}
{% endmacro %}

{% macro duckdb__describe_parquet(path, file_name) %}
    {% set columns = run_query("describe select * from read_parquet(" ~ sql_literal(path) ~ ")") %}
    {#- the reader renames the second of two equal names, the metadata do not -#}
    {% set all_names = run_query(
        "select distinct column_id, path_in_schema as name from parquet_metadata(" ~ sql_literal(path) ~ ")"
    ) %}
    {% do return({
        'path': path, 'file_name': file_name, 'format': 'parquet',
        'header': columns.columns['column_name'].values() | list,
        'types': columns.columns['column_type'].values() | list,
        'all_names': all_names.columns['name'].values() | list,
    }) %}
{% endmacro %}

{% macro spark__describe_parquet(path, file_name) %}
    {% set columns = run_query("describe query select * from parquet." ~ spark__path_literal(path)) %}
    {% do return({
        'path': path, 'file_name': file_name, 'format': 'parquet',
        'header': columns.columns[0].values() | list, 'types': columns.columns[1].values() | list,
    }) %}
{% endmacro %}


{#- Encoding, delimiter, header and the header's line number (0 without a header line) of a text file. -#}
{% macro describe_text(raw, path, file_name) %}
    {% set encoding = text_encoding(path) %}
    {% if encoding == 'utf-16' %}
        {% do exceptions.raise_compiler_error(
            "File " ~ file_name ~ " is encoded as UTF-16: expected UTF-8 or cp1251; save it as UTF-8."
        ) %}
    {% endif %}
    {% set first_lines = run_query(
        "select line_number, line from (" ~ text_lines(path, encoding)
        ~ ") as lines where trim(line) <> '' order by line_number limit 1"
    ) %}
    {% if not first_lines.rows %}
        {% do exceptions.raise_compiler_error(
            "File " ~ file_name ~ " is empty: expected " ~ ("rows" if raw.get('headerless') else "a header line") ~ "."
        ) %}
    {% endif %}
    {% set header_line = first_lines.rows[0][1] | string %}
    {% set delimiter = raw.get('delimiter') or delimiter_of(header_line) %}
    {#- a digit in the first line: no published name has one, every row has -#}
    {% set has_header = not raw.get('headerless') or not modules.re.search('[0-9]', header_line) %}
    {% do return({
        'path': path, 'file_name': file_name, 'format': 'text', 'encoding': encoding, 'delimiter': delimiter,
        'header': header_names(header_line, delimiter) if has_header
            else headerless_names(raw, path, file_name, encoding, delimiter),
        'header_line': first_lines.rows[0][0] | int if has_header else 0,
    }) %}
{% endmacro %}


{#- The delimiter that a header line shows most often. -#}
{% macro delimiter_of(header_line) %}
    {% set unquoted = modules.re.sub('"[^"]*"', '', header_line) %}{#- a quoted name may hold a delimiter -#}
    {% set best = namespace(delimiter=',', count=0) %}
    {% for delimiter in [',', ';', '\t', '|'] if unquoted.count(delimiter) > best.count %}
        {% set best.delimiter = delimiter %}
        {% set best.count = unquoted.count(delimiter) %}
    {% endfor %}
    {% do return(best.delimiter) %}
{% endmacro %}


{% macro header_names(header_line, delimiter) %}
    {% set mark = modules.re.escape(delimiter) %}
    {% set fields = header_line.split() if delimiter == ' '
        else modules.re.findall('("[^"]*"|[^' ~ mark ~ ']*)' ~ mark, header_line ~ delimiter) %}
    {% set names = [] %}
    {% for field in fields %}{% do names.append(field.strip().strip('"').strip()) %}{% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- The declared names for the number of columns that most rows have. -#}
{% macro headerless_names(raw, path, file_name, encoding, delimiter) %}
    {% set names_by_count = {} %}
    {% for names in raw['headerless'] %}{% do names_by_count.update({names | length: names}) %}{% endfor %}
    {% set query %}
        with lines as (
            {{ text_lines(path, encoding) }}
        ),

        counted as (
            select {{ field_count(split_fields('line', delimiter)) }} as column_count from lines
        )

        select column_count
        from counted
        where column_count in ({{ names_by_count | join(', ') }})
        group by column_count
        order by count(*) desc, column_count
        limit 1
    {% endset %}
    {% set counts = run_query(query) %}
    {% if not counts.rows %}
        {% do exceptions.raise_compiler_error(
            "File " ~ file_name ~ " has no line of " ~ names_by_count | join(' or ') ~ " values: expected "
            ~ names_by_count.values() | map('join', ', ') | join(' or ') ~ "."
        ) %}
    {% endif %}
    {% do return(names_by_count[counts.rows[0][0] | int]) %}
{% endmacro %}
