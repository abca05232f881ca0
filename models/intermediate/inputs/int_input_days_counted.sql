-- The days on which something happened, by the column that has them. Contract ends and the days of snapshots are left out
-- because they may lie in the future, as the end of a month that is not over does. Rows that can be read count, so that the
-- as-of date does not wait for keys to be compared.
{%- set dated = [
    ('customers', 'joined_on'), ('customers', 'closed_on'), ('product_holdings', 'opened_on'),
    ('product_holdings', 'closed_on'), ('interactions', 'occurred_at'), ('transactions', 'occurred_at'),
    ('campaign_contacts', 'contacted_on'),
] %}

{%- for entity_name, column in dated %}
select
    '{{ entity_name }}' as entity_name,
    '{{ column }}' as column_name,
    cast({{ column }} as date) as happened_on,
    count(*) as value_count
from {{ staged(entity_name) }} as staged_rows
where fault is null and {{ column }} >= {{ dates_list_var('date_range')[0] }} and {{ column }} < {{ dates_list_var('date_range')[1] }}
group by cast({{ column }} as date)
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
