select
    cut_value as gender,
    {{ churn_rate_columns() }}
from {{ ref('int_churn_rates_compared') }}
where cut_name = 'gender'
