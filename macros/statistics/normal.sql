{#- Two-sided p-value of a standard normal statistic: erfc(|z| / sqrt(2)), to double precision by W. J. Cody's rational
    Chebyshev approximations (Mathematics of Computation 23, 1969). `statistic` is a column name. -#}
{% macro normal_two_sided_p(statistic) -%}
    {%- set y = '(abs(' ~ statistic ~ ') / 1.4142135623730951)' -%}
    {%- set y2 = '(' ~ statistic ~ ' * ' ~ statistic ~ ' / 2.0)' -%}
    case
        -- both engines order NaN above every number, where it would pass for certainty
        when isnan({{ y }}) then null
        when {{ y }} <= 0.46875 then
            1.0 - {{ y }} * {{ horner(y2, [
                '0.185777706184603153', '3.16112374387056560', '113.864154151050156', '377.485237685302021',
                '3209.37758913846947']) }} / {{ horner(y2, [
                '1.0', '23.6012909523441209', '244.024637934444173', '1282.61652607737228', '2844.23683343917062']) }}
        when {{ y }} <= 4.0 then
            exp(-{{ y2 }}) * {{ horner(y, [
                '2.15311535474403846e-8', '0.564188496988670089', '8.88314979438837594', '66.1191906371416295',
                '298.635138197400131', '881.952221241769090', '1712.04761263407058', '2051.07837782607147',
                '1230.33935479799725']) }} / {{ horner(y, [
                '1.0', '15.7449261107098347', '117.693950891312499', '537.181101862009858', '1621.38957456669019',
                '3290.79923573345963', '4362.61909014324716', '3439.36767414372164', '1230.33935480374942']) }}
        -- beyond it the p-value is below the smallest double
        when {{ y }} > 27.2 then 0.0
        when {{ y }} > 4.0 then
            exp(-{{ y2 }}) / {{ y }} * (0.56418958354775628695 - {{ horner('(1.0 / ' ~ y2 ~ ')', [
                '0.0163153871373020978', '0.305326634961232344', '0.360344899949804439', '0.125781726111229246',
                '0.0160837851487422766', '0.000658749161529837803']) }} / {{ y2 }} / {{ horner('(1.0 / ' ~ y2 ~ ')', [
                '1.0', '2.56852019228982242', '1.87295284992346725', '0.527905102951428412', '0.0605183413124413191',
                '0.00233520497626869185']) }})
    end
{%- endmacro %}


{#- A polynomial by Horner's rule, the highest coefficient first. -#}
{% macro horner(x, coefficients) -%}
    {%- set expression = namespace(value=coefficients[0]) -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set expression.value = '(' ~ expression.value ~ ' * ' ~ x ~ ' + ' ~ coefficient ~ ')' -%}
    {%- endfor -%}
    {{ expression.value }}
{%- endmacro %}
