select
    cut_value as product_code,
    {{ churn_rate_columns() }}
from {{ ref('int_churn_rates_compared') }}
where cut_name = 'product_code'
