{#- A list of the quantiles of a column at the given probabilities, interpolated (Hyndman and Fan's type 7). -#}
{% macro quantiles(value, probabilities) -%}
    {{ return(adapter.dispatch('quantiles')(value, probabilities)) }}
{%- endmacro %}

{% macro duckdb__quantiles(value, probabilities) -%}
    quantile_cont({{ value }}, [{{ probabilities | join(', ') }}])
{%- endmacro %}

{% macro spark__quantiles(value, probabilities) -%}
    percentile({{ value }}, array({{ probabilities | join(', ') }}))
{%- endmacro %}
