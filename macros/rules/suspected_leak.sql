{#- True for a feature that the seed lists as made of or dated after the outcome, or that tells leavers too well alone. -#}
{% macro is_suspected_leak() -%}
    (features.is_suspected_leak or coalesce(tested.feature_auc > {{ number_var('leak_auc') }}, false))
{%- endmacro %}
