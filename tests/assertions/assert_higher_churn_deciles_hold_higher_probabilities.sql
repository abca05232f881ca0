-- On each basis the lowest probability of a decile is above the highest of any lower decile. Fails for deciles that run
-- upside down and for ntiles that split ties.
with deciles as (
    select
        churn_basis,
        churn_decile,
        min(churn_probability) as lowest,
        max(churn_probability) as highest
    from {{ ref('churn_scores') }}
    group by churn_basis, churn_decile
)

select
    higher.churn_basis,
    higher.churn_decile as higher_decile,
    lower.churn_decile as lower_decile
from deciles as higher
inner join deciles as lower
    on
        higher.churn_basis = lower.churn_basis
        and higher.churn_decile > lower.churn_decile
        and higher.lowest <= lower.highest
