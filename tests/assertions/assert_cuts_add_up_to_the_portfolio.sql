-- The values of an exclusive cut, `unknown` among them, are the whole portfolio at risk, as is its row in the cube: no more, no
-- less.
with portfolio as (
    select
        count(*) as customers_count,
        count(*) filter (where is_churned) as churned_count
    from {{ ref('int_churn_observations') }}
    where is_rated and is_churned is not null
),

cuts as (
    select
        cut_name,
        sum(customers_count) as customers_count,
        case when max(cut_count) <= 1 then sum(churned_count) end as churned_count
    from {{ ref('churn_rates') }}
    group by cut_name
    union all
    select
        age_band_set as cut_name,
        sum(customers_count) as customers_count,
        sum(churned_count) as churned_count
    from {{ ref('churn_rates_by_age_band') }}
    group by age_band_set
)

select cuts.*
from cuts
cross join portfolio
where
    cuts.customers_count <> portfolio.customers_count
    or cuts.churned_count <> portfolio.churned_count
