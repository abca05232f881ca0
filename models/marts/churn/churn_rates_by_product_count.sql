select
    -- unknown is a row without a number
    try_cast(cut_value as bigint) as product_count,
    {{ churn_rate_columns() }}
from {{ ref('int_churn_rates_compared') }}
where cut_name = 'product_count'
