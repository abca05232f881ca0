{#- The numbers of the outcome windows, from the latest back. -#}
{% macro churn_windows() %}
    {% do return([1, 2, 3]) %}
{% endmacro %}


{#- What every mart of churn says of its period: the basis, the first day of the outcome window, and its length. -#}
{% macro churn_period_columns(relation=none) -%}
    {%- for column in ['churn_basis', 'observed_on', 'window_days'] %}
    {{ relation ~ '.' if relation }}{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- How a sentence says that customers churned: within the window, or at all where churn is a flag without dates. -#}
{% macro churned_text(window_days='window_days') -%}
    case
        when {{ window_days }} is null then 'churned'
        else 'churned within ' || {{ whole_text(window_days) }} || ' days'
    end
{%- endmacro %}


{#- Above this share of churned customers without a date, churn is a flag on a snapshot. -#}
{% macro maximum_undated_share() %}
    {% do return(0.05) %}
{% endmacro %}
