{% set raw = cdnow_file() %}
{{ config(meta={'raw': raw}, enabled=var('source_system') == 'cdnow') }}

with raw_transactions as (
    {{ stage(raw) }}
)

-- the file has no key, and equal lines are purchases of their own
select {{ canonical_columns('transactions', {'transaction_id': whole_text('line_number')}) }}
from raw_transactions
