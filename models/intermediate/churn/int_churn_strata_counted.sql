-- One row per cut, value, stratum and window that tests read, beside all customers of the stratum and of the cut. A stratum is
-- age x products x activity x gender less the cut's own dimensions.
{%- set stratum_parts = {
    'age_band': 'age_stratum', 'product_count': 'product_stratum', 'is_active': 'is_active', 'gender': 'gender'
} %}
{%- set dimensions = ['age_band'] + churn_dimensions().keys() | list %}

with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_tested and is_churned is not null
),

score_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'credit_score'
),

described as (
    select
        coalesce(observations.window_number, 1) as window_number,
        observations.age,
        observations.city,
        observations.gender,
        observations.product_count,
        observations.property_count,
        observations.is_active,
        observations.has_credit_card,
        observations.has_known_balance,
        {%- for name in own_feature_names(use='cube') %}
        observations.{{ name }},
        {%- endfor %}
        {{ band_of('observations.credit_score', 'score_bands') }} as credit_score_band,
        observations.is_churned
    from observations
    left join score_bands on {{ is_within('observations.credit_score', 'score_bands.lower_bound', 'score_bands.upper_bound') }}
),

-- counted once at the finest grain that any cut needs; the cuts add these cells up
cells as (
    select
        window_number,
        age,
        {%- for dimension, value in churn_dimensions().items() %}
        {{ value }} as {{ dimension }},
        {%- endfor %}
        case
            when product_count >= 3 then '3+'
            else coalesce(cast(product_count as {{ kind_type('text') }}), 'unknown')
        end as product_stratum,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from described
    group by all
),

cuts as (
    select * from {{ ref('int_churn_cuts_listed') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age'
),

ages as (
    select distinct age from cells
),

age_band_sets as (
    select age_band_set from cuts
    union
    select {{ sql_literal(var('standardisation_age_band_set')) }} as age_band_set
),

ages_banded as (
    select
        ages.age,
        age_band_sets.age_band_set,
        {{ band_of('ages.age', 'age_bands') }} as age_band
    from ages
    cross join age_band_sets
    left join age_bands
        on
            age_band_sets.age_band_set = age_bands.band_set
            and {{ is_within('ages.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
),

strata_cells as (
    select
        cells.*,
        ages_banded.age_band as age_stratum
    from cells
    inner join ages_banded
        on
            cells.age is not distinct from ages_banded.age
            and ages_banded.age_band_set = {{ sql_literal(var('standardisation_age_band_set')) }}
),

-- a dimension of which nothing is known makes no cut
known_dimensions as (
    select
        {%- for dimension in dimensions %}
        count(*) filter (
            where {{ {'age_band': 'age is not null', 'has_known_balance': "has_known_balance = 'yes'"}.get(
                dimension, dimension ~ " <> 'unknown'") }}
        ) > 0 as {{ dimension }}_is_known{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    where window_number = 1
),

known_cuts as (
    select cuts.*
    from cuts
    cross join known_dimensions
    where
        {%- for dimension in dimensions %}
        {{ 'and ' if not loop.first }}(
            known_dimensions.{{ dimension }}_is_known
            or '{{ dimension }}' not in (cuts.dimension_1, coalesce(cuts.dimension_2, ''), coalesce(cuts.dimension_3, ''))
        )
        {%- endfor %}
),

cells_cut as (
    select
        known_cuts.cut_name,
        known_cuts.cut_count > 1 as is_crossed,
        {%- for number in [1, 2, 3] %}
        case known_cuts.dimension_{{ number }}
            {%- for dimension in dimensions %}
            when '{{ dimension }}' then {{ 'ages_banded' if dimension == 'age_band' else 'cells' }}.{{ dimension }}
            {%- endfor %}
        end as value_{{ number }},
        {%- endfor %}
        {%- for dimension, part in stratum_parts.items() %}
        case
            when '{{ dimension }}' in (known_cuts.dimension_1, known_cuts.dimension_2, known_cuts.dimension_3) then null
            else cells.{{ part }}
        end as stratum_{{ loop.index }},
        {%- endfor %}
        cells.window_number,
        cells.customers_count,
        cells.churned_count
    from strata_cells as cells
    inner join ages_banded on cells.age is not distinct from ages_banded.age
    inner join known_cuts on ages_banded.age_band_set = known_cuts.age_band_set
),

exclusive_strata as (
    select
        cut_name,
        is_crossed,
        value_1,
        value_2,
        value_3,
        {{ concat_present(['value_1', 'value_2', 'value_3'], ' x ') }} as cut_value,
        {{ concat_present(['stratum_1', 'stratum_2', 'stratum_3', 'stratum_4'], ' x ') }} as stratum,
        window_number,
        cast(sum(customers_count) as bigint) as customers_count,
        cast(sum(churned_count) as bigint) as churned_count
    from cells_cut
    group by all
),

with_portfolio as (
    select
        *,
        cast(sum(customers_count) over (partition by cut_name, window_number, stratum) as bigint) as stratum_count,
        cast(sum(customers_count) over (partition by cut_name, window_number) as bigint) as portfolio_count,
        cast(sum(churned_count) over (partition by cut_name, window_number) as bigint) as portfolio_churned_count
    from exclusive_strata
)

select * from with_portfolio
