{#- What a run says of its inputs when it ends, whether it was published or not. -#}
{% macro log_inputs(results) %}
    {% do log_broken_expectations(results) %}
    {% do log_broken_assertions(results) %}
    {% do log_set_aside(results) %}
    {% do log_notes(results, 'int_input_findings', 'finding', 'severity, entity_name, finding', "severity <> 'accepted'") %}
    {% do log_notes(results, 'int_inputs_noted', 'note', 'entity_name, note_number', 'is_near_miss') %}
    {% do log_notes(results, 'int_churn_notes', 'note', 'note_number') %}
    {% do log_example_rules(results) %}
    {% do log_history(results) %}
    {% do log_changes(results) %}
{% endmacro %}


{#- Which columns failed which rule, of the tests `expectations` that failed. -#}
{% macro log_broken_expectations(results) %}
    {% for result in results if result.status | string == 'fail' and (result.node.test_metadata or {}).name == 'expectations' %}
        {% set table = result.node.attached_node.split('.')[-1] %}
        {% for row in run_query(result.node.compiled_code).rows %}
            {% set where = '' if row[1].startswith('does not have') else ' in ' ~ counted(row[2], 'row', 'rows') %}
            {% do log(table ~ ': ' ~ row[0] ~ ' ' ~ row[1] ~ where ~ '.', info=true) %}
        {% endfor %}
    {% endfor %}
{% endmacro %}


{#- What does not hold of the tests in tests/assertions that failed, with the first row that says so, without the customer.
    Findings of inputs are sentences of their own. -#}
{% macro log_broken_assertions(results) %}
    {% for result in results if result.status | string == 'fail' and not result.node.test_metadata
        and result.node.name.startswith('assert_') and 'int_input_findings' not in result.node.depends_on.nodes | join %}
        {% set found = run_query('select * from (' ~ result.node.compiled_code ~ '\n) as faults limit 1') %}
        {% set parts = [] %}
        {% for row in found.rows %}
            {% for name in found.column_names if name != 'customer_id' and row[name] is not none %}
                {% do parts.append(name ~ ' ' ~ row[name]) %}
            {% endfor %}
        {% endfor %}
        {% do log(
            'Not so: ' ~ result.node.name[7:] | replace('_', ' ') ~ ' (' ~ counted(result.failures, 'row', 'rows')
            ~ (', the first with ' ~ (parts | join(', '))[:200] if parts else '') ~ ').', info=true
        ) %}
    {% endfor %}
{% endmacro %}


{#- Which seeds of rules have no row of the layout's own, once they have decided for a bank that is not of the study. -#}
{% macro log_example_rules(results) %}
    {% if var('source_system') == 'canonical' or var('source_system') not in example_layouts() %}
        {% set examples = [] %}
        {% for seed in rule_seeds() %}
            {% set relation = built_relation(results, seed) %}
            {% if relation is not none %}
                {% set owners = run_query('select distinct source_system from ' ~ relation).columns[0].values() | list %}
                {% if var('source_system') not in owners and ('any' in owners or var('source_system') in example_layouts()) %}
                    {% do examples.append(seed) %}
                {% endif %}
            {% endif %}
        {% endfor %}
        {% if examples %}
            {% do log(
                'Rules that are examples, not those of ' ~ var('source_system') ~ ': ' ~ examples | join(', ')
                ~ '. In these seeds, give the rows of your own rules the source_system ' ~ var('source_system')
                ~ (', in copies of the seeds in your project (docs/dbt-package.md).' if project_name != 'clientele' else '.'), info=true
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- The segment schemes that the extract tells of on the as-of date alone, where others have a history. -#}
{% macro log_history(results) %}
    {% set relation = built_relation(results, 'segment_history') %}
    {% if relation is not none %}
        {% set counts = {} %}
        {% for row in run_query(
            'select segment_scheme, count(distinct observed_on) from ' ~ relation ~ ' group by segment_scheme'
        ).rows %}{% do counts.update({row[0]: row[1] | int}) %}{% endfor %}
        {% if counts.values() | select('gt', 1) | list %}
            {% set schemes = [] %}
            {% for scheme in exclusive_schemes() if counts.get(scheme, 0) < 2 %}{% do schemes.append(scheme) %}{% endfor %}
            {% if schemes %}
                {% do log(
                    'No history of segments before the as-of date, because what defines them is known of that day alone: '
                    ~ schemes | join(', ') ~ '.', info=true
                ) %}
            {% endif %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- In at most five sentences, what changed beyond noise since the build that was published last. -#}
{% macro log_changes(results) %}
    {% set relation = built_relation(results, 'quality_changes') %}
    {% if relation is not none %}
        {% set sentences = run_query(
            'select sentence from ' ~ relation ~ ' where is_beyond_noise order by change_rank'
        ).columns[0].values() %}
        {% for sentence in sentences[:4 if sentences | length > 5 else 5] %}{% do log('Changed: ' ~ sentence, info=true) %}{% endfor %}
        {% if sentences | length > 5 %}
            {% do log(
                'Changed: ' ~ (sentences | length - 4) ~ ' other measures beyond noise; mart ' ~ relation.identifier
                ~ ' has all, and make changes shows the ten largest.', info=true
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- The relation of a model that this run has built; none where it has not. -#}
{% macro built_relation(results, name) %}
    {% for result in results if result.node.name == name and result.status | string == 'success' %}
        {% do return(node_relation(result.node)) %}
    {% endfor %}
    {% do return(none) %}
{% endmacro %}


{#- A line that two entities are staged from is one raw row. -#}
{% macro log_set_aside(results) %}
    {% set quarantine = built_relation(results, 'quality_quarantine') %}
    {% set reconciliation = built_relation(results, 'quality_reconciliation') %}
    {% if quarantine is not none %}
        {% set count = run_query(
            'select count(*) from (select distinct file_name, line_number from ' ~ quarantine ~ ') as raw_rows'
        ).columns[0].values()[0] | int %}
        {% if count %}
            {% do log(
                counted(count, 'raw row is', 'raw rows are') ~ ' in quarantine: ' ~ quarantine.schema ~ '.'
                ~ quarantine.identifier ~ ' in the work database says where and why.', info=true
            ) %}
        {% endif %}
    {% endif %}
    {% if reconciliation is not none %}
        {% for count, sentence in [
            ('excluded_count', 'Rows left out on purpose: '), ('deduplicated_count', 'Exact copies of rows were removed: '),
        ] %}
            {% set parts = [] %}
            {% for row in run_query(
                'select source_name, ' ~ count ~ ' from ' ~ reconciliation ~ ' where ' ~ count ~ ' > 0 order by source_name'
            ).rows %}{% do parts.append(row[1] ~ ' in ' ~ row[0]) %}{% endfor %}
            {% if parts %}{% do log(sentence ~ parts | join(', ') ~ '.', info=true) %}{% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- Each of the notes that a model has made is a sentence. -#}
{% macro log_notes(results, model, column, order, condition='true') %}
    {% set relation = built_relation(results, model) %}
    {% if relation is not none %}
        {% set notes = run_query(
            'select ' ~ column ~ ' from ' ~ relation ~ ' where ' ~ condition ~ ' order by ' ~ order
        ).columns[0].values() %}
        {% if notes %}{% do log(notes | join('. ') ~ '.', info=true) %}{% endif %}
    {% endif %}
{% endmacro %}


{% macro counted(count, one, many) -%}
    {{ return(count ~ ' ' ~ (one if count == 1 else many)) }}
{%- endmacro %}
