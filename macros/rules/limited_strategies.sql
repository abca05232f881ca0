{#- Strategies that more customers may get than their capacity allows, with that capacity. -#}
{% macro limited_strategies(options) -%}
    select
        strategy_code,
        capacity_count
    from {{ options }}
    where blocked_by_code is null
    group by strategy_code, capacity_count
    having count(*) > capacity_count
{%- endmacro %}
