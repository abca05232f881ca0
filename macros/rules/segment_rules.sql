{#- The ways of segmenting customers on which strategies may hang. -#}
{% macro segment_schemes() %}
    {% do return(['rule', 'rfm', 'cluster', 'churn', 'clv_tier', 'study']) %}
{% endmacro %}


{#- What is known of a customer as int_customers_described has it: the features among which churn is studied (seed
    churn_features) and which a segment rule may name. Numbers have bounds, texts a value, flags the value yes or no. -#}
{% macro customer_features() %}
    {% do return({
        'numbers': [
            'age', 'product_count', 'property_count', 'tenure_years', 'credit_score', 'balance', 'estimated_salary',
            'recency_days', 'frequency_count',
        ],
        'texts': ['city', 'gender', 'education', 'job', 'marital_status'],
        'flags': ['is_active', 'has_credit_card', 'has_known_balance', 'has_marketing_consent'],
    }) %}
{% endmacro %}


{#- The SQL of each feature that is not a number, as text; `unknown` where nobody knows. -#}
{% macro customer_feature_texts() %}
    {% set texts = {} %}
    {% for column in customer_features()['texts'] %}{% do texts.update({column: column}) %}{% endfor %}
    {% for flag in customer_features()['flags'] %}{% do texts.update({flag: flag_text(flag)}) %}{% endfor %}
    {% do return(texts) %}
{% endmacro %}


{#- One row per customer and segment whose rules the customer meets all. `rules` has the shape of segment_rules; a rule on
    a column is met only where the customer's value is known. A few segments are compared with each customer side by
    side, so the cost is linear in customers. -#}
{% macro evaluate_segment_rules(customers, rules) -%}
    {%- set columns = {'numbers': customer_features()['numbers'], 'texts': customer_feature_texts()} -%}
    select
        customers.customer_id,
        segments.segment_scheme,
        segments.segment_code
    from (
        select
            customer_id,
            {{ columns['numbers'] | join(', ') }}
            {%- for column, value in columns['texts'].items() %},
            {{ value }} as {{ column }}
            {%- endfor %}
        from {{ customers }}
    ) as customers
    inner join (
        select
            segment_scheme,
            segment_code
            {%- for column in columns['numbers'] %},
            max(case when column_name = '{{ column }}' then lower_bound end) as {{ column }}_lower,
            max(case when column_name = '{{ column }}' then upper_bound end) as {{ column }}_upper,
            count(*) filter (where column_name = '{{ column }}') as {{ column }}_rules
            {%- endfor %}
            {%- for column in columns['texts'] %},
            max(case when column_name = '{{ column }}' then value end) as {{ column }}_value
            {%- endfor %}
        from {{ rules }}
        group by segment_scheme, segment_code
    ) as segments
        on
            {%- for column in columns['numbers'] %}
            {{ 'and ' if not loop.first }}(
                {{ column }}_rules = 0
                or customers.{{ column }} is not null
                and {{ is_within('customers.' ~ column, column ~ '_lower', column ~ '_upper') }}
            )
            {%- endfor %}
            {%- for column in columns['texts'] %}
            and ({{ column }}_value is null or customers.{{ column }} = {{ column }}_value)
            {%- endfor %}
{%- endmacro %}
