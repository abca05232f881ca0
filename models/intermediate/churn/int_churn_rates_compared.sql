-- Every cut value with its counts, its interval, its comparison with the rest of the portfolio, and its directly standardised
-- rate: the value's stratum rates weighted by the portfolio's strata, weights renormalised over the strata that the value
-- has; null where these carry too little of the weight. All are of the latest window but p- and q-value, which are of all
-- windows that tests read.
{#- share of the portfolio's weight that a standardised rate needs -#}
{%- set minimum_coverage = 0.95 %}
{%- set rest = ['churned_count', 'customers_count', 'rest_churned_count', 'rest_count'] %}

{%- set columns = [
    'cut_name', 'cut_value', 'is_crossed', 'customers_count', 'churned_count',
    'stratum_count', 'portfolio_count', 'portfolio_churned_count',
] %}

with strata as (
    select {{ columns | join(', ') }} from {{ ref('int_churn_strata_counted') }}
    where window_number = 1
    union all
    select {{ columns | join(', ') }} from {{ ref('int_churn_product_strata_counted') }}
    where window_number = 1
),

tested as (
    select * from {{ ref('int_churn_cells_tested') }}
),

weighted as (
    select
        cut_name,
        cut_value,
        is_crossed,
        portfolio_count,
        portfolio_churned_count,
        cast(sum(customers_count) as bigint) as customers_count,
        cast(sum(churned_count) as bigint) as churned_count,
        sum(stratum_count) as covered_weight,
        {{ exact_sum('stratum_count * cast(churned_count as double) / customers_count') }} as weighted_rate
    from strata
    group by cut_name, cut_value, is_crossed, portfolio_count, portfolio_churned_count
),

standardised as (
    select
        *,
        portfolio_count - customers_count as rest_count,
        portfolio_churned_count - churned_count as rest_churned_count,
        case when covered_weight >= {{ minimum_coverage }} * portfolio_count then weighted_rate / covered_weight end
            as standardised_churn_rate
    from weighted
),

cuts as (
    select * from {{ ref('int_churn_cuts_listed') }}
),

rated_day as (
    select * from {{ ref('int_churn_days') }}
    where is_rated
),

compared as (
    select
        standardised.cut_name,
        standardised.cut_value,
        customers_count,
        churned_count,
        cast(churned_count as double) / customers_count as churn_rate,
        {{ wilson_lower('churned_count', 'customers_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'customers_count') }} as churn_rate_ci_upper,
        {{ risk_ratio(*rest) }} as lift,
        {{ risk_ratio_bound(*rest, side=-1) }} as lift_ci_lower,
        {{ risk_ratio_bound(*rest, side=1) }} as lift_ci_upper,
        tested.p_value,
        {{ cohens_h(*rest) }} as effect_size,
        standardised_churn_rate,
        customers_count < {{ number_var('small_cell_size') }} as is_small_cell,
        cuts.cut_count,
        cuts.age_band_set,
        coalesce(cuts.is_in_cube, false) as is_in_cube,
        case when standardised.is_crossed then 'crossed' else standardised.cut_name end as family_name
    from standardised
    left join tested on standardised.cut_name = tested.cut_name and standardised.cut_value = tested.cut_value
    left join cuts on standardised.cut_name = cuts.cut_name
),

-- the crossed cells of all cuts are one family, the values of another cut are one
corrected as (
    {{ benjamini_hochberg('compared', 'family_name') }}
),

described as (
    select
        corrected.cut_name,
        corrected.cut_value,
        {{ churn_rate_columns() }},
        corrected.cut_count,
        corrected.age_band_set,
        corrected.is_in_cube
    from corrected
    cross join rated_day
)

select * from described
