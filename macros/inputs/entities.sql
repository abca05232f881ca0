{#- The entities as the active layout has them: the canonical ones with its own columns (see own_columns.sql). -#}
{% macro entities() %}
    {% set entities = canonical_entities() %}
    {% for entity_name, entity in entities.items() %}{% do entity['columns'].update(own_kinds(own_columns(entity_name))) %}{% endfor %}
    {% do return(entities) %}
{% endmacro %}


{#- The canonical entities: the one home of their columns, kinds, keys, required values and reconciled amounts. A key is
    one column or several.
    Kinds: key, text, integer, number, money, date, timestamp, boolean, gender, city, closed_reason. -#}
{% macro canonical_entities() %}
    {% do return({
        'customers': {
            'key': ['customer_id'],
            'required': [],
            'amount': 'balance',
            'ordered_dates': [['joined_on', 'closed_on'], ['birth_date', 'joined_on']],
            'columns': {
                'customer_id': 'key', 'age': 'integer', 'birth_date': 'date', 'gender': 'gender', 'city': 'city',
                'joined_on': 'date', 'closed_on': 'date', 'closed_reason': 'closed_reason', 'is_churned': 'boolean',
                'credit_score': 'number', 'estimated_salary': 'money', 'balance': 'money',
                'product_count': 'integer', 'has_credit_card': 'boolean', 'is_active': 'boolean',
                'property_count': 'integer', 'tenure_years': 'number', 'tenure_months': 'number', 'education': 'text', 'job': 'text',
                'marital_status': 'text', 'marketing_consent': 'boolean',
            },
        },
        'customer_snapshots': {
            'key': ['customer_id', 'observed_on'],
            'required': [],
            'amount': 'balance',
            'columns': {
                'customer_id': 'key', 'observed_on': 'date', 'credit_score': 'number', 'estimated_salary': 'money',
                'balance': 'money', 'product_count': 'integer', 'has_credit_card': 'boolean', 'is_active': 'boolean',
                'property_count': 'integer',
            },
        },
        'product_holdings': {
            'key': ['holding_id'],
            'required': ['customer_id', 'product_code'],
            'ordered_dates': [['opened_on', 'closed_on']],
            'columns': {
                'holding_id': 'key', 'customer_id': 'key', 'product_code': 'text', 'opened_on': 'date',
                'closed_on': 'date',
            },
        },
        'interactions': {
            'key': ['interaction_id'],
            'required': ['customer_id', 'occurred_at'],
            'columns': {
                'interaction_id': 'key', 'customer_id': 'key', 'occurred_at': 'timestamp', 'channel': 'text',
                'direction': 'text',
            },
        },
        'transactions': {
            'key': ['transaction_id'],
            'required': ['customer_id', 'occurred_at', 'amount'],
            'amount': 'amount',
            'columns': {
                'transaction_id': 'key', 'customer_id': 'key', 'occurred_at': 'timestamp', 'amount': 'money',
                'product_code': 'text', 'order_id': 'key',
            },
        },
        'policies': {
            'key': ['policy_id'],
            'required': ['customer_id'],
            'amount': 'total_claim_amount',
            'ordered_dates': [['starts_on', 'ends_on']],
            'columns': {
                'policy_id': 'key', 'customer_id': 'key', 'vehicle_class': 'text', 'coverage': 'text',
                'renew_offer_type': 'text', 'employment_status': 'text', 'marital_status': 'text',
                'education': 'text', 'income': 'money', 'policy_count': 'integer', 'monthly_premium': 'money',
                'total_claim_amount': 'money', 'observed_clv': 'money', 'starts_on': 'date', 'ends_on': 'date',
                'is_renewed': 'boolean',
            },
        },
        'campaign_contacts': {
            'key': ['contact_id'],
            'required': ['campaign_code', 'customer_id', 'arm'],
            'alike_within': {'arm': ['campaign_code', 'customer_id']},
            'columns': {
                'contact_id': 'key', 'campaign_code': 'text', 'customer_id': 'key', 'arm': 'text',
                'contacted_on': 'date', 'is_retained': 'boolean',
            },
        },
    }) %}
{% endmacro %}


{#- The SQL type in which a value of this kind is stored. -#}
{% macro kind_type(kind) %}
    {% do return({
        'text': api.Column.translate_type('string'), 'key': api.Column.translate_type('string'), 'gender': api.Column.translate_type('string'),
        'city': api.Column.translate_type('string'), 'closed_reason': api.Column.translate_type('string'), 'integer': 'bigint', 'number': 'double',
        'money': 'decimal(18, 2)', 'date': 'date', 'timestamp': 'timestamp', 'boolean': 'boolean',
    }[kind]) %}
{% endmacro %}


{#- Select list of an entity in its canonical order, with its line accounting; `replaced` maps a column to the
    expression that conforms it in this layout. `has_others`: whether the relation has the columns that are not replaced;
    one staged for another entity has not, and they are null. -#}
{% macro canonical_columns(entity, replaced={}, has_others=true) -%}
    line_number,
    {%- for column, kind in entities()[entity]['columns'].items() %}
    {% if column in replaced or not has_others -%}
        cast({{ replaced.get(column, 'null') }} as {{ kind_type(kind) }}) as {% endif %}{{ column }},
    {%- endfor %}
    fault
{%- endmacro %}


{#- The staged relation of an entity, or of an input of its own, in the active layout; an empty typed one where the layout lacks the entity. -#}
{% macro staged(entity) -%}
    {%- if entity in supplied_entities() -%}
        {{ ref(staging_name(entity)) }}
    {%- else -%}
        ({{ empty_staged(entities()[entity]['columns']) }})
    {%- endif -%}
{%- endmacro %}


{% macro empty_staged(kinds) -%}
    select
        cast(null as bigint) as line_number,
        {%- for column, kind in kinds.items() %}
        cast(null as {{ kind_type(kind) }}) as {{ column }},
        {%- endfor %}
        cast(null as {{ kind_type('text') }}) as fault
    where 1 = 0
{%- endmacro %}


{#- The inputs of the active layout that are no canonical entity: only models made for that layout read them. -#}
{% macro own_inputs() %}
    {% do return(supplied_entities() | reject('in', entities()) | list) %}
{% endmacro %}


{#- What the active layout declares of an input (see raw_files.sql); nothing until the project is parsed. -#}
{% macro declared_input(input_name) %}
    {% if execute %}
        {#- a unit test has no graph -#}
        {% for node in own_nodes() if node.config.meta.get('raw', {}).get('entity') == input_name %}
            {% do return(node.config.meta['raw']) %}
        {% endfor %}
    {% endif %}
    {% do return({'kinds': {}}) %}
{% endmacro %}


{#- The column of an input whose sum is reconciled; a typed null where it has none. -#}
{% macro reconciled_amount(input_name) %}
    {% set declared = entities().get(input_name) or declared_input(input_name) %}
    {% do return(declared.get('amount') or 'cast(null as ' ~ kind_type('money') ~ ')') %}
{% endmacro %}


{#- The entities and own inputs of the active layout. Raises one sentence for a source_system that no layout declares. -#}
{% macro supplied_entities() %}
    {% set layouts = dict(var('layouts')) %}
    {% for layout, inputs in var('declarations').items() %}{% do layouts.update({layout: inputs.keys() | list}) %}{% endfor %}
    {% if var('source_system') not in layouts %}
        {% do exceptions.raise_compiler_error(
            "source_system '" ~ var('source_system') ~ "' is not a declared layout: expected one of "
            ~ layouts.keys() | join(', ') ~ "."
        ) %}
    {% endif %}
    {% do return(layouts[var('source_system')]) %}
{% endmacro %}
