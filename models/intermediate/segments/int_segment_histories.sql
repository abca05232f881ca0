-- Every customer with the segments, the value, and whether at risk, of all days of the history side by side, so that no two days are
-- joined. A table, because each pair of days reads it.
{%- set numbers = range(number_var('history_months') | int) %}

with placed as (
    select * from {{ ref('int_segment_history_placed') }}
),

histories as (
    select
        customer_id,
        min(first_started_on) as first_started_on,
        bool_or(ends_otherwise) as ends_otherwise
        {%- for number in numbers %},
        bool_or(month_number = {{ number }}) as is_at_risk_{{ number }},
        max(clv_amount) filter (where month_number = {{ number }}) as clv_amount_{{ number }}
        {%- for scheme, column in history_schemes().items() %},
        max({{ column }}) filter (where month_number = {{ number }}) as {{ scheme }}_{{ number }}
        {%- endfor %}
        {%- endfor %}
    from placed
    group by customer_id
)

select * from histories
