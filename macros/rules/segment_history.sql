{#- The schemes in which a customer has one segment, so that there is a history of moves between them; each with its column in
    int_segment_history_placed. Segments of the others overlap. -#}
{% macro exclusive_schemes() %}
    {% do return({'rule': 'rule_segment', 'rfm': 'rfm_segment', 'cluster': 'cluster_segment', 'clv_tier': 'clv_tier'}) %}
{% endmacro %}


{#- The days of the history at most: the prefix of each one's columns, and its month_number. -#}
{% macro history_days() %}
    {% set days = {} %}
    {% for number in range(number_var('history_months') | int) %}{% do days.update({'month_' ~ number: number}) %}{% endfor %}
    {% do return(days) %}
{% endmacro %}


{#- The columns that rules of scheme `rule` name; none before the seed is loaded. -#}
{% macro history_rule_columns() %}
    {% set rules = ref('segment_rules') %}
    {% if not execute or load_relation(rules) is none %}{% do return([]) %}{% endif %}
    {% do return(run_query(
        'select distinct column_name from ' ~ layout_rows('segment_rules') ~ " as rules where segment_scheme = 'rule' order by column_name"
    ).columns[0].values() | list) %}
{% endmacro %}


{#- Attributes of customers that have a history in customer_snapshots alone. -#}
{% macro remembered_attributes() %}
    {% do return(['balance', 'is_active', 'has_credit_card', 'property_count', 'credit_score', 'estimated_salary']) %}
{% endmacro %}


{#- The features that can be told on any day of the history, where the extract has them. -#}
{% macro history_features() %}
    {% do return(['age', 'tenure_years', 'product_count'] + remembered_attributes() + canonical_features()['texts']) %}
{% endmacro %}


{#- The display name of a segment, that of int_segments_named, where it has one; or of where a customer is who is in no segment of a
    scheme: at risk without one, or not at risk. -#}
{% macro segment_or_state_name(code, name) -%}
    coalesce({{ name }}, case {{ code }}
        when 'none' then 'No segment'
        when 'not_yet' then 'Not a customer yet'
        when 'churned' then 'Churned'
        when 'ended' then 'Ended by death or by the bank'
    end, {{ code }})
{%- endmacro %}


{#- cut_name and cut_value of the rows of a relation that are shut (is_shut), and of the smallest other one of a cut where those
    that are shut have fewer customers together (customers_count) than may be told. -#}
{% macro withheld_with_companions(relation) -%}
    select
        cut_name,
        cut_value
    from (
        select
            cut_name,
            cut_value,
            is_shut,
            coalesce(sum(case when is_shut then customers_count end) over (partition by cut_name), 0) as shut_count,
            row_number() over (partition by cut_name, is_shut order by customers_count, cut_value) as position
        from {{ relation }}
    ) as judged
    where is_shut or position = 1 and shut_count between 1 and {{ number_var('minimum_cell_size') }} - 1
{%- endmacro %}
