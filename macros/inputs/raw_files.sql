{#- What the active layout's staging models declare under config.meta.raw:
      entity            the canonical entity that the file carries, or the name of an input of the layout's own
      file              the file's name, or a list of the names that it may have; without an ending, what raw_parts below
                        takes for it
      model             instead of a file: a model of the project, see declared_layouts.sql
      columns           column -> the header names it may have; default: every column under its own name
      kinds             column -> kind (see entities.sql) of columns that the entity does not have; each has its own name
                        in the file unless `columns` says otherwise
      own_columns       column -> what the layout declares of a column beyond the canonical ones (see own_columns.sql)
      values            column -> {text in the file: what it means, '' for nothing}; another text is read as it is
      expressions       column -> what it is made of, in words of SQL (see expressions.sql)
      where             which rows are kept, as a list of a condition and the reason for leaving out those that do not meet it,
                        which have the status `excluded`: [{'condition': 'quantity > 0', 'reason': 'cancelled orders'}]. A row of
                        which it is not known (a quantity that is no number) is not left out
      numbered_key      the key where the source has no column for it: the number of the line
      one_row_per_key   for a file with several rows of a key, such as customers from a file of their transactions: ordered_by
                        (a column of dates) and take (column -> latest, first or most_frequent; default: latest)
      amount            the amount to reconcile of an input of the layout's own
      required          columns whose value may not be blank, beside the entity's own
      is_optional       the file may be missing
      has_optional_columns  each column that the entity does not require may be missing
      optional_columns  columns that may be missing
      hashed_key        the key where the source has no column for it: the md5 of the values of all declared columns
      has_free_purchases  purchases of 0.00 are purchases (transactions)
      delimiter         ' ' for values separated by any number of blanks; default: the file shows it
      headerless        the header of a file that has none, as a list of names; one such list for each number of columns
                        that it may have. A header line, if there is one, is read as such.
    Else what is declared must be there. -#}


{#- Stops the build, before any model runs, with one sentence for the first file or column that is missing. -#}
{% macro check_inputs() %}
    {% if is_own_run() and flags.WHICH in ('build', 'run') %}
        {% do supplied_entities() %}
        {% for node in own_nodes() if node.config.meta.get('raw') %}
            {% set raw = node.config.meta['raw'] %}
            {% do check_own_columns(node, raw) %}
            {% do check_entries(node, raw) %}
            {% if not is_made_by_run(raw) %}
                {% set source = raw_source(raw) %}
                {% if source is not none %}
                    {% do read_expressions(raw, source) %}
                    {% do check_free_texts(raw, source) %}
                {% endif %}
            {% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- Nothing of a declaration may be a word that no one reads, such as a column that the entity does not have. -#}
{% macro check_entries(node, raw) %}
    {% set keys = [
        'entity', 'file', 'model', 'columns', 'kinds', 'own_columns', 'values', 'expressions', 'where', 'numbered_key',
        'one_row_per_key', 'amount', 'required', 'is_optional', 'has_optional_columns', 'optional_columns', 'hashed_key',
        'has_free_purchases', 'delimiter', 'headerless',
    ] %}
    {% for key in raw if key not in keys %}
        {% do exceptions.raise_compiler_error(
            "The declaration of " ~ node.name ~ " has an entry '" ~ key ~ "': expected entries of " ~ keys | join(', ') ~ "."
        ) %}
    {% endfor %}
    {#- an entity may be made of the file of another one -#}
    {% set known = raw_kinds(raw).keys() | list + canonical_entities().values() | map(attribute='columns') | map('list') | sum(start=[]) %}
    {% for key in ['columns', 'values', 'expressions'] %}
        {% for column in raw.get(key, {}) if column not in known %}
            {% do exceptions.raise_compiler_error(
                "The declaration of " ~ node.name ~ " has '" ~ column ~ "' under " ~ key ~ ": expected one of "
                ~ raw_kinds(raw) | join(', ') ~ ", or a column that is declared under own_columns."
            ) %}
        {% endfor %}
    {% endfor %}
    {% for column, texts in raw.get('values', {}).items() %}
        {% for text in texts if text is boolean %}
            {% do exceptions.raise_compiler_error(
                "The declaration of " ~ node.name ~ " has the flag " ~ text ~ " among the values of " ~ column
                ~ ": expected a text of the file, in quotes."
            ) %}
        {% endfor %}
    {% endfor %}
    {% for column, names in raw.get('columns', {}).items() if names is string or names is not sequence %}
        {% do exceptions.raise_compiler_error(
            "The declaration of " ~ node.name ~ " has '" ~ names ~ "' for " ~ column ~ ": expected a list of the headers that it may have."
        ) %}
    {% endfor %}
{% endmacro %}


{% macro raw_folder() %}
    {% set folder = env_var('CLIENTELE_RAW', package_path('data/demo')) %}
    {% do return(folder.rstrip('/') or folder) %}
{% endmacro %}


{#- Where and how a declared input is read: a dict with file_name, format (text, parquet or table), header (the source's
    column names in order), types (parquet, table), delimiter (text), and parts: the files that it is made of, each a dict
    with number (from 0), path, file_name and, of text, encoding and header_line; a table is its own part. None
    for an optional input that is not there. Raises one sentence that names file, column and what was expected. -#}
{% macro raw_source(raw) %}
    {% if raw.get('model') %}
        {% set source = model_source(raw) %}
    {% elif var('canonical_schema') is not none and var('source_system') == 'canonical' %}
        {% set source = table_source(raw) %}
    {% else %}
        {% set source = file_source(raw) %}
    {% endif %}
    {% if source is not none %}{% do check_header(raw, source) %}{% endif %}
    {% do return(source) %}
{% endmacro %}


{#- A row is known by one number: its line, and in the parts of a source after the first (part_stride) times the part's
    number more. -#}
{% macro part_stride() %}{% do return(1000000000000) %}{% endmacro %}

{% macro part_of(line_number) -%}
    cast(floor({{ line_number }} / {{ part_stride() }}.0) as bigint)
{%- endmacro %}

{% macro line_of(line_number) -%}
    {{ line_number }} % {{ part_stride() }}
{%- endmacro %}


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
    {% do return(described_table(relation, var('canonical_schema') ~ '.' ~ raw['file'])) %}
{% endmacro %}


{% macro model_source(raw) %}
    {% set node = declared_model(raw) %}
    {% set relation = adapter.get_relation(node.database, node.schema, node.alias) %}
    {% if relation is none %}
        {% do exceptions.raise_compiler_error(
            "Model " ~ raw['model'] ~ " has no table: expected " ~ node.schema ~ "." ~ node.alias ~ " for " ~ raw['entity']
            ~ " of var declarations (build it first, or in the same run)."
        ) %}
    {% endif %}
    {% do return(described_table(relation, node.schema ~ '.' ~ node.alias)) %}
{% endmacro %}


{% macro described_table(relation, name) %}
    {% set columns = adapter.get_columns_in_relation(relation) %}
    {% do return({
        'file_name': name, 'format': 'table', 'parts': [{'number': 0, 'path': relation | string, 'file_name': name}],
        'header': columns | map(attribute='name') | list, 'types': columns | map(attribute='dtype') | list,
    }) %}
{% endmacro %}


{% macro file_source(raw) %}
    {% set found = raw_parts(raw) %}
    {% if found is none %}
        {% if raw.get('is_optional') %}{% do return(none) %}{% endif %}
        {% set names = [] %}
        {% for name in raw_names(raw) %}
            {% do names.extend([name] if '.' in name else [name ~ '.parquet', name ~ '.csv']) %}
        {% endfor %}
        {% set near = [] %}
        {% for entry in folder_entries() %}
            {% for name in raw_names(raw) if is_near(file_stem(entry['name']), file_stem(name)) %}
                {% do near.append(entry['name'] ~ ('/' if entry['kind'] == 'folder' else '')) %}
            {% endfor %}
        {% endfor %}
        {% do exceptions.raise_compiler_error(
            "File " ~ names | join(' or ') ~ " is missing: expected it in folder '" ~ raw_folder() ~ "' for source_system '"
            ~ var('source_system') ~ "' (set CLIENTELE_RAW to the folder that has it"
            ~ ("; what it has is " ~ near | unique | join(', ') if near else '') ~ ")."
        ) %}
    {% endif %}
    {% for entry in found['entries'] if entry.get('fault') %}{% do exceptions.raise_compiler_error(entry['fault']) %}{% endfor %}
    {% do return(
        parquet_source(raw, found) if found['format'] == 'parquet' else text_source(raw, found)
    ) %}
{% endmacro %}


{% macro raw_names(raw) %}
    {% set files = raw.get('file', []) %}
    {% do return([files] if files is string else files) %}
{% endmacro %}


{#- The files that make up a declared input, as a dict with file_name (that of the whole), format, files (paths below the
    raw folder) and entries (of the folder); none where there are none. Of NAME, whatever its case: the file NAME.parquet,
    NAME.csv or NAME.csv.gz, a folder of these names with files of these endings, else files NAME and a number or a date,
    of one ending. A declared name with an ending is that file alone, packed or not. -#}
{% macro raw_parts(raw) %}
    {% set whole = [] %}
    {% set numbered = {} %}
    {% for name in raw_names(raw) %}
        {% set name = name | lower %}
        {% set endings = ['', '.gz'] if '.' in name else ['.parquet', '.csv', '.csv.gz'] %}
        {% for entry in folder_entries() %}
            {% set entry_name = entry['name'] | lower %}
            {% if entry['kind'] == 'folder' and entry_name in (name, name ~ '.parquet', name ~ '.csv') %}
                {% set parquet, text = [], [] %}
                {% for part in entry['parts'] if modules.re.fullmatch('.*[.](parquet|csv|csv[.]gz)', part | lower) %}
                    {% do (parquet if part.lower().endswith('.parquet') else text).append(entry['name'] ~ '/' ~ part) %}
                {% endfor %}
                {% if parquet or text %}
                    {% do whole.append({
                        'file_name': entry['name'] ~ '/', 'format': 'parquet' if parquet else 'text',
                        'files': parquet or text, 'entries': [entry],
                    }) %}
                {% endif %}
            {% elif entry['kind'] == 'folder' %}
            {% elif entry_name.startswith(name) and (
                entry_name[name | length:] in endings or entry_name == name and entry.get('fault')
            ) %}
                {% do whole.append({
                    'file_name': entry['name'], 'format': 'parquet' if entry_name.endswith('.parquet') else 'text',
                    'files': [entry['name']], 'entries': [entry],
                }) %}
            {% elif '.' not in name %}
                {% set match = modules.re.fullmatch(modules.re.escape(name) ~ part_pattern(), entry_name) %}
                {% if match %}
                    {% set ending = match.group(1) | replace('.gz', '') %}
                    {% do numbered.setdefault(ending, []).append(entry) %}
                {% endif %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% set exact = [] %}
    {% for found in whole if found['file_name'].rstrip('/') in raw_names(raw) or modules.re.sub('[.].*$', '', found['file_name'].rstrip('/')) in raw_names(raw) %}
        {% do exact.append(found) %}
    {% endfor %}
    {% set whole = exact or whole %}
    {% for ending, entries in numbered.items() if not whole or numbered | length > 1 %}
        {% if not whole or whole[0].get('is_numbered') %}
            {% do whole.append({
                'is_numbered': true, 'format': 'parquet' if ending == '.parquet' else 'text',
                'file_name': entries[0]['name'] if entries | length == 1 else raw_names(raw)[0] ~ '_*' ~ ending,
                'files': entries | map(attribute='name') | list, 'entries': entries,
            }) %}
        {% endif %}
    {% endfor %}
    {% if whole | length > 1 %}
        {% do exceptions.raise_compiler_error(
            "Folder '" ~ raw_folder() ~ "' has both " ~ whole | map(attribute='file_name') | join(' and ') ~ ": expected one of them."
        ) %}
    {% endif %}
    {% do return(whole[0] if whole else none) %}
{% endmacro %}


{#- What follows the name of a source in that of one of its parts, in lower case: numbers, dates, months, and an ending. -#}
{% macro part_pattern() %}
    {% set months = [
        'jan(?:uary)?', 'feb(?:ruary)?', 'mar(?:ch)?', 'apr(?:il)?', 'may', 'june?', 'july?', 'aug(?:ust)?',
        'sep(?:t(?:ember)?)?', 'oct(?:ober)?', 'nov(?:ember)?', 'dec(?:ember)?',
    ] | join('|') %}
    {% do return(
        '(?:[ ._-]*(?:[0-9]|(?<=[0-9])t(?=[0-9])|(?:part|y|q|of)(?=[ ._-]*[0-9])|' ~ months ~ '))+[_-]*([.]parquet|[.]csv|[.]csv[.]gz)'
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
                ~ header_names(raw, column) | join("' or '") ~ "': expected it for "
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
        {% if column in raw.get('expressions', {}) %}
        {% elif 'columns' not in raw or column in raw['columns'] or column in raw.get('kinds', {}) or column in raw.get('own_columns', {}) %}
            {% do columns.update({column: header_names(raw, column) | map('lower') | list}) %}
        {% endif %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}

{% macro header_names(raw, column) %}
    {% set declared = raw.get('own_columns', {}).get(column, {}).get('headers') %}
    {% do return(declared or raw.get('columns', {}).get(column, [column])) %}
{% endmacro %}


{#- Column -> kind: the entity's columns, then the declaration's own. -#}
{% macro raw_kinds(raw) %}
    {% set columns = canonical_entities().get(raw['entity'], {}).get('columns', {}) %}
    {% do return(dict(dict(columns, **own_kinds(raw.get('own_columns', {}))), **raw.get('kinds', {}))) %}
{% endmacro %}


{#- What lies in the raw folder, see python_models/reading/folder.py. -#}
{% macro folder_entries() %}
    {% do return(adapter.dispatch('folder_entries')(raw_folder())) %}
{% endmacro %}

{% macro default__folder_entries(folder) %}
    {% set listed = fromjson(run_query("select folder_entries(" ~ sql_literal(folder) ~ ")").columns[0].values()[0] | string) %}
    {% if listed['fault'] %}{% do exceptions.raise_compiler_error(listed['fault']) %}{% endif %}
    {% do return(listed['entries']) %}
{% endmacro %}

{#- Without the plugin, which says more: the files of the folder itself. -#}
{% macro duckdb__folder_entries(folder) %}
    {% if has_plugin() %}{% do return(default__folder_entries(folder)) %}{% endif %}
    {% set entries = [] %}
    {% for path in run_query('select file from glob(' ~ sql_literal(folder ~ '/*') ~ ') order by file').columns[0].values() %}
        {% do entries.append({'name': path.split('/') | last, 'kind': 'file'}) %}
    {% endfor %}
    {% do return(entries) %}
{% endmacro %}

{#- Of a folder of another kind of storage, which only Spark lists, no faults are known. -#}
{% macro spark__folder_entries(folder) %}
    {% if '://' not in folder %}{% do return(default__folder_entries(folder)) %}{% endif %}
    {% do run_query(
        "create or replace temporary view clientele_raw_folder using binaryFile options (path "
        ~ sql_literal(spark__plain_path(folder)) ~ ", recursiveFileLookup 'true')"
    ) %}
    {% set paths = run_query("select path from clientele_raw_folder").columns[0].values() | list | sort %}
    {% set base = folder.split('://')[1] %}
    {% set entries = [] %}
    {% set folders = {} %}
    {% for path in paths %}
        {% set place = path.split(base ~ '/', 1)[1] %}
        {% set name = place.split('/')[0] %}
        {% if '/' not in place %}
            {% do entries.append({'name': name, 'kind': 'file'}) %}
        {% else %}
            {% if name not in folders %}
                {% do folders.update({name: []}) %}
                {% do entries.append({'name': name, 'kind': 'folder', 'parts': folders[name]}) %}
            {% endif %}
            {% do folders[name].append(place[name | length + 1:]) %}
        {% endif %}
    {% endfor %}
    {% do return(entries | sort(attribute='name', case_sensitive=true)) %}
{% endmacro %}


{% macro parquet_source(raw, found) %}
    {% set parts = [] %}
    {% for file in found['files'] %}
        {% do parts.append({'number': loop.index0, 'path': raw_folder() ~ '/' ~ file, 'file_name': file}) %}
    {% endfor %}
    {% set source = {'file_name': found['file_name'], 'format': 'parquet', 'parts': parts} %}
    {% do source.update(adapter.dispatch('describe_parquet')(source)) %}
    {% do return(source) %}
{% endmacro %}

{% macro duckdb__describe_parquet(source) %}
    {% set columns = run_query("describe select * from " ~ duckdb__parquet_relation(source)) %}
    {#- the reader renames the second of two equal names, the metadata do not -#}
    {% set all_names = run_query(
        "select distinct column_id, path_in_schema as name from parquet_metadata("
        ~ sql_literal(source['parts'][0]['path']) ~ ")"
    ) %}
    {% set header = columns.columns['column_name'].values() | list %}
    {#- the reader has columns of these names, by which rows are numbered -#}
    {% set names = [] %}
    {% for name in header %}{% do names.append(name ~ (' of the file' if name | lower in ('file_row_number', 'file_index') else '')) %}{% endfor %}
    {% do return({
        'header': names, 'own_names': header, 'types': columns.columns['column_type'].values() | list,
        'all_names': all_names.columns['name'].values() | list, 'is_renamed': names != header,
    }) %}
{% endmacro %}

{% macro spark__describe_parquet(source) %}
    {% set columns = run_query("describe query select * from " ~ spark__parquet_relation(source)) %}
    {% set header = columns.columns[0].values() | list %}
    {% if '_metadata' in header | map('lower') %}
        {% do exceptions.raise_compiler_error(
            "File " ~ source['file_name'] ~ " has a column '_metadata', by which Spark numbers rows: expected another name."
        ) %}
    {% endif %}
    {% do return({'header': header, 'types': columns.columns[1].values() | list}) %}
{% endmacro %}


{#- Each part of a text source with its encoding and the line number of its header (0 without one), and the header and
    delimiter of all, see python_models/reading/text.py. -#}
{% macro text_source(raw, found) %}
    {% if not has_plugin() %}
        {% do exceptions.raise_compiler_error(
            "File " ~ found['file_name'] ~ " is a text file: expected Parquet, or tables (var canonical_schema), since " ~ plugin_lines() ~ "."
        ) %}
    {% endif %}
    {% set source = {'file_name': found['file_name'], 'format': 'text', 'parts': []} %}
    {% set options = tojson({'delimiter': raw.get('delimiter'), 'headerless': raw.get('headerless')}) %}
    {% for file in found['files'] %}
        {% set part = {'number': loop.index0, 'path': raw_folder() ~ '/' ~ file, 'file_name': file} %}
        {% set described = fromjson(run_query(of_file('text_description', part, options)).columns[0].values()[0] | string) %}
        {% if described.get('fault') %}
            {% do exceptions.raise_compiler_error("File " ~ file ~ " " ~ described['fault']) %}
        {% endif %}
        {% do part.update({
            'encoding': described['encoding'], 'header_line': described['header_line'],
            'has_wrong_letters': described['has_wrong_letters'],
        }) %}
        {% if loop.first %}
            {% do source.update({'header': described['header'], 'delimiter': described['delimiter']}) %}
        {% elif described['header'] | map('lower') | list != source['header'] | map('lower') | list
            or described['delimiter'] != source['delimiter'] %}
            {% do exceptions.raise_compiler_error(
                "File " ~ file ~ " has another header than " ~ source['parts'][0]['file_name']
                ~ ": expected the parts of one source to have the same columns, in the same order, with the same delimiter."
            ) %}
        {% endif %}
        {% do source['parts'].append(part) %}
    {% endfor %}
    {% do return(source) %}
{% endmacro %}
