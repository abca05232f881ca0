-- Customers of each half whose churn is known, in each window that tests read, bounded in number by their hash. What discovery
-- selects reads the discovery half alone; the confirmation half of the latest window tests portraits.
with {% for half, is_of_half in {'discovery': 'is_discovery', 'confirmation': 'not is_discovery'}.items() -%}
{{ half }} as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested and {{ is_of_half }} and is_churned is not null
    order by md5(customer_id), customer_id, window_number
    limit {{ number_var('sample_size') }}
),

{% endfor -%}
sampled as (
    select * from discovery
    union all
    select * from confirmation
)

select * from sampled
