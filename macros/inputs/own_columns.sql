{#- Columns that a layout has beyond the canonical ones. A staging file declares them under the key own_columns of its
    declaration (see raw_files.sql), and that is all: column -> a dict with
      kind              number, integer, money, text, flag or date (a date's name ends in _on)
      headers           the names that it may have in the file; default: its own name
      label             what it is called in sentences; default: its name with blanks
      absence_label     what the absence of a flag is called; default: `not` and the label
      unit              the unit, which follows the label
      history           lasting: it never changes. snapshot (default): it changes, and the record has today's value; what it
                        was on another day is read from customer_snapshots, where these declare the column too
      is_personal       it tells who a customer is: it is read and kept, never used and never published
      is_protected      used for scores and values only where protected attributes may be
      is_suspected_leak on a snapshot it may be measured after the outcome, for the reason in leak_reason: it has intervals
                        and takes part in nothing else
      uses              of study (intervals, portraits, segments), hypotheses, cube and scores; default: all that its kind and
                        the entries above allow. Whatever is not personal may be named in rules
    Of customers a date is used as the days since it. Of transactions a number is summed and a flag counted over the look-back
    before a day, of policies the one with the highest premium speaks. -#}


{#- The own columns that the active layout declares of an entity; none until the project is parsed. -#}
{% macro own_columns(entity_name) %}
    {% if execute %}
        {#- a unit test has no graph -#}
        {% set node = graph.get('nodes', {}).get('model.clientele.' ~ staging_name(entity_name)) %}
        {% set raw = node.config.meta.get('raw', {}) if node else {} %}
        {% if raw.get('entity') == entity_name %}{% do return(raw.get('own_columns', {})) %}{% endif %}
    {% endif %}
    {% do return({}) %}
{% endmacro %}


{#- The entities that may have own columns, with what those of each kind may be used for. -#}
{% macro own_column_uses() %}
    {% set of_customers = ['study', 'hypotheses', 'scores'] %}
    {% do return({
        'customers': {
            'number': of_customers, 'money': of_customers, 'date': of_customers, 'integer': of_customers + ['cube'],
            'text': of_customers + ['cube'], 'flag': of_customers + ['cube'],
        },
        'customer_snapshots': {'number': [], 'money': [], 'date': [], 'integer': [], 'text': [], 'flag': []},
        'transactions': {
            'number': of_customers, 'money': of_customers, 'integer': of_customers, 'flag': of_customers, 'text': [], 'date': [],
        },
        'policies': {'number': ['values'], 'money': ['values'], 'integer': ['values'], 'text': ['values'], 'flag': ['values'], 'date': []},
    }) %}
{% endmacro %}


{#- A whole number may have as many values as there are customers, so it is no cut of the cube unless the layout says so. -#}
{% macro uses_of(entity_name, column) %}
    {% if column.get('is_personal') %}{% do return([]) %}{% endif %}
    {% if 'uses' in column %}{% do return(column['uses']) %}{% endif %}
    {% set uses = own_column_uses()[entity_name][column['kind']] %}
    {% if column.get('is_suspected_leak') %}{% do return(uses | select('equalto', 'study') | list) %}{% endif %}
    {% do return(uses | reject('equalto', 'cube' if column['kind'] == 'integer' else '') | list) %}
{% endmacro %}


{#- Column -> kind as entities() has it. -#}
{% macro own_kinds(columns) %}
    {% set kinds = {} %}
    {% for name, column in columns.items() %}
        {% do kinds.update({name: {'flag': 'boolean'}.get(column['kind'], column['kind'])}) %}
    {% endfor %}
    {% do return(kinds) %}
{% endmacro %}


{#- What the own columns tell of a customer on a day, as a list of dicts with the columns of seed features, and the column,
    entity and uses that they come from. -#}
{% macro own_features() %}
    {% set features = [] %}
    {% for entity_name in ['customers', 'transactions'] %}
        {% for name, column in own_columns(entity_name).items() if not column.get('is_personal') %}
            {% set is_event = entity_name == 'transactions' %}
            {% set kind = column['kind'] %}
            {% if own_column_uses()[entity_name][kind] %}
                {% set uses = uses_of(entity_name, column) %}
                {% set stem = modules.re.sub('_on$', '', name) if kind == 'date' else name %}
                {% set label = column.get('label', stem | replace('_', ' ')) %}
                {% set with_unit = label ~ (' in ' ~ column['unit'] if column.get('unit') else '') %}
                {% do features.append({
                    'column': name, 'entity': entity_name, 'sql_kind': kind, 'uses': uses,
                    'feature_name': own_feature_name(entity_name, name, kind),
                    'feature_kind': kind if kind in ('text', 'flag') and not is_event else 'number',
                    'feature_label': (
                        'recent ' ~ ('purchases: ' ~ label if kind == 'flag' else with_unit) if is_event
                        else 'days since ' ~ label if kind == 'date' else with_unit
                    ),
                    'absence_label': column.get('absence_label', 'not ' ~ label) if kind == 'flag' and not is_event,
                    'is_whole_number': kind in ('integer', 'date') or is_event and kind == 'flag',
                    'history': 'dated' if is_event else column.get('history', 'snapshot'),
                    'is_protected': column.get('is_protected', false),
                    'is_in_study': 'study' in uses,
                    'is_in_scores': 'scores' in uses,
                    'counts_silence': false,
                    'is_suspected_leak': column.get('is_suspected_leak', false),
                    'leak_reason': column.get('leak_reason', 'The layout says that it may be measured after the outcome')
                        if column.get('is_suspected_leak'),
                }) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% do return(features) %}
{% endmacro %}

{% macro own_feature_name(entity_name, name, kind) %}
    {% if entity_name == 'transactions' %}
        {% do return('recent_' ~ name ~ ('_count' if kind == 'flag' else '')) %}
    {% endif %}
    {% do return(modules.re.sub('_on$', '_days', name) if kind == 'date' else name) %}
{% endmacro %}

{#- Those of one or several kinds, or of one use. -#}
{% macro own_feature_names(kinds=none, use=none) %}
    {% set names = [] %}
    {% for feature in own_features() if (kinds is none or feature['feature_kind'] in kinds) and (use is none or use in feature['uses']) %}
        {% do names.append(feature['feature_name']) %}
    {% endfor %}
    {% do return(names) %}
{% endmacro %}


{#- What an own column tells on a day: of a date the days since it, where it is not later; of a text `unknown` where it is blank. -#}
{% macro own_value(feature, value, day) -%}
    {%- if feature['sql_kind'] == 'date' -%}
        case when cast({{ value }} as date) <= {{ day }} then {{ dbt.datediff('cast(' ~ value ~ ' as date)', day, 'day') }} end
    {%- elif feature['feature_kind'] == 'text' -%}
        coalesce({{ value }}, 'unknown')
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}


{#- The own columns of policies that models of value learn from. -#}
{% macro own_value_columns() %}
    {% set columns = {} %}
    {% for name, column in own_columns('policies').items() if 'values' in uses_of('policies', column) %}
        {% do columns.update({name: column}) %}
    {% endfor %}
    {% do return(columns) %}
{% endmacro %}


{#- Stops the build, before any model runs, with one sentence for the first own column of a staging file that cannot be one. -#}
{% macro check_own_columns(node, raw) %}
    {% set entity_name = raw['entity'] %}
    {% set says = namespace(fault='') %}
    {% for name, column in raw.get('own_columns', {}).items() if not says.fault %}
        {% set fault = own_column_fault(entity_name, name, column) %}
        {% if fault %}{% set says.fault = "Own column '" ~ name ~ "' of " ~ node.name ~ " " ~ fault %}{% endif %}
    {% endfor %}
    {% if says.fault %}{% do exceptions.raise_compiler_error(says.fault) %}{% endif %}
{% endmacro %}


{#- What is wrong with the declaration of an own column, as the end of a sentence; empty where nothing is. -#}
{% macro own_column_fault(entity_name, name, column) %}
    {% set allowed = own_column_uses().get(entity_name) %}
    {% set keys = [
        'kind', 'headers', 'label', 'absence_label', 'unit', 'history', 'is_personal', 'is_protected', 'is_suspected_leak',
        'leak_reason', 'uses',
    ] %}
    {% if allowed is none %}
        {% do return("is of " ~ entity_name ~ ": expected it of " ~ own_column_uses() | join(', ') ~ ".") %}
    {% elif not is_name(name) or name != name | lower or name | length > 50 %}
        {% do return("has no name that SQL can use: expected up to 50 small letters, digits and underscores.") %}
    {% elif name in reserved_names() or modules.re.search('_(lower|upper|rules|value|measure|group|quartiles|known)$', name) %}
        {% do return("has a name that is taken: expected one that no column of the project and no word of SQL has.") %}
    {% elif column is not mapping or column.get('kind') not in allowed %}
        {% do return("has no kind that is known: expected one of " ~ allowed | join(', ') ~ ".") %}
    {% endif %}
    {% set unknown = column.keys() | reject('in', keys) | list %}
    {% if unknown %}
        {% do return("has an entry '" ~ unknown[0] ~ "': expected entries of " ~ keys | join(', ') ~ ".") %}
    {% elif column['kind'] == 'date' and not name.endswith('_on') %}
        {% do return("is a date: expected a name that ends in _on.") %}
    {% elif column.get('history', 'snapshot') not in ('lasting', 'snapshot') %}
        {% do return("has the history '" ~ column['history'] ~ "': expected lasting or snapshot.") %}
    {% endif %}
    {% for key in ['is_personal', 'is_protected', 'is_suspected_leak'] if column.get(key, false) is not boolean %}
        {% do return("has " ~ key ~ " '" ~ column[key] ~ "': expected true or false.") %}
    {% endfor %}
    {% for key in ['headers', 'uses'] if key in column and (column[key] is string or column[key] is not sequence) %}
        {% do return("has " ~ key ~ " '" ~ column[key] ~ "': expected a list.") %}
    {% endfor %}
    {% for key in ['label', 'absence_label', 'unit', 'leak_reason'] if key in column and (column[key] is not string or not column[key]) %}
        {% do return("has no text as its " ~ key ~ ": expected one.") %}
    {% endfor %}
    {% set possible = allowed[column['kind']] %}
    {% for use in column.get('uses', []) if use not in possible %}
        {% do return(
            "of kind " ~ column['kind'] ~ " has the use '" ~ use ~ "': expected "
            ~ ("uses of " ~ possible | join(', ') if possible else "none") ~ "."
        ) %}
    {% endfor %}
    {% if column.get('is_personal') and column.get('uses') %}
        {% do return("is personal and has uses: expected none, because what tells who a customer is explains nothing.") %}
    {% elif column.get('is_suspected_leak') and column.get('uses', []) | reject('equalto', 'study') | list %}
        {% do return("is suspected to leak and has other uses than study: expected no other.") %}
    {% endif %}
    {% if own_feature_name(entity_name, name, column['kind']) in reserved_names() %}
        {% do return("would be used as " ~ own_feature_name(entity_name, name, column['kind']) ~ ", which is taken: expected another name.") %}
    {% endif %}
    {% if entity_name == 'customer_snapshots' and own_columns('customers').get(name, {}).get('kind') != column['kind'] %}
        {% do return("is of snapshots alone: expected an own column of customers of the same name and kind.") %}
    {% endif %}
    {% for other in (own_columns('customers') if entity_name == 'transactions' else {}) if other in (name, own_feature_name(entity_name, name, column['kind'])) %}
        {% do return("has the name of an own column of customers: expected another name.") %}
    {% endfor %}
    {% do return('') %}
{% endmacro %}


{#- Names that mean something in the project's models, or in SQL on either engine. -#}
{% macro reserved_names() %}
    {% set names = [
        'line_number', 'fault', 'row_status', 'rule_code', 'column_name', 'broken_rules', 'churn_basis', 'window_number',
        'observed_on', 'window_days', 'is_rated', 'is_tested', 'is_discovery', 'fold_number', 'cell', 'protected_cell', 'is_sampled',
        'is_latest', 'is_descriptive_only', 'started_on', 'ended_on', 'remembered_on', 'segment_scheme', 'segment_code',
        'portrait_code', 'age_band', 'credit_score_band', 'product_stratum', 'age_stratum', 'customers_count', 'churned_count', 'half',
        'profile', 'value_cell', 'next_coverage', 'next_policy_count', 'purchased_on', 'day_amount', 'order_count', 'portfolio',
        'has_known_balance', 'has_marketing_consent', 'lookback_starts_on', 'feature_name', 'fields', 'line', 'line_fault',
        'all', 'analyze', 'and', 'any', 'array', 'as', 'asc', 'between', 'both', 'by', 'case', 'cast', 'check', 'collate', 'column',
        'constraint', 'create', 'cross', 'date', 'default', 'desc', 'describe', 'distinct', 'do', 'else', 'end', 'except', 'exists',
        'false', 'fetch', 'filter', 'for', 'foreign', 'from', 'full', 'grant', 'group', 'having', 'in', 'initially', 'inner',
        'intersect', 'interval', 'into', 'is', 'join', 'lateral', 'leading', 'left', 'like', 'limit', 'map', 'minus', 'natural',
        'not', 'null', 'offset', 'on', 'only', 'or', 'order', 'outer', 'over', 'partition', 'pivot', 'placing', 'primary', 'qualify',
        'range', 'references', 'returning', 'right', 'row', 'rows', 'select', 'some', 'struct', 'table', 'then', 'timestamp', 'to',
        'trailing', 'true', 'union', 'unique', 'unpivot', 'user', 'using', 'values', 'variadic', 'when', 'where', 'window', 'with',
    ] %}
    {% for entity in canonical_entities().values() %}{% do names.extend(entity['columns']) %}{% endfor %}
    {% do names.extend(canonical_features().values() | sum(start=[])) %}
    {% do names.extend(event_features()) %}
    {% do return(names) %}
{% endmacro %}


{#- Stops the build, before any model runs, where a text that is to explain churn or value is free text: most of its values are
    different ones, which no interval, cut or level can be made of. -#}
{% macro check_free_texts(raw, source) %}
    {%- set few_values, many_share = 50, 0.5 -%}
    {% set positions = source_positions(raw, source) %}
    {% for name, column in raw.get('own_columns', {}).items()
        if column['kind'] == 'text' and name in positions and uses_of(raw['entity'], column) %}
        {% set counts = run_query(
            'select count(raw_value), count(distinct raw_value) from (select ' ~ raw_text(source, positions[name]) ~ ' as raw_value from ('
            ~ source_rows(source) ~ ') as file_rows) as cells'
        ).rows[0] %}
        {% if counts[1] | int > few_values and counts[1] | int > many_share * (counts[0] | int) %}
            {% do exceptions.raise_compiler_error(
                "Own column '" ~ name ~ "' of " ~ raw['entity'] ~ " in file " ~ source['file_name'] ~ " is free text: "
                ~ counts[1] ~ " of its " ~ counts[0] ~ " values are different. Expected few values, or the entry 'uses': []."
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
