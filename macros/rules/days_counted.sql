{#- What had happened by each of several days, side by side: events are read once, and a customer is one row however many days there
    are. `days` is a dict from a prefix of columns to the value by which a row of the relation of days is known. -#}


{#- The days in one row: columns of a relation of days, under the prefix of each day, and last_observed_on. -#}
{% macro days_in_one_row(relation, day_column, days, columns=['observed_on']) -%}
    select
        {%- for prefix, value in days.items() %}
        {%- for column in columns %}
        max({{ column }}) filter (where {{ day_column }} = {{ value }}) as {{ prefix }}_{{ column }},
        {%- endfor %}
        {%- endfor %}
        max(observed_on) as last_observed_on
    from {{ relation }}
{%- endmacro %}


{#- What is counted of the relations `contacts` and `purchases`, joined to `spans` (the days in one row): column -> aggregate and
    condition. -#}
{% macro day_counts() %}
    {% set by_then, lately = '{date} <= spans.{day}_observed_on', '{date} between spans.{day}_lookback_starts_on and spans.{day}_observed_on' %}
    {% set contacted, contacted_lately = by_then | replace('{date}', 'contacts.contacted_on'), lately | replace('{date}', 'contacts.contacted_on') %}
    {% set purchased, purchased_lately = by_then | replace('{date}', 'purchases.purchased_on'), lately | replace('{date}', 'purchases.purchased_on') %}
    {% set counts = {
        'last_contact_on': ('max(contacts.contacted_on)', contacted),
        'contact_count': ('count(*)', contacted),
        'recent_contact_count': ('count(*)', contacted_lately),
        'last_purchase_on': ('max(purchases.purchased_on)', 'purchases.order_count > 0 and ' ~ purchased),
        'purchase_day_count': ('count(*)', 'purchases.order_count > 0 and ' ~ purchased),
        'purchase_count': ('sum(purchases.order_count)', purchased),
        'purchase_amount': ('sum(purchases.day_amount)', purchased),
        'recent_purchase_count': ('sum(purchases.order_count)', purchased_lately),
        'recent_purchase_amount': ('sum(purchases.day_amount)', purchased_lately),
    } %}
    {% for feature in own_features() if feature['entity'] == 'transactions' %}
        {% do counts.update({feature['feature_name']: ('sum(purchases.' ~ feature['column'] ~ ')', purchased_lately)}) %}
    {% endfor %}
    {% do return(counts) %}
{% endmacro %}


{#- These counts for each day, as columns of a select that groups by customer; it begins with a comma. -#}
{% macro counted_by_day(days, columns) -%}
    {%- for day in days %}
    {%- for column in columns %}
    {%- set aggregate, condition = day_counts()[column] %},
        {{ aggregate }} filter (where {{ condition | replace('{day}', day) }}) as {{ day }}_{{ column }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}


{#- The number of products that a customer held on each day: the CTEs `products` and `held`, from the CTE `spans`. -#}
{% macro products_held_by_day(days) -%}
products as (
    select
        holdings.customer_id,
        holdings.product_code
        {%- for day in days %},
        bool_or(
            coalesce(holdings.opened_on <= spans.{{ day }}_observed_on, true)
            and coalesce(holdings.closed_on > spans.{{ day }}_observed_on, true)
        ) as {{ day }}_is_held
        {%- endfor %}
    from {{ ref('int_product_holdings_conformed') }} as holdings
    cross join spans
    group by holdings.customer_id, holdings.product_code
),

held as (
    select
        customer_id
        {%- for day in days %},
        count(*) filter (where {{ day }}_is_held) as {{ day }}_product_count
        {%- endfor %}
    from products
    group by customer_id
)
{%- endmacro %}


{#- The value of a column on the day of the row; `kind` is its type where there are no days. -#}
{% macro value_on_day(relation, column, day_column, days, kind='number') -%}
    {%- if days -%}
    case {{ day_column }}
            {%- for prefix, value in days.items() %}
            when {{ value }} then {{ relation }}.{{ prefix }}_{{ column }}
            {%- endfor %}
        end
    {%- else -%}
    cast(null as {{ kind_type(kind) }})
    {%- endif %}
{%- endmacro %}


{#- Age on a day: by the date of birth, else by the age on the as-of date, some days later. -#}
{% macro age_on_day(birth_date, age, day, days_ago) -%}
    coalesce({{ completed_years(birth_date, day) }}, {{ age }} - cast(round({{ days_ago }} / 365.25) as bigint), {{ age }})
{%- endmacro %}


{% macro tenure_on_day(joined_on, day) -%}
    cast({{ dbt.datediff(joined_on, day, 'day') }} as double) / 365.25
{%- endmacro %}
