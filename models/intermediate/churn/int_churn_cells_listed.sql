-- Every cell of customers at risk whose outcome some mart tells, with the dimensions and values that make it: cells of equal
-- dimensions and values are one cell, and cells add up to those with fewer dimensions. Cuts and products are in the marts of
-- churn rates; levels of texts, and how many customers have a number, in portraits and hypotheses; halves of intervals in
-- churn_intervals.
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
    select * from {{ ref('int_churn_cuts_listed') }}
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
        'product_code' as cut_name,
        product_code as cut_value,
        case when product_code = 'none' then 'product_count' else 'product_code' end as dimension_1,
        case when product_code = 'none' then '0' else product_code end as value_1,
        sum(customers_count) as customers_count,
        sum(churned_count) as churned_count
    from product_strata
    where product_code is not null
    group by product_code
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
        coalesce(value, interval_kind || ' ' || cast(interval_number as {{ kind_type('text') }})) as interval_name,
        value,
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
    select * from cut_cells
    union all
    select
        cut_name, cut_value, dimension_1, value_1,
        {{ no_text }} as dimension_2, {{ no_text }} as value_2, {{ no_text }} as dimension_3, {{ no_text }} as value_3,
        customers_count, churned_count
    from product_cells
    union all
    select
        cut_name, cut_value, dimension_1, value_1,
        {{ no_text }} as dimension_2, {{ no_text }} as value_2, {{ no_text }} as dimension_3, {{ no_text }} as value_3,
        customers_count, churned_count
    from level_cells
    union all
    select
        cut_name, cut_value, dimension_1, value_1,
        'half' as dimension_2, half as value_2, {{ no_text }} as dimension_3, {{ no_text }} as value_3,
        customers_count, churned_count
    from half_cells
    union all
    select
        'half' as cut_name, half as cut_value, 'half' as dimension_1, half as value_1,
        {{ no_text }} as dimension_2, {{ no_text }} as value_2, {{ no_text }} as dimension_3, {{ no_text }} as value_3,
        customers_count, churned_count
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
        cast(churned_count as bigint) as churned_count
    from united
    where customers_count > 0
)

select * from final
