-- Hypotheses about churn that speak of a cell whose outcome is withheld: of a value of what parts customers, or of those whose
-- measure is not known, which follow from those with a known one. Named as cells are (cut_name, cut_value).
with hypotheses as (
    select * from {{ ref('hypotheses') }}
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
