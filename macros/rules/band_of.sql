{#- The band of a value once its set's rows are left-joined as `bands`: unknown without a value, `outside bands` where no
    band holds it, so that nobody drops out of a cut. -#}
{% macro band_of(value, bands='bands') -%}
    case
        when {{ value }} is null then 'unknown'
        else coalesce({{ bands }}.band, 'outside bands')
    end
{%- endmacro %}
