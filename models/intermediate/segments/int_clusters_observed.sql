-- The cluster of every observation that has an outcome, on the day of the observation, by the clusters of the as-of date.
with rfm as (
    select * from {{ ref('int_rfm_observed') }}
    where rfm_scheme in (select chosen.rfm_scheme from {{ ref('int_rfm_scheme_chosen') }} as chosen)
),

features as (
    select
        customer_id,
        churn_basis,
        window_number,
        observed_on,
        is_rated,
        is_churned,
        {{ signed_log('recency_days') }} as recency,
        {{ signed_log('frequency_count') }} as frequency,
        {{ signed_log('monetary_amount') }} as monetary
    from rfm
),

matched as (
    select * from {{ ref('int_clusters_matched') }}
),

structure as (
    select count(*) > 0 as has_clusters from matched
),

{{ cluster_assignment('features', ['customer_id', 'churn_basis', 'window_number', 'observed_on', 'is_rated', 'is_churned']) }},

observed as (
    select
        assigned.customer_id,
        assigned.churn_basis,
        assigned.window_number,
        assigned.observed_on,
        assigned.is_rated,
        assigned.is_churned,
        case
            when matched.cluster_code is not null then matched.cluster_code
            when structure.has_clusters then 'never_in_touch'
            else 'unclustered'
        end as cluster_code
    from assigned
    cross join structure
    left join matched on assigned.cluster_number = matched.cluster_number
)

select * from observed
