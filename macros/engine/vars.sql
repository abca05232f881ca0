{#- Vars that stand in SQL without quotes are checked first: a number is a number and a date a date. Each raises one
    sentence that names the var and what was expected. -#}
{% macro number_var(name) %}
    {% set value = var(name) %}
    {% if value is not number or value is boolean %}
        {% do exceptions.raise_compiler_error("Var " ~ name ~ " is '" ~ value ~ "': expected a number.") %}
    {% endif %}
    {% do return(value) %}
{% endmacro %}


{#- A date literal; null where the var is null. -#}
{% macro date_var(name) %}
    {% set value = var(name) %}
    {% if value is none %}{% do return('cast(null as date)') %}{% endif %}
    {% if not modules.re.fullmatch('\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])', value | string) %}
        {% do exceptions.raise_compiler_error(
            "Var " ~ name ~ " is '" ~ value ~ "': expected a date as YYYY-MM-DD."
        ) %}
    {% endif %}
    {% do return("cast(" ~ sql_literal(value) ~ " as date)") %}
{% endmacro %}
