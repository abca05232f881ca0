{#- What the reading of files leaves to be known, as a list of dicts with entity_name, note, is_near_miss and is_finding:
    columns and files that are not read, and encodings that were assumed. A near miss has a name close to an expected one;
    a finding makes values wrong (see int_input_findings). -#}
{% macro reading_notes() %}
    {% set notes = [] %}
    {% set read = [] %}
    {% set declared = {} %}
    {% set inputs = [] %}
    {#- file -> the columns of it that are read, in lower case; two inputs may be read from one file -#}
    {% set used = {} %}
    {% for node in own_nodes() | sort(attribute='name') if node.config.meta.get('raw') %}
        {% set raw = node.config.meta['raw'] %}
        {% set source = raw_source(raw) %}
        {% for name in raw_names(raw) %}{% do declared.update({file_stem(name): raw['entity']}) %}{% endfor %}
        {% if source is not none %}
            {% do inputs.append((raw, source)) %}
            {% set columns = used.setdefault(source['file_name'], []) %}
            {% do columns.extend(raw_columns(raw).values() | sum(start=[])) %}
            {% for position in read_expressions(raw, source)['positions'] %}{% do columns.append(source['header'][position - 1] | lower) %}{% endfor %}
        {% endif %}
    {% endfor %}
    {% for raw, source in inputs %}
        {% do notes.extend(column_notes(raw, source, used[source['file_name']])) %}
        {% do notes.extend(encoding_notes(raw, source)) %}
        {% for part in source['parts'] %}{% do read.append(part['file_name']) %}{% endfor %}
    {% endfor %}
    {% if inputs | rejectattr('1.format', 'equalto', 'table') | list %}
        {% do notes.extend(file_notes(read, declared)) %}
    {% endif %}
    {% do return(notes) %}
{% endmacro %}


{#- The columns of a file that are not read (`used` are those that are), beside those that it lacks. -#}
{% macro column_notes(raw, source, used) %}
    {% set unread = [] %}
    {#- the name of a folder such as year=2024 is no column of a file -#}
    {% for name in source['header'] if name and name | lower not in used and '/' ~ name ~ '=' not in source['parts'][0]['file_name'] %}
        {% do unread.append(source.get('own_names', source['header'])[source['header'].index(name)]) %}
    {% endfor %}
    {% if not unread %}{% do return([]) %}{% endif %}
    {% set missing = raw_columns(raw).keys() | reject('in', source_positions(raw, source)) | list %}
    {% set near = [] %}
    {% for name in unread %}
        {% for column in missing if is_near(plain_name(name), plain_name(column)) and name not in near %}{% do near.append(name) %}{% endfor %}
    {% endfor %}
    {% set notes = [] %}
    {% if near %}
        {% do notes.append({
            'entity_name': raw['entity'], 'is_near_miss': true,
            'note': source['file_name'] ~ ' has columns that are not read although their names are close to expected ones: ' ~ near | join(', '),
        }) %}
    {% endif %}
    {% do notes.append({
        'entity_name': raw['entity'], 'is_near_miss': false,
        'note': 'Columns of ' ~ source['file_name'] ~ ' not read: ' ~ unread | join(', ')
            ~ ('; columns that it lacks: ' ~ missing | join(', ') if missing else ''),
    }) %}
    {% do return(notes) %}
{% endmacro %}


{#- Encodings that were found by the letters, because nothing states them. -#}
{% macro encoding_notes(raw, source) %}
    {% set texts = {
        'cp1251': ' is not UTF-8 and was read as cp1251 (Cyrillic)',
        'cp1252': ' is not UTF-8 and was read as cp1252 (Latin-1), not as cp1251, because its letters beyond ASCII are next to Latin ones',
        'broken utf-8': ' mixes encodings: lines that are not UTF-8 lose their letters beyond ASCII, and rows that need them are quarantined',
    } %}
    {% set notes = [] %}
    {% for part in source['parts'] if part.get('encoding') in texts %}
        {% do notes.append({
            'entity_name': raw['entity'], 'is_finding': part['encoding'] == 'broken utf-8' or part['has_wrong_letters'],
            'note': part['file_name'] ~ texts[part['encoding']]
                ~ (', which gives words that look wrong: save it as UTF-8' if part['has_wrong_letters'] else ''),
        }) %}
    {% endfor %}
    {% do return(notes) %}
{% endmacro %}


{#- What lies in the folder and is not read; `declared` maps the plain names of files to entities. -#}
{% macro file_notes(read, declared) %}
    {% set notes = [] %}
    {% set unread = [] %}
    {% for entry in folder_entries() if entry['name'] not in read and entry['name'][0] != '_' %}
        {% set parts = [] %}
        {% for part in entry.get('parts', []) if entry['name'] ~ '/' ~ part not in read %}
            {% do parts.append(entry['name'] ~ '/' ~ part) %}
        {% endfor %}
        {% set is_read = entry.get('parts', []) | length > parts | length %}
        {% do unread.extend(parts if is_read else [entry['name']]) %}
        {% set near = [] %}
        {#- of a folder that is not read, what lies in it may have the name -#}
        {% for place in [entry['name']] + parts if parts or not is_read %}
            {% set name = file_stem(place.split('/')[-1]) %}
            {% for declared_name, entity in declared.items() if is_near(name, declared_name) %}
                {% do near.append((loop.index0, 0 if name == declared_name else 1, declared_name | length * -1, entity, place)) %}
            {% endfor %}
        {% endfor %}
        {% if near %}
            {% do notes.append({
                'entity_name': (near | sort)[0][3], 'is_near_miss': true,
                'note': (parts[0] if is_read else (near | sort)[0][4])
                    ~ ' lies in the folder and is not read although its name is close to an expected one',
            }) %}
        {% endif %}
    {% endfor %}
    {% if unread %}
        {% do notes.append({
            'entity_name': 'not read',
            'note': 'In the folder and not read: ' ~ unread[:20] | join(', ')
                ~ (' and ' ~ (unread | length - 20) ~ ' others' if unread | length > 20 else ''),
        }) %}
    {% endif %}
    {% do return(notes) %}
{% endmacro %}


{#- A file's name without its ending, as a plain name. -#}
{% macro file_stem(name) %}
    {% do return(plain_name(modules.re.sub('[.].*$', '', name))) %}
{% endmacro %}

{#- A name without case, blanks, signs and numbers. -#}
{% macro plain_name(name) %}
    {% do return(modules.re.sub('[^a-zа-яё]', '', name | lower)) %}
{% endmacro %}

{#- Whether plain names are close: one is in the other, but for an ending such as that of a plural, or they differ in
    two letters at most, as those of typing errors do. -#}
{% macro is_near(name, expected) %}
    {% set stem = modules.re.sub('ies$|.$', '', expected) if expected | length > 5 else expected %}
    {% set letters = namespace(differing=0) %}
    {% for letter in (name ~ expected) | unique %}
        {% set letters.differing = letters.differing + (name.count(letter) - expected.count(letter)) | abs %}
    {% endfor %}
    {% do return(
        name | length > 3 and name.startswith(stem)
        or stem | length > 4 and stem in name
        or name | length > 4 and name in expected
        or stem | length > 5 and name[:1] == expected[:1] and letters.differing <= 2
    ) %}
{% endmacro %}
