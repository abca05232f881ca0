-- The date on which every measure stands: var as_of_date, else the latest date of anything that has happened in the
-- extract. Contract ends are left out because they may lie in the future. Null where the extract has no date.
{%- set dated = [
    ('int_customers_conformed', 'joined_on'), ('int_customers_conformed', 'closed_on'),
    ('int_product_holdings_conformed', 'opened_on'), ('int_product_holdings_conformed', 'closed_on'),
    ('int_interactions_conformed', 'occurred_at'), ('int_transactions_conformed', 'occurred_at'),
    ('int_campaign_contacts_conformed', 'contacted_on'),
] %}

with latest_dates as (
    {%- for model, column in dated %}
    select cast(max({{ column }}) as date) as latest_date from {{ ref(model) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select coalesce({{ date_var('as_of_date') }}, max(latest_date)) as as_of_date
from latest_dates
