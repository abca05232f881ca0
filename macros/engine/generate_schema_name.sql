{#- Schemas are named as written (staging, intermediate, marts, seeds); where the target's schema is not main, behind its name. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set prefix = '' if target.schema == 'main' else target.schema ~ '_' -%}
    {{ target.schema if custom_schema_name is none else prefix ~ custom_schema_name | trim }}
{%- endmacro %}
