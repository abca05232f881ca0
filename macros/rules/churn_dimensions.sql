{#- The dimensions that a churn cut may name (seeds/business_rules/churn_cuts.csv, own columns of the layout), with their text value. Unknown is a
    value like any other, so that every cut covers the whole portfolio. -#}
{% macro churn_dimensions() %}
    {% set text = kind_type('text') %}
    {% set dimensions = {
        'city': 'city',
        'gender': 'gender',
        'product_count': "coalesce(cast(product_count as " ~ text ~ "), 'unknown')",
        'property_count': "coalesce(cast(property_count as " ~ text ~ "), 'unknown')",
        'credit_score_band': "credit_score_band",
    } %}
    {% for flag in ['is_active', 'has_credit_card', 'has_known_balance'] %}
        {% do dimensions.update({
            flag: flag_text(flag)
        }) %}
    {% endfor %}
    {% for feature in own_features() if 'cube' in feature['uses'] %}
        {% set name = feature['feature_name'] %}
        {% do dimensions.update({
            name: {'flag': flag_text(name), 'text': name}.get(
                feature['feature_kind'], "coalesce(cast(" ~ name ~ " as " ~ text ~ "), 'unknown')"
            )
        }) %}
    {% endfor %}
    {% do return(dimensions) %}
{% endmacro %}


{#- A flag as text. -#}
{% macro flag_text(flag) -%}
    case when {{ flag }} then 'yes' when not {{ flag }} then 'no' else 'unknown' end
{%- endmacro %}
