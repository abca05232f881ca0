{#- What scores and values may do with protected features, as text: false, true, or calibration of each group's probabilities. -#}
{% macro protected_attributes_use() %}
    {% set value = var('models_use_protected_attributes') %}
    {% if value is not boolean and value != 'calibration' %}
        {% do exceptions.raise_compiler_error(
            "Var models_use_protected_attributes is '" ~ value ~ "': expected true, false or calibration."
        ) %}
    {% endif %}
    {% do return(value | string | lower) %}
{% endmacro %}


{#- The feature set that scores and values learn from. -#}
{% macro score_feature_set() %}
    {% do return('all' if protected_attributes_use() == 'true' else 'without_protected') %}
{% endmacro %}


{#- A probability after its odds are multiplied by a factor; unchanged without a factor. -#}
{% macro odds_multiplied(probability, factor) -%}
    {{ probability }} * coalesce({{ factor }}, 1.0) / (1.0 - {{ probability }} + {{ probability }} * coalesce({{ factor }}, 1.0))
{%- endmacro %}
