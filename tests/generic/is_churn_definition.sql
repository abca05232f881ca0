{#- Fails for a condition that cannot be judged as its row says: a cell that its kind does not read, a missing or impossible one, or
    one that is combined otherwise than the condition before it. -#}
{% test is_churn_definition(model) %}

with conditions as (
    select
        *,
        coalesce(combination, 'all') as combined_by,
        lag(coalesce(combination, 'all')) over (partition by churn_definition_code order by condition_number) as combined_before_by,
        lag(is_primary) over (partition by churn_definition_code order by condition_number) as was_primary,
        churn_kind in ('drawdown', 'product_attrition', 'lapse') as has_level
    from {{ model }}
)

select
    churn_definition_code,
    condition_number
from conditions
where
    combined_by <> combined_before_by
    or is_primary <> was_primary
    or (churn_kind = 'drawdown') <> (drawdown_of is not null)
    or window_days is not null and not (churn_kind = 'inactive' or coalesce(drawdown_of = 'spending', false))
    or (upper_bound is not null or former_share is not null) and not has_level
    or churn_kind = 'drawdown' and upper_bound is null and former_share is null
    or window_days < 1
    or former_share <= 0
    or former_share > 1
    or grace_days < 0

{% endtest %}
