-- Hypotheses about churn that use a cell whose outcome is withheld: a compared value, or the customers whose measure is unknown,
-- which follow from those with a known one. Named like cells (cut_name, cut_value).
with hypotheses as (
    select * from {{ ref('int_hypotheses_registered') }}
),

withheld as (
    select * from {{ ref('int_churn_cells_withheld') }}
),

final as (
    select distinct
        hypotheses.hypothesis_code as cut_name,
        hypotheses.part as cut_value
    from hypotheses
    inner join withheld
        on
            (hypotheses.measure_column = 'is_churned' and hypotheses.group_column = withheld.cut_name)
            or (hypotheses.group_column = 'is_churned' and 'known ' || hypotheses.measure_column = withheld.cut_name)
)

select * from final
