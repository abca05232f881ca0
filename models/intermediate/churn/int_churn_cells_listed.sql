-- Every cell of customers at risk whose outcome a mart shows, with the dimensions and values that define it: cells of equal
-- dimensions and values are one cell, and cells add up to those with fewer dimensions. Cuts and products are in the marts of
-- churn rates; levels of texts, and how many customers have a number, in portraits and hypotheses; halves of intervals in
-- churn_intervals; intervals of all in churn_distributions. The overlaps of bands of two age-band sets are in no mart, but follow from the sums of both sets.
{#- The cell that has the customers whose number is not known, where a cut has it too. -#}
{%- set unknown_cells = {
    'age': ['age_band', 'unknown'],
    'credit_score': ['credit_score_band', 'unknown'],
    'balance': ['has_known_balance', 'no'],
} %}
{%- set no_text = 'cast(null as ' ~ kind_type('text') ~ ')' %}

with observations as (
    select * from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

features as (
    select * from {{ ref('int_churn_features_listed') }}
    where is_studied
),

cuts as (
    select
        cut_name,
        case when is_in_cube then dimension_1 else cut_name end as dimension_1,
        dimension_2,
        dimension_3,
        cut_count = 1 and dimension_1 = 'age_band' as is_of_ages,
        age_band_set
    from {{ ref('int_churn_cuts_listed') }}
),

age_bands as (
    select * from {{ ref('int_bands_labelled') }}
    where column_name = 'age'
),

strata as (
    select * from {{ ref('int_churn_strata_counted') }}
    where window_number = 1
),

product_strata as (
    select * from {{ ref('int_churn_product_strata_counted') }}
    where window_number = 1
),

intervals as (
    select * from {{ ref('int_churn_intervals_counted') }}
    where window_number = 1
),

distributions as (
    select * from {{ ref('int_churn_distributions_counted') }}
),

cut_cells as (
    select
        cuts.cut_name,
        strata.cut_value,
        cuts.dimension_1,
        strata.value_1,
        cuts.dimension_2,
        strata.value_2,
        cuts.dimension_3,
        strata.value_3,
        sum(strata.customers_count) as customers_count,
        sum(strata.churned_count) as churned_count
    from strata
    inner join cuts on strata.cut_name = cuts.cut_name
    group by all
),

-- who holds no product has a number of products of 0
product_cells as (
    select
        cut_name,
        cut_value,
        case when cut_value = 'none' then 'product_count' else 'product_code' end as dimension_1,
        case when cut_value = 'none' then '0' else cut_value end as value_1,
        sum(customers_count) as customers_count,
        sum(churned_count) as churned_count
    from product_strata
    group by cut_name, cut_value
),

-- levels of texts and flags; of numbers, whether they are known
valued as (
    select
        features.feature_name,
        features.feature_kind = 'number' as is_number,
        case features.feature_name
            {%- for column, value in customer_feature_texts().items() %}
            when '{{ column }}' then {{ value }}
            {%- endfor %}
            {%- for column in customer_features()['numbers'] %}
            when '{{ column }}' then case when observations.{{ column }} is null then 'unknown' else 'known' end
            {%- endfor %}
        end as feature_value,
        observations.is_churned
    from observations
    cross join features
),

levels_counted as (
    select
        feature_name,
        is_number,
        coalesce(feature_value, 'unknown') as feature_value,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from valued
    group by all
),

level_cells as (
    select
        case when levels_counted.is_number then 'known ' || levels_counted.feature_name else levels_counted.feature_name end
            as cut_name,
        levels_counted.feature_value as cut_value,
        {%- for part in [0, 1] %}
        case
            {%- for feature, cell in unknown_cells.items() %}
            when levels_counted.feature_name = '{{ feature }}' and levels_counted.feature_value = 'unknown' then '{{ cell[part] }}'
            {%- endfor %}
            else levels_counted.{{ ['feature_name', 'feature_value'][part] }}
        end as {{ ['dimension_1', 'value_1'][part] }},
        {%- endfor %}
        levels_counted.customers_count,
        levels_counted.churned_count
    from levels_counted
    left join cuts on levels_counted.feature_name = cuts.cut_name and not levels_counted.is_number
    where cuts.cut_name is null
),

halves as (
    {%- for half in ['discovery', 'confirmation'] %}
    select
        feature_name,
        interval_kind,
        {{ interval_name() }} as interval_name,
        '{{ half }}' as half,
        {{ half }}_count as customers_count,
        {{ half }}_churned_count as churned_count
    from intervals
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

half_cells as (
    select
        'halves of ' || feature_name as cut_name,
        half || ': ' || interval_name as cut_value,
        {%- for part in [0, 1] %}
        case
            {%- for feature, cell in unknown_cells.items() %}
            when feature_name = '{{ feature }}' and interval_kind = 'missing' then '{{ cell[part] }}'
            {%- endfor %}
            {%- if part == 1 %}
            when interval_kind = 'missing' then 'unknown'
            {%- endif %}
            else {{ ['feature_name', 'interval_name'][part] }}
        end as {{ ['dimension_1', 'value_1'][part] }},
        {%- endfor %}
        half,
        customers_count,
        churned_count
    from halves
),

-- a zero and an unknown value are cells of other cuts, too; those of ages follow from the overlaps below
distribution_cells as (
    select
        'distribution of ' || feature_name as cut_name,
        cast(interval_number as {{ kind_type('text') }}) as cut_value,
        {%- for part in [0, 1] %}
        case
            when feature_name = 'age' and interval_kind = 'missing' then {{ ["'distribution of age'", "'unknown'"][part] }}
            {%- for feature, cell in unknown_cells.items() if feature != 'age' %}
            when feature_name = '{{ feature }}' and interval_kind = 'missing' then '{{ cell[part] }}'
            {%- endfor %}
            when interval_kind = 'missing' then {{ ['feature_name', "'unknown'"][part] }}
            when interval_kind = 'zero' then {{ ['feature_name', 'zero_name'][part] }}
            else {{ ["'distribution of ' || feature_name", 'cast(interval_number as ' ~ kind_type('text') ~ ')'][part] }}
        end as {{ ['dimension_1', 'value_1'][part] }},
        {%- endfor %}
        customers_count,
        churned_count
    from distributions
),

ages as (
    select
        age,
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from observations
    group by age
),

ages_banded as (
    select
        cuts.cut_name,
        {{ band_of('ages.age', 'age_bands') }} as age_band,
        ages.age,
        ages.customers_count,
        ages.churned_count
    from ages
    cross join cuts
    left join age_bands
        on
            cuts.age_band_set = age_bands.band_set
            and {{ is_within('ages.age', 'age_bands.lower_bound', 'age_bands.upper_bound') }}
    where cuts.is_of_ages
    union all
    select
        'distribution of age' as cut_name,
        case
            when distributions.interval_kind = 'missing' then 'unknown'
            else cast(distributions.interval_number as {{ kind_type('text') }})
        end as age_band,
        ages.age,
        ages.customers_count,
        ages.churned_count
    from ages
    inner join distributions
        on
            distributions.feature_name = 'age'
            and case distributions.interval_kind
                when 'missing' then ages.age is null
                when 'range'
                    then
                        ages.age is not null
                        and {{ is_within('ages.age', 'distributions.lower_bound', 'distributions.upper_bound') }}
                else false
            end
),

overlap_cells as (
    select
        one.cut_name || ' and ' || other.cut_name as cut_name,
        one.age_band || ' and ' || other.age_band as cut_value,
        one.cut_name as dimension_1,
        one.age_band as value_1,
        other.cut_name as dimension_2,
        other.age_band as value_2,
        sum(one.customers_count) as customers_count,
        sum(one.churned_count) as churned_count
    from ages_banded as one
    inner join ages_banded as other on one.age is not distinct from other.age and one.cut_name < other.cut_name
    group by all
),

half_totals as (
    select
        half,
        max(customers_count) as customers_count,
        max(churned_count) as churned_count
    from (
        select
            feature_name,
            half,
            sum(customers_count) as customers_count,
            sum(churned_count) as churned_count
        from halves
        group by feature_name, half
    ) as features_added
    group by half
),

united as (
    select
        *,
        true as is_published
    from cut_cells
    union all
    select
        cut_name, cut_value, dimension_1, value_1, dimension_2, value_2,
        {{ no_text }} as dimension_3, {{ no_text }} as value_3, customers_count, churned_count, false as is_published
    from overlap_cells
    union all
    {%- for cells in ['product_cells', 'distribution_cells', 'level_cells'] %}
    select
        cut_name, cut_value, dimension_1, value_1,
        {{ no_text }} as dimension_2, {{ no_text }} as value_2, {{ no_text }} as dimension_3, {{ no_text }} as value_3,
        customers_count, churned_count, true as is_published
    from {{ cells }}
    union all
    {%- endfor %}
    select
        cut_name, cut_value, dimension_1, value_1,
        'half' as dimension_2, half as value_2, {{ no_text }} as dimension_3, {{ no_text }} as value_3,
        customers_count, churned_count, true as is_published
    from half_cells
    union all
    select
        'half' as cut_name, half as cut_value, 'half' as dimension_1, half as value_1,
        {{ no_text }} as dimension_2, {{ no_text }} as value_2, {{ no_text }} as dimension_3, {{ no_text }} as value_3,
        customers_count, churned_count, true as is_published
    from half_totals
),

final as (
    select
        cut_name,
        cut_value,
        dimension_1,
        value_1,
        dimension_2,
        value_2,
        dimension_3,
        value_3,
        cast(customers_count as bigint) as customers_count,
        cast(churned_count as bigint) as churned_count,
        is_published
    from united
    where customers_count > 0
)

select * from final
