{#- True for the half of all customers in which effects are looked for; the other half confirms them. By a hash of the key,
    so that a customer's half depends on nothing else. -#}
{% macro is_in_discovery_half(key) -%}
    substr(md5({{ key }}), 1, 1) < '8'
{%- endmacro %}
