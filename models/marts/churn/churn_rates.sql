-- The outcome of a small crossed cell is withheld; its size is shown, so that every cut adds up. The portfolio is a cut of no
-- dimension, with everybody in one row.
{%- set outcome_columns = churn_rate_columns().split(',') | map('trim') | list %}
{%- set dimensions = ['city', 'age_band', 'gender', 'product_count', 'is_active'] %}
{%- set numbers = ['product_count', 'property_count'] + own_feature_names(kinds=['number'], use='cube') %}
with cells as (
    select * from {{ ref('int_churn_rates_compared') }}
    where is_in_cube
),

-- counted apart from the cells, because an extract without any dimension has a portfolio too
portfolio as (
    select
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count,
        {{ churn_period_columns() | indent(8) }}
    from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
    group by {{ churn_period_columns() | indent(8) }}
),

compared as (
    select
        cut_count,
        cut_name,
        cut_value,
        {{ outcome_columns | join(',\n        ') }},
        cut_count > 1 and customers_count < {{ number_var('minimum_cell_size') }} as is_suppressed
    from cells
    union all
    select
        0 as cut_count,
        'portfolio' as cut_name,
        'all' as cut_value,
        customers_count,
        churned_count,
        cast(churned_count as double) / customers_count as churn_rate,
        {{ wilson_lower('churned_count', 'customers_count') }} as churn_rate_ci_lower,
        {{ wilson_upper('churned_count', 'customers_count') }} as churn_rate_ci_upper,
        {%- for column in ['lift', 'lift_ci_lower', 'lift_ci_upper', 'p_value', 'q_value', 'effect_size'] %}
        cast(null as double) as {{ column }},
        {%- endfor %}
        cast(churned_count as double) / customers_count as standardised_churn_rate,
        customers_count < {{ number_var('small_cell_size') }} as is_small_cell,
        {{ churn_period_columns() | indent(4) }},
        false as is_suppressed
    from portfolio
),

cuts as (
    select * from {{ ref('int_churn_cuts_listed') }}
),

cut_values as (
    select distinct
        cut_name,
        cut_value,
        value_1,
        value_2,
        value_3
    from {{ ref('int_churn_strata_counted') }}
),

-- of age those of the set that is in the cube; other columns have one set
bands as (
    select
        column_name || '_band' as dimension,
        band,
        band_number
    from {{ ref('int_bands_labelled') }}
    where column_name <> 'age' or band_set = {{ sql_literal(age_band_set()) }}
),

dimensioned as (
    select
        compared.*,
        {%- for dimension in dimensions %}
        case '{{ dimension }}'
            {%- for number in [1, 2, 3] %}
            when cuts.dimension_{{ number }} then cut_values.value_{{ number }}
            {%- endfor %}
        end as {{ dimension }}_value,
        {%- endfor %}
        cast(case
            when compared.cut_count <> 1 or cut_values.value_1 = 'unknown' then null
            when cuts.dimension_1 in ('{{ numbers | join("', '") }}') then cut_values.value_1
            else cast(bands.band_number as {{ kind_type('text') }})
        end as bigint) as cut_value_number
    from compared
    left join cuts on compared.cut_name = cuts.cut_name
    left join cut_values on compared.cut_name = cut_values.cut_name and compared.cut_value = cut_values.cut_value
    left join bands on cuts.dimension_1 = bands.dimension and cut_values.value_1 = bands.band
),

cube as (
    select
        cut_count,
        cut_name,
        cut_value,
        cut_value_number,
        city_value as city,
        age_band_value as age_band,
        cast(bands.band_number as bigint) as age_band_number,
        gender_value as gender,
        cast(nullif(product_count_value, 'unknown') as bigint) as product_count,
        case is_active_value when 'yes' then true when 'no' then false end as is_active,
        {%- for column in outcome_columns %}
        {% if column in ('customers_count', 'is_small_cell', 'churn_basis', 'observed_on', 'window_days') -%}
        {{ column }},
        {%- else -%}
        case when not is_suppressed then {{ column }} end as {{ column }},
        {%- endif %}
        {%- endfor %}
        is_suppressed,
        case when is_suppressed then 'fewer than {{ number_var('minimum_cell_size') }} customers' end as suppression_reason
    from dimensioned
    left join bands on bands.dimension = 'age_band' and dimensioned.age_band_value = bands.band
)

select * from cube
