-- Every customer with the segments (none on days without risk) and the value of all days of the history side by side, so that no
-- two days are joined. A table, because each pair of days reads it.
{%- set days = history_days() %}

with placed as (
    select * from {{ ref('int_segment_history_placed') }}
),

histories as (
    select
        customer_id,
        min(first_started_on) as first_started_on,
        bool_or(ends_otherwise) as ends_otherwise
        {%- for day, number in days.items() %},
        max(segment_codes) filter (where month_number = {{ number }}) as {{ day }}_segment_codes,
        max(clv_amount) filter (where month_number = {{ number }}) as {{ day }}_clv_amount
        {%- endfor %}
    from placed
    group by customer_id
)

select * from histories
