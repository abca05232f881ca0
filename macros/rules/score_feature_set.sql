{#- What scores and values may do with protected features, as text: false, true, or calibration of each group's probabilities. -#}
{% macro protected_attributes_use() %}
    {% do return(var('models_use_protected_attributes') | string | lower) %}
{% endmacro %}


{#- The feature set that scores and values learn from. -#}
{% macro score_feature_set() %}
    {% do return('all' if protected_attributes_use() == 'true' else 'without_protected') %}
{% endmacro %}


{#- A probability after its odds are multiplied by a factor; unchanged without a factor. -#}
{% macro odds_multiplied(probability, factor) -%}
    {{ probability }} * coalesce({{ factor }}, 1.0) / (1.0 - {{ probability }} + {{ probability }} * coalesce({{ factor }}, 1.0))
{%- endmacro %}
