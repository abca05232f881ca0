{#- What a strategy gains is linear in the save rate: the rate times kept_value, less the offers that retained_offers counts,
    contacts and set-up. The same holds for a customer, for all of a segment and for the mean of a tier: `churned` and
    `retained` are then a probability, a number of customers or a rate. -#}

{#- The value kept if every customer who would churn was saved; each of them takes the offer. -#}
{% macro kept_value(active_share, churned, value_at_risk, offer_cost) -%}
    {{ active_share }} * ({{ value_at_risk }} - {{ churned }} * {{ offer_cost }})
{%- endmacro %}


{#- The customers who would stay anyway and take the offer. -#}
{% macro retained_offers(active_share, retained, take_up_rate) -%}
    {{ active_share }} * {{ take_up_rate }} * {{ retained }}
{%- endmacro %}


{#- Current customers of a segment who may get a strategy: those whom nothing blocks, as int_strategy_economics_summed counts
    them. A strategy that is no option of theirs (of the bank's own house, or of a scheme that does not decide) blocks nobody. -#}
{% macro eligible_customers(economics, remaining_count) -%}
    coalesce({{ economics }}.eligible_count, {{ remaining_count }})
{%- endmacro %}


{#- Those of them whom the strategy reaches: as far as its capacity allows. -#}
{% macro reached_customers(eligible_count, capacity_count) -%}
    least({{ eligible_count }}, coalesce({{ capacity_count }}, {{ eligible_count }}))
{%- endmacro %}


{#- Whether a row of strategy_options is a strategy that the customer may get, or could get if there was a place or it was set up. -#}
{% macro may_be_contacted() -%}
    is_eligible or blocked_by_code in ('over_capacity', 'not_set_up')
{%- endmacro %}


{#- Whether the order of the schemes decides a customer's strategy, not the gain. -#}
{% macro is_chosen_by_order() %}
    {% do return(name_var('strategy_choice', ['expected_gain', 'order']) == 'order') %}
{% endmacro %}


{#- The place of a scheme among those whose segments propose strategies; null where its segments propose none. -#}
{% macro scheme_position(segment_scheme) -%}
    case {{ segment_scheme }}
        {%- for scheme in list_var('strategy_scheme_order', segment_schemes()) %}
        when {{ sql_literal(scheme) }} then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}


{#- A difference of shares that a test could find; null above 1, which no difference of shares can be. -#}
{% macro possible_share(effect) -%}
    case when {{ effect }} <= 1 then {{ effect }} end
{%- endmacro %}
