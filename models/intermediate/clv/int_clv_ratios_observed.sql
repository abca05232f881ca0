-- What customers were worth over what was predicted, for intervals of the customers of a fold that had no part in it: a
-- policyholder's by the trees that did not learn from it, within the model that did not see the fold; a forecast's by all
-- customers of the other folds.
with profiled as (
    select * from {{ ref('int_clv_policies_profiled') }}
),

policies as (
    select * from {{ ref('int_clv_policies_predicted') }}
    where prediction_kind = 'out_of_bag'
),

back_tested as (
    select * from {{ ref('int_clv_customers_predicted') }}
    where prediction_basis = 'back_test'
),

folds as (
    {%- for fold in range(clv_fold_count()) %}
    select {{ fold }} as fold_number
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

ratios as (
    select
        'policies' as clv_family,
        policies.fold_number,
        profiled.value_cell,
        cast(profiled.observed_clv as double) / nullif(policies.predicted_value, 0) as value_ratio
    from policies
    inner join profiled on policies.customer_id = profiled.customer_id
    union all
    select
        back_tested.clv_family,
        folds.fold_number,
        back_tested.value_cell,
        back_tested.actual_value / nullif(back_tested.predicted_value, 0) as value_ratio
    from back_tested
    inner join folds on back_tested.fold_number <> folds.fold_number
),

known as (
    select * from ratios
    where value_ratio is not null
)

select * from known
