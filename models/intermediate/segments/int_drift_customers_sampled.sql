-- Customers of the day on which the latest outcome window opened, and current customers, with features, exclusive segments, churn
-- score and value of the day: of each day at most var sample_size, by the hash of the key. Scores of both days are those of the models
-- in use, each customer's by a model that has not seen the customer.
with observations as (
    select
        *,
        row_number() over (partition by churn_basis order by md5(customer_id), customer_id) as position
    from {{ ref('int_churn_observations') }}
    where churn_basis = 'window' and is_rated or churn_basis = 'current'
),

sampled as (
    select * from observations
    where position <= {{ number_var('sample_size') }}
),

memberships as (
    select
        customer_id,
        churn_basis,
        {%- for scheme in exclusive_schemes() %}
        max(segment_code) filter (where segment_scheme = '{{ scheme }}') as {{ scheme }}_segment
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_segment_memberships') }}
    where (churn_basis = 'window' and is_rated or churn_basis = 'current') and segment_rank = 1
    group by customer_id, churn_basis
),

scored as (
    select * from {{ ref('int_churn_scored') }}
),

valued as (
    select
        customer_id,
        'current' as churn_basis,
        clv_amount
    from {{ ref('int_clv_customers_valued') }}
    union all
    select
        customer_id,
        churn_basis,
        clv_amount
    from {{ ref('int_clv_values_observed') }}
    where churn_basis = 'window'
),

described as (
    select
        sampled.customer_id,
        sampled.churn_basis,
        sampled.observed_on,
        {%- for column in customer_features()['numbers'] + event_features() %}
        cast(sampled.{{ column }} as double) as {{ column }},
        {%- endfor %}
        {%- for column, value in customer_feature_texts().items() %}
        {{ value }} as {{ column }},
        {%- endfor %}
        memberships.rule_segment,
        memberships.rfm_segment,
        memberships.cluster_segment,
        memberships.clv_tier_segment,
        scored.churn_probability,
        cast(valued.clv_amount as double) as clv_amount
    from sampled
    left join memberships
        on sampled.customer_id = memberships.customer_id and sampled.churn_basis = memberships.churn_basis
    left join scored on sampled.customer_id = scored.customer_id and sampled.churn_basis = scored.churn_basis
    left join valued on sampled.customer_id = valued.customer_id and sampled.churn_basis = valued.churn_basis
)

select * from described
