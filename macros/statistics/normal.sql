{#- Two-sided p-value of a standard normal z: the complementary error function by Abramowitz and Stegun (1964), formula 7.1.26,
    whose absolute error is below 1.5e-7. -#}
{% macro normal_p_value(z) -%}
    {%- set x = '(abs(' ~ z ~ ') / sqrt(2.0))' %}
    {%- set t = '(1.0 / (1.0 + cast(0.3275911 as double) * ' ~ x ~ '))' %}
    {%- set sum = namespace(sql='cast(1.061405429 as double)') %}
    {%- for coefficient in ['-1.453152027', '1.421413741', '-0.284496736', '0.254829592'] %}
        {%- set sum.sql = 'cast(' ~ coefficient ~ ' as double) + ' ~ t ~ ' * (' ~ sum.sql ~ ')' %}
    {%- endfor %}
    least(1.0, {{ t }} * ({{ sum.sql }}) * exp(-{{ x }} * {{ x }}))
{%- endmacro %}
