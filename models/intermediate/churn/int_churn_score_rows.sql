-- The observations that churn scores learn from and those that they are for. Models learn from the windows that tests read (from
-- the second alone, to be measured out of time), or from the snapshot, and score current customers. A fold has all
-- rows of a customer.
{#- more rows make models hardly better, and take longer -#}
{%- set maximum_rows = 100000 %}
{%- set fold_count = 5 %}

with observations as (
    select * from {{ ref('int_churn_observations') }}
    where churn_basis <> 'former'
),

churned as (
    select * from {{ ref('int_customers_churned') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age' and band_set = {{ sql_literal(var('standardisation_age_band_set')) }}
),

snapshot as (
    select count(*) > 0 as is_snapshot from {{ ref('int_churn_days') }}
    where churn_basis = 'snapshot'
),

-- on a snapshot all customers are scored on the day of the outcome
needed as (
    select observations.*
    from observations
    cross join snapshot
    where observations.churn_basis = case when snapshot.is_snapshot then 'snapshot' else observations.churn_basis end
),

-- the customers of the sample depend on their keys alone, never on the order of rows
sample_keys as (
    select md5(customer_id) as key_hash
    from needed
    where is_tested and is_churned is not null
    order by md5(customer_id)
    limit {{ maximum_rows }}
),

sample_ends as (
    select max(key_hash) as last_key_hash from sample_keys
),

sampled as (
    select
        needed.*,
        -- on a snapshot without outcome and on the as-of date the outcome is to come
        needed.is_churned is not null and md5(needed.customer_id) <= sample_ends.last_key_hash as is_sampled,
        -- the score to show: today's, or at the opening of the window that of a customer who has churned since
        needed.churn_basis <> 'window' or needed.is_rated and coalesce(needed.is_churned, false) and not churned.is_current
            as is_latest,
        needed.churn_basis = 'snapshot' as is_descriptive_only
    from needed
    inner join churned on needed.customer_id = churned.customer_id
    cross join sample_ends
),

-- from fewer outcomes a model would learn noise, so nobody is scored
outcomes as (
    select
        least(
            count(*) filter (where is_tested and is_sampled and is_churned),
            count(*) filter (where is_tested and is_sampled and not is_churned)
        ) >= {{ number_var('minimum_outcomes') }} as are_enough
    from sampled
),

-- the cells whose rate is a baseline
described as (
    select
        sampled.*,
        {{ concat_present(['sampled.product_count', 'sampled.city'], ' x ') }} as cell,
        {{ concat_present([
            'sampled.product_count', 'sampled.city', band_of('sampled.age', 'age_bands'), 'sampled.gender'
        ], ' x ') }} as protected_cell,
        {{ hash_bucket('sampled.customer_id', fold_count) }} as fold_number
    from sampled
    cross join outcomes
    left join age_bands on {{ is_within('sampled.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
    where outcomes.are_enough
)

select * from described
