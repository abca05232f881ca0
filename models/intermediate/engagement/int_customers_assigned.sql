-- The cluster of every customer, as scikit-learn's predict would say, from the table of parameters: a customer belongs
-- where the score is highest (of k-means: to the nearest centroid; of a mixture: to the most probable component). Where
-- money is not known, the other measures decide alone. Whoever was never in touch has no cluster.
with features as (
    select * from {{ ref('int_cluster_features_built') }}
),

parameters as (
    select
        {{ cluster_parameter_columns() }}
    from {{ ref('int_cluster_parameters') }}
),

measured as (
    select
        customer_id,
        method_code
        {%- for number in cluster_numbers() %},
        {{ by_cluster_pattern({
            'all': half_cluster_distance('all', number),
            'without_monetary': half_cluster_distance('without_monetary', number),
        }) }} as half_distance_{{ number }},
        {{ by_cluster_pattern({
            'all': 'all_' ~ number ~ '_offset',
            'without_monetary': 'without_monetary_' ~ number ~ '_offset',
        }) }} as offset_{{ number }}
        {%- endfor %}
    from features
    cross join parameters
),

scored as (
    select
        *,
        greatest(
            {%- for number in cluster_numbers() %}
            offset_{{ number }} - half_distance_{{ number }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as best_score
    from measured
),

placed as (
    select
        *,
        case
            {%- for number in cluster_numbers() %}
            when offset_{{ number }} - half_distance_{{ number }} = best_score then {{ number }}
            {%- endfor %}
        end as cluster_number
    from scored
),

compared as (
    select
        customer_id,
        method_code,
        cluster_number,
        best_score,
        greatest(
            {%- for number in cluster_numbers() %}
            case when cluster_number <> {{ number }} then offset_{{ number }} - half_distance_{{ number }} end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ) as second_score,
        case cluster_number
            {%- for number in cluster_numbers() %}
            when {{ number }} then sqrt(2.0 * greatest(half_distance_{{ number }}, 0.0))
            {%- endfor %}
        end as cluster_distance,
        1.0 / nullif(
            {%- for number in cluster_numbers() %}
            {{ '+ ' if not loop.first }}coalesce(exp(offset_{{ number }} - half_distance_{{ number }} - best_score), 0.0)
            {%- endfor %}, 0.0
        ) as probability
    from placed
),

assigned as (
    select
        customer_id,
        cast(cluster_number as bigint) as cluster_number,
        cluster_distance,
        case when method_code = 'gaussian_mixture' then probability end as membership_probability,
        -- scores of k-means are half squared distances below zero
        case
            when method_code = 'k_means' then 1.0 - sqrt(best_score / nullif(second_score, 0.0))
            else probability * (1.0 - exp(second_score - best_score))
        end as assignment_margin
    from compared
)

select * from assigned
