select
    age_band_set,
    cut_value as age_band,
    {{ churn_rate_columns() }}
from {{ ref('int_churn_rates_compared') }}
where cut_name like 'age_band%' and cut_count = 1
