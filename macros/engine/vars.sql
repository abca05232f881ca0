{#- Vars that stand in SQL without quotes are checked first: a number is a number and a date a date. Each raises one
    sentence that names the var and what was expected. No number among the vars may be negative. None of these calls setting_fault:
    what a mart reads of the settings is what the macros that it calls name (publishing/lineage.py), and that one names all. -#}
{% macro number_var(name) %}
    {% set value = var(name) %}
    {% if value is not number or value is boolean or value < 0 %}
        {% do exceptions.raise_compiler_error("Var " ~ name ~ " is '" ~ value ~ "': expected a number from 0.") %}
    {% endif %}
    {% do return(value) %}
{% endmacro %}


{#- A date literal; null where the var is null. -#}
{% macro date_var(name) %}
    {% set value = var(name) %}
    {% if value is none %}{% do return('cast(null as date)') %}{% endif %}
    {% if not is_date_text(value) %}
        {% do exceptions.raise_compiler_error(
            "Var " ~ name ~ " is '" ~ value ~ "': expected a date as YYYY-MM-DD."
        ) %}
    {% endif %}
    {% do return("cast(" ~ sql_literal(value) ~ " as date)") %}
{% endmacro %}


{#- Whether a value reads as a day of the calendar, written YYYY-MM-DD. -#}
{% macro is_date_text(value) %}
    {% if not modules.re.fullmatch('\\d{4}-\\d{2}-\\d{2}', value | string, modules.re.ASCII) %}{% do return(false) %}{% endif %}
    {% set parts = (value | string).split('-') | map('int') | list %}
    {% set is_leap = parts[0] % 4 == 0 and parts[0] % 100 != 0 or parts[0] % 400 == 0 %}
    {% set month_lengths = [31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] %}
    {% do return(parts[0] > 0 and 1 <= parts[1] <= 12 and 1 <= parts[2] <= month_lengths[parts[1] - 1]) %}
{% endmacro %}


{#- A list of date literals. -#}
{% macro dates_list_var(name) %}
    {% set literals = [] %}
    {% for value in list_var(name) %}
        {% if not is_date_text(value) %}
            {% do exceptions.raise_compiler_error("Var " ~ name ~ " has '" ~ value ~ "': expected dates as YYYY-MM-DD.") %}
        {% endif %}
        {% do literals.append("cast(" ~ sql_literal(value) ~ " as date)") %}
    {% endfor %}
    {% do return(literals) %}
{% endmacro %}


{#- A list of names; each of them one of `allowed`, where that is given. -#}
{% macro list_var(name, allowed=none) %}
    {% set values = var(name) %}
    {% if values is string or values is not sequence %}
        {% do exceptions.raise_compiler_error("Var " ~ name ~ " is '" ~ values ~ "': expected a list.") %}
    {% endif %}
    {% for value in values if allowed is not none and value not in allowed %}
        {% do exceptions.raise_compiler_error(
            "Var " ~ name ~ " has '" ~ value ~ "': expected names among " ~ allowed | join(', ') ~ "."
        ) %}
    {% endfor %}
    {% do return(values) %}
{% endmacro %}


{#- A list of numbers of days, each above 0. -#}
{% macro days_list_var(name) %}
    {% for value in list_var(name) if value is not integer or value is boolean or value <= 0 %}
        {% do exceptions.raise_compiler_error(
            "Var " ~ name ~ " has '" ~ value ~ "': expected whole numbers of days from 1."
        ) %}
    {% endfor %}
    {% do return(var(name)) %}
{% endmacro %}


{#- A name that is one of `allowed`. -#}
{% macro name_var(name, allowed) %}
    {% if var(name) not in allowed %}
        {% do exceptions.raise_compiler_error(
            "Var " ~ name ~ " is '" ~ var(name) ~ "': expected one of " ~ allowed | join(', ') ~ "."
        ) %}
    {% endif %}
    {% do return(var(name)) %}
{% endmacro %}
