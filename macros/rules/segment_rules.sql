{#- The ways of segmenting customers on which strategies may hang. -#}
{% macro segment_schemes() %}
    {% do return(['rule', 'rfm', 'cluster', 'churn', 'clv_tier', 'study', 'data_quality']) %}
{% endmacro %}


{#- What keeps a customer from a strategy; of several codes the first counts. -#}
{% macro eligibility_codes() %}
    {% do return([
        'protected_attribute', 'churned', 'no_consent', 'holds_product', 'contacted_lately', 'unsuitable', 'unknown',
    ]) %}
{% endmacro %}

{#- What keeps a customer from a campaign: besides, what no campaign may do. -#}
{% macro audience_codes() %}
    {% do return(eligibility_codes() + ['global_holdout', 'contact_rule']) %}
{% endmacro %}


{#- What is known of a customer as int_churn_observations has it: the features among which churn is studied
    (int_features_catalogued) and which a segment rule may name, the layout's own among them. Numbers have bounds, texts a
    value, flags the value yes or no. -#}
{% macro customer_features() %}
    {% set features = canonical_features() %}
    {% for kinds, kind in {'numbers': 'number', 'texts': 'text', 'flags': 'flag'}.items() %}
        {% do features[kinds].extend(own_feature_names([kind])) %}
    {% endfor %}
    {% do return(features) %}
{% endmacro %}

{% macro canonical_features() %}
    {% do return({
        'numbers': [
            'age', 'product_count', 'property_count', 'tenure_years', 'credit_score', 'balance', 'estimated_salary',
            'recency_days', 'frequency_count',
        ],
        'texts': ['city', 'gender', 'education', 'job', 'marital_status'],
        'flags': ['is_active', 'has_credit_card', 'has_known_balance', 'has_marketing_consent'],
    }) %}
{% endmacro %}


{#- What churn scores read of events besides: counted in the look-back before the observation. -#}
{% macro event_features() %}
    {% do return([
        'recent_contact_count', 'contact_recency_days', 'recent_purchase_count', 'purchase_recency_days', 'recent_purchase_amount',
    ]) %}
{% endmacro %}


{#- The SQL of each feature that is not a number, as text; `unknown` where the value is not known. -#}
{% macro customer_feature_texts() %}
    {% set texts = {} %}
    {% for column in customer_features()['texts'] %}{% do texts.update({column: column}) %}{% endfor %}
    {% for flag in customer_features()['flags'] %}{% do texts.update({flag: flag_text(flag)}) %}{% endfor %}
    {% do return(texts) %}
{% endmacro %}


{#- One row per row of `customers` and segment whose rules it meets all; `columns` are those that are carried along. `rules`
    has the shape of segment_rules; a rule on a column is met only where the customer's value is known. A few segments are
    compared with each customer side by side, so the cost is linear in customers. Rows that meet the rules of no segment are
    left out, or have null where `keeps_all`. `named` are all columns that rules name, where that is known and customers have no
    others. -#}
{% macro evaluate_segment_rules(customers, rules, columns, keeps_all=false, named=none) -%}
    {%- set features = {'numbers': customer_features()['numbers'], 'texts': customer_feature_texts()} -%}
    {%- if named is not none %}
        {%- set texts = {} %}
        {%- for column in named if column in features['texts'] %}{% do texts.update({column: features['texts'][column]}) %}{% endfor %}
        {%- set features = {'numbers': features['numbers'] | select('in', named) | list, 'texts': texts} %}
    {%- endif %}
    select
        {%- for column in columns %}
        customers.{{ column }},
        {%- endfor %}
        segments.segment_scheme,
        segments.segment_code
    from (
        select
            {{ (columns | reject('in', features['numbers']) | list + features['numbers']) | join(', ') }}
            {%- for column, value in features['texts'].items() %},
            {{ value }} as {{ column }}
            {%- endfor %}
        from {{ customers }}
    ) as customers
    {{ 'left' if keeps_all else 'inner' }} join (
        select
            segment_scheme,
            segment_code
            {%- for column in features['numbers'] %},
            max(case when column_name = '{{ column }}' then lower_bound end) as {{ column }}_lower,
            max(case when column_name = '{{ column }}' then upper_bound end) as {{ column }}_upper,
            count(*) filter (where column_name = '{{ column }}') as {{ column }}_rules
            {%- endfor %}
            {%- for column in features['texts'] %},
            max(case when column_name = '{{ column }}' then value end) as {{ column }}_value
            {%- endfor %}
        from {{ rules }}
        group by segment_scheme, segment_code
    ) as segments
        on
            true
            {%- for column in features['numbers'] %}
            and (
                {{ column }}_rules = 0
                or customers.{{ column }} is not null
                and {{ is_within('customers.' ~ column, column ~ '_lower', column ~ '_upper') }}
            )
            {%- endfor %}
            {%- for column in features['texts'] %}
            and ({{ column }}_value is null or customers.{{ column }} = {{ column }}_value)
            {%- endfor %}
{%- endmacro %}
