-- Every cut value with its interval and its comparison with the rest of the portfolio.
{%- set rest = ['churned_count', 'customers_count', 'rest_churned_count', 'rest_count'] %}

with standardised as (
    select
        *,
        portfolio_count - customers_count as rest_count,
        portfolio_churned_count - churned_count as rest_churned_count
    from {{ ref('int_churn_rates_standardised') }}
),

cuts as (
    select * from {{ ref('int_churn_cuts_listed') }}
),

tested as (
    select
        *,
        {{ two_proportion_z(*rest) }} as z_statistic
    from standardised
),

compared as (
    select
        cut_name,
        cut_value,
        customers_count,
        churned_count,
        cast(churned_count as double) / customers_count as churn_rate,
        {{ wilson_lower('churned_count', 'customers_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'customers_count') }} as churn_rate_ci_upper,
        {{ risk_ratio(*rest) }} as lift,
        {{ risk_ratio_bound(*rest, side=-1) }} as lift_ci_lower,
        {{ risk_ratio_bound(*rest, side=1) }} as lift_ci_upper,
        {{ normal_two_sided_p('z_statistic') }} as p_value,
        {{ cohens_h(*rest) }} as effect_size,
        standardised_churn_rate,
        customers_count < {{ number_var('small_cell_size') }} as is_small_cell
    from tested
),

corrected as (
    {{ benjamini_hochberg('compared', 'cut_name') }}
),

described as (
    select
        corrected.cut_name,
        corrected.cut_value,
        {{ churn_rate_columns() }},
        cuts.cut_count,
        cuts.age_band_set,
        coalesce(cuts.is_in_cube, false) as is_in_cube
    from corrected
    left join cuts on corrected.cut_name = cuts.cut_name
)

select * from described
