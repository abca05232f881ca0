-- The date on which every measure stands: var as_of_date, else the latest date of anything that has happened in the
-- extract. Contract ends and the days of snapshots are left out because they may lie in the future, as the end of a month
-- that is not over does. Rows that are good by themselves count, so that nothing waits here for keys to be compared. Null
-- where the extract has no date.
{%- set dated = [
    ('int_customers_read', 'joined_on'), ('int_customers_read', 'closed_on'),
    ('int_product_holdings_read', 'opened_on'), ('int_product_holdings_read', 'closed_on'),
    ('int_interactions_read', 'occurred_at'), ('int_transactions_read', 'occurred_at'),
    ('int_campaign_contacts_read', 'contacted_on'),
] %}

with latest_dates as (
    {%- for model, column in dated %}
    select cast(max({{ column }}) as date) as latest_date from {{ ref(model) }}
    where broken_rule is null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select coalesce({{ date_var('as_of_date') }}, max(latest_date)) as as_of_date
from latest_dates
