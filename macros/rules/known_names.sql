{#- The names that a column of a seed may have, of each kind: those that models read, the layout's own among them. -#}
{% macro known_names(kind) %}
    {% set features = customer_features().values() | sum(start=[]) %}
    {% do return({
        'rule columns': features,
        'features': features + event_features(),
        'eligibility columns': features + ['product_code', 'contact_recency_days', 'recent_contact_count'],
        'measures': hypothesis_measures().keys() | list,
        'groups': hypothesis_groups().keys() | list,
        'rule owners': ['any', 'examples'] + var('layouts').keys() | list + var('declarations').keys() | list,
        'dimensions': ['age_band'] + churn_dimensions().keys() | list,
    }[kind]) %}
{% endmacro %}
